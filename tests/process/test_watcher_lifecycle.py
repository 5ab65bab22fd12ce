"""A watcher begins when it is told to, and its end leaves nothing."""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from liveconfig.watch.watcher import FileWatcher
from tests.support.eventually import eventually
from tests.support.volume import ConfigMapVolume, GitSyncCheckout
from tests.support.watching import (
    NEVER_MS,
    Reader,
    inotify_descriptors,
    replace,
    wait_until_taken,
    watched,
)


def test_change_before_the_start_is_seen(tmp_path: Path) -> None:
    """What changes after the watcher was made waits for `run`."""
    volume = ConfigMapVolume(tmp_path, {"a": "0"})
    reader = Reader(volume.path("a"))
    watcher = FileWatcher(volume.path("a"), reader, settle_ms=NEVER_MS)
    volume.flip({"a": "1"})
    with watcher:
        reader.wait_for("1")


def test_watcher_holds_one_inotify_descriptor_and_no_child_gets_it(
    tmp_path: Path,
) -> None:
    """One instance for the whole chain, closed on exec; all is freed at the end."""
    before = sorted(os.listdir("/proc/self/fd"))
    checkout = GitSyncCheckout(tmp_path, {"a": "0"})
    watcher = FileWatcher(checkout.path("a"), lambda: None)
    (descriptor,) = inotify_descriptors()
    assert not os.get_inheritable(descriptor)
    watcher.close()
    watcher.close()
    watcher.stop()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_swapped_links_leave_no_watch_behind(tmp_path: Path) -> None:
    """After many flips there are as many watches as after none."""
    checkout = GitSyncCheckout(tmp_path, {"a": ""})
    with watched(checkout.path("a")) as reader:
        (descriptor,) = inotify_descriptors()
        info = Path(f"/proc/self/fdinfo/{descriptor}")
        before = info.read_text().count("inotify wd")
        for count in range(100):
            checkout.flip({"a": str(count)})
        reader.wait_for("99")
        wait_until_taken()
        eventually(lambda: info.read_text().count("inotify wd") == before)


def test_stop_before_run_ends_it_at_once(tmp_path: Path) -> None:
    """A signal that comes too early is not lost."""
    with contextlib.closing(FileWatcher(tmp_path / "a", lambda: None)) as watcher:
        watcher.stop()
        watcher.run()


def test_stop_from_another_thread_ends_run(tmp_path: Path) -> None:
    """A watcher that waits is woken up to end."""
    with contextlib.closing(FileWatcher(tmp_path / "a", lambda: None)) as watcher:
        timer = threading.Timer(0.05, watcher.stop)
        timer.start()
        watcher.run()
        timer.join()


def test_woken_watcher_calls_the_action_though_nothing_changed(tmp_path: Path) -> None:
    """Whoever doubts what the action did last can have it called, before `run` too."""
    path = tmp_path / "a"
    path.write_text("0")
    reader = Reader(path)
    watcher = FileWatcher(path, reader, settle_ms=NEVER_MS, poll_seconds=600)
    watcher.wake()
    with watcher:
        reader.wait_for("0")
        watcher.wake()
        eventually(lambda: reader.seen == ["0", "0"])
    watcher.wake()


def test_stop_from_the_action_is_its_last_call(tmp_path: Path) -> None:
    """The action may end the watcher that calls it."""
    calls = []

    def action() -> None:
        calls.append(1)
        watcher.stop()

    watcher = FileWatcher(tmp_path / "a", action, poll_seconds=0.001)
    watcher.run()
    watcher.close()
    assert calls == [1]


def test_stop_from_a_signal_handler_ends_run(tmp_path: Path) -> None:
    """A signal in the thread that waits ends the wait."""
    with contextlib.closing(FileWatcher(tmp_path / "a", lambda: None)) as watcher:
        before = signal.signal(signal.SIGALRM, lambda *_: watcher.stop())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            watcher.run()
        finally:
            signal.signal(signal.SIGALRM, before)


def test_error_of_the_action_ends_run(tmp_path: Path) -> None:
    """A bug in the action is not hidden."""

    def action() -> None:
        raise ValueError("a bug")

    watcher = FileWatcher(tmp_path / "a", action, poll_seconds=0.001)
    with contextlib.closing(watcher), pytest.raises(ValueError, match="a bug"):
        watcher.run()


def test_error_of_the_action_in_the_thread_is_logged_and_it_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One that raises is called again with the next change, as often as it raises."""
    before = sorted(os.listdir("/proc/self/fd"))
    path = tmp_path / "a"
    reader = Reader(path)

    def action() -> None:
        reader()
        raise ValueError(f"a bug with {reader.seen[-1]}")

    with FileWatcher(path, action, settle_ms=5, poll_seconds=600):
        for content in ("1", "2"):
            replace(path, content)
            reader.wait_for(content)
            eventually(lambda: f"a bug with {content}" in caplog.text)  # noqa: B023
    assert f"the watcher of {path} goes on after an error" in caplog.text
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_that_ends_before_its_watcher_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What ends a thread on purpose is obeyed, but not in silence."""
    watcher = FileWatcher(tmp_path / "a", sys.exit, poll_seconds=0.001)
    with watcher:
        eventually(lambda: f"the watcher of {tmp_path / 'a'} has ended" in caplog.text)


_PATHS = ["a", b"a", Path("a")]


@pytest.mark.parametrize("path", _PATHS, ids=str)
def test_path_of_any_kind_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str | bytes | Path
) -> None:
    """Text, bytes or an object that stands for a path: all name the same file."""
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path / "a")
    with FileWatcher(path, reader, settle_ms=5, poll_seconds=600):
        (tmp_path / "a").write_text("1")
        reader.wait_for("1")


def test_absolute_path_needs_no_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A working directory that was deleted is asked for nothing."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with watched(tmp_path / "a") as reader:
        (tmp_path / "a").write_text("1")
        reader.wait_for("1")


_WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"path": ""}, ValueError, "can be no path"),
    ({"path": "a\0b"}, ValueError, "can be no path"),
    ({"path": 3}, TypeError, "expected str, bytes or os.PathLike"),
    ({"path": None}, TypeError, "expected str, bytes or os.PathLike"),
    ({"action": None}, TypeError, "action is None: it takes a function"),
    ({"on_mode_change": "x"}, TypeError, "on_mode_change is 'x': it takes a function"),
    ({"poll_seconds": 0}, ValueError, "poll_seconds is 0: it takes more than 0"),
    ({"poll_seconds": -1}, ValueError, "poll_seconds is -1: it takes more than 0"),
    ({"poll_seconds": math.nan}, ValueError, "poll_seconds is nan: it takes more"),
    ({"poll_seconds": "60"}, TypeError, "poll_seconds is '60': it takes a number"),
    ({"poll_seconds": None}, TypeError, "poll_seconds is None: it takes a number"),
    ({"settle_ms": -1}, ValueError, "settle_ms is -1: it takes 0 or more"),
    ({"settle_ms": math.nan}, ValueError, "settle_ms is nan: it takes 0 or more"),
    ({"settle_ms": "50"}, TypeError, "settle_ms is '50': it takes a number"),
]


@pytest.mark.parametrize(("wrong", "kind", "sentence"), _WRONG)
def test_wrong_argument_is_an_error_when_the_watcher_is_made(
    tmp_path: Path, wrong: dict[str, Any], kind: type[Exception], sentence: str
) -> None:
    """What could not work later is refused at once, and nothing is left open."""
    before = sorted(os.listdir("/proc/self/fd"))
    options = {"path": tmp_path / "a", "action": lambda: None, **wrong}
    with pytest.raises(kind, match=re.escape(sentence)):
        FileWatcher(**options)
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("long", [math.inf, 10**7, 10**400, 1e300])
def test_any_long_time_is_taken(tmp_path: Path, long: float) -> None:
    """Times beyond what the kernel waits are cut, and changes are seen all the same."""
    with watched(tmp_path / "a", poll_seconds=long) as reader:
        (tmp_path / "a").write_text("1")
        reader.wait_for("1")
    with watched(tmp_path / "a", settle_ms=long, poll_seconds=long) as reader:
        replace(tmp_path / "a", "2")
        reader.wait_for("2")
        (tmp_path / "a").write_text("3")
        wait_until_taken()
        replace(tmp_path / "a", "4")
        reader.wait_for("4")


def test_error_of_what_is_told_of_the_mode_leaves_nothing_open(tmp_path: Path) -> None:
    """It is raised where the watcher is made, and then there is none."""
    directory = tmp_path / os.fsdecode(b"\xff")
    directory.mkdir()
    before = sorted(os.listdir("/proc/self/fd"))

    def refuse(mode: str, reason: str) -> None:
        raise ValueError(f"a bug with {mode}")

    with pytest.raises(ValueError, match="a bug with polling"):
        FileWatcher(directory / "a", lambda: None, on_mode_change=refuse)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_watcher_is_started_once(tmp_path: Path) -> None:
    """A second start, or one after the end, is refused and harms nothing."""
    path = tmp_path / "a"
    reader = Reader(path)
    watcher = FileWatcher(path, reader, settle_ms=5, poll_seconds=600)
    with watcher:
        with pytest.raises(RuntimeError, match="started or closed before"):
            watcher.start()
        path.write_text("1")
        reader.wait_for("1")
        with pytest.raises(RuntimeError, match="runs already"):
            watcher.run()
        watcher.stop()
        watcher.stop()
    watcher.close()
    watcher.stop()
    with pytest.raises(RuntimeError, match="started or closed before"):
        watcher.start()
    watcher.run()


def test_close_waits_for_run_and_not_for_itself(tmp_path: Path) -> None:
    """Nothing is freed under a loop that runs; in the action `close` is refused."""
    refused, may_end = threading.Event(), threading.Event()

    def action() -> None:
        with contextlib.suppress(RuntimeError):
            watcher.close()
            return
        refused.set()
        may_end.wait(30)

    watcher = FileWatcher(tmp_path / "a", action, poll_seconds=0.001)
    runner = threading.Thread(target=watcher.run)
    runner.start()
    assert refused.wait(30)
    closer = threading.Thread(target=watcher.close)
    closer.start()
    closer.join(0.05)
    assert closer.is_alive()
    may_end.set()
    closer.join(30)
    runner.join(30)
    assert not closer.is_alive()
    assert not runner.is_alive()


def test_import_warns_of_nothing_and_prints_nothing(tmp_path: Path) -> None:
    """What pyinotify and asyncore have to say is kept from the user."""
    code = (
        "import liveconfig.watch.watcher as w, os, logging\n"
        "logging.getLogger('pyinotify').error('noise')\n"
        f"with w.FileWatcher({str(tmp_path)!r}, lambda: None): pass"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


_TRACED = """
import os, signal, sys
from liveconfig.watch.watcher import FileWatcher
watcher = FileWatcher(sys.argv[1], lambda: os.write(1, b"called "), settle_ms=600000)
signal.signal(signal.SIGTERM, lambda *_: watcher.stop())
os.write(1, b"armed ")
watcher.run()
"""


def test_waiting_makes_no_system_calls(tmp_path: Path) -> None:
    """Between two flips there is one poll, and a flip costs reads alone."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("no strace")
    volume = ConfigMapVolume(tmp_path / "volume", {"a": "0"})
    trace, output = tmp_path / "trace", tmp_path / "output"
    command = [strace, "-f", "-o", trace, sys.executable, "-c", _TRACED]
    with output.open("wb") as stdout:
        process = subprocess.Popen([*command, volume.path("a")], stdout=stdout)
    eventually(lambda: output.read_text() == "armed ")
    for count in (1, 2):
        (volume.path("..data") / "a").read_text()
        volume.flip({"a": str(count)})
        eventually(lambda: output.read_text().count("called") == count)  # noqa: B023
    (pid,) = re.findall(r"^(\d+) .*armed", trace.read_text(), re.MULTILINE)
    os.kill(int(pid), signal.SIGTERM)
    assert process.wait(60) == 0
    lines = trace.read_text().split('"armed ", 6', 1)[1].splitlines()[1:]
    lines = lines[: next(i for i, line in enumerate(lines) if "SIGTERM" in line)]
    names = [line.split()[1].split("(")[0] for line in lines]
    # Memory is taken from the system now and then; it is not what is looked for.
    calls = " ".join(name for name in names if name not in {"brk", "mmap", "munmap"})
    wake = "(poll read )+"
    assert re.fullmatch(rf"{wake}write {wake}write ({wake})?poll", calls), calls
