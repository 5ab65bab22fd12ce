"""
The metrics that the service exposes, and the queries that use them.

Owns: memory with a figure for each metric; samples by name; the alerts and the
    dashboard.
Must not know: what the metrics are.
Runs in: the test process.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.parser import text_string_to_metric_families

from liveconfig.memory.record import Record, Writer
from liveconfig.memory.shared import SharedMemory, bind
from liveconfig.memory.status import PublisherStatus
from liveconfig.operators.metrics import MetricsCollector
from tests.support.kustomize import documents
from tests.support.source_code import ROOT

MONITORING = ROOT / "kube" / "overlays" / "monitoring"


@contextmanager
def bound_memory() -> Iterator[SharedMemory]:
    """Bind this process to memory of its own, as empty as it is made."""
    memory = SharedMemory.create(1024)
    bind(memory)
    try:
        yield memory
    finally:
        bind(None)
        memory.workers.own = None
        memory.close()


def publish(record: Record, payload: bytes) -> None:
    """Publish into a record whose publisher is gone again at once."""
    writer = Writer(record.descriptor)
    writer.publish(payload)
    writer.close()


def exposition() -> str:
    """Return the text in which each metric has a value."""
    with bound_memory() as memory:
        publish(memory.config, b"x")
        status = PublisherStatus(
            1, 1.0, "", "", digest="sha256:8c8f", published_at=1.7e9, changed_at=1.7e9
        )
        publish(memory.status, status.to_bytes())
        memory.workers.give_out("worker")
        memory.workers.enter("worker")
        return MetricsCollector().exposition(CONTENT_TYPE_PLAIN_0_0_4).decode()


def values(metrics: Iterable[Metric]) -> dict[str, float]:
    """Return the value of each sample by its name, its labels and their values."""
    return {
        " ".join([sample.name, *map("=".join, sample.labels.items())]): sample.value
        for metric in metrics
        for sample in metric.samples
    }


def labels_by_metric() -> dict[str, set[str]]:
    """Return the names of the labels of each metric, as queries write its name."""
    return {
        sample.name: set(sample.labels)
        for metric in text_string_to_metric_families(exposition())
        for sample in metric.samples
    }


def rule_groups() -> dict[str, Any]:
    """Return the alert rules as Prometheus reads them, out of the operator's object."""
    (rule,) = documents(MONITORING / "prometheusrule.yaml")
    spec = rule["spec"]
    assert isinstance(spec, dict)
    return spec


def dashboard() -> dict[str, Any]:
    """Return the Grafana dashboard."""
    board = json.loads((MONITORING / "dashboard.json").read_text())
    assert isinstance(board, dict)
    return board


def queries() -> dict[str, str]:
    """Return each query of the alerts and of the dashboard, by its alert or panel."""
    found = {
        rule["alert"]: rule["expr"]
        for group in rule_groups()["groups"]
        for rule in group["rules"]
    }
    for panel in dashboard()["panels"]:
        (target,) = panel["targets"]
        found[panel["title"]] = target["expr"].replace("$namespace", ".*")
    return found
