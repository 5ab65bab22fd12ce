"""
Faults of what a server stands on: disk, descriptors, inotify, mounts, rights, clock.

Owns: taking something away, what must be seen meanwhile, giving it back.
Must not know: what is checked in the end.
Runs in: the test process.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from pathlib import Path

import psutil

from liveconfig.publishing.cache import Cache
from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings
from tests.faults.namespaces import quoted, run_inside
from tests.faults.stage import Stage
from tests.support.eventually import eventually
from tests.support.limits import no_descriptors

_SCHEMA = Schema.load("liveconfig.reference.config:ServiceConfig")

_INSTANCES = "/proc/sys/user/max_inotify_instances"
_STEP_SECONDS = 3600.0


def cache_disk_is_full(stage: Stage) -> None:
    """Fill the disk of the cache, flip, and make room again."""
    cache = Path(f"/proc/{stage.server.master.pid}/root{stage.directory}/cache")
    kept = stage.edits.flip()
    eventually(lambda: _cached(stage, cache) == kept)
    filler = cache / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    stage.edits.flip()
    stage.check_newest()
    stage.server.wait_for_line("not kept on disk: .*No space left on device")
    assert _cached(stage, cache) == kept
    filler.unlink()
    kept = stage.edits.flip()
    stage.check_newest()
    eventually(lambda: _cached(stage, cache) == kept)


def publisher_has_no_descriptors(stage: Stage) -> None:
    """Leave the publisher no descriptor to open the source with, and give some back."""
    with no_descriptors(stage.publisher()):
        _be_without_the_source(stage, "Too many open files")
    stage.check_newest()


def master_has_no_descriptors(stage: Stage) -> None:
    """Have the publisher die when the master has no descriptor to start another."""
    publisher = stage.publisher()
    with no_descriptors(stage.server.master):
        publisher.kill()
        eventually(
            lambda: stage.server.lines(
                "cannot start the publisher: too many open files"
            )
        )
        stage.request_some()
        stage.edits.flip()
    # How long it takes until it tries again is how long the fault goes on.
    eventually(lambda: stage.server.publisher)
    stage.check_newest()


def no_inotify_instances(stage: Stage) -> None:
    """Have the publisher start when there is no inotify, until there is again."""
    before = stage.publisher()
    _set_instances(stage, 0)
    before.kill()
    eventually(lambda: _mode(stage, but=before) == "polling")
    stage.edits.flip()
    stage.check_newest()
    _set_instances(stage, 100)
    eventually(lambda: _mode(stage, but=before) == "inotify")
    stage.edits.flip()
    stage.check_newest()


def source_is_unmounted(stage: Stage) -> None:
    """Take the volume's mount away and bring it back; then hide it under another."""
    mounted = quoted(stage.directory / "mounted")
    bind = f"mount --bind {quoted(stage.volume.directory)} {mounted}"
    for take, give in (
        (f"umount {mounted}", bind),
        (f"mount -t tmpfs none {mounted}", f"umount {mounted}"),
    ):
        run_inside(stage.server.master.pid, take)
        _be_without_the_source(stage, "no such file or directory")
        run_inside(stage.server.master.pid, give)
        stage.check_newest()


def permission_is_lost(stage: Stage) -> None:
    """Take away the right to read the volume, and give it back."""
    stage.volume.directory.chmod(0)
    _be_without_the_source(stage, "Permission denied")
    stage.volume.directory.chmod(0o755)
    stage.check_newest()


def clock_is_stepped(stage: Stage) -> None:
    """Step the clock an hour forward, and two back, each time as a publisher dies."""
    for deaths, seconds in enumerate((_STEP_SECONDS, -_STEP_SECONDS), start=1):
        killed = stage.publisher()
        killed.kill()
        eventually(lambda: len(stage.server.lines(" died; ")) == deaths)  # noqa: B023
        (stage.directory / "step").write_text(str(seconds))
        # The second has died young, so the next may be in no hurry.
        eventually(lambda: stage.server.publisher not in (None, killed))  # noqa: B023
        stage.edits.flip()
        stage.check_newest()
        since = datetime.fromisoformat(stage.server.status()["published_at"])
        stepped = (since - datetime.now(timezone.utc)).total_seconds()
        assert abs(stepped - seconds) < _STEP_SECONDS / 2


def _cached(stage: Stage, directory: Path) -> str | None:
    source = str(stage.directory / stage.scene.source)
    cache = Cache(str(directory), source, _SCHEMA.name, Settings().payload_bytes_max)
    payload, problems = cache.load()
    assert problems == []
    if payload is None:
        return None
    return str(_SCHEMA.unpack(payload)[1].message)


def _be_without_the_source(stage: Stage, problem: str) -> None:
    """Flip while the source cannot be read: that is seen, and served is what was."""
    served = stage.server.get().text
    stage.edits.flip()
    missing = eventually(lambda: stage.server.status()["source"]["missing"])
    assert problem in missing["problem"]
    stage.request_some()
    stage.edits.flip()
    stage.request_some()
    assert stage.server.get().text == served


def _set_instances(stage: Stage, number: int) -> None:
    run_inside(stage.server.master.pid, f"echo {number} > {_INSTANCES}")


def _mode(stage: Stage, but: psutil.Process) -> str | None:
    """Return how the source is watched, if another publisher than `but` says so."""
    publisher = stage.server.status()["publisher"]
    return None if publisher["pid"] in (None, but.pid) else str(publisher["mode"])
