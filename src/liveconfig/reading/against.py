"""
A config that was read, against the one before.

Owns: the limits that the operator sets, and where in its files a change goes too far.
Must not know: which config is the one before, what is done about a refusal.
Runs in: the publisher and the CLI, so that `liveconfig check` and the service agree.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from liveconfig.errors import InvalidConfigError
from liveconfig.reading.loader import Candidate, located
from liveconfig.schema.guards import Guards, Limit, breaches
from liveconfig.schema.outline import Outline
from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings


@dataclass(frozen=True)
class Before:
    """
    The config that another is to take the place of.

    Attributes:
        name: what the sentences call it.
        outline: what there is to compare of it.
        known: the digests of configs that may take its place whatever they are.
        is_masked: whether its secrets are not known.
    """

    name: str
    outline: Outline
    known: Container[str] = ()
    is_masked: bool = False


def guards(settings: Settings) -> Guards:
    """Return what the operator wants refused."""
    return Guards(
        Limit("LIVECONFIG_GROWTH_MAX", settings.growth_max),
        Limit("LIVECONFIG_REMOVED_MAX", settings.removed_max),
        Limit("LIVECONFIG_BLANKED_MAX", settings.blanked_max),
    )


def refusals(
    candidate: Candidate[Any], before: Before, guards: Guards, schema: Schema[Any]
) -> Iterator[InvalidConfigError]:
    """Yield what goes too far in a change, each at its line and key."""
    if candidate.digest in before.known:
        return
    is_masked = before.is_masked
    after = schema.outline(candidate.config, candidate.data, is_masked=is_masked)
    documents = candidate.documents
    for keys, problem in breaches(guards, before.outline, after, before.name):
        yield located(
            keys,
            problem,
            list(documents),
            list(documents.values()),
            schema.key_names.of_config,
        )
