"""The monitoring overlay, held against the metrics that there are and the manifests."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.kustomize import Object, build, identity
from tests.support.metrics import (
    MONITORING,
    dashboard,
    labels_by_metric,
    queries,
    rule_groups,
)
from tests.support.source_code import ROOT

# What Prometheus adds to every metric of a pod that a PodMonitor names.
_TARGET_LABELS = {"container", "endpoint", "instance", "job", "namespace", "pod"}


def _rules() -> list[dict[str, Any]]:
    return [rule for group in rule_groups()["groups"] for rule in group["rules"]]


def _deployment() -> Object:
    found = {identity(each): each for each in build(ROOT / "kube")}
    return found["Deployment", "liveconfig"]


@pytest.mark.parametrize("name", queries())
def test_query_asks_for_what_is_exposed(name: str) -> None:
    """An alert or a panel asks for metrics and labels that the service exposes."""
    query = queries()[name]
    metrics = set(re.findall(r"\bliveconfig_\w+", query))
    exposed = labels_by_metric()
    assert metrics
    assert metrics <= exposed.keys()
    labels = {label for metric in metrics for label in exposed[metric]}
    grouped = re.findall(r"\bby \(([^)]*)\)", query)
    used = {label.strip() for group in grouped for label in group.split(",")}
    used |= set(re.findall(r'(\w+)(?:=~|!~|!=|=)"', query))
    assert used <= labels | _TARGET_LABELS


@pytest.mark.parametrize(
    ("alert", "minutes"),
    [
        ("LiveconfigNoConfig", 1),
        ("LiveconfigConfigRejected", 5),
        ("LiveconfigConfigWithdrawn", 1),
        ("LiveconfigPublisherDown", 1),
        ("LiveconfigWorkerBehind", 1),
        ("LiveconfigReplicasDisagree", 5),
        ("LiveconfigSourceMissing", 5),
        ("LiveconfigRestartNeeded", 15),
        ("LiveconfigCallbackFailed", 1),
    ],
)
def test_alert_waits_as_long_as_it_says(alert: str, minutes: int) -> None:
    """A state has to last for its time, and the alert has a text and a severity."""
    (rule,) = (rule for rule in _rules() if rule["alert"] == alert)
    assert rule["for"] == f"{minutes}m"
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert {"summary", "description", "runbook"} == rule["annotations"].keys()


def test_monitor_selects_the_pods_and_their_admin_port() -> None:
    """Prometheus finds the Deployment's pods, by a port that they have."""
    (monitor,) = (o for o in build(MONITORING) if o["kind"] == "PodMonitor")
    template = _deployment()["spec"]["template"]
    selector = monitor["spec"]["selector"]["matchLabels"]
    assert selector.items() <= template["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    ports = [port["name"] for port in template["spec"]["containers"][0]["ports"]]
    assert endpoint["port"] == "admin"
    assert endpoint["port"] in ports


def test_dashboard_is_what_grafana_finds() -> None:
    """The ConfigMap carries the sidecar's label, and panels that are told apart."""
    (config_map,) = (o for o in build(MONITORING) if o["kind"] == "ConfigMap")
    assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert list(config_map["data"]) == ["liveconfig.json"]
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
