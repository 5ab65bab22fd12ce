"""
The service in a cluster, by way of kubectl and nothing else.

Owns: applying kube/, changing it, what pods there are and what each says, cleaning up.
Must not know: what is demonstrated or asserted.
Runs in: a terminal on any machine with Python 3.10 and kubectl.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kube.tools.client import Client
from kube.tools.kubectl import (
    NAME,
    Kubectl,
    WalkError,
    kustomization,
    last_line,
)

SELECTOR = f"app.kubernetes.io/name={NAME}"

# Namespaces with this label were made here, and so may be deleted here.
OURS = "liveconfig-walk"
# Waiting for these is in vain: somebody has to do something.
HOPELESS = {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
}
ROUND_SECONDS = 30
# A rollout ends such pods as an earlier one left, and a registry may fail once.
TROUBLE_SECONDS = 10
HINT = (
    "; --image names another one, and `kind load docker-image IMAGE` or "
    "`k3d image import IMAGE` brings one into such a cluster"
)


@dataclass(frozen=True)
class Pod:
    """
    A pod of the service that is not ending.

    Attributes:
        trouble: why it does not start, "" while there is hope.
    """

    name: str
    uid: str
    node: str
    address: str
    port: int
    admin_port: int
    is_ready: bool
    restarts: int
    trouble: str


@dataclass
class Answer:
    """
    What `liveconfig wait` said in one pod: all of its workers are there, or are not.

    Attributes:
        status: its `/status` in the end; None if it did not get there.
        reason: why it did not.
        changed_at: when the pod's volume changed, as of this process's monotonic clock;
            None if its publisher has not seen it change.
    """

    pod: Pod
    status: Any = None
    reason: str = ""
    changed_at: float | None = None


class Cluster:
    """The service in one namespace of one cluster."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self._kubectl = kubectl
        self.namespace = namespace
        self.client = Client(kubectl)

    def make_namespace(self) -> bool:
        """Make the namespace if it is not there; return whether it is ours."""
        status, output, complaint = self._kubectl.try_(
            "get", "namespace", self.namespace, "--output=json"
        )
        if status == 0:
            metadata = json.loads(output)["metadata"]
            if "deletionTimestamp" in metadata:
                raise WalkError(
                    f"the namespace {self.namespace} is being deleted: wait for its end"
                )
            return OURS in metadata.get("labels", {})
        if "Forbidden" in complaint:
            # Whoever may not look at namespaces has one that was given.
            return False
        if "NotFound" not in complaint:
            raise WalkError(f"the cluster does not answer: {complaint}")
        labels = {OURS: "true", "pod-security.kubernetes.io/enforce": "restricted"}
        self._kubectl.apply(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": self.namespace, "labels": labels},
            }
        )
        return True

    def deploy(self, image: str, replicas: int, seconds: float) -> list[Pod]:
        """
        Apply kube/ in the namespace, and return its pods when all are ready.

        Raises:
            WalkError: it takes too long, or a pod cannot start.
        """
        self.make_namespace()
        self.apply(image)
        self.scale(replicas)
        return self.wait_until_settled(replicas, seconds)

    def apply(self, image: str) -> None:
        """Apply kube/ as it is, but for the namespace and the image."""
        with kustomization(self.namespace, image) as folder:
            self._kubectl.run("apply", f"--kustomize={folder}")

    def apply_config(self, document: str) -> None:
        """Apply the ConfigMap with `document` as its config.yaml."""
        manifest = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "labels": {"app.kubernetes.io/name": NAME}},
            "data": {"config.yaml": document},
        }
        self._kubectl.apply(manifest)

    def apply_text(self, manifest: str) -> None:
        """Apply a manifest as it is."""
        self._kubectl.run("apply", "--filename=-", text=manifest)

    def scale(self, replicas: int) -> None:
        """See to it that there are `replicas` at least, without waiting for the HPA."""
        if self._deployment()["spec"]["replicas"] < replicas:
            self._kubectl.run("scale", f"deployment/{NAME}", f"--replicas={replicas}")

    def annotate(self) -> None:
        """Change an annotation of every pod, so that its kubelet looks at once."""
        # A pod may end while this is on its way, which is no failure.
        status, _, complaint = self._kubectl.try_(
            "annotate",
            "pods",
            f"--selector={SELECTOR}",
            "--overwrite",
            f"liveconfig-changed={time.time_ns()}",
        )
        if status != 0 and "not found" not in complaint.lower():
            raise WalkError(f"the pods cannot be annotated: {complaint}")

    def delete_pod(self, pod: Pod) -> None:
        """Delete a pod, gracefully, and do not wait for its end."""
        self._kubectl.run("delete", "pod", pod.name, "--wait=false")

    def restart(self) -> None:
        """Begin a rolling restart."""
        self._kubectl.run("rollout", "restart", f"deployment/{NAME}")

    def clean_up(self, seconds: float) -> str:
        """Delete what was made here within a time; say in a sentence what that was."""
        status, output, complaint = self._kubectl.try_(
            "get", "namespace", self.namespace, "--output=json"
        )
        if status != 0 and "NotFound" in complaint:
            return f"there is no namespace {self.namespace}: nothing to clean up"
        if status != 0 and "Forbidden" not in complaint:
            raise WalkError(f"the cluster does not answer: {complaint}")
        if status == 0 and OURS in json.loads(output)["metadata"].get("labels", {}):
            self._kubectl.run(
                "delete",
                "namespace",
                self.namespace,
                f"--timeout={seconds:.0f}s",
                seconds=seconds,
            )
            return f"the namespace {self.namespace} is deleted"
        self.client.delete()
        with kustomization(self.namespace, "") as folder:
            self._kubectl.run(
                "delete",
                f"--kustomize={folder}",
                "--ignore-not-found",
                "--wait=false",
            )
        return f"the service is deleted; the namespace {self.namespace} stays"

    def wait_until_settled(self, replicas: int, seconds: float) -> list[Pod]:
        """
        Wait until the newest rollout is through and there are enough pods.

        Raises:
            WalkError: it takes too long, or a pod cannot start.
        """
        deadline = time.monotonic() + seconds
        since: dict[str, float] = {}
        while True:
            pods, now = self.pods(), time.monotonic()
            if len(pods) >= replicas and self.is_settled(pods):
                return pods
            since = {pod.uid: since.get(pod.uid, now) for pod in pods if pod.trouble}
            for pod in pods:
                if now - since.get(pod.uid, now) > TROUBLE_SECONDS:
                    hint = HINT if "Image" in pod.trouble else ""
                    raise WalkError(f"{pod.name} does not start: {pod.trouble}{hint}")
            if now > deadline:
                ready = sum(pod.is_ready for pod in pods)
                # Of pods that were never made only the events say why.
                command = " ".join(self._kubectl.command("get", "events"))
                raise WalkError(
                    f"after {seconds:.0f} s {ready} of {replicas} pods are ready: "
                    f"{command} says why"
                )
            time.sleep(0.3)

    def is_settled(self, pods: Sequence[Pod]) -> bool:
        """Return whether these pods are all that the Deployment wants, and ready."""
        deployment = self._deployment()
        status, wanted = deployment["status"], deployment["spec"]["replicas"]
        seen = status.get("observedGeneration", 0)
        return (
            seen >= deployment["metadata"]["generation"]
            and status.get("updatedReplicas", 0) == wanted
            and status.get("replicas", 0) == wanted
            and status.get("readyReplicas", 0) == wanted
            and len(pods) == wanted
            and all(pod.is_ready for pod in pods)
        )

    def pods(self) -> list[Pod]:
        """Return the pods of the service that are not ending, by name."""
        items = self._kubectl.json("get", "pods", f"--selector={SELECTOR}")["items"]
        alive = (
            item
            for item in items
            if "deletionTimestamp" not in item["metadata"]
            and item["status"].get("phase") not in ("Failed", "Succeeded")
        )
        return sorted((_pod(item) for item in alive), key=lambda pod: pod.name)

    def watch(
        self, pods: Sequence[Pod], seconds: float, document: str | None
    ) -> Iterator[Answer]:
        """
        Wait in all pods at once for all of their workers; yield each when it is there.

        Args:
            pods: where to wait.
            seconds: when to give up.
            document: the config that is to be served, or a manifest with it; None for
                a rejection.
        """
        with ThreadPoolExecutor(max(1, len(pods))) as pool:
            asked = [pool.submit(self._wait, pod, seconds, document) for pod in pods]
            for each in as_completed(asked):
                yield each.result()

    def _wait(self, pod: Pod, seconds: float, document: str | None) -> Answer:
        goal, wanted = ("--file=-", "live")
        if document is None:
            goal, wanted = ("--rejected", "rejected")
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            # What is on the way may take a connection on which nothing comes for dead.
            patience = min(left, ROUND_SECONDS)
            ended = self._waited(pod, patience, goal, document or "")
            if ended["outcome"] != "late" or patience == left:
                break
        if ended["outcome"] != wanted:
            return Answer(pod, reason=ended["reason"])
        status, changed_at = ended["status"], None
        if status["changed_at"] is not None:
            ago = _instant(ended["at"]) - _instant(status["changed_at"])
            changed_at = time.monotonic() - ago.total_seconds()
        return Answer(pod, status, changed_at=changed_at)

    def _waited(self, pod: Pod, seconds: float, goal: str, text: str) -> dict[str, Any]:
        """Run `liveconfig wait` in a pod, and return what it says of its end."""
        wait = ("liveconfig", "wait", goal, "--json", f"--timeout={seconds:.1f}")
        _, output, complaint = self._kubectl.in_pod(
            pod.name, NAME, *wait, text=text, seconds=seconds
        )
        if not output:
            return {"outcome": "", "reason": last_line(complaint) or "it ends"}
        ended = json.loads(output)
        assert isinstance(ended, dict)
        return ended

    def start_client(self, seconds: float) -> None:
        """Start the client, with the image and the rights of the service."""
        self.client.start(self._deployment(), *self.service(), seconds)

    def _deployment(self) -> Any:
        return self._kubectl.json("get", "deployment", NAME)

    def service(self) -> tuple[str, int]:
        """Return the address and the port at which clients reach the service."""
        spec = self._kubectl.json("get", "service", NAME)["spec"]
        (port,) = (port["port"] for port in spec["ports"] if port["name"] == "http")
        return spec["clusterIP"], port


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _pod(item: Any) -> Pod:
    (container,) = (c for c in item["spec"]["containers"] if c["name"] == NAME)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    status = item["status"]
    conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
    containers = status.get("containerStatuses", [])
    waiting = [each.get("state", {}).get("waiting", {}) for each in containers]
    trouble = [w for w in waiting if w.get("reason") in HOPELESS]
    return Pod(
        name=item["metadata"]["name"],
        uid=item["metadata"]["uid"],
        node=item["spec"].get("nodeName", ""),
        address=status.get("podIP", ""),
        port=ports["http"],
        admin_port=ports["admin"],
        is_ready=conditions.get("Ready") == "True",
        restarts=sum(each.get("restartCount", 0) for each in containers),
        trouble=": ".join(
            text for w in trouble for text in (w["reason"], w.get("message", ""))
        ),
    )
