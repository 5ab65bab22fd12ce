"""The manifests in the hands of the real tools: kubectl's kustomize and promtool."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube.tools.kubectl import kustomization
from tests.support.kustomize import build, identity
from tests.support.metrics import exposition, queries, rule_groups
from tests.support.source_code import ROOT
from tests.support.tools import Unserved, needs_kubectl, needs_promtool


def _run(*command: str | Path, text: str | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, input=text)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_kubectl
@pytest.mark.parametrize(
    "folder", ["", "base", "overlays/projected", "overlays/monitoring"]
)
def test_kubectl_builds_what_the_tests_have_checked(folder: str) -> None:
    """The real kustomize makes the very objects that the other tests look at."""
    path = ROOT / "kube" / folder
    theirs = list(yaml.safe_load_all(_run("kubectl", "kustomize", path)))
    ours = build(path)
    assert sorted(theirs, key=identity) == sorted(ours, key=identity)


@needs_kubectl
@pytest.mark.parametrize("image", ["", "reg:5000/liveconfig:v2", "reg/x@sha256:ab"])
def test_kubectl_builds_what_the_walk_applies(image: str) -> None:
    """The walk's own kustomization is one, and sets what it is to set."""
    with kustomization("shop", image) as folder:
        theirs = list(yaml.safe_load_all(_run("kubectl", "kustomize", folder)))
        ours = build(folder)
    assert sorted(theirs, key=identity) == sorted(ours, key=identity)
    assert all(each["metadata"]["namespace"] == "shop" for each in theirs)


@needs_kubectl
def test_told_commands_are_kubectls(tmp_path: Path) -> None:
    """kubectl has the verbs and flags of the page, and misses nothing but a server."""
    page = (ROOT / "docs" / "operate" / "kubernetes.md").read_text()
    blocks = "".join(re.findall(r"(?ms)^```text\n(.*?)^```$", page))
    lines = re.findall(r"(?m)^(kubectl .*?)(?: \| .*)?$", blocks)
    kubectl = Unserved(tmp_path)
    found = {line: kubectl.complaint(shlex.split(line)[1:], "") for line in lines}
    assert len(found) > 8
    assert {line: text for line, text in found.items() if text} == {}


@needs_promtool
def test_metrics_keep_the_conventions() -> None:
    """promtool finds nothing to object to in what is exposed."""
    assert _run("promtool", "check", "metrics", text=exposition()) == ""


def _write_rules(directory: Path, groups: dict[str, Any]) -> Path:
    path = directory / "rules.yaml"
    path.write_text(yaml.safe_dump(groups))
    return path


@needs_promtool
def test_queries_are_sound(tmp_path: Path) -> None:
    """Prometheus parses every query of the alerts and of the dashboard."""
    rules = [
        {"record": f"query:{number}", "expr": query}
        for number, query in enumerate(queries().values())
    ]
    groups = {"groups": [{"name": "queries", "rules": rules}]}
    _run("promtool", "check", "rules", _write_rules(tmp_path, groups))
    _run("promtool", "check", "rules", _write_rules(tmp_path, rule_groups()))


def _pod(metric: str, pod: str, values: str, labels: str = "") -> dict[str, str]:
    common = f'namespace="shop", job="shop/liveconfig", pod="{pod}"{labels}'
    return {"series": f"{metric}{{{common}}}", "values": values}


def _digest(pod: str, digest: str, values: str) -> dict[str, str]:
    labels = f', digest="{digest}", origin="source"'
    return _pod("liveconfig_config_info", pod, values, labels)


def _case(alert: str, series: list[dict[str, str]], **fires: bool) -> dict[str, Any]:
    """Return one of promtool's tests; `fires` says for each time what is expected."""
    (rule,) = (
        rule
        for group in rule_groups()["groups"]
        for rule in group["rules"]
        if rule["alert"] == alert
    )
    labels = {"severity": rule["labels"]["severity"], "namespace": "shop"}
    labels["job"] = "shop/liveconfig"
    if "pod" in series[0]["series"] and "count by" not in rule["expr"]:
        labels["pod"] = "a"
    value = "2"
    texts = {
        name: " ".join(text.split())
        .replace("{{ $labels.pod }}", "a")
        .replace("{{ $labels.job }}", "shop/liveconfig")
        .replace("{{ $value }}", value)
        for name, text in rule["annotations"].items()
    }
    expected = [{"exp_labels": labels, "exp_annotations": texts}]
    return {
        "name": alert,
        "interval": "15s",
        "input_series": series,
        "alert_rule_test": [
            {
                "alertname": alert,
                "eval_time": time.removeprefix("after_"),
                "exp_alerts": expected if is_firing else [],
            }
            for time, is_firing in fires.items()
        ],
    }


def _states(metric: str, bad: str, good: str) -> list[dict[str, str]]:
    """Pod a is bad from the second minute to the twelfth; pod b never is."""
    change = f"{good}x7 {bad}x39 {good}x40"
    return [_pod(metric, "a", change), _pod(metric, "b", f"{good}x86")]


# Both have a config to serve; where there is none, another alert says so.
_SERVING = [_pod("liveconfig_config_version", pod, "1x86") for pod in "ab"]


_CASES = [
    _case(
        "LiveconfigConfigRejected",
        [*_states("liveconfig_rejected_candidate", "1", "0"), *_SERVING],
        after_6m45s=False,
        after_7m15s=True,
        after_13m=False,
    ),
    _case(
        "LiveconfigPublisherDown",
        _states("liveconfig_publisher_up", "0", "1"),
        after_2m45s=False,
        after_3m15s=True,
        after_13m=False,
    ),
    _case(
        "LiveconfigWorkerBehind",
        _states("liveconfig_workers_behind", "2", "0"),
        after_2m45s=False,
        after_3m15s=True,
        after_13m=False,
    ),
    _case(
        "LiveconfigSourceMissing",
        [*_states("liveconfig_source_missing", "1", "0"), *_SERVING],
        after_6m45s=False,
        after_7m15s=True,
        after_13m=False,
    ),
    _case(
        "LiveconfigRestartNeeded",
        [_pod("liveconfig_workers_needing_restart", "a", "0x7 2x99 0x9")],
        after_16m45s=False,
        after_17m15s=True,
        after_28m=False,
    ),
    # One of its callbacks fails once, in the second minute.
    _case(
        "LiveconfigCallbackFailed",
        [
            _pod("liveconfig_callback_failures_total", "a", "0x7 1x99"),
            _pod("liveconfig_callback_failures_total", "b", "7x107"),
        ],
        after_2m45s=False,
        after_3m15s=True,
        after_16m45s=True,
        after_17m30s=False,
    ),
    # Pod b is two minutes late with one change, and gets another not at all.
    _case(
        "LiveconfigReplicasDisagree",
        [
            _digest("a", "one", "1x7 stale"),
            _digest("a", "two", "_x7 1x31 stale"),
            _digest("a", "three", "_x39 1x47"),
            _digest("b", "one", "1x15 stale"),
            _digest("b", "two", "_x15 1x70"),
        ],
        after_3m=False,
        after_8m=False,
        after_14m30s=False,
        after_15m=True,
    ),
]


@needs_promtool
@pytest.mark.parametrize("case", _CASES, ids=lambda case: str(case["name"]))
def test_alert_fires_when_it_should_and_only_then(
    tmp_path: Path, case: dict[str, Any]
) -> None:
    """An alert fires when its state has lasted for its time, and ends with it."""
    rules = _write_rules(tmp_path, rule_groups())
    document = {
        "rule_files": [rules.name],
        "evaluation_interval": "15s",
        "tests": [case],
    }
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(document))
    _run("promtool", "test", "rules", path)
