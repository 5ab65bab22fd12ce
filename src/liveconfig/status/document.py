"""
The document that `/status` answers with.

Owns: its shape, its JSON in both directions, and the JSON Schema of it.
Must not know: where its values come from, how it is shown, what of it is trouble.
Runs in: the workers, which write it, and the CLI, which reads it.

The shape is written here and nowhere else: the page, the terminal, docs/openapi.yaml
and the documents that tests make up are made from these classes. What a value may be
is said in the schema alone. A reader takes whatever has the right type, and skips keys
that it does not know, so that it understands a service that is newer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec

from liveconfig.masking.excerpt import ExcerptLine
from liveconfig.memory.status import Problem
from liveconfig.schema.changes import Change


def _says(description: str | None = None, **schema: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, extra_json_schema=schema or None)


_DIGEST = r"sha256:[0-9a-f]{64}"
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$"

Time = Annotated[datetime, msgspec.Meta(tz=True), _says(pattern=_TIME)]
Digest = Annotated[str, _says(pattern=f"^{_DIGEST}$")]
DigestOrEmpty = Annotated[str, _says(pattern=f"^({_DIGEST})?$")]
SchemaDigest = Annotated[str, _says(pattern="^[0-9a-f]{16}$")]
Origin = Annotated[str, _says(enum=["source", "cache", "defaults"])]
Count = Annotated[int, _says(minimum=0)]
Version = Annotated[int, _says(minimum=1)]
Milliseconds = Annotated[float, _says(minimum=0)]
KeyPaths = Annotated[tuple[str, ...], _says("The first 100.", maxItems=100)]


class Rejected(msgspec.Struct, frozen=True):
    """The candidate that is not served, until a good one comes."""

    digest: Annotated[
        DigestOrEmpty, _says("Of its bytes; empty where they could not be read whole.")
    ]
    error: Problem
    since: Annotated[Time, _says("When it was first seen.")]
    tries: Annotated[int, _says("How often it was seen.", minimum=1)]
    excerpt: Annotated[
        tuple[ExcerptLine, ...],
        _says("The lines around the error, secrets masked.", maxItems=10),
    ] = ()


class Missing(msgspec.Struct, frozen=True):
    """Why the source cannot be read, and since when."""

    problem: Annotated[str, _says(minLength=1)]
    since: Time


class Trial(msgspec.Struct, frozen=True):
    """The trial of the newest version: it is taken back if the code fails on it."""

    version: Version
    digest: Digest
    mode: Annotated[str, _says(enum=["watch", "canary"])]
    began_at: Time
    seconds_left: Annotated[Count, _says("Until it is proven, if nothing fails.")]
    requests: Annotated[Count, _says("That were answered with it so far.")]
    failures: Annotated[Count, _says("How many of them failed.")]
    worker: Annotated[
        int | None,
        _says(
            "The process of the worker that alone has it as yet; null where all do, "
            "or none has been found that serves."
        ),
    ] = None


class Withdrawn(msgspec.Struct, frozen=True):
    """A config on which the code fails, and that was taken back."""

    version: Annotated[
        Count, _says("As which it was live; 0 where that was in a service before.")
    ]
    digest: Digest
    since: Time
    reason: Annotated[str, _says("Why, with its figures.", minLength=1)]
    requests: Count
    failures: Count
    share: Annotated[float, _says("Of its requests that failed.")]
    share_before: Annotated[float, _says("The same of the proven config.")]
    deaths: Annotated[Count, _says("Of workers that were not asked to end.")]


class Proven(msgspec.Struct, frozen=True):
    """The config that passed its trial last."""

    version: Annotated[
        Count,
        _says("As which it is or was live; 0 where only a service before had it."),
    ]
    digest: Digest
    at: Annotated[Time | None, _says("Null where a service before has proven it.")]


class Source(msgspec.Struct, frozen=True):
    """The file or directory."""

    path: str
    missing: Missing | None


class Publisher(msgspec.Struct, frozen=True):
    """The process that publishes."""

    pid: Annotated[int | None, _says("Null while it is being started again.")]
    state: Annotated[
        str,
        _says(
            "Unknown while what it says of itself cannot be read.",
            enum=["running", "restarting", "unknown"],
        ),
    ]
    mode: Annotated[str, _says(enum=["inotify", "polling"])]
    started_at: Time | None
    starts: Annotated[
        int, _says("How many there have been, this one included.", minimum=1)
    ]
    checked_at: Annotated[Time | None, _says("When it last looked at the source.")]
    mode_reason: Annotated[str, _says("Why it polls; empty where it does not.")] = ""
    schema_digest: Annotated[
        SchemaDigest | None,
        _says("Which class it validates with; null while it is not known."),
    ] = None


class Delays(msgspec.Struct, frozen=True):
    """From the change of the source to the publication to the last worker."""

    publisher_ms: Annotated[
        Milliseconds | None,
        _says(
            "From the change until it was read, parsed, validated and published. The "
            "clock of the filesystem goes in steps of up to 4 ms."
        ),
    ]
    last_worker_ms: Annotated[
        Milliseconds | None,
        _says(
            "From the publication until the last of the workers that there were had "
            "taken it; of those that have, while some have not."
        ),
    ]


class Callbacks(msgspec.Struct, frozen=True):
    """What came of the callbacks that the application subscribed."""

    failures: Count
    slow: Count
    running_since: Time | None


class Worker(msgspec.Struct, frozen=True):
    """A row of the worker table."""

    pid: Annotated[int, _says(minimum=1)]
    started_at: Time | None
    version: Annotated[
        Version | None,
        _says("Null while it starts, or if nothing in it asks for a config."),
    ]
    digest: Annotated[
        Digest | None, _says("Null where the version is older than the history.")
    ]
    is_behind: bool
    taken_at: Annotated[Time | None, _says("When it took that version.")]
    delay_ms: Annotated[
        Milliseconds | None,
        _says("How long after its publication; null if it started with it."),
    ]
    stale_since: Annotated[
        Time | None, _says("Since when it cannot read the newest version.")
    ]
    needs_restart: Annotated[
        bool, _says("A key that it cannot apply has another value than at its start.")
    ]
    callbacks: Callbacks
    schema_digest: Annotated[
        SchemaDigest | None,
        _says("Which class it has; null until it has looked for a config."),
    ] = None
    has_other_class: Annotated[
        bool,
        _says(
            "Its class is not the publisher's: the code on disk has changed since one "
            "of the two started."
        ),
    ] = False
    is_dirty: Annotated[bool, _says("One of gunicorn's dirty workers.")] = False
    counts_requests: Annotated[
        bool,
        _says(
            "Its requests are counted, with the version that answered. Not with "
            "`LIVECONFIG_TRIAL=off`, nor in classes of workers that do not say how a "
            "request ended."
        ),
    ] = True


class Entry(msgspec.Struct, frozen=True):
    """A publication, the end of a trial, or a rejection: the version stays as it is."""

    kind: Annotated[str, _says(enum=["published", "rejected", "proven", "withdrawn"])]
    at: Time
    version: Annotated[
        Count,
        _says("The version that is live since, or that stays, or that was tried."),
    ]
    digest: Annotated[
        DigestOrEmpty,
        _says(
            "Of the config; of a rejected one of its bytes, empty where they could not "
            "be read whole."
        ),
    ]
    origin: Origin
    changed_at: Annotated[
        Time | None, _says("When the source changed, by the filesystem's clock.")
    ]
    duration_ms: Annotated[Milliseconds, _says("From the begin of reading.")]
    changes: Annotated[
        tuple[Change, ...],
        _says(
            "The first 20. Values are JSON, secrets masked, cut if long; null where "
            "there was or is none.",
            maxItems=20,
        ),
    ]
    changed_count: Count
    restart_keys: KeyPaths
    error: Problem | None
    reason: Annotated[
        str, _says("Why it, or the version before, was withdrawn; or how it fared.")
    ] = ""


class Answering(msgspec.Struct, frozen=True):
    """The worker that answers."""

    pid: int
    version: Annotated[
        Version | None,
        _says("Null while the service waits for its first good config."),
    ]
    digest: Digest | None
    stale_since: Annotated[
        Time | None, _says("Since when it cannot read the newest version.")
    ]


class Status(msgspec.Struct, frozen=True):
    """What is served, since when, by whom, and what is not served and why."""

    version: Annotated[Count, _says("0 while it waits for its first good config.")]
    digest: Annotated[DigestOrEmpty, _says("Empty while there is none.")]
    published_at: Annotated[Time | None, _says("When this version was published.")]
    changed_at: Annotated[
        Time | None,
        _says(
            "When its source changed, by the filesystem's clock; null where no change "
            "led to it, as at a start."
        ),
    ]
    changed_keys: KeyPaths
    changed_count: Count
    unknown_keys: KeyPaths
    unknown_count: Count
    restart_keys: Annotated[
        KeyPaths,
        _says("Changed keys that take effect in workers that start from now on."),
    ]
    origin: Origin
    converged: Annotated[
        bool, _says("No worker is behind, and at least one holds a config.")
    ]
    delays: Delays
    source: Source
    rejected: Rejected | None
    publisher: Publisher
    workers: tuple[Worker, ...]
    history: Annotated[tuple[Entry, ...], _says("The newest first.", maxItems=32)]
    worker: Answering
    warnings: Annotated[
        tuple[str, ...],
        _says(
            "Values that are hardly what their author means, each with its place and "
            "what to write: the first 20.",
            maxItems=20,
        ),
    ] = ()
    trial: Trial | None = None
    withdrawn: Annotated[
        Withdrawn | None, _says("Of the source; or live, as nothing else is proven.")
    ] = None
    proven: Proven | None = None

    @property
    def serving(self) -> tuple[Worker, ...]:
        """The workers that have a config."""
        return tuple(worker for worker in self.workers if worker.version)

    @property
    def behind(self) -> tuple[Worker, ...]:
        """The workers that do not serve the newest version yet."""
        return tuple(worker for worker in self.workers if worker.is_behind)

    @property
    def is_proven(self) -> bool:
        """Whether what is live has passed its trial."""
        return self.proven is not None and self.proven.digest == self.digest

    def serves(self, digest: str) -> bool:
        """Return whether every worker that serves at all serves this config."""
        return self.converged and all(
            worker.digest == digest for worker in self.serving
        )

    def to_json(self) -> bytes:
        """Return the JSON, with times as Python 3.10 reads them, without a `Z`."""
        plain = msgspec.to_builtins(self, builtin_types=(datetime,))
        text = json.dumps(
            plain,
            ensure_ascii=False,
            separators=(",", ":"),
            default=datetime.isoformat,
        )
        # The name of a file may hold bytes that are no text; JSON writes them so.
        return text.encode(errors="backslashreplace")

    @classmethod
    def from_json(cls, body: bytes, shown: Callable[[str], str] = str) -> Status:
        """
        Read the document.

        Args:
            body: the JSON.
            shown: what to make of each text in it, such as `printable`.

        Raises:
            ValueError: it is none.
        """
        try:
            return msgspec.convert(_each(msgspec.json.decode(body), shown), cls)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(str(error)) from error

    @classmethod
    def json_schema(cls, ref_template: str = "#/$defs/{name}") -> dict[str, Any]:
        """
        Return the JSON Schemas of the document and its parts by their names.

        Args:
            ref_template: how one refers to another.
        """
        _, schemas = msgspec.json.schema_components([cls], ref_template=ref_template)
        return {name: _whole(schema) for name, schema in schemas.items()}


def _whole(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of all that a service says; a reader may do with less or more."""
    properties = schema["properties"]
    for each in properties.values():
        each.pop("default", None)
    return {
        **schema,
        "description": schema["description"].partition("\n\n")[0],
        "required": list(properties),
        "additionalProperties": False,
    }


def _each(data: Any, shown: Callable[[str], str]) -> Any:
    if isinstance(data, str):
        return shown(data)
    if isinstance(data, list):
        return [_each(item, shown) for item in data]
    if isinstance(data, dict):
        return {key: _each(value, shown) for key, value in data.items()}
    return data
