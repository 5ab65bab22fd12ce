"""
The whole walk, to be looked at: make the ConfigMap, run the pods, edit, see it live.

Owns: the steps, what is printed of them.
Must not know: how anything is done in the cluster.
Runs in: a terminal on any machine with Python 3.10 and kubectl.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

from kube.tools.cluster import Answer, Cluster, Pod
from kube.tools.kubectl import FOLDER, WalkError
from kube.tools.report import table

BEFORE = "Hello World"
AFTER = "Hello Grandma"
HEADINGS = ("pod", "worker", "apply to volume", "to publication", "to worker")


def demonstrate(cluster: Cluster, options: argparse.Namespace) -> int:
    """Take all steps; return 0 if everything came as it should."""
    pods = set_up(cluster, options)
    show_answers(cluster, pods)
    print(f"\n3. {BEFORE} becomes {AFTER}; the kubelets find out by themselves.")
    print("   That takes up to a minute and a half, for each pod another time.")
    change(cluster, options, AFTER, annotates=False)
    print(
        f"\n4. {AFTER} becomes {BEFORE} again, and every pod is annotated right after."
    )
    print("   A kubelet that sees its pod change looks at the ConfigMap at once.")
    change(cluster, options, BEFORE, annotates=True)
    counted = cluster.client.counted_at_end()
    if not counted:
        raise WalkError("the client in the cluster has stopped asking")
    print(
        f"\nMeanwhile the client was answered {counted['answered']} times; "
        f"{counted['failed']} requests failed. {'; '.join(counted['problems'])}"
    )
    restarts = sum(pod.restarts for pod in cluster.pods())
    print(f"Restarts of containers since the pods are there: {restarts}.")
    print(f"All of it stays in the namespace {cluster.namespace} until --cleanup.")
    return 1 if counted["failed"] else 0


def set_up(cluster: Cluster, options: argparse.Namespace) -> list[Pod]:
    """Apply everything and wait until every worker serves the first message."""
    print(f"1. kubectl apply -k kube/, with the image {options.image}")
    pods = cluster.deploy(options.image, options.replicas, options.timeout)
    # An earlier run may have left another message.
    cluster.annotate()
    for answer in cluster.watch(pods, options.timeout, manifest(BEFORE)):
        check(answer)
    print(f"   {len(pods)} pods are ready:")
    for pod in pods:
        print(f"   {pod.name} on {pod.node}")
    return pods


def show_answers(cluster: Cluster, pods: list[Pod]) -> None:
    """Ask the Service and each pod from inside the cluster."""
    print("\n2. curl, from a pod of the cluster (by its Python: the image has no curl)")
    cluster.start_client(120)
    places = [("the Service", *cluster.service())]
    places += [(pod.name, pod.address, pod.port) for pod in pods]
    for where, host, port in places:
        print(f"   {host}:{port} ({where}): {cluster.client.ask(host, port)}")


def change(
    cluster: Cluster,
    options: argparse.Namespace,
    new: str,
    *,
    annotates: bool,
) -> None:
    """Edit the message, from the one in kube/configmap.yaml, and watch it arrive."""
    if new == BEFORE:
        print("   $ kubectl apply -f kube/configmap.yaml")
    else:
        print(f"   $ sed 's/{BEFORE}/{new}/' kube/configmap.yaml | kubectl apply -f -")
    start = time.monotonic()
    cluster.apply_text(manifest(new))
    if annotates:
        print("   $ kubectl annotate pods --selector=... liveconfig-changed=...")
        cluster.annotate()
    found: list[tuple[str, ...]] = []
    for answer in cluster.watch(cluster.pods(), options.timeout, manifest(new)):
        check(answer)
        found += rows(answer, start)
        print(f"   {answer.pod.name}: every worker serves it", flush=True)
    print(f"\n{table(HEADINGS, sorted(found))}")


def manifest(message: str) -> str:
    """Return kube/configmap.yaml with a message."""
    text = (FOLDER / "configmap.yaml").read_text()
    assert BEFORE in text
    return text.replace(BEFORE, message)


def rows(answer: Answer, start: float) -> Iterator[tuple[str, ...]]:
    """Yield how long each worker of a pod took, in the words of the table."""
    delays = answer.status["delays"]
    for worker in answer.status["workers"]:
        flipped = "started with it"
        if answer.changed_at is not None:
            flipped = f"{answer.changed_at - start:.2f} s"
        yield (
            answer.pod.name,
            f"{worker['pid']}",
            flipped,
            _milliseconds(delays["publisher_ms"]),
            _milliseconds(worker["delay_ms"]),
        )


def _milliseconds(took: float | None) -> str:
    return "started with it" if took is None else f"{took:.1f} ms"


def check(answer: Answer) -> None:
    """
    Go on if all workers of the pod are there.

    Raises:
        WalkError: they are not; names the pod and says how far it came.
    """
    if answer.status is None:
        raise WalkError(f"{answer.pod.name} does not get there: {answer.reason}")
