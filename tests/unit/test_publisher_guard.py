"""The publisher refuses a change that goes further than the operator allows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liveconfig.memory.history import History
from liveconfig.schema.schema import Schema, Secret
from tests.support.desk import Desk, Greeting

_LIMITS = {"growth_max": 2.0, "removed_max": 25.0, "blanked_max": 0}


class Shop(msgspec.Struct, frozen=True):
    """A config that code requires a key of, with a secret."""

    message: str
    key: Secret = Secret("")
    labels: Mapping[str, int] = {}
    limit: int = 10


class LaterShop(msgspec.Struct, frozen=True):
    """The same, as a reload may find it."""

    message: str
    labels: Mapping[str, int] = {}
    regions: tuple[str, ...] = tuple(f"region {number}" for number in range(100))


@pytest.fixture
def guarded(desk: Desk) -> Desk:
    """A desk whose publishers have every guard."""
    desk.settings = replace(desk.settings, **_LIMITS)
    return desk


def _labels(count: int) -> str:
    return "".join(["message: one\nlabels:\n", *(f"  k{n}: 1\n" for n in range(count))])


def _error(desk: Desk) -> Any:
    rejected = desk.told().rejected
    return rejected and str(rejected.error.as_exception())


def test_change_that_goes_too_far_is_a_rejection_like_any_other(
    guarded: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """One line of the log, the status and the history name the key and the figures."""
    caplog.set_level(logging.INFO, logger="liveconfig.publisher")
    publisher = guarded.publisher()
    guarded.path.write_text(_labels(10))
    publisher.refresh()
    guarded.path.write_text(_labels(30))
    publisher.refresh()
    publisher.refresh()
    assert guarded.published() == Greeting("one", {f"k{n}": 1 for n in range(10)})
    told = guarded.told()
    assert (told.version, told.reloads.rejected) == (1, 1)
    assert told.rejected is not None
    assert (told.rejected.error.line, told.rejected.error.key) == (2, "labels")
    assert [each for each in told.rejected.excerpt if "labels" in each.text]
    sentence = _error(guarded)
    assert "the config has 65 keys and values, version 1 has 25, " in sentence
    assert "LIVECONFIG_GROWTH_MAX lets 2 times as many through" in sentence
    assert caplog.messages[2:] == [f"rejected, version 1 stays: {sentence}"]
    entries = History.read(guarded.history).entries
    assert [entry.kind for entry in entries] == ["published", "rejected"]
    guarded.path.write_text(_labels(20))
    publisher.refresh()
    guarded.path.write_text(_labels(30))
    publisher.refresh()
    assert (guarded.told().version, _error(guarded)) == (3, None)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("message: one\n", ":1:1: labels: 11 of the 12 keys and list items of version"),
        (_labels(8), None),
        (_labels(7), None),
        (_labels(6), ":2:1: labels: 4 of the 12 keys and list items of version 1 are"),
        (_labels(10).replace("one", '""'), None),
        (_labels(10).replace("one", "x" * 200), "message: the config has 259 bytes, "),
    ],
)
def test_guards_judge_what_is_live(guarded: Desk, text: str, error: str | None) -> None:
    """Each guard is asked; a key that has a default may become blank."""
    publisher = guarded.publisher()
    guarded.path.write_text(_labels(10))
    publisher.refresh()
    guarded.path.write_text(text)
    publisher.refresh()
    found = _error(guarded)
    assert found is None if error is None else error in found


def test_required_key_may_not_become_blank(guarded: Desk) -> None:
    """A key without a default that held something is refused where it is blank."""
    publisher = guarded.publisher(Shop)
    guarded.path.write_text("message: one\n")
    publisher.refresh()
    guarded.path.write_text("limit: 10\nmessage: ''\n")
    publisher.refresh()
    assert _error(guarded).startswith(
        f"{guarded.path}:2:1: message: this is blank and was not in version 1, "
    )
    assert "LIVECONFIG_BLANKED_MAX lets 0 through" in _error(guarded)


def test_default_that_is_written_is_not_gone(guarded: Desk) -> None:
    """A key that is set to its default is there, one that is left out is not."""
    publisher = guarded.publisher(Shop)
    guarded.path.write_text("message: one\nlimit: 20\n")
    publisher.refresh()
    guarded.path.write_text("message: one\nlimit: 10\n")
    publisher.refresh()
    assert (guarded.told().version, _error(guarded)) == (2, None)
    guarded.path.write_text("message: two\nlimit: 20\n")
    publisher.refresh()
    guarded.path.write_text("message: two\n")
    publisher.refresh()
    assert " limit: 1 of the 2 keys and list items of version 3 " in _error(guarded)


def test_guards_are_off_where_they_are_unset(desk: Desk) -> None:
    """Without a limit any valid change is published."""
    publisher = desk.publisher(Shop)
    for text in (_labels(10), _labels(300), "message: ''\n"):
        desk.path.write_text(text)
        publisher.refresh()
    assert (desk.told().version, desk.told().rejected) == (3, None)


def test_first_config_is_compared_with_nothing(guarded: Desk) -> None:
    """There is no version before the first, and defaults are none."""
    publisher = guarded.publisher()
    publisher.refresh()
    publisher.fall_back("defaults")
    assert guarded.told().origin == "defaults"
    guarded.path.write_text(_labels(100))
    publisher.refresh()
    assert (guarded.told().version, _error(guarded)) == (2, None)


@pytest.mark.parametrize("is_dead", [False, True])
def test_cached_config_is_the_one_before_the_first(
    guarded: Desk, tmp_path: Path, is_dead: bool
) -> None:
    """A start does not serve what was refused before it, if the cache holds better."""
    settings = replace(guarded.settings, cache_dir=str(tmp_path / "cache"))
    guarded.settings = settings
    guarded.cache().store(Schema(Greeting).pack(Greeting("one", {"a": 1})).payload)
    guarded.path.write_text(_labels(30))
    publisher = guarded.publisher()
    publisher.refresh()
    assert "the last good config on disk has" in _error(guarded)
    publisher.fall_back("fail")
    assert guarded.published() == Greeting("one", {"a": 1})
    if is_dead:
        publisher = guarded.publisher()
        publisher.refresh()
        assert "version 1 has" in _error(guarded)
    guarded.path.write_text("message: one\nlabels: {a: 2, b: 1}\n")
    publisher.refresh()
    assert (guarded.told().version, _error(guarded)) == (2, None)


def test_cached_config_of_another_class_is_none_before(
    guarded: Desk, tmp_path: Path
) -> None:
    """What is on disk and does not fit refuses nothing."""
    guarded.settings = replace(guarded.settings, cache_dir=str(tmp_path / "cache"))
    guarded.cache().store(Schema.load("").pack({"labels": 1}).payload)
    guarded.path.write_text(_labels(30))
    guarded.publisher().refresh()
    assert (guarded.told().version, _error(guarded)) == (1, None)


def test_what_was_live_may_come_back(guarded: Desk) -> None:
    """To take a change back is never refused, by a successor as little."""
    publisher = guarded.publisher()
    for text in (_labels(20), _labels(15)):
        guarded.path.write_text(text)
        publisher.refresh()
    guarded.settings = replace(guarded.settings, growth_max=1.1)
    publisher = guarded.publisher()
    guarded.path.write_text(_labels(21))
    publisher.refresh()
    assert "labels" in _error(guarded)
    guarded.path.write_text(_labels(20))
    publisher.refresh()
    assert (guarded.told().version, _error(guarded)) == (3, None)


def test_reload_with_another_class_compares_what_both_know(guarded: Desk) -> None:
    """Keys that a class has lost or won by itself are no change of the source."""
    publisher = guarded.publisher(Shop)
    guarded.path.write_text("message: one\nlimit: 1\nkey: k\n")
    publisher.refresh()
    publisher = guarded.publisher(LaterShop)
    guarded.path.write_text("message: two\nlimit: 1\nkey: k\n")
    publisher.refresh()
    assert (guarded.told().version, _error(guarded)) == (2, None)
    assert len(guarded.published(LaterShop).regions) == 100


def test_key_that_the_class_does_not_know_is_no_part_of_it(guarded: Desk) -> None:
    """Whatever nobody reads may grow and go."""
    publisher = guarded.publisher(Shop)
    guarded.path.write_text("message: one\n")
    publisher.refresh()
    guarded.path.write_text(f"message: one\nlimit: 9\nother: {[1] * 500}\n")
    publisher.refresh()
    assert (guarded.told().version, _error(guarded)) == (2, None)


def test_directory_is_judged_as_one_config(desk: Desk, tmp_path: Path) -> None:
    """A layer that is gone is refused at the file where its keys would stand now."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "1.yaml").write_text("message: one\n")
    (source / "2.yaml").write_text("labels: {a: 1, b: 2}\n")
    desk.settings = replace(desk.settings, path=str(source), **_LIMITS)
    publisher = desk.publisher()
    publisher.refresh()
    (source / "2.yaml").unlink()
    publisher.refresh()
    sentence = f"{source / '1.yaml'}:1:1: labels: 3 of the 4 keys and list items of "
    assert _error(desk).startswith(sentence)
    (source / "2.yaml").write_text(f"labels: {{a: 1, b: 2}}\nmessage: {'x' * 99}\n")
    publisher.refresh()
    assert _error(desk).startswith(f"{source / '2.yaml'}:2:1: message: ")


def test_no_secret_is_in_the_sentence(
    guarded: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a secret that has grown or is gone the key alone is named."""
    guarded.settings = replace(guarded.settings, removed_max=10)
    publisher = guarded.publisher(Shop)
    guarded.path.write_text("message: one\nkey: hunter2\nlabels: {'a: hunter3': 1}\n")
    publisher.refresh()
    for text, key in (
        (f"message: one\nkey: {'hunter4' * 50}\n", "key"),
        ("message: one\nlabels: {'a: hunter3': 1}\n", "key"),
        ("message: one\nkey: hunter2\n", "labels"),
        ("message: one\nkey: hunter2\nlabels: {b: 1}\n", "labels.a…"),
    ):
        guarded.path.write_text(text)
        publisher.refresh()
        assert f" {key}: " in _error(guarded)
        history = History.read(guarded.history).to_bytes()
        assert b"hunter" not in guarded.told().to_bytes() + history
    assert "hunter" not in caplog.text
