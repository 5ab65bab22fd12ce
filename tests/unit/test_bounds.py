"""Documents that are slow to reject: every step has a bound, and then shows less."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liveconfig.errors import InvalidConfigError, SourceUnavailableError
from liveconfig.reading import source as source_module
from liveconfig.reading import yaml_text
from liveconfig.reading.document import Limits, parse
from liveconfig.reading.source import Source
from liveconfig.schema import explain
from liveconfig.schema.schema import Schema, SchemaError

# Far above what each takes, and far below what it took: minutes of the processor.
_SECONDS_MAX = 20.0


class Level(msgspec.Struct, frozen=True):
    """Mappings in mappings, to any depth."""

    below: Mapping[str, Level] = {}
    number: int = 0


class Quoting(msgspec.Struct, frozen=True):
    """A class that quotes all that it is given."""

    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        raise ValueError(f"no good: {self.texts[0]} of {len(self.texts)}")


def _refusal(schema: Schema[Any], data: Mapping[str, Any]) -> tuple[SchemaError, float]:
    """Return why data is refused, and in how many seconds of the processor."""
    began = time.process_time()
    with pytest.raises(SchemaError) as raised:
        schema.validate(data)
    return raised.value, time.process_time() - began


def _nested(levels: int, keys: int) -> dict[str, Any]:
    """Return levels of mappings of which the last key leads on, to a wrong value."""
    data: dict[str, Any] = {"number": "wrong"}
    for level in range(levels):
        wide: dict[str, Any] = {f"k{level}.{n}": {} for n in range(keys)}
        data = {"below": {**wide, "last": data}}
    return data


def test_wrong_key_below_many_wide_mappings_is_found_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is known of the way already is not converted again for each level."""
    monkeypatch.setattr(explain, "_FIND_SECONDS_MAX", 10 * _SECONDS_MAX)
    error, seconds = _refusal(Schema(Level), _nested(30, 1000))
    assert error.keys == (*("below", "last") * 30, "number")
    assert seconds < _SECONDS_MAX


def test_search_for_a_key_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time is over, what is known of the way is told."""
    monkeypatch.setattr(explain, "_FIND_SECONDS_MAX", -1.0)
    error, _ = _refusal(Schema(Level), _nested(3, 3))
    assert error.keys == ("below",)
    assert "expected a whole number" in error.problem


def test_sentence_of_a_class_over_many_texts_is_cleaned_soon() -> None:
    """Each text is looked for in the sentence, and a pattern made of those in it."""
    texts = [f"text {number} of them" for number in range(70_000)]
    error, seconds = _refusal(Schema(Quoting), {"texts": texts})
    assert error.problem == "no good: ... of 70000"
    assert seconds < _SECONDS_MAX


def test_sentence_that_is_endless_is_not_shown() -> None:
    """One that quotes a book is not looked through: it is left out as a whole."""
    error, seconds = _refusal(Schema(Quoting), {"texts": ["word " * 500_000]})
    assert error.problem == "the schema refuses this"
    assert seconds < _SECONDS_MAX


def _never(*_: object) -> None:
    pytest.fail("they came to libyaml")


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028"])
def test_many_tag_directives_are_refused(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """libyaml compares each with each, so they never come to it."""
    monkeypatch.setattr(yaml_text, "_YamlParser", _never)
    text = "".join(f"%TAG !a{n}! b{end}" for n in range(150_000)) + "---\na: 1\n"
    began = time.process_time()
    with pytest.raises(InvalidConfigError, match="begin with %TAG") as raised:
        parse(text.encode(), "c.yaml", Limits())
    assert raised.value.line > 0
    assert time.process_time() - began < _SECONDS_MAX


def test_some_tag_directives_are_taken() -> None:
    """What people write is no attack."""
    text = "%TAG ! tag:example.com,2000:\n%TAG !b! tag:b:\n---\na: '%TAG'\n"
    assert parse(text.encode(), "c.yaml", Limits()) == {"a": "%TAG"}


def test_link_that_leads_nowhere_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory of many files is not read again and again for it."""
    (tmp_path / "a.yaml").write_text("a: 1\n")
    (tmp_path / "z.yaml").symlink_to("nowhere")
    reads: list[int] = []
    monkeypatch.setattr(source_module, "_content", lambda *_: reads.append(1) or b"")
    with pytest.raises(
        SourceUnavailableError, match=r"z\.yaml: it is a link that leads"
    ):
        Source(str(tmp_path), 1000).read()
    assert reads == []


def test_large_source_that_never_holds_still_is_given_up_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried for as long as there is time, not a hundred times."""
    (tmp_path / "a.yaml").write_text("a: 1\n")
    monkeypatch.setattr(source_module, "_TRIES_SECONDS_MAX", 0.0)
    reads: list[int] = []

    def changing(*_: object) -> bytes:
        reads.append(1)
        os.utime(tmp_path / "a.yaml", ns=(len(reads), len(reads)))
        return b""

    monkeypatch.setattr(source_module, "_content", changing)
    with pytest.raises(SourceUnavailableError, match="it changes all the time"):
        Source(str(tmp_path), 1000).read()
    assert len(reads) == 2
