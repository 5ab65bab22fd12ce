"""What is changed by another name, or out of the kernel's sight, is seen as well."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from liveconfig.watch.filesystems import KINDS, filesystem_number, kind_without_events
from liveconfig.watch.watcher import FileWatcher
from tests.support.eventually import eventually
from tests.support.fuse import served
from tests.support.tools import needs_bindfs
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


def test_write_by_another_name_is_seen(tmp_path: Path) -> None:
    """A hard link, there before or made while it is watched, is the same file."""
    path, before, later = tmp_path / "a", tmp_path / "far/b", tmp_path / "far/c"
    (tmp_path / "far").mkdir()
    path.write_text("0")
    before.hardlink_to(path)
    with watched(path) as reader:
        before.write_text("1")
        reader.wait_for("1")
        later.hardlink_to(path)
        later.write_text("2")
        reader.wait_for("2")


def test_file_in_the_place_of_another_is_watched_itself(tmp_path: Path) -> None:
    """The name that counts is the one of the file that stands there now."""
    path, far = tmp_path / "a", tmp_path / "far"
    path.write_text("0")
    far.mkdir()
    with watched(path) as reader:
        for count in range(3):
            replace(path, f"replaced {count}")
            reader.wait_for(f"replaced {count}")
            (far / "b").unlink(missing_ok=True)
            (far / "b").hardlink_to(path)
            (far / "b").write_text(f"written {count}")
            reader.wait_for(f"written {count}")


def test_replaced_file_leaves_no_call_and_no_watch_behind(tmp_path: Path) -> None:
    """The file from before is nobody's business: neither its end nor what it gets."""
    path = tmp_path / "a"
    path.write_text("0")
    with watched(path, settle_ms=0) as reader:
        (descriptor,) = inotify_descriptors()
        info = Path(f"/proc/self/fdinfo/{descriptor}")
        before = info.read_text().count("inotify wd")
        for count in range(1, 6):
            replace(path, str(count))
            reader.wait_for(str(count))
            wait_until_taken()
        eventually(lambda: info.read_text().count("inotify wd") == before)
    assert reader.seen == ["1", "2", "3", "4", "5"]


def _mount(source: Path, place: Path) -> None:
    subprocess.run(["mount", "--bind", source, place], check=True)


def test_mounted_file_that_is_written_is_seen(tmp_path: Path) -> None:
    """What is written into the file outside of the container shows inside at once."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x/a").write_text("0")
    (tmp_path / "a").touch()

    def steps() -> list[str | None]:
        _mount(tmp_path / "x/a", tmp_path / "a")
        with watched(tmp_path / "a") as reader:
            (tmp_path / "x/a").write_text("1")
            reader.wait_for("1")
            with (tmp_path / "x/a").open("r+") as held:
                replace(tmp_path / "x/a", "another file")
                held.write("2")
            reader.wait_for("2")
        return reader.seen

    assert with_own_mounts(steps)[-1] == "2"


def test_files_of_a_directory_that_have_other_names_are_seen(tmp_path: Path) -> None:
    """A directory of mounted files and hard links: each is watched itself."""
    place, far = tmp_path / "place", tmp_path / "far"
    place.mkdir()
    far.mkdir()
    for name in ("mounted", "linked"):
        (far / name).write_text("0")
    (place / "mounted").touch()
    (place / "linked").hardlink_to(far / "linked")

    def steps() -> bool:
        _mount(far / "mounted", place / "mounted")
        for name in ("mounted", "linked"):
            reader = Reader(place / name)
            with FileWatcher(place, reader, settle_ms=5, poll_seconds=600):
                (far / name).write_text("1")
                reader.wait_for("1")
        return True

    assert with_own_mounts(steps)


@pytest.mark.parametrize("make", [ConfigMapVolume, GitSyncCheckout])
def test_links_into_several_volumes_are_followed(
    tmp_path: Path, make: Callable[..., ConfigMapVolume | GitSyncCheckout]
) -> None:
    """A flip of any volume that a link in the directory leads into is one call."""
    volumes = [make(tmp_path / f"volume{n}", {"a": "0"}) for n in range(3)]
    place = tmp_path / "place"
    place.mkdir()
    for number, volume in enumerate(volumes[:2]):
        (place / f"{number}").symlink_to(volume.path("a"))
    seen: list[list[str]] = []

    def look() -> None:
        seen.append([link.read_text() for link in sorted(place.iterdir())])

    with FileWatcher(place, look, settle_ms=NEVER_MS, poll_seconds=600):
        volumes[0].flip({"a": "1"})
        eventually(lambda: seen and seen[-1] == ["1", "0"])
        volumes[1].flip({"a": "2"})
        eventually(lambda: seen[-1] == ["1", "2"])
        (place / "2").symlink_to(volumes[2].path("a"))
        eventually(lambda: seen[-1] == ["1", "2", "0"])
        volumes[2].flip({"a": "3"})
        eventually(lambda: seen[-1] == ["1", "2", "3"])


def test_links_in_a_directory_to_files_and_nothing_are_followed(tmp_path: Path) -> None:
    """A file behind a link may be written, replaced, deleted, and come at last."""
    place, far = tmp_path / "place", tmp_path / "far"
    place.mkdir()
    far.mkdir()
    (place / "a").symlink_to("../far/a")
    (place / "folder").symlink_to("../far")
    reader = Reader(place / "a")
    with FileWatcher(place, reader, settle_ms=5, poll_seconds=600):
        (far / "a").write_text("1")
        reader.wait_for("1")
        (far / "a").write_text("2")
        reader.wait_for("2")
        replace(far / "a", "3")
        reader.wait_for("3")
        (far / "a").unlink()
        reader.wait_for(None)


@needs_bindfs
@pytest.mark.parametrize("way", ["file", "directory", "link"])
def test_filesystem_without_events_is_polled_and_told(tmp_path: Path, way: str) -> None:
    """What is changed behind FUSE is seen within seconds, and the mode says why."""
    far, near = tmp_path / "far", tmp_path / "near"
    far.mkdir()
    (far / "a").write_text("0")
    modes: list[str] = []

    def note(*parts: str) -> None:
        modes.append(" ".join(parts))

    with served(far, near):
        path = {"file": near / "a", "directory": near, "link": tmp_path / "link"}[way]
        if way == "link":
            path.symlink_to("near/a")
        reader = Reader(near / "a")
        with FileWatcher(path, reader, poll_seconds=600, on_mode_change=note):
            for content in ("1", "2"):
                (far / "a").write_text(content)
                reader.wait_for(content)
    assert modes == [
        f"polling inotify does not see what others change on {near} (FUSE)"
    ]


@needs_bindfs
def test_polling_ends_with_the_filesystem_without_events(tmp_path: Path) -> None:
    """Whatever stands at the path is looked at anew with each poll."""
    far, near = tmp_path / "far", tmp_path / "near"
    far.mkdir()
    near.mkdir()
    (far / "a").write_text("far")
    (near / "a").write_text("near")
    reader = Reader(near / "a")
    with contextlib.ExitStack() as stack:
        mount = stack.enter_context(contextlib.ExitStack())
        mount.enter_context(served(far, near))
        watcher = FileWatcher(near / "a", reader, settle_ms=5, poll_seconds=600)
        stack.enter_context(watcher)
        reader.wait_for("far")
        mount.close()
        eventually(lambda: watcher.mode == "inotify")
        reader.wait_for("near")
        replace(near / "a", "again")
        reader.wait_for("again")


def test_overlay_makes_events_and_is_not_polled(tmp_path: Path) -> None:
    """A container's own filesystem tells of all that is changed through it."""

    def steps() -> list[str | None] | None:
        layers = ",".join(f"{name}dir={tmp_path / name}" for name in ("upper", "work"))
        layers += f",lowerdir={tmp_path / 'lower'}"
        mount = ["mount", "-t", "overlay", "none", "-o", layers, tmp_path / "merged"]
        if subprocess.run(mount, capture_output=True).returncode:
            return None
        path = tmp_path / "merged/a"
        with watched(path) as reader:
            # The first write copies the file up, to another inode below.
            for content in ("1", "2"):
                path.write_text(content)
                reader.wait_for(content)
            replace(path, "3")
            reader.wait_for("3")
        return reader.seen

    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    (tmp_path / "lower/a").write_text("0")
    seen = with_own_mounts(steps)
    if seen is None:
        pytest.skip("no overlayfs to be had")
    assert seen[-1] == "3"


@pytest.mark.parametrize("place", ["/", "/dev/shm", "/proc", "/sys", "."])
def test_filesystem_is_told_as_others_tell_it(place: str) -> None:
    """The number is the one that coreutils prints, and local kinds are none of ours."""
    command = ["stat", "--file-system", "--format=%t", place]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    number = filesystem_number(place)
    assert number == int(done.stdout, 16)
    assert kind_without_events(place) == KINDS.get(number)


def test_filesystem_of_nothing_has_no_kind(tmp_path: Path) -> None:
    """A path that is gone, or that no text can name, is no reason to poll."""
    for name in ("none", os.fsdecode(b"\xff")):
        assert kind_without_events(str(tmp_path / name)) is None
