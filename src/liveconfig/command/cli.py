"""
`liveconfig ...`: for whoever writes a config, before and after it is rolled out.

Owns: what each command prints, and its exit status.
Must not know: how anything is checked, which is what the publisher does; HTTP.
Runs in: a process of its own.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, NoReturn

from liveconfig.command.against import before, chosen
from liveconfig.command.arguments import command_line
from liveconfig.command.checker import NO_CONFIG, Checked, Checker
from liveconfig.command.client import StatusClient
from liveconfig.command.terminal import Screen, rendered
from liveconfig.command.waiting import Target, Wait
from liveconfig.errors import (
    InvalidConfigError,
    LiveconfigError,
    NotConvergedError,
    ServiceUnavailableError,
    SourceUnavailableError,
    StartupError,
    WithdrawnError,
    printable,
)
from liveconfig.reading.document import Limits
from liveconfig.reading.source import bytes_digest
from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings
from liveconfig.status.document import Status
from liveconfig.status.verdict import counted, judge, trial

# The last is also for wrong usage, as argparse has it; and 130 is what shells make of
# a command that Ctrl-C ended.
_GOOD, _BAD, _NO_ANSWER, _INTERRUPTED = 0, 1, 2, 130

# Soon enough for who looks on; what has not changed is not sent again.
_WATCH_SECONDS = 1.0

_NO_SCHEMA = (
    "no --schema and no LIVECONFIG_SCHEMA: any keys pass, and the digest is not the "
    "one of a service that has a schema"
)

_NOT_PROVEN = (
    "--rejected is for what is not live, and so is never proven: leave one out"
)

_SEVERAL = (
    "these are {} configs, and --against compares one: choose with --key, or give "
    "--merged"
)


def check(checker: Checker, paths: Sequence[str], *, is_strict: bool) -> int:
    """Say of each config whether it is good; return the exit status."""
    is_good, is_any, number = True, False, 0
    for group in [paths] if checker.is_merged else [[path] for path in paths]:
        try:
            for checked in checker.check(*group):
                is_good &= _print_checked(checked, is_strict=is_strict)
                is_any |= checked.is_config
                number += bool(checked.files)
        except (InvalidConfigError, SourceUnavailableError) as error:
            _complain(error)
            is_good = False
    if checker.is_comparing and number > 1:
        raise StartupError(f"{', '.join(paths)}: {_SEVERAL.format(number)}")
    if is_good and not is_any:
        print(f"{', '.join(paths)}: {NO_CONFIG}", file=sys.stderr)
    return _GOOD if is_good and is_any else _BAD


def _print_checked(checked: Checked, *, is_strict: bool) -> bool:
    for note in checked.notes:
        print(note, file=sys.stderr)
    if not checked.is_config:
        return True
    is_good = checked.candidate is not None and not (is_strict and checked.problems)
    for error in checked.problems:
        _complain(error, "warning: " if is_good else "")
    if is_good and checked.candidate is not None:
        print(f"{printable(checked.name)}: ok, {checked.candidate.digest}")
    return is_good


def digest(checker: Checker, path: str) -> int:
    """Print the digest that every pod will show for the config at `path`."""
    found = checker.good(path)
    for checked, candidate in found:
        name = f"  {printable(checked.name)}" if found[1:] else ""
        print(f"{candidate.digest}{name}")
    return _GOOD


def show(checker: Checker, path: str) -> int:
    """Print the effective config: defaults filled in, secrets masked."""
    for checked, candidate in checker.good(path):
        _print_json(checker.shown(checked, candidate))
    return _GOOD


def target(checker: Checker, path: str) -> Target:
    """Return what to wait for, so that the config at `path` is what is served."""
    but = " and a service serves one: give --digest the one of"
    checked, candidate = checker.only(path, but)
    return Target(candidate.digest, bytes_digest(checked.files))


def status(client: StatusClient, *, is_json: bool) -> int:
    """Print what the service says of itself; return whether all is well."""
    found = client.ask()
    verdict = judge(found)
    if is_json:
        findings = [finding._asdict() for finding in verdict.findings]
        _print_status(found, verdict={**verdict._asdict(), "findings": findings})
    else:
        columns, _ = Screen(sys.stdout).size()
        print("\n".join(rendered(found, columns)))
    return _BAD if verdict.level == "trouble" else _GOOD


def watch(client: StatusClient) -> NoReturn:
    """Show what the service says of itself as it changes, until Ctrl-C."""
    screen = Screen(sys.stdout)
    while True:
        try:
            screen.show(rendered(client.ask(), screen.size()[0]))
        except ServiceUnavailableError as error:
            screen.show([f"not there: {error}"])
        time.sleep(_WATCH_SECONDS)


def wait(client: StatusClient, target: Target, seconds: float, *, is_json: bool) -> int:
    """Wait until the service is where it is to come to, and say how that ended."""
    waiting, reason = Wait(client, target), ""
    try:
        found = waiting.run(seconds)
    except InvalidConfigError as error:
        _complain(error, "rejected: ")
        outcome, exit_status, reason = "rejected", _BAD, str(error)
    except WithdrawnError as error:
        _complain(error, "withdrawn: ")
        outcome, exit_status, reason = "withdrawn", _BAD, str(error)
    except NotConvergedError as error:
        _complain(error, "liveconfig: ")
        outcome, exit_status, reason = "late", _NO_ANSWER, str(error)
    else:
        outcome, exit_status = "live", _GOOD
        serving = counted(len(found.serving), "worker")
        outlook = ", proven" if target.is_proven else trial(found)
        ending = f"live: version {found.version} in {serving}{outlook}"
        if target.is_rejection and found.rejected is not None:
            outcome, reason = "rejected", str(found.rejected.error.as_exception())
            ending = f"rejected: {reason}"
        if not is_json:
            print(ending)
    if is_json:
        _print_status(waiting.status, outcome=outcome, reason=reason)
    return exit_status


def _print_status(status: Status | None, **conclusion: Any) -> None:
    """Print a conclusion with what it rests on, and when by the clock of this place."""
    now = datetime.fromtimestamp(time.time(), timezone.utc)
    document = None if status is None else json.loads(status.to_json())
    _print_json({"at": now.isoformat(), **conclusion, "status": document})


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False))


def _complain(error: LiveconfigError, kind: str = "") -> None:
    print(f"{kind}{error}", file=sys.stderr)


def _checker(options: argparse.Namespace, settings: Settings) -> Checker:
    # As gunicorn does, so that the schema is found in the project's directory, which
    # under this name may be deleted as well.
    sys.path.insert(0, "")
    schema: Schema[Any] = Schema.load(options.schema or settings.schema)
    if not schema.name and options.command != "schema":
        print(_NO_SCHEMA, file=sys.stderr)
    limits = Limits(settings.payload_bytes_max, nodes_max=settings.nodes_max)
    if options.command == "schema":
        return Checker(schema, limits)
    return Checker(schema, limits, options.key, is_merged=options.merged)


def _run(options: argparse.Namespace) -> int:
    settings = Settings.from_environ()
    if options.command in ("status", "wait"):
        return _ask(options, settings)
    checker = _checker(options, settings)
    if options.command == "schema":
        _print_json(checker.schema.json_schema(is_strict=options.strict))
        return _GOOD
    if options.command == "check":
        _compare(checker, options, settings)
        paths = options.paths or [settings.path]
        return check(checker, paths, is_strict=options.strict)
    command = digest if options.command == "digest" else show
    return command(checker, options.path or settings.path)


def _compare(checker: Checker, options: argparse.Namespace, settings: Settings) -> None:
    limits = (options.growth_max, options.removed_max, options.blanked_max)
    if options.against is not None:
        guards = chosen(settings, *limits)
        checker.compare_with(before(checker, options.against), guards)
    elif any(limit is not None for limit in limits):
        raise StartupError("a limit is for --against, which is missing")


def _ask(options: argparse.Namespace, settings: Settings) -> int:
    client = StatusClient(options.url or settings.admin_url)
    if options.command == "status":
        if options.watch:
            watch(client)
        return status(client, is_json=options.json)
    if options.rejected and options.proven:
        raise StartupError(_NOT_PROVEN)
    wanted = Target(options.digest or "", "", options.version, options.rejected)
    if options.file is not None:
        wanted = target(_checker(options, settings), options.file)
    wanted = replace(wanted, workers=options.workers, is_proven=options.proven)
    return wait(client, wanted, options.timeout, is_json=options.json)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = command_line().parse_args(arguments)
    # As stderr is already: a path or text that cannot be shown is no reason to fail.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = _run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (StartupError, ServiceUnavailableError) as error:
        _complain(error, "liveconfig: ")
        return _NO_ANSWER
    except LiveconfigError as error:
        _complain(error)
        return _BAD
    except OSError as error:
        # Nothing is left to flush to what takes no more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # A reader such as `head` has only seen enough.
        if not isinstance(error, BrokenPipeError):
            print(f"liveconfig: {error}", file=sys.stderr)
        return _BAD
    return status
