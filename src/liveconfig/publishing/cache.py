"""
The last good config on disk, for a start without a good source.

Owns: the two files in the cache directory, their format, the order of writing them.
Must not know: what a payload holds, when it is needed.
Runs in: the publisher.

A file appears under its name only when it is whole and on the disk, and it proves
itself by a checksum when it is read: a disk that was full, a power cut or a stray
editor costs one generation at most.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

_MAGIC = b"liveconfig cache 1\n"
_DIGEST_BYTES = 32

_NEWEST = "last-good"
_BEFORE = "last-good.before"
_UNFINISHED = "last-good.unfinished"


class Cache:
    """Two generations of published payloads in one directory."""

    def __init__(self, directory: str) -> None:
        """Use `directory`; it is made at the first `store` if it is not there."""
        self._directory = Path(directory)

    def store(self, payload: bytes) -> None:
        """
        Keep `payload` as the newest generation, and the one that was as the one before.

        Raises:
            OSError: the disk is full or not writable; both generations stay.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._directory / _UNFINISHED
        try:
            _write_through(unfinished, _MAGIC + _digest(payload) + payload)
            self._keep_the_one_before()
            unfinished.replace(self._directory / _NEWEST)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise
        _sync_directory(self._directory)

    def load(self) -> tuple[bytes | None, list[str]]:
        """
        Return the newest payload that is whole, and one sentence per damaged file.

        The payload is None where there is none; nothing on the disk is changed.
        """
        problems = []
        for name in (_NEWEST, _BEFORE):
            path = self._directory / name
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                problems.append(f"{path}: {error.strerror}")
                continue
            payload = _checked(content)
            if payload is not None:
                return payload, problems
            problems.append(f"{path}: damaged, so it is not used")
        return None, problems

    def _keep_the_one_before(self) -> None:
        # By link and rename, so that at every instant there is a whole newest file.
        newest = self._directory / _NEWEST
        link = self._directory / f"{_BEFORE}.unfinished"
        with contextlib.suppress(FileNotFoundError):
            link.unlink()
        with contextlib.suppress(FileNotFoundError):
            os.link(newest, link)
            link.replace(self._directory / _BEFORE)


def _checked(content: bytes) -> bytes | None:
    start = len(_MAGIC) + _DIGEST_BYTES
    payload = content[start:]
    if content[:start] != _MAGIC + _digest(payload):
        return None
    return payload


def _digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()


def _write_through(path: Path, content: bytes) -> None:
    # Only the owner may read it: a config may hold secrets.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
