"""
`liveconfig ...`: for whoever writes a config, before and after it is rolled out.

Owns: the command line, its output, its exit status.
Must not know: how anything is checked, which is what the publisher does; HTTP.
Runs in: a process of its own.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any, NoReturn

from liveconfig.command.checker import NO_CONFIG, Checked, Checker
from liveconfig.command.client import StatusClient
from liveconfig.command.terminal import Screen, rendered
from liveconfig.command.waiting import Target, wait_for
from liveconfig.errors import (
    InvalidConfigError,
    LiveconfigError,
    NotConvergedError,
    ServiceUnavailableError,
    SourceUnavailableError,
    StartupError,
    printable,
)
from liveconfig.reading.document import Limits
from liveconfig.reading.source import bytes_digest
from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings
from liveconfig.status.verdict import counted, judge

# The last is also for wrong usage, as argparse has it; and 130 is what shells make of
# a command that Ctrl-C ended.
_GOOD, _BAD, _NO_ANSWER, _INTERRUPTED = 0, 1, 2, 130

_WATCH_SECONDS = 1.0

# A kubelet alone takes up to 90 s.
_TIMEOUT_SECONDS = 120.0

_NO_SCHEMA = (
    "no --schema and no LIVECONFIG_SCHEMA: any keys pass, and the digest is not the "
    "one of a service that has a schema"
)

_EPILOG = "liveconfig COMMAND --help says what a command takes, and its exit status."

_PATH_HELP = "a config file, a directory or a manifest; - is standard input"

_FILE_EPILOG = """\
A PATH is a config file, a directory whose *.yaml, *.yml and *.json are merged in name
order, or a Kubernetes manifest, or a directory of these: there each file of a ConfigMap
or Secret is a config of its own. With --merged all of them are layers of one config, as
in a directory. - is standard input, and any pipe will do. Without one it is
LIVECONFIG_PATH.

The schema is --schema or LIVECONFIG_SCHEMA, as module:Class. Without one only the
syntax is checked, and the digest is not the one of a service that has a schema.

exit status: 0 good, 1 a config is bad or not there, 2 wrong usage
"""

_SCHEMA_EPILOG = """\
The class is --schema or LIVECONFIG_SCHEMA, as module:Class; without one any mapping
will do.

exit status: 0 good, 2 wrong usage, or the class cannot be used
"""

_STATUS_EPILOG = """\
The service is asked on its operators' port, without a proxy. Without --url that is the
one of this machine or pod: LIVECONFIG_ADMIN_HOST and LIVECONFIG_ADMIN_PORT say where.

With --watch it is asked once a second until Ctrl-C. On a terminal the text stays in its
place; into a pipe it is written anew for each change.

The first line is the sentence that heads the page in a browser. A line that begins
with ! is trouble: an edit is not in effect in every worker, or the next one would not
be. One that begins with - asks for attention only: callbacks failed, keys are unknown,
edits are found by polling, or the config is not from the source.

exit status: 0 no trouble: every worker serves the newest version, and that is what the
               source holds
             1 trouble: there is no config yet, a worker is behind, cannot read the
               newest version or must be restarted, the source was rejected or is
               missing, or the publisher is not running
             2 wrong usage, or no service answers
             130 ended by Ctrl-C
"""

_WAIT_EPILOG = """\
A FILE is what `liveconfig digest` takes, and stands for its digest: a config file, a
directory, or a manifest with one config. The schema is --schema or LIVECONFIG_SCHEMA,
and must be the one of the service.

The service is asked on its operators' port, without a proxy, and need not be up yet.
Without --url it is the one of this machine or pod: LIVECONFIG_ADMIN_HOST and
LIVECONFIG_ADMIN_PORT say where. To wait for a pod of a cluster:

  kubectl exec POD -- liveconfig wait --digest "$(liveconfig digest config.yaml)"

A rejection that was there before the wait may be about what the source held before.
It ends the wait at once only if it is about FILE; else it is shown when time is up.

exit status: 0 every worker of this pod serves it; what takes a restart may be left,
               which `liveconfig status` says
             1 it was rejected, or FILE is bad: file, line and problem are on stderr
             2 not in time, and stderr says who is behind; or wrong usage
             130 ended by Ctrl-C
"""


def check(checker: Checker, paths: Sequence[str], *, is_strict: bool) -> int:
    """Say of each config whether it is good; return the exit status."""
    is_good, is_any = True, False
    for group in [paths] if checker.is_merged else [[path] for path in paths]:
        try:
            for checked in checker.check(*group):
                is_good &= _print_checked(checked, is_strict=is_strict)
                is_any |= checked.is_config
        except (InvalidConfigError, SourceUnavailableError) as error:
            _complain(error)
            is_good = False
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
    found = checker.good(path)
    if found[1:]:
        names = ", ".join(checked.name for checked, _ in found)
        raise StartupError(
            f"{path} holds {len(found)} configs and a service serves one: "
            f"give --digest the one of {names}"
        )
    ((checked, candidate),) = found
    return Target(candidate.digest, bytes_digest(checked.files))


def status(client: StatusClient) -> int:
    """Print what the service says of itself; return whether all is well."""
    found = client.ask()
    columns, _ = Screen(sys.stdout).size()
    print("\n".join(rendered(found, columns)))
    return _BAD if judge(found).level == "trouble" else _GOOD


def watch(client: StatusClient) -> NoReturn:
    """Show what the service says of itself as it changes, until Ctrl-C."""
    screen = Screen(sys.stdout)
    while True:
        try:
            screen.show(rendered(client.ask(), screen.size()[0]))
        except ServiceUnavailableError as error:
            screen.show([f"not there: {error}"])
        time.sleep(_WATCH_SECONDS)


def wait(client: StatusClient, target: Target, seconds: float) -> int:
    """Wait until every worker serves the target, and say how that ended."""
    try:
        found = wait_for(client, target, seconds)
    except InvalidConfigError as error:
        _complain(error, "rejected: ")
        return _BAD
    serving = counted(len(found.serving), "worker")
    print(f"live: version {found.version} in {serving}")
    return _GOOD


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False))


def _complain(error: LiveconfigError, kind: str = "") -> None:
    print(f"{kind}{error}", file=sys.stderr)


def command_line() -> argparse.ArgumentParser:
    """Return what takes the arguments of a command apart, and knows the help."""
    parser = argparse.ArgumentParser(
        prog="liveconfig",
        description="Check configs exactly as a running service reads them, and see "
        "that they are live.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"liveconfig {metadata.version('liveconfig')}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(
        name: str, text: str, epilog: str = _FILE_EPILOG
    ) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    _add_file_commands(add)
    _add_service_commands(add)
    return parser


def _add_file_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    checking = add("check", "say whether configs are good, and if not, where and why")
    checking.add_argument("paths", metavar="PATH", nargs="*", help=_PATH_HELP)
    checking.add_argument(
        "--strict",
        action="store_true",
        help="what is worth a warning is bad, as keys the schema does not know",
    )
    digesting = add("digest", "print the digest that every pod will show for a config")
    showing = add("show", "print the effective config as JSON, secrets masked")
    for command in (digesting, showing):
        command.add_argument("path", metavar="PATH", nargs="?", help=_PATH_HELP)
    schema = add(
        "schema",
        "print the JSON Schema of the config, for editors and linters",
        _SCHEMA_EPILOG,
    )
    schema.add_argument(
        "--strict", action="store_true", help="keys the class does not name are wrong"
    )
    for command in (checking, digesting, showing, schema):
        _add_schema(command)
    for command in (checking, digesting, showing):
        _add_parts(command)


def _add_service_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    showing = add(
        "status",
        "show which worker serves which version, and what is wrong",
        _STATUS_EPILOG,
    )
    showing.add_argument("--watch", action="store_true", help="show it as it changes")
    waiting = add("wait", "wait until every worker serves a config", _WAIT_EPILOG)
    wanted = waiting.add_mutually_exclusive_group(required=True)
    wanted.add_argument(
        "--digest", type=_digest, help="as `liveconfig digest` and /status show it"
    )
    wanted.add_argument("--file", help="the config itself")
    waiting.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        default=_TIMEOUT_SECONDS,
        help="how long, by default %(default)g: a kubelet alone takes up to 90",
    )
    _add_schema(waiting)
    _add_parts(waiting)
    for command in (showing, waiting):
        command.add_argument(
            "--url", metavar="http://HOST:PORT", help="the service's operators' port"
        )


def _add_schema(command: argparse.ArgumentParser) -> None:
    command.add_argument("--schema", metavar="MODULE:CLASS", help="the config's class")


def _add_parts(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--key",
        action="append",
        default=[],
        help="of ConfigMaps and Secrets only this key, whatever it is called",
    )
    command.add_argument(
        "--merged", action="store_true", help="all that is given is one config"
    )


def _digest(text: str) -> str:
    match = re.fullmatch(r"(?:sha256:)?([0-9a-f]{64})", text.lower())
    if match is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no digest: it takes sha256: and 64 hexadecimal digits"
        )
    return f"sha256:{match[1]}"


def _seconds(text: str) -> float:
    # No exponent, no sign, and no more than a day's worth of digits.
    if not re.fullmatch(r"\d{1,5}(\.\d{0,9})?", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds, such as 90"
        )
    return float(text)


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
        paths = options.paths or [settings.path]
        return check(checker, paths, is_strict=options.strict)
    command = digest if options.command == "digest" else show
    return command(checker, options.path or settings.path)


def _ask(options: argparse.Namespace, settings: Settings) -> int:
    client = StatusClient(options.url or settings.admin_url)
    if options.command == "status":
        return watch(client) if options.watch else status(client)
    if options.file is None:
        wanted = Target(options.digest)
    else:
        wanted = target(_checker(options, settings), options.file)
    return wait(client, wanted, options.timeout)


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
    except (StartupError, ServiceUnavailableError, NotConvergedError) as error:
        print(f"liveconfig: {error}", file=sys.stderr)
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
