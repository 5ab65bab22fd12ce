"""
A config as bytes: its payload, the digest, and where two payloads differ.

Owns: what a payload is made of.
Must not know: classes, how a config is made from MessagePack.
Runs in: the publisher, every worker and the CLI.

A payload is the 32 bytes of a SHA-256 sum and the canonical MessagePack of the config
that it sums up: keys and sets sorted, defaults spelled out, secrets in clear.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Generic, TypeVar

from msgspec import Struct

from liveconfig.errors import KeyPath
from liveconfig.schema.changes import changed

T = TypeVar("T")

_SUM_BYTES = 32


class Packed(Struct, Generic[T], frozen=True):
    """
    A config as bytes.

    Attributes:
        digest: `sha256:` and 64 hexadecimal digits, equal for equal configs.
        payload: what `Schema.unpack` takes; it holds the secrets in clear.
        config: what it returns for that, in every process.
    """

    digest: str
    payload: bytes
    config: T

    def __repr__(self) -> str:
        # For whatever records the local variables of a traceback.
        return f"{type(self).__name__}({self.digest})"


def sealed(encoded: bytes) -> tuple[str, bytes]:
    """Return the digest and the payload of a config in canonical MessagePack."""
    digest = sha256(encoded).digest()
    return _digest_text(digest), digest + encoded


def opened(payload: bytes) -> tuple[str, bytes]:
    """Return the digest and the MessagePack of a payload, as far as it is whole."""
    return _digest_text(payload[:_SUM_BYTES]), payload[_SUM_BYTES:]


def is_whole(payload: bytes) -> bool:
    """Return whether the sum of a payload is that of what it sums up."""
    return sha256(payload[_SUM_BYTES:]).digest() == payload[:_SUM_BYTES]


def changed_key_paths(old: bytes, new: bytes) -> tuple[KeyPath, ...]:
    """
    Return where the configs of two payloads differ; sorted.

    There is such a place if and only if their digests differ. A list counts as a
    whole, as does a mapping that is new or gone.
    """
    views = memoryview(old)[_SUM_BYTES:], memoryview(new)[_SUM_BYTES:]
    return tuple(sorted(changed((), *views)))


def _digest_text(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"
