"""
Workers without processes, of which one tries a config before the others.

Owns: the rows that they would have in the table; the service that they are in.
Must not know: what is tested.
Runs in: the test process.
"""

from __future__ import annotations

import time
from dataclasses import replace

from liveconfig.memory.shared import SharedMemory
from liveconfig.memory.trial import Trial
from liveconfig.memory.worker_row import WorkerRow
from liveconfig.publishing.publisher import Publisher
from tests.support.clock import Clock
from tests.support.desk import Desk

# As long as the settings have it.
TRIAL_SECONDS = 30
FIRST_WORKERS = (101, 102, 103)


class Crew:
    """The workers of a service, by their processes."""

    def __init__(self, shared: SharedMemory) -> None:
        """Begin with none."""
        self._shared = shared
        self._rows: dict[int, WorkerRow] = {}

    def start(self, pid: int) -> None:
        """Have one more worker, which takes what all have, if there is anything."""
        table = self._shared.workers
        table.assign(pid)
        row = next(each.row for each in table.rows() if each.pid == pid)
        self._rows[pid] = WorkerRow(table._row(row))
        if self._shared.config.version:
            self._rows[pid].took(self._shared.config.version, time.time_ns())

    def follow(self, *standing: int) -> None:
        """Have all take what is for them, but those that stand still."""
        candidate, newest = self._shared.candidate, self._shared.config.version
        held = {each.pid: each.version for each in self._shared.workers.rows()}
        for pid in self._rows.keys() - {*standing}:
            is_for_it = candidate.addressee == pid or held[pid] > newest
            is_offered = candidate.is_offered(newest) and is_for_it
            version = candidate.version if is_offered else newest
            self._rows[pid].took(version, time.time_ns())

    def holding(self) -> list[int]:
        """Return the versions that they hold."""
        return [each.version for each in self._shared.workers.rows()]

    def ask(self, pid: int, *, good: int = 0, bad: int = 0) -> None:
        """Have a worker answer so many requests with what it holds."""
        held = {each.pid: each.version for each in self._shared.workers.rows()}
        for number in range(good + bad):
            self._rows[pid].count_request(held[pid], is_failure=number < bad)

    def raise_in_callback(self, pid: int, version: int) -> None:
        """Have a callback of a worker fail."""
        began = self._rows[pid].callback_begins()
        self._rows[pid].callback_ends(began, is_failure=True, version=version)

    def close(self) -> None:
        """Let go of the rows."""
        self._rows.clear()

    def end(
        self, pid: int, *, is_death: bool = False, is_breakdown: bool = False
    ) -> None:
        """Have a worker end, as it was asked to or otherwise."""
        if is_death or is_breakdown:
            self._shared.workers.count_death(pid, is_breakdown=is_breakdown)
        del self._rows[pid]
        self._shared.workers.take_back_all_but(self._rows.keys())


class Stage:
    """A service with three workers, of which one at a time is the canary."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        desk.settings = replace(desk.settings, trial="canary")
        self.desk = desk
        self.clock = clock
        self.crew = Crew(desk.shared)
        self.publisher: Publisher = desk.publisher()

    def edit(self, message: str) -> None:
        """Have the source hold another message, and the publisher see it."""
        self.desk.path.write_text(f"message: {message}\n")
        self.publisher.refresh()

    def look(self, seconds: float = 0.0, *standing: int) -> None:
        """Have time go by, the workers follow and the publisher look."""
        self.clock.forward(seconds)
        self.crew.follow(*standing)
        self.publisher.look()
        self.crew.follow(*standing)

    def prove(self, message: str) -> None:
        """Have a config be proven, whichever way."""
        self.edit(message)
        self.look()
        self.look(TRIAL_SECONDS)
        assert self.desk.told().trial is None
        for pid in FIRST_WORKERS:
            self.crew.ask(pid, good=300)

    def succeed(self) -> None:
        """Kill the publisher; another one comes."""
        self.publisher = self.desk.publisher()
        self.publisher.refresh()

    @property
    def trial(self) -> Trial:
        """What is on trial."""
        trial = self.desk.told().trial
        assert trial is not None
        return trial

    @property
    def live(self) -> str:
        """The message that all have but the canary."""
        message: str = self.desk.published().message
        return message

    @property
    def is_over(self) -> bool:
        """Whether nothing is offered to one worker alone, nor on trial."""
        newest = self.desk.config.version
        # Who has tried something goes by this word, and must find it changed.
        is_ended = self.desk.shared.candidate.offer[0] in (0, newest)
        return is_ended and self.desk.told().trial is None
