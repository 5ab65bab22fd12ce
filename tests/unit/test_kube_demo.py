"""What the walk of kube/tools sends into a cluster, and what it plans."""

from __future__ import annotations

import json
import subprocess

import kubernetes_validate
import pytest

from kube.tools.client import client_manifest
from kube.tools.cluster import OURS, Cluster
from kube.tools.kubectl import (
    IN_POD,
    NAME,
    Kubectl,
    image_fields,
    kustomization,
    last_line,
)
from kube.tools.report import table
from kube.tools.trial import UPDATES_MIN, plan
from tests.support.kustomize import Object, build, identity
from tests.support.pod_security import violations
from tests.support.source_code import ROOT, Module


def _deployment() -> Object:
    found = {identity(each): each for each in build(ROOT / "kube")}
    return found["Deployment", NAME]


def _client() -> Object:
    return client_manifest(_deployment(), "10.96.0.10", 80)


@pytest.mark.parametrize("version", ["1.28", kubernetes_validate.latest_version()])
def test_client_matches_the_schema_of_kubernetes(version: str) -> None:
    """The client's pod has no field that Kubernetes does not know."""
    kubernetes_validate.validate(_client(), version, strict=True)


def test_client_is_restricted() -> None:
    """The namespace of the walk takes the client's pod as well."""
    assert violations(_client()["spec"]) == []


def test_client_is_no_pod_of_the_service() -> None:
    """The Service never leads to the client."""
    labels = _client()["metadata"]["labels"].items()
    selector = _deployment()["spec"]["selector"]["matchLabels"]
    assert not selector.items() <= labels


def test_program_reaches_the_pod_as_it_is() -> None:
    """Kubernetes replaces nothing in the program, and it needs nothing installed."""
    assert "$(" not in IN_POD.read_text()
    roots = {name.partition(".")[0] for _, name in Module(IN_POD).imports()}
    assert roots == {
        "__future__",
        "collections",
        "datetime",
        "functools",
        "http",
        "json",
        "os",
        "signal",
        "sys",
        "threading",
        "time",
        "typing",
    }


@pytest.mark.parametrize(
    ("image", "fields"),
    [
        ("liveconfig:0.1.0", {"newName": "liveconfig", "newTag": "0.1.0"}),
        ("liveconfig", {"newName": "liveconfig", "newTag": "latest"}),
        ("reg:5000/a/b", {"newName": "reg:5000/a/b", "newTag": "latest"}),
        ("reg:5000/a/b:v2", {"newName": "reg:5000/a/b", "newTag": "v2"}),
        ("reg/b@sha256:ab", {"newName": "reg/b", "digest": "sha256:ab"}),
    ],
)
def test_image_is_taken_apart(image: str, fields: dict[str, str]) -> None:
    """A registry's port is no tag, and a digest is none either."""
    assert image_fields(image) == fields


@pytest.mark.parametrize(
    ("complaint", "line"),
    [
        ("", ""),
        ("command terminated with exit code 1\n", ""),
        (
            "Traceback:\n  at x\nOSError: no\ncommand terminated with exit code 1\n",
            "OSError: no",
        ),
        (
            'Error from server (NotFound): pods "a" not found\n',
            'Error from server (NotFound): pods "a" not found',
        ),
    ],
)
def test_complaint_of_a_pod_is_one_line(complaint: str, line: str) -> None:
    """What went wrong in a pod is told, and not that kubectl exec says that it did."""
    assert last_line(complaint) == line


def test_kustomization_sets_image_and_namespace_only() -> None:
    """What is applied is kube/ in another namespace, with another image."""
    with kustomization("shop", "reg:5000/liveconfig:v2") as folder:
        changed = {identity(each): each for each in build(folder)}
    assert not folder.exists()
    for each in build(ROOT / "kube"):
        other = changed.pop(identity(each))
        assert other["metadata"].pop("namespace") == "shop"
        if each["kind"] == "Deployment":
            (container,) = each["spec"]["template"]["spec"]["containers"]
            container["image"] = "reg:5000/liveconfig:v2"
        assert other == each
    assert changed == {}


@pytest.mark.parametrize("count", [UPDATES_MIN, 20, 100])
def test_plan_has_its_disturbances_in_the_middle(count: int) -> None:
    """One bad update, with quiet ones around it, then a deletion, then a restart."""
    updates = plan(count)
    assert [update.number for update in updates] == list(range(1, count + 1))
    (bad,) = (update.number for update in updates if update.is_bad)
    (delete,) = (u.number for u in updates if u.disturbance == "delete")
    (restart,) = (u.number for u in updates if u.disturbance == "restart")
    assert 1 < bad < delete < restart < count
    # No pod may start while the config is bad, and the last update finds all at rest.
    overlapping = {update.number for update in updates if update.is_overlapping}
    assert not {bad - 1, bad, bad + 1, count} & overlapping


def test_table_has_even_columns() -> None:
    """Each column is as wide as its widest text."""
    rows = [("liveconfig-1", "0.2 s"), ("b", "")]
    assert table(("pod", "time"), rows).split("\n") == [
        "pod           time",
        "------------  -----",
        "liveconfig-1  0.2 s",
        "b",
    ]


def test_cleaning_up_takes_as_long_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace that ends slowly is waited for, as long as `--timeout` says."""
    calls: list[tuple[list[str], float]] = []

    def run(
        command: list[str], timeout: float, **_: object
    ) -> subprocess.CompletedProcess[str]:
        calls.append((command, timeout))
        namespace = {"metadata": {"labels": {OURS: "true"}}}
        return subprocess.CompletedProcess(command, 0, json.dumps(namespace), "")

    monkeypatch.setattr("kube.tools.kubectl.subprocess.run", run)
    cluster = Cluster(Kubectl("kind-kind", "walk"), "walk")
    assert cluster.clean_up(600) == "the namespace walk is deleted"
    command, seconds = calls[-1]
    assert command[-4:] == ["delete", "namespace", "walk", "--timeout=600s"]
    # So that it is kubectl that gives up, and says what for.
    assert seconds > 600
