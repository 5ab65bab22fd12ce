"""`/metrics` of a real service: the same from every worker, and it only grows."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client.parser import text_string_to_metric_families

from tests.service.conftest import StartServer
from tests.support.children import stop
from tests.support.eventually import eventually
from tests.support.metrics import values
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

_WORKERS = 4
_COUNTED = ("_total", "_bucket", "_count", "_sum")


@contextmanager
def _stopped(pids: set[int]) -> Iterator[None]:
    for pid in pids:
        stop(pid)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _of_each_worker(server: Server) -> list[str]:
    """Have each worker answer while the others are stopped; none may be ending."""
    texts = []
    pids = server.worker_pids
    for pid in pids:
        with _stopped(pids - {pid}):
            texts.append(server.get("/metrics", admin=True).text)
    return texts


def _wait_until_replaced(server: Server, gone: set[int]) -> None:
    eventually(lambda: len(pids := server.worker_pids) == _WORKERS and not pids & gone)


def _parsed(text: str) -> dict[str, float]:
    return values(text_string_to_metric_families(text))


class Watch:
    """One server, and all that its metrics have ever said."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._counts: dict[str, float] = {}

    def wait_for(self, **expected: float) -> dict[str, float]:
        """Wait for gauges and counters, without their prefix, of every worker."""

        def is_there() -> dict[str, float] | None:
            texts = _of_each_worker(self._server)
            # While something is on its way, two workers are asked at two moments.
            if len(set(texts)) != 1:
                return None
            found = _parsed(texts[0])
            is_as_expected = all(
                found[f"liveconfig_{name}"] == value for name, value in expected.items()
            )
            return found if is_as_expected else None

        found = eventually(is_there)
        counts = {
            name: value
            for name, value in found.items()
            if name.split()[0].endswith(_COUNTED)
        }
        assert self._counts.keys() <= counts.keys()
        fallen = {n: (v, counts[n]) for n, v in self._counts.items() if counts[n] < v}
        assert fallen == {}
        self._counts = counts
        return found


def _reloads(found: dict[str, float]) -> dict[str, float]:
    results = ("published", "rejected", "unchanged", "missing")
    return {r: found[f"liveconfig_config_reloads_total result={r}"] for r in results}


def test_every_worker_tells_the_same_and_counts_never_fall(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """Through flips, a rejection, a killed publisher, a killed worker and HUP."""
    server = start_server(volume.path("config.yaml"), workers=_WORKERS)
    watch = Watch(server)
    calm = {"workers": _WORKERS, "workers_behind": 0, "publisher_up": 1}
    watch.wait_for(config_version=1, **calm)
    for version in (2, 3):
        volume.flip({"config.yaml": f"message: m{version}\n"})
        found = watch.wait_for(config_version=version, **calm)
    assert found["liveconfig_propagation_duration_seconds_count"] == 2 * _WORKERS
    assert found["liveconfig_publish_duration_seconds_count"] == 3

    volume.flip({"config.yaml": "message: [\n"})
    rejected = {"rejected_candidate": 1, "config_last_reload_successful": 0}
    found = watch.wait_for(config_version=3, **rejected, **calm)
    before = _reloads(found)
    assert before["published"] == 3
    assert before["rejected"] == 1

    publisher = server.publisher
    assert publisher is not None
    publisher.kill()
    found = watch.wait_for(publisher_starts_total=2, **rejected, **calm)

    killed = min(server.worker_pids)
    os.kill(killed, signal.SIGKILL)
    _wait_until_replaced(server, {killed})
    volume.flip({"config.yaml": "message: m4\n"})
    watch.wait_for(config_version=4, rejected_candidate=0, **calm)

    before_reload = server.worker_pids
    server.signal(signal.SIGHUP)
    _wait_until_replaced(server, before_reload)
    found = watch.wait_for(publisher_starts_total=3, config_version=4, **calm)
    assert _reloads(found)["published"] >= 4
    assert server.lines("Traceback") == []


_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_ACCEPT = {
    "": _TEXT,
    "*/*": _TEXT,
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": _TEXT,
    # Prometheus 2 and 3, and one that wants the text alone.
    "application/openmetrics-text;version=1.0.0,"
    "application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1": _OPENMETRICS,
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2": _OPENMETRICS,
    "text/plain;version=0.0.4;q=1,*/*;q=0.1": _TEXT,
    "application/openmetrics-text": _OPENMETRICS,
    "application/openmetrics-text;q=0.1,text/plain;q=0.9": _TEXT,
    # What nobody can read is no reason for an error.
    "application/openmetrics-text;version=x": _TEXT,
    "application/openmetrics-text;version=" + "9" * 5000: _TEXT,
    "text/plain;version=1.x": _TEXT,
    "application/xml": _TEXT,
    "x": _TEXT,
    ";;,,;q=": _TEXT,
}


def test_format_is_the_one_preferred(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """Whoever prefers OpenMetrics gets it; the text is for everyone else."""
    server = start_server(volume.path("config.yaml"), workers=1)
    for accept, content_type in _ACCEPT.items():
        answer = server.get("/metrics", admin=True, Accept=accept)
        assert answer.status == 200, accept
        assert answer.headers["content-type"] == content_type, accept
        assert answer.text.startswith("# HELP liveconfig_")
        assert answer.text.endswith("# EOF\n") is (content_type == _OPENMETRICS)
    assert server.lines("Traceback") == []
