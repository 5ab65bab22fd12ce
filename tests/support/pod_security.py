"""
The Pod Security Standard "restricted", as a check of one pod's spec.

Owns: the rules of the profiles "baseline" and "restricted" of Kubernetes 1.36, for pods
    of Linux.
Must not know: whose pod it is.
Runs in: the test process.

For these reasons the API server refuses a pod in a namespace that is labelled
`pod-security.kubernetes.io/enforce: restricted`. What is not set counts as Kubernetes'
default for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Spec = dict[str, Any]

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SECCOMP = {"RuntimeDefault", "Localhost"}
_APPARMOR = {"RuntimeDefault", "Localhost"}
_SELINUX_TYPES = {
    "",
    "container_engine_t",
    "container_init_t",
    "container_kvm_t",
    "container_t",
}
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def violations(pod: Spec) -> list[str]:
    """Return one sentence for each rule that the spec of a pod breaks."""
    found = [*_of_pod(pod)]
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in pod.get(kind, []):
            name = container["name"]
            found += [f"{name}: {text}" for text in _of_container(pod, container)]
    return found


def _of_pod(pod: Spec) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield f"{field} is set"
    for volume in pod.get("volumes", []):
        kinds = volume.keys() - {"name"}
        if not kinds <= _VOLUMES:
            yield f"the volume {volume['name']} is of a kind that is not allowed"
    context = pod.get("securityContext", {})
    yield from _of_either_context(context)
    for sysctl in context.get("sysctls", []):
        if sysctl["name"] not in _SYSCTLS:
            yield f"the sysctl {sysctl['name']} is not a safe one"


def _of_container(pod: Spec, container: Spec) -> Iterator[str]:
    context = container.get("securityContext", {})
    whole = pod.get("securityContext", {})
    yield from _of_either_context(context)
    if context.get("privileged"):
        yield "it is privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if context.get("procMount", "Default") != "Default":
        yield "procMount is not the default"
    capabilities = context.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []):
        yield "it does not drop ALL capabilities"
    if not set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"}:
        yield "it adds a capability other than NET_BIND_SERVICE"
    if context.get("runAsNonRoot", whole.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot is not true"
    seccomp = context.get("seccompProfile") or whole.get("seccompProfile") or {}
    if seccomp.get("type") not in _SECCOMP:
        yield "there is no seccomp profile"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "it takes a port of the node"
    if any(handler.get("host") for handler in _handlers(container)):
        yield "a probe or hook names a host"


def _of_either_context(context: Spec) -> Iterator[str]:
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot is false"
    if context.get("runAsUser") == 0:
        yield "runAsUser is 0"
    if context.get("seccompProfile", {}).get("type", "Localhost") not in _SECCOMP:
        yield "the seccomp profile is not an allowed one"
    if context.get("appArmorProfile", {}).get("type", "Localhost") not in _APPARMOR:
        yield "the AppArmor profile is not an allowed one"
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type", "") not in _SELINUX_TYPES or selinux.keys() & {
        "user",
        "role",
    }:
        yield "the SELinux options are not allowed ones"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "it is a host process"


def _handlers(container: Spec) -> Iterator[Spec]:
    """Yield what probes and lifecycle hooks ask over the network."""
    lifecycle = container.get("lifecycle", {})
    for each in (
        *(container.get(probe, {}) for probe in _PROBES),
        *(lifecycle.get(hook, {}) for hook in ("postStart", "preStop")),
    ):
        yield from (each.get(kind, {}) for kind in ("httpGet", "tcpSocket"))
