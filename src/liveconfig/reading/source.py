"""
One consistent read of a config file, or of a directory of them.

Owns: which files belong to a source, reading them as one generation, the size limit.
Must not know: what is in the files, when they change.
Runs in: the publisher and the CLI.

Why a descriptor: a kubelet swaps the link `..data` to a new directory and deletes the
old one, a file at a time. Whoever goes to each file by its path reads some from before
the swap and some from after it. So the directory is opened once, every file is opened
relative to that descriptor, and the link is looked at again when all are read: if it
still leads to the same directory, nothing of it was deleted meanwhile. While the
descriptor is open no other directory can get the same inode number.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from liveconfig.errors import InvalidConfigError, SourceUnavailableError
from liveconfig.watch.chain import DATA, steps

SUFFIXES = (".yaml", ".yml", ".json")

# Each failed try means that the source changed while it was read. Of a large one there
# are as many as there is time for.
_TRIES_MAX = 100
_TRIES_SECONDS_MAX = 5.0

# Without blocking, so that a pipe in the place of the file does not stop everything.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK

# A large file is read in few calls, and of one that is too large little is read.
_READ_BYTES = 256 * 1024

# By what one state of a file differs from another.
_Stamp = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class SourceFile:
    """One file: its path for messages, and its bytes."""

    path: str
    # Not for whatever records the local variables of a traceback.
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Reading:
    """
    All files of one generation.

    Attributes:
        path: the source, as the operator named it.
        files: in the order in which later ones win.
        files_changed_at_ns: when the newest of them changed.
        digest: `sha256:` and the hash of the bytes as they are.
    """

    path: str
    files: tuple[SourceFile, ...]
    files_changed_at_ns: int
    digest: str

    def changed_at_ns(self) -> int:
        """
        Return when the newest file or link changed, by the filesystem's clock.

        In nanoseconds since the epoch. The links are looked at now, after the fact: it
        is only shown, and no publication should wait for it.
        """
        return max(self.files_changed_at_ns, _links_changed_at_ns(self.path))


class _ChangedMeanwhileError(Exception):
    """What was read may be of two generations."""


class Source:
    """A file, or a directory whose `*.yaml`, `*.yml` and `*.json` belong together."""

    def __init__(self, path: str, bytes_max: int) -> None:
        """
        Name a source; nothing is read yet.

        Args:
            path: the file or directory; links are followed at each read.
            bytes_max: the most bytes of all files together.
        """
        self._path = path
        self._bytes_max = bytes_max

    def read(self) -> Reading:
        """
        Read all files of one generation.

        Raises:
            SourceUnavailableError: there is nothing to read, or it did not hold still.
            InvalidConfigError: it is larger than the limit; it was not read whole.
        """
        deadline = time.monotonic() + _TRIES_SECONDS_MAX
        for tries in range(_TRIES_MAX):
            if tries > 1 and time.monotonic() > deadline:
                break
            try:
                return self._read_once()
            except (FileNotFoundError, NotADirectoryError):
                problem = "no such file or directory: put it there, or mend the path"
            except _ChangedMeanwhileError:
                problem = "it changes all the time: it is read again when it is quiet"
            except OSError as error:
                problem = f"it cannot be read: {error.strerror}"
                break
        raise SourceUnavailableError(self._path, problem)

    def _read_once(self) -> Reading:
        path = _entry(self._path)
        if stat.S_ISDIR(os.stat(path).st_mode):
            with _opened(path) as descriptor:
                files, changed_at_ns = self._read_directory(path, descriptor)
        else:
            files, changed_at_ns = self._read_files([path], None)
        return Reading(self._path, files, changed_at_ns, bytes_digest(files))

    def _read_directory(
        self, path: str, directory: int
    ) -> tuple[tuple[SourceFile, ...], int]:
        with os.scandir(directory) as entries:
            found = [entry for entry in entries if is_config_name(entry.name)]
        self._check_links(
            [entry.name for entry in found if entry.is_symlink()], directory
        )
        names = sorted(entry.name for entry in found)
        files, changed_at_ns = self._read_files(names, directory)
        status = os.fstat(directory)
        if not os.path.samestat(os.stat(path), status):
            raise _ChangedMeanwhileError
        if not files:
            wanted = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
            problem = f"it holds no {wanted}: put one there"
            raise SourceUnavailableError(self._path, problem)
        return files, max(changed_at_ns, status.st_mtime_ns)

    def _check_links(self, names: Sequence[str], directory: int) -> None:
        """Refuse a link that leads nowhere, before all that is there is read for it."""
        for name in names:
            try:
                os.stat(name, dir_fd=directory)
            except FileNotFoundError:
                # Unless it has gone as well: then it is read again.
                os.lstat(name, dir_fd=directory)
                path = os.path.join(self._path, name)
                problem = "it is a link that leads nowhere: mend it, or remove it"
                raise SourceUnavailableError(path, problem) from None

    def _read_files(
        self, names: Sequence[str], directory: int | None
    ) -> tuple[tuple[SourceFile, ...], int]:
        """Read files that hold still; a file that is written in place may not."""
        files, before, size_bytes = [], [], 0
        for name in names:
            path = self._path if directory is None else os.path.join(self._path, name)
            with _opened(name, directory) as descriptor:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    problem = "it is not a regular file: put one there"
                    raise SourceUnavailableError(path, problem)
                self._check_size(size_bytes + status.st_size)
                content = _content(descriptor, self._bytes_max + 1)
            size_bytes += len(content)
            self._check_size(size_bytes)
            files.append(SourceFile(path, content))
            before.append(_stamp(status))
        if before != [_stamp(os.stat(name, dir_fd=directory)) for name in names]:
            raise _ChangedMeanwhileError
        return tuple(files), max((changed for *_, changed in before), default=0)

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._bytes_max:
            raise InvalidConfigError(
                self._path,
                0,
                0,
                "",
                f"it has {size_bytes} bytes, the limit is {self._bytes_max}: make it "
                "smaller or raise LIVECONFIG_PAYLOAD_BYTES_MAX",
            )


@contextlib.contextmanager
def _opened(path: str, directory: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, _FLAGS, dir_fd=directory)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def is_config_name(name: str) -> bool:
    """Return whether a file of a directory that is called so is a config."""
    return name.endswith(SUFFIXES) and not name.startswith(".")


def _content(descriptor: int, bytes_max: int) -> bytes:
    parts = []
    while part := os.read(descriptor, min(bytes_max, _READ_BYTES)):
        parts.append(part)
        bytes_max -= len(part)
    return b"".join(parts)


def _stamp(status: os.stat_result) -> _Stamp:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def bytes_digest(files: Sequence[SourceFile]) -> str:
    """Return the digest of files as they are; of a single one as sha256sum does."""
    if len(files) == 1:
        return f"sha256:{hashlib.sha256(files[0].content).hexdigest()}"
    whole = hashlib.sha256()
    for file in files:
        whole.update(os.fsencode(os.path.basename(file.path)) + b"\0")
        whole.update(hashlib.sha256(file.content).digest())
    return f"sha256:{whole.hexdigest()}"


def _links_changed_at_ns(path: str) -> int:
    """Return when the newest link on the way to `path` was put there, or 0."""
    newest_ns = 0
    # The working directory may be deleted.
    with contextlib.suppress(OSError):
        entry = _entry(path)
        entry = entry if os.path.isabs(entry) else os.path.join(os.getcwd(), entry)
        for step in steps(entry):
            if stat.S_ISLNK(step.mode):
                newest_ns = max(newest_ns, step.changed_at_ns)
    return newest_ns


def _entry(path: str) -> str:
    """Return the link that leads to a volume's payload, or `path` if it is none."""
    data = os.path.join(path, DATA)
    # Not `isdir`: a link whose directory is just being deleted must not count as no
    # link at all.
    return data if os.path.lexists(data) else path
