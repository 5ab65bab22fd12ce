"""Sources that end the publisher, or have it hang: tried three times, then given up."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from liveconfig.errors import StartupError
from liveconfig.master import hang as hang_module
from liveconfig.memory.status import Rejected
from liveconfig.schema.schema import Schema
from tests.process.test_supervisor import Master
from tests.support.eventually import eventually
from tests.support.volume import ConfigMapVolume

# Each word has the schema's own code do something else. What it did it counts in a
# file, of which the first line is for the processes of this test.
_SCHEMA = """
import dataclasses, os, pathlib, signal, threading

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def work():
    while True:
        pass

def wait():
    threading.Event().wait()

@dataclasses.dataclass(frozen=True)
class Config:
    message: str
    def __post_init__(self):
        act = {"die": die, "work": work, "wait": wait}.get(self.message)
        if act is not None and not pathlib.Path(TAME).exists():
            with open(COUNT, "a") as file:
                file.write(".")
            act()
"""


class Place:
    """A source, a cache directory, and masters one after the other."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._count, self._tame = directory / "count", directory / "tame"
        names = f"COUNT, TAME = {str(self._count)!r}, {str(self._tame)!r}\n"
        (directory / "wild_schema.py").write_text(names + _SCHEMA)
        self.volume = ConfigMapVolume(directory / "v", {"c.yaml": "message: one\n"})
        self.cache_dir = directory / "cache"
        monkeypatch.setenv("LIVECONFIG_PATH", str(self.volume.path("c.yaml")))
        monkeypatch.setenv("LIVECONFIG_SCHEMA", "wild_schema:Config")
        monkeypatch.setattr(sys, "path", [str(directory), *sys.path])
        self._schema: Schema[Any] | None = None
        self._masters: list[Master] = []

    def master(self) -> Master:
        """Return a master with memory of its own; its publisher is not started."""
        self._masters.append(Master())
        return self._masters[-1]

    def end(self, master: Master) -> None:
        """End a master's publisher as the kernel would, and the master with it."""
        # It may have ended by itself a moment ago.
        with contextlib.suppress(psutil.NoSuchProcess):
            if master.supervisor.pid is not None:
                master.publisher().kill()
        master.close()
        self._masters.remove(master)

    def close(self) -> None:
        """End all that is left."""
        for master in tuple(self._masters):
            self.end(master)

    def write(self, message: str) -> None:
        """Flip the volume to `message`."""
        self.volume.flip({"c.yaml": f"message: {message}\n"})

    @property
    def tries(self) -> int:
        """How often the schema's code has done what it should not."""
        return self._count.stat().st_size if self._count.exists() else 0

    def tame(self) -> None:
        """Mend the schema's code."""
        self._tame.touch()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A good source and a schema that some messages turn wild."""
    place = Place(tmp_path, monkeypatch)
    yield place
    place.close()


@pytest.fixture
def cached(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place with the message "one" in its cache."""
    monkeypatch.setenv("LIVECONFIG_CACHE_DIR", str(place.cache_dir))
    monkeypatch.setenv("LIVECONFIG_TRIAL", "off")
    master = place.master()
    master.supervisor.start()
    eventually(lambda: (place.cache_dir / "last-good").exists())
    master.supervisor.stop()
    place.end(master)
    return place


def _notice_soon(message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a hang noticed soon, but no start of an interpreter taken for one."""
    if message == "work":
        monkeypatch.setattr(hang_module, "_WORK_SECONDS_MAX", 1.0)
    if message == "wait":
        monkeypatch.setattr(hang_module, "_STILL_SECONDS_MAX", 5.0)


def _served(master: Master) -> str:
    publication = master.config.read()
    assert publication is not None
    return str(Schema.load("").unpack(publication.payload)[1]["message"])


def _rejected(master: Master) -> Callable[[], Rejected | None]:
    def look() -> Rejected | None:
        master.supervisor.check()
        return master.publisher_status().rejected

    return look


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        ("die", "died; the workers serve on"),
        ("work", "has worked at one source for"),
        ("wait", "has waited for"),
    ],
)
def test_bytes_that_end_three_publishers_are_not_tried_again(
    place: Place, message: str, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are rejected like any others, what was live stays, and a good edit comes."""
    _notice_soon(message, monkeypatch)
    master = place.master()
    master.supervisor.start()
    place.write(message)
    rejected = eventually(_rejected(master))
    assert rejected is not None
    assert "3 publishers have died over this content" in rejected.error.problem
    assert rejected.digest.startswith("sha256:")
    assert sum(trouble in line for line in master.lines) == 3
    assert (place.tries, master.supervisor.restarts) == (3, 3)
    assert _served(master) == "one"
    place.write("two")
    eventually(lambda: master.supervisor.check() or _served(master) == "two")
    assert (place.tries, master.supervisor.restarts) == (3, 3)
    eventually(lambda: master.publisher_status().attempt is None)


def test_bytes_that_were_given_up_are_tried_again_after_a_reload(place: Place) -> None:
    """An operator who has mended the schema need not touch the source."""
    master = place.master()
    master.supervisor.start()
    place.write("die")
    eventually(_rejected(master))
    place.tame()
    master.supervisor.replace_publisher(must_fit=False)
    eventually(lambda: master.supervisor.check() or _served(master) == "die")
    assert place.tries == 3


@pytest.mark.parametrize("message", ["die", "work", "wait"])
def test_start_over_deadly_bytes_serves_the_cache_first(
    cached: Place, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ended one publisher at the start is tried again behind a live config."""
    _notice_soon(message, monkeypatch)
    cached.write(message)
    master = cached.master()
    master.supervisor.start()
    assert _served(master) == "one"
    assert master.publisher_status().origin == "cache"
    assert any("a publisher died over it" in line for line in master.lines)
    eventually(_rejected(master))
    assert (cached.tries, _served(master)) == (3, "one")


def test_tries_are_counted_over_the_ends_of_the_whole_container(cached: Place) -> None:
    """Where the kernel ends the master as well, its successor goes on counting."""
    cached.write("die")
    for _ in range(5):
        master = cached.master()
        master.supervisor.start()
        assert _served(master) == "one"
        cached.end(master)
    master = cached.master()
    master.supervisor.start()
    eventually(_rejected(master))
    # A publisher may have been ended here when it had noted a try, and not begun it.
    assert 1 <= cached.tries <= 3


def test_start_without_a_cache_ends_with_the_reason(place: Place) -> None:
    """Three publishers die, the fourth says so, and nothing is left."""
    place.write("die")
    master = place.master()
    with pytest.raises(StartupError, match="3 publishers have died over this content"):
        master.supervisor.start()
    assert place.tries == 3
    assert master.supervisor.pid is None


def test_note_of_somebody_else_counts_nothing(cached: Place) -> None:
    """A link in the place of the note is neither followed nor written through."""
    elsewhere = cached.cache_dir.parent / "elsewhere"
    elsewhere.write_text("3 sha256:x\n")
    note = cached.cache_dir / "attempt"
    note.symlink_to(elsewhere)
    master = cached.master()
    master.supervisor.start()
    eventually(lambda: not note.is_symlink())
    assert _served(master) == "one"
    assert elsewhere.read_text() == "3 sha256:x\n"


def test_publisher_is_the_first_to_end_without_memory(place: Place) -> None:
    """The kernel is asked to spare the master and the workers."""
    master = place.master()
    master.supervisor.start()
    score = Path(f"/proc/{master.supervisor.pid}/oom_score_adj").read_text()
    assert score == "1000\n"
