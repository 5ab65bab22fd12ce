"""Whatever changes on the way to a path, one call follows."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from liveconfig.watch import inotify as inotify_module
from liveconfig.watch.chain import Notice, Watch
from liveconfig.watch.inotify import Inotify
from liveconfig.watch.watcher import FileWatcher
from tests.support.watching import (
    NEVER_MS,
    Reader,
    replace,
    wait_until_taken,
    watched,
)


def test_file_that_is_not_there_yet_is_seen(tmp_path: Path) -> None:
    """A path without a file is watched for it."""
    with watched(tmp_path / "a") as reader:
        (tmp_path / "a").write_text("1")
        reader.wait_for("1")


def test_missing_directories_are_awaited(tmp_path: Path) -> None:
    """Any number of levels may be missing, and may come one by one."""
    path = tmp_path / "1/2/3/4/a"
    with watched(path) as reader:
        for parent in reversed(path.parents[:4]):
            parent.mkdir()
            wait_until_taken()
        path.write_text("1")
        reader.wait_for("1")
        path.write_text("2")
        reader.wait_for("2")


def test_directories_made_in_one_breath_are_seen(tmp_path: Path) -> None:
    """What was made before its watch was there is found all the same."""
    for round_ in range(30):
        path = tmp_path / str(round_) / "1/2/3/a"
        with watched(path) as reader:
            path.parent.mkdir(parents=True)
            path.write_text("1")
            reader.wait_for("1")


def test_directory_made_right_before_its_watches_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made between the look at the path and the watches has watches as well."""
    look = inotify_module.walk

    def look_too_early(path: str) -> dict[str, Watch]:
        found = look(path)
        (tmp_path / "1").mkdir(exist_ok=True)
        return found

    monkeypatch.setattr(inotify_module, "walk", look_too_early)
    with watched(tmp_path / "1/a") as reader:
        (tmp_path / "1/a").write_text("1")
        reader.wait_for("1")


def test_directory_that_is_made_again_is_watched_again(tmp_path: Path) -> None:
    """A deleted and remade directory is another one, and it is noticed."""
    path = tmp_path / "1/2/a"
    for content in ("0", "1", "2"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        with watched(path) as reader:
            shutil.rmtree(tmp_path / "1")
            reader.wait_for(None)
            path.parent.mkdir(parents=True)
            path.write_text("again")
            reader.wait_for("again")


def test_directory_that_is_remade_at_once_is_watched(tmp_path: Path) -> None:
    """Deleted and made faster than it is looked at: the last one is watched."""
    path = tmp_path / "1/2/a"
    path.parent.mkdir(parents=True)
    path.write_text("0")
    with watched(path) as reader:
        for count in range(1, 50):
            shutil.rmtree(tmp_path / "1")
            path.parent.mkdir(parents=True)
            path.write_text(str(count))
        reader.wait_for("49")
        path.write_text("last")
        reader.wait_for("last")


def test_deleted_directory_that_somebody_holds_is_noticed(tmp_path: Path) -> None:
    """A shell that stands in the directory keeps it alive without a name."""
    path = tmp_path / "1/a"
    path.parent.mkdir()
    path.write_text("0")
    held = os.open(path.parent, os.O_RDONLY)
    with watched(path) as reader:
        shutil.rmtree(path.parent)
        reader.wait_for(None)
        path.parent.mkdir()
        path.write_text("1")
        reader.wait_for("1")
    os.close(held)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_parent_that_is_renamed_away_and_back_is_noticed(
    tmp_path: Path, level: int
) -> None:
    """A rename anywhere above takes the file away, and brings it back."""
    path = tmp_path / "1/2/3/a"
    path.parent.mkdir(parents=True)
    path.write_text("0")
    moved = path.parents[level]
    with watched(path) as reader:
        moved.rename(tmp_path / "away")
        reader.wait_for(None)
        (tmp_path / "away").rename(moved)
        reader.wait_for("0")
        path.write_text("1")
        reader.wait_for("1")


def test_chain_of_links_is_watched_at_every_link(tmp_path: Path) -> None:
    """Absolute and relative, to files and directories: each link may be swapped."""
    for name in ("x", "y"):
        (tmp_path / "deep" / name).mkdir(parents=True)
        (tmp_path / "deep" / name / "a").write_text(name)
        (tmp_path / "deep" / name / "b").write_text(f"{name} b")
    (tmp_path / "third").symlink_to("deep/../deep/./x/")
    (tmp_path / "second").symlink_to(tmp_path / "third")
    (tmp_path / "first").symlink_to("second//a")

    def swap(name: str, target: str) -> None:
        (tmp_path / "tmp").symlink_to(target)
        (tmp_path / "tmp").rename(tmp_path / name)

    with watched(tmp_path / "first", settle_ms=NEVER_MS) as reader:
        swap("third", "deep/y")
        reader.wait_for("y")
        swap("second", "deep/x")
        reader.wait_for("x")
        swap("first", str(tmp_path / "deep/y/b"))
        reader.wait_for("y b")
        replace(tmp_path / "deep/y/b", "end")
        reader.wait_for("end")
    assert reader.seen == ["y", "x", "y b", "end"]


def test_link_that_is_removed_and_made_again_is_noticed(tmp_path: Path) -> None:
    """A link that is made where there was none is taken at once, like a rename."""
    (tmp_path / "a").write_text("0")
    link = tmp_path / "link"
    link.symlink_to("a")
    with watched(link) as reader:
        link.unlink()
        reader.wait_for(None)
    with watched(link, settle_ms=NEVER_MS) as reader:
        link.symlink_to("a")
        reader.wait_for("0")


def test_link_into_nothing_waits_for_its_target(tmp_path: Path) -> None:
    """A dangling link is watched at its far end."""
    (tmp_path / "link").symlink_to("missing/a")
    with watched(tmp_path / "link") as reader:
        (tmp_path / "missing").mkdir()
        (tmp_path / "missing/a").write_text("1")
        reader.wait_for("1")


def test_circle_of_links_can_be_mended(tmp_path: Path) -> None:
    """A path that leads nowhere for ever is as good as missing."""
    (tmp_path / "x").symlink_to("y")
    (tmp_path / "y").symlink_to("x")
    with watched(tmp_path / "x") as reader:
        replace(tmp_path / "y", "1")
        reader.wait_for("1")


def test_file_in_the_place_of_a_directory_can_be_mended(tmp_path: Path) -> None:
    """A path through a file is missing until the file makes room."""
    (tmp_path / "1").write_text("a file")
    with watched(tmp_path / "1/a") as reader:
        (tmp_path / "1").unlink()
        (tmp_path / "1").mkdir()
        (tmp_path / "1/a").write_text("1")
        reader.wait_for("1")


def test_relative_path_is_taken_from_where_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later change of the working directory does not move the watch."""
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path / "a")
    with FileWatcher("a", reader, settle_ms=5):
        monkeypatch.chdir("/")
        (tmp_path / "a").write_text("1")
        reader.wait_for("1")


def test_link_in_the_place_of_a_directory_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What became a link since it was looked at gets no watch on what it leads to."""
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to("target")
    stale = {str(tmp_path / "link"): Watch(Notice.COMING, None)}
    monkeypatch.setattr(inotify_module, "walk", lambda path: stale)
    with contextlib.closing(Inotify()) as inotify:
        inotify.arm(str(tmp_path / "link/a"))
        details = Path(f"/proc/self/fdinfo/{inotify.descriptor}").read_text()
    assert "inotify wd" not in details
