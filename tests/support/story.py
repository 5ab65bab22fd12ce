"""
Anything may happen to a server, in any order; and what it must serve then.

Owns: the steps of a story, the model of what must be served, the checks after each.
Must not know: how many stories are told.
Runs in: the test process; each story has a server of its own.

The model is four things: the message that is served, its version, the candidate that is
rejected, and whether the file is missing. A good file brings the message, and a new
version where it differs; a bad one is rejected until a good one comes; without a file
all stays as it is. Whatever is killed or reloaded changes none of them.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import psutil
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from liveconfig.reference.config import ServiceConfig
from liveconfig.schema.schema import Schema
from tests.support.eventually import eventually
from tests.support.server import Server, all_ended
from tests.support.sources import ChangingSource, MountedKey, PlainFile

T = TypeVar("T")

# Far more than anything takes here, so that a busy machine is no failure.
_SECONDS = 8.0
_BYTES_MAX = 10_000
_WORKERS = 2
_WORKERS_MAX = 3
# Each of those that die young makes the next start later.
_PUBLISHERS_KILLED_MAX = 4

_SOURCES: dict[str, Callable[[Path, bytes], ChangingSource]] = {
    "file": PlainFile,
    "ConfigMap": MountedKey,
}
_INVALID = {
    "empty": b"",
    "not YAML": b"message: [\n",
    "not UTF-8": b"message: \xff\n",
    "the key is missing": b"log_level: info\n",
    "too large": b"message: a\n" + b"# too large\n" * _BYTES_MAX,
}

# Few of them, so that the same message comes again.
_messages = st.sampled_from(["one", "two", "three"])
_bursts = st.lists(_messages, min_size=2, max_size=8)
_problems = st.sampled_from(sorted(_INVALID))

_schema = Schema(ServiceConfig)


def _document(message: str) -> bytes:
    return f"message: {message}\n".encode()


class Told(NamedTuple):
    """How many stories were told, of how many steps in all."""

    stories: int
    steps: int


def tell(stories: int, steps: int, number: int) -> Told:
    """
    Tell stories at random.

    Args:
        stories: how many.
        steps: of how many steps each.
        number: what they follow from: the same stories for the same number.

    Raises:
        AssertionError: something was not as it must be; the shortest story that was
            found to end so is printed.
    """
    before = Story.told
    options = settings(
        max_examples=stories,
        stateful_step_count=steps,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(Story), settings=options)
    return Told(*(now - then for now, then in zip(Story.told, before, strict=True)))


class Story(RuleBasedStateMachine):
    """
    One server and what happens to it.

    Attributes:
        told: how many stories and steps there were in this process.
    """

    told: ClassVar[Told] = Told(0, 0)

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory(prefix="liveconfig-story-")
        self._server: Server | None = None
        self._source: ChangingSource | None = None
        self._workers = _WORKERS
        self._publishers_killed = 0
        # The model.
        self._is_missing = False
        self._message = "one"
        self._versions = (1, 1)
        self._rejected: str | None = None
        # What clients were told so far.
        self._newest_seen = 0
        Story.told = Told(self.told.stories + 1, self.told.steps)

    @initialize(source=st.sampled_from(sorted(_SOURCES)))
    def start_with_a(self, source: str) -> None:
        """Start a server."""
        place = Path(self._directory.name)
        self._source = _SOURCES[source](place / "source", _document(self._message))
        self._server = Server(
            self._source.path,
            place,
            workers=self._workers,
            environ={
                "LIVECONFIG_PAYLOAD_BYTES_MAX": str(_BYTES_MAX),
                # The workers that are killed here did not die of their config.
                "LIVECONFIG_TRIAL": "off",
            },
        ).wait_until_ready()

    def check_invariants(self, settings: Any, output: Any, runtimes: Any) -> None:
        """Check them without a line for each: a story tells what happened."""
        super().check_invariants(settings, lambda _: None, runtimes)

    @property
    def server(self) -> Server:
        """The server, once it is started."""
        assert self._server is not None
        return self._server

    @property
    def source(self) -> ChangingSource:
        """What the server serves from."""
        assert self._source is not None
        return self._source

    def teardown(self) -> None:
        """End the server, and see that nothing of it is left."""
        try:
            if self._server is not None:
                family = self._server.family()
                self._server.stop()
                eventually(lambda: all_ended(family), _SECONDS)
        finally:
            self._directory.cleanup()

    # What happens to the source.

    @rule(message=_messages)
    def flip_to(self, message: str) -> None:
        """Replace the file by a good one."""
        self.source.flip(_document(message))
        self._expect([message])

    @precondition(lambda self: self._can_edit())
    @rule(message=_messages)
    def edit_in_place_to(self, message: str) -> None:
        """Write a good config into the file."""
        self.source.path.write_bytes(_document(message))
        self._expect([message])

    @rule(problem=_problems)
    def flip_to_a_bad_file(self, problem: str) -> None:
        """Replace the file by a bad one."""
        self.source.flip(_INVALID[problem])
        self._expect_rejection(_INVALID[problem])

    @precondition(lambda self: self._can_edit())
    @rule(problem=_problems)
    def edit_in_place_to_a_bad_file(self, problem: str) -> None:
        """Write a bad config into the file."""
        self.source.path.write_bytes(_INVALID[problem])
        self._expect_rejection(_INVALID[problem])

    @precondition(lambda self: not self._is_missing)
    @rule()
    def delete_the_file(self) -> None:
        """Take the file away."""
        self.source.delete()
        self._is_missing = True

    # What happens to the processes.

    @precondition(lambda self: self._publishers_killed < _PUBLISHERS_KILLED_MAX)
    @rule()
    def kill_the_publisher(self) -> None:
        """Kill -9 the publisher, and wait for the next."""
        killed = self._kill_publisher()
        self._wait_for_another_publisher(killed)

    @precondition(lambda self: self._publishers_killed < _PUBLISHERS_KILLED_MAX)
    @rule(messages=_bursts)
    def kill_the_publisher_while_flipping_to(self, messages: list[str]) -> None:
        """Kill -9 the publisher in the middle of some flips."""
        killed = self._flip_around(self._kill_publisher, messages)
        self._wait_for_another_publisher(killed)

    @rule(messages=_bursts)
    def stop_the_publisher_while_flipping_to(self, messages: list[str]) -> None:
        """Stop the publisher, flip, and let it go on."""
        publisher = self._publisher()
        publisher.suspend()
        self._flip_around(lambda: None, messages)
        publisher.resume()

    @rule()
    def kill_a_worker(self) -> None:
        """Kill -9 one worker, and wait for its successor."""
        self._wait_without(self._kill_worker())

    @rule(messages=_bursts)
    def kill_a_worker_while_flipping_to(self, messages: list[str]) -> None:
        """Kill -9 one worker in the middle of some flips."""
        self._wait_without(self._flip_around(self._kill_worker, messages))

    @precondition(lambda self: self._workers < _WORKERS_MAX)
    @rule()
    def add_a_worker(self) -> None:
        """Have the master start one more."""
        self._workers += 1
        self.server.signal(signal.SIGTTIN)
        self._wait_without(set())

    @precondition(lambda self: self._workers > 1)
    @rule()
    def take_a_worker_away(self) -> None:
        """Have the master end one."""
        self._workers -= 1
        self.server.signal(signal.SIGTTOU)
        self._wait_without(set())

    @rule()
    def reload(self) -> None:
        """Have the master replace the publisher and every worker."""
        self._wait_until_reloaded(self._reload())

    @rule(messages=_bursts)
    def reload_while_flipping_to(self, messages: list[str]) -> None:
        """Have the master replace them all in the middle of some flips."""
        self._wait_until_reloaded(self._flip_around(self._reload, messages))

    # What must be true after each step.

    @invariant()
    def every_worker_serves_the_newest_good_config(self) -> None:
        """The answers and `/status` are the model's, and the version never falls."""
        Story.told = Told(self.told.stories, self.told.steps + 1)
        (version,) = self._wait_until_all_say(
            {
                "digest": _schema.pack(ServiceConfig(self._message)).digest,
                "rejected": self._rejected,
                "missing": self._is_missing,
                "publisher": "running",
            }
        )
        assert self.server.get().text == self._message
        lowest, highest = self._versions
        assert lowest <= version <= highest, f"version {version}, not {self._versions}"
        self._versions = (version, version)

    # The model.

    def _expect(self, messages: Sequence[str]) -> None:
        """The last of the messages is served; those before it may be or may not."""
        lowest, highest = self._versions
        changes = sum(a != b for a, b in pairwise([self._message, *messages]))
        differs = self._message != messages[-1]
        self._versions = (lowest + differs, highest + changes)
        self._message = messages[-1]
        self._rejected = None
        self._is_missing = False

    def _expect_rejection(self, content: bytes) -> None:
        # What is too large is not read, so nobody knows its digest.
        is_read = len(content) <= _BYTES_MAX
        self._rejected = f"sha256:{sha256(content).hexdigest()}" if is_read else ""
        self._is_missing = False

    # How it is done.

    def _can_edit(self) -> bool:
        return self.source.can_be_edited and not self._is_missing

    def _flip_around(self, event: Callable[[], T], messages: list[str]) -> T:
        """Flip through the messages, and have the event in the middle."""
        middle = len(messages) // 2
        for message in messages[:middle]:
            self.source.flip(_document(message))
        result = event()
        for message in messages[middle:]:
            self.source.flip(_document(message))
        self._expect(messages)
        return result

    def _publisher(self) -> psutil.Process:
        return eventually(lambda: self.server.publisher, _SECONDS)

    def _kill_publisher(self) -> psutil.Process:
        self._publishers_killed += 1
        publisher = self._publisher()
        publisher.kill()
        return publisher

    def _wait_for_another_publisher(self, than: psutil.Process) -> None:
        eventually(lambda: self.server.publisher not in (None, than), _SECONDS)

    def _kill_worker(self) -> set[int]:
        pid = min(self.server.worker_pids)
        os.kill(pid, signal.SIGKILL)
        return {pid}

    def _wait_without(self, gone: set[int]) -> None:
        """Wait until there are as many workers as there should be, none of `gone`."""

        found: set[int] = set()

        def is_complete() -> bool:
            found.clear()
            found.update(self.server.worker_pids)
            return len(found) == self._workers and not found & gone

        try:
            eventually(is_complete, _SECONDS)
        except AssertionError:
            wanted = f"{self._workers} without {gone or 'exception'}"
            raise AssertionError(f"the workers are {found}, not {wanted}") from None

    def _reload(self) -> tuple[psutil.Process, set[int]]:
        before = self._publisher(), self.server.worker_pids
        self.server.signal(signal.SIGHUP)
        return before

    def _wait_until_reloaded(self, before: tuple[psutil.Process, set[int]]) -> None:
        publisher, pids = before
        # gunicorn forgets how many were added or taken away.
        self._workers = _WORKERS
        self._wait_for_another_publisher(publisher)
        self._wait_without(pids)

    def _statuses(self) -> dict[int, dict[str, Any]]:
        """Ask every worker, and check that none answers with an older version."""
        known = self._newest_seen
        statuses = self.server.status_of_each_worker()
        for status in statuses.values():
            assert status["version"] >= known, f"{status['version']} after {known}"
            self._newest_seen = max(self._newest_seen, status["version"])
        return statuses

    def _wait_until_all_say(self, wanted: dict[str, Any]) -> set[int]:
        """Wait until every worker says this; return the versions that they serve."""
        said: list[dict[str, Any]] = []
        versions: set[int] = set()

        def do_all() -> bool:
            statuses = self._statuses().values()
            said[:] = map(_summary, statuses)
            versions.clear()
            versions.update(status["version"] for status in statuses)
            return all(each == wanted for each in said)

        try:
            eventually(do_all, _SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{wanted} was wanted, but they say {said}") from error
        return versions


def _summary(status: dict[str, Any]) -> dict[str, Any]:
    """Return of what `/status` says that which the model knows."""
    return {
        "digest": status["digest"],
        "rejected": (status["rejected"] or {}).get("digest"),
        "missing": status["source"]["missing"] is not None,
        "publisher": status["publisher"]["state"],
    }
