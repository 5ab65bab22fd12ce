"""The real Prometheus scrapes the real service and evaluates the overlay's rules."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from liveconfig.reference.config import FAILING_MESSAGE
from tests.support.eventually import eventually
from tests.support.metrics import queries, rule_groups
from tests.support.prometheus import Prometheus
from tests.support.server import Server
from tests.support.tools import needs_prometheus
from tests.support.volume import ConfigMapVolume

pytestmark = needs_prometheus

_GOOD = {"config.yaml": "message: one\n"}
_OTHER = {"config.yaml": "message: other\n"}
_BAD = {"config.yaml": "message: [\n"}
_HARMFUL = {"config.yaml": f"message: {FAILING_MESSAGE}\n"}

# In place of the minutes that a state has to last.
_FOR = "1s"


class Site:
    """Two pods, and the Prometheus that watches them."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.volumes: dict[str, ConfigMapVolume] = {}
        ports: dict[str, int] = {}
        for pod in "ab":
            volume = ConfigMapVolume(directory / pod, _OTHER)
            server = Server(volume.path("config.yaml"), directory)
            stack.callback(server.stop)
            self.volumes[pod] = volume
            ports[pod] = server.wait_until_ready().admin_port
            # What a pod starts with is no change, and has no delay to be shown.
            volume.flip(_GOOD)
            server.wait_until_all_serve("one")
        self.prometheus = Prometheus(directory, ports, _quick(rule_groups()))
        stack.callback(self.prometheus.stop)
        eventually(lambda: len(self.prometheus.query("up == 1")) == len(ports))

    def flip(self, content: dict[str, str], pods: str = "ab") -> None:
        """Give the volumes of some pods another content."""
        for pod in pods:
            self.volumes[pod].flip(content)


def _quick(groups: dict[str, Any]) -> dict[str, Any]:
    groups = copy.deepcopy(groups)
    for group in groups["groups"]:
        for rule in group["rules"]:
            rule["for"] = _FOR
    return groups


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all tests."""
    with ExitStack() as stack:
        yield Site(tmp_path_factory.mktemp("prometheus"), stack)


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """The site, well before each test and after it."""
    yield running
    running.flip(_GOOD)
    eventually(lambda: running.prometheus.alerts() == {})


def test_healthy_pods_raise_no_alert(site: Site) -> None:
    """Every rule is evaluated without an error, and none is pending."""

    def health() -> list[str]:
        groups = site.prometheus.ask("rules")["groups"]
        return [rule["health"] for group in groups for rule in group["rules"]]

    # Long enough for an alert that was pending from the first scrape to fire.
    scrapes = "count_over_time(liveconfig_publisher_up[1m]) > 5"
    eventually(lambda: len(site.prometheus.query(scrapes)) == len("ab"))
    eventually(lambda: set(health()) == {"ok"})
    assert len(health()) == len(rule_groups()["groups"][0]["rules"])
    assert site.prometheus.alerts() == {}


def test_openmetrics_is_what_prometheus_takes(site: Site) -> None:
    """The two sides agree on the richer format: only there is an info an info."""
    (found, *_) = site.prometheus.ask("targets/metadata", metric="liveconfig_config")
    assert found["type"] == "info"


@pytest.mark.parametrize("name", queries())
def test_every_query_is_answered(site: Site, name: str) -> None:
    """A panel shows something when all is well; an alert finds nothing."""
    is_alert = name.startswith("Liveconfig")

    def is_as_told() -> bool:
        return bool(site.prometheus.query(queries()[name])) is not is_alert

    assert eventually(is_as_told)


@pytest.mark.parametrize(
    ("content", "pods", "alert"),
    [
        (_BAD, "a", ("LiveconfigConfigRejected", "a")),
        ({}, "b", ("LiveconfigSourceMissing", "b")),
        (_OTHER, "b", ("LiveconfigReplicasDisagree", "")),
    ],
    ids=["rejected", "missing", "disagree"],
)
def test_alert_is_raised_and_ends(
    site: Site, content: dict[str, str], pods: str, alert: tuple[str, str]
) -> None:
    """A state that lasts is pending, then fires, alone, and ends with its cause."""
    seen: list[str | None] = []

    def is_firing() -> bool:
        alerts = site.prometheus.alerts()
        seen.append(alerts.pop(alert, None))
        # A scrape may catch workers on their way to a new version.
        assert "firing" not in alerts.values()
        return seen[-1] == "firing"

    site.flip(content, pods)
    eventually(is_firing)
    assert "pending" in seen
    site.flip(_GOOD)
    eventually(lambda: site.prometheus.alerts() == {})


def test_pod_that_waits_for_its_config_is_the_one_alert(tmp_path: Path) -> None:
    """Rejected, and nothing to serve: that is told once, and ends with a good one."""
    volume = ConfigMapVolume(tmp_path / "volume", _BAD)
    environ = {"LIVECONFIG_ON_MISSING": "wait"}
    with ExitStack() as stack:
        server = Server(volume.path("config.yaml"), tmp_path, environ=environ)
        stack.callback(server.stop)
        ports = {"a": server.wait_until_booted().admin_port}
        prometheus = Prometheus(tmp_path, ports, _quick(rule_groups()))
        stack.callback(prometheus.stop)
        eventually(lambda: "firing" in prometheus.alerts().values())
        assert prometheus.alerts() == {("LiveconfigNoConfig", "a"): "firing"}
        assert prometheus.query(queries()["Pods without a config"])
        volume.flip(_GOOD)
        eventually(lambda: prometheus.alerts() == {})


def test_config_that_was_taken_back_is_the_one_alert(tmp_path: Path) -> None:
    """It is raised while the source holds it, and ends when that holds another one."""
    volume = ConfigMapVolume(tmp_path / "volume", _GOOD)
    with ExitStack() as stack:
        environ = {"LIVECONFIG_TRIAL_SECONDS": "10"}
        server = Server(volume.path("config.yaml"), tmp_path, environ=environ)
        stack.callback(server.stop)
        ports = {"a": server.wait_until_ready().admin_port}
        prometheus = Prometheus(tmp_path, ports, _quick(rule_groups()))
        stack.callback(prometheus.stop)
        eventually(
            lambda: prometheus.query('liveconfig_trials_total{result="proven"} == 1')
        )
        volume.flip(_HARMFUL)
        # Enough for a verdict, well before the trial is over.
        eventually(lambda: server.get().status == 500)
        for _ in range(40):
            server.get()
        eventually(lambda: "firing" in prometheus.alerts().values())
        assert prometheus.alerts() == {("LiveconfigConfigWithdrawn", "a"): "firing"}
        volume.flip(_OTHER)
        eventually(lambda: prometheus.alerts() == {})
        assert prometheus.query('liveconfig_trials_total{result="withdrawn"} == 1')
