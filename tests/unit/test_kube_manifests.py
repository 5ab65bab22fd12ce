"""The manifests in kube/, held against the code, the image and Kubernetes' schemas."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from falcon.inspect import inspect_routes

from liveconfig.operators.admin import create_admin_app
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import load
from liveconfig.reading.source import SourceFile
from liveconfig.reference.config import ServiceConfig
from liveconfig.reference.settings import ServiceSettings
from liveconfig.schema.schema import Schema
from liveconfig.worker.manager import ConfigManager
from tests.support.kustomize import Object, build, documents, identity
from tests.support.pod_security import violations
from tests.support.source_code import ROOT

_KUBE = ROOT / "kube"
_FOLDERS = (".", "overlays/projected", "overlays/monitoring")
_SERVICES = (".", "overlays/projected")
_WITH_PODS = (*_SERVICES, "replicationcontroller.yaml")
# From the oldest that knows every field used to the newest there is.
_VERSIONS = ("1.28", "1.31", "1.34", "1.36", kubernetes_validate.latest_version())


@cache
def _built(name: str) -> list[Object]:
    path = _KUBE / name
    return documents(path) if path.is_file() else build(path)


def _object(kind: str, folder: str = ".", name: str = "liveconfig") -> Object:
    (found,) = (each for each in _built(folder) if identity(each) == (kind, name))
    return found


def _workload(folder: str = ".") -> Object:
    if folder.endswith(".yaml"):
        return _object("ReplicationController", folder, "liveconfig-rc")
    return _object("Deployment", folder)


def _template(folder: str = ".") -> Object:
    template = _workload(folder)["spec"]["template"]
    assert isinstance(template, dict)
    return template


def _pod(folder: str = ".") -> Object:
    pod = _template(folder)["spec"]
    assert isinstance(pod, dict)
    return pod


def _container(folder: str = ".") -> Object:
    (container,) = _pod(folder)["containers"]
    assert isinstance(container, dict)
    return container


def _environ(folder: str = ".") -> dict[str, str]:
    """Return the variables of the image with those of the manifest over them."""
    lines = re.findall(r"(?m)^ENV (.*)", _last_stage())
    of_image = re.findall(r"\b([A-Z][A-Z_]+)=(\S+)", " ".join(lines))
    own = {each["name"]: each["value"] for each in _container(folder).get("env", [])}
    return {**dict(of_image), **own}


def _settings(folder: str = ".") -> ServiceSettings:
    return ServiceSettings.from_environ(_environ(folder))


def _dockerfile(pattern: str) -> str:
    """Return what the last stage of the Dockerfile says last at `pattern`."""
    return str(re.findall(pattern, _last_stage())[-1])


def _last_stage() -> str:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return text.rpartition("\nFROM ")[2]


def _nodes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)


def _mounted(folder: str) -> dict[str, str]:
    """Return the files of the mounted config as the pod sees them, by their names."""
    volume = next(each for each in _pod(folder)["volumes"] if each["name"] == "config")
    sources = volume.get("projected", {}).get("sources", [volume])
    files: dict[str, str] = {}
    for source in sources:
        kind = "secret" if "secret" in source else "configMap"
        reference = source[kind]
        owner = "Secret" if kind == "secret" else "ConfigMap"
        holder = _object(owner, folder, reference["name"])
        data = dict(holder["data"])
        if kind == "secret":
            data = {key: b64decode(text).decode() for key, text in data.items()}
        items = reference.get("items") or [{"key": key, "path": key} for key in data]
        files |= {item["path"]: data[item["key"]] for item in items}
    return files


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("folder", [*_SERVICES, "replicationcontroller.yaml"])
def test_manifest_matches_the_schema_of_kubernetes(folder: str, version: str) -> None:
    """Every field is one that Kubernetes knows, in old clusters and in new ones."""
    for each in _built(folder):
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("field", ["spec", "template"])
def test_schema_refuses_a_field_that_is_misspelt(field: str) -> None:
    """The schemas that are checked against are strict, at any depth."""
    wrong = deepcopy(_object("Deployment"))
    (wrong["spec"] if field == "spec" else wrong["spec"]["template"]["spec"])["nme"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, _VERSIONS[-1], strict=True)


def test_service_is_all_that_runs_it() -> None:
    """`kubectl apply -k kube/` makes one of each, under one name without a hash."""
    assert sorted(map(identity, _built("."))) == [
        (kind, "liveconfig")
        for kind in (
            "ConfigMap",
            "Deployment",
            "HorizontalPodAutoscaler",
            "NetworkPolicy",
            "PodDisruptionBudget",
            "Service",
            "ServiceAccount",
        )
    ]


def test_every_manifest_is_applied_by_some_folder() -> None:
    """No manifest lies in kube/ that nothing applies and nothing here looks at."""
    applied = {_KUBE / "replicationcontroller.yaml"}
    for kustomization in _KUBE.rglob("kustomization.yaml"):
        (document,) = documents(kustomization)
        names = document["resources"] + [p["path"] for p in document.get("patches", [])]
        applied |= {kustomization, *(kustomization.parent / name for name in names)}
    assert set(_KUBE.rglob("*.yaml")) <= applied


@pytest.mark.parametrize("folder", _FOLDERS)
def test_no_name_gets_a_hash(folder: str) -> None:
    """An edit of the config is no other object, so no pod is made anew for it."""
    for path in (_KUBE / folder).rglob("kustomization.yaml"):
        (document,) = documents(path)
        for generator in document.get("configMapGenerator", []):
            assert generator["options"]["disableNameSuffixHash"] is True
        assert "secretGenerator" not in document


@pytest.mark.parametrize(
    ("probe", "path"),
    [
        ("startupProbe", "/livez"),
        ("readinessProbe", "/readyz"),
        ("livenessProbe", "/livez"),
    ],
)
def test_probe_asks_where_no_client_stands_in_its_way(probe: str, path: str) -> None:
    """A probe asks on the operators' port, for a route that the application has."""
    app = create_admin_app(ConfigManager(ServiceConfig))
    request = _container()[probe]["httpGet"]
    assert request == {"path": path, "port": "admin"}
    assert path in [route.path for route in inspect_routes(app)]


def test_ports_are_those_of_the_settings() -> None:
    """The container's ports are those that the service listens on, for all to reach."""
    ports = {port["name"]: port["containerPort"] for port in _container()["ports"]}
    settings = _settings()
    assert ports == {"http": settings.port, "admin": settings.admin_port}
    # Kubelets and Prometheus ask by the address of the pod.
    assert settings.host == settings.admin_host == "0.0.0.0"


def test_service_leads_to_the_public_port_only() -> None:
    """Clients in the cluster reach the public port, never the operators'."""
    service = _object("Service")["spec"]
    assert service["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
    assert service.get("type", "ClusterIP") == "ClusterIP"


def test_config_is_mounted_where_the_service_looks() -> None:
    """The mounted directory and the ConfigMap's key make up LIVECONFIG_PATH."""
    (mount,) = (m for m in _container()["volumeMounts"] if m["name"] == "config")
    (key,) = _mounted(".")
    assert f"{mount['mountPath']}/{key}" == _settings().path
    assert mount["readOnly"] is True


def test_projected_config_is_read_as_a_directory() -> None:
    """The overlay's three layers lie in the directory that LIVECONFIG_PATH names."""
    folder = "overlays/projected"
    (mount,) = (m for m in _container(folder)["volumeMounts"] if m["name"] == "config")
    assert mount["mountPath"] == _settings(folder).path
    kinds = [
        next(iter(source.keys()))
        for volume in _pod(folder)["volumes"]
        for source in volume.get("projected", {}).get("sources", [])
    ]
    assert kinds == ["configMap", "configMap", "secret"]


@pytest.mark.parametrize("folder", _WITH_PODS)
def test_nothing_is_mounted_by_sub_path(folder: str) -> None:
    """No mount is of the kind that never shows a change."""
    keys = {key for key, _ in _nodes(_built(folder))}
    assert not {"subPath", "subPathExpr"} & keys


@pytest.mark.parametrize(
    ("folder", "config"),
    [
        (".", ServiceConfig("Hello World")),
        ("overlays/projected", ServiceConfig("Hello from the Secret", "warning")),
    ],
)
def test_config_is_valid_for_the_service(folder: str, config: ServiceConfig) -> None:
    """The publisher would take what is mounted, each layer over those before it."""
    files = sorted(_mounted(folder).items())
    sources = [SourceFile(name, text.encode()) for name, text in files]
    schema = Schema(ServiceConfig)
    candidate = load(sources, schema, Limits())
    assert candidate.config == config
    assert schema.unknown_keys(candidate.data) == ()


class _Recorder(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("folder", _WITH_PODS)
def test_environment_is_what_the_settings_read(folder: str) -> None:
    """Each variable of the manifests is one that is read, and its value is taken."""
    recorder = _Recorder()
    ServiceSettings.from_environ(recorder)
    names = {variable["name"] for variable in _container(folder)["env"]}
    # gunicorn's own.
    assert names <= recorder.asked | {"WEB_CONCURRENCY"}
    assert _environ(folder)["WEB_CONCURRENCY"] == "4"


def test_services_put_nothing_into_the_environment() -> None:
    """The pods do not even get what would be taken for no setting."""
    assert _pod()["enableServiceLinks"] is False


@pytest.mark.parametrize("folder", _WITH_PODS)
def test_pod_waits_for_its_first_good_config(folder: str) -> None:
    """A bad ConfigMap at the start is no crash, and no probe ends the pod for it."""
    assert _settings(folder).on_missing == "wait"
    asked = {
        probe: _container(folder)[probe]["httpGet"]["path"]
        for probe in ("startupProbe", "livenessProbe")
    }
    assert set(asked.values()) == {"/livez"}


@pytest.mark.parametrize("folder", _WITH_PODS)
def test_reason_of_an_end_is_told_by_kubectl_describe(folder: str) -> None:
    """What a container said last is kept with its state."""
    policy = _container(folder)["terminationMessagePolicy"]
    assert policy == "FallbackToLogsOnError"


@pytest.mark.parametrize("folder", _WITH_PODS)
def test_last_good_config_is_kept_in_memory(folder: str) -> None:
    """The cache's directory is made in memory, and has room for three whole configs."""
    settings = _settings(folder)
    (mount,) = (
        m for m in _container(folder)["volumeMounts"] if not m.get("readOnly", False)
    )
    # An emptyDir is open to every user of the pod, and so no place for it by itself.
    assert mount["mountPath"] == os.path.dirname(settings.cache_dir)
    (volume,) = (v for v in _pod(folder)["volumes"] if v["name"] == mount["name"])
    assert volume["emptyDir"]["medium"] == "Memory"
    size = int(volume["emptyDir"]["sizeLimit"].removesuffix("Mi")) * 1024 * 1024
    # The newest, the one before, and the next while it is written.
    assert size > 3 * settings.payload_bytes_max


@pytest.mark.parametrize("folder", _WITH_PODS)
def test_selectors_match_the_pods(folder: str) -> None:
    """Whatever selects pods in a folder selects those that its template makes."""
    labels = _template(folder)["metadata"]["labels"].items()
    selectors = [
        inner
        for key, inner in _nodes(_built(folder))
        if key in ("matchLabels", "selector") and "app.kubernetes.io/name" in inner
    ]
    assert len(selectors) >= 3
    for selector in selectors:
        assert selector.items() <= labels


@pytest.mark.parametrize("folder", _SERVICES)
def test_selected_port_names_exist(folder: str) -> None:
    """A port that is named somewhere is one of the container's."""
    names = {port["name"] for port in _container(folder)["ports"]}
    policy = _object("NetworkPolicy", folder)["spec"]
    used = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    used |= {port["targetPort"] for port in _object("Service")["spec"]["ports"]}
    assert used == names


def test_operators_port_is_for_some_namespaces_only() -> None:
    """The admin port is reached from monitoring and from namespaces marked for it."""
    policy = _object("NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    public, admin = policy["ingress"]
    assert public == {"ports": [{"port": "http", "protocol": "TCP"}]}
    assert [rule["port"] for rule in admin["ports"]] == ["admin"]
    labels = [peer["namespaceSelector"]["matchLabels"] for peer in admin["from"]]
    assert labels == [
        {"kubernetes.io/metadata.name": "monitoring"},
        {"liveconfig-operators": "allowed"},
    ]
    assert "egress" not in policy


def test_operators_routes_are_on_the_admin_port() -> None:
    """What the walk asks of the operators' port is a route of its application."""
    app = create_admin_app(ConfigManager(ServiceConfig))
    assert "/status" in [route.path for route in inspect_routes(app)]


def test_rollout_never_has_too_few_pods() -> None:
    """A new pod is ready before an old one ends, and drains take one at a time."""
    deployment = _object("Deployment")["spec"]
    assert deployment["strategy"]["type"] == "RollingUpdate"
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert _object("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_replicas_are_the_autoscalers() -> None:
    """An apply does not take back what the autoscaler has added."""
    assert "replicas" not in _object("Deployment")["spec"]
    scaler = _object("HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 10)
    target = scaler["scaleTargetRef"]
    assert (target["kind"], target["name"]) == identity(_object("Deployment"))


@pytest.mark.parametrize("folder", _WITH_PODS)
def test_pod_is_restricted(folder: str) -> None:
    """A namespace that enforces the "restricted" standard takes the pod."""
    assert violations(_pod(folder)) == []


@pytest.mark.parametrize("folder", _WITH_PODS)
def test_pod_has_no_more_than_it_needs(folder: str) -> None:
    """Beyond the standard: a read-only root and no token of any account."""
    assert _container(folder)["securityContext"]["readOnlyRootFilesystem"] is True
    assert _pod(folder)["automountServiceAccountToken"] is False
    if folder != "replicationcontroller.yaml":
        account = _object("ServiceAccount", folder, _pod(folder)["serviceAccountName"])
        assert account["automountServiceAccountToken"] is False


def _container_of(pod: Object) -> Any:
    return pod["containers"][0]


_LOOSENED: dict[str, Callable[[Object], Any]] = {
    "hostNetwork": lambda pod: pod.update(hostNetwork=True),
    "hostPID": lambda pod: pod.update(hostPID=True),
    "kind that is not allowed": lambda pod: pod["volumes"].append(
        {"name": "node", "hostPath": {"path": "/"}}
    ),
    "runAsNonRoot is not true": lambda pod: pod["securityContext"].pop("runAsNonRoot"),
    "runAsNonRoot is false": lambda pod: _container_of(pod)["securityContext"].update(
        runAsNonRoot=False
    ),
    "runAsUser is 0": lambda pod: pod["securityContext"].update(runAsUser=0),
    "no seccomp": lambda pod: pod["securityContext"].pop("seccompProfile"),
    "seccomp profile is not": lambda pod: pod["securityContext"].update(
        seccompProfile={"type": "Unconfined"}
    ),
    "AppArmor": lambda pod: pod["securityContext"].update(
        appArmorProfile={"type": "Unconfined"}
    ),
    "SELinux": lambda pod: pod["securityContext"].update(
        seLinuxOptions={"type": "spc_t"}
    ),
    "sysctl": lambda pod: pod["securityContext"].update(
        sysctls=[{"name": "kernel.msgmax", "value": "1"}]
    ),
    "privileged": lambda pod: _container_of(pod)["securityContext"].update(
        privileged=True
    ),
    "allowPrivilegeEscalation": lambda pod: _container_of(pod)["securityContext"].pop(
        "allowPrivilegeEscalation"
    ),
    "procMount": lambda pod: _container_of(pod)["securityContext"].update(
        procMount="Unmasked"
    ),
    "drop ALL": lambda pod: _container_of(pod)["securityContext"].pop("capabilities"),
    "NET_BIND_SERVICE": lambda pod: _container_of(pod)["securityContext"][
        "capabilities"
    ].update(add=["NET_ADMIN"]),
    "port of the node": lambda pod: _container_of(pod)["ports"][0].update(hostPort=80),
    "names a host": lambda pod: _container_of(pod)["livenessProbe"]["httpGet"].update(
        host="10.0.0.1"
    ),
    "debug: ": lambda pod: pod.update(
        initContainers=[{"name": "debug", "image": "busybox"}]
    ),
}


@pytest.mark.parametrize("broken", _LOOSENED)
def test_what_is_not_restricted_is_found(broken: str) -> None:
    """Each rule of the standard, broken alone, is told in a sentence."""
    pod = deepcopy(_pod())
    _LOOSENED[broken](pod)
    found = violations(pod)
    assert [sentence for sentence in found if broken in sentence]


def test_user_is_that_of_the_image() -> None:
    """The pod runs as the numeric user and group that the image names."""
    context = _pod()["securityContext"]
    user = _dockerfile(r"(?m)^USER (\S+)")
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == user
    assert context["runAsUser"] > 0


def test_version_is_that_of_the_package() -> None:
    """Image and labels name the version that setup.cfg names."""
    (version,) = re.findall(r"(?m)^version = (.*)", (ROOT / "setup.cfg").read_text())
    for folder in _WITH_PODS:
        assert _container(folder)["image"] == f"liveconfig:{version}"
        for meta in (_workload(folder)["metadata"], _template(folder)["metadata"]):
            assert meta["labels"]["app.kubernetes.io/version"] == version


def test_end_of_a_pod_leaves_gunicorn_its_time() -> None:
    """The grace period covers the pause before the end and gunicorn's own 30 s."""
    pause = _container()["lifecycle"]["preStop"]["exec"]["command"]
    assert pause[0] == "sleep"
    assert _pod()["terminationGracePeriodSeconds"] > int(pause[1]) + 30


def test_replication_controller_has_the_same_pods() -> None:
    """Its pods are the Deployment's, but for the label and what follows from it."""
    text = (_KUBE / "replicationcontroller.yaml").read_text()
    assert text.count("liveconfig-rc") >= 4
    theirs, ours = deepcopy(_pod("replicationcontroller.yaml")), deepcopy(_pod())
    for constraint in ours["topologySpreadConstraints"]:
        # The hash is a ReplicaSet's, so a ReplicationController's pods have none.
        assert constraint.pop("matchLabelKeys") == ["pod-template-hash"]
        constraint["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] += "-rc"
    assert theirs == ours


def test_replication_controller_is_left_alone_by_the_service() -> None:
    """Neither the Deployment nor its Service takes the pods beside them for its own."""
    labels = _template("replicationcontroller.yaml")["metadata"]["labels"].items()
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert not _object(kind)["spec"]["selector"]["matchLabels"].items() <= labels
    assert not _object("Service")["spec"]["selector"].items() <= labels


def test_kustomize_reading_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    """A field that would be left out of the check is an error in the tests."""
    (tmp_path / "kustomization.yaml").write_text("namePrefix: x-\n")
    with pytest.raises(AssertionError, match="namePrefix"):
        build(tmp_path)


def test_overlay_in_its_own_base_is_a_cycle(tmp_path: Path) -> None:
    """A folder cannot be the base of what lies in it, as with the real kustomize."""
    (tmp_path / "kustomization.yaml").write_text("resources: []\n")
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text("resources: [..]\n")
    with pytest.raises(AssertionError, match="cycle"):
        build(overlay)
