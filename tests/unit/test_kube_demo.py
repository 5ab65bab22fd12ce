"""What the walk of kube/tools sends into a cluster, and what it plans."""

from __future__ import annotations

import json
import subprocess
import time

import kubernetes_validate
import pytest

from kube.tools.client import client_manifest
from kube.tools.cluster import OURS, ROUND_SECONDS, Answer, Cluster, Pod
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
from tests.support.status import at, status_document


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


def _answered(
    monkeypatch: pytest.MonkeyPatch, *outputs: str
) -> list[tuple[list[str], float]]:
    """Have kubectl print these; return its command lines and how long each may take."""
    calls: list[tuple[list[str], float]] = []
    answers = iter(outputs)

    def run(
        command: list[str], timeout: float, **_: object
    ) -> subprocess.CompletedProcess[str]:
        calls.append((command, timeout))
        output = next(answers)
        complaint = "" if output else "error: container not found\n"
        return subprocess.CompletedProcess(command, not output, output, complaint)

    monkeypatch.setattr("kube.tools.kubectl.subprocess.run", run)
    return calls


def _wait(monkeypatch: pytest.MonkeyPatch, *outputs: str) -> tuple[Answer, list[str]]:
    """Wait for a config in a pod that says these; return the answer and the rounds."""
    calls = _answered(monkeypatch, *outputs)
    pod = Pod("liveconfig-1", "1", "node", "10.0.0.1", 80, 9090, True, 0, "")
    cluster = Cluster(Kubectl("kind-kind", "walk"), "walk")
    (answer,) = cluster.watch([pod], 10 * ROUND_SECONDS, "message: x\n")
    start = ["exec", "liveconfig-1", "--container=liveconfig", "--stdin", "--"]
    wait = ["liveconfig", "wait", "--file=-", "--json"]
    for command, seconds in calls:
        assert command[3:-1] == [*start, *wait]
        # So that it is the command in the pod that gives up, and says what for.
        assert seconds > ROUND_SECONDS
    return answer, [command[-1] for command, _ in calls]


def _ending(outcome: str, **changes: object) -> str:
    status = status_document(**changes)
    ended = {"outcome": outcome, "reason": "r", "at": at(1.5), "status": status}
    return json.dumps(ended)


def test_pod_is_waited_for_in_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is without a word for long, and the last round is what counts."""
    late, live = _ending("late"), _ending("live", changed_at=at(0))
    before = time.monotonic()
    answer, rounds = _wait(monkeypatch, late, late, live)
    assert rounds == [f"--timeout={ROUND_SECONDS:.1f}"] * 3
    assert answer.status == status_document()
    # By the pod's own clock it was one second and a half before.
    assert answer.changed_at is not None
    assert before <= answer.changed_at + 1.5 <= time.monotonic()


def test_flip_that_nobody_saw_is_at_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod that started with the config has seen no change of its volume."""
    answer, _ = _wait(monkeypatch, _ending("live", changed_at=None))
    assert (answer.changed_at, answer.reason) == (None, "")


@pytest.mark.parametrize(
    ("output", "reason"),
    [(_ending("rejected"), "r"), ("", "error: container not found")],
    ids=["rejected", "gone"],
)
def test_pod_that_will_not_get_there_is_waited_for_no_longer(
    monkeypatch: pytest.MonkeyPatch, output: str, reason: str
) -> None:
    """The first answer that says so ends it, with the reason."""
    answer, rounds = _wait(monkeypatch, output)
    assert (answer.status, answer.reason, len(rounds)) == (None, reason, 1)


def test_cleaning_up_takes_as_long_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace that ends slowly is waited for, as long as `--timeout` says."""
    namespace = {"metadata": {"labels": {OURS: "true"}}}
    calls = _answered(monkeypatch, *[json.dumps(namespace)] * 2)
    cluster = Cluster(Kubectl("kind-kind", "walk"), "walk")
    assert cluster.clean_up(600) == "the namespace walk is deleted"
    command, seconds = calls[-1]
    assert command[-4:] == ["delete", "namespace", "walk", "--timeout=600s"]
    # So that it is kubectl that gives up, and says what for.
    assert seconds > 600
