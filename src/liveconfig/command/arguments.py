"""
What each command takes, and its help.

Owns: the options, their texts, the exit statuses as they are documented.
Must not know: what a command does.
Runs in: the CLI, and whatever makes the reference from it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from importlib import metadata

from liveconfig.command.against import OWN_LIMITS
from liveconfig.errors import StartupError
from liveconfig.settings import Settings, Variable

# A kubelet alone takes up to 90 s.
_TIMEOUT_SECONDS = 120.0

_EPILOG = "liveconfig COMMAND --help says what a command takes, and its exit status."

_JSON_HELP = "one JSON object, for programs"

_PATH_HELP = "a config file, a directory or a manifest; - is standard input"

_FILES = """\
A PATH is a config file, a directory whose *.yaml, *.yml and *.json are merged in name
order, or a Kubernetes manifest, or a directory of these: there each file of a ConfigMap
or Secret is a config of its own. With --merged all of them are layers of one config, as
in a directory. - is standard input, and any pipe will do. Without one it is
LIVECONFIG_PATH.

The schema is --schema or LIVECONFIG_SCHEMA, as module:Class. Without one only the
syntax is checked, and the digest is not the one of a service that has a schema.
"""

_FILE_EPILOG = f"""\
{_FILES}
exit status: 0 good, 1 a config is bad or not there, 2 wrong usage
"""

_CHECK_EPILOG = f"""\
{_FILES}
With --against PATH holds one config, which is bad if it is too far from the one before,
by the rules of a running service. A FILE is what PATH may be. Of a URL, the operators'
port of a service, secrets are not known and so not compared, and what was live there
before may come back. A limit is that of its option, or else of the service's variable.

exit status: 0 good, 1 a config is bad or not there,
             2 wrong usage, or no service answers
"""

_LIMIT_HELPS = (
    "so many times the keys and values, or the bytes,",
    "so many percent of the keys and list items gone",
    "so many keys without a default blank that were not",
)

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
values may not be as meant, edits are found by polling, or the config is not from the
source. A config on trial is live, and the first line says for how many more seconds.

With --json it is one object: `at`, the instant by this machine's clock; `verdict`, with
the `level` (good, attention or trouble), the sentence and all that was found; and
`status`, the document that /status answers with. Its instants are by the clocks of the
pod, so run the command in the pod to compare them with `at`.

exit status: 0 no trouble: every worker serves the newest version, and that is what the
               source holds
             1 trouble: there is no config yet, a worker is behind, cannot read the
               newest version or must be restarted, the source was rejected, is missing
               or holds what was taken back, or the publisher is not running
             2 wrong usage, or no service answers
             130 ended by Ctrl-C
"""

_WAIT_EPILOG = """\
It ends when every worker serves the config with the digest, the one of FILE, or the
version or a newer one. With --rejected it ends when the newest edit is rejected, by now
or since long, and every worker serves the version that stays. With --proven the config
must have passed its trial as well; else one that is on trial will do, and stdout says
for how many more seconds it is.

A FILE is what `liveconfig digest` takes, and stands for its digest: a config file, a
directory, or a manifest with one config; - is standard input. The schema is --schema or
LIVECONFIG_SCHEMA, and must be the one of the service.

The service is asked on its operators' port, without a proxy, and need not be up yet.
Without --url it is the one of this machine or pod: LIVECONFIG_ADMIN_HOST and
LIVECONFIG_ADMIN_PORT say where. To wait for a pod of a cluster:

  kubectl exec POD -- liveconfig wait --digest "$(liveconfig digest config.yaml)"
  kubectl exec -i POD -- liveconfig wait --file - < config.yaml

A rejection that was there before the wait may be about what the source held before.
It ends the wait at once only if it is about FILE; else it is shown when time is up.
A config that was taken back, by now or since long, ends the wait for it at once: it is
not tried again before a reload (HUP).

With --json stdout has one object, however the wait ends: `outcome` (live, rejected,
withdrawn or late), `reason` ("" if it is live), `at`, the instant by this machine's
clock, and `status`, the document that /status answered with last, null if it never did.
Stdout is empty if FILE is bad or the usage is wrong.

exit status: 0 it is so in every worker of this pod; what takes a restart may be left,
               which `liveconfig status` says
             1 it was rejected, or FILE is bad: file, line and problem are on stderr;
               or it was taken back: the reason and its figures are on stderr
             2 not in time, and stderr says who is behind; or wrong usage
             130 ended by Ctrl-C
"""


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
    for command in (_add_status(add), _add_wait(add)):
        command.add_argument(
            "--url", metavar="http://HOST:PORT", help="the service's operators' port"
        )
    return parser


def _add_file_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    checking = add(
        "check",
        "say whether configs are good, and if not, where and why",
        _CHECK_EPILOG,
    )
    checking.add_argument("paths", metavar="PATH", nargs="*", help=_PATH_HELP)
    checking.add_argument(
        "--strict",
        action="store_true",
        help="what is worth a warning is bad, as keys the schema does not know",
    )
    _add_comparison(checking)
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


def _add_comparison(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--against",
        metavar="FILE|URL",
        help="the config before, or http://HOST:PORT of the operators' port of a "
        "service that has it: what goes too far from it is bad",
    )
    variables = {each.name: each.metadata["variable"] for each in fields(Settings)}
    for (name, own), text in zip(OWN_LIMITS.items(), _LIMIT_HELPS, strict=True):
        variable = variables[name]
        command.add_argument(
            f"--{name.replace('_', '-')}",
            type=partial(_limit, variable),
            metavar="N",
            help=f"{text} at most, by default {variable.name} or {own:g}",
        )


def _add_status(
    add: Callable[..., argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    showing = add(
        "status",
        "show which worker serves which version, and what is wrong",
        _STATUS_EPILOG,
    )
    form = showing.add_mutually_exclusive_group()
    form.add_argument("--watch", action="store_true", help="show it as it changes")
    form.add_argument("--json", action="store_true", help=_JSON_HELP)
    return showing


def _add_wait(add: Callable[..., argparse.ArgumentParser]) -> argparse.ArgumentParser:
    waiting = add(
        "wait",
        "wait until every worker serves a config, or it is no good",
        _WAIT_EPILOG,
    )
    wanted = waiting.add_mutually_exclusive_group(required=True)
    wanted.add_argument(
        "--digest",
        type=_digest,
        help="as `liveconfig digest` and /status show it",
    )
    wanted.add_argument("--file", help="the config itself")
    wanted.add_argument(
        "--version", type=_count, metavar="N", default=0, help="this one or a newer one"
    )
    wanted.add_argument(
        "--rejected", action="store_true", help="that the newest edit is rejected"
    )
    waiting.add_argument(
        "--proven",
        action="store_true",
        help="that it has passed its trial as well; else it ends when it is live",
    )
    waiting.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        default=0,
        help="at least so many must serve a config; by default any number",
    )
    waiting.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        default=_TIMEOUT_SECONDS,
        help="how long, by default %(default)g: a kubelet alone takes up to 90",
    )
    waiting.add_argument("--json", action="store_true", help=_JSON_HELP)
    _add_schema(waiting)
    _add_parts(waiting)
    return waiting


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


def _limit(variable: Variable, text: str) -> float:
    try:
        return float(variable.value(text, None))
    except StartupError as error:
        problem = f"{text!r}: it takes {variable.takes}"
        raise argparse.ArgumentTypeError(problem) from error


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,14}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1, such as 3")
    return int(text)


def _seconds(text: str) -> float:
    # No exponent, no sign, and no more than a day's worth of digits.
    if not re.fullmatch(r"\d{1,5}(\.\d{0,9})?", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds, such as 90"
        )
    return float(text)
