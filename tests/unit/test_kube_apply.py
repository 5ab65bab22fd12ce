"""A second apply of kube/ finds nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.support.api_server import unstable
from tests.support.kustomize import Object, build, documents, identity
from tests.support.source_code import ROOT

_KUBE = ROOT / "kube"
_FOLDERS = (".", "overlays/projected", "overlays/monitoring")


@pytest.mark.parametrize("folder", [*_FOLDERS, "replicationcontroller.yaml"])
def test_second_apply_changes_nothing(folder: str) -> None:
    """What is written is what is stored: every apply after the first is quiet."""
    path = _KUBE / folder
    manifests = documents(path) if path.is_file() else build(path)
    assert [found for each in manifests for found in unstable(each)] == []


def _container(manifest: Object) -> Any:
    return manifest["spec"]["template"]["spec"]["containers"][0]


_CHANGES: dict[str, tuple[str, Callable[[Object], Any], str]] = {
    "list": (
        "NetworkPolicy",
        lambda policy: policy["spec"].update(egress=[]),
        "NetworkPolicy.spec.egress is empty, and dropped",
    ),
    "protocol": (
        "NetworkPolicy",
        lambda policy: policy["spec"]["ingress"][0]["ports"][0].pop("protocol"),
        "NetworkPolicy.spec.ingress[0].ports[0].protocol is filled in, in a list that "
        "is compared as a whole",
    ),
    "memory": (
        "Deployment",
        lambda each: _container(each)["resources"]["limits"].update(memory="1024Mi"),
        "Deployment.spec.template.spec.containers[0].resources.limits.memory is stored "
        "as 1Gi",
    ),
    "cpu": (
        "Deployment",
        lambda each: _container(each)["resources"]["requests"].update(cpu="0.5"),
        "Deployment.spec.template.spec.containers[0].resources.requests.cpu is stored "
        "as 500m",
    ),
    "text": (
        "Deployment",
        lambda each: _container(each)["env"][0].update(value=""),
        "Deployment.spec.template.spec.containers[0].env[0].value is empty, and "
        "dropped",
    ),
    "none": (
        "ConfigMap",
        lambda each: each["metadata"].update(annotations=None),
        "ConfigMap.metadata.annotations is empty, and dropped",
    ),
    "secret": (
        "ConfigMap",
        lambda each: each.update(
            kind="Secret", data={"a": "eA=="}, stringData={"b": "x"}
        ),
        "Secret.stringData is stored as data",
    ),
    "average": (
        "HorizontalPodAutoscaler",
        lambda each: each["spec"]["metrics"][0]["resource"]["target"].update(
            averageValue="1000m"
        ),
        "HorizontalPodAutoscaler.spec.metrics[0].resource.target.averageValue is "
        "stored as 1",
    ),
}


@pytest.mark.parametrize("name", _CHANGES)
def test_what_the_server_stores_otherwise_is_found(name: str) -> None:
    """Dropped, filled in or written in another way: each kind is noticed."""
    kind, change, sentence = _CHANGES[name]
    (found,) = (each for each in build(_KUBE) if identity(each)[0] == kind)
    manifest = deepcopy(found)
    change(manifest)
    assert unstable(manifest) == [sentence]
