"""
What the publisher says of itself, as data.

Owns: the publisher's state as it stands in the second record, and its bytes.
Must not know: who shows it, and any value of a config.
Runs in: the publisher (which writes it) and the workers (which show it).

Times are seconds since the epoch, as floats.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from liveconfig.errors import CorruptRecordError, InvalidConfigError
from liveconfig.masking.excerpt import ExcerptLine
from liveconfig.memory.trial import Proven, Trial, Withdrawn

# It holds key paths and the text of errors, each cut at a limit, but no config. Room
# for all of them at their longest; it is taken only as it fills.
STATUS_BYTES_MAX = 512 * 1024

# The upper ends of the buckets of what a publication takes; the last bucket has none.
PUBLISH_SECONDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)


Place = Annotated[
    int, msgspec.Meta(ge=0, description="Counted from 1; 0 where all of it is meant.")
]


class Problem(msgspec.Struct, frozen=True):
    """Where and why a document was rejected: the parts of an `InvalidConfigError`."""

    path: str
    line: Place
    column: Place
    key: str
    problem: str

    def without_text(self) -> Problem:
        """Return the place alone, for whoever must not see what was shown before."""
        problem = "it was rejected while other keys were secret: no more is shown"
        return Problem(self.path, self.line, self.column, "", problem)

    def as_exception(self) -> InvalidConfigError:
        """Return the error that these are the parts of."""
        return InvalidConfigError(*msgspec.structs.astuple(self))


class Rejected(msgspec.Struct, frozen=True):
    """
    The candidate that is not served, until a good one comes.

    Attributes:
        digest: of the rejected bytes, "" where they could not be read whole.
        error: what its author must mend.
        since: when it was first seen.
        tries: how often it was seen since, itself included.
        excerpt: the lines around the error, () where there is nothing to show.
    """

    digest: str
    error: Problem
    since: float
    tries: int
    excerpt: tuple[ExcerptLine, ...] = ()

    def without_text(self) -> Rejected:
        """Return it without what was shown of the document."""
        return msgspec.structs.replace(
            self, error=self.error.without_text(), excerpt=()
        )

    def seen_again(self) -> Rejected:
        """Return it, seen once more."""
        return msgspec.structs.replace(self, tries=self.tries + 1)


class Missing(msgspec.Struct, frozen=True):
    """The source that cannot be read at present, and since when."""

    problem: str
    since: float


class Attempt(msgspec.Struct, frozen=True):
    """
    The bytes of a source that are being made a config of.

    It stands for as long as that takes, so where a publisher dies over them its
    successor finds it; and for good when they are not tried any more.

    Attributes:
        digest: of the bytes.
        number: how often they were tried, this time included.
        is_over: whether they are not tried any more.
    """

    digest: str
    number: int
    is_over: bool = False


class Reloads(msgspec.Struct, frozen=True):
    """
    What came of the times the source had changed, over all publishers of one master.

    Attributes:
        published: a new version went live.
        rejected: the candidate was no good.
        unchanged: the text was new, the config was the same.
        missing: the source was gone or could not be read.
    """

    published: int = 0
    rejected: int = 0
    unchanged: int = 0
    missing: int = 0

    def and_one(self, result: str) -> Reloads:
        """Return them with one more of a result."""
        return msgspec.structs.replace(self, **{result: getattr(self, result) + 1})


class TrialEnds(msgspec.Struct, frozen=True):
    """
    How trials ended, over all publishers of one master.

    Attributes:
        proven: what was tried stays.
        withdrawn: the code failed on it.
    """

    proven: int = 0
    withdrawn: int = 0

    def and_one(self, result: str) -> TrialEnds:
        """Return them with one more of a result."""
        return msgspec.structs.replace(self, **{result: getattr(self, result) + 1})


class PublisherStatus(msgspec.Struct, frozen=True):
    """
    The publisher's state.

    Attributes:
        pid: the publisher's process.
        started_at: when it started.
        starts: how many publishers this master has had, this one included.
        checked_at: when it last looked at the source.
        poll_seconds: how often it does so at least.
        source: the file or directory, as the operator named it.
        schema: `module:Class` that it validates with, "" for a plain mapping.
        schema_digest: which class that is, as `Schema.identity` has it.
        mode: how it watches, `inotify` or `polling`.
        mode_reason: why it polls, "" where it does not.
        version: the newest version, 0 while there is none.
        digest: the digest of that version.
        published_at: when that version was published.
        changed_at: when its source changed, by the filesystem's clock.
        changed_keys: what changed from the version before, the first 100 key paths.
        changed_count: how many there are.
        unknown_keys: keys of the source that the schema does not name, the first 100.
        unknown_count: how many there are.
        warnings: values of the source that are hardly what their author means, each
            with its place and what to write, the first 20.
        restart_keys: changed keys that a running process cannot apply, the first 100.
        origin: where that version came from: `source`, `cache` or `defaults`.
        rejected: the candidate that is not served, if there is one.
        missing: set while the source cannot be read.
        attempt: what is being tried, or ended the publisher that tried it.
        reloads: what came of the changes of the source so far.
        publish_buckets: publications by what they took from the begin of reading, one
            count for each of `PUBLISH_SECONDS` and one for all above.
        publish_seconds: the sum of what they took.
        secrecy: which keys are secret, as `KeyNames` has it: all this keeps to it.
        trial: the trial of what is live, None while there is none.
        proven: what passed its trial last.
        withdrawn: what the source holds and was condemned.
        condemned: all that is not tried again, the newest 32, the newest last.
        trial_ends: how trials ended so far.
    """

    pid: int
    started_at: float
    source: str
    schema: str
    starts: int = 1
    checked_at: float = 0.0
    poll_seconds: float = 0.0
    mode: str = "inotify"
    mode_reason: str = ""
    version: int = 0
    digest: str = ""
    published_at: float = 0.0
    changed_at: float = 0.0
    changed_keys: tuple[str, ...] = ()
    changed_count: int = 0
    unknown_keys: tuple[str, ...] = ()
    unknown_count: int = 0
    warnings: tuple[str, ...] = ()
    restart_keys: tuple[str, ...] = ()
    origin: str = "source"
    rejected: Rejected | None = None
    missing: Missing | None = None
    attempt: Attempt | None = None
    reloads: Reloads = Reloads()
    publish_buckets: tuple[int, ...] = (0,) * (len(PUBLISH_SECONDS) + 1)
    publish_seconds: float = 0.0
    secrecy: str = ""
    schema_digest: str = ""
    trial: Trial | None = None
    proven: Proven | None = None
    withdrawn: Withdrawn | None = None
    condemned: tuple[Withdrawn, ...] = ()
    trial_ends: TrialEnds = TrialEnds()

    def condemned_as(self, digest: str) -> Withdrawn | None:
        """Return as what a config was condemned, None if it was not."""
        found = [each for each in self.condemned if each.digest == digest]
        return found[-1] if found else None

    def tries(self, digest: str) -> bool:
        """Return whether this config is on trial."""
        return self.trial is not None and self.trial.digest == digest

    @property
    def is_tried_by_one(self) -> bool:
        """Whether one worker alone has the newest version."""
        return self.trial is not None and self.trial.mode == "canary"

    @property
    def version_of_all(self) -> int:
        """A version that was published for all, the newest if one alone has that."""
        # What is condemned may not have been taken back yet.
        may_be_alone = self.is_tried_by_one or self.serves_condemned
        return self.proven.version if may_be_alone and self.proven else self.version

    @property
    def serves_condemned(self) -> bool:
        """Whether what is live was condemned, for want of anything else to serve."""
        return self.condemned_as(self.digest) is not None

    def with_values(self, **values: Any) -> PublisherStatus:
        """Return it with other values."""
        return msgspec.structs.replace(self, **values)

    def shown_by(self, secrecy: str) -> PublisherStatus:
        """Return what may be shown of it where these keys are secret."""
        if secrecy == self.secrecy:
            return self
        return self.with_values(
            secrecy=secrecy,
            changed_keys=(),
            changed_count=0,
            unknown_keys=(),
            unknown_count=0,
            warnings=(),
            restart_keys=(),
            rejected=self.rejected and self.rejected.without_text(),
        )

    @property
    def trouble(self) -> str:
        """Why the source is no good, "" if it is."""
        if self.missing is not None:
            return self.missing.problem
        if self.rejected is not None:
            return str(self.rejected.error.as_exception())
        if self.withdrawn is not None:
            return f"{self.withdrawn.digest} was taken back: {self.withdrawn.reason}"
        if self.attempt is not None:
            return "a publisher died over it, and it is tried again"
        return ""

    def to_bytes(self) -> bytes:
        """Return the bytes that `from_bytes` takes."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, payload: bytes) -> PublisherStatus:
        """
        Read a state back.

        Raises:
            CorruptRecordError: the bytes are not those of a state.
        """
        try:
            return _DECODER.decode(payload)
        # What msgspec raises for text that is not UTF-8, and for endless nesting, is
        # none of its own errors.
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CorruptRecordError("the record holds no status") from error


# Made while importing: two threads that look into a class at once, each for the first
# time, make msgspec crash.
_DECODER = msgspec.msgpack.Decoder(PublisherStatus)
