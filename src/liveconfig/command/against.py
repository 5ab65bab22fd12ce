"""
The config that `liveconfig check --against` compares with, and the limits of that.

Owns: what a FILE and a URL stand for; the limits of whoever has set none.
Must not know: how configs are compared, which is what the publisher does; the output.
Runs in: the CLI.
"""

from __future__ import annotations

from liveconfig.command.checker import Checker
from liveconfig.command.client import StatusClient
from liveconfig.errors import InvalidConfigError, StartupError
from liveconfig.reading.against import Before, guards
from liveconfig.reading.document import Limits, parse
from liveconfig.schema.guards import Guards, Limit
from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings

# Where neither an option nor a variable says anything.
OWN_LIMITS = {"growth_max": 2.0, "removed_max": 25.0, "blanked_max": 0.0}

# What is served is deeper than its file where the class has defaults.
_SERVED = Limits(bytes_max=2**62, depth_max=200, nodes_max=2**62)


def before(checker: Checker, place: str) -> Before:
    """
    Return the config at `place`, a URL or what `check` takes.

    Raises:
        SourceUnavailableError, InvalidConfigError: no good config is there.
        ServiceUnavailableError: the service does not answer, or has no config yet.
        StartupError: it is no such service, or there are several configs.
    """
    if "://" in place:
        return _served(checker.schema, StatusClient(place))
    checked, candidate = checker.only(
        place,
        ", and --against compares with one: choose with --key, or give --merged; "
        "there are",
    )
    # As the service has it of what is live: nobody knows what stood in the file.
    return Before(checked.name, checker.schema.outline(candidate.config))


def chosen(settings: Settings, *options: float | None) -> Guards:
    """Return the limits: those of the options, the environment or our own."""
    names = [f"--{name.replace('_', '-')}" for name in OWN_LIMITS]
    given = map(Limit, names, options)
    own = map(Limit, names, OWN_LIMITS.values())
    return Guards(
        *(
            next(limit for limit in limits if limit.most is not None)
            for limits in zip(given, guards(settings), own, strict=True)
        )
    )


def _served(schema: Schema[object], client: StatusClient) -> Before:
    status = client.ask()
    url, body = client.config()
    try:
        data = parse(body, f"{url}.json", _SERVED)
    except InvalidConfigError as error:
        raise StartupError(f"{url}: the answer is no config: {error}") from error
    published = (each.digest for each in status.history if each.kind == "published")
    return Before(
        f"version {status.version} of {url.rpartition('/')[0]}",
        schema.outline_of_masked(data or {}),
        frozenset(published),
        is_masked=True,
    )
