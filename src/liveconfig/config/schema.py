"""
Plain data to a typed, frozen config, and back to bytes.

Owns: validation, the payload and its digest, masking, the JSON Schema, what changed.
Must not know: YAML, files, the record, processes.
Runs in: the publisher, every worker and the CLI.

A payload is the 32 bytes of a SHA-256 sum and the canonical MessagePack of the config
that it sums up: keys and sets sorted, defaults spelled out, secrets in clear.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import reduce
from hashlib import sha256
from importlib import import_module
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from liveconfig.config.changes import Change, changed, cut, part
from liveconfig.config.explain import explain, misplaced
from liveconfig.config.marks import NEEDS_RESTART, key_names, touches_mark
from liveconfig.config.secret import MASK, Secret
from liveconfig.config.shape import PLAIN_MAPPING, Shape
from liveconfig.errors import (
    CorruptRecordError,
    KeyPath,
    LiveconfigError,
    StartupError,
    format_key_path,
)

__all__ = [
    "MASK",
    "NEEDS_RESTART",
    "Change",
    "Packed",
    "Schema",
    "SchemaError",
    "Secret",
    "changed_key_paths",
]

T = TypeVar("T")

_SUM_BYTES = 32

_look = threading.Lock()

_UNPACKABLE: Mapping[type[Exception], str] = {
    OverflowError: "this number is too large: a whole number has 64 bits at most",
    UnicodeEncodeError: "this text holds half of a surrogate pair: it is no Unicode",
}


class SchemaError(LiveconfigError):
    """
    The data does not fit the schema; nothing was made of it.

    Attributes:
        keys: where, as far as it is known.
        problem: what is wrong and what to do, without any text of the data.
    """

    def __init__(self, keys: KeyPath, problem: str) -> None:
        super().__init__(keys, problem)
        self.keys = keys
        self.problem = problem

    def _sentence(self) -> str:
        key = format_key_path(self.keys)
        return f"{key}: {self.problem}" if key else self.problem


class Packed(Struct, frozen=True):
    """
    A config as bytes.

    Attributes:
        digest: `sha256:` and 64 hexadecimal digits, equal for equal configs.
        payload: what `Schema.unpack` takes; it holds the secrets in clear.
    """

    digest: str
    payload: bytes

    def __repr__(self) -> str:
        # For whatever records the local variables of a traceback.
        return f"{type(self).__name__}({self.digest})"


class Schema(Generic[T]):
    """
    What a config must look like: a class, or a plain mapping of anything.

    Attributes:
        name: `module:Class`, "" for the plain mapping.
        key_names: the names of its keys, which is what may be shown of them.
        has_marks: whether there is a key of which a change needs a restart.
    """

    def __init__(self, type_: type[T]) -> None:
        """
        Take the schema from a frozen class of msgspec, dataclasses or attrs.

        Raises:
            StartupError: the class can be changed, or a file cannot hold it.
        """
        is_plain = type_ is PLAIN_MAPPING
        self.name = "" if is_plain else f"{type_.__module__}:{type_.__qualname__}"
        self._type = type_
        try:
            self._shape = Shape(type_)
            # Two threads that look into a class at once, each for the first time, make
            # msgspec crash. Nothing in here waits, so the lock is held for a moment.
            with _look:
                # The hook for extensions refuses them: they are never text.
                self._decoder = msgspec.msgpack.Decoder(
                    type_, dec_hook=_to_secret, ext_hook=_to_secret
                )
        except StartupError as error:
            raise StartupError(f"the schema {self.name} cannot be used: {error}")
        except Exception as error:
            raise StartupError(
                f"the schema {self.name} cannot be used: {_one_line(error)}"
            ) from error
        self.key_names = key_names(self._shape.root)
        self.has_marks = touches_mark(self._shape.root, ())

    @classmethod
    def load(cls, name: str) -> Schema[Any]:
        """
        Return the schema that `module:Class` names, for "" that of a plain mapping.

        Raises:
            StartupError: nothing that can be used has that name.
        """
        if not name:
            return Schema(PLAIN_MAPPING)
        module_name, _, path = name.partition(":")
        if not all(part.isidentifier() for part in f"{module_name}.{path}".split(".")):
            raise StartupError(f"the schema {name!r} is not written as module:Class")
        try:
            found = reduce(getattr, path.split("."), import_module(module_name))
        except (Exception, SystemExit) as error:
            raise StartupError(
                f"the schema {name} cannot be imported: {_one_line(error)}"
            ) from error
        if not isinstance(found, type):
            raise StartupError(f"the schema {name} is not a class")
        return Schema(found)

    def validate(self, data: Mapping[str, Any]) -> T:
        """
        Return the config that `data` stands for, immutable at every depth.

        Args:
            data: it is left as it is.

        Raises:
            SchemaError: the data does not fit; names the first place that does not.
        """
        try:
            # A copy, as msgspec hands untyped parts through, and they get frozen.
            config = self._convert(_copied(data))
        except msgspec.ValidationError as error:
            keys, problem = explain(error, data, self._convert, self._shape.choices)
            # msgspec quotes values, which must not get into a traceback either.
            raise SchemaError(keys, problem) from None
        stray = self._shape.stray_date(data)
        if stray is not None:
            raise SchemaError(stray, "found a date: put it in quotes")
        return self._freeze(config)

    def unknown_keys(self, data: Mapping[str, Any]) -> tuple[KeyPath, ...]:
        """Return where valid `data` has keys that the schema does not name."""
        return self._shape.unknown_keys(data)

    def pack(self, config: T) -> Packed:
        """
        Return the payload of `config`, and its digest.

        Raises:
            SchemaError: it holds what a payload cannot, as a number beyond 64 bits.
        """
        try:
            encoded = _ENCODER.encode(config)
        except TypeError as error:
            raise SchemaError((), f"a config cannot hold this: {error}")
        except (OverflowError, UnicodeEncodeError) as error:
            raise self._unpackable(config, error) from None
        digest = sha256(encoded).digest()
        return Packed(_digest_text(digest), digest + encoded)

    def unpack(self, payload: bytes) -> tuple[str, T]:
        """
        Return the digest and the config, immutable at every depth, of a payload.

        Raises:
            CorruptRecordError: these bytes are no config of this schema.
        """
        digest, encoded = payload[:_SUM_BYTES], payload[_SUM_BYTES:]
        try:
            config: T = self._freeze(self._decoder.decode(encoded))
        # Also whatever the application's classes raise when they are made.
        except Exception as error:
            raise CorruptRecordError(
                f"the record holds no config of {self.name or 'a plain mapping'}"
            ) from error
        return _digest_text(digest), config

    def masked(self, config: T) -> Any:
        """Return `config` as plain data that JSON can hold, secrets as `MASK`."""
        return _copied(msgspec.to_builtins(config, enc_hook=_masked, order="sorted"))

    def needs_restart(self, keys: KeyPath) -> bool:
        """
        Tell whether a change touches what a running process cannot apply.

        Args:
            keys: the place, as `changed_key_paths` names it.
        """
        return self.has_marks and touches_mark(self._shape.root, keys)

    def changes(
        self, old: T, new: T, places: Sequence[KeyPath], characters_max: int = 200
    ) -> tuple[Change, ...]:
        """
        Return the values before and after at some places, secrets masked.

        It costs what the values there cost, however large the configs are.

        Args:
            old: the config before.
            new: the config since then.
            places: where they differ, as `changed_key_paths` names it.
            characters_max: where a value is cut, at least 2.
        """
        return tuple(self._change(old, new, keys, characters_max) for keys in places)

    def _change(self, old: T, new: T, keys: KeyPath, characters_max: int) -> Change:
        texts = self._text(part(old, keys)), self._text(part(new, keys))
        key = format_key_path(self.key_names.of_config(keys))
        return Change(key, *cut(*texts, characters_max))

    def _text(self, value: Any) -> str | None:
        if value is msgspec.UNSET:
            return None
        text = json.dumps(self.masked(value), ensure_ascii=False, separators=(",", ":"))
        # What a terminal would not show as it is, is no less JSON as an escape.
        return text if text.isprintable() else "".join(map(_printable, text))

    def json_schema(self) -> dict[str, Any]:
        """
        Return the JSON Schema (2020-12) of the class.

        Raises:
            StartupError: JSON cannot hold a default.
        """
        try:
            return msgspec.json.schema(
                self._type,
                schema_hook=lambda _: {"type": "string", "writeOnly": True},
            )
        except TypeError as error:
            raise StartupError(
                f"the schema {self.name} has a default that JSON cannot hold, "
                f"make it a default_factory: {_one_line(error)}"
            ) from error

    def _convert(self, data: Any) -> T:
        return msgspec.convert(data, self._type, dec_hook=_to_secret)

    def _freeze(self, config: T) -> T:
        freeze = self._shape.freeze
        return config if freeze is None else freeze(config)

    def _unpackable(self, config: T, error: Exception) -> SchemaError:
        plain = msgspec.to_builtins(
            config, builtin_types=(date, datetime), enc_hook=_in_clear
        )
        leaves = _leaves((), _copied(plain))
        keys = next(keys for keys, leaf in leaves if not _can_pack(leaf))
        return SchemaError(keys, _UNPACKABLE[type(error)])


def changed_key_paths(old: bytes, new: bytes) -> tuple[KeyPath, ...]:
    """
    Return where the configs of two payloads differ; sorted.

    There is such a place if and only if their digests differ. A list counts as a
    whole, as does a mapping that is new or gone.
    """
    views = memoryview(old)[_SUM_BYTES:], memoryview(new)[_SUM_BYTES:]
    return tuple(sorted(changed((), *views)))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(below) for below in value]
    return value


def _leaves(keys: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*keys, key), key
            yield from _leaves((*keys, key), below)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _leaves((*keys, index), below)
    else:
        yield keys, value


def _can_pack(leaf: Any) -> bool:
    try:
        _ENCODER.encode(leaf)
    except (OverflowError, UnicodeEncodeError):
        return False
    return True


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _digest_text(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


# Hooks of msgspec, for what it does not know.


def _to_secret(_: object, value: object) -> Secret:
    if not isinstance(value, str):
        raise TypeError(misplaced("str", type(value).__name__))
    return Secret(value)


def _in_clear(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not plain data")


def _masked(value: object) -> object:
    return MASK if isinstance(value, Secret) else _in_clear(value)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_in_clear, order="sorted")


def _renew_in_child() -> None:
    global _look
    # Whoever held it when the parent forked is not in the child.
    _look = threading.Lock()


os.register_at_fork(after_in_child=_renew_in_child)
