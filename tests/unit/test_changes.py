"""What changed, with the values before and after, secrets masked."""

from __future__ import annotations

import enum
import json
import math
import time
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import attrs
import msgspec
import pytest
from msgspec import Struct

from liveconfig.schema.schema import MASK, Change, Schema, Secret, changed_key_paths


class Level(str, enum.Enum):
    """Texts that can be keys."""

    LOW = "the lower"
    HIGH = "the higher"


class Login(Struct, frozen=True, rename="camel"):
    """A part with a secret, under another name."""

    user_name: str = ""
    pass_word: Secret = Secret("")


class File(Struct, frozen=True, tag_field="kind", tag="file"):
    """One of two tagged classes."""

    path: str = ""
    key: Secret = Secret("")


class Socket(Struct, frozen=True, tag_field="kind", tag="socket"):
    """The other of two tagged classes."""

    port: int = 0
    key: Secret = Secret("")


@dataclass(frozen=True)
class Data:
    """A part that is a dataclass."""

    a: int = 0


@attrs.frozen
class Attributes:
    """A part that is an attrs class."""

    a: int = 0


class Config(Struct, frozen=True):
    """A config of everything that JSON cannot hold as it is."""

    text: str = ""
    ratio: float = 0.0
    blob: bytes = b""
    day: date | None = None
    moment: datetime | None = None
    span: timedelta | None = None
    names: frozenset[str] = frozenset()
    price: Decimal = Decimal(0)
    id: UUID = UUID(int=0)
    login: Login | None = None
    logins: tuple[Login, ...] = ()
    tokens: Mapping[str, Secret] = {}
    output: File | Socket = Socket()
    by_level: Mapping[Level, Mapping[str, int]] = {}
    data: Data = Data()
    attributes: Attributes = Attributes()
    optional: int | msgspec.UnsetType = msgspec.UNSET
    anything: Any = None


CONFIG = Schema(Config)


def _changes(
    old: Any, new: Any, schema: Schema[Any] = CONFIG, **more: int
) -> tuple[Change, ...]:
    payloads = [schema.pack(config).payload for config in (old, new)]
    return schema.changes(old, new, changed_key_paths(*payloads), **more)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text": 'Grüße, "you"'}, Change("text", '""', '"Grüße, \\"you\\""')),
        ({"text": "a\n\x1b\x7f\u202e𝄞\ue000"}, None),
        ({"ratio": 1.5}, Change("ratio", "0.0", "1.5")),
        ({"ratio": -math.inf}, Change("ratio", "0.0", '"-Infinity"')),
        ({"blob": b"\x00\xff"}, Change("blob", '""', '"AP8="')),
        ({"day": date(2030, 1, 2)}, Change("day", "null", '"2030-01-02"')),
        (
            {"moment": datetime(2030, 1, 2)},
            Change("moment", "null", '"2030-01-02T00:00:00"'),
        ),
        ({"span": timedelta(hours=1)}, Change("span", "null", '"PT3600S"')),
        ({"names": frozenset("cab")}, Change("names", "[]", '["a","b","c"]')),
        ({"price": Decimal("1.10")}, Change("price", '"0"', '"1.10"')),
        ({"id": UUID(int=1)}, Change("id", f'"{UUID(int=0)}"', f'"{UUID(int=1)}"')),
        (
            {"login": Login("a", Secret("QZ"))},
            Change("login", "null", f'{{"passWord":"{MASK}","userName":"a"}}'),
        ),
        (
            {"logins": (Login("a", Secret("QZ")),)},
            Change("logins", "[]", f'[{{"passWord":"{MASK}","userName":"a"}}]'),
        ),
        ({"tokens": {"a": Secret("QZ")}}, Change("tokens.a", None, f'"{MASK}"')),
        ({"output": Socket(1)}, Change("output.port", "0", "1")),
        ({"output": Socket(0, Secret("QZ"))}, Change("output.key", *[f'"{MASK}"'] * 2)),
        ({"by_level": {Level.LOW: {"a": 1}}}, None),
        ({"data": Data(1)}, Change("data.a", "0", "1")),
        ({"attributes": Attributes(1)}, Change("attributes.a", "0", "1")),
        ({"optional": 1}, Change("optional", None, "1")),
        (
            {"anything": {"b": (1, {"d": 1, "c": None}), "a": True}},
            Change("anything", "null", '{"a":true,"b":[1,{"c":null,"d":1}]}'),
        ),
    ],
)
def test_change_shows_both_values(
    fields: dict[str, Any], expected: Change | None
) -> None:
    """The values are compact JSON with sorted keys, secrets masked."""
    (found,) = _changes(Config(), Config(**fields))
    if expected is not None:
        assert found == expected
        assert "QZ" not in str(_changes(Config(**fields), Config()))
        assert _changes(Config(**fields), Config()) == (
            Change(found.key, found.new, found.old),
        )
    for text in (found.old, found.new):
        assert text is None or (text.isprintable())


def test_escapes_stand_for_what_they_were() -> None:
    """What a terminal would not show as it is, is written as an escape of JSON."""
    text = "a\n\x1b\x7f\u202e\u00a0𝄞\U000e0001"
    (found,) = _changes(Config(), Config(text=text))
    assert found.new is not None
    assert json.loads(found.new) == text
    assert found.new == '"a\\n\\u001b\\u007f\\u202e\\u00a0𝄞\\udb40\\udc01"'


def test_change_of_the_tag_shows_every_key() -> None:
    """The tag is a key like any other; a key of the other class was not there."""
    assert _changes(Config(output=File("p", Secret("QZ"))), Config()) == (
        Change("output.key", f'"{MASK}"', f'"{MASK}"'),
        Change("output.kind", '"file"', '"socket"'),
        Change("output.path", '"p"', None),
        Change("output.port", None, "0"),
    )


class Lookup(Struct, frozen=True, tag_field="kind", tag="lookup"):
    """A tagged class that looks up what it does not have, and fails at it."""

    table: Mapping[str, int] = MappingProxyType({})

    def __getattr__(self, name: str) -> int:
        """Return what stands in the table."""
        return self.table[name]


class Place(Struct, frozen=True):
    """A config of either."""

    at: Lookup | Socket


def test_change_that_the_class_cannot_show_is_named() -> None:
    """A class whose code fails when it is only looked at harms no publication."""
    schema = Schema(Place)
    old, new = (
        schema.pack(schema.validate({"at": data}))
        for data in ({"kind": "lookup"}, {"kind": "socket", "port": 1})
    )
    keys = changed_key_paths(old.payload, new.payload)
    shown = schema.changes(old.config, new.config, keys)
    assert Change("at.port", "…", "…") in shown
    assert Change("at.kind", '"lookup"', '"socket"') in shown


def test_change_is_found_below_an_enum_as_key() -> None:
    """The key of a document finds what the config has under an enum."""
    old = Config(by_level={Level.LOW: {"a": 1}})
    new = Config(by_level={Level.LOW: {"a": 2}, Level.HIGH: {}})
    assert _changes(old, new) == (
        Change('by_level."the higher"', None, "{}"),
        Change('by_level."the lower".a', "1", "2"),
    )


def test_renamed_key_is_found() -> None:
    """A key is looked for under the name that it has in a document."""
    old, new = (Config(login=Login(name, Secret(name))) for name in ("QA", "QB"))
    assert _changes(old, new) == (
        Change("login.passWord", f'"{MASK}"', f'"{MASK}"'),
        Change("login.userName", '"QA"', '"QB"'),
    )


def test_plain_mapping_shows_its_values() -> None:
    """Without a class nothing is masked."""
    schema: Schema[Any] = Schema.load("")
    assert _changes({"a": {"b": 1}}, {"a": {}, "c": ()}, schema) == (
        Change("a.b", "1", None),
        Change("c", None, "[]"),
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("x" * 20, "", ('"xxxxxxxx…', '""')),
        ("12345678", "", ('"12345678"', '""')),
        ("123456789", "", ('"12345678…', '""')),
        ("x" * 20 + "a", "x" * 20 + "b", ('…xxxxa"', '…xxxxb"')),
        ("x" * 20 + "a" * 20, "x" * 20 + "b", ("…xxxxaaaa…", '…xxxxb"')),
        ("abcd" + "a" * 20, "abcd" + "b" * 20, ('"abcdaaaa…', '"abcdbbbb…')),
    ],
)
def test_long_value_is_cut(old: str, new: str, expected: tuple[str, str]) -> None:
    """Of long values, what is shown begins shortly before they differ."""
    (found,) = _changes(Config(text=old), Config(text=new), characters_max=10)
    assert (found.old, found.new) == expected


def test_part_of_a_large_config_is_cheap() -> None:
    """One changed key of a config of megabytes takes no more than that key does."""
    many = {str(n): {"a": "x" * 50} for n in range(20_000)}
    old, new = (Config(anything={**many, "7": {"a": text}}) for text in "ab")
    began = time.process_time()
    for _ in range(100):
        assert len(CONFIG.changes(old, new, [("anything", "7", "a")])) == 1
    assert time.process_time() - began < 0.1


def test_deep_change_is_found_without_copies_of_each_level() -> None:
    """A large text below many levels costs its own size at the most."""

    def payload(letter: str) -> bytes:
        value: object = letter * 1_000_000
        for _ in range(60):
            value = {"a": value}
        return bytes(32) + msgspec.msgpack.encode(value)

    old, new = payload("x"), payload("y")
    tracemalloc.start()
    changed = changed_key_paths(old, new)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert changed == (("a",) * 60,)
    assert peak_bytes < 500_000


class Patient(Struct, frozen=True):
    """A class that has no limit by itself, which no file can say."""

    longest_seconds: float = math.inf
    waits: tuple[float, ...] = (1.5, -math.inf)


def test_masked_infinity_is_its_name() -> None:
    """What is shown is JSON for every reader, also where the class holds infinity."""
    schema = Schema(Patient)
    config = schema.pack(schema.validate({})).config
    assert config.longest_seconds == math.inf
    text = json.dumps(schema.masked(config), allow_nan=False)
    assert json.loads(text) == {
        "longest_seconds": "Infinity",
        "waits": [1.5, "-Infinity"],
    }
