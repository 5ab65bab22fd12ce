"""
The metrics that the service is to expose, as kube/overlays/monitoring/metrics.txt lists
them, and the queries that use them.

Owns: reading the list, the alerts and the dashboard.
Must not know: whether the service exposes them.
Runs in: the test process.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.support.kustomize import documents
from tests.support.source_code import ROOT

MONITORING = ROOT / "kube" / "overlays" / "monitoring"
LISTED = MONITORING / "metrics.txt"

_SAMPLE = re.compile(r"(?m)^(\w+)(?:\{(.*)\})? \S+$")
_LABEL = re.compile(r'(\w+)="')


def listed() -> dict[str, set[str]]:
    """Return the name of each metric with the names of its labels."""
    return {
        match[1]: set(_LABEL.findall(match[2] or ""))
        for match in _SAMPLE.finditer(LISTED.read_text())
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
