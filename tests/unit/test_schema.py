"""Plain data to a typed, frozen config, to bytes, and back."""

from __future__ import annotations

import enum
import json
import math
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime, timezone
from functools import reduce
from operator import getitem
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypeVar

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from liveconfig.errors import CorruptRecordError, KeyPath, StartupError
from liveconfig.schema.schema import (
    Schema,
    SchemaError,
    Secret,
    changed_key_paths,
)

T = TypeVar("T")


class Level(str, enum.Enum):
    """Texts that are allowed, and that can be keys."""

    LOW = "low"
    HIGH = "high"


class Point(NamedTuple):
    """A list of a number and anything."""

    x: int
    content: Any = None


class File(Struct, frozen=True, tag_field="kind", tag="file"):
    """One of two tagged classes."""

    path: str


class Socket(Struct, frozen=True, tag_field="kind", tag="socket"):
    """The other of two tagged classes."""

    port: int


class Server(Struct, frozen=True):
    """A part of a config."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 80
    labels: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        if self.host == "nowhere":
            raise ValueError("this host\nis refused")
        if self.host == "silent":
            raise ValueError
        if self.host == "imitation":
            raise msgspec.ValidationError("imitation - at `$.a[...]`")
        if self.host == "bug":
            raise ZeroDivisionError


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """A part that allows no other key, mentions itself and holds no mapping."""

    a: int = 0
    next: Strict | None = None


class Box(Struct, Generic[T], frozen=True):
    """A generic part."""

    content: T


class Everything(Struct, frozen=True):
    """A config of everything that a schema can ask for."""

    text: str = ""
    number: int = 0
    ratio: float = 0.0
    flag: bool = False
    maybe: int | None = None
    log_level: Literal["debug", "info"] = "info"
    level: Level = Level.LOW
    level_or_none: Literal["a", None] = None
    short: Annotated[str, Meta(max_length=3)] = ""
    code: Annotated[str, Meta(pattern="^[a-z]*$")] = ""
    token: Secret | None = None
    tokens: Mapping[str, Secret] = {}
    day: date | None = None
    moment: datetime | None = None
    servers: tuple[Server, ...] = ()
    by_name: Mapping[str, Server] = {}
    nested: Mapping[str, Mapping[str, tuple[int, ...]]] = {}
    few: Annotated[Mapping[str, int], Meta(min_length=2)] | None = None
    by_level: Mapping[Literal["low", "high"], int] = {}
    names: frozenset[str] = frozenset()
    groups: Mapping[Level, frozenset[Level]] = {}
    bare: Mapping = {}
    pair: tuple[int, str] = (0, "")
    point: Point = Point(0)
    points: tuple[Point, ...] = ()
    output: File | Socket | None = None
    strict: Strict = Strict()
    renamed: int = msgspec.field(default=0, name="re.named[0]")
    box: Box[Mapping[str, int]] | None = None
    anything: Any = None
    child: Everything | None = None


@dataclass(frozen=True)
class Data:
    """A config as a dataclass."""

    message: str
    labels: Mapping[str, Any] = dataclass_field(default_factory=dict)


@attrs.frozen
class Attributes:
    """A config as an attrs class."""

    message: str = attrs.field()
    labels: Mapping[str, Any] = attrs.field(factory=dict)
    size: int = attrs.field(default=1, validator=attrs.validators.in_([1, 2]))

    @message.validator
    def _check(self, attribute: Any, value: str) -> None:
        if len(value) > 5:
            raise ValueError(f"'message' must not be long (got {value!r})", attribute)


class Outer:
    """Not a config, but the home of one."""

    number = 1

    class Inner(Struct, frozen=True):
        """A nested config."""


EVERYTHING = Schema(Everything)
PLAIN: Schema[Any] = Schema.load("")

# Marks every text, so that one that is quoted can be told.
_MARK = "\N{CURRENCY SIGN}"
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text().map(_MARK.__add__)
)
_TEXT_KEYS = st.text(max_size=5)


def _more(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=4) | _mappings(items)


def _mappings(items: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(_TEXT_KEYS, items, max_size=4)


_TREES = st.recursive(_SCALARS, _more, max_leaves=8)
_DOCUMENTS = _mappings(_TREES)
_LEAVES = _TREES | st.dates() | st.datetimes()

_quick = settings(max_examples=15, suppress_health_check=list(HealthCheck))


def _refusal(data: Mapping[str, Any], schema: Schema[Any] = EVERYTHING) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        schema.validate(data)
    return caught.value


def _round_trip(schema: Schema[T], data: Mapping[str, Any]) -> T:
    return schema.unpack(schema.pack(schema.validate(data)).payload)[1]


def _digest(data: Mapping[str, Any], schema: Schema[Any] = EVERYTHING) -> str:
    return schema.pack(schema.validate(data)).digest


def _assert_frozen(value: Any) -> None:
    assert not isinstance(value, (list, dict, set, bytearray))
    if isinstance(value, Mapping):
        assert type(value) is MappingProxyType
        for below in value.values():
            _assert_frozen(below)
    elif isinstance(value, (tuple, frozenset)):
        for below in value:
            _assert_frozen(below)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            _assert_frozen(getattr(value, name))


def test_validate_returns_the_typed_config() -> None:
    """Data that fits becomes an object of the class."""
    data = {"servers": [{"host": "a", "port": 1}], "log_level": "debug", "ratio": 1}
    config = EVERYTHING.validate(data)
    assert config.servers == (Server("a", 1),)
    assert config.log_level == "debug"
    assert type(config.ratio) is float


@pytest.mark.parametrize("class_", [Data, Attributes])
def test_validate_knows_other_kinds_of_classes(class_: type[Any]) -> None:
    """Dataclasses and attrs classes work as those of msgspec do, frozen deeply."""
    schema = Schema(class_)
    data = {"message": "hi", "labels": {"a": [{}]}, "x": 1}
    valid = schema.validate(data)
    assert valid == class_("hi", {"a": ({},)})
    assert schema.unknown_keys(data) == (("x",),)
    for config in (valid, _round_trip(schema, data)):
        _assert_frozen(config.labels)
        assert config == valid


def test_validate_leaves_the_data_as_it_is() -> None:
    """The data is neither changed nor part of the config."""
    data = {"anything": {"a": {"b": [{}]}}, "plain": [{"c": {}}]}
    before = json.dumps(data)
    for schema in (EVERYTHING, PLAIN):
        _assert_frozen(schema.validate(data))
    assert json.dumps(data) == before
    assert type(data["anything"]) is dict


def test_unknown_keys_are_named_at_every_depth() -> None:
    """Keys that the schema does not name are accepted, and told with their paths."""
    data = {
        "x": {"not visited": date(2030, 1, 2)},
        "servers": [{"host": "a"}, {"host": "b", "prot": 1}],
        "by_name": {"one": {"host": "a", "y": 1}},
        "pair": [1, "a"],
        "point": [1, 2],
        "names": ["a"],
        "output": {"kind": "file", "path": "p", "z": 1},
        "anything": {"q": {"r": 1}},
        "box": {"content": {"free": 1}},
        "child": {"child": {"w": 1}},
    }
    EVERYTHING.validate(data)
    assert set(EVERYTHING.unknown_keys(data)) == {
        ("x",),
        ("servers", 1, "prot"),
        ("by_name", "one", "y"),
        ("output", "z"),
        ("child", "child", "w"),
    }


def test_plain_mapping_takes_anything_and_knows_every_key() -> None:
    """Without a class any mapping is a config, and no key is unknown."""
    data = {"a": [1, {"b": None}], "c": 1.5}
    config = PLAIN.validate(data)
    assert config == {"a": (1, {"b": None}), "c": 1.5}
    assert PLAIN.unknown_keys(data) == ()
    _assert_frozen(config)


@pytest.mark.parametrize("day", [date(2030, 1, 2), "2030-01-02"])
def test_date_is_taken_where_the_schema_asks_for_it(day: Any) -> None:
    """A date is a date in YAML, and a text in JSON."""
    config = _round_trip(EVERYTHING, {"day": day})
    assert config.day == date(2030, 1, 2)


def test_datetime_is_taken_where_the_schema_asks_for_it() -> None:
    """A time with or without a zone comes back as the same moment."""
    for zone in (None, timezone.utc):
        moment = datetime(2030, 1, 2, 3, 4, tzinfo=zone)
        assert _round_trip(EVERYTHING, {"moment": moment}).moment == moment


_QUOTES = ": put it in quotes"


@pytest.mark.parametrize(
    ("data", "keys", "problem"),
    [
        ({"number": "1"}, ("number",), "expected a whole number, found text"),
        ({"number": True}, ("number",), "expected a whole number, found true or false"),
        ({"number": 1.5}, ("number",), "expected a whole number, found a decimal"),
        ({"ratio": "1.5"}, ("ratio",), "expected a number, found text"),
        ({"flag": 1}, ("flag",), "expected true or false, found a whole number"),
        ({"text": 1}, ("text",), f"expected text, found a whole number{_QUOTES}"),
        ({"text": True}, ("text",), f"expected text, found true or false{_QUOTES}"),
        ({"text": None}, ("text",), 'found nothing: an empty text is written ""'),
        ({"text": ["a"]}, ("text",), "expected text, found a list"),
        ({"text": date(2030, 1, 2)}, ("text",), f"found a date{_QUOTES}"),
        ({"text": datetime(2030, 1, 2)}, ("text",), f"found a date{_QUOTES}"),
        ({"number": date(2030, 1, 2)}, ("number",), "whole number, found a date"),
        ({"day": datetime(2030, 1, 2)}, ("day",), "found a date with a time"),
        ({"moment": date(2030, 1, 2)}, ("moment",), "or nothing, found a date"),
        ({"day": "soon"}, ("day",), "expected a date, as 2030-12-31"),
        ({"token": 1234}, ("token",), f"expected text, found a whole number{_QUOTES}"),
        ({"token": date(2030, 1, 2)}, ("token",), f"found a date{_QUOTES}"),
        ({"token": {"a": 1}}, ("token",), "expected text, found a mapping"),
        ({"tokens": {"a": "x", "b": None}}, ("tokens", "b"), "found nothing"),
        ({"maybe": "x"}, ("maybe",), "expected a whole number or nothing, found text"),
        ({"log_level": "x"}, ("log_level",), "must be one of 'debug', 'info'"),
        ({"level": "x"}, ("level",), "must be one of 'low', 'high'"),
        ({"level_or_none": "x"}, ("level_or_none",), "must be one of null, 'a'"),
        ({"short": "long"}, ("short",), "expected text of length <= 3"),
        ({"code": "A"}, ("code",), "expected text matching regex '^[a-z]*$'"),
        ({"ratio": 10**400}, ("ratio",), "expected a smaller number"),
        ({"pair": [1]}, ("pair",), "expected a list of length 2, found 1"),
        ({"pair": [1, 2]}, ("pair", 1), "expected text, found a whole number"),
        ({"points": [[1], ["a"]]}, ("points", 1, 0), "expected a whole number"),
        ({"names": [1]}, ("names", 0), "expected text, found a whole number"),
        ({"names": {"a": 1}}, ("names",), "expected a list, found a mapping"),
        ({"servers": [{"host": "a"}, {}]}, ("servers", 1, "host"), "key is missing"),
        ({"servers": [{"host": "a", "port": 0}]}, ("servers", 0, "port"), ">= 1"),
        ({"servers": [{"host": "nowhere"}]}, ("servers", 0), "with ValueError, whose"),
        ({"servers": [{"host": "silent"}]}, ("servers", 0), "the schema refuses this"),
        ({"output": {"kind": "x"}}, ("output", "kind"), "one of 'file', 'socket'"),
        ({"output": {"kind": ["x"]}}, ("output", "kind"), "expected text, found a"),
        ({"output": {}}, ("output", "kind"), "this required key is missing"),
        ({"output": {"kind": "file", "path": 1}}, ("output", "path"), "expected text"),
        ({"strict": {"b": 1}}, ("strict", "b"), "the schema does not allow this key"),
        ({"re.named[0]": "x"}, ("re.named[0]",), "expected a whole number"),
        ({"few": {"a": 1}}, ("few",), "expected a mapping of length >= 2"),
        ({"child": {"child": {"text": 1}}}, ("child", "child", "text"), "expected"),
        ({"strict.a": 1, "strict": {"a": "x"}}, ("strict", "a"), "expected a whole"),
        ({"by_level": {"low": 1, "x": 2}}, ("by_level", "x"), "one of 'high', 'low'"),
        ({"servers": [{"host": "imitation"}]}, (), "this does not fit the schema"),
        ([1], (), "expected a mapping, found a list"),
    ],
)
def test_validate_names_the_place_and_the_problem(
    data: dict[str, Any], keys: KeyPath, problem: str
) -> None:
    """What does not fit is refused with its exact key and a sentence for its author."""
    error = _refusal(data)
    assert error.keys == keys
    assert problem in error.problem


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ({"by_name": {"a": {"host": "h"}, "b": {}, "c": {}}}, ("by_name", "b", "host")),
        ({"by_name": {"a": {"host": "h"}, "b": 1}}, ("by_name", "b")),
        ({"by_name": {"a.b[0]": {"host": 1}}}, ("by_name", "a.b[0]", "host")),
        (
            {"by_name": {"a": {"host": "h", "labels": {"x": "", "y": 1, "z": 2}}}},
            ("by_name", "a", "labels", "y"),
        ),
        (
            {"nested": {"a": {"b": [1]}, "c": {"d": [1], "e": [2, "x"], "f": ["x"]}}},
            ("nested", "c", "e", 1),
        ),
        ({"few": {"a": 1, "b": 2, "c": "x"}}, ("few", "c")),
        ({"few": {"a": "x", "b": 2}}, ("few", "a")),
        ({"by_name": {"a": {"host": "nowhere"}}}, ("by_name", "a")),
        ({"tokens": {"a": 1, "b": 2}}, ("tokens", "a")),
        ({"child": {"nested": {"k": {"l": 1}}}}, ("child", "nested", "k", "l")),
        (
            {"nested": {str(n): {"k": [1] if n != 77 else [""]} for n in range(100)}},
            ("nested", "77", "k", 0),
        ),
    ],
)
def test_validate_names_the_key_in_a_mapping(
    data: dict[str, Any], keys: KeyPath
) -> None:
    """The first key that does not fit is named, also where msgspec writes dots."""
    assert _refusal(data).keys == keys


@pytest.mark.parametrize(
    "place", ["q", "a.q", "a[0]", "a[...]", "a[x]", "[...]", "[0]", "", "a"]
)
def test_validate_survives_a_key_that_is_written_as_a_place(place: str) -> None:
    """A key that imitates the notation of msgspec is refused like any other."""
    error = _refusal({"a": 1, f"x` - at `$.{place}": 1}, Schema(Strict))
    assert error.problem in (
        "the schema does not allow this key",
        "this does not fit the schema",
    )


def test_validate_passes_on_what_a_validator_says() -> None:
    """Its sentence is given, without other arguments and texts of the document."""
    schema = Schema(Attributes)
    error = _refusal({"message": "m", "size": 7}, schema)
    assert error.problem.startswith("'size' must be in [1, 2]")
    assert "Attribute(" not in error.problem
    error = _refusal({"message": "top secret\nline 2 must"}, schema)
    assert error.problem == "'message' must not be long (got '...')"
    error = _refusal({"message": "must not"}, schema)
    assert error.problem == "'message' ... be long (got '...')"


def test_traceback_of_a_refusal_quotes_no_value() -> None:
    """msgspec's own words, which quote the value, are not in the traceback either."""
    with pytest.raises(SchemaError) as caught:
        EVERYTHING.validate({"log_level": "".join(["hun", "ter"])})
    assert "hunter" not in "".join(traceback.format_exception(caught.value))


@_quick
@given(st.dictionaries(st.sampled_from(Everything.__struct_fields__), _LEAVES))
def test_validate_of_anything_succeeds_or_names_a_place(data: dict[str, Any]) -> None:
    """Whatever the data, it fits or a SchemaError says where not, quoting no text."""
    error = None
    try:
        _assert_frozen(EVERYTHING.validate(data))
    except SchemaError as refusal:
        error = refusal
    if error is not None:
        assert _MARK not in error.problem
        assert isinstance(reduce(getitem, error.keys[:-1], data), (dict, list))


@_quick
@given(_DOCUMENTS)
def test_plain_mapping_survives_packing(data: dict[str, Any]) -> None:
    """Any mapping comes back equal and frozen, with the digest it was packed with."""
    config = PLAIN.validate(data)
    packed = PLAIN.pack(config)
    digest, unpacked = PLAIN.unpack(packed.payload)
    assert digest == packed.digest
    assert unpacked == config
    _assert_frozen(unpacked)


def test_typed_config_survives_packing() -> None:
    """A config of every kind of type comes back equal and frozen."""
    data = {
        "token": "t",
        "tokens": {"a": "b"},
        "level": "high",
        "servers": [{"host": "a", "labels": {"x": "y"}}],
        "by_name": {"n": {"host": "b"}},
        "names": ["b", "a"],
        "points": [[1, 2], [3]],
        "groups": {"low": ["low", "high"], "high": []},
        "bare": {"a": {"b": []}},
        "point": [1, [{"a": [{}]}]],
        "output": {"kind": "socket", "port": 1},
        "box": {"content": {"a": 1}},
        "anything": [{"a": [{}]}, [[]]],
        "re.named[0]": 5,
        "child": {"anything": {"deep": [{}]}},
    }
    config = EVERYTHING.validate(data)
    assert _round_trip(EVERYTHING, data) == config
    _assert_frozen(config)
    _assert_frozen(_round_trip(EVERYTHING, data))


def test_config_without_mappings_survives_packing() -> None:
    """A class with nothing to freeze is decoded as it is."""
    data = {"a": 1, "next": {"a": 2}}
    assert _round_trip(Schema(Strict), data) == Strict(1, Strict(2))


def _shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shuffled(value[key]) for key in reversed(value)}
    return [_shuffled(v) for v in value] if isinstance(value, list) else value


@_quick
@given(_DOCUMENTS)
def test_digest_does_not_depend_on_the_order_of_keys(data: dict[str, Any]) -> None:
    """Keys in another order at any depth make the same bytes."""
    first, second = (PLAIN.validate(d) for d in (data, _shuffled(data)))
    assert PLAIN.pack(first) == PLAIN.pack(second)


@pytest.mark.parametrize(
    "data",
    [
        {"ratio": 1.0, "text": "a"},
        {"text": "a", "ratio": 1},
        {"ratio": 1, "text": "a", "number": 0, "strict": {"a": 0}},
        {"ratio": 1, "text": "a", "unknown": 1},
    ],
)
def test_digest_is_of_the_meaning(data: dict[str, Any]) -> None:
    """1 is 1.0 for a number, a default may be spelled out, a set has no order."""
    names = [f"name{n}" for n in range(50)]
    expected = _digest({"text": "a", "ratio": 1.0, "names": names})
    assert _digest({"names": names[::-1], **data}) == expected


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), (0, False), ("", None), ([], {}), (1, "1")]
)
def test_digest_tells_types_apart_in_a_plain_mapping(one: Any, other: Any) -> None:
    """Where no type is asked for, values of different types are different."""
    assert _digest({"a": one}, PLAIN) != _digest({"a": other}, PLAIN)


def test_digest_is_known_beforehand() -> None:
    """The digest is the SHA-256 of the canonical MessagePack, fixed for all time."""
    packed = PLAIN.pack(PLAIN.validate({"b": 1, "a": "x"}))
    assert packed.payload[32:] == b"\x82\xa1a\xa1x\xa1b\x01"
    assert packed.digest == f"sha256:{packed.payload[:32].hex()}"
    assert packed.digest == (
        "sha256:31c26894687c0ab549326feaef0ae18ec279a61de464bc75994921706d6e95f0"
    )


@pytest.mark.parametrize(
    ("data", "keys", "problem"),
    [
        ({"number": 2**64}, ("number",), "64 bits at most"),
        ({"child": {"number": -(2**63) - 1}}, ("child", "number"), "64 bits at most"),
        ({"anything": {"a": [1, 2**70]}}, ("anything", "a", 1), "64 bits at most"),
        ({"text": "\ud800"}, ("text",), "surrogate"),
        ({"token": "\ud800"}, ("token",), "surrogate"),
        ({"anything": {"\ud800": 1}}, ("anything", "\ud800"), "surrogate"),
        ({"anything": {1: 2}}, ("anything",), "a config cannot hold this"),
        ({"anything": object()}, ("anything",), "a config cannot hold this"),
    ],
)
def test_pack_refuses_what_a_payload_cannot_hold(
    data: dict[str, Any], keys: KeyPath, problem: str
) -> None:
    """A value that has no canonical bytes is refused with its key."""
    config = EVERYTHING.validate(data)
    with pytest.raises(SchemaError) as caught:
        EVERYTHING.pack(config)
    assert caught.value.keys == keys
    assert problem in caught.value.problem


_GOOD = EVERYTHING.pack(EVERYTHING.validate({"text": "abc"})).payload


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        _GOOD[:31],
        _GOOD[:32],
        _GOOD[:-1],
        _GOOD + b"\x00",
        bytes(32) + b"\xc0",
        bytes(32) + b"\x91" * 100_000,
        bytes(32) + b"\xdf\xff\xff\xff\xff",
        bytes(32) + b"\x81\xa8anything\xd4\x05\x00",
        bytes(32) + b"\x81\xa5token\x01",
        bytes(32) + b"\x81\xa4text\xa1\xff",
        bytes(32) + b"\x81\xa6number\xa1x",
    ],
)
def test_unpack_refuses_bytes_that_are_no_config(payload: bytes) -> None:
    """Damaged, cut, overlong and hostile bytes are all the same error."""
    with pytest.raises(CorruptRecordError, match=r"no config of .*:Everything"):
        EVERYTHING.unpack(payload)


@_quick
@given(st.binary(max_size=80))
def test_unpack_of_any_bytes_fails_in_one_way(encoded: bytes) -> None:
    """Whatever the bytes, they are a frozen config or a CorruptRecordError."""
    for schema in (EVERYTHING, PLAIN):
        try:
            _, config = schema.unpack(bytes(32) + encoded)
        except CorruptRecordError:
            continue
        _assert_frozen(config)


def test_masked_is_plain_data() -> None:
    """It is made of dicts, sorted lists, texts and numbers alone."""
    names = [f"name{n}" for n in range(50)]
    data = {"day": date(2030, 1, 2), "anything": {"a": [1]}, "names": names[::-1]}
    config = EVERYTHING.validate(data)
    masked = EVERYTHING.masked(config)
    assert masked["anything"] == {"a": [1]}
    assert masked["names"] == sorted(names)
    assert masked["day"] == "2030-01-02"
    assert masked["re.named[0]"] == 0


def test_json_schema_describes_the_class() -> None:
    """The JSON Schema names the keys of a class; without one, any object fits."""
    schema = EVERYTHING.json_schema()
    properties = schema["$defs"]["Everything"]["properties"]
    assert properties["log_level"]["enum"] == ["debug", "info"]
    assert "re.named[0]" in properties
    json.dumps(schema)
    dialect = "https://json-schema.org/draft/2020-12/schema"
    assert PLAIN.json_schema() == {"$schema": dialect, "type": "object"}


def _payload(config: dict[str, Any]) -> bytes:
    encoder = msgspec.msgpack.Encoder(enc_hook=Secret.reveal, order="sorted")
    return bytes(32) + encoder.encode(config)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ({"a": 1}, {"a": 1}, ()),
        ({"b": 1, "a": 2}, {"b": 2, "a": 1}, (("a",), ("b",))),
        ({"a": 1}, {"b": 1}, (("a",), ("b",))),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, (("a", "c"),)),
        ({"a": {"b": 1}}, {"a": {}}, (("a", "b"),)),
        ({"a": {"b": 1}}, {}, (("a",),)),
        ({}, {"a": {"b": 1}}, (("a",),)),
        ({"a": {"b": 1}}, {"a": [1]}, (("a",),)),
        ({"a": [1, {"x": 1}]}, {"a": [1, {"x": 2}]}, (("a",),)),
        ({"a": 1}, {"a": True}, (("a",),)),
        ({"a": 1}, {"a": 1.0}, (("a",),)),
        ({"a": [0]}, {"a": [False]}, (("a",),)),
        ({"a": None}, {}, (("a",),)),
        ({"a": math.nan}, {"a": math.nan}, ()),
        ({"a": Secret("x")}, {"a": Secret("y")}, (("a",),)),
        ({"a": Secret("x")}, {"a": Secret("x")}, ()),
        ({"a": date(2030, 1, 2)}, {"a": date(2030, 1, 3)}, (("a",),)),
    ],
)
def test_changed_key_paths_names_what_differs(
    old: dict[str, Any], new: dict[str, Any], changed: tuple[KeyPath, ...]
) -> None:
    """Keys that were changed, added or removed are named, sorted, by type and value."""
    assert changed_key_paths(*map(_payload, (old, new))) == changed


_SMALL = st.dictionaries(
    st.sampled_from("ab"),
    st.sampled_from([0, False, 0.0, -0.0, {}, {"a": 1}, {"a": 1.0}, [1], [True]]),
)


@_quick
@given(_SMALL, _SMALL)
def test_changed_key_paths_agrees_with_the_digest(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    """Some key is named if and only if the digest is another."""
    one, other = (PLAIN.pack(PLAIN.validate(config)) for config in (old, new))
    has_changed = one.digest != other.digest
    assert bool(changed_key_paths(one.payload, other.payload)) is has_changed


class Changeable(Struct):
    """A class that is not frozen."""

    a: int = 0


@dataclass
class ChangeableData:
    """A dataclass that is not frozen."""

    a: int = 0


@attrs.define
class ChangeableAttributes:
    """An attrs class that is not frozen."""

    a: int = 0


def _struct(annotation: Any, **options: bool) -> type[Struct]:
    return msgspec.defstruct("Made", [("a", annotation)], frozen=True, **options)


@pytest.mark.parametrize(
    ("class_", "problem"),
    [
        (Changeable, "Changeable can be changed: declare it with frozen=True"),
        (ChangeableData, "declare it with frozen=True"),
        (ChangeableAttributes, "declare it with frozen=True"),
        (_struct(tuple[Changeable, ...]), "Made.a: Changeable can be changed"),
        (_struct(list[int]), r"Made.a: a list .*: annotate tuple\[X, ...\]"),
        (_struct(set[str]), r"Made.a: a set .*: annotate frozenset\[X\]"),
        (_struct(tuple[dict[str, int] | None, ...]), r"a dict .* Mapping\[str, X\]"),
        (_struct(NewType("Counts", dict[str, int])), "Made.a: a dict can be changed"),
        (_struct(frozenset[int | str]), "a frozenset holds texts or numbers"),
        (_struct(Mapping[int, str]), "the keys of a mapping are text"),
        (_struct(Mapping[Any, int]), "the keys of a mapping are text"),
        (_struct(Outer), "Made.a: a config file cannot hold a Outer"),
        (_struct(int, array_like=True), "array_like=True"),
        (_struct(int, omit_defaults=True), "omit_defaults=True"),
        (_struct(tuple[int, ...] | frozenset[int]), "TypeError: Type unions may not"),
        (_struct("Nowhere"), "NameError: name 'Nowhere' is not defined"),
        (Outer, "no class of msgspec, dataclasses or attrs"),
        (int, "no class of msgspec, dataclasses or attrs"),
        (dict, "no class of msgspec, dataclasses or attrs"),
        (Point, "no class of msgspec, dataclasses or attrs"),
        (Level, "no class of msgspec, dataclasses or attrs"),
    ],
)
def test_class_that_cannot_be_a_schema_is_refused(
    class_: type[Any], problem: str
) -> None:
    """A class that can be changed, or that no file can hold, is refused in one line."""
    with pytest.raises(StartupError, match=problem) as caught:
        Schema(class_)
    assert class_.__qualname__ in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["Everything", "Outer.Inner", "Data", "Attributes"])
def test_load_imports_the_class(path: str) -> None:
    """module:Class names a class, also one inside another."""
    assert Schema.load(f"{__name__}:{path}").name == f"{__name__}:{path}"


def test_load_of_nothing_is_the_plain_mapping() -> None:
    """Without a name any mapping is a config."""
    assert PLAIN.name == ""
    assert _round_trip(PLAIN, {"a": [1]}) == {"a": (1,)}


@pytest.mark.parametrize(
    "name", ["x", "x:", ":X", "x:X:Y", "x:X.", ".x:X", "x y:X", "a/b.py:X", "x:1"]
)
def test_load_of_a_malformed_name_is_refused(name: str) -> None:
    """What is not written as module:Class is refused before any import."""
    with pytest.raises(StartupError, match="not written as module:Class"):
        Schema.load(name)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("Nothing", "AttributeError: .* has no attribute 'Nothing'"),
        ("Outer.Nothing", "AttributeError: .* has no attribute 'Nothing'"),
        ("Outer.number", "is not a class"),
        ("test_load_of_nothing_is_the_plain_mapping", "is not a class"),
        ("Changeable", "declare it with frozen=True"),
    ],
)
def test_load_of_what_is_no_schema_is_refused(path: str, problem: str) -> None:
    """A name that leads nowhere, or to what is no frozen class, says so."""
    with pytest.raises(StartupError, match=problem):
        Schema.load(f"{__name__}:{path}")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("raise KeyError('key')", "KeyError: 'key'"),
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere"),
        ("1 +", "SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    ],
)
def test_load_of_a_module_that_fails_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, problem: str
) -> None:
    """Whatever an import raises becomes one sentence that names it."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken_schema.py").write_text(source)
    with pytest.raises(StartupError, match=problem) as caught:
        Schema.load("broken_schema:Config")
    assert "broken_schema:Config" in str(caught.value)
    assert "\n" not in str(caught.value)
