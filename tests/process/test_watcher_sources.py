"""Each kind of source: a change of it is one call, and nothing else makes one."""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import termios
import time
from pathlib import Path

import pytest

from liveconfig.watch.inotify import Inotify
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


def test_flip_of_a_volume_is_one_call_at_once(tmp_path: Path) -> None:
    """Each flip calls the action once, without settling, and it finds the new file."""
    volume = ConfigMapVolume(tmp_path / "volume", {"a": "0"})
    with watched(volume.path("a"), settle_ms=NEVER_MS) as reader:
        for count in range(1, 6):
            volume.flip({"a": str(count)})
            reader.wait_for(str(count))
    assert reader.seen == ["1", "2", "3", "4", "5"]


def test_flip_makes_nothing_that_settles(tmp_path: Path) -> None:
    """All the steps around the rename are no reason for a second call."""
    volume = ConfigMapVolume(tmp_path / "volume", {"a": "0", "b": "0"})
    with watched(volume.path("a"), settle_ms=0) as reader:
        for count in range(1, 6):
            volume.flip({"a": str(count), f"b{count}": ""})
            wait_until_taken()
            reader.wait_for(str(count))
    assert reader.seen == ["1", "2", "3", "4", "5"]


def test_nothing_is_called_before_the_rename(tmp_path: Path) -> None:
    """A prepared payload is not a change."""
    volume = ConfigMapVolume(tmp_path / "volume", {"a": "0"})
    with watched(volume.path("a"), settle_ms=0) as reader:
        volume.flip({"a": "1"}, between=wait_until_taken)
        reader.wait_for("1")
    assert reader.seen == ["1"]


def test_watched_volume_calls_once_per_flip(tmp_path: Path) -> None:
    """The directory of a volume changes with its link, not with the visible names."""
    volume = ConfigMapVolume(tmp_path / "volume", {"a": "0"})
    with watched(volume.path("..data/a"), settle_ms=0):
        pass
    seen = []
    action = lambda: seen.append(sorted(os.listdir(tmp_path / "volume/..data")))  # noqa: E731
    with FileWatcher(volume.directory, action, settle_ms=0):
        for names in (["a", "b"], ["b"], []):
            volume.flip(dict.fromkeys(names, ""))
            wait_until_taken()
            eventually(lambda: seen and seen[-1] == names)  # noqa: B023
    assert seen == [["a", "b"], ["b"], []]


def test_key_that_is_added_later_is_seen(tmp_path: Path) -> None:
    """The link of a new key comes after the flip, and is a change of its own."""
    volume = ConfigMapVolume(tmp_path / "volume", {"a": "0"})
    with watched(volume.path("new")) as reader:
        volume.flip({"a": "0", "new": "1"})
        reader.wait_for("1")
        volume.flip({"a": "0", "new": "2"})
        reader.wait_for("2")
        volume.flip({"a": "0"})
        reader.wait_for(None)


def test_comparing_calls_nothing(tmp_path: Path) -> None:
    """The kubelet opens and reads the payload every minute, which changes nothing."""
    volume = ConfigMapVolume(tmp_path / "volume", {"a": "0"})
    with watched(volume.path("a"), settle_ms=0) as reader:
        payload = (volume.directory / "..data").resolve()
        os.listdir(payload)
        (payload / "a").read_text()
        volume.path("a").read_text()
        wait_until_taken()
        volume.flip({"a": "1"})
        reader.wait_for("1")
    assert reader.seen == ["1"]


def test_checkout_is_followed_from_worktree_to_worktree(tmp_path: Path) -> None:
    """A swapped `current` is one call at once, and the next worktree is watched."""
    checkout = GitSyncCheckout(tmp_path, {"a": "0"})
    with watched(checkout.path("a"), settle_ms=NEVER_MS) as reader:
        for count in range(1, 6):
            checkout.flip({"a": str(count)})
            reader.wait_for(str(count))
        replace(checkout.path("a"), "in place")
        reader.wait_for("in place")
    assert reader.seen == ["1", "2", "3", "4", "5", "in place"]


def test_deletion_of_the_old_worktree_calls_nothing(tmp_path: Path) -> None:
    """What happens in the worktree before is nobody's business any more."""
    checkout = GitSyncCheckout(tmp_path, {"a": "0"})
    with watched(checkout.path("a"), settle_ms=0) as reader:
        for count in range(1, 6):
            checkout.flip({"a": str(count)})
            wait_until_taken()
            reader.wait_for(str(count))
    assert reader.seen == ["1", "2", "3", "4", "5"]


def test_new_target_of_a_link_is_watched(tmp_path: Path) -> None:
    """What is written there is seen, while the target before stays as it is."""
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(name)
    link = tmp_path / "current"
    link.symlink_to("before")
    with watched(link / "a", settle_ms=5) as reader:
        (tmp_path / "next").symlink_to("after")
        (tmp_path / "next").rename(link)
        reader.wait_for("after")
        (tmp_path / "after" / "a").write_text("written")
        reader.wait_for("written")


def test_checkout_as_a_directory_is_followed(tmp_path: Path) -> None:
    """The link itself may be the path; the files behind it are watched."""
    checkout = GitSyncCheckout(tmp_path, {"a": "0"})
    calls = Reader(checkout.path("a"))
    with FileWatcher(tmp_path / "current", calls, settle_ms=5):
        checkout.flip({"a": "1"})
        calls.wait_for("1")
        checkout.path("a").write_text("2")
        calls.wait_for("2")


def test_plain_write_settles(tmp_path: Path) -> None:
    """A file that is written in place is not read half-way."""
    path = tmp_path / "a"
    path.write_text("0")
    with watched(path, settle_ms=NEVER_MS) as reader:
        path.write_text("1")
        wait_until_taken()
        replace(path, "2")
        reader.wait_for("2")
    assert reader.seen == ["2"]
    with watched(path) as reader:
        path.write_text("3")
        reader.wait_for("3")


def test_replaced_file_is_seen_at_once(tmp_path: Path) -> None:
    """A rename into place is whole, so nobody waits; the new file is watched."""
    path = tmp_path / "a"
    path.write_text("0")
    with watched(path, settle_ms=NEVER_MS) as reader:
        for count in range(1, 4):
            replace(path, str(count))
            reader.wait_for(str(count))
    assert reader.seen == ["1", "2", "3"]


def test_nobody_waits_for_the_watches_of_a_replaced_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the place of a file is watched as it must be, without another walk."""
    path = tmp_path / "a"
    path.write_text("0")
    with watched(path, settle_ms=NEVER_MS) as reader:
        monkeypatch.setattr(Inotify, "arm", lambda *_: pytest.fail("walked again"))
        for count in range(1, 4):
            replace(path, str(count))
            reader.wait_for(str(count))


def test_link_in_the_place_of_the_file_is_followed(tmp_path: Path) -> None:
    """What a link leads to is watched where a file was, and a file where a link was."""
    path, far = tmp_path / "a", tmp_path / "far"
    path.write_text("0")
    far.mkdir()
    replace(far / "b", "1")
    with watched(path) as reader:
        (tmp_path / "tmp").symlink_to("far/b")
        (tmp_path / "tmp").rename(path)
        reader.wait_for("1")
        replace(far / "b", "2")
        reader.wait_for("2")
        replace(path, "3")
        reader.wait_for("3")
        path.write_text("4")
        reader.wait_for("4")
        path.unlink()
        reader.wait_for(None)


def test_editor_that_moves_the_file_away_is_one_call(tmp_path: Path) -> None:
    """Vim moves the old file away and writes a new one: no call finds it gone."""
    path = tmp_path / "a"
    path.write_text("0")
    with watched(path, settle_ms=200) as reader:
        path.rename(tmp_path / "a~")
        path.write_text("1")
        (tmp_path / "a~").unlink()
        reader.wait_for("1")
    assert reader.seen == ["1"]


def test_deleted_file_is_noticed(tmp_path: Path) -> None:
    """That there is nothing any more is a change."""
    path = tmp_path / "a"
    path.write_text("0")
    with watched(path) as reader:
        path.unlink()
        reader.wait_for(None)
        path.write_text("1")
        reader.wait_for("1")


def test_watched_directory_tells_of_its_files(tmp_path: Path) -> None:
    """Added, written, renamed and deleted: each is a change of the directory."""
    names: list[list[str]] = []
    with FileWatcher(
        tmp_path, lambda: names.append(sorted(os.listdir(tmp_path))), settle_ms=5
    ):
        (tmp_path / "a").write_text("")
        eventually(lambda: names and names[-1] == ["a"])
        count = len(names)
        (tmp_path / "a").write_text("more")
        eventually(lambda: len(names) > count)
        (tmp_path / "a").rename(tmp_path / "b")
        eventually(lambda: names[-1] == ["b"])
        (tmp_path / "b").unlink()
        eventually(lambda: names[-1] == [])


def test_watched_directory_may_become_a_volume(tmp_path: Path) -> None:
    """A volume that is mounted into an empty directory is followed from then on."""
    # By way of the link, as the visible names come after the flip.
    reader = Reader(tmp_path / "volume/..data/a")
    with FileWatcher(tmp_path / "volume", reader, settle_ms=5):
        volume = ConfigMapVolume(tmp_path / "volume", {"a": "0"})
        reader.wait_for("0")
        volume.flip({"a": "1"})
        reader.wait_for("1")


def test_burst_of_writes_is_one_call(tmp_path: Path) -> None:
    """Many writes within the settling time are seen together, the last one whole."""
    path = tmp_path / "a"
    with watched(path, settle_ms=300) as reader:
        for count in range(50):
            path.write_text(str(count))
        reader.wait_for("49")
    assert reader.seen == ["49"]


def test_hundreds_of_flips_end_with_the_last(tmp_path: Path) -> None:
    """However fast they come, the last one is always seen."""
    volume = ConfigMapVolume(tmp_path / "volume", {"a": ""})
    checkout = GitSyncCheckout(tmp_path / "checkout", {"a": ""})
    for source in (volume, checkout):
        with watched(source.path("a"), settle_ms=NEVER_MS) as reader:
            for count in range(300):
                source.flip({"a": str(count)})
            reader.wait_for("299")
            assert len(reader.seen) <= 300


def test_unclosed_write_is_given_more_time(tmp_path: Path) -> None:
    """A writer who has not closed the file gets 20 settling times, then it is read."""
    path = tmp_path / "a"
    with watched(path, settle_ms=15) as reader, path.open("w") as file:
        reader.wait_for("")
        began = time.monotonic()
        file.write("half")
        file.flush()
        reader.wait_for("half")
        assert time.monotonic() - began >= 20 * 0.015
        file.write(" whole")
    eventually(lambda: path.read_text() == "half whole")


def test_endless_writing_is_read_all_the_same(tmp_path: Path) -> None:
    """Writes that never pause cannot put the call off for ever."""
    path = tmp_path / "a"
    with watched(path, settle_ms=900) as reader:
        eventually(lambda: [path.write_text("1"), reader.seen][-1])


def test_unrelated_names_call_nothing(tmp_path: Path) -> None:
    """Neighbours of the file and of every directory above it are of no interest."""
    path = tmp_path / "1/2/a"
    path.parent.mkdir(parents=True)
    path.write_text("0")
    with watched(path, settle_ms=0) as reader:
        for directory in (path.parent, tmp_path / "1", tmp_path):
            (directory / "b").write_text("")
            (directory / "b").rename(directory / "c")
            (directory / "c").unlink()
            (directory / os.fsdecode(b"\xff")).mkdir()
            (directory / os.fsdecode(b"\xff")).rmdir()
            wait_until_taken()
        replace(path, "1")
        reader.wait_for("1")
    assert reader.seen == ["1"]


def test_noise_above_the_file_wakes_nobody(tmp_path: Path) -> None:
    """A busy directory above that of the file makes no event at all."""
    path = tmp_path / "1/a"
    path.parent.mkdir()
    with contextlib.closing(FileWatcher(path, lambda: None)):
        (descriptor,) = inotify_descriptors()
        (tmp_path / "noise").write_text("")
        (tmp_path / "noise").unlink()
        pending = array.array("i", [0])
        fcntl.ioctl(descriptor, termios.FIONREAD, pending, True)
    assert pending[0] == 0


def test_name_that_is_not_utf_8_is_watched_like_any(tmp_path: Path) -> None:
    """A file may be called as it likes."""
    path = tmp_path / os.fsdecode(b"caf\xe9")
    with watched(path) as reader:
        path.write_text("1")
        reader.wait_for("1")


def test_safety_poll_calls_without_any_event(tmp_path: Path) -> None:
    """A filesystem that makes no events is read at intervals."""
    with watched(tmp_path / "a", poll_seconds=0.01) as reader:
        eventually(lambda: len(reader.seen) >= 3)


def test_noise_does_not_put_off_the_safety_poll(tmp_path: Path) -> None:
    """Events of no interest come faster than the interval; it is kept all the same."""
    with watched(tmp_path / "a", poll_seconds=0.05) as reader:
        eventually(lambda: [(tmp_path / "b").write_text(""), reader.seen][-1])
