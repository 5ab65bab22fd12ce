"""The manifests in kube/, held against the code, the image and Kubernetes' schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from falcon.inspect import inspect_routes

from liveconfig.document import Limits
from liveconfig.loader import load
from liveconfig.manager import ConfigManager
from liveconfig.schema import Schema
from liveconfig.service.app import create_public_app
from liveconfig.service.config import ServiceConfig
from liveconfig.settings import Settings
from liveconfig.source import SourceFile

_ROOT = Path(__file__).resolve().parents[2]
_KUBE = _ROOT / "kube"
_FILES = ("configmap.yaml", "deployment.yaml", "service.yaml")


def _document(name: str) -> dict[str, Any]:
    (document,) = yaml.safe_load_all((_KUBE / name).read_text())
    assert isinstance(document, dict)
    return document


def _pod() -> dict[str, Any]:
    pod = _document("deployment.yaml")["spec"]["template"]["spec"]
    assert isinstance(pod, dict)
    return pod


def _container() -> dict[str, Any]:
    (container,) = _pod()["containers"]
    assert isinstance(container, dict)
    return container


def _dockerfile(pattern: str) -> str:
    """Return what the last stage of the Dockerfile says last at `pattern`."""
    stage = (_ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    return str(re.findall(pattern, stage)[-1])


def _nodes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)


@pytest.mark.parametrize("name", _FILES)
@pytest.mark.parametrize("version", ["1.28", kubernetes_validate.latest_version()])
def test_manifest_matches_the_schema_of_kubernetes(name: str, version: str) -> None:
    """Every field is one that Kubernetes knows, in old clusters and in new ones."""
    kubernetes_validate.validate(_document(name), version, strict=True)


def test_kustomization_applies_every_manifest() -> None:
    """`kubectl apply -k kube/` takes all files of the folder, names unchanged."""
    kustomization = _document("kustomization.yaml")
    files = {path.name for path in _KUBE.iterdir()} - {"kustomization.yaml"}
    assert sorted(kustomization["resources"]) == sorted(files) == sorted(_FILES)
    assert set(kustomization) == {"apiVersion", "kind", "resources"}


@pytest.mark.parametrize(
    ("probe", "path"),
    [
        ("startupProbe", "/readyz"),
        ("readinessProbe", "/readyz"),
        ("livenessProbe", "/livez"),
    ],
)
def test_probe_asks_a_public_route(probe: str, path: str) -> None:
    """A probe asks, on the public port, for a route that the application has."""
    app = create_public_app(ConfigManager(ServiceConfig))
    request = _container()[probe]["httpGet"]
    assert request == {"path": path, "port": "http"}
    assert path in [route.path for route in inspect_routes(app)]


def test_ports_are_those_of_the_settings() -> None:
    """The container's ports are the defaults, which the image does not change."""
    ports = {port["name"]: port["containerPort"] for port in _container()["ports"]}
    assert ports == {"http": Settings.port, "admin": Settings.admin_port}


def test_service_leads_to_the_public_port_only() -> None:
    """Clients in the cluster reach the public port, never the operators'."""
    service = _document("service.yaml")["spec"]
    assert service["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
    assert service.get("type", "ClusterIP") == "ClusterIP"


def test_config_is_mounted_where_the_image_looks() -> None:
    """The mounted directory and the ConfigMap's key make up LIVECONFIG_PATH."""
    (mount,) = _container()["volumeMounts"]
    (volume,) = _pod()["volumes"]
    config_map = _document("configmap.yaml")
    (key,) = config_map["data"]
    assert mount["name"] == volume["name"]
    assert volume["configMap"] == {"name": config_map["metadata"]["name"]}
    path = _dockerfile(r"\bLIVECONFIG_PATH=(\S+)")
    assert f"{mount['mountPath']}/{key}" == path
    assert mount["readOnly"] is True


def test_nothing_is_mounted_by_sub_path() -> None:
    """No mount is of the kind that never shows a change."""
    keys = {key for name in _FILES for key, _ in _nodes(_document(name))}
    assert not {"subPath", "subPathExpr"} & keys


def test_config_is_valid_for_the_service() -> None:
    """The publisher would take every file of the ConfigMap, and knows all its keys."""
    for name, text in _document("configmap.yaml")["data"].items():
        file = SourceFile(name, text.encode())
        candidate = load([file], Schema(ServiceConfig), Limits())
        assert candidate.config == ServiceConfig("Hello World")
        assert candidate.unknown_keys == ()


def test_environment_is_known_to_the_settings() -> None:
    """The manifest sets no LIVECONFIG_* variable that nobody reads."""
    known = (_ROOT / "src/liveconfig/settings.py").read_text()
    names = [variable["name"] for variable in _container().get("env", [])]
    ours = [name for name in names if name.startswith("LIVECONFIG_")]
    assert [name for name in ours if f'"{name}"' not in known] == []


def test_selectors_match_the_pods() -> None:
    """The Deployment and the Service select the pods that the template makes."""
    deployment = _document("deployment.yaml")["spec"]
    labels = deployment["template"]["metadata"]["labels"].items()
    assert deployment["selector"]["matchLabels"].items() <= labels
    assert _document("service.yaml")["spec"]["selector"].items() <= labels


def test_rollout_never_has_too_few_pods() -> None:
    """A new pod is ready before an old one ends, and two of them share the load."""
    deployment = _document("deployment.yaml")["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["type"] == "RollingUpdate"
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_security_context_is_restricted() -> None:
    """The pod meets the "restricted" standard, and its root is read-only as well."""
    pod = _pod()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert _container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_user_is_that_of_the_image() -> None:
    """The pod runs as the numeric user and group that the image names."""
    context = _pod()["securityContext"]
    user = _dockerfile(r"(?m)^USER (\S+)")
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == user
    assert context["runAsUser"] > 0


def test_end_of_a_pod_leaves_gunicorn_its_time() -> None:
    """The grace period covers the pause before the end and gunicorn's own 30 s."""
    pause = _container()["lifecycle"]["preStop"]["exec"]["command"]
    assert pause[0] == "sleep"
    assert _pod()["terminationGracePeriodSeconds"] > int(pause[1]) + 30
