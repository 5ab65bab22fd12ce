"""Every worker takes a new config by itself, and `/status` says so of each."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from tests.service.conftest import EVERY_KIND_OF_WORKER, StartServer
from tests.support.children import stop
from tests.support.eventually import eventually
from tests.support.server import CONFIG_FILE, Server
from tests.support.volume import ConfigMapVolume

ONE, TWO = "message: one\n", "message: two\n"

# The reference service, in which every worker writes down what it takes.
_NOTING = """
import os

from liveconfig.reference.wsgi import app, manager


def note(old, new, changed):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{os.getpid()} {new.version}\\n")


manager.subscribe(note)
"""


def _workers(server: Server) -> list[Any]:
    workers = server.status()["workers"]
    assert isinstance(workers, list)
    return workers


def _converged(server: Server, version: int) -> Any:
    """Return the status once it says that every worker holds `version`."""
    status = server.status()
    return status["version"] == version and status["converged"] and status


def _versions(server: Server) -> list[int | None]:
    return [worker["version"] for worker in _workers(server)]


@EVERY_KIND_OF_WORKER
def test_idle_workers_converge(
    start_server: StartServer,
    volume: ConfigMapVolume,
    tmp_path: Path,
    kind: list[str],
) -> None:
    """Eight workers, of which none is asked anything, all take a new version."""
    (tmp_path / "noting.py").write_text(_NOTING)
    notes = tmp_path / "notes"
    server = start_server(
        volume.path("config.yaml"),
        workers=8,
        arguments=["--worker-class", *kind, "noting:app"],
        environ={"PYTHONPATH": str(tmp_path), "NOTES": str(notes)},
    )

    def have_all_taken(version: int) -> bool:
        lines = notes.read_text().splitlines() if notes.exists() else []
        return {f"{pid} {version}" for pid in server.worker_pids} <= set(lines)

    eventually(lambda: have_all_taken(1))
    volume.flip({"config.yaml": TWO})
    # Whoever was asked would take it for that reason: until all have, nobody is.
    eventually(lambda: have_all_taken(2))
    status = eventually(lambda: _converged(server, 2))
    assert len(status["workers"]) == 8
    assert {worker["pid"] for worker in status["workers"]} == server.worker_pids
    assert {worker["digest"] for worker in status["workers"]} == {status["digest"]}
    assert server.lines("Traceback|ERROR") == []


def test_status_splits_the_delay_in_three(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """When the volume flipped, what the publisher took, and the last worker."""
    server = start_server(volume.path("config.yaml"), workers=4)
    eventually(lambda: _versions(server) == [1] * 4)
    # Those that started with a version did not have to wait for it.
    assert server.status()["delays"]["last_worker_ms"] is None
    volume.flip({"config.yaml": TWO})
    status = eventually(lambda: _converged(server, 2))
    delays = status["delays"]
    taken_at = max(worker["taken_at"] for worker in status["workers"])
    assert status["changed_at"] <= status["published_at"] <= taken_at
    assert 0 <= delays["publisher_ms"] < 10_000
    assert 0 < delays["last_worker_ms"] < 10_000


def test_worker_that_is_stopped_is_behind(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """`/status` says which worker serves the old config, until it goes on."""
    server = start_server(volume.path("config.yaml"), workers=3)
    eventually(lambda: _versions(server) == [1] * 3)
    stopped = _workers(server)[0]
    stop(stopped["pid"])
    volume.flip({"config.yaml": TWO})
    # The kernel may hand a connection to the one that is stopped: others are asked.
    status = eventually(lambda: _answer_with(server, [1, 2, 2]))
    assert not status["converged"]
    behind = [worker for worker in status["workers"] if worker["is_behind"]]
    assert [worker["pid"] for worker in behind] == [stopped["pid"]]
    assert behind[0]["digest"] not in (None, status["digest"])
    os.kill(stopped["pid"], signal.SIGCONT)
    status = eventually(lambda: _converged(server, 2))
    assert len(status["workers"]) == 3


def _answer_with(server: Server, versions: list[int]) -> Any:
    status = server.status()
    found = [worker["version"] for worker in status["workers"]]
    # The publisher notes its own state a moment after the workers are woken.
    is_noted = status["version"] == max(versions)
    return sorted(found) == versions and is_noted and status


def test_row_goes_with_its_worker(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """However a worker ends, its row is cleared and its successor is shown."""
    server = start_server(volume.path("config.yaml"), workers=2)
    eventually(lambda: _versions(server) == [1, 1])
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
        killed = min(server.worker_pids)
        os.kill(killed, number)
        # Whom it had let in goes with it: nobody asks before it is gone.
        eventually(lambda ended=killed: ended not in server.worker_pids)
        eventually(
            lambda ended=killed: (
                (pids := {worker["pid"] for worker in _workers(server)})
                == server.worker_pids
                and len(pids) == 2
                and ended not in pids
            )
        )
    eventually(lambda: _versions(server) == [1, 1])


def test_row_goes_with_its_worker_whose_ever_the_hooks_are(
    start_server: StartServer, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    """A `child_exit` of the application, as metrics often have one, takes no part."""
    config_file = tmp_path / "gunicorn.conf.py"
    hook = "def child_exit(server, worker):\n    pass\n"
    config_file.write_text(f"{CONFIG_FILE.read_text()}\n\n{hook}")
    server = start_server(volume.path("config.yaml"), config_file=config_file)
    os.kill(min(server.worker_pids), signal.SIGKILL)
    eventually(lambda: len(server.lines("Booting worker")) == 3)
    volume.flip({"config.yaml": TWO})
    eventually(lambda: _versions(server) == [2, 2])


def test_reload_and_resize_keep_the_table_right(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """After HUP, TTIN and TTOU the table has the workers that there are."""
    server = start_server(volume.path("config.yaml"), workers=2)

    def is_right(count: int) -> bool:
        pids = {worker["pid"] for worker in _workers(server)}
        return pids == server.worker_pids and len(pids) == count

    eventually(lambda: is_right(2))
    before = server.worker_pids
    server.signal(signal.SIGHUP)
    eventually(lambda: is_right(2) and not server.worker_pids & before)
    server.signal(signal.SIGTTIN)
    eventually(lambda: is_right(3))
    server.signal(signal.SIGTTOU)
    eventually(lambda: is_right(2))
    volume.flip({"config.yaml": TWO})
    eventually(lambda: _versions(server) == [2, 2])


def test_status_the_client_has_costs_nothing(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """An unchanged status is 304 from any worker, and a changed one is not."""
    # Nothing else changes it meanwhile: no look of the poll, no end of a trial.
    still = {"LIVECONFIG_POLL_SECONDS": "3600", "LIVECONFIG_TRIAL": "off"}
    server = start_server(volume.path("config.yaml"), workers=4, environ=still)
    eventually(lambda: _versions(server) == [1] * 4)

    def unchanged() -> str:
        """Return the tag of a status that 40 questions find unchanged, or ""."""
        tag = server.get("/status", admin=True).headers["etag"]
        asked = [
            server.get("/status", admin=True, If_None_Match=tag) for _ in range(40)
        ]
        return (
            tag if {(each.status, each.text) for each in asked} == {(304, "")} else ""
        )

    # The publisher looks at the source once more right after the start.
    tag = eventually(unchanged)
    volume.flip({"config.yaml": TWO})
    eventually(lambda: _versions(server) == [2] * 4)
    assert server.get("/status", admin=True, If_None_Match=tag).status == 200


def test_history_tells_publications_and_rejections(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """The newest first, each with its time, digest and error, from any worker."""
    server = start_server(volume.path("config.yaml"))
    volume.flip({"config.yaml": TWO})
    eventually(lambda: server.status()["version"] == 2)
    volume.flip({"config.yaml": "message: [\n"})
    eventually(lambda: server.status()["rejected"])
    newest, second, first = server.status()["history"]
    assert [entry["kind"] for entry in (first, second, newest)] == [
        "published",
        "published",
        "rejected",
    ]
    assert [entry["version"] for entry in (first, second, newest)] == [1, 2, 2]
    assert second["digest"] == server.status()["digest"] != first["digest"]
    assert second["changed_count"] == 1
    assert newest["error"] == server.status()["rejected"]["error"]
    assert first["at"] < second["at"] < newest["at"]


def test_history_outlives_the_publisher(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """A publisher that was killed is no gap, and the history is cut at 32 entries."""
    server = start_server(volume.path("config.yaml"))
    for number in range(40):
        if number % 20 == 10:
            publisher = server.publisher
            assert publisher is not None
            publisher.kill()
        volume.flip({"config.yaml": f"message: number {number}\n"})
        eventually(lambda v=number + 2: server.status()["version"] == v)
    versions = [entry["version"] for entry in server.status()["history"]]
    assert versions == list(range(41, 9, -1))
