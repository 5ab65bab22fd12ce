"""A watcher begins when it is told to, and its end leaves nothing."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from liveconfig.watch.watcher import FileWatcher
from tests.support.eventually import eventually
from tests.support.volume import ConfigMapVolume, GitSyncCheckout
from tests.support.watching import (
    NEVER_MS,
    Reader,
    inotify_descriptors,
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

    watcher = FileWatcher(tmp_path / "a", action, poll_seconds=0)
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

    watcher = FileWatcher(tmp_path / "a", action, poll_seconds=0)
    with contextlib.closing(watcher), pytest.raises(ValueError, match="a bug"):
        watcher.run()


def test_error_of_the_action_in_the_thread_is_logged_and_raised_by_close(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in the log when it happens, and raised once when the watcher is closed."""
    before = sorted(os.listdir("/proc/self/fd"))

    def action() -> None:
        raise ValueError("a bug")

    watcher = FileWatcher(tmp_path / "a", action, poll_seconds=0).start()
    eventually(lambda: "has ended" in caplog.text and "a bug" in caplog.text)
    with pytest.raises(ValueError, match="a bug"):
        watcher.close()
    watcher.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


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
