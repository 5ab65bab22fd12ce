"""
`liveconfig ...`: for whoever writes a config, before it is rolled out.

Owns: the command line, its output, its exit status.
Must not know: how anything is checked; it is what the publisher does.
Runs in: a process of its own.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from liveconfig.document import Limits
from liveconfig.errors import (
    InvalidConfigError,
    LiveconfigError,
    SourceUnavailableError,
    StartupError,
)
from liveconfig.loader import Candidate, all_located, load
from liveconfig.manifest import ManifestFile, config_files
from liveconfig.schema import Schema
from liveconfig.settings import Settings
from liveconfig.source import Source, SourceFile

_GOOD, _BAD, _WRONG_USAGE = 0, 1, 2

_EPILOG = """\
A PATH is a config file, a directory whose *.yaml, *.yml and *.json are merged in name
order, or a manifest with Kubernetes ConfigMaps, of which each file is checked by
itself. Without one it is LIVECONFIG_PATH.

The schema is --schema or LIVECONFIG_SCHEMA, as module:Class. Without one only the
syntax is checked, and the digest is not the one of a service that has a schema.

exit status: 0 good, 1 a config is bad or not there, 2 wrong usage
"""


@dataclass(frozen=True)
class Checked:
    """
    One config and what came of it.

    Attributes:
        name: what it is called in the output.
        candidate: the good config, None if it is bad.
        problems: what is wrong with it; of a good one, keys the schema does not know.
    """

    name: str
    candidate: Candidate[Any] | None
    problems: tuple[InvalidConfigError, ...]


class Checker:
    """Check configs as the service would."""

    def __init__(self, schema: Schema[Any], limits: Limits) -> None:
        """Check with `schema`, within `limits`."""
        self.schema = schema
        self._limits = limits

    def check(self, path: str) -> Iterator[Checked]:
        """
        Yield each config that is found at `path`.

        Raises:
            SourceUnavailableError: there is nothing.
            InvalidConfigError: it is too large, or a manifest that holds no config.
        """
        files = Source(path, self._limits.bytes_max).read().files
        parts = None
        if not os.path.isdir(path):
            parts = config_files(files[0].content, path, self._limits)
        if parts is None:
            yield self._checked(path, files)
        for part in parts or ():
            # The name tells JSON from YAML.
            checked = self._checked(part.name, (SourceFile(part.name, part.content),))
            problems = tuple(_placed(error, part, path) for error in checked.problems)
            yield Checked(f"{path}: {part.name}", checked.candidate, problems)

    def _checked(self, name: str, files: tuple[SourceFile, ...]) -> Checked:
        try:
            candidate = load(files, self.schema, self._limits)
        except InvalidConfigError as error:
            return Checked(name, None, (error,))
        problem = "the schema does not know this key: check the spelling"
        unknown = all_located(candidate.unknown_keys, problem, files)
        return Checked(name, candidate, tuple(unknown))


def _placed(
    error: InvalidConfigError, part: ManifestFile, path: str
) -> InvalidConfigError:
    """Return `error` with its place in the manifest, which is what people edit."""
    line, column = part.place(error.line, error.column)
    return InvalidConfigError(path, line, column, error.key, error.problem)


def check(checker: Checker, paths: Sequence[str], *, is_strict: bool) -> int:
    """Say of each config whether it is good; return the exit status."""
    status = _GOOD
    for path in paths:
        try:
            for checked in checker.check(path):
                if not _tell(checked, is_strict=is_strict):
                    status = _BAD
        except (InvalidConfigError, SourceUnavailableError) as error:
            _complain(error)
            status = _BAD
    return status


def _tell(checked: Checked, *, is_strict: bool) -> bool:
    is_good = checked.candidate is not None and not (is_strict and checked.problems)
    for error in checked.problems:
        _complain(error, "warning: " if is_good else "")
    if is_good and checked.candidate is not None:
        print(f"{checked.name}: ok, {checked.candidate.digest}")
    return is_good


def _candidates(checker: Checker, path: str) -> list[tuple[str, Candidate[Any]]]:
    """Return name and candidate of each config at `path`; raise for a bad one."""
    found = []
    for checked in checker.check(path):
        if checked.candidate is None:
            raise checked.problems[0]
        found.append((checked.name, checked.candidate))
    return found


def digest(checker: Checker, path: str) -> int:
    """Print the digest that every pod will show for the config at `path`."""
    candidates = _candidates(checker, path)
    for name, candidate in candidates:
        print(f"{candidate.digest}  {name}" if candidates[1:] else candidate.digest)
    return _GOOD


def show(checker: Checker, path: str) -> int:
    """Print the effective config: defaults filled in, secrets masked."""
    for _, candidate in _candidates(checker, path):
        _print_json(checker.schema.masked(candidate.config))
    return _GOOD


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False))


def _complain(error: LiveconfigError, kind: str = "") -> None:
    print(f"{kind}{error}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="liveconfig",
        description="Check and show configs exactly as a running service reads them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"liveconfig {metadata.version('liveconfig')}"
    parser.add_argument("--version", action="version", version=version)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--schema", metavar="MODULE:CLASS", help="the config's class")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        description = f"{text[0].upper()}{text[1:]}."
        return commands.add_parser(
            name,
            help=text,
            description=description,
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[common],
        )

    checking = add("check", "say whether configs are good, and if not, where and why")
    checking.add_argument("paths", metavar="PATH", nargs="*")
    checking.add_argument(
        "--strict", action="store_true", help="keys the schema does not know are bad"
    )
    for name, text in (
        ("digest", "print the digest that every pod will show for a config"),
        ("show", "print the effective config as JSON, secrets masked"),
    ):
        add(name, text).add_argument("path", metavar="PATH", nargs="?")
    add("schema", "print the JSON Schema of the config, for editors and linters")
    return parser


def _run(options: argparse.Namespace) -> int:
    settings = Settings.from_environ()
    # As gunicorn does, so that the schema is found in the project's directory.
    sys.path.insert(0, os.getcwd())
    schema: Schema[Any] = Schema.load(options.schema or settings.schema)
    checker = Checker(schema, Limits(bytes_max=settings.payload_bytes_max))
    if options.command == "schema":
        _print_json(schema.json_schema())
        return _GOOD
    if not schema.name:
        print("no --schema and no LIVECONFIG_SCHEMA: any keys pass", file=sys.stderr)
    if options.command == "check":
        paths = options.paths or [settings.path]
        return check(checker, paths, is_strict=options.strict)
    command = digest if options.command == "digest" else show
    return command(checker, options.path or settings.path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = _parser().parse_args(arguments)
    # As stderr is already: a path or text that cannot be shown is no reason to fail.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = _run(options)
        sys.stdout.flush()
    except StartupError as error:
        print(f"liveconfig: {error}", file=sys.stderr)
        return _WRONG_USAGE
    except LiveconfigError as error:
        _complain(error)
        return _BAD
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough. Nothing is left to flush to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BAD
    return status
