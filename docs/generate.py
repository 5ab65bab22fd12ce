"""
The pages of the documentation that say what the code says: `make docs` writes them.

Owns: the text of each such page.
Must not know: Sphinx.
Runs in: a process of its own, and in the test that holds the pages against the code.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import Field, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from liveconfig import MetricsCollector
from liveconfig.command.arguments import command_line
from liveconfig.reference.settings import ServiceSettings
from liveconfig.settings import Settings

_DOCS = Path(__file__).resolve().parent
_PACKAGE = _DOCS.parent / "src" / "liveconfig"

# As the data goes; a package that is not named here comes last.
_ORDER = (
    "watch",
    "reading",
    "masking",
    "schema",
    "trial",
    "publishing",
    "memory",
    "processes",
    "worker",
    "master",
    "status",
    "operators",
    "command",
    "reference",
)

_CODE_MAP = """\
# Code map

```text
           publisher process (exactly one)            shared memory     every worker
 source ─▶ watch ─▶ reading ─▶ schema ─▶ publishing ─▶ memory ─▶ worker ─▶ response
```

Data goes one way, from the source to the response.
The first lines of each module say what it owns, what it must not know,
and where it runs.

| in `src/liveconfig/` | what it is |
| --- | --- |
"""


def _charter(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]


def _modules() -> Iterator[tuple[str, str]]:
    found = {path.parent.name for path in _PACKAGE.glob("*/__init__.py")}
    for name in (*_ORDER, *sorted(found - set(_ORDER))):
        package = _PACKAGE / name
        yield f"**`{name}/`**", _charter(package / "__init__.py")
        for path in sorted(package.glob("*.py")):
            if path.stem != "__init__":
                yield f"`{name}/{path.stem}`", _charter(path)
    for path in sorted(_PACKAGE.glob("*.py")):
        if path.stem != "__init__":
            yield f"`{path.stem}`", _charter(path)


def code_map() -> str:
    """Return the page that names each module with the first line of its charter."""
    return _CODE_MAP + "".join(f"| {name} | {text} |\n" for name, text in _modules())


_SETTINGS = """\
# Settings

All are environment variables; an empty one counts as unset.
A value that a variable does not take ends the start, with one sentence that names it.

{library}
The reference service has two more, which no other service reads:

{service}
gunicorn's own `WEB_CONCURRENCY` and `GUNICORN_CMD_ARGS` work as always, and the latter
wins over the config file; the reference service has 4 workers by default.
What Kubernetes puts into a pod for its Services, such as
`LIVECONFIG_ADMIN_PORT=tcp://…`, is no setting.
"""

_CLI = """\
# Command line

`liveconfig` is installed with the package, and is in the image as well.
`liveconfig --version` prints its version, and `liveconfig COMMAND --help` what is here.

"""

_HTTP = """\
# HTTP

What the reference service answers, on its two ports.
The operators' port is the same in each service that
[adds it](../start/operators-port.md).
The whole description, with the schema of each answer, is `docs/openapi.yaml`.

{description}
"""

_METRICS = """\
# Metrics

`GET /metrics` on the operators' port, in Prometheus' text format and in OpenMetrics.
A counter ends in `_total`; a histogram has `_bucket`, `_sum` and `_count`;
an info ends in `_info`.
[Metrics and alerts](../operate/metrics.md) says how to collect them.

"""


def _table(*columns: str) -> Callable[[Iterable[Iterable[str]]], str]:
    def rows(found: Iterable[Iterable[str]]) -> str:
        lines = [columns, ["---"] * len(columns), *found]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    return rows


def _variable(setting: Field[Any]) -> list[str]:
    variable = setting.metadata["variable"]
    default = f"`{setting.default}`" if setting.default not in ("", None) else "none"
    return [f"`{variable.name}`", default, variable.takes, variable.meaning]


def settings() -> str:
    """Return the page of the environment variables, with what each takes."""
    table = _table("variable", "default", "takes", "meaning")
    library = list(fields(Settings))
    own = fields(ServiceSettings)[len(library) :]
    return _SETTINGS.format(
        library=table(map(_variable, library)), service=table(map(_variable, own))
    )


def _argument(action: argparse.Action) -> str:
    name = action.metavar or action.dest.upper()
    if not action.option_strings:
        return f"{name}" if action.nargs is None else f"[{name}]"
    option = action.option_strings[-1]
    return option if action.nargs == 0 else f"{option} {name}"


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    arguments = [each for each in parser._actions if each.dest != "help"]
    positional = [each for each in arguments if not each.option_strings]
    options = [each for each in arguments if each.option_strings]
    rows = _table("argument", "what it does")(
        [f"`{_argument(each)}`", (each.help or "") % vars(each)]
        for each in (*positional, *options)
    )
    return f"## liveconfig {name}\n\n{parser.description}\n\n{rows}"


def cli() -> str:
    """Return the page of the commands, their arguments and exit statuses."""
    (commands,) = (
        each for each in command_line()._actions if isinstance(each.choices, dict)
    )
    assert isinstance(commands.choices, dict)
    # Several commands in a row end in the same text: it stands under the last.
    groups = groupby(commands.choices.items(), key=lambda each: each[1].epilog)
    return _CLI + "\n".join(
        "\n".join(_command(*each) for each in group) + f"\n```text\n{epilog}```\n"
        for epilog, group in groups
    )


def _port(url: str) -> str:
    return f"`{url.removeprefix('http://')}`"


def _route(path: str, route: dict[str, Any], description: dict[str, Any]) -> str:
    servers = route.get("servers", description["servers"])
    methods = [name.upper() for name in ("get", "head", "options") if name in route]
    ports = " and ".join(_port(server["url"]) for server in servers)
    answers = (
        [f"`{status}`", _answer(response, description)]
        for status, response in route["get"]["responses"].items()
    )
    return (
        f"## {path}\n\n{route['get']['summary']}\n\n"
        f"{', '.join(methods)} on {ports}.\n\n"
        f"{_table('status', 'answer')(answers)}"
    )


def _answer(response: dict[str, Any], description: dict[str, Any]) -> str:
    if "$ref" in response:
        name = response["$ref"].rpartition("/")[2]
        response = description["components"]["responses"][name]
    text: str = response["description"]
    return " ".join(text.split()).replace("|", "\\|")


def http() -> str:
    """Return the page of the routes, from the description that tools read."""
    description = yaml.safe_load((_DOCS / "openapi.yaml").read_text())
    routes = (
        _route(path, route, description) for path, route in description["paths"].items()
    )
    info: str = description["info"]["description"]
    return _HTTP.format(description=info.rstrip("\n")) + "".join(
        f"\n{route}" for route in routes
    )


def metrics() -> str:
    """Return the page of the metrics, as the collector describes them."""
    return _METRICS + _table("metric", "type", "what it says")(
        [f"`{each.name}`", each.type, each.documentation]
        for each in MetricsCollector().describe()
    )


PAGES: dict[str, Callable[[], str]] = {
    "contribute/code-map.md": code_map,
    "reference/settings.md": settings,
    "reference/cli.md": cli,
    "reference/http.md": http,
    "reference/metrics.md": metrics,
}


def main() -> None:
    """Write every page anew."""
    for name, text in PAGES.items():
        (_DOCS / name).write_text(text())


if __name__ == "__main__":
    main()
