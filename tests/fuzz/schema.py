"""A config class with every kind of field that a config may have."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from liveconfig import Secret


class Level(enum.Enum):
    """One of a few texts."""

    LOW = "low"
    HIGH = "high"


class Point(Struct, frozen=True):
    """A class inside a mapping, with a limit."""

    x: Annotated[int, Meta(ge=0, le=10)]
    y: float = 0.0


class Circle(Struct, frozen=True, tag="circle"):
    """One class of a tagged union."""

    radius: float


class Square(Struct, frozen=True, tag="square"):
    """The other class of a tagged union."""

    side: float


@dataclasses.dataclass(frozen=True)
class Owner:
    """A class that refuses values in its own words, and quotes them."""

    name: str

    def __post_init__(self) -> None:
        if not self.name.islower():
            raise ValueError(f"{self.name!r} is no name in lower case")


class Everything(Struct, frozen=True):
    """Fields of every kind."""

    message: str
    log_level: Literal["debug", "info"] | None = None
    secret: Secret = Secret("")
    secrets: Mapping[str, Secret] = {}
    numbers: tuple[int, ...] = ()
    ratio: Annotated[float, Meta(gt=0)] = 1.0
    short: Annotated[str, Meta(max_length=3, pattern="^[a-z]*$")] = ""
    level: Level = Level.LOW
    mode: Literal["a", "b", 3] | None = None
    points: Mapping[str, Point] = {}
    shape: Circle | Square | None = None
    pair: tuple[int, str] = (0, "")
    tags: frozenset[str] = frozenset()
    either: int | str | tuple[str, ...] = 0
    owner: Owner | None = None
    day: datetime.date | None = None
    at: datetime.datetime | None = None
    lasts: datetime.timedelta | None = None
    id: uuid.UUID | None = None
    price: decimal.Decimal | None = None
    data: bytes = b""
    anything: Any = msgspec.field(default=None)
