"""
The last good config on disk, for a start without a good source.

Owns: the two files in the cache directory, their format, the order of writing them, and
    whom the directory and the files must belong to.
Must not know: what a payload holds, when it is needed.
Runs in: the publisher.

A file appears under its name only when it is whole and on the disk, and it proves
itself by a checksum when it is read: a disk that was full, a power cut or a stray
editor costs one generation at most.

Why nothing is followed or written over: whoever else can put something into the
directory could have this process write where it may and they may not, or serve what
they have made up. Everything is done by the descriptor of a directory that was looked
at, and a file is always a new one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator

from liveconfig.errors import CacheError

_MAGIC = b"liveconfig cache 2\n"
_DIGEST_BYTES = 32
# Of each of the two names of whose config it is.
_LENGTH_BYTES = 4
# Room for all that is not the payload.
_OVERHEAD_BYTES_MAX = 64 * 1024

_NEWEST = "last-good"
_BEFORE = "last-good.before"
_UNFINISHED = ".unfinished"

# A pipe that was put there would hold up the open otherwise.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL
_OTHERS_CAN_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Cache:
    """Two generations of published payloads of one service in one directory."""

    def __init__(
        self, directory: str, source: str, schema: str, payload_bytes_max: int
    ) -> None:
        """
        Use `directory`; it is made at the first `store` if it is not there.

        Args:
            directory: belongs to this service alone.
            source: where the payloads come from, by which the service is known.
            schema: the name of the class that they are made of.
            payload_bytes_max: a file for more than this is not looked into.
        """
        self._path = directory
        self._source = os.fsencode(os.path.abspath(source))
        self._schema = schema.encode()
        self._payload_bytes_max = payload_bytes_max

    def store(self, payload: bytes) -> None:
        """
        Keep `payload` as the newest generation, and the one that was as the one before.

        Where it is the newest already, nothing is written.

        Raises:
            CacheError: the directory is not fit for it, or another service's. No
                file in it was touched.
            OSError: the disk is full or not writable. Both generations stay.
        """
        os.makedirs(self._path, mode=0o700, exist_ok=True)
        with self._opened() as directory:
            newest = self._newest(directory)
            if newest == payload:
                return
            _remove_unfinished(directory)
            # A name that nobody can have taken, and no other process writes to.
            unfinished = f"{_NEWEST}.{secrets.token_hex(8)}{_UNFINISHED}"
            # Only the owner may read it: a config may hold secrets.
            descriptor = os.open(unfinished, _NEW, 0o600, dir_fd=directory)
            try:
                _mark_as_written(descriptor)
                self._write_through(descriptor, payload)
                if newest is not None:
                    # Until the next line the one before is the newest, and whole.
                    _set_aside(directory)
                _rename(directory, unfinished, _NEWEST)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(unfinished, dir_fd=directory)
                raise
            finally:
                os.close(descriptor)
            os.fsync(directory)

    def load(self) -> tuple[bytes | None, list[str]]:
        """
        Return the newest payload that can be used, and one sentence per other file.

        The payload is None where there is none; nothing on the disk is changed.
        """
        problems: list[str] = []
        try:
            with self._opened() as directory:
                for name in (_NEWEST, _BEFORE):
                    try:
                        return self._read(directory, name), problems
                    except FileNotFoundError:
                        continue
                    except CacheError as error:
                        problems.append(f"{error}, so it is not used")
                    except OSError as error:
                        problems.append(f"{self._path}/{name}: {error.strerror}")
        except FileNotFoundError:
            pass
        except CacheError as error:
            problems.append(f"{error}, so it is not used")
        except OSError as error:
            problems.append(f"{self._path}: {error.strerror}")
        return None, problems

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _require_ours(self._path, os.fstat(descriptor))
            yield descriptor
        finally:
            os.close(descriptor)

    def _newest(self, directory: int) -> bytes | None:
        """Return the newest payload, None if it is no good; raise for another's."""
        try:
            return self._read(directory, _NEWEST)
        except CacheError as error:
            if error.is_of_another:
                raise
        except OSError:
            pass
        return None

    def _read(self, directory: int, name: str) -> bytes:
        path = f"{self._path}/{name}"
        try:
            descriptor = os.open(name, _READ, dir_fd=directory)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise CacheError(path, "it is a link") from error
            raise
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise CacheError(path, "it is no regular file")
            _require_ours(path, status)
            bytes_max = self._payload_bytes_max + _OVERHEAD_BYTES_MAX
            if status.st_size > bytes_max:
                raise CacheError(path, "it is larger than any config may be")
            with open(descriptor, "rb", closefd=False) as file:
                return self._checked(path, file.read(bytes_max))
        finally:
            os.close(descriptor)

    def _checked(self, path: str, content: bytes) -> bytes:
        start = len(_MAGIC) + _DIGEST_BYTES
        head, body = content[:start], content[start:]
        if head != _MAGIC + hashlib.sha256(body).digest():
            raise CacheError(path, "damaged, or of another version of liveconfig")
        source, body = _first_field(body)
        schema, payload = _first_field(body)
        if source != self._source:
            other = os.fsdecode(source)
            raise CacheError(
                path,
                f"it was kept for {other}: give each service a directory of its own, "
                "or remove the file if there is no such service",
                is_of_another=True,
            )
        if schema != self._schema:
            other = schema.decode(errors="replace") or "a plain mapping"
            raise CacheError(path, f"it was made with {other}")
        if len(payload) > self._payload_bytes_max:
            raise CacheError(path, "larger than LIVECONFIG_PAYLOAD_BYTES_MAX")
        return payload

    def _write_through(self, descriptor: int, payload: bytes) -> None:
        body = _field(self._source) + _field(self._schema) + payload
        with open(descriptor, "wb", closefd=False) as file:
            file.write(_MAGIC + hashlib.sha256(body).digest())
            file.write(body)
            file.flush()
            os.fsync(descriptor)


def _require_ours(path: str, status: os.stat_result) -> None:
    """Refuse what somebody else may have put something into; root may do so anyway."""
    if status.st_uid not in (os.geteuid(), 0):
        raise CacheError(path, f"it belongs to user {status.st_uid}")
    if status.st_mode & _OTHERS_CAN_WRITE:
        mode = stat.S_IMODE(status.st_mode)
        advice = (
            "; name a directory below it, which is then made for this user alone"
            if stat.S_ISDIR(status.st_mode)
            else ""
        )
        raise CacheError(path, f"others can write to it (mode {mode:04o}){advice}")


def _remove_unfinished(directory: int) -> None:
    """Remove what a writer that was killed has left; another may be at work."""
    for name in os.listdir(directory):
        if name.startswith(_NEWEST) and name.endswith(_UNFINISHED):
            with contextlib.suppress(OSError):
                if not _is_being_written(directory, name):
                    os.unlink(name, dir_fd=directory)


def _mark_as_written(descriptor: int) -> None:
    """Lock a file, which the kernel undoes with the end of this process."""
    # Not every filesystem can; then another writer may have it removed, and it is
    # written again at the next look.
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_being_written(directory: int, name: str) -> bool:
    try:
        descriptor = os.open(name, _READ, dir_fd=directory)
    except OSError:
        # A link, or what else no writer has made.
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _set_aside(directory: int) -> None:
    # Another master of this service, as after USR2, may have done so right now.
    with contextlib.suppress(FileNotFoundError):
        _rename(directory, _NEWEST, _BEFORE)


def _field(content: bytes) -> bytes:
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


def _first_field(body: bytes) -> tuple[bytes, bytes]:
    end = _LENGTH_BYTES + int.from_bytes(body[:_LENGTH_BYTES], "big")
    return body[_LENGTH_BYTES:end], body[end:]


def _rename(directory: int, old: str, new: str) -> None:
    os.rename(old, new, src_dir_fd=directory, dst_dir_fd=directory)
