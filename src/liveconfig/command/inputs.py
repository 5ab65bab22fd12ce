"""
The bytes of what a command is given: files, directories, standard input and pipes.

Owns: `-`, what is read only once, and how much of it.
Must not know: what is in the bytes.
Runs in: the CLI.

A pipe has no name by which JSON could be known from YAML, so its bytes decide.
"""

from __future__ import annotations

import json
import os
import stat

from liveconfig.errors import SourceUnavailableError
from liveconfig.reading.source import Source, SourceFile

STDIN = "-"


def read_input(path: str, bytes_max: int) -> tuple[SourceFile, ...]:
    """
    Return the files at `path`, `-` for standard input.

    Raises:
        SourceUnavailableError: there is nothing to read.
        InvalidConfigError: it is larger than the limit.
    """
    if path == STDIN:
        return (_read_stream("stdin", 0, bytes_max),)
    if _is_stream(path):
        return (_read_stream(path, path, bytes_max),)
    return Source(path, bytes_max).read().files


def _is_stream(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _read_stream(name: str, source: str | int, bytes_max: int) -> SourceFile:
    try:
        with open(source, "rb", closefd=source != 0) as stream:
            # One more, so that whoever parses it sees that it is too large.
            content = stream.read(bytes_max + 1)
    except OSError as error:
        problem = f"it cannot be read: {error.strerror}"
        raise SourceUnavailableError(name, problem) from error
    if not content.strip():
        problem = "it is empty: look whether the command that writes it has failed"
        raise SourceUnavailableError(name, problem)
    return SourceFile(f"{name}.json" if _is_json(content) else name, content)


def _is_json(content: bytes) -> bool:
    if not content.lstrip().startswith((b"{", b"[")):
        return False
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
