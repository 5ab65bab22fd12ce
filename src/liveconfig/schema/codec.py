"""
Between plain data, objects of the schema's class, and MessagePack.

Owns: the conversions and their hooks, the canonical order, freezing what was decoded.
Must not know: whose fault an error is, digests, files.
Runs in: the publisher, every worker and the CLI.

What the code of a class raises, and what msgspec raises, goes through as it is.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from liveconfig.errors import PublicValueError
from liveconfig.masking.secret import MASK, Secret
from liveconfig.schema.explain import RAISED, misplaced
from liveconfig.schema.shape import Shape

T = TypeVar("T")

_first_use_lock = threading.Lock()


class Codec(Generic[T]):
    """The conversions of the configs of one class."""

    def __init__(self, type_: type[T], shape: Shape) -> None:
        """
        Prepare to convert objects of `type_`.

        Raises:
            Exception: whatever msgspec has against the class.
        """
        self._type = type_
        self._shape = shape
        # Two threads that look into a class at once, each for the first time, make
        # msgspec crash. Nothing in here waits, so the lock is held for a moment.
        with _first_use_lock:
            # The hook for extensions refuses them: they are never text.
            self._decoder = msgspec.msgpack.Decoder(
                type_, dec_hook=_to_secret, ext_hook=_to_secret
            )

    def convert(self, data: Any) -> T:
        """Return the config that plain data stands for, not frozen yet."""
        return msgspec.convert(data, self._type, dec_hook=_to_secret)

    def convert_whole(self, data: dict[str, Any]) -> T:
        """
        Do the same, and take 5.0 where a whole number is asked for.

        JSON has no difference between 5.0 and 5, and neither do its schemas.

        Args:
            data: it is changed where it has such a number.
        """
        try:
            return self.convert(data)
        except msgspec.ValidationError:
            if not self._shape.make_whole(data):
                raise
        return self.convert(data)

    def freeze(self, config: T) -> T:
        """Return what was converted or decoded, immutable at every depth."""
        freeze = self._shape.freeze
        return config if freeze is None else freeze(config)

    def encode(self, value: Any) -> bytes:
        """
        Return a config, or a part of one, as canonical MessagePack.

        Raises:
            TypeError, OverflowError, UnicodeEncodeError: bytes cannot hold it.
        """
        if self._shape.has_moments:
            # As text: MessagePack's own moments have no offset, they are all in UTC.
            value = msgspec.to_builtins(
                value, builtin_types=(bytes,), enc_hook=_in_clear, order="sorted"
            )
        return _ENCODER.encode(value)

    def plain(self, value: Any) -> Any:
        """Return a config, or a part of one, as plain data, secrets in clear."""
        return decoded_data(self.encode(value))

    def decode(self, encoded: bytes) -> T:
        """Return what `encode` made the bytes of, immutable at every depth."""
        return self.freeze(self._decoder.decode(encoded))


def decoded_data(encoded: bytes) -> Any:
    """Return the plain data in the bytes of a config."""
    return msgspec.msgpack.decode(encoded)


def fails(value: Any, class_: type) -> bool:
    """Return whether the code of a class raises what is no refusal of the value."""
    try:
        msgspec.convert(value, class_, dec_hook=_to_secret)
    except msgspec.ValidationError:
        return False
    except RAISED:
        return True
    return False


def masked_data(config: Any) -> Any:
    """Return a config as plain data that JSON can hold, secrets as `MASK`."""
    return _as_json(msgspec.to_builtins(config, enc_hook=_masked, order="sorted"))


def _as_json(value: Any) -> Any:
    """Return a copy of plain data, in which numbers that JSON lacks are their names."""
    if isinstance(value, dict):
        return {key: _as_json(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(below) for below in value]
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def copied(value: Any) -> Any:
    """Return a copy of plain data in which nothing is shared with `value`."""
    if isinstance(value, dict):
        return {key: copied(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(below) for below in value]
    return value


# Hooks of msgspec, for what it does not know.


def _to_secret(_: object, value: object) -> Secret:
    if not isinstance(value, str):
        raise PublicValueError(misplaced("str", type(value).__name__))
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
    global _first_use_lock
    # Whoever held it when the parent forked is not in the child.
    _first_use_lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_in_child)
