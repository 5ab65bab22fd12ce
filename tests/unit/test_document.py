"""Strict YAML and JSON: what is accepted, what is refused, and where."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from liveconfig.errors import InvalidConfigError
from liveconfig.reading import yaml_text
from liveconfig.reading.document import Limits, locate, locate_all, parse

_LIMITS = Limits()


@pytest.fixture(params=["C", "Python"], autouse=True)
def yaml_parser(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every claim holds for libyaml's parser and for PyYAML's own."""
    if request.param == "Python":
        monkeypatch.setattr(yaml_text, "_YamlParser", yaml_text.PureParser)


def _parse(text: str, path: str = "c.yaml", limits: Limits = _LIMITS) -> dict[str, Any]:
    found = parse(text.encode(), path, limits)
    assert found is not None
    return found


def _refusal(
    content: str | bytes, path: str = "c.yaml", limits: Limits = _LIMITS
) -> InvalidConfigError:
    if isinstance(content, str):
        content = content.encode()
    with pytest.raises(InvalidConfigError) as raised:
        parse(content, path, limits)
    return raised.value


def _place(error: InvalidConfigError) -> tuple[int, int, str]:
    return error.line, error.column, error.key


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Hello", "Hello"),
        ("'12'", "12"),
        ('"a\\tb\\u00e9"', "a\tb\u00e9"),
        ("12", 12),
        ("0x1F", 31),
        ("010", 8),
        ("1_000", 1000),
        ("-1.5", -1.5),
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("", None),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float 1", 1.0),
        ("!!null ''", None),
        ("2026-11-23", datetime.date(2026, 11, 23)),
        ("2026-11-23T10:00:00", datetime.datetime(2026, 11, 23, 10)),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("[1, [2, x]]", [1, [2, "x"]]),
        ("{a: {b: c}}", {"a": {"b": "c"}}),
        ("!!map {}", {}),
        ("!!seq []", []),
        ("<<", "<<"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("1e5", "1e5"),
        ("https://x/#y", "https://x/#y"),
    ],
)
def test_scalar_means_what_yaml_1_1_says(text: str, value: Any) -> None:
    """Values have the types that PyYAML's safe loader gives them."""
    assert _parse(f"key: {text}") == {"key": value}


def test_byte_order_mark_and_line_endings_are_accepted() -> None:
    """A file from Windows reads as any other."""
    assert parse(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "c.yaml", _LIMITS) == {"a": 1, "b": 2}
    assert parse(b'\xef\xbb\xbf{"a": 1}\r\n', "c.json", _LIMITS) == {"a": 1}
    assert _parse("a: x\ufeff\n") == {"a": "x\ufeff"}


def test_one_document_may_be_marked() -> None:
    """The marks around a single document change nothing."""
    assert _parse("%YAML 1.1\n---\na: 1\n...\n") == {"a": 1}


def test_aliases_stand_for_what_they_name() -> None:
    """An alias may stand for a scalar, a list or a mapping, and for a key."""
    text = "a: &one x\nb: *one\nc: &two [1]\nd: *two\n? *one\n: 5\n"
    assert _parse(text) == {"a": "x", "b": "x", "c": [1], "d": [1], "x": 5}


def test_anchor_may_be_given_again() -> None:
    """An alias stands for the anchor that came last before it."""
    assert _parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {
        "a": 1,
        "b": 1,
        "c": 2,
        "d": 2,
    }


def test_merge_keys_merge_as_in_pyyaml() -> None:
    """Own keys win over merged ones, and earlier mappings over later ones."""
    text = (
        "one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\n"
        "both: {b: 3, <<: [*one, *two]}\nfirst: {<<: *two, a: 9}\n"
        "again: &again {<<: *one}\nuse: *again\n"
    )
    assert _parse(text) == yaml.safe_load(text)
    assert _parse(text)["both"] == {"a": 1, "b": 3, "c": 2}


@pytest.mark.parametrize(
    ("text", "line", "column", "key", "problem"),
    [
        ("a: [1\n", 1, 4, "a[1]", "not valid YAML: "),
        ("a: 1\n b: 2\n", 2, 2, "", "not valid YAML: "),
        ("a: 1\nb\n", 2, 1, "", "not valid YAML: "),
        ("a:\n\t- b\n", 2, 1, "a", "not valid YAML: "),
        ("a: @x\n", 1, 4, "a", "not valid YAML: "),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "a", "this key is here twice"),
        ("x:\n- y: {z: 1, z: 2}\n", 2, 13, "x[0].y.z", "this key is here twice"),
        ("a: {<<: {b: 1}, <<: {c: 1}}\n", 1, 17, "a", "<< stands here twice"),
        ("a: !thing 1\n", 1, 4, "a", "a tag"),
        ("a: !!python/name:os.system x\n", 1, 4, "a", "a tag"),
        ("a: !!binary aGk=\n", 1, 4, "a", "a tag"),
        ("a: !!set {b}\n", 1, 4, "a", "a tag"),
        ("a: !!map [1]\n", 1, 4, "a", "a tag"),
        ("a: ! 12\n", 1, 4, "a", "a tag"),
        ("a: =\n", 1, 4, "a", "a special word"),
        ("a: 1\n---\nb: 2\n", 2, 1, "", "a second document begins here"),
        ("a: 1\n---\n", 2, 1, "", "nothing follows this ---"),
        ("- a\n- b\n", 1, 1, "", "expected keys with values at the top"),
        ("just text\n", 1, 1, "", "expected keys with values at the top"),
        ("1: a\n", 1, 1, "", "a key is a number"),
        ("a:\n  on: b\n", 2, 3, "a", "a key is true or false"),
        ("2026-11-23: a\n", 1, 1, "", "a key is a date"),
        ("~: a\n", 1, 1, "", "a key is nothing"),
        ("? [a, b]\n: c\n", 1, 3, "", "a key is a list"),
        ("? {a: b}\n: c\n", 1, 3, "", "a key is a mapping"),
        ("a: &x [1]\n? *x\n: c\n", 2, 3, "", "a key is a list"),
        ("a: &x [b, *x]\n", 1, 11, "a[1]", "this alias stands inside what it names"),
        ("a: &x {b: {c: *x}}\n", 1, 15, "a.b.c", "this alias stands inside"),
        ("a: *nothing\n", 1, 4, "a", "this alias names no anchor"),
        ("a: {<<: 1}\n", 1, 9, "a", "<< takes a mapping"),
        ("a: {<<: [{b: 1}, 2]}\n", 1, 9, "a", "<< takes a mapping"),
        ("a: .nan\n", 1, 4, "a", "not a finite number"),
        ("a: [1, -.inf]\n", 1, 8, "a[1]", "not a finite number"),
        (f"a: {'9' * 300}.0e+300\n", 1, 4, "a", "not a finite number"),
        ("a: 18446744073709551616\n", 1, 4, "a", "more than 64 bits"),
        ("a: -9223372036854775809\n", 1, 4, "a", "more than 64 bits"),
        (f"a: {'1' * 1_000_000}\n", 1, 4, "a", "more than 64 bits"),
        (f"a: {'1:' * 100}1\n", 1, 4, "a", "more than 64 bits"),
        ("a: 2026-13-40\n", 1, 4, "a", "this is not a date"),
        ("a: !!int x\n", 1, 4, "a", "this is not a whole number"),
        ("a: !!int ''\n", 1, 4, "a", "this is not a whole number"),
        ("a: !!bool x\n", 1, 4, "a", "this is not true or false"),
        ("a: !!timestamp x\n", 1, 4, "a", "this is not a date"),
        ("a: 1\n\ufeffb: 2\n", 2, 1, "", "a byte order mark stands inside"),
        ("\ufeff\ufeffa: 1\n", 1, 1, "", "a byte order mark stands inside"),
        ('a: "\\UFFFFFFFF"\n', 1, None, "a", "not valid YAML: "),
        ('a: "\\U00110000"\n', 1, None, "a", "not valid YAML: "),
        (f"%YAML 1.{'1' * 5000}\n---\na: 1\n", 1, None, "", "not valid YAML: "),
        ("a: b\x00c\n", 1, 5, "", "a control character"),
        ("a: 1\nb: \x1b[0m\n", 2, 4, "", "a control character"),
    ],
)
def test_invalid_yaml_is_refused_at_its_place(
    text: str, line: int, column: int | None, key: str, problem: str
) -> None:
    """Each refusal names line, column, key path and problem."""
    error = _refusal(text)
    # Inside a long word the two parsers point at different characters.
    assert _place(error) == (line, column or error.column, key), str(error)
    assert problem in error.problem


@pytest.mark.parametrize("text", ["", "   \n", "# only a comment\n", "---\n", "~\n"])
def test_file_without_a_key_holds_nothing(text: str) -> None:
    """It is told from an empty mapping, which somebody wrote."""
    assert parse(text.encode(), "c.yaml", _LIMITS) is None
    assert parse(b" \n", "c.json", _LIMITS) is None
    assert _parse("{}") == _parse("{}", "c.json") == {}


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"a: \xff\n", 1, 4),
        ("a: 1\nb: \u00e9".encode() + b"\xc3", 2, 5),
        ("a: 1\n".encode("utf-16"), 1, 1),
        (b"a: \xed\xa0\x80\n", 1, 4),
    ],
)
def test_other_encodings_are_refused(content: bytes, line: int, column: int) -> None:
    """Bytes that are not UTF-8 are refused where they begin."""
    error = _refusal(content)
    assert _place(error) == (line, column, "")
    assert "not UTF-8" in error.problem


def test_lone_surrogate_is_refused() -> None:
    """Half a character, which no later encoding could write, is refused."""
    assert _refusal('a: "\\ud800"\n').line == 1
    error = _refusal('{"a": "\\ud800"}', "c.json")
    assert _place(error) == (1, 7, "a")
    assert "surrogate" in error.problem


def test_long_text_that_is_named_often_is_refused() -> None:
    """Text counts again at each alias, not only nodes."""
    text = f"a: &a {'x' * 10_000}\nb: [{', '.join(['*a'] * 1000)}]\n"
    error = _refusal(text)
    assert "4194304 bytes of text" in error.problem
    assert error.key == "b[418]"


def test_merged_bomb_is_refused() -> None:
    """Merge keys count like the aliases that they are."""
    text = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(100)) + "}\n"
    text += "b:\n" + "- <<: *a\n" * 100
    assert _parse(text)["b"][99]["k99"] == 1
    assert "keys and values" in str(_refusal(text, limits=Limits(nodes_max=10_000)))


def test_depth_is_limited() -> None:
    """64 levels are read, 65 are refused, by nesting or by alias."""
    assert _parse("a: " + "[" * 63 + "]" * 63)
    assert "deeper than 64" in str(_refusal("a: " + "[" * 64 + "]" * 64))
    half = "a: &a " + "[" * 32 + "]" * 32 + "\nb: "
    assert _parse(half + "[" * 31 + "*a" + "]" * 31)
    assert "deeper than 64" in str(_refusal(half + "[" * 32 + "*a" + "]" * 32))


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_ends_early(opening: str) -> None:
    """A file of nothing but openings is refused before it is read to its end."""
    error = _refusal("a:\n  " + opening * 500_000)
    assert error.line == 2
    assert error.column < 1000


def test_nodes_are_limited() -> None:
    """More keys and values than the limit are refused where they begin."""
    limits = Limits(nodes_max=10)
    assert (
        len(_parse("[]" if False else "a: [1, 2, 3, 4, 5, 6, 7]", limits=limits)) == 1
    )
    error = _refusal("a: [1, 2, 3, 4, 5, 6, 7, 8]", limits=limits)
    assert _place(error) == (1, 26, "a[7]")


def test_size_is_limited() -> None:
    """A file over the limit is refused unread, with both numbers."""
    limits = Limits(bytes_max=10)
    assert _parse("a: 1234567", limits=limits)
    assert str(_refusal("a: 12345678", limits=limits)) == (
        "c.yaml: the file has 11 bytes, the limit is 10: make it smaller or raise "
        "LIVECONFIG_PAYLOAD_BYTES_MAX"
    )


@pytest.mark.parametrize(
    "text",
    [
        "password: !S3cr3t!x\n",
        "password: *S3cr3t\n",
        "password: @S3cr3t\n",
        "password: %S3cr3t\n",
        'password: "S3cr3t\\z"\n',
        'password: "S3cr3t\n',
        "password: S3cr3t: x\n",
        "password: !!int S3cr3t\n",
        "password: [S3cr3t\n",
        "password: {a: S3cr3t, a: S3cr3t\n",
        "password: | S3cr3t\n",
    ],
)
def test_refusal_shows_no_value(text: str) -> None:
    """A password that somebody forgot to quote does not reach the log."""
    assert "S3cr3t" not in str(_refusal(text))


def test_json_is_read() -> None:
    """A .json file is JSON: exact, with numbers that YAML 1.1 takes for text."""
    text = '{"a": [1, 1e5, -0.5, "\\u00e9\\ud83d\\ude00\\/"],\t"b": {"on": null}}'
    assert _parse(text, "c.json") == json.loads(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "key", "problem"),
    [
        ('{"a": 1 "b": 2}', 1, 9, "", "not valid JSON: "),
        ('{"a": 1,}', 1, None, "", "not valid JSON: "),
        ("{'a': 1}", 1, 2, "", "not valid JSON: "),
        ('{"a": 1} {"b": 2}', 1, 10, "", "not valid JSON: Extra data"),
        ('{"a":\n 01}', 2, 3, "", "not valid JSON: "),
        ('{"a": "x\ny"}', 1, 9, "", "not valid JSON: "),
        ('{"a": 1,\n "a": 2}', 2, 2, "a", "this key is here twice"),
        ('{"a": [NaN]}', 1, 8, "a[0]", "not a finite number"),
        ('{"a": -Infinity}', 1, 7, "a", "not a finite number"),
        ('{"a": 1e999}', 1, 7, "a", "not a finite number"),
        ('{"a": 18446744073709551616}', 1, 7, "a", "more than 64 bits"),
        (f'{{"a": {"1" * 5000}}}', 1, 7, "a", "more than 64 bits"),
        ("[1]", 1, 1, "", "expected keys with values at the top"),
        ("a: 1", 1, 1, "", "not valid JSON: "),
        ("[" * 100_000, 1, 65, "", "deeper than 64"),
        ('{"a":' + "[" * 64 + "]" * 64 + "}", 1, 69, "", "deeper than 64"),
    ],
)
def test_invalid_json_is_refused_at_its_place(
    text: str, line: int, column: int | None, key: str, problem: str
) -> None:
    """Each refusal names line, column and problem, and the key where one is begun."""
    error = _refusal(text, "c.json")
    # Python 3.13 points at the comma, others at what follows it.
    assert (error.line, error.column) == (line, column or error.column), str(error)
    assert error.key.startswith(key)
    assert problem in error.problem


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ((), (1, 1)),
        (("a",), (1, 1)),
        (("b",), (2, 1)),
        (("b", "c"), (3, 3)),
        (("b", "c", 1), (3, 10)),
        (("b", "c", 1, "d"), (3, 11)),
        (("b", "c", 1, "missing"), (3, 10)),
        (("b", "missing", "deeper"), (2, 1)),
        (("b", "c", 7), (3, 3)),
        (("missing",), (1, 1)),
    ],
)
def test_locate_finds_the_key_or_what_it_is_missing_from(
    keys: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    """The place is that of the key, or of the deepest part of the path there is."""
    content = b"a: 1\nb:\n  c: [1, {d: 2}]\n"
    assert locate(content, "c.yaml", keys) == place
    assert parse(content, "c.yaml", _LIMITS)["b"]["c"][1] == {"d": 2}


def test_locating_all_is_locating_each() -> None:
    """Several ways are found in one reading, whatever they have in common."""
    content = b"a: &a {x: 1, y: [1, {z: 2}]}\nb: *a\nc: {<<: *a, d: 3}\n'0': 4\n"
    ways: list[tuple[str | int, ...]] = [
        *((), ("a",), ("a", "y"), ("a", "y", 1, "z"), ("a", "y", 0), ("a", "y", "0")),
        *(("b", "x"), ("c", "d"), ("c", "x"), ("0",), (0,), ("no", "way"), ("a",)),
    ]
    places = locate_all(content, "c.yaml", ways)
    assert places == [locate(content, "c.yaml", keys) for keys in ways]
    assert places[:5] == [(1, 1), (1, 1), (1, 14), (1, 22), (1, 18)]
    assert places[6:9] == [(2, 1), (3, 13), (3, 1)]
    assert locate_all(b"", "c.json", [("a",), ()]) == [(0, 0), (0, 0)]


def test_locate_works_in_json_and_in_later_documents() -> None:
    """Places in JSON, and in any document of a stream, are found in the same way."""
    assert locate(b'{"a":\n {"b": [1,\n 2]}}', "c.json", ("a", "b", 1)) == (3, 2)
    assert locate(b"", "c.json", ("a",)) == (0, 0)


_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc",))),
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(st.text("abc .-", max_size=5), below, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=60)
@given(st.dictionaries(st.text("abc:#", min_size=1), _plain, min_size=1, max_size=5))
def test_whatever_is_written_is_read(data: dict[str, Any]) -> None:
    """What PyYAML or json wrote comes back as it was."""
    text = yaml.safe_dump(data, allow_unicode=True)
    assert _parse(text) == data
    assert _parse(json.dumps(data), "c.json") == data


@settings(max_examples=150)
@given(
    st.binary(max_size=200) | st.text("ab:-[]{}&*!|>'\"#%@,?\n \t0.<=~", max_size=60)
)
def test_arbitrary_input_is_read_or_refused(content: bytes | str) -> None:
    """Any bytes end in a mapping or in an InvalidConfigError, and in nothing else."""
    raw = content.encode() if isinstance(content, str) else content
    for path in ("c.yaml", "c.json"):
        try:
            assert isinstance(parse(raw, path, _LIMITS), dict | None)
        except InvalidConfigError:
            continue


@settings(max_examples=150)
@given(st.text("ab:-[]{}&*|>'\"#,?\n <1~", max_size=40))
def test_what_is_accepted_means_what_pyyaml_says(text: str) -> None:
    """Whatever is not refused has the value that PyYAML's safe loader gives it."""
    try:
        data = parse(text.encode(), "c.yaml", _LIMITS)
    except InvalidConfigError:
        return
    assert data == yaml.safe_load(text)
