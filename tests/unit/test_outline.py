"""What a config sets itself, and which of its required keys are blank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import attrs
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec import field as renamed

from liveconfig.schema.outline import is_blank
from liveconfig.schema.schema import MASK, Schema, Secret


class Route(Struct, frozen=True):
    """A part in a mapping."""

    target: str
    weight: int = 1


class Both(Struct, frozen=True, tag="both", tag_field="kind"):
    """One of two tagged parts."""

    first: str
    second: str = "b"


class One(Struct, frozen=True, tag="one", tag_field="kind"):
    """The other."""

    first: str = "a"


@dataclass(frozen=True)
class Pool:
    """A part of dataclasses, with a default that is made each time."""

    size: int = 4
    names: Mapping[str, int] = field(default_factory=dict)


@attrs.frozen
class Log:
    """A part of attrs."""

    level: str
    file: str | None = None


class Site(Struct, frozen=True):
    """A config with a part of each kind."""

    title: str
    routes: Mapping[str, Route] = {}
    items: tuple[Route, ...] = ()
    pool: Pool = Pool()
    log: Log | None = None
    choice: Both | One = One()
    key: Secret = Secret("none")
    other_name: Annotated[int, Meta(ge=0)] = renamed(name="otherName", default=2)
    loose: Any = 1
    at: datetime | UnsetType = UNSET


def _own(document: Mapping[str, Any], *, is_known: bool = False) -> Any:
    schema = Schema(Site)
    config = schema.validate(document)
    return schema.outline(config, document if is_known else None).own


@pytest.mark.parametrize(
    ("document", "own"),
    [
        ({"title": ""}, {}),
        ({"title": "", "pool": {"size": 4}}, {}),
        ({"title": "", "pool": {"size": 5}}, {"pool": {"size": 5}}),
        (
            {"title": "", "routes": {"a": {"target": "b"}}},
            {"routes": {"a": {"target": "b"}}},
        ),
        (
            {"title": "", "routes": {"a": {"target": "b", "weight": 1}}},
            {"routes": {"a": {"target": "b"}}},
        ),
        (
            {"title": "", "items": [{"target": "b", "weight": 1}]},
            {"items": [{"target": "b", "weight": 1}]},
        ),
        (
            {"title": "", "log": {"level": "info"}},
            {"log": {"level": "info"}},
        ),
        ({"title": "", "key": "none"}, {}),
        ({"title": "", "key": "other"}, {"key": "other"}),
        ({"title": "", "otherName": 3}, {"otherName": 3}),
        ({"title": "", "loose": True}, {"loose": True}),
        (
            {"title": "", "choice": {"kind": "both", "first": "f"}},
            {"choice": {"kind": "both", "first": "f"}},
        ),
        (
            {"title": "", "at": datetime(2026, 1, 1)},
            {"at": "2026-01-01T00:00:00"},
        ),
    ],
)
def test_default_counts_as_not_there(document: dict[str, Any], own: Any) -> None:
    """What a class puts in by itself is left out, in classes of every kind."""
    assert _own(document) == {"title": "", **own}


def test_default_that_is_written_counts() -> None:
    """Where the source is known, what stands in it is set, whatever its value."""
    document = {"title": "", "pool": {"size": 4}, "routes": {"a": {"target": "b"}}}
    assert _own(document, is_known=True) == document


def test_default_that_fails_is_no_default() -> None:
    """A class whose default cannot be made is compared as it is."""
    made = []

    def fail() -> str:
        if made:
            raise ValueError
        made.append(1)
        return "first"

    class Odd(Struct, frozen=True):
        text: str = renamed(default_factory=fail)

    schema = Schema(Odd)
    config = schema.validate({})
    assert schema.outline(config).own == {"text": "first"}


@pytest.mark.parametrize(
    ("document", "blank"),
    [
        ({"title": "a"}, ()),
        ({"title": ""}, (("title",),)),
        ({"title": " \n"}, (("title",),)),
        (
            {"title": "a", "routes": {"b": {"target": ""}}},
            (("routes", "b", "target"),),
        ),
        ({"title": "a", "items": [{"target": ""}]}, ()),
        ({"title": "a", "log": {"level": "", "file": ""}}, (("log", "level"),)),
        (
            {"title": "a", "choice": {"kind": "both", "first": "", "second": ""}},
            (("choice", "first"),),
        ),
        ({"title": "a", "choice": {"kind": "one", "first": ""}}, ()),
    ],
)
def test_blank_is_only_what_has_no_default(document: Any, blank: Any) -> None:
    """A key that may be left out may be blank, and so may what is in a list."""
    schema = Schema(Site)
    assert schema.outline(schema.validate(document)).blank == blank


def test_plain_mapping_requires_nothing() -> None:
    """Without a class all that is written counts, and nothing has to hold anything."""
    schema: Schema[Any] = Schema.load("")
    outline = schema.outline(schema.validate({"a": {"b": ""}, "c": [1, None]}))
    assert outline.own == outline.data == {"a": {"b": ""}, "c": [1, None]}
    assert outline.blank == ()


def test_masked_config_is_outlined_as_far_as_it_is_known() -> None:
    """Of what is shown no secret is known, and no key that the class does not name."""
    schema = Schema(Site)
    config = schema.validate({"title": "a", "key": "hunter2", "pool": {"size": 5}})
    shown = {**schema.masked(config), "gone": {"since": 1}}
    before = schema.outline_of_masked(shown)
    assert before == schema.outline(config, is_masked=True)
    assert before.data["key"] == MASK
    assert "gone" not in before.data
    assert "gone" in shown
    assert "hunter2" not in repr(schema.outline(config))


@pytest.mark.parametrize("value", ["", " ", "\t\n", [], {}, None, b""])
def test_nothing_is_blank(value: Any) -> None:
    """Empty texts, lists and mappings, and null, hold nothing."""
    assert is_blank(value)


@pytest.mark.parametrize("value", ["a", [None], {"a": None}, 0, 0.0, False, b" "])
def test_number_is_never_blank(value: Any) -> None:
    """Zero and false are values, and so is whatever holds something."""
    assert not is_blank(value)
