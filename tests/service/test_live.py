"""An edit is served by every worker: each kind of worker, each kind of source."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.service.conftest import EVERY_KIND_OF_WORKER, StartServer
from tests.support.eventually import eventually
from tests.support.fuse import served
from tests.support.server import all_ended
from tests.support.tools import needs_bindfs
from tests.support.volume import ConfigMapVolume, GitSyncCheckout

# Starts on a source that serves "one"; returns its path and what makes it serve "two".
Source = Callable[[Path], tuple[Path, Callable[[], object]]]

# So that what is served was noticed, and not found by chance.
_NO_POLL = {"LIVECONFIG_POLL_SECONDS": "3600"}

ONE, TWO = "message: one\n", "message: two\n"


@EVERY_KIND_OF_WORKER
def test_flip_reaches_every_worker(
    start_server: StartServer,
    volume: ConfigMapVolume,
    kind: list[str],
) -> None:
    """Start, flip, every worker fresh, and the end leaves nothing behind."""
    arguments = ["--worker-class", *kind]
    server = start_server(volume.path("config.yaml"), arguments=arguments)
    assert server.get().text == "one"
    volume.flip({"config.yaml": TWO})
    server.wait_until_all_serve("two")
    server.wait_for_line("version 2 is live, sha256:.*changed: message, ")
    family = server.family()
    # The master, its publisher and its guardian, and two workers.
    assert len(family) == 5
    server.signal(signal.SIGTERM)
    assert server.wait_until_ended() == 0
    eventually(lambda: all_ended(family))
    assert server.lines("Traceback|ERROR") == []


def _config_map(directory: Path) -> tuple[Path, Callable[[], object]]:
    volume = ConfigMapVolume(directory / "v", {"config.yaml": ONE})
    return volume.path("config.yaml"), lambda: volume.flip({"config.yaml": TWO})


def _projected(directory: Path) -> tuple[Path, Callable[[], object]]:
    files = {"10-base.yaml": "log_level: info\n", "20-over.yaml": ONE}
    volume = ConfigMapVolume(directory / "v", files)
    return volume.directory, lambda: volume.flip({**files, "20-over.yaml": TWO})


def _added_key(directory: Path) -> tuple[Path, Callable[[], object]]:
    volume = ConfigMapVolume(directory / "v", {"a.yaml": ONE})
    return volume.directory, lambda: volume.flip(
        {"a.yaml": ONE, "b.json": '{"message": "two"}'}
    )


def _git_sync(directory: Path) -> tuple[Path, Callable[[], object]]:
    checkout = GitSyncCheckout(directory / "git", {"config.yaml": ONE})
    return checkout.path("config.yaml"), lambda: checkout.flip({"config.yaml": TWO})


def _in_place(directory: Path) -> tuple[Path, Callable[[], object]]:
    path = directory / "config.yaml"
    path.write_text(ONE)
    return path, lambda: path.write_text(TWO)


def _by_rename(directory: Path) -> tuple[Path, Callable[[], object]]:
    path = directory / "config.yaml"
    path.write_text(ONE)

    def write_and_rename() -> None:
        # As vim does: the old file is moved away, the new one written in its place.
        path.rename(directory / "config.yaml~")
        path.write_text(TWO)
        (directory / "config.yaml~").unlink()

    return path, write_and_rename


def _by_one_rename(directory: Path) -> tuple[Path, Callable[[], object]]:
    path = directory / "config.yaml"
    path.write_text(ONE)
    new = directory / ".config.yaml.new"
    return path, lambda: (new.write_text(TWO), new.rename(path))


def _made_again(directory: Path) -> tuple[Path, Callable[[], object]]:
    config = directory / "etc"
    config.mkdir()
    path = config / "config.yaml"
    path.write_text(ONE)

    def make_again() -> None:
        shutil.rmtree(config)
        config.mkdir()
        path.write_text(TWO)

    return path, make_again


def _links_in_a_row(directory: Path) -> tuple[Path, Callable[[], object]]:
    (directory / "one").mkdir()
    (directory / "two").mkdir()
    (directory / "one/config.yaml").write_text(ONE)
    (directory / "two/config.yaml").write_text(TWO)
    os.symlink("second", directory / "first")
    os.symlink("one", directory / "second")

    def swap() -> None:
        os.symlink("two", directory / "second.new")
        (directory / "second.new").rename(directory / "second")

    return directory / "first" / "config.yaml", swap


@pytest.mark.parametrize(
    "source",
    [
        _config_map,
        _projected,
        _added_key,
        _git_sync,
        _in_place,
        _by_rename,
        _by_one_rename,
        _made_again,
        _links_in_a_row,
    ],
)
def test_every_kind_of_source_is_live(
    start_server: StartServer, tmp_path: Path, source: Source
) -> None:
    """However the source is changed, every worker serves the change."""
    path, change = source(tmp_path)
    server = start_server(path)
    assert server.get().text == "one"
    change()
    server.wait_until_all_serve("two")


def test_source_that_goes_and_comes_back_is_served_again(
    start_server: StartServer, tmp_path: Path
) -> None:
    """While the source is gone the last config is served, and the status says so."""
    path = tmp_path / "config.yaml"
    path.write_text(ONE)
    server = start_server(path)
    path.unlink()
    missing = eventually(lambda: server.status()["source"]["missing"])
    assert "no such file" in missing["problem"]
    assert server.get().text == "one"
    server.wait_for_line("missing, version 1 stays: ")
    path.write_text(TWO)
    server.wait_until_all_serve("two")
    assert server.status()["source"]["missing"] is None
    server.wait_for_line("is back")


def test_change_during_the_start_is_served(
    start_server: StartServer, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    """A flip at any moment of the start is not missed."""
    for number in range(3):
        volume.flip({"config.yaml": f"message: before {number}\n"})
        server = start_server(volume.path("config.yaml"), workers=1)
        volume.flip({"config.yaml": f"message: after {number}\n"})
        server.wait_until_all_serve(f"after {number}")
        server.stop()


def test_same_config_in_other_words_is_not_published(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """Comments and layout make no new version."""
    server = start_server(volume.path("config.yaml"))
    volume.flip({"config.yaml": "# a comment\nmessage:   'one'\n"})
    volume.flip({"config.yaml": TWO})
    server.wait_until_all_serve("two")
    assert server.status()["version"] == 2


def _can_make_user_namespaces() -> bool:
    command = ["unshare", "--user", "--map-root-user", "true"]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


@pytest.mark.skipif(
    not _can_make_user_namespaces(),
    reason="no inotify for one process only takes a user namespace of its own",
)
def test_without_inotify_the_source_is_polled(
    start_server: StartServer, tmp_path: Path
) -> None:
    """Where no inotify is to be had changes are found, and the status says how."""
    path = tmp_path / "config.yaml"
    path.write_text(ONE)
    none = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"'
    launcher = ["unshare", "--user", "--map-root-user", "sh", "-c", none, "sh"]
    server = start_server(path, launcher=launcher)
    assert server.status()["publisher"]["mode"] == "polling"
    path.write_text(TWO)
    server.wait_until_all_serve("two")
    server.wait_for_line("no inotify .*: the source is read once a second")


@needs_bindfs
def test_filesystem_without_events_is_polled_and_told(
    start_server: StartServer, tmp_path: Path
) -> None:
    """What others change there is served a second later, and log and status say so."""
    (tmp_path / "far").mkdir()
    (tmp_path / "far/config.yaml").write_text(ONE)
    with served(tmp_path / "far", tmp_path / "near"):
        server = start_server(tmp_path / "near/config.yaml", environ=_NO_POLL)
        publisher = server.status()["publisher"]
        assert publisher["mode"] == "polling"
        place = f"{tmp_path / 'near'} (FUSE)"
        reason = f"inotify does not see what others change on {place}"
        assert publisher["mode_reason"] == reason
        server.wait_for_line(f"{re.escape(reason)}: the source is read once a second")
        (tmp_path / "far/config.yaml").write_text(TWO)
        server.wait_until_all_serve("two")
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file")
def test_mount_of_a_single_file_shows_what_is_written_into_it(
    start_server: StartServer, tmp_path: Path
) -> None:
    """An edit in place outside is served at once; a replaced file never, as is said."""
    (tmp_path / "outside").write_text(ONE)
    (tmp_path / "config.yaml").touch()
    mount = 'mount --bind "$0/outside" "$0/config.yaml" && exec "$@"'
    launcher = ["unshare", "--mount", "sh", "-c", mount, str(tmp_path)]
    server = start_server(tmp_path / "config.yaml", launcher=launcher, environ=_NO_POLL)
    server.wait_for_line("config.yaml is a mount of a single file: what is written in")
    assert server.status()["publisher"]["mode"] == "inotify"
    (tmp_path / "outside").write_text(TWO)
    server.wait_until_all_serve("two")
