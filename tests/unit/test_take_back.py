"""What is published is what every worker will have, or it is not published."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    TypeVar,
)
from uuid import UUID
from zoneinfo import ZoneInfo

import annotated_types
import attrs
import msgspec
import pydantic.dataclasses
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import force_setattr

from liveconfig.errors import InvalidConfigError, KeyPath, StartupError
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import load
from liveconfig.reading.source import SourceFile
from liveconfig.schema.schema import Schema, SchemaError, Secret

T = TypeVar("T")

_CHANGED = "a worker would get another value here"
_REFUSED = "a worker would refuse what the class puts here by itself: "


class Level(str, enum.Enum):
    """Texts, one of them under two names."""

    LOW = "low"
    HIGH = "high"
    TOP = "high"  # noqa: PIE796


class Part(Struct, frozen=True):
    """A part of a config."""

    size: int = 1
    names: Mapping[str, int] = {}


class SpecialPart(Part, frozen=True):
    """A part with the same keys that does other things."""


class Point(NamedTuple):
    """A list of two numbers."""

    x: float = 0
    y: float = 0


def _made(annotation: Any, default: Any) -> type[Any]:
    return msgspec.defstruct("Made", [("a", annotation, default)], frozen=True)


def _refusal(class_: type[Any], data: Mapping[str, Any]) -> SchemaError:
    schema = Schema(class_)
    with pytest.raises(SchemaError) as caught:
        schema.pack(schema.validate(data))
    return caught.value


@pytest.mark.parametrize(
    ("annotation", "default", "keys", "problem"),
    [
        (int, None, ("a",), "expected a whole number, found nothing"),
        (int, True, ("a",), "expected a whole number, found true or false"),
        (int, 1.0, ("a",), "expected a whole number, found a decimal number"),
        (str, 1, ("a",), "expected text, found a whole number"),
        (bool, 1, ("a",), "expected true or false, found a whole number"),
        (Annotated[str, Meta(min_length=1)], "", ("a",), "text of length >= 1"),
        (Annotated[int, Meta(ge=1)], 0, ("a",), "a whole number >= 1"),
        (Literal["a", "b"], "c", ("a",), "must be one of 'a', 'b'"),
        (Level, "none", ("a",), "must be one of 'low', 'high'"),
        (tuple[int, ...], (1, "x"), ("a", 1), "expected a whole number, found text"),
        (tuple[int, int], (1,), ("a",), "expected a list of length 2, found 1"),
        (Part, Part(size=None), ("a", "size"), "found nothing"),  # type: ignore
        (tuple[Part, ...], (Part(names={"b": ""}),), ("a", 0, "names", "b"), "text"),
        (datetime, date(2030, 1, 2), ("a",), "expected a date with a time"),
        (UUID, "x", ("a",), "a UUID"),
    ],
)
def test_default_that_breaks_its_own_type_is_refused(
    annotation: Any, default: Any, keys: KeyPath, problem: str
) -> None:
    """It is refused where it would be used, with its key, and taken where it is not."""
    refusal = _refusal(_made(annotation, default), {})
    assert refusal.keys == keys
    assert refusal.problem.startswith(_REFUSED)
    assert problem in refusal.problem


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (Level, "low"),
        (Secret, "in clear"),
        (Part, msgspec.field(default_factory=lambda: {"size": 1})),
        (Part, SpecialPart()),
        (frozenset[str], set()),
        (Mapping[Level, int], msgspec.field(default_factory=lambda: {"low": 1})),
        (Point, (1.0, 2.0)),
        (Any, (Point(1.0, 2.0),)),
        (Any, date(2030, 1, 2)),
        (Any, Secret("in clear")),
        (Any, Decimal("1.5")),
        (date, "2030-01-02"),
        (Decimal, "1.5"),
        (timedelta, "PT1H"),
        (int, enum.IntEnum("Number", "ONE").ONE),  # type: ignore[attr-defined]
        (datetime, datetime(2030, 1, 2, tzinfo=ZoneInfo("Europe/Berlin"))),
        (datetime, datetime(2030, 1, 2, fold=1)),
        (float, float("nan")),
    ],
)
def test_default_of_another_type_is_refused(annotation: Any, default: Any) -> None:
    """What workers would get as a value of another type is refused with its key."""
    refusal = _refusal(_made(annotation, default), {})
    assert refusal.keys[:1] == ("a",)
    assert refusal.problem.startswith(_CHANGED)


def test_whole_default_of_a_number_is_the_number() -> None:
    """A default of 1 where 1.0 is meant is 1.0 everywhere, with the digest of that."""

    class Ratios(Struct, frozen=True):
        one: float = 1
        several: tuple[float, ...] = (1, 2.5)
        point: Point = Point(1, 2)
        some: frozenset[float] = frozenset({1, 2})
        named: Mapping[str, float] = msgspec.field(default_factory=lambda: {"a": 1})

    schema = Schema(Ratios)
    packed = schema.pack(schema.validate({}))
    assert type(packed.config.one) is float
    assert packed == schema.pack(schema.validate({"one": 1}))
    assert packed == schema.pack(schema.validate({"named": {"a": 1.0}}))
    assert schema.unpack(packed.payload) == (packed.digest, packed.config)


class Doubled(Struct, frozen=True):
    """A class that changes what it is given."""

    seconds: int

    def __post_init__(self) -> None:
        force_setattr(self, "seconds", self.seconds * 1000)


@dataclass(frozen=True)
class DoubledData:
    """The same as a dataclass."""

    seconds: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", self.seconds * 1000)


@attrs.frozen
class DoubledAttributes:
    """The same as an attrs class."""

    seconds: int

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "seconds", self.seconds * 1000)


@pytest.mark.parametrize("class_", [Doubled, DoubledData, DoubledAttributes])
def test_class_that_changes_a_value_each_time_is_refused(class_: type[Any]) -> None:
    """What would be changed once more in the workers is refused with its key."""
    refusal = _refusal(class_, {"seconds": 5})
    assert (refusal.keys, refusal.problem[: len(_CHANGED)]) == (("seconds",), _CHANGED)
    nested = msgspec.defstruct("Nested", [("a", tuple[class_, ...])], frozen=True)
    assert _refusal(nested, {"a": [{"seconds": 0}, {"seconds": 1}]}).keys == (
        "a",
        1,
        "seconds",
    )


def test_class_that_changes_a_value_once_is_served_as_it_is_shown() -> None:
    """A change that changes nothing the second time is the same in every process."""

    class Tidy(Struct, frozen=True):
        name: str
        host: str = ""

        def __post_init__(self) -> None:
            force_setattr(self, "name", self.name.strip())
            force_setattr(self, "host", self.host or f"{self.name}.example")

    schema = Schema(Tidy)
    packed = schema.pack(schema.validate({"name": " a "}))
    assert packed.config == Tidy("a", "a.example")
    assert schema.unpack(packed.payload)[1] == packed.config


@pytest.mark.parametrize(
    "value",
    [2, 2.0, True, None, [1], {"a": 1}, Level.LOW, "b"],
)
def test_class_that_puts_in_another_type_is_refused(value: Any) -> None:
    """A field of whole numbers that its class fills with anything else is refused."""

    class Filling(Struct, frozen=True):
        number: int = 1
        is_filled: bool = False

        def __post_init__(self) -> None:
            if not self.is_filled:
                force_setattr(self, "number", value)
                force_setattr(self, "is_filled", True)

    schema = Schema(Filling)
    if type(value) is int:
        packed = schema.pack(schema.validate({}))
        assert schema.unpack(packed.payload)[1] == packed.config
    else:
        assert _refusal(Filling, {}).keys[:1] == ("number",)


def test_set_that_is_too_small_without_its_repetitions_is_refused() -> None:
    """A set is counted when it is read and when it is taken back."""
    class_ = _made(Annotated[frozenset[str], Meta(min_length=2)], frozenset("ab"))
    assert _refusal(class_, {"a": ["x", "x"]}).keys == ("a",)


_OFFSET = timezone(timedelta(hours=2))


class Moments(Struct, frozen=True):
    """A config of moments."""

    at: datetime
    daily: time | None = None
    others: tuple[datetime, ...] = ()
    more: Mapping[str, datetime] = {}


@pytest.mark.parametrize(
    "zone",
    [
        None,
        timezone.utc,
        _OFFSET,
        timezone(timedelta(hours=-5, minutes=-30)),
        timezone(timedelta(hours=14)),
    ],
)
@pytest.mark.parametrize("moment", [datetime(2026, 11, 27, 10), datetime(1, 1, 1)])
def test_moment_keeps_its_offset(zone: timezone | None, moment: datetime) -> None:
    """A date with a time comes to the workers with the offset it was written with."""
    at = moment.replace(tzinfo=zone, microsecond=7)
    schema = Schema(Moments)
    data = {"at": at, "others": [at], "more": {"a": at}, "daily": at.timetz()}
    packed = schema.pack(schema.validate(data | {"daily": str(at.timetz())}))
    config = schema.unpack(packed.payload)[1]
    for found in (config.at, config.others[0], config.more["a"]):
        assert (found, found.utcoffset()) == (at, at.utcoffset())
    assert config.daily == at.timetz()
    assert packed.config == config
    assert schema.masked(config)["at"] == at.isoformat().replace("+00:00", "Z")


def test_moment_of_another_offset_is_another_config() -> None:
    """Two moments that differ in their offset alone have two digests."""
    schema = Schema(Moments)
    at = datetime(2026, 11, 27, 10, tzinfo=_OFFSET)
    digests = {
        schema.pack(schema.validate({"at": moment})).digest
        for moment in (at, at.astimezone(timezone.utc))
    }
    assert len(digests) == 2


def test_moment_in_a_file_keeps_its_offset() -> None:
    """The way from YAML to the workers leaves the offset as it was written."""
    content = b"at: 2026-11-27 10:00:00 +2\n"
    candidate = load([SourceFile("c.yaml", content)], Schema(Moments), Limits())
    _, config = Schema(Moments).unpack(candidate.payload)
    assert config.at.isoformat() == "2026-11-27T10:00:00+02:00"


Count = NewType("Count", int)


class Open(Struct, frozen=True, tag_field="kind", tag="open", rename="camel"):
    """One of two tagged classes."""

    max_size: int = 1


class Closed(
    Struct, frozen=True, tag_field="kind", tag="closed", forbid_unknown_fields=True
):
    """The other of two tagged classes."""

    pair: tuple[int, str] = (1, "a")


class Box(Struct, Generic[T], frozen=True, kw_only=True):
    """A generic part."""

    content: T
    more: tuple[T, ...] = ()


@dataclass(frozen=True)
class Data:
    """A dataclass with what is no key of a file."""

    version: ClassVar[int] = 3
    size: int = 1
    tags: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        assert self.double

    @functools.cached_property
    def double(self) -> int:
        """Twice the size."""
        return self.size * 2


class Flag(enum.IntFlag):
    """Numbers that add up."""

    A = 1
    B = 2


class Everything(Struct, frozen=True, cache_hash=True):
    """A config of everything that a schema can ask for."""

    number: Decimal = Decimal("1.50")
    key: UUID = UUID(int=5)
    delay: timedelta = timedelta(days=1, microseconds=1)
    day: date = date(2030, 1, 2)
    blob: bytes = b"\x00a"
    level: Level = Level.TOP
    levels: frozenset[Level] = frozenset({Level.LOW})
    flag: Flag = Flag.A | Flag.B
    count: Count = Count(1)
    maybe: int | UnsetType = UNSET
    output: Open | Closed = Closed()
    box: Box[Mapping[Level, Box[int]]] = Box(content={Level.LOW: Box(content=1)})
    data: Data = Data(2)
    point: Point = Point(1.0, 2.0)
    attributes: DoubledAttributes | None = None
    huge: float = float("inf")
    negative: float = -0.0
    largest: int = 2**64 - 1
    secrets: Mapping[str, Secret] = msgspec.field(
        default_factory=lambda: {"a": Secret("b")}
    )
    anything: Any = (1, 1.0, True, "1", None)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"number": 1.5, "delay": "P1DT1S", "blob": "AAFh", "output": {"kind": "open"}},
        {"number": "1.500", "level": "high", "levels": ["high", "low"], "flag": 2},
        {"output": {"kind": "closed", "pair": [2, "b"]}, "maybe": 3, "huge": 1e300},
        {"box": {"content": {"high": {"content": 5, "more": [1, 2]}}}},
        {
            "data": {"size": 9, "tags": ["b", "a"]},
            "point": [1, 2],
            "anything": {"a": 1},
        },
    ],
)
def test_everything_comes_back_as_it_was(data: dict[str, Any]) -> None:
    """A value of every type is the same in the publisher and in the workers."""
    schema = Schema(Everything)
    config = schema.validate(data)
    packed = schema.pack(config)
    assert schema.unpack(packed.payload) == (packed.digest, packed.config)
    assert packed.config == config
    assert schema.masked(packed.config) == schema.masked(config)


def test_whole_float_is_taken_for_a_whole_number() -> None:
    """JSON does not tell 5.0 from 5: where 5 is asked for, 5.0 is 5, and 5.5 is not."""

    class Numbers(Struct, frozen=True):
        one: int = 0
        several: tuple[int, ...] = ()
        named: Mapping[str, int] = {}
        choice: Literal[1, 2] = 1
        ratio: float = 0.5
        both: int | float = 0
        anything: Any = None

    schema = Schema(Numbers)
    floats = {"one": 5.0, "several": [1, 2.0], "named": {"a": 3.0}, "choice": 2.0}
    whole = {"one": 5, "several": [1, 2], "named": {"a": 3}, "choice": 2}
    others = {"ratio": 1.0, "both": 2.0, "anything": 3.0}
    packed = schema.pack(schema.validate(floats | others))
    assert packed == schema.pack(schema.validate(whole | others))
    assert type(packed.config.one) is int
    assert type(packed.config.both) is type(packed.config.anything) is float
    refusal = _refusal(Numbers, {"one": 5.0, "several": [1.0, 2.5]})
    assert refusal.keys == ("several", 1)


def test_refusal_of_a_default_names_the_file() -> None:
    """Whoever checks or starts sees the key whose default is wrong."""
    with pytest.raises(InvalidConfigError) as caught:
        load([SourceFile("c.yaml", b"b: hi\n")], Schema(_made(int, None)), Limits())
    assert str(caught.value) == (
        f"c.yaml:1:1: a: {_REFUSED}expected a whole number, found nothing"
    )


# Classes of which a part would never run.


@dataclass(frozen=True, init=False)
class OwnInit:
    """A dataclass with a constructor of its own."""

    a: int

    def __init__(self, a: int) -> None:
        object.__setattr__(self, "a", a)


@dataclass(frozen=True)
class KeptInit:
    """A dataclass with a constructor of its own, which the decorator keeps."""

    a: int

    def __init__(self, a: int) -> None:
        object.__setattr__(self, "a", 2 * a)


@dataclass(frozen=True)
class Whole:
    """A dataclass that is good."""

    a: int = 1


class Inheriting(Whole):
    """A class that is no dataclass by itself, with a constructor of its own."""

    def __init__(self) -> None:
        super().__init__(2)


def _wrapped_init() -> type[Any]:
    """Return a dataclass whose constructor another decorator has put a check around."""

    @dataclass(frozen=True)
    class Wrapped:
        a: int = 1

    generated = Wrapped.__init__

    @functools.wraps(generated)
    def checked(self: Any, *fields: Any, **named: Any) -> None:
        generated(self, *fields, **named)
        assert self.a > 0

    Wrapped.__init__ = checked  # type: ignore[method-assign]
    return Wrapped


@dataclass(frozen=True)
class OwnNew:
    """A dataclass that is made in its own way."""

    a: int = 1

    def __new__(cls, *_: Any) -> OwnNew:
        return super().__new__(cls)


@dataclass(frozen=True)
class Derived:
    """A dataclass with a field that no file is to have."""

    a: int = 1
    b: int = dataclass_field(init=False, default=2)


@dataclass(frozen=True)
class WithInitVar:
    """A dataclass with what is there only while it is made."""

    a: int
    b: InitVar[int]


@pydantic.dataclasses.dataclass(frozen=True)
class PydanticData:
    """A dataclass of pydantic."""

    a: int = 1


class PydanticModel(pydantic.BaseModel):
    """A model of pydantic."""

    a: int = 1


@attrs.frozen
class Converting:
    """An attrs class with a converter."""

    a: int = attrs.field(converter=int)


@attrs.frozen
class OwnAttributesInit:
    """An attrs class with a constructor of its own."""

    a: int

    def __init__(self, a: int) -> None:
        self.__attrs_init__(a)  # type: ignore[attr-defined]


@attrs.frozen
class DerivedAttributes:
    """An attrs class with a field that no file is to have."""

    a: int = attrs.field(init=False, default=1)


@attrs.frozen
class TakingSelf:
    """An attrs class with a default made of another field."""

    a: int
    b: int = attrs.field(default=attrs.Factory(lambda self: self.a, takes_self=True))


class OwnPoint(Point):
    """A named tuple that is made in its own way."""

    def __new__(cls, *_: float) -> OwnPoint:
        return super().__new__(cls, 1, 2)


@pytest.mark.parametrize(
    ("class_", "problem"),
    [
        (OwnInit, "OwnInit has a __init__ of its own, which would never run"),
        (KeptInit, "KeptInit has a __init__ of its own, which would never run"),
        (_wrapped_init(), "Wrapped has a __init__ of its own, which would never run"),
        (Inheriting, "Inheriting has a __init__ of its own, which would never run"),
        (OwnNew, "OwnNew has a __new__ of its own, which would never run"),
        (Derived, "Derived has init=False for b, which a file could set all the same"),
        (WithInitVar, "`InitVar` fields are not supported"),
        (PydanticData, "PydanticData is pydantic's, whose validators would never run"),
        (PydanticModel, "no class of msgspec, dataclasses or attrs"),
        (Converting, "Converting has a converter for a, which would never run"),
        (OwnAttributesInit, "OwnAttributesInit has a __init__ of its own, which would"),
        (DerivedAttributes, "DerivedAttributes has init=False for a, which a file"),
        (TakingSelf, "takes_self=True` is not implemented"),
        (_made(OwnPoint, OwnPoint()), "OwnPoint has a __new__ of its own"),
        (_made(tuple[Converting, ...], ()), "Converting has a converter for a"),
        (_made(Annotated[int, annotated_types.Ge(1)], 1), "Made.a: annotated_types.Ge"),
        (_made(tuple[pydantic.PositiveInt, ...], ()), "annotated_types.Gt would never"),
        (_made(Annotated[int, pydantic.Field(gt=0)], 1), "pydantic.FieldInfo would"),
        (_made(NewType("N", Annotated[int, annotated_types.Ge(1)]), 1), "Ge would"),
    ],
)
def test_class_whose_own_code_would_never_run_is_refused(
    class_: type[Any], problem: str
) -> None:
    """What the class relies on and msgspec passes over is refused with the reason."""
    with pytest.raises(StartupError) as caught:
        Schema(class_)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_class_with_marks_for_others_is_taken(tmp_path: Path) -> None:
    """A mark in an annotation that asks for no check is nobody's mistake."""
    Schema(_made(Annotated[int, "seconds", tmp_path], 1))
    Schema(Whole)
    Schema(type("Bare", (Whole,), {}))
    Schema(dataclasses.make_dataclass("Late", [("a", int)], frozen=True, slots=True))
