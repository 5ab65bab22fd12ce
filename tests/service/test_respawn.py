"""Workers that start again, with no reload, when the code on disk has changed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.service.test_reload import Shop
from tests.support.eventually import eventually
from tests.support.load import Load
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume


@pytest.fixture
def shop(tmp_path: Path, volume: ConfigMapVolume) -> Shop:
    """A service that is not started yet."""
    return Shop(tmp_path, volume)


def _row(server: Server, pid: int) -> Any:
    """Return what `/status` says of a worker, None while it says nothing."""
    return next((row for row in server.status()["workers"] if row["pid"] == pid), None)


def _wait_for_waiting(server: Server, before: set[int]) -> int:
    """Wait for a worker that is not let in; return its process."""

    def waiting() -> int | None:
        for pid in server.worker_pids - before:
            row = _row(server, pid)
            if row and row["stale_since"]:
                return pid
        return None

    return eventually(waiting)


@pytest.mark.parametrize("kind", ["sync", "gthread", "gevent"])
def test_worker_whose_class_does_not_fit_leaves_the_requests_to_the_others(
    shop: Shop, kind: str
) -> None:
    """No request fails; log and `/status` say why; mended code lets the next one in."""
    with shop.served(f"--worker-class={kind}") as server:
        before = server.worker_pids
        shop.give_type("int")
        with Load(server) as load:
            os.kill(min(before), signal.SIGTERM)
            pid = _wait_for_waiting(server, before)
            (line, *_) = eventually(lambda: server.lines("this worker waits"))
            assert "message: expected a whole number, found text" in line
            assert _row(server, pid)["version"] is None
            # It ends, and others come after it, while nothing is mended.
            eventually(lambda: server.worker_pids - before - {pid})
            shop.give_type("str")
            eventually(
                lambda: (
                    all(row["version"] for row in server.status()["workers"])
                    and len(server.worker_pids) == 2
                )
            )
        assert load.problems == []
        server.wait_until_all_serve("one")
        assert not server.lines("exited with code|Traceback")


def test_worker_whose_class_does_not_fit_is_let_in_by_a_config_that_does(
    shop: Shop, volume: ConfigMapVolume
) -> None:
    """It need not start again, where the publisher takes what its class takes."""
    shop.give_type("str | int")
    with shop.served() as server:
        before = server.worker_pids
        shop.give_type("int")
        os.kill(min(before), signal.SIGTERM)
        pid = _wait_for_waiting(server, before)
        volume.flip({"config.yaml": "message: 42\n"})
        eventually(lambda: _row(server, pid)["version"] == 2)
        assert _row(server, pid)["stale_since"] is None
        server.wait_until_all_serve("42")


def test_worker_whose_class_does_not_fit_serves_where_nobody_else_does(
    shop: Shop,
) -> None:
    """An answer that says what is wrong is better than none, and `/status` works."""
    with shop.served() as server:
        before = server.worker_pids
        shop.give_type("int")
        os.kill(min(before), signal.SIGTERM)
        _wait_for_waiting(server, before)
        os.kill(max(before), signal.SIGTERM)
        eventually(lambda: not before & server.worker_pids)
        assert server.get().status == 500
        shop.give_type("str")
        server.signal(signal.SIGHUP)
        # The workers of before are there for a while, and have nothing.
        eventually(lambda: all(row["version"] for row in server.status()["workers"]))
        server.wait_until_all_serve("one")


def test_worker_of_another_class_is_shown(shop: Shop) -> None:
    """One that serves what is live, by luck, is told from those of the publisher."""
    with shop.served() as server:
        before = server.worker_pids
        assert [row["has_other_class"] for row in server.status()["workers"]] == [
            False,
            False,
        ]
        shop.give_type("str | None")
        os.kill(min(before), signal.SIGTERM)

        def others() -> set[int]:
            rows = server.status()["workers"]
            return {row["pid"] for row in rows if row["has_other_class"]}

        (pid,) = eventually(others)
        assert pid not in before
        status = server.status()
        digests = {row["pid"]: row["schema_digest"] for row in status["workers"]}
        ours = status["publisher"]["schema_digest"]
        assert digests == {pid: digests[pid], max(before): ours}
        assert digests[pid] != ours
        # A reload brings all of them the class that is on the disk.
        server.signal(signal.SIGHUP)
        eventually(lambda: not others() and not before & server.worker_pids)
        assert server.status()["publisher"]["schema_digest"] == digests[pid]


def test_worker_that_waits_ends_with_its_master(shop: Shop) -> None:
    """A stop in order takes no longer because of it, and leaves nothing behind."""
    with shop.served() as server:
        before = server.worker_pids
        shop.give_type("int")
        os.kill(min(before), signal.SIGTERM)
        _wait_for_waiting(server, before)
        server.signal(signal.SIGTERM)
        assert server.wait_until_ended() == 0
