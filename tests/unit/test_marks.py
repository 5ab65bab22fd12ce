"""What the types say about the keys: which need a restart, which hold secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import attrs
import msgspec
import pytest
from msgspec import Meta, Struct

import liveconfig
from liveconfig.errors import KeyPath
from liveconfig.masking.names import ANY_NAMES
from liveconfig.schema.schema import NEEDS_RESTART, Schema, SchemaError, Secret

Titled = Meta(title="a title", description="a text", examples=[1])


class Limits(Struct, frozen=True, rename="camel"):
    """A part with a marked key that has another name in a document."""

    max_size: Annotated[int, NEEDS_RESTART] = 4
    burst_size: Annotated[int, Meta(ge=1)] = 1
    next: Limits | None = None


class Pool(Struct, frozen=True):
    """A part without a mark."""

    size: int = 1
    names: Mapping[str, int] = {}


class File(Struct, frozen=True, tag_field="kind", tag="file"):
    """One of two tagged classes, with a mark."""

    path: Annotated[str, NEEDS_RESTART] = ""
    mode: int = 0


class Socket(Struct, frozen=True, tag_field="kind", tag="socket"):
    """The other of two tagged classes."""

    port: int = 0
    mode: int = 0


class Pair(NamedTuple):
    """A list of a number and a marked one."""

    a: int
    b: Annotated[int, NEEDS_RESTART]


class Config(Struct, frozen=True):
    """A config with marks in many places."""

    plain: int = 0
    workers: Annotated[int, Meta(ge=1), NEEDS_RESTART, Titled] = 4
    maybe: Annotated[int, NEEDS_RESTART] | None = None
    pool: Annotated[Pool, NEEDS_RESTART] = Pool()
    other_pool: Pool = Pool()
    pool_or_none: Annotated[Pool | None, NEEDS_RESTART] = None
    limits: Limits = Limits()
    limits_or_none: Limits | None = None
    by_name: Mapping[str, Limits] = {}
    by_names: Mapping[str, Mapping[str, Annotated[int, NEEDS_RESTART]]] = {}
    several: tuple[Limits, ...] = ()
    pair: Pair = Pair(0, 0)
    output: File | Socket = Socket()
    anything: Any = None
    marked_mapping: Annotated[Mapping[str, int], NEEDS_RESTART] = {}


CONFIG = Schema(Config)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("plain",), False),
        (("workers",), True),
        (("maybe",), True),
        (("pool",), True),
        (("pool", "size"), True),
        (("pool", "names", "x"), True),
        (("other_pool",), False),
        (("other_pool", "size"), False),
        (("pool_or_none",), True),
        (("pool_or_none", "size"), True),
        (("limits",), True),
        (("limits", "maxSize"), True),
        (("limits", "max_size"), False),
        (("limits", "burstSize"), False),
        (("limits", "next"), True),
        (("limits", "next", "next", "burstSize"), False),
        (("limits_or_none",), True),
        (("limits_or_none", "maxSize"), True),
        (("limits_or_none", "burstSize"), False),
        (("by_name",), True),
        (("by_name", "any"), True),
        (("by_name", "any", "maxSize"), True),
        (("by_name", "any", "burstSize"), False),
        (("by_names", "a", "b"), True),
        (("several",), True),
        (("pair",), True),
        (("output",), True),
        (("output", "kind"), True),
        (("output", "path"), True),
        (("output", "port"), False),
        (("output", "mode"), False),
        (("anything", "a"), False),
        (("marked_mapping", "a"), True),
        (("nowhere",), False),
        (("plain", "below"), False),
        ((), True),
    ],
)
def test_needs_restart_tells_whether_a_mark_is_touched(
    keys: KeyPath, expected: bool
) -> None:
    """The marked key is the one there, one on the way to it, or one below."""
    assert CONFIG.needs_restart(keys) is expected


@dataclass(frozen=True)
class Data:
    """A dataclass with a mark."""

    a: Annotated[int, NEEDS_RESTART] = 1
    b: int = 1


@attrs.frozen
class Attributes:
    """An attrs class with a mark."""

    a: Annotated[int, NEEDS_RESTART] = 1
    b: int = 1


@pytest.mark.parametrize("class_", [Data, Attributes])
def test_mark_works_in_other_kinds_of_classes(class_: type[Any]) -> None:
    """Dataclasses and attrs classes are marked as those of msgspec are."""
    schema = Schema(class_)
    assert [schema.needs_restart((key,)) for key in "ab"] == [True, False]
    assert schema.validate({"a": 2}) == class_(2)


def test_plain_mapping_needs_no_restart() -> None:
    """Without a class nothing is marked."""
    schema = Schema.load("")
    assert not schema.needs_restart(())
    assert not schema.needs_restart(("a", "b"))


def test_mark_is_public_and_shown_in_the_json_schema() -> None:
    """An editor that reads the JSON Schema can tell which keys need a restart."""
    assert liveconfig.NEEDS_RESTART is NEEDS_RESTART
    found = CONFIG.json_schema()["$defs"]["Config"]["properties"]
    assert found["workers"]["x-needs-restart"] is True
    assert found["workers"]["title"] == "a title"
    assert "x-needs-restart" not in found["plain"]


class Annotations(Struct, frozen=True):
    """A config of every kind of type, each annotated with more than a constraint."""

    number: Annotated[int, Meta(ge=1), Titled] = 1
    level: Annotated[Literal["low", "high"], Titled] = "low"
    by_level: Annotated[Mapping[Annotated[Literal["a", "b"], Titled], int], Titled] = {}
    names: Annotated[frozenset[Annotated[str, Titled]], Titled] = frozenset()
    keyed: Mapping[Annotated[str, Titled], Annotated[Pool, Titled]] = {}
    output: Annotated[File | Socket, Titled] = Socket()
    optional: Annotated[Pool, Titled] | None = None
    union: Annotated[int | Literal["x"], Titled] | None = None
    pools: tuple[Annotated[Pool, Titled], ...] = ()
    pair: tuple[Annotated[int, Titled], Annotated[Pool, Titled]] = (0, Pool())
    anything: Annotated[Any, Titled] = None
    token: Annotated[Secret, Titled] | None = None
    renamed: Annotated[int, Meta(extra_json_schema={"x": 1}, extra={"y": 2})] = 0


ANNOTATIONS = Schema(Annotations)


@pytest.mark.parametrize(
    ("data", "keys", "problem"),
    [
        ({"number": 0}, ("number",), ">= 1"),
        ({"level": "x"}, ("level",), "must be one of 'high', 'low'"),
        ({"by_level": {"x": 1}}, ("by_level", "x"), "must be one of 'a', 'b'"),
        ({"output": {"kind": "x"}}, ("output", "kind"), "one of 'file', 'socket'"),
        ({"union": "y"}, ("union",), "must be one of 'x', null"),
        ({"keyed": {"a": {"size": "x"}}}, ("keyed", "a", "size"), "expected a whole"),
        ({"token": 1}, ("token",), "put it in quotes"),
    ],
)
def test_annotated_type_is_explained_like_any_other(
    data: dict[str, Any], keys: KeyPath, problem: str
) -> None:
    """A title or a mark hides nothing of a type from whoever explains a refusal."""
    with pytest.raises(SchemaError) as caught:
        ANNOTATIONS.validate(data)
    assert caught.value.keys == keys
    assert problem in caught.value.problem


def test_annotated_types_are_followed() -> None:
    """Unknown keys are found, and mappings frozen, below what is annotated."""
    pool = {"names": {"a": 1}, "x": 1}
    data = {
        "keyed": {"k": pool},
        "output": {"kind": "file", "port": 1},
        "optional": pool,
        "pools": [pool],
        "pair": [1, pool],
        "anything": {"free": {"a": 1}},
        "by_level": {"a": 1},
    }
    config = ANNOTATIONS.validate(data)
    assert set(ANNOTATIONS.unknown_keys(data)) == {
        ("keyed", "k", "x"),
        ("output", "port"),
        ("optional", "x"),
        ("pools", 0, "x"),
        ("pair", 1, "x"),
    }
    hash_of_all = (config.anything["free"], config.by_level)
    for mapping in hash_of_all:
        with pytest.raises(TypeError):
            mapping["b"] = 1
    packed = ANNOTATIONS.pack(config)
    assert ANNOTATIONS.unpack(packed.payload) == (packed.digest, config)


class Login(Struct, frozen=True, rename="camel"):
    """A part with a secret."""

    user_name: str = ""
    pass_word: Annotated[Secret, NEEDS_RESTART] | None = None
    shared: str = ""


class Key(NamedTuple):
    """A list of a text and a secret."""

    name: str
    key: Secret


class Tagged(Struct, frozen=True, tag_field="kind"):
    """A tagged class without a secret."""

    a: int = 0


class Secretive(Struct, frozen=True):
    """A config with secrets in many places."""

    message: str = ""
    login: Login = Login()
    logins: Mapping[str, tuple[Login, ...]] = {}
    tokens: Mapping[str, Mapping[str, Secret]] = {}
    keys: tuple[Key, ...] = ()
    either: tuple[Secret, ...] | Tagged | None = None
    shared: Secret | None = None
    same: Secretive | None = None
    tagged: Tagged = Tagged()


def test_key_names_are_those_of_the_classes() -> None:
    """Names in a document, and tags, are known; free keys of mappings are not."""
    names = Schema(Secretive).key_names
    assert names.own == {
        "message",
        "login",
        "logins",
        "tokens",
        "keys",
        "either",
        "shared",
        "same",
        "tagged",
        "userName",
        "passWord",
        "kind",
        "a",
    }
    assert names.secrecy
    assert not Schema(Pool).key_names.secrecy
    assert Schema.load("").key_names == ANY_NAMES
    assert {"a", "b"} < ANNOTATIONS.key_names.own


def _secrecy(annotation: Any) -> str:
    part = msgspec.defstruct("Part", [("a", annotation)], frozen=True)
    whole = msgspec.defstruct("Whole", [("part", part), ("b", str)], frozen=True)
    return Schema(whole).key_names.secrecy


@pytest.mark.parametrize(
    "annotation",
    [
        Secret,
        Secret | None,
        Mapping[str, Secret],
        tuple[Secret, ...],
        Annotated[Secret, Titled],
        Key,
    ],
)
def test_secrecy_is_another_one_where_other_keys_are_secret(annotation: Any) -> None:
    """A key that becomes a secret, in whatever way, changes it; a restart does not."""
    assert _secrecy(annotation) == _secrecy(annotation)
    assert len({_secrecy(str), _secrecy(annotation), _secrecy(Login)}) == 3


def test_secrecy_tells_which_of_two_keys_is_secret() -> None:
    """It is not the number of secrets that counts."""
    found = set()
    for types in ((Secret, str), (str, Secret)):
        fields = list(zip("ab", types, strict=True))
        class_ = msgspec.defstruct("Two", fields, frozen=True)
        found.add(Schema(class_).key_names.secrecy)
    assert len(found) == 2
