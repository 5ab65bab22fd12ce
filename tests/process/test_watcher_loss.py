"""What is lost is read again: events, watches, mounts, inotify itself."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from liveconfig.watch.mounts import is_single_file_mount
from liveconfig.watch.watcher import FileWatcher
from tests.support.children import Child
from tests.support.eventually import eventually
from tests.support.volume import ConfigMapVolume, GitSyncCheckout
from tests.support.watching import (
    NEVER_MS,
    Reader,
    inotify_descriptors,
    replace,
    wait_until_taken,
    watched,
    with_own_mounts,
)

_CLONE_NEWUSER = 0x10000000


def test_overflow_loses_no_change(tmp_path: Path) -> None:
    """A flip whose event did not fit into the queue is seen, and so is the next."""
    queue_length = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if queue_length > 200_000:
        pytest.skip(f"it takes too long to fill a queue of {queue_length} events")
    volume = ConfigMapVolume(tmp_path, {"a": "0"})
    is_inside, may_go_on = threading.Event(), threading.Event()
    reader = Reader(volume.path("a"))

    def action() -> None:
        reader()
        is_inside.set()
        assert may_go_on.wait(60)

    with FileWatcher(volume.path("a"), action, settle_ms=NEVER_MS):
        volume.flip({"a": "1"})
        assert is_inside.wait(60)
        noise, other = tmp_path / "noise", tmp_path / "other"
        noise.touch()
        for _ in range(queue_length // 4 + 1):
            noise.rename(other)
            other.rename(noise)
        volume.flip({"a": "2"})
        may_go_on.set()
        reader.wait_for("2")
        volume.flip({"a": "3"})
        reader.wait_for("3")
    assert reader.seen == ["1", "2", "3"]


def test_removed_watches_are_put_up_again(tmp_path: Path) -> None:
    """A watch that is gone without being asked for does not make the watcher blind."""
    volume = ConfigMapVolume(tmp_path, {"a": "0"})
    with watched(volume.path("a"), settle_ms=NEVER_MS) as reader:
        (descriptor,) = inotify_descriptors()
        details = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
        watches = re.findall(r"^inotify wd:([0-9a-f]+)", details, re.MULTILINE)
        for wd in watches:
            ctypes.CDLL(None).inotify_rm_watch(descriptor, int(wd, 16))
        reader.wait_for("0")
        wait_until_taken()
        # The first may be seen by a call that the last removal is the reason for.
        for content in ("1", "2"):
            volume.flip({"a": content})
            reader.wait_for(content)


def test_unmounted_filesystem_is_noticed(tmp_path: Path) -> None:
    """What was hidden under a mount is watched when the mount is gone."""

    def steps() -> list[str | None]:
        subprocess.run(["mount", "-t", "tmpfs", "none", tmp_path], check=True)
        (tmp_path / "a").write_text("above")
        with watched(tmp_path / "a", settle_ms=NEVER_MS) as reader:
            subprocess.run(["umount", tmp_path], check=True)
            reader.wait_for("below")
            replace(tmp_path / "a", "last")
            reader.wait_for("last")
        return reader.seen

    (tmp_path / "a").write_text("below")
    seen = with_own_mounts(steps)
    assert seen in (["below", "last"], ["below", "below", "last"])


def test_single_file_that_is_mounted_is_told_from_a_directory(tmp_path: Path) -> None:
    """The kernel's own table says which paths never change, by way of links too."""

    def steps() -> list[bool]:
        subprocess.run(
            ["mount", "--bind", tmp_path / "x/a", tmp_path / "a"], check=True
        )
        subprocess.run(["mount", "--bind", tmp_path / "x", tmp_path / "y"], check=True)
        return [is_single_file_mount(str(tmp_path / name)) for name in names]

    for name in ("x", "y"):
        (tmp_path / name).mkdir()
    for name in ("x/a", "a"):
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("a")
    names = ["a", "link", "x/a", "y/a", "y"]
    assert with_own_mounts(steps) == [True, True, False, False, False]


def test_action_that_finds_nothing_is_called_again(tmp_path: Path) -> None:
    """What comes back without an event is found within a second."""
    found = iter([False, False, True])
    seen: list[bool] = []

    def action() -> bool:
        seen.append(next(found))
        return seen[-1]

    with FileWatcher(tmp_path / "a", action, poll_seconds=600) as watcher:
        (tmp_path / "b").symlink_to("nowhere")
        (tmp_path / "b").rename(tmp_path / "a")
        eventually(lambda: len(seen) == 3)
        # Nothing is left to be called for: a fourth call would end the watcher.
        assert watcher._deadline() > time.monotonic() + 500
    assert seen == [False, False, True]


def test_directory_that_is_mounted_twice_is_watched_for_both(tmp_path: Path) -> None:
    """Two places of the chain may be one directory; a name in either counts."""

    def steps() -> list[str | None]:
        subprocess.run(["mount", "--bind", tmp_path / "x", tmp_path / "y"], check=True)
        with watched(tmp_path / "y/link", settle_ms=NEVER_MS) as reader:
            (tmp_path / "x/tmp").symlink_to(tmp_path / "x/b")
            (tmp_path / "x/tmp").rename(tmp_path / "x/link")
            reader.wait_for("b")
            replace(tmp_path / "x/b", "last")
            reader.wait_for("last")
        return reader.seen

    for name in ("x", "y"):
        (tmp_path / name).mkdir()
    for name in ("a", "b"):
        (tmp_path / "x" / name).write_text(name)
    (tmp_path / "x/link").symlink_to(tmp_path / "x/a")
    assert with_own_mounts(steps) == ["b", "last"]


def _modes_without_descriptors(path: Path) -> tuple[list[str], list[str | None], int]:
    """Watch while no descriptor is left, free some, and flip."""
    volume = ConfigMapVolume(path, {"a": "0"})
    FileWatcher._RETRY_SECONDS = 0.1
    modes: list[str] = []
    reader = Reader(volume.path("a"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    taken = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.open("/", os.O_RDONLY))
    os.close(taken.pop())
    watcher = FileWatcher(
        volume.path("a"),
        reader,
        settle_ms=NEVER_MS,
        poll_seconds=600,
        on_mode_change=lambda mode, reason: modes.append(f"{mode}: {reason}"),
    )
    modes.append(watcher.mode)
    for descriptor in taken:
        os.close(descriptor)
    with watcher:
        volume.flip({"a": "1"})
        eventually(lambda: watcher.mode == "inotify")
        reader.wait_for("1")
        volume.flip({"a": "2"})
        reader.wait_for("2")
        count = len(inotify_descriptors())
    return modes, reader.seen, count


def test_without_descriptors_it_polls_until_there_are_some(tmp_path: Path) -> None:
    """EMFILE is said, is got over by polling, and ends by itself."""
    child = Child(lambda: _modes_without_descriptors(tmp_path))
    modes, seen, count = child.result()
    assert [mode.split(":")[0] for mode in modes] == ["polling", "polling", "inotify"]
    assert "EMFILE" in modes[0]
    assert seen == ["1", "2"]
    assert count == 1


def _modes_without_watches(path: Path) -> list[str] | None:
    """Lose the right to watches while watching, and get it again."""
    if ctypes.CDLL(None).unshare(_CLONE_NEWUSER):
        return None
    limit = Path("/proc/sys/user/max_inotify_watches")
    try:
        limit.write_text("1")
    except OSError:
        return None
    checkout = GitSyncCheckout(path, {"a": "0"})
    FileWatcher._RETRY_SECONDS = 0.1
    modes: list[str] = []
    reader = Reader(checkout.path("a"))
    with FileWatcher(
        checkout.path("a"), reader, on_mode_change=lambda *parts: modes.extend(parts)
    ):
        checkout.flip({"a": "1"})
        reader.wait_for("1")
        limit.write_text("1000")
        eventually(lambda: "inotify" in modes)
        checkout.flip({"a": "2"})
        reader.wait_for("2")
    return modes


def test_without_watches_it_polls_until_there_are_some(tmp_path: Path) -> None:
    """ENOSPC, too: some watches alone would be worse than none."""
    modes = Child(lambda: _modes_without_watches(tmp_path)).result()
    if modes is None:
        pytest.skip("no user namespace to be had")
    assert modes[::2] == ["polling", "inotify"]
    assert "No space left on device" in modes[1]


def test_directory_that_pyinotify_cannot_name_is_polled(tmp_path: Path) -> None:
    """The call comes every second where the name of a directory is not UTF-8."""
    directory = tmp_path / os.fsdecode(b"\xff")
    directory.mkdir()
    reader = Reader(directory / "a")
    with FileWatcher(directory / "a", reader) as watcher:
        assert watcher.mode == "polling"
        (directory / "a").write_text("1")
        reader.wait_for("1")


def _mode_under(directory: Path, path: Path) -> str:
    directory.chmod(0o111)
    if os.geteuid() == 0:
        os.setuid(65534)
    with contextlib.closing(FileWatcher(path, lambda: None)) as watcher:
        return watcher.mode


def test_directory_that_may_only_be_passed_through_is_enough() -> None:
    """A home that others may not list hides nothing but its own rename."""
    top = Path(tempfile.mkdtemp())
    (top / "home/conf").mkdir(parents=True)
    top.chmod(0o755)
    try:
        home = top / "home"
        assert Child(lambda: _mode_under(home, home / "conf/a")).result() == "inotify"
        assert Child(lambda: _mode_under(home, home / "a")).result() == "polling"
    finally:
        (top / "home").chmod(0o755)
        shutil.rmtree(top)
