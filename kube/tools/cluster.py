"""
The service in a cluster, by way of kubectl and nothing else.

Owns: applying kube/, changing it, what pods there are and what each says, cleaning up.
Must not know: what is demonstrated or asserted.
Runs in: a terminal on any machine with Python 3.10 and kubectl.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from kube.tools.client import Client
from kube.tools.kubectl import (
    FOLDER,
    IN_POD,
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
    What one pod said until all of its workers were there, or it was given up.

    Attributes:
        status: its `/status` in the end; None if it was given up.
        reason: why it was given up.
        changed_at: when the pod's volume changed, as of this process's monotonic clock;
            None if its publisher has not seen it change.
    """

    pod: Pod
    status: Any = None
    reason: str = ""
    changed_at: float | None = None


class Watch:
    """Pods that are being asked, each by a process of its own inside it."""

    def __init__(
        self,
        kubectl: Kubectl,
        pods: Sequence[Pod],
        seconds: float,
        message: str | None,
    ) -> None:
        """Begin to ask; see `Cluster.watch`."""
        self._kubectl = kubectl
        self._seconds = seconds
        self._message = message
        self._has_begun = [threading.Event() for _ in pods]
        self._pool = ThreadPoolExecutor(max(1, len(pods)))
        self._asked = [
            self._pool.submit(self._until, pod, has_begun)
            for pod, has_begun in zip(pods, self._has_begun, strict=True)
        ]

    def wait_until_begun(self) -> None:
        """Wait until every pod is being asked, so that no change goes by unseen."""
        for has_begun in self._has_begun:
            has_begun.wait(self._seconds)

    def answers(self) -> Iterator[Answer]:
        """Yield the answer of each pod when it comes."""
        with self._pool:
            for each in as_completed(self._asked):
                yield each.result()

    def _until(self, pod: Pod, has_begun: threading.Event) -> Answer:
        answer = Answer(pod)
        try:
            for event in self._events(pod):
                has_begun.set()
                if event["event"] != "there":
                    answer.reason = event["reason"]
                    continue
                answer.status = event["status"]
                if event["changed_before"] is not None:
                    answer.changed_at = time.monotonic() - event["changed_before"]
        finally:
            has_begun.set()
        return answer

    def _events(self, pod: Pod) -> Iterator[dict[str, Any]]:
        """Run in_pod.py in a pod, and yield what it prints as it does."""
        seconds, admin_port = f"{self._seconds:.0f}", str(pod.admin_port)
        goal = ["until-rejected", seconds, pod.address, admin_port]
        if self._message is not None:
            goal = ["until-served", seconds, pod.address, str(pod.port), admin_port]
            goal.append(self._message)
        with (
            IN_POD.open("rb") as source,
            subprocess.Popen(
                self._kubectl.in_pod(pod.name, NAME, *goal),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
        ):
            assert process.stdout is not None
            assert process.stderr is not None
            has_given_up = False
            for line in process.stdout:
                event = json.loads(line)
                has_given_up = event["event"] == "gave up"
                yield event
            complaint = process.stderr.read()
        if process.returncode != 0 and not has_given_up:
            yield {"event": "gave up", "reason": last_line(complaint) or "it ends"}


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

    def edit(self, old: str, new: str) -> None:
        """Apply kube/configmap.yaml with one text in the place of another."""
        text = (FOLDER / "configmap.yaml").read_text()
        assert old in text
        self._kubectl.run("apply", "--filename=-", text=text.replace(old, new))

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

    def watch(self, pods: Sequence[Pod], seconds: float, message: str | None) -> Watch:
        """
        Begin to ask all pods at once, until all of their workers are there.

        Args:
            pods: whom to ask.
            seconds: when to give up.
            message: what is to be served, None for a rejection.
        """
        return Watch(self._kubectl, pods, seconds, message)

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
