"""
What the processes of a storm tell each other, in memory that they share.

Owns: the words, and who writes which.
Must not know: what is published, and how it is read.
Runs in: the test process and every process it forks.

Every word has one process that writes it, so none of them needs a lock.
"""

from __future__ import annotations

import mmap
from bisect import bisect_right

# What the writers write.
_BEGUN, _DONE, _WRITERS, _OVER = range(4)
_FIRST_OF_WRITERS = 8
_WRITERS_MAX = 10_000

# What each reading thread writes, in a cache line of its own.
_CALLS, _CHECKED, _GIVEN_UP = range(3)
_ROW_WORDS = 8

_NOT_YET = 2**64 - 1
_WORD_BYTES = 8

# For whom it is over.
_NOBODY, _WRITERS_ALONE, _EVERYBODY = range(3)


class Board:
    """
    Who published which version, how far everybody is, and whether it is over.

    A version belongs to one writer: to the newest of those that were to begin with it
    or with an older one. That holds at any moment, for a writer notes its first
    version before it publishes, and a later writer begins with a later one.
    """

    def __init__(self, rows: int) -> None:
        """Make it for as many reading threads as `rows`."""
        words = _FIRST_OF_WRITERS + _WRITERS_MAX + rows * _ROW_WORDS
        self._words = memoryview(mmap.mmap(-1, words * _WORD_BYTES)).cast("Q")
        self._firsts = self._words[_FIRST_OF_WRITERS:][:_WRITERS_MAX]
        for number in range(_WRITERS_MAX):
            self._firsts[number] = _NOT_YET
        self._rows = self._words[_FIRST_OF_WRITERS + _WRITERS_MAX :]

    @property
    def is_over(self) -> bool:
        """Whether everybody should come to an end."""
        return self._words[_OVER] == _EVERYBODY

    @property
    def is_over_for_writers(self) -> bool:
        """Whether a writer should come to an end."""
        return self._words[_OVER] != _NOBODY

    def stop_writing(self) -> None:
        """Have the writer come to an end."""
        self._words[_OVER] = max(self._words[_OVER], _WRITERS_ALONE)

    def stop(self) -> None:
        """Have everybody come to an end."""
        self._words[_OVER] = _EVERYBODY

    @property
    def writers(self) -> int:
        """How many writers there have been."""
        return self._words[_WRITERS]

    def add_writer(self, first_version: int) -> int:
        """Note the version with which a new writer begins, and return its number."""
        number = self.writers
        self._firsts[number] = first_version
        self._words[_WRITERS] = number + 1
        return number

    def writer_of(self, version: int) -> int:
        """Return the number of the writer that published `version`."""
        return bisect_right(self._firsts, version) - 1

    def begin(self, version: int) -> None:
        """Note that the writer is about to publish `version`."""
        self._words[_BEGUN] = version

    def end(self, version: int) -> None:
        """Note that the writer has published `version`."""
        self._words[_DONE] = version

    @property
    def begun(self) -> int:
        """The newest version that a writer set out to publish."""
        return self._words[_BEGUN]

    @property
    def done(self) -> int:
        """The newest version that a writer knows to be published."""
        return self._words[_DONE]

    def count(self, row: int, calls: int, checked: int, given_up: int) -> None:
        """Note what a reading thread has done so far."""
        start = row * _ROW_WORDS
        self._rows[start + _CALLS] = calls
        self._rows[start + _CHECKED] = checked
        self._rows[start + _GIVEN_UP] = given_up

    @property
    def calls(self) -> int:
        """How often all threads have read."""
        return self._total(_CALLS)

    @property
    def checked(self) -> int:
        """How many whole publications all threads have got and proven."""
        return self._total(_CHECKED)

    @property
    def given_up(self) -> int:
        """How often the writer was faster than a hundred tries of a reader."""
        return self._total(_GIVEN_UP)

    def _total(self, column: int) -> int:
        return sum(self._rows[column::_ROW_WORDS])
