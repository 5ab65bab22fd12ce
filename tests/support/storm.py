"""
A writer at full speed, readers on every core, and payloads that prove themselves.

Owns: what each publication must hold, the readers and what they check, the writers.
Must not know: how long it goes on, when a writer is killed.
Runs in: the test process and the processes it forks.

Every byte of a payload, and its length, follow from the seed, the version and the
writer that published it. So a reader sees a mixture of two publications, and of what a
killed writer left and its successor wrote under the same version.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from types import TracebackType
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from liveconfig.errors import CorruptRecordError
from liveconfig.memory.record import Record, Writer
from liveconfig.memory.shared import SharedMemory, bind
from liveconfig.schema.schema import Schema
from liveconfig.worker.manager import ConfigManager
from tests.support.board import Board
from tests.support.children import Child
from tests.support.eventually import eventually

T = TypeVar("T")

# One payload in so many may have any length up to the limit, the others this one.
_LARGE_EVERY = 256
_SMALL_BYTES_MAX = 1024

# After so many publications a writer that rests waits for so many reads.
_BURST = 256
_READS_BETWEEN_BURSTS = 200_000

# Rarely enough to cost nothing, often enough to end at once.
_STRIDE = 100
_SWITCH_SECONDS = 0.0005


class Counts(NamedTuple):
    """
    What a storm was made of.

    Attributes:
        publications: the newest version.
        calls: how often the record or the manager was asked.
        checked: how many whole publications were got and proven, byte for byte.
        given_up: how often a reader was overtaken a hundred times, and got nothing.
        threads: how many threads read.
        writers: how many writers there were.
    """

    publications: int
    calls: int
    checked: int
    given_up: int
    threads: int
    writers: int

    def __str__(self) -> str:
        return (
            f"{self.publications:,} publications by {self.writers:,} writers; "
            f"{self.threads} threads: {self.calls:,} reads, {self.checked:,} whole "
            f"publications proven, {self.given_up:,} times overtaken"
        )


class Readers(Protocol):
    """What is published, and how it is read and checked."""

    seed: int
    bytes_max: int

    def payload(self, version: int, writer: int) -> bytes:
        """Return what that writer publishes as that version."""

    def prepare(self, record: Record) -> None:
        """Get ready in a process of readers."""

    def follow(self, record: Record, board: Board, row: int, floor: list[int]) -> int:
        """
        Read and check until it is over; return the version that is there then.

        Args:
            record: what is read.
            board: where to count, and who published what.
            row: the thread's place on the board.
            floor: a version that some thread of this process has seen already.

        Raises:
            AssertionError: what was read is not what must have been read.
        """


def _drawn(seed: int, version: int, writer: int, bytes_max: int) -> tuple[bytes, int]:
    """Return 16 bytes that only this publication has, and its length."""
    drawn = blake2b(struct.pack("QQQ", seed, version, writer), digest_size=16).digest()
    kind, fraction = struct.unpack_from("II", drawn)
    is_large = kind % _LARGE_EVERY == 0
    top = bytes_max if is_large else min(bytes_max, _SMALL_BYTES_MAX)
    # As many of 1 to 2 bytes as of 2 to 4 and so on; one in 17 is as long as may be.
    return drawn, int(top ** min(1.0, fraction / 2**32 * 17 / 16))


class FullReads:
    """Bytes as they are, read from the record, every other time although held."""

    def __init__(self, seed: int, bytes_max: int) -> None:
        """Publish payloads of 1 to `bytes_max` bytes."""
        self.seed = seed
        self.bytes_max = bytes_max

    def payload(self, version: int, writer: int) -> bytes:
        """Return what that writer publishes as that version."""
        unit, length = _drawn(self.seed, version, writer, self.bytes_max)
        return (unit * (length // len(unit) + 1))[:length]

    def prepare(self, record: Record) -> None:
        """Do nothing: a record is read as it is."""

    def follow(self, record: Record, board: Board, row: int, floor: list[int]) -> int:
        """Read and check until it is over; return the version that is there then."""
        held, payload = 0, b""
        calls = checked = given_up = 0
        while not board.is_over:
            for number in range(_STRIDE):
                known = floor[0]
                try:
                    publication = record.read(held if number % 2 else 0)
                except CorruptRecordError:
                    # Allowed while the writer is at it: the one at hand stays.
                    given_up += 1
                    continue
                if publication is not None:
                    checked += 1
                    version = publication.version
                    if version != held:
                        _check_growing(self.seed, version, held)
                        payload = self.payload(version, board.writer_of(version))
                        held = version
                        floor[0] = max(floor[0], version)
                    _check_whole(self.seed, version, publication.payload, payload)
                _check_growing(self.seed, held, known)
            calls += _STRIDE
            board.count(row, calls, checked, given_up)
        last = record.read()
        assert last is not None, "nothing was published"
        payload = self.payload(last.version, board.writer_of(last.version))
        _check_whole(self.seed, last.version, last.payload, payload)
        return last.version


class Witness(msgspec.Struct, frozen=True):
    """
    A config that says which one it is.

    Attributes:
        version: as which it is published.
        text: what only this publication has.
    """

    version: int
    text: str


# What a payload has besides the text.
_WITNESS_BYTES = 128


class Gets:
    """Configs, asked for with `ConfigManager.get`: one manager for each process."""

    def __init__(self, seed: int, bytes_max: int) -> None:
        """Publish configs with a text of 1 to nearly `bytes_max` characters."""
        self.seed = seed
        self.bytes_max = bytes_max
        self._schema = Schema(Witness)
        self._manager: ConfigManager[Witness] = ConfigManager(Witness)

    def payload(self, version: int, writer: int) -> bytes:
        """Return what that writer publishes as that version."""
        return self._schema.pack(Witness(version, self._text(version, writer))).payload

    def _text(self, version: int, writer: int) -> str:
        limit = self.bytes_max - _WITNESS_BYTES
        drawn, length = _drawn(self.seed, version, writer, limit)
        unit = drawn.hex()
        return (unit * (length // len(unit) + 1))[:length]

    def prepare(self, record: Record) -> None:
        """Bind this process to the record, as the hooks of gunicorn do."""
        bind(replace(SharedMemory.create(4096), config=record))
        self._manager = ConfigManager(Witness)

    def follow(self, record: Record, board: Board, row: int, floor: list[int]) -> int:
        """Get and check until it is over; return the version that is there then."""
        get = self._manager.get
        held: Witness | None = None
        version = calls = checked = 0
        while not board.is_over:
            for _ in range(_STRIDE):
                known = floor[0]
                config = get()
                if config is not held:
                    checked += 1
                    _check_growing(self.seed, config.version, version)
                    self._check(config, board)
                    held, version = config, config.version
                    floor[0] = max(floor[0], version)
                if version < known:
                    _check_growing(self.seed, version, known)
            calls += _STRIDE
            board.count(row, calls, checked, 0)
        last = record.version
        eventually(lambda: get().version == last)
        self._check(get(), board)
        return get().version

    def _check(self, config: Witness, board: Board) -> None:
        version = config.version
        text = self._text(version, board.writer_of(version))
        _check_whole(self.seed, version, config.text, text)
        snapshot = self._manager.snapshot()
        _check_growing(self.seed, snapshot.version, version)
        assert snapshot.config.version == snapshot.version, (
            "a config of another version"
        )


Content = TypeVar("Content", str, bytes)


def _check_whole(seed: int, version: int, got: Content, expected: Content) -> None:
    if got != expected:
        pairs = enumerate(zip(got, expected, strict=False))
        shorter = min(len(got), len(expected))
        same = next((place for place, (a, b) in pairs if a != b), shorter)
        raise AssertionError(
            f"torn: version {version} has {len(got)} bytes for {len(expected)}, the "
            f"first {same} of them right, with seed {seed}"
        )


def _check_growing(seed: int, version: int, known: int) -> None:
    if version < known:
        raise AssertionError(
            f"version {version} was read when {known} was known, with seed {seed}"
        )


class Storm:
    """
    Processes of readers, one on each core and so on, and the writers one by one.

    As a context manager: the readers run inside it.

    Attributes:
        record: what is written and read.
        board: how far everybody is.
    """

    def __init__(self, kind: Readers, *, processes: int, threads: int) -> None:
        """Prepare for so many processes, each with so many threads."""
        self._kind = kind
        self._processes = processes
        self._threads = threads
        self._readers: list[Child] = []
        self._writer: Child | None = None
        self.record = Record.create("storm", kind.bytes_max)
        self.board = Board(processes * threads)

    def __enter__(self) -> Storm:
        self._readers = [
            Child(_ending(self.board, partial(self._read, number)))
            for number in range(self._processes)
        ]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.board.stop()
        for child in (self._writer, *self._readers):
            if child is not None and not child.is_reaped:
                child.kill()
        self.record.close()

    def start_writer(self, *, rests: bool = False) -> Child:
        """
        Start a writer, which goes on until it is over or killed.

        Args:
            rests: let the readers have a while to themselves after each burst.
        """
        self._writer = Child(_ending(self.board, partial(self._write, rests)))
        return self._writer

    def finish(self) -> Counts:
        """
        End the writer, then the readers, and return what it all came to.

        Raises:
            AssertionError: a reader or the writer found something wrong, or a reader
                did not get the last publication.
        """
        self.board.stop_writing()
        writer, self._writer = self._writer, None
        if writer is not None and not writer.is_reaped:
            writer.result()
        last = self.record.version
        self.board.stop()
        # All of them, before any is judged: where one found something wrong, the others
        # came to their end before the writer did.
        results = [reader.result() for reader in self._readers]
        assert results == [[last] * self._threads] * self._processes, (
            f"the last one is lost: {results} for {last}, with seed {self._kind.seed}"
        )
        return self.counts()

    def counts(self) -> Counts:
        """Return what it has come to so far."""
        return Counts(
            self.record.version,
            self.board.calls,
            self.board.checked,
            self.board.given_up,
            self._processes * self._threads,
            self.board.writers,
        )

    def _read(self, number: int) -> list[int]:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
        sys.setswitchinterval(_SWITCH_SECONDS)
        eventually(lambda: self.record.version)
        self._kind.prepare(self.record)
        floor = [0]
        rows = range(number * self._threads, (number + 1) * self._threads)

        def follow(row: int) -> int:
            try:
                return self._kind.follow(self.record, self.board, row, floor)
            finally:
                self.board.stop()

        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(follow, rows))

    def _write(self, rests: bool) -> None:
        board, payload = self.board, self._kind.payload
        publisher = Writer(self.record.descriptor)
        version = self.record.version
        number = board.add_writer(version + 1)
        while not board.is_over_for_writers:
            content = payload(version + 1, number)
            board.begin(version + 1)
            published = publisher.publish(content)
            assert published == version + 1, f"{published} after {version}"
            version = published
            board.end(version)
            if rests and version % _BURST == 0:
                _wait_for_calls(board, board.calls + _READS_BETWEEN_BURSTS)


def _wait_for_calls(board: Board, calls: int) -> None:
    eventually(lambda: board.is_over_for_writers or board.calls >= calls)


def _ending(board: Board, steps: Callable[[], T]) -> Callable[[], T]:
    """Return `steps` such that it is over for everybody when they end."""

    def run() -> T:
        try:
            return steps()
        finally:
            board.stop()

    return run
