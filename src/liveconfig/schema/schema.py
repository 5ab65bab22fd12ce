"""
Plain data to a typed, frozen config, and back to bytes.

Owns: validation, what a payload comes back as, masking, the JSON Schema.
Must not know: YAML, files, the record, processes.
Runs in: the publisher, every worker and the CLI.

Code of the class runs wherever its objects are made. What it raises is a refusal of the
config like any other; and as the workers make their objects from the payload, no config
leaves `pack` that did not come back from its payload as what it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import reduce
from importlib import import_module
from operator import getitem
from typing import Any, Generic, TypeVar

import msgspec

from liveconfig.errors import (
    CUT,
    CorruptRecordError,
    KeyPath,
    LiveconfigError,
    StartupError,
    UnfitConfigError,
    format_key_path,
)
from liveconfig.masking.secret import MASK, Secret
from liveconfig.schema.changes import Change, cut, part
from liveconfig.schema.codec import (
    Codec,
    copied,
    decoded_data,
    fails,
    masked_data,
)
from liveconfig.schema.explain import RAISED, explain, place_of_failure, raised
from liveconfig.schema.identity import identity
from liveconfig.schema.json_schema import json_schema
from liveconfig.schema.marks import NEEDS_RESTART, key_names, touches_mark
from liveconfig.schema.outline import Outline, Outliner
from liveconfig.schema.payload import (
    Packed,
    changed_key_paths,
    is_whole,
    opened,
    sealed,
)
from liveconfig.schema.shape import PLAIN_MAPPING, Shape

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

_UNPACKABLE: Mapping[type[Exception], str] = {
    OverflowError: "this number is too large: a whole number has 64 bits at most",
    TypeError: "a config cannot hold this",
    UnicodeEncodeError: "this text holds half of a surrogate pair: it is no Unicode",
}

_OWN = "a worker would refuse what the class puts here by itself: "
_CHANGED = (
    "a worker would get another value here: the class has a default of another type, "
    "or changes what it is given each time that it is made"
)


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


class Schema(Generic[T]):
    """
    What a config must look like: a class, or a plain mapping of anything.

    Attributes:
        name: `module:Class`, "" for the plain mapping.
        key_names: the names of its keys, which is what may be shown of them.
        has_marks: whether there is a key of which a change needs a restart.
        identity: 16 hexadecimal digits, others for another class of the same name.
    """

    def __init__(self, type_: type[T]) -> None:
        """
        Take the schema from a frozen class of msgspec, dataclasses or attrs.

        Raises:
            StartupError: the class can be changed, or a file cannot hold it.
        """
        is_plain = type_ is PLAIN_MAPPING
        self.name = "" if is_plain else f"{type_.__module__}:{type_.__qualname__}"
        try:
            self._shape = Shape(type_)
            self._codec = Codec(type_, self._shape)
        except StartupError as error:
            raise StartupError(f"the schema {self.name} cannot be used: {error}")
        except Exception as error:
            raise StartupError(
                f"the schema {self.name} cannot be used: {_one_line(error)}"
            ) from error
        self.key_names = key_names(self._shape.root)
        self.has_marks = touches_mark(self._shape.root, ())
        self.identity = identity(self._shape.root)

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

        A date where anything is taken is text, in ISO 8601: nobody asked for a date,
        and neither JSON nor another process would keep it one.

        Args:
            data: it is left as it is.

        Raises:
            SchemaError: the data does not fit; names the first place that does not.
        """
        # A copy, as msgspec hands untyped parts through, and they get frozen.
        copy: Any = copied(data)
        for *way, last in self._shape.untyped_dates(data):
            holder: Any = reduce(getitem, way, copy)
            holder[last] = holder[last].isoformat()
        try:
            config = self._codec.convert_whole(copy)
        except RAISED as error:
            # msgspec quotes values, which must not get into a traceback either.
            raise self._refusal(error, copy) from None
        try:
            return self._codec.freeze(config)
        except RAISED as error:
            raise SchemaError((), raised(error)) from None

    def unknown_keys(self, data: Mapping[str, Any]) -> tuple[KeyPath, ...]:
        """Return where valid `data` has keys that the schema does not name."""
        return self._shape.unknown_keys(data)

    def pack(self, config: T) -> Packed[T]:
        """
        Return the payload of `config`, its digest, and what it comes back as.

        Raises:
            SchemaError: it holds what a payload cannot, as a number beyond 64 bits; or
                a worker would refuse what it gets, or get another config.
        """
        encoded = self._encoded(config)
        try:
            taken = self._codec.decode(encoded)
            if self._shape.anatomy.difference(config, taken) is not None:
                self._require_same(config, taken)
                # A default of 1 is 1.0 by now, as if the file had said so.
                encoded = self._encoded(taken)
        except RAISED as error:
            raise self._refusal(error, decoded_data(encoded), _OWN) from None
        return Packed(*sealed(encoded), taken)

    def unpack(self, payload: bytes) -> tuple[str, T]:
        """
        Return the digest and the config, immutable at every depth, of a payload.

        Raises:
            CorruptRecordError: these bytes are no payload, or a damaged one.
            UnfitConfigError: they are a payload that this class does not take.
            MemoryError: there is no room for the config.
        """
        digest, encoded = opened(payload)
        try:
            return digest, self._codec.decode(encoded)
        except MemoryError:
            raise
        except RAISED as error:
            # What was summed up is whole: then the class is to blame, not the memory.
            if not is_whole(payload):
                raise CorruptRecordError(
                    f"the record holds no config of {self.name or 'a plain mapping'}"
                ) from None
            refusal = self._refusal(error, decoded_data(encoded))
        key = format_key_path(self.key_names.of_document(refusal.keys))
        raise UnfitConfigError(self.name, key, refusal.problem)

    def masked(self, config: T) -> Any:
        """Return `config` as plain data that JSON can hold, secrets as `MASK`."""
        return masked_data(config)

    def outline(
        self, config: T, document: Any = None, *, is_masked: bool = False
    ) -> Outline:
        """
        Return what there is to compare of `config`.

        Args:
            config: it is left as it is.
            document: what its source holds, None where nobody knows.
            is_masked: whether secrets are `MASK`, as in what `masked` returns.
        """
        plain = masked_data if is_masked else self._codec.plain
        return Outliner(self._shape.root, plain).outline(plain(config), document)

    def outline_of_masked(self, data: Mapping[str, Any]) -> Outline:
        """Return it of what `masked` returned, maybe of another class of that name."""
        known: Any = copied(data)
        for *way, last in self.unknown_keys(known):
            del reduce(getitem, way, known)[last]
        return Outliner(self._shape.root, masked_data).outline(known)

    def needs_restart(self, keys: KeyPath) -> bool:
        """
        Return whether a change touches what a running process cannot apply.

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
        try:
            texts = self._text(part(old, keys)), self._text(part(new, keys))
        except RAISED:
            # It is published by now: code of the class that fails here ends nothing.
            texts = (CUT, CUT)
        key = format_key_path(self.key_names.of_config(keys))
        return Change(key, *cut(*texts, characters_max))

    def _text(self, value: Any) -> str | None:
        if value is msgspec.UNSET:
            return None
        text = json.dumps(self.masked(value), ensure_ascii=False, separators=(",", ":"))
        # What a terminal would not show as it is, is no less JSON as an escape.
        return text if text.isprintable() else "".join(map(_printable, text))

    def json_schema(self, *, is_strict: bool = False) -> dict[str, Any]:
        """
        Return the JSON Schema (2020-12) of what the service accepts.

        Args:
            is_strict: whether keys that the class does not name are refused.
        """
        return json_schema(self._shape.root, is_strict=is_strict)

    def _encoded(self, config: Any) -> bytes:
        try:
            return self._codec.encode(config)
        except (TypeError, OverflowError, UnicodeEncodeError) as error:
            keys = self._shape.anatomy.unwritable(config, self._codec.encode)
            raise SchemaError(keys, _UNPACKABLE[type(error)]) from None
        except RAISED as error:
            raise SchemaError((), raised(error)) from None

    def _require_same(self, config: T, taken: T) -> None:
        keys = self._shape.anatomy.difference(config, taken, is_loose=True)
        if keys is not None:
            raise SchemaError(keys, _CHANGED)

    def _refusal(
        self, error: BaseException, data: Any, prefix: str = ""
    ) -> SchemaError:
        """Return what any error that came of `data` means to its author."""
        if isinstance(error, SchemaError):
            return error
        if isinstance(error, msgspec.ValidationError):
            keys, problem = explain(
                error,
                data,
                self._codec.convert,
                self._shape.choices,
                has_secrets=bool(self.key_names.secrecy),
            )
            return SchemaError(keys, prefix + problem)
        keys = place_of_failure(self._shape.made_classes(data), fails)
        return SchemaError(keys, raised(error))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
