"""From the bytes of one reading to a config that may be published."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from liveconfig.errors import InvalidConfigError
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import Candidate, all_located, load, located, merge
from liveconfig.reading.source import SourceFile
from liveconfig.schema.schema import Schema


class Server(msgspec.Struct, frozen=True):
    """A nested config for tests."""

    port: int = 80


class Site(msgspec.Struct, frozen=True):
    """A config for tests."""

    name: str
    servers: tuple[Server, ...] = ()
    labels: Mapping[str, int] = {}


_SCHEMA = Schema(Site)


def _files(*texts: str) -> list[SourceFile]:
    return [
        SourceFile(f"{number}.yaml", text.encode()) for number, text in enumerate(texts)
    ]


def _load(*texts: str) -> Candidate[Site]:
    return load(_files(*texts), _SCHEMA, Limits())


def _refusal(*texts: str) -> str:
    with pytest.raises(InvalidConfigError) as raised:
        _load(*texts)
    return str(raised.value)


def test_good_file_becomes_a_candidate() -> None:
    """The candidate holds the typed config, its digest and the bytes to publish."""
    candidate = _load("name: a\nservers: [{port: 8080}]\n")
    assert candidate.config == Site("a", (Server(8080),))
    assert _SCHEMA.unpack(candidate.payload) == (candidate.digest, candidate.config)
    assert _SCHEMA.unknown_keys(candidate.data) == ()


@pytest.mark.parametrize(
    ("text", "limits", "problem"),
    [
        (
            "name: a\nx: &x [1, 2, 3]\ny: [*x, *x]\n",
            Limits(nodes_max=30),
            "more than 30",
        ),
        (f"name: a\nx: &x {'y' * 40}\ny: *x\n", Limits(150), "more than 150 bytes of"),
        (
            "name: a\nx: " + "\U0001f600" * 30 + "\n",
            Limits(180),
            "more than 180 bytes of",
        ),
    ],
)
def test_limits_are_those_of_all_files_together(
    text: str, limits: Limits, problem: str
) -> None:
    """Two files that are good each by itself are refused together, known or not."""
    one, two = _files(text, text)
    for known in ({}, load([two], _SCHEMA, limits).documents):
        with pytest.raises(InvalidConfigError, match=problem):
            load([one, two], _SCHEMA, limits, known)


def test_later_files_win_key_by_key() -> None:
    """Mappings merge deeply; lists and single values are replaced."""
    candidate = _load(
        "name: a\nlabels: {x: 1, y: 1}\nservers: [{port: 1}]\n",
        "labels: {y: 2, z: 2}\nservers: []\n",
        "name: b\n",
    )
    assert candidate.config == Site("b", (), {"x": 1, "y": 2, "z": 2})


def test_merge_changes_neither_side() -> None:
    """What is merged stays as it was: aliases share parts of it."""
    base, over = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert merge(base, over) == {"a": {"b": 1, "c": 2}}
    assert (base, over) == ({"a": {"b": 1}}, {"a": {"c": 2}})


def test_layout_does_not_change_the_digest() -> None:
    """Order, comments, quotes, spelled-out defaults and the number of files do not."""
    digests = {
        _load(*texts).digest
        for texts in (
            ["name: a\nlabels: {x: 1, y: 2}\n"],
            ["# note\nlabels:\n  y: 2\n  x: 1\nservers: []\nname: 'a'\n"],
            ["labels: {y: 2}\n", "name: a\nlabels: {x: 1}\n"],
        )
    }
    assert len(digests) == 1


def test_schema_error_names_the_line_of_the_key() -> None:
    """A value of the wrong kind is told by file, line, column and key path."""
    refusal = _refusal("name: a\nservers:\n- port: 1\n- port: x\n")
    assert refusal.startswith("0.yaml:4:3: servers[1].port: expected a whole number")


def test_schema_error_names_the_file_that_decided() -> None:
    """Of several files, the error names the one whose value was taken."""
    assert _refusal("name: a\n", "labels: {x: y}\n", "name: b\n").startswith(
        "1.yaml:1:10: labels.x: "
    )
    assert _refusal("name: 1\n", "# later\nname: 2\n").startswith("1.yaml:2:1: name: ")


def test_missing_key_is_told_where_it_should_be() -> None:
    """A required key that no file has is looked for in the last one."""
    assert _refusal("labels: {}\n", "servers: []\n") == (
        "1.yaml:1:1: name: this required key is missing"
    )


def test_document_error_names_the_file() -> None:
    """What is wrong with one file of several is told with that file's name."""
    assert _refusal("name: a\n", "name: [\n").startswith("1.yaml:1:7: ")


def test_unknown_keys_are_accepted_and_named() -> None:
    """Keys that the schema does not name are found in the candidate, at any depth."""
    candidate = _load("name: a\nnmae: b\n", "servers: [{prot: 1}]\n")
    assert candidate.config == Site("a", (Server(),))
    unknown_keys = _SCHEMA.unknown_keys(candidate.data)
    assert set(unknown_keys) == {("nmae",), ("servers", 0, "prot")}


def test_keys_of_several_files_are_located_in_their_order() -> None:
    """Each is placed in the file that decided, and the order stays."""
    files = (
        SourceFile("a.yaml", b"x: 1\ny: {z: 1}\n"),
        SourceFile("b.yaml", b"y: 2\n"),
    )
    ways = [("x",), ("y",), ("y", "z"), ("x",)]
    places = [(e.path, e.line) for e in all_located(ways, "why", files)]
    assert places == [("a.yaml", 1), ("b.yaml", 1), ("a.yaml", 2), ("a.yaml", 1)]


def test_located_finds_an_unknown_key() -> None:
    """The place of any key of the merged document can be had afterwards."""
    files = _files("name: a\n", "x:\n  y: 1\n")
    error = located(("x", "y"), "why", files)
    assert str(error) == "1.yaml:2:3: x.y: why"


@pytest.mark.parametrize("nothing", ["", "# name: b\n", "---\n", "~\n"])
def test_layer_without_keys_adds_nothing(nothing: str) -> None:
    """A layer that is all commented out is one like any other."""
    for texts in ((nothing, "name: a"), ("name: a", nothing), ("{}", "name: a")):
        assert _load(*texts).config == Site("a")
    assert load(_files(nothing, "{}"), Schema.load(""), Limits()).config == {}
    json = [SourceFile("d/a.json", b" "), SourceFile("d/b.yaml", b"name: a")]
    assert load(json, _SCHEMA, Limits()).config == Site("a")


def test_config_of_nothing_is_refused() -> None:
    """Only an empty whole is wrong: it is not taken for defaults."""
    assert _refusal("# a") == (
        "0.yaml: the file is empty: write at least one key and its value"
    )
    files = [SourceFile("d/a.yaml", b""), SourceFile("d/b.json", b"\n")]
    with pytest.raises(InvalidConfigError, match=r"^d: all files are empty: write"):
        load(files, _SCHEMA, Limits())


def test_layer_that_is_written_is_named_for_what_is_missing() -> None:
    """Not one in which nothing stands."""
    assert _refusal("labels: {a: 1}", "# name: b").startswith("0.yaml:1:1: name: ")


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("name: a\nlabels:\n  b:\u00a01\n", "3:5", "expected a mapping, found text"),
        ("\u200bname: a\nlabels: {}\n", "1:1", "name: this required key is missing"),
        (
            "name: a\nservers:\n-\u00a0port: 1\n",
            "3:2",
            "expected a list, found",
        ),
        ("\ufeffname: a\nlabels:\n  b:\u00a01\n", "3:5", "expected a mapping, found"),
    ],
)
def test_blank_that_nobody_sees_is_named(text: str, place: str, problem: str) -> None:
    """What looks right but is none is where the cause of a refusal stands."""
    refusal = _refusal(text)
    assert refusal.startswith(f"0.yaml:{place}: ")
    assert problem in refusal
    assert "a blank of another kind (U+" in refusal


def test_odd_blank_elsewhere_is_no_cause() -> None:
    """A text may hold what it likes, and so may another key."""
    assert "another kind" not in _refusal("name: 1\nlabels:\n  a\u00a0: 1\n")
    assert "another kind" not in _refusal("name: [1]  # 10\u00a0a:\u00a0b\n")


def test_date_is_refused_where_none_is_asked_for() -> None:
    """What YAML takes for a date is refused with what to do."""
    assert "put it in quotes" in _refusal("name: 2026-11-23\n")
