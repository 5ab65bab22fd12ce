"""
What can happen to the source and the config.

Owns: one class for each kind of event, and what is known of it.
Must not know: what follows from an event, how it is logged.
Runs in: the publisher process.

No event holds a key or a value that must not be shown: what is put into one is masked.
Times are seconds since the epoch, as floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from liveconfig.errors import (
    InvalidConfigError,
    KeyPath,
    LiveconfigError,
    SourceUnavailableError,
    listed,
)
from liveconfig.masking.excerpt import ExcerptLine
from liveconfig.masking.names import Named, shown
from liveconfig.memory.status import Attempt
from liveconfig.memory.trial import Figures, Proven, Trial, Withdrawn
from liveconfig.schema.changes import Change

# A line of the log has to be readable; the record of the status has room for so many.
_IN_LOG_MAX = 20
_IN_STATUS_MAX = 100


@dataclass(frozen=True)
class Keys:
    """
    Paths of keys as they may be shown.

    Attributes:
        names: the first 100.
        count: how many there are.
        text: the first 20 and how many more, for a line of the log.
    """

    names: tuple[str, ...] = ()
    count: int = 0
    text: str = ""

    @classmethod
    def of(cls, keys: Sequence[KeyPath], named: Named) -> Keys:
        """Return what may be shown of these paths."""
        names = shown(keys, named, _IN_STATUS_MAX)
        return cls(names, len(keys), listed(names, _IN_LOG_MAX, len(keys)))


class Event:
    """Something that has happened."""


@dataclass(frozen=True)
class Resumed(Event):
    """What the publisher before published is live, and can be read."""

    at: float
    version: int
    digest: str


@dataclass(frozen=True)
class Unreadable(Event):
    """What the publisher before published cannot be read."""

    error: LiveconfigError


@dataclass(frozen=True)
class Checked(Event):
    """The source was looked at, and is again after so many seconds at most."""

    at: float
    poll_seconds: float


@dataclass(frozen=True)
class Attempted(Event):
    """These bytes are about to be tried, or None: an attempt has come to its end."""

    attempt: Attempt | None


@dataclass(frozen=True)
class Missing(Event):
    """The source is not there, or cannot be read."""

    at: float
    error: SourceUnavailableError


@dataclass(frozen=True)
class Found(Event):
    """The source is there."""


@dataclass(frozen=True)
class Published(Event):
    """
    A good source went live as a new version.

    Attributes:
        at: when that was.
        version: its number.
        digest: the digest of its config.
        path: where it came from.
        changed_at: when its source changed, by the filesystem's clock, 0.0 where no
            change led to it.
        seconds: what it took from the begin of reading.
        is_first: whether nothing is known of the version before.
        changed: the keys that differ from the version before.
        changes: the first of them with their values, secrets masked.
        restart_keys: those of them that a running process cannot apply.
    """

    at: float
    version: int
    digest: str
    path: str
    changed_at: float
    seconds: float
    is_first: bool = True
    changed: Keys = field(default_factory=Keys)
    changes: tuple[Change, ...] = ()
    restart_keys: Keys = field(default_factory=Keys)


@dataclass(frozen=True)
class Unchanged(Event):
    """A good source holds the config that is live."""


@dataclass(frozen=True)
class UnknownKeys(Event):
    """These keys of a good source are unknown to the schema; there may be none."""

    path: str
    keys: Keys


@dataclass(frozen=True)
class Doubtful(Event):
    """These values of a good source are hardly what its author means."""

    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Rejected(Event):
    """
    The source is no good.

    Attributes:
        at: when that was found out.
        digest: of its bytes, "" where they could not be read whole.
        error: what is wrong with it.
        excerpt: the lines around that, secrets masked.
        changed_at: when it changed, by the filesystem's clock, 0.0 if unknown.
        seconds: what it took to find out.
    """

    at: float
    digest: str
    error: InvalidConfigError
    excerpt: tuple[ExcerptLine, ...] = ()
    changed_at: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class SeenAgain(Event):
    """The source holds the same bytes as at the look before."""

    digest: str


@dataclass(frozen=True)
class FellBack(Event):
    """A version went live that is not what the source holds, but from `origin`."""

    at: float
    version: int
    digest: str
    origin: str


@dataclass(frozen=True)
class Recalled(Event):
    """What was proven and condemned is known from before this service started."""

    proven: Proven | None
    condemned: tuple[Withdrawn, ...]


@dataclass(frozen=True)
class Reloaded(Event):
    """The code is another one, and what is proven is measured anew."""

    proven: Proven


@dataclass(frozen=True)
class Begun(Event):
    """What is live is on trial."""

    trial: Trial


@dataclass(frozen=True)
class WentOn(Event):
    """A trial goes on in another worker, or since now in the one that it was for."""

    trial: Trial


@dataclass(frozen=True)
class Passed(Event):
    """
    What is live is proven.

    Attributes:
        proven: what that is.
        figures: how it fared in its trial, if it had one.
    """

    proven: Proven
    figures: Figures


@dataclass(frozen=True)
class Condemned(Event):
    """
    What is live must not stay so.

    Attributes:
        withdrawn: what that is, and why.
        is_served: whether it stays all the same, as there is nothing else.
    """

    withdrawn: Withdrawn
    is_served: bool


@dataclass(frozen=True)
class WentBack(Event):
    """The proven config is live again."""

    at: float
    proven: Proven


@dataclass(frozen=True)
class Refused(Event):
    """The source holds what was condemned."""

    withdrawn: Withdrawn


@dataclass(frozen=True)
class Forgotten(Event):
    """What was condemned may be tried again."""


@dataclass(frozen=True)
class CacheUnused(Event):
    """A file of the cache cannot be used, or nothing of it."""

    problem: str


@dataclass(frozen=True)
class CacheUnfit(Event):
    """What the cache holds does not fit the schema."""

    error: LiveconfigError


@dataclass(frozen=True)
class NoDefaults(Event):
    """The schema's own defaults are no config."""

    error: LiveconfigError


@dataclass(frozen=True)
class Waiting(Event):
    """There is no config yet, and the next good source is one."""


@dataclass(frozen=True)
class PublishedAgain(Event):
    """What was live was overwritten, and is live once more as another version."""

    at: float
    version: int


@dataclass(frozen=True)
class Kept(Event):
    """What is live is in the cache."""


@dataclass(frozen=True)
class NotKept(Event):
    """What is live could not be put into the cache."""

    problem: str


@dataclass(frozen=True)
class ModeChanged(Event):
    """The source is watched otherwise from now on, and why."""

    mode: str
    reason: str
