"""
A service without processes: publishers one after the other, a worker, and a clock.

Owns: what its source holds, what its requests come to, its restarts.
Must not know: what is tested.
Runs in: the test process.
"""

from __future__ import annotations

from liveconfig.memory.worker_row import WorkerRow
from tests.support.clock import Clock
from tests.support.desk import Desk

# As long as the settings have it.
TRIAL_SECONDS = 30


class Service:
    """A service on a desk: its publishers, one after the other, and its one worker."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self.desk = desk
        self.clock = clock
        desk.worker()
        self.publisher = desk.publisher()

    def edit(self, message: str, *, layout: str = "message: {}\n") -> None:
        """Have the source hold another message, and the publisher see it."""
        self.desk.path.write_text(layout.format(message))
        self.publisher.refresh()

    def ask(self, *, good: int = 0, bad: int = 0) -> None:
        """Have so many requests answered with what is live."""
        version = self.desk.config.version
        for number in range(good + bad):
            self.worker.count_request(version, is_failure=number < bad)

    @property
    def worker(self) -> WorkerRow:
        """The row of the worker."""
        row = self.desk.shared.workers.own
        assert row is not None
        return row

    def look(self, seconds: float = 0.0) -> None:
        """Have time go by, and the publisher look at what is on trial."""
        self.clock.forward(seconds)
        self.publisher.look()

    def prove(self, message: str) -> None:
        """Have a config pass its trial."""
        self.edit(message)
        self.look(TRIAL_SECONDS)
        self.ask(good=1000)

    def kill(self) -> None:
        """Have another publisher in the place of this one, which is killed."""
        self.publisher = self.desk.publisher()

    def restart(self) -> Service:
        """Return the service of a container that starts again: all but the disk new."""
        self.desk.dismiss()
        desk = Desk(self.desk.path.parent)
        desk.settings = self.desk.settings
        service = Service(desk, self.clock)
        service.publisher.refresh()
        if not service.publisher.has_config:
            service.publisher.fall_back("fail")
        return service

    @property
    def live(self) -> str:
        """The message that is live."""
        message: str = self.desk.published().message
        return message
