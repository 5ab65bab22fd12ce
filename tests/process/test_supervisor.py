"""A real publisher under a real supervisor, without gunicorn."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from liveconfig.errors import CorruptRecordError, StartupError
from liveconfig.master import child as child_module
from liveconfig.master import hang as hang_module
from liveconfig.master import succession as succession_module
from liveconfig.master.supervisor import Supervisor
from liveconfig.memory.record import Publication, Record
from liveconfig.memory.shared import SharedMemory
from liveconfig.memory.status import PublisherStatus
from liveconfig.schema.schema import Schema
from tests.support.children import Child
from tests.support.damage import overwrite
from tests.support.eventually import eventually
from tests.support.limits import no_descriptors
from tests.support.volume import ConfigMapVolume

_SCHEMA = Schema.load("")


class Master:
    """What a gunicorn master would have: shared memory, a supervisor, a log."""

    def __init__(self) -> None:
        self.shared = SharedMemory.create(65_536)
        self.config, self.status, *_ = self.shared.records
        self.lines: list[str] = []
        self.supervisor = Supervisor(
            self.shared, lambda _, text: self.lines.append(text), 60.0
        )

    def line(self, text: str) -> str:
        """Look after the publisher; return a line logged so far with `text`, or ""."""
        self.supervisor.check()
        # Whatever else the publisher logs may come before it or after.
        return next((line for line in self.lines if text in line), "")

    def message(self) -> str:
        """Look after the publisher once and return the published message."""
        self.supervisor.check()
        publication = self.config.read()
        assert publication is not None
        _, config = _SCHEMA.unpack(publication.payload)
        return str(config["message"])

    def publisher_status(self) -> PublisherStatus:
        """Return what the publisher says of itself."""
        publication = self.status.read()
        assert publication is not None
        return PublisherStatus.from_bytes(publication.payload)

    def publisher(self) -> psutil.Process:
        """Return the publisher's process."""
        assert self.supervisor.pid is not None
        return psutil.Process(self.supervisor.pid)

    def close(self) -> None:
        """End the publisher and free the records."""
        self.supervisor.stop()
        self.shared.close()


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConfigMapVolume:
    """A ConfigMap volume that the publisher is told to watch."""
    volume = ConfigMapVolume(tmp_path / "volume", {"config.yaml": "message: one\n"})
    monkeypatch.setenv("LIVECONFIG_PATH", str(volume.path("config.yaml")))
    monkeypatch.delenv("LIVECONFIG_SCHEMA", raising=False)
    return volume


@pytest.fixture
def master(volume: ConfigMapVolume) -> Iterator[Master]:
    """A master whose publisher is not started yet."""
    master = Master()
    yield master
    master.close()


def _flip(volume: ConfigMapVolume, message: str) -> None:
    volume.flip({"config.yaml": f"message: {message}\n"})


def test_start_returns_with_the_config_published(master: Master) -> None:
    """When start returns there is a version to serve, and the log says which."""
    master.supervisor.start()
    assert master.message() == "one"
    assert master.config.is_claimed()
    assert any("version 1 is live" in line for line in master.lines)


def test_publisher_that_hangs_while_it_starts_is_waited_for_no_longer(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that comes to nothing fails with how it hangs, and leaves no process."""
    monkeypatch.setattr(hang_module, "_STILL_SECONDS_MAX", 0.5)
    monkeypatch.setattr(child_module, "_command", lambda *_: ["/bin/sleep", "30"])
    with pytest.raises(StartupError, match=r"has waited for \d s within its work"):
        master.supervisor.start()
    assert psutil.Process().children() == []


def test_flip_is_published_and_logged_once(
    master: Master, volume: ConfigMapVolume
) -> None:
    """One flip is one publication and one line that names the changed key."""
    master.supervisor.start()
    _flip(volume, "two")
    eventually(lambda: master.message() == "two")
    # The other line of each of the two says that it is on trial.
    eventually(lambda: master.supervisor.check() or len(master.lines) == 4)
    assert "version 2 is live, sha256:" in master.lines[2]
    assert "changed: message" in master.lines[2]
    assert "ms after the change" in master.lines[2]


def test_damage_right_after_the_start_is_noticed(master: Master) -> None:
    """A version that is gone is missed, though nobody has looked at it since."""
    master.supervisor.start()
    overwrite(master.config.descriptor, 64, bytes(8))
    master.supervisor.check()
    assert any("overwritten by something else" in line for line in master.lines)


def test_same_content_publishes_nothing(
    master: Master, volume: ConfigMapVolume
) -> None:
    """A flip to an equal config, laid out otherwise, makes no new version."""
    master.supervisor.start()
    volume.flip({"config.yaml": "# a comment\nmessage:   one\n"})
    _flip(volume, "two")
    eventually(lambda: master.message() == "two")
    assert master.config.version == 2


def test_missing_source_fails_the_start(
    master: Master, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a source at start there is one sentence and no process."""
    monkeypatch.setenv("LIVECONFIG_PATH", str(tmp_path / "nowhere.yaml"))
    with pytest.raises(StartupError, match=r"nowhere\.yaml: "):
        master.supervisor.start()
    assert master.supervisor.pid is None
    assert psutil.Process().children() == []


def test_invalid_source_fails_the_start(
    master: Master, volume: ConfigMapVolume
) -> None:
    """With an invalid source at start the sentence names file, line and column."""
    volume.flip({"config.yaml": "message: [one\n"})
    with pytest.raises(StartupError, match=r"config\.yaml:\d+:\d+: "):
        master.supervisor.start()
    assert master.lines == []


def test_schema_that_does_not_load_fails_the_start(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A LIVECONFIG_SCHEMA that is not there is one sentence."""
    monkeypatch.setenv("LIVECONFIG_SCHEMA", "no_such_module:Config")
    with pytest.raises(StartupError, match="no_such_module"):
        master.supervisor.start()


def test_crash_at_start_is_told(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher that dies without a word fails the start all the same."""
    monkeypatch.setattr(child_module, "_command", lambda *_: ["/bin/false"])
    with pytest.raises(StartupError, match="the publisher died"):
        master.supervisor.start()


def test_killed_publisher_is_started_again(
    master: Master, volume: ConfigMapVolume
) -> None:
    """After kill -9 a new publisher picks up the flip that happened meanwhile."""
    master.supervisor.start()
    killed = master.publisher()
    killed.kill()
    _flip(volume, "while it was dead")
    eventually(lambda: master.message() == "while it was dead")
    assert master.config.version == 2
    assert master.supervisor.pid != killed.pid
    assert master.supervisor.restarts == 1
    assert any("died; the workers serve on" in line for line in master.lines)


def test_publisher_killed_again_and_again_loses_nothing(
    master: Master, volume: ConfigMapVolume
) -> None:
    """Each life of the publisher goes on from the version of the one before."""
    master.supervisor.start()
    for number in range(3):
        master.publisher().kill()
        _flip(volume, f"life {number}")
        eventually(lambda: master.message() == f"life {number}")  # noqa: B023
    assert master.config.version == 4


def test_restart_with_nothing_new_publishes_nothing(
    master: Master,
) -> None:
    """A publisher that finds what was published already makes no new version."""
    master.supervisor.start()
    first = master.supervisor.pid
    master.publisher().kill()
    eventually(
        lambda: (
            (master.supervisor.check() or master.publisher_status().pid)
            not in (first, None)
        )
    )
    assert master.config.version == 1
    assert master.message() == "one"


def test_publisher_that_dies_young_is_started_ever_more_slowly(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that dies at once again and again does not take a core."""
    master.supervisor.start()
    monkeypatch.setattr(child_module, "_command", lambda *_: ["/bin/false"])
    master.publisher().kill()
    eventually(lambda: master.supervisor.check() or master.supervisor.restarts == 3)
    waits = [line.split("again in ")[1] for line in master.lines if "again in" in line]
    assert waits[:3] == ["0.0 s", "0.1 s", "0.2 s"]


def test_stopped_publisher_is_replaced(
    master: Master, volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that stands still for too long is killed, told about once, and succeeded."""
    monkeypatch.setattr(child_module, "_STOPPED_SECONDS_MAX", 0.2)
    master.supervisor.start()
    stopped = master.publisher()
    stopped.suspend()
    _flip(volume, "while it stood")
    eventually(lambda: master.message() == "while it stood")
    assert not stopped.is_running()
    assert master.supervisor.pid != stopped.pid
    assert master.publisher_status().starts == 2
    (line,) = (line for line in master.lines if "has been stopped for" in line)
    assert str(stopped.pid) in line


def test_successor_that_is_stopped_while_it_is_tried_holds_nobody_up(
    master: Master, volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The present publisher goes on meanwhile, and after the limit for good."""
    master.supervisor.start()
    present = master.supervisor.pid
    stopping = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    with monkeypatch.context() as patch:
        command = [sys.executable, "-c", stopping]
        patch.setattr(child_module, "_command", lambda *_: command)
        master.supervisor.replace_publisher(must_fit=True)
    _flip(volume, "two")
    eventually(lambda: master.message() == "two")
    monkeypatch.setattr(succession_module, "_FIT_SECONDS_MAX", 0.0)
    eventually(lambda: master.line("not ready within"))
    assert master.supervisor.pid == present
    eventually(lambda: len(psutil.Process().children()) == 1)
    assert master.supervisor.take_outcome() != "ready"


def test_publisher_that_is_stopped_for_a_moment_goes_on(
    master: Master, volume: ConfigMapVolume
) -> None:
    """One that is stopped and continued within the limit is left alone."""
    master.supervisor.start()
    publisher = master.publisher()
    publisher.suspend()
    _flip(volume, "while it stood")
    assert master.message() == "one"
    publisher.resume()
    eventually(lambda: master.message() == "while it stood")
    assert master.supervisor.pid == publisher.pid


def test_publisher_without_a_pulse_is_replaced(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not look at its source as often as it must is succeeded."""
    monkeypatch.setenv("LIVECONFIG_POLL_SECONDS", "1")
    master.supervisor.start()
    monkeypatch.setattr(hang_module, "_LATE_SECONDS_MAX", -0.8)
    silent = master.publisher()
    eventually(lambda: master.message() and master.supervisor.pid != silent.pid)
    assert any("has done nothing for" in line for line in master.lines)


def test_publisher_shows_its_pulse(
    volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing changes, the status is written within every safety interval."""
    monkeypatch.setenv("LIVECONFIG_POLL_SECONDS", "1")
    with contextlib.closing(Master()) as master:
        master.supervisor.start()
        before = master.publisher_status()
        eventually(lambda: master.publisher_status().checked_at > before.checked_at)
        assert master.config.version == 1


_HEADER_BYTES = 16


def _can_attach(record: Record) -> bool:
    descriptor = os.dup(record.descriptor)
    try:
        Record(descriptor).close()
    except StartupError:
        os.close(descriptor)
        return False
    return True


_DAMAGED = pytest.mark.parametrize(
    ("start", "content"),
    [
        pytest.param(0, bytes(_HEADER_BYTES), id="header"),
        pytest.param(64, bytes(8), id="head-zeroed"),
        pytest.param(64, b"\xff" * 8, id="head-beyond"),
        pytest.param(4096, bytes(8192), id="slots-start-zeroed"),
        pytest.param(0, b"\xa5" * 140_000, id="everything"),
        pytest.param(0, bytes(140_000), id="everything-zeroed"),
        pytest.param(0, b"\xff" * 140_000, id="everything-beyond"),
    ],
)


@_DAMAGED
def test_overwritten_record_is_published_again(
    master: Master, volume: ConfigMapVolume, start: int, content: bytes
) -> None:
    """Whatever is overwritten is told and made whole, and versions go on growing."""
    master.supervisor.start()
    _flip(volume, "two")
    eventually(lambda: master.message() == "two")
    overwrite(master.config.descriptor, start, content)
    eventually(
        lambda: (
            master.supervisor.check()
            or (_can_attach(master.config) and master.config.is_whole(2))
        )
    )
    assert master.message() == "two"
    if len(content) != _HEADER_BYTES:
        # The publisher may have been faster; then it is its line that is on the way.
        eventually(
            lambda: (
                master.supervisor.check()
                or any("was overwritten" in line for line in master.lines)
            )
        )
    _flip(volume, "three")
    eventually(lambda: master.message() == "three")
    assert master.config.version >= 3


@_DAMAGED
def test_record_overwritten_without_a_publisher_goes_on(
    master: Master, volume: ConfigMapVolume, start: int, content: bytes
) -> None:
    """A publisher that finds it so skips more versions than there can have been."""
    master.supervisor.start()
    _flip(volume, "two")
    eventually(lambda: master.message() == "two")
    master.publisher().kill()
    eventually(lambda: not master.config.is_claimed())
    overwrite(master.config.descriptor, start, content)
    eventually(lambda: master.supervisor.check() or master.config.is_claimed())
    eventually(lambda: master.config.is_whole(2))
    assert master.message() == "two"
    assert master.config.version == 2 or master.config.version > 1_000_000


@_DAMAGED
def test_all_records_overwritten_without_a_publisher_go_on(
    master: Master, volume: ConfigMapVolume, start: int, content: bytes
) -> None:
    """What the master knows is enough: a reader that held the newest gets a newer."""
    master.supervisor.start()
    _flip(volume, "two")
    eventually(lambda: master.message() == "two")
    eventually(
        lambda: master.supervisor.check() or master.supervisor.newest_version == 2
    )
    held = master.config.version
    master.publisher().kill()
    eventually(lambda: not master.config.is_claimed())
    for record in master.shared.records:
        overwrite(record.descriptor, start, content)
    _flip(volume, "three")
    eventually(lambda: master.supervisor.check() or master.config.is_claimed())

    def news() -> Publication | None:
        with contextlib.suppress(CorruptRecordError):
            return master.config.read(held)
        return None

    publication = eventually(news)
    assert publication.version > held
    assert _SCHEMA.unpack(publication.payload)[1]["message"] == "three"
    assert master.supervisor.restarts == 1


@_DAMAGED
def test_records_overwritten_while_the_source_is_bad_are_waited_with(
    master: Master, volume: ConfigMapVolume, start: int, content: bytes
) -> None:
    """A successor that finds nothing at all to publish lives on until there is."""
    master.supervisor.start()
    master.publisher().kill()
    eventually(lambda: not master.config.is_claimed())
    for record in master.shared.records:
        overwrite(record.descriptor, start, content)
    volume.flip({"config.yaml": "message: [one\n"})
    eventually(lambda: master.supervisor.check() or master.config.is_claimed())
    _flip(volume, "two")
    eventually(lambda: _is_newer(master.config, 1))
    assert master.message() == "two"
    assert master.supervisor.restarts == 1


def _is_newer(record: Record, version: int) -> bool:
    return record.version > version and record.is_whole(version + 1)


def test_version_that_only_a_worker_has_seen_is_passed_on(
    master: Master, volume: ConfigMapVolume
) -> None:
    """A publication that the master has not looked at yet is none the less known."""
    master.supervisor.start()
    master.shared.workers.give_out("a worker")
    assert master.shared.workers.enter("a worker")
    row = master.shared.workers.own
    assert row is not None
    row.took(7, time.time_ns())
    assert master.supervisor.newest_version == 7
    master.publisher().kill()
    eventually(lambda: not master.config.is_claimed())
    _flip(volume, "two")
    eventually(lambda: master.supervisor.check() or master.config.version > 7)
    assert master.message() == "two"


@pytest.mark.parametrize("left", range(3))
def test_start_without_descriptors_is_told(master: Master, left: int) -> None:
    """Whichever is one too many, the start fails for the limit, and nothing is left."""
    problem = "^cannot start the publisher: too many open files; raise the limit"
    with (
        no_descriptors(psutil.Process(), but=left),
        pytest.raises(StartupError, match=problem),
    ):
        master.supervisor.start()
    assert psutil.Process().children() == []


def test_restart_without_descriptors_is_tried_again(master: Master) -> None:
    """A master that has no descriptor for a new publisher lives on, and tries again."""
    master.supervisor.start()
    descriptors = os.listdir("/proc/self/fd")
    with no_descriptors(psutil.Process()):
        master.publisher().kill()
        eventually(lambda: master.supervisor.check() or master.supervisor.restarts == 3)
        assert master.supervisor.pid is None
    problem = "cannot start the publisher: too many open files; raise the limit"
    assert any(problem in line for line in master.lines)
    eventually(lambda: master.supervisor.check() or master.config.is_claimed())
    assert master.message() == "one"
    assert len(os.listdir("/proc/self/fd")) == len(descriptors)


def test_publisher_without_a_pidfd_is_not_left_behind(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that cannot be watched over is ended at once."""

    def no_pidfd(pid: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pidfd_open", no_pidfd)
    with pytest.raises(StartupError, match="too many open files"):
        master.supervisor.start()
    os.wait()
    assert psutil.Process().children() == []


def _write_schema(directory: Path, field: str) -> None:
    directory.joinpath("kept_schema.py").write_text(
        f"import msgspec\n\n\nclass Kept(msgspec.Struct, frozen=True):\n    {field}\n"
    )


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write the one field of the schema that a publisher loads from now on."""
    monkeypatch.setenv("LIVECONFIG_SCHEMA", "kept_schema:Kept")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.syspath_prepend(str(tmp_path))
    _write_schema(tmp_path, "message: str")
    return functools.partial(_write_schema, tmp_path)


def _has_succeeded(master: Master) -> bool:
    master.supervisor.check()
    return master.supervisor.take_outcome() == "ready"


def _never(_: object) -> None:
    pytest.fail("a successor was waited for")


def test_successor_takes_the_place_while_the_master_goes_on(
    master: Master, volume: ConfigMapVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process publishes then, versions go on, and it is told once."""
    master.supervisor.start()
    before = master.supervisor.pid
    # It is not waited for: what it says of itself has not come yet.
    with monkeypatch.context() as patch:
        patch.setattr(child_module.Child, "wait_ready", _never)
        master.supervisor.replace_publisher(must_fit=True)
    assert master.supervisor.pid == before
    eventually(lambda: _has_succeeded(master))
    assert master.supervisor.take_outcome() != "ready"
    assert master.supervisor.pid != before
    assert master.config.is_claimed()
    assert len(psutil.Process().children()) == 1
    assert master.supervisor.restarts == 0
    _flip(volume, "two")
    eventually(lambda: master.message() == "two")
    assert master.config.version == 2


def test_successor_whose_schema_fits_nothing_does_not_take_the_place(
    master: Master, volume: ConfigMapVolume, schema: Callable[[str], None]
) -> None:
    """The log says which key does not fit, and the present publisher goes on."""
    master.supervisor.start()
    before = master.supervisor.pid
    schema("message: int")
    master.supervisor.replace_publisher(must_fit=True)
    line = eventually(lambda: master.line("nothing is reloaded"))
    assert "kept_schema:Kept" in line
    assert "message: expected a whole number, found text" in line
    assert master.supervisor.pid == before
    _flip(volume, "two")
    eventually(lambda: master.message() == "two")
    assert master.supervisor.take_outcome() != "ready"
    eventually(lambda: len(psutil.Process().children()) == 1)


def test_source_that_fits_the_new_schema_is_enough(
    master: Master, volume: ConfigMapVolume, schema: Callable[[str], None]
) -> None:
    """What was rejected goes live with the schema that was made for it."""
    master.supervisor.start()
    volume.flip({"config.yaml": "message: 42\n"})
    eventually(lambda: master.line("rejected"))
    schema("message: int")
    master.supervisor.replace_publisher(must_fit=True)
    eventually(lambda: _has_succeeded(master))
    assert master.config.version == 2


def test_what_is_live_is_enough_while_the_source_is_bad(
    master: Master, volume: ConfigMapVolume, schema: Callable[[str], None]
) -> None:
    """A reload is not held up by an edit that is rejected anyway."""
    master.supervisor.start()
    volume.flip({"config.yaml": "message: [\n"})
    schema("message: str = 'other'")
    master.supervisor.replace_publisher(must_fit=True)
    eventually(lambda: _has_succeeded(master))
    assert master.config.version == 1


def test_successor_that_need_not_fit_waits_for_a_config_that_does(
    master: Master, volume: ConfigMapVolume, schema: Callable[[str], None]
) -> None:
    """It takes the place all the same, and publishes what is made for its schema."""
    master.supervisor.start()
    before = master.supervisor.pid
    schema("message: int")
    master.supervisor.replace_publisher(must_fit=False)
    eventually(lambda: master.supervisor.check() or master.supervisor.pid != before)
    volume.flip({"config.yaml": "message: 42\n"})
    eventually(lambda: master.supervisor.check() or _is_newer(master.config, 1))
    assert master.supervisor.take_outcome() != "ready"


def test_successor_that_does_not_load_leaves_the_present_one(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schema that cannot be imported is told, and nothing else happens."""
    master.supervisor.start()
    before = master.supervisor.pid
    monkeypatch.setenv("LIVECONFIG_SCHEMA", "no_such_module:Config")
    for must_fit in (True, False):
        master.supervisor.replace_publisher(must_fit=must_fit)
        line = eventually(lambda: master.line("nothing is reloaded"))
        assert "no_such_module" in line
        master.lines.remove(line)
    assert master.supervisor.pid == before
    assert master.message() == "one"


def test_publisher_that_is_dead_has_its_successor_at_once(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is started again ever more slowly does not hold up a reload."""
    master.supervisor.start()
    with monkeypatch.context() as patch:
        patch.setattr(child_module, "_command", lambda *_: ["/bin/false"])
        master.publisher().kill()
        eventually(lambda: master.supervisor.check() or master.supervisor.restarts == 3)
    master.supervisor.replace_publisher(must_fit=True)
    eventually(lambda: _has_succeeded(master))


def test_successor_goes_by_its_own_interval(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher that looks less often than the one before is not taken to hang."""
    monkeypatch.setattr(hang_module, "_LATE_SECONDS_MAX", 1.0)
    monkeypatch.setenv("LIVECONFIG_POLL_SECONDS", "1")
    monkeypatch.setattr(master.supervisor, "_poll_seconds", 1.0)
    master.supervisor.start()
    monkeypatch.setenv("LIVECONFIG_POLL_SECONDS", "600")
    master.supervisor.replace_publisher(must_fit=True)
    eventually(lambda: _has_succeeded(master))
    successor = master.supervisor.pid
    began = time.monotonic()
    eventually(lambda: master.supervisor.check() or time.monotonic() - began > 4.0)
    assert master.supervisor.pid == successor


def test_successor_that_dies_on_the_way_is_told_from_one_that_does_not_fit(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was killed may be followed by another; the present one goes on."""
    master.supervisor.start()
    present = master.supervisor.pid
    outcomes = []
    for command in ("/bin/false", None):
        with monkeypatch.context() as patch:
            if command:
                patch.setattr(child_module, "_command", lambda *_: ["/bin/false"])
            else:
                patch.setenv("LIVECONFIG_SCHEMA", "no_such_module:Config")
            master.supervisor.replace_publisher(must_fit=True)
        outcomes.append(
            eventually(
                lambda: master.supervisor.check() or master.supervisor.take_outcome()
            )
        )
    assert outcomes == ["died", "unfit"]
    assert master.supervisor.pid == present


def test_stop_ends_a_successor_as_well(master: Master) -> None:
    """One that is still being tried does not outlive the master."""
    master.supervisor.start()
    master.supervisor.replace_publisher(must_fit=True)
    master.supervisor.stop()
    assert psutil.Process().children() == []


def test_stop_leaves_no_process(master: Master) -> None:
    """After stop there is no publisher, no zombie, and the record is free."""
    master.supervisor.start()
    master.supervisor.stop()
    assert psutil.Process().children() == []
    assert not master.config.is_claimed()


def test_stop_ends_a_publisher_that_does_not_answer(master: Master) -> None:
    """A stopped publisher is ended by force."""
    master.supervisor.start()
    master.publisher().suspend()
    master.supervisor.stop()
    assert psutil.Process().children() == []


def test_publisher_dies_with_its_master(
    volume: ConfigMapVolume,
) -> None:
    """Kill -9 of the master takes the publisher with it, even a stopped one."""
    reader, writer = os.pipe()

    def be_master() -> None:
        master = Master()
        master.supervisor.start()
        os.write(writer, str(master.supervisor.pid).encode())
        signal.pause()

    child = Child(be_master)
    publisher = psutil.Process(int(os.read(reader, 20)))
    publisher.suspend()
    child.kill()
    try:
        eventually(lambda: not publisher.is_running() or publisher.status() == "zombie")
    finally:
        # One that outlives its master must not outlive the tests as well.
        with contextlib.suppress(psutil.NoSuchProcess):
            publisher.kill()
    os.close(reader)
    os.close(writer)


def test_publisher_has_only_descriptors_of_its_own(master: Master) -> None:
    """Nothing of the master's leaks: no socket, no file, exactly one inotify."""
    with open(os.devnull) as leaked:
        os.set_inheritable(leaked.fileno(), True)
        master.supervisor.start()
    directory = Path(f"/proc/{master.supervisor.pid}/fd")
    targets = sorted(os.readlink(entry) for entry in directory.iterdir())
    kinds = [target for target in targets if not target.startswith("/memfd:")]
    standard = [os.readlink(f"/proc/self/fd/{number}") for number in (1, 2)]
    for target in [*standard, "/dev/null"]:
        kinds.remove(target)
    assert kinds.count("anon_inode:inotify") == 1
    assert sum(kind.startswith("socket:") for kind in kinds) == 1
    assert all(kind.startswith(("anon_inode:", "socket:")) for kind in kinds), kinds


def test_publisher_has_a_title(master: Master, volume: ConfigMapVolume) -> None:
    """`ps` tells what the process is and what it watches."""
    master.supervisor.start()
    path = volume.path("config.yaml")
    words = [word for word in master.publisher().cmdline() if word]
    assert words == [f"liveconfig: publisher [{path}]"]


def test_forked_worker_forgets_the_publisher(master: Master) -> None:
    """A worker closes what ties the master to the publisher, and harms neither."""
    master.supervisor.start()

    def be_worker() -> tuple[int, int]:
        before = len(os.listdir("/proc/self/fd"))
        master.supervisor.close_in_child()
        return before, len(os.listdir("/proc/self/fd"))

    before, after = Child(be_worker).result()
    assert before - after == 2
    assert master.publisher().is_running()
    assert master.message() == "one"


def test_rejection_survives_a_restart_of_the_publisher(
    master: Master, volume: ConfigMapVolume
) -> None:
    """Since when a candidate is rejected does not start anew with the publisher."""
    master.supervisor.start()
    volume.flip({"config.yaml": "message: [\n"})
    rejected = eventually(lambda: master.publisher_status().rejected)
    first = master.supervisor.pid
    master.publisher().kill()
    eventually(
        lambda: (
            (master.supervisor.check() or master.publisher_status().pid)
            not in (first, None)
        )
    )
    again = eventually(lambda: master.publisher_status().rejected)
    assert again.since == rejected.since
    assert master.message() == "one"
