"""
Every exception of the package, sorted by who must react.

Owns: the exception types and the sentences they build from their parts; how messages
    write the path of a key, a list of names, text that is too long or that a terminal
    would not show; where a line of YAML ends, as lines are numbered in them.
Must not know: where anything is caught.
Runs in: everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# The way to a value from the top of a document: mapping keys and list indexes.
KeyPath = tuple["str | int", ...]

# What stands for what is left out of a text.
CUT = "…"

YAML_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

# Two lines and a half of a terminal: nobody reads a longer path to its end.
_PATH_CHARACTERS_MAX = 200

# With what stands for the rest of a key, or for all of it, that must not be shown.
_PLAIN_KEY = re.compile(r"[\w-]*…?|\*+")


def format_key_path(keys: KeyPath) -> str:
    """
    Return the notation for a path of keys that messages, logs and /status share.

    `("servers", 0, "port")` is written `servers[0].port`; a key that is not made of
    word characters and hyphens is quoted, so that a dot inside it stays readable.
    The top of the document is the empty string. A path that nobody would read to its
    end is cut. What a terminal or the log would not show as it is, such as the end of
    a line, is written as an escape: nobody can forge a line of the log by a key.
    """
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            name = key if key and _PLAIN_KEY.fullmatch(key) else f'"{key}"'
            text += f".{name}" if text else name
    # In this order, so that no path is longer than the limit with its escapes.
    return shortened(printable(text), _PATH_CHARACTERS_MAX)


def shortened(text: str, characters_max: int) -> str:
    """Return `text`, or as much of its beginning as fits with an ellipsis."""
    return text if len(text) <= characters_max else text[: characters_max - 1] + CUT


def listed(names: Sequence[str], most: int, count: int = 0) -> str:
    """Return the first `most` names, and how many more of them, or of `count`."""
    more = max(len(names), count) - len(names[:most])
    return ", ".join(names[:most]) + (f" and {more} more" if more else "")


def printable(text: str) -> str:
    """Return `text` with an escape for each character that would not show as it is."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape").decode()
        for character in text
    )


class LiveconfigError(Exception):
    """
    The base of every error that this package raises on purpose.

    As text it is one line: nobody can forge a line of the log by the name of a file.
    """

    def __str__(self) -> str:
        return printable(self._sentence())

    def _sentence(self) -> str:
        return super().__str__()


class InvalidConfigError(LiveconfigError):
    """
    A document is wrong, and its author must mend it.

    Attributes:
        path: the file, as the operator named it.
        line: counted from 1, or 0 where the whole file is meant.
        column: counted from 1, or 0 where the whole line is meant.
        key: the key path as `format_key_path` writes it, or "" for the whole file.
        problem: what is wrong and what to do, without any value of the document.
    """

    def __init__(
        self, path: str, line: int, column: int, key: str, problem: str
    ) -> None:
        super().__init__(path, line, column, key, problem)
        self.path = path
        self.line = line
        self.column = column
        self.key = key
        self.problem = problem

    def _sentence(self) -> str:
        place = self.path
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        subject = f"{self.key}: " if self.key else ""
        return f"{place}: {subject}{self.problem}"


class SourceUnavailableError(LiveconfigError):
    """
    The source is missing or cannot be read right now; it may be back later.

    Attributes:
        path: the source, as the operator named it.
        problem: what stands in the way.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def _sentence(self) -> str:
        return f"{self.path}: {self.problem}"


class StartupError(LiveconfigError):
    """
    A setting or the machine is wrong, so the service does not start.

    Its text is one sentence with what to do. gunicorn's master logs it and ends with
    exit status 1.
    """


class RecordClaimedError(StartupError):
    """Another process is the writer of the record; nothing was changed."""


class NotBoundError(StartupError):
    """
    This process has no record to read for the class of its manager.

    Either the hooks of `liveconfig.gunicorn` are not in gunicorn's config file, or the
    config is published for another class than the manager was made with.
    """


class NoConfigYetError(LiveconfigError):
    """
    No good source was found since the start; the first one is served at once.

    It is raised only with LIVECONFIG_ON_MISSING=wait; else such a start fails.

    Attributes:
        reason: why the source is no good.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def _sentence(self) -> str:
        return f"there is no config yet: {self.reason}"


class CacheError(LiveconfigError):
    """
    A directory or file of the cache is not used, and not written to.

    Attributes:
        path: which one.
        problem: why, and what to do.
        is_of_another: whether it is whole, and another service's.
    """

    def __init__(self, path: str, problem: str, *, is_of_another: bool = False) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem
        self.is_of_another = is_of_another

    def _sentence(self) -> str:
        return f"{self.path}: {self.problem}"


class InotifyUnavailableError(LiveconfigError):
    """The kernel gives no inotify instance or watch now; whoever watches polls."""


class ServiceUnavailableError(LiveconfigError):
    """
    A running service does not answer right now; it may later.

    Attributes:
        url: what was asked for.
        problem: what came instead of an answer.
    """

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(url, problem)
        self.url = url
        self.problem = problem

    def _sentence(self) -> str:
        return f"{self.url}: {self.problem}"


class VersionNotReachedError(LiveconfigError):
    """
    A worker does not hold a version yet, and the time to wait for it is over.

    Attributes:
        version: what was waited for.
        held_version: what the worker holds and `snapshot` goes on to return.
    """

    def __init__(self, version: int, held_version: int) -> None:
        super().__init__(version, held_version)
        self.version = version
        self.held_version = held_version

    def _sentence(self) -> str:
        return (
            f"this worker still holds version {self.held_version}, not {self.version}"
        )


class NotConvergedError(LiveconfigError):
    """Time is up, and not every worker serves what was waited for: who and why."""


class WithdrawnError(LiveconfigError):
    """What was waited for was live, and was taken back: why, and what is live now."""


class PayloadTooLargeError(LiveconfigError):
    """
    A payload does not fit into the record; the last publication stays.

    Attributes:
        size_bytes: the length of the refused payload.
        bytes_max: the most that the record takes.
    """

    def __init__(self, size_bytes: int, bytes_max: int) -> None:
        super().__init__(size_bytes, bytes_max)
        self.size_bytes = size_bytes
        self.bytes_max = bytes_max

    def _sentence(self) -> str:
        return (
            f"the config takes {self.size_bytes} bytes, the limit is {self.bytes_max}: "
            "make it smaller or raise LIVECONFIG_PAYLOAD_BYTES_MAX"
        )


class CorruptRecordError(LiveconfigError):
    """
    The record does not hold one whole publication; the reader keeps what it has.

    Something wrote into the shared memory that is not the publisher. The master has the
    last config published again within a second or two, so the next read may succeed.
    """


class UnfitConfigError(LiveconfigError):
    """
    The record holds a whole config that the class of this process does not take.

    The reader keeps what it has: to read again does not help.

    Attributes:
        schema: `module:Class`, or "" for the plain mapping.
        key: the key path as `format_key_path` writes it, or "" where it is not known.
        problem: what the class does not take, without any value of the config.
    """

    def __init__(self, schema: str, key: str, problem: str) -> None:
        super().__init__(schema, key, problem)
        self.schema = schema
        self.key = key
        self.problem = problem

    def _sentence(self) -> str:
        subject = f"{self.key}: " if self.key else ""
        return (
            f"{self.schema or 'a plain mapping'} does not take this config: "
            f"{subject}{self.problem}"
        )


class PublicValueError(ValueError):
    """
    A refusal by a config's own class, in words that everybody may read.

    What a class raises may quote the config. So the log, `/status` and the command line
    show the words of this error alone where the class has secrets, and change nothing
    in them. Raise it in `__post_init__` or a validator, with no value in its words.
    """
