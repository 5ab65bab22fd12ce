"""The JSON Schema says of a document what the service says of it."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import Meta, Struct

from liveconfig.schema.schema import NEEDS_RESTART, Schema, SchemaError, Secret

T = TypeVar("T")


class Level(str, enum.Enum):
    """Texts that are allowed."""

    LOW = "low"
    HIGH = "high"


class Open(enum.Enum):
    """Texts, and others that the class knows itself."""

    ON = "on"

    @classmethod
    def _missing_(cls, value: object) -> Open | None:
        return cls.ON if value == "yes" else None


class Flag(enum.IntFlag):
    """Numbers that add up."""

    A = 1
    B = 2


class Point(NamedTuple):
    """A list of a number, and maybe another."""

    x: float
    y: float = 0.0


class File(Struct, frozen=True, tag_field="kind", tag="file"):
    """One of two tagged classes."""

    path: str


class Socket(Struct, frozen=True, tag_field="kind", tag="socket"):
    """The other of two tagged classes."""

    port: int = 80


class Lone(Struct, frozen=True, tag="lone"):
    """A tagged class that stands alone."""

    size: int = 1


class Exact(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A part that allows no other key, and mentions itself."""

    max_size: int = 1
    next: Exact | None = None


class Box(Struct, Generic[T], frozen=True):
    """A generic part."""

    content: T


@dataclass(frozen=True)
class Data:
    """A part as a dataclass."""

    size: int
    name: str = "a"


@attrs.frozen
class Attributes:
    """A part as an attrs class."""

    size: int = 1


class Everything(Struct, frozen=True):
    """A config of everything that a schema can ask for."""

    text: str = ""
    short: Annotated[str, Meta(min_length=1, max_length=3)] = "a"
    code: Annotated[str, Meta(pattern="^[a-z]+$")] = "a"
    number: int = 0
    port: Annotated[int, Meta(ge=1, lt=100), NEEDS_RESTART] = 80
    even: Annotated[int, Meta(multiple_of=2)] = 0
    ratio: Annotated[float, Meta(gt=0)] = 1.0
    flag: bool = False
    price: Decimal = Decimal("1.50")
    maybe: int | None = None
    level: Level = Level.LOW
    open: Open = Open.ON
    flags: Flag = Flag.A
    log_level: Literal["debug", "info", None] = "info"
    token: Secret = msgspec.field(default_factory=lambda: Secret("none"))
    password: Secret = Secret("none")
    day: date = date(2030, 1, 2)
    moment: datetime | None = None
    daily: time | None = None
    delay: timedelta = timedelta(hours=1)
    key: UUID = UUID(int=5)
    blob: Annotated[bytes, Meta(max_length=3)] = b""
    names: frozenset[str] = frozenset({"b", "a"})
    items: Annotated[tuple[int, ...], Meta(min_length=1, max_length=2)] = (1,)
    pair: tuple[int, str] = (0, "")
    point: Point = Point(0.0)
    labels: Mapping[str, int] = {}
    few: Annotated[Mapping[str, int], Meta(max_length=1)] = {}
    by_level: Mapping[Level, float] = {}
    output: File | Socket = Socket()
    lone: Lone = Lone()
    exact: Exact = Exact()
    box: Box[Mapping[str, Box[int]]] | None = None
    data: Data = Data(1)
    attributes: Attributes = Attributes()
    anything: Any = None
    infinite: float = float("inf")


EVERYTHING = Schema(Everything)
_VALIDATOR = Draft202012Validator(
    EVERYTHING.json_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER
)
_STRICT = Draft202012Validator(EVERYTHING.json_schema(is_strict=True))


def _is_accepted(data: Mapping[str, Any]) -> bool:
    try:
        EVERYTHING.pack(EVERYTHING.validate(data))
    except SchemaError:
        return False
    return True


_VALUES: list[Any] = [
    "",
    "a",
    "abcd",
    "A",
    "low",
    "on",
    "yes",
    "none of them",
    "1.5",
    "-.5e3",
    "2030-01-02",
    "2030-01-02T03:04:05Z",
    "10:00:00",
    "PT1H",
    "00000000-0000-0000-0000-000000000005",
    "AAFh",
    "AAFhYWFh",
    0,
    1,
    2,
    3,
    4,
    99,
    100,
    -1,
    0.0,
    1.0,
    2.0,
    1.5,
    True,
    False,
    None,
    [],
    [1],
    [1, 2],
    [1, 2, 3],
    [1, "a"],
    [1.0, 2.0],
    [1.5],
    ["a", "a"],
    ["low"],
    {},
    {"a": 1},
    {"a": 1, "b": 2},
    {"low": 1},
    {"low": "x"},
    {"size": 1},
    {"size": 1, "type": "lone"},
    {"size": 1, "type": "other"},
    {"size": "x"},
    {"kind": "file", "path": "p"},
    {"kind": "file"},
    {"kind": "socket"},
    {"kind": "none"},
    {"port": 1},
    {"maxSize": 1, "next": {"maxSize": 2.0}},
    {"maxSize": 1, "next": {"max_size": 2}},
    {"content": {"a": {"content": 1}}},
    {"content": {"a": {"content": "x"}}},
]


@pytest.mark.parametrize("key", Everything.__struct_fields__)
def test_schema_accepts_what_the_service_accepts(key: str) -> None:
    """For each kind of key and of value both say the same, good or bad."""
    for value in _VALUES:
        data = {key: value}
        found, wanted = _VALIDATOR.is_valid(data), _is_accepted(data)
        # Which other texts a class knows itself, nobody else does.
        if key != "open" or wanted:
            assert found == wanted, f"{data}: the schema says {found}"


_quick = settings(max_examples=100, suppress_health_check=list(HealthCheck))


@_quick
@given(
    st.dictionaries(
        st.sampled_from(sorted({*Everything.__struct_fields__} - {"open"})),
        st.sampled_from(_VALUES),
    )
)
def test_schema_agrees_over_whole_documents(data: dict[str, Any]) -> None:
    """Of any document made of good and bad values both say the same."""
    assert _VALIDATOR.is_valid(data) == _is_accepted(data)


@pytest.mark.parametrize(
    "data",
    [
        {"unknown": 1},
        {"data": {"size": 1, "unknown": 1}},
        {"output": {"kind": "socket", "unknown": 1}},
        {"box": {"content": {}, "unknown": 1}},
    ],
)
def test_strict_schema_refuses_unknown_keys(data: dict[str, Any]) -> None:
    """A key that no class names is wrong in the strict schema, and only there."""
    assert _is_accepted(data)
    assert _VALIDATOR.is_valid(data)
    assert not _STRICT.is_valid(data)


def test_strict_schema_takes_keys_that_are_data() -> None:
    """The keys of mappings, and below what may be anything, are known to nobody."""
    assert _STRICT.is_valid({"labels": {"a": 1}, "anything": {"b": {"c": 1}}})


def test_defaults_are_shown_as_a_file_would_write_them() -> None:
    """Each default is there, but for secrets and for what JSON cannot hold."""
    properties = EVERYTHING.json_schema()["$defs"]["Everything"]["properties"]
    assert properties["names"]["default"] == ["a", "b"]
    assert properties["price"]["default"] == "1.50"
    assert properties["labels"]["default"] == {}
    assert properties["output"]["default"] == {"kind": "socket", "port": 80}
    for key in ("token", "password", "infinite"):
        assert "default" not in properties[key]
    assert properties["password"] == {"type": "string", "writeOnly": True}
    assert properties["port"]["x-needs-restart"] is True
    json.dumps(EVERYTHING.json_schema(), allow_nan=False)


def test_schema_is_one_by_its_own_dialect() -> None:
    """It names its dialect, and is a schema of it."""
    for schema in (EVERYTHING, Schema.load("")):
        written = schema.json_schema()
        Draft202012Validator.check_schema(written)
        assert written["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_classes_of_one_name_have_their_own_schemas() -> None:
    """Two classes with the same name are not taken for each other."""
    one = msgspec.defstruct("Same", [("a", int, 1)], frozen=True)
    other = msgspec.defstruct("Same", [("b", int, 1)], frozen=True)
    both = msgspec.defstruct("Both", [("x", one), ("y", other)], frozen=True)
    definitions = Schema(both).json_schema()["$defs"]
    assert sorted(definitions) == ["Both", "Same", "Same-2"]


class Base(Struct, frozen=True):
    """What all shops have.

    Attributes:
        owner: Who answers.
    """

    owner: str = ""


class Shop(Base, frozen=True):
    """
    What the shop sells.

    More about it.

    Attributes:
        message: What is said to everybody,
            in every answer.
        limits (int): Requests: how many.
        renamed: Under another name.

    Note:
        other: This is no key.
    """

    message: str = ""
    limits: int = 1
    other: int = 1
    renamed: int = msgspec.field(default=1, name="re.named")
    told: Annotated[int, Meta(description="Told by itself.")] = 1


@dataclass(frozen=True)
class Fields:
    """
    What others write.

    :param size: How large.
    :ivar int count: How many,
        in all.
    """

    size: int = 1
    count: int = 1


@dataclass(frozen=True)
class Silent:
    size: int = 1


def _descriptions(class_: type[Any]) -> dict[str, str | None]:
    (written,) = Schema(class_).json_schema()["$defs"].values()
    properties = written["properties"].items()
    found = {key: value.get("description") for key, value in properties}
    return {"": written.get("description"), **found}


def test_keys_are_described_by_the_docstring() -> None:
    """What the docstring of a class says of its attributes stands at the keys."""
    assert _descriptions(Shop) == {
        "": "What the shop sells.\n\nMore about it.",
        "owner": "Who answers.",
        "message": "What is said to everybody, in every answer.",
        "limits": "Requests: how many.",
        "other": None,
        "re.named": "Under another name.",
        "told": "Told by itself.",
    }
    assert _descriptions(Fields) == {
        "": "What others write.",
        "size": "How large.",
        "count": "How many, in all.",
    }
    assert _descriptions(Silent) == {"": None, "size": None}
    made = msgspec.defstruct("Made", [("size", int, 1)], frozen=True)
    assert _descriptions(made) == {"": None, "size": None}
