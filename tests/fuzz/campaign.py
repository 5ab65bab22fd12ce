"""
Trying inputs on a target, so that nothing an input does goes unnoticed.

Owns: the child with its limits of time and memory; which input it was at its end.
Must not know: what the targets read.
Runs in: the test process or the long run, and in the child that either forks.

The child has the input it tries in memory that it shares with its parent. So an input
that kills the child, at once or by using up its time, is known as well as one whose
reading raises what it must not.
"""

from __future__ import annotations

import faulthandler
import mmap
import resource
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.mutator import Mutator
from tests.support.children import Child

CORPUS = Path(__file__).with_name("corpus")
_TOKENS = Path(__file__).with_name("tokens")

# Of a busy machine.
_INPUTS_MIN = 20
_OUTCOMES_MIN = 2
_INPUTS_FOR_OUTCOMES_MAX = 5_000
_SHRINKING_TRIES_MAX = 400

_INPUT_BYTES_MAX = 4 * 1024 * 1024
_WORD_BYTES = 8


@dataclass(frozen=True)
class Cost:
    """
    What one input may take.

    Attributes:
        processor_seconds_max: of the processor.
        seconds_max: of the clock, for an input that waits; the machine may be busy.
        memory_bytes_max: of memory, on top of what the process has.
    """

    processor_seconds_max: float = 2.0
    seconds_max: float = 30.0
    memory_bytes_max: int = 256 * 1024 * 1024


_COST = Cost()


@dataclass(frozen=True)
class Target:
    """
    Something that reads what others wrote.

    Attributes:
        name: what it is called in the output.
        folders: the folders of the corpus that hold its seeds; a failing input is
            kept in the first.
        check: reads one input, and may use an empty directory. Raises when a promise
            is broken, else returns the outcome, alike for inputs that went one way.
        dictionaries: files with pieces of what it reads.
    """

    name: str
    folders: tuple[str, ...]
    check: Callable[[bytes, Path], str]
    dictionaries: tuple[str, ...] = ()

    def seeds(self) -> dict[Path, bytes]:
        """Return the corpus of this target."""
        folders = (CORPUS / name for name in self.folders)
        paths = (path for folder in folders for path in sorted(folder.iterdir()))
        return {path: path.read_bytes() for path in paths}

    def tokens(self) -> list[bytes]:
        """Return the pieces of its dictionaries, one for each line of a file."""
        texts = ((_TOKENS / f"{name}.txt").read_text() for name in self.dictionaries)
        lines = (line for text in texts for line in text.splitlines())
        return [line.encode().decode("unicode_escape").encode() for line in lines]


@dataclass(frozen=True)
class Result:
    """
    What a number of inputs came to.

    Attributes:
        tried: how many there were.
        outcomes: how many different outcomes they had.
        failure: the input at which it ended, None if all was well.
        reason: what was wrong with it.
    """

    tried: int
    outcomes: int
    failure: bytes | None = None
    reason: str = ""


class _Slate:
    """The number and the bytes of the input being tried, for parent and child."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 2 * _WORD_BYTES + _INPUT_BYTES_MAX)
        self._words = memoryview(self._memory).cast("Q")

    def write(self, content: bytes) -> None:
        """Note the next input."""
        start = 2 * _WORD_BYTES
        self._memory[start : start + len(content)] = content
        self._words[1] = len(content)
        self._words[0] += 1

    def read(self) -> tuple[int, bytes]:
        """Return how many there were, and the last."""
        start = 2 * _WORD_BYTES
        return self._words[0], self._memory[start : start + self._words[1]]

    def close(self) -> None:
        """Free the memory."""
        self._words.release()
        self._memory.close()


def fuzz(target: Target, number: int, seconds: float) -> Result:
    """
    Try as many inputs as there is time for, and as many as show that they differ.

    There are no fewer than 20; on a busy machine the time may be over before two of
    them had different outcomes, and then it goes on, to 5,000 at most.

    Args:
        target: what to try them on; they are made from its corpus.
        number: decides which they are.
        seconds: how long.
    """
    mutator = Mutator(number, list(target.seeds().values()), target.tokens())

    def inputs() -> Iterator[bytes]:
        deadline = time.monotonic() + seconds
        made = 0
        while (
            made < _INPUTS_MIN
            or time.monotonic() < deadline
            or (mutator.outcomes < _OUTCOMES_MIN and made < _INPUTS_FOR_OUTCOMES_MAX)
        ):
            made += 1
            yield mutator.next()

    return _try(target, inputs, mutator, _COST)


def replay(target: Target, contents: Sequence[bytes], cost: Cost = _COST) -> Result:
    """Try these inputs."""
    return _try(target, lambda: iter(contents), Mutator(0, [b""]), cost)


def shrunk(target: Target, content: bytes, cost: Cost = _COST) -> bytes:
    """Return what is left of a failing input when no piece can be left out any more."""
    size = len(content)
    tries = 0
    while size := size // 2:
        start = 0
        while start < len(content) and tries < _SHRINKING_TRIES_MAX:
            tries += 1
            shorter = content[:start] + content[start + size :]
            if replay(target, [shorter], cost).failure is None:
                start += size
            else:
                content = shorter
    return content


def _try(
    target: Target,
    inputs: Callable[[], Iterator[bytes]],
    mutator: Mutator,
    cost: Cost,
) -> Result:
    slate = _Slate()
    place = Path(tempfile.mkdtemp(prefix="liveconfig-fuzz-"))

    def work() -> int:
        _limit(cost)
        for content in inputs():
            slate.write(content)
            _set_clocks(cost.processor_seconds_max, cost.seconds_max)
            mutator.learn(content, target.check(content, place))
        _set_clocks(0, 0)
        return mutator.outcomes

    try:
        outcomes = Child(work).result()
        return Result(slate.read()[0], outcomes)
    except AssertionError as error:
        tried, content = slate.read()
        return Result(tried, 0, content, str(error))
    finally:
        shutil.rmtree(place)
        slate.close()


def _limit(cost: Cost) -> None:
    warnings.simplefilter("error")
    # A crash is told by the result alone.
    faulthandler.disable()
    # The default action of both is the end of the process, also inside of C code.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + cost.memory_bytes_max
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _set_clocks(processor_seconds: float, seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, processor_seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds)
