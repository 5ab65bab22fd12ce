"""
The walk as assertions, under constant load: updates in a row, a bad one among them, a
pod deleted and a rolling restart in between.

Owns: the order of what is done, what has to come of it, the table.
Must not know: how anything is done in the cluster.
Runs in: a terminal on any machine with Python 3.10 and kubectl.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

from kube.tools.cluster import Answer, Cluster
from kube.tools.report import table

UPDATES_MIN = 8
# After that it is looked at anew which pods there are.
ROUND_SECONDS = 20
BAD = "message: [never served\n"
HEADINGS = ("update", "meanwhile", "pods", "workers", "apply to last volume", "result")


@dataclass(frozen=True)
class Update:
    """
    One change of the ConfigMap.

    Attributes:
        number: from 1.
        disturbance: what is done to the pods right before: "", "delete" or "restart".
        is_bad: whether the config is one that must be rejected.
        is_overlapping: whether pods may still come and go when the next one follows.
    """

    number: int
    disturbance: str = ""
    is_bad: bool = False
    is_overlapping: bool = False

    @property
    def message(self) -> str:
        """What is served once it arrived."""
        return f"Hello number {self.number}"

    @property
    def document(self) -> str:
        """What the ConfigMap holds."""
        return BAD if self.is_bad else f"message: {self.message}\n"


def plan(count: int) -> list[Update]:
    """Return the updates, with the disturbances in the middle of them."""
    bad, delete, restart = count // 3, count // 2, 2 * count // 3
    return [
        Update(
            number,
            disturbance={delete: "delete", restart: "restart"}.get(number, ""),
            is_bad=number == bad,
            is_overlapping=number in (delete, restart, restart + 1),
        )
        for number in range(1, count + 1)
    ]


class Trial:
    """One run: what was done, and every sentence on what went wrong."""

    def __init__(self, cluster: Cluster, options: argparse.Namespace) -> None:
        self.cluster = cluster
        self.options = options
        self.failures: list[str] = []
        self.rows: list[tuple[str, ...]] = []
        self.served = {"Hello World"}
        # What was before is not held against the service.
        self.restarts: dict[str, int] = {}
        # The newest digest that is good, which a bad update must leave alone.
        self.digest = ""

    def run(self) -> int:
        """Do everything, print the table, return the exit status."""
        cluster, options = self.cluster, self.options
        pods = cluster.deploy(options.image, options.replicas, options.timeout)
        self.restarts = {pod.uid: pod.restarts for pod in pods}
        self._update(Update(0))
        cluster.start_client(120)
        for update in plan(options.updates):
            # What fails once fails for each of the rest, and each takes its time.
            if not self.failures:
                self._disturb(update)
                self._update(update)
                print(" ".join(filter(None, self.rows[-1])), flush=True)
        self._look_at_load()
        print(f"\n{table(HEADINGS, self.rows)}\n")
        for failure in self.failures:
            print(f"FAILED: {failure}")
        print("failed" if self.failures else "ok")
        return 1 if self.failures else 0

    def _disturb(self, update: Update) -> None:
        if update.disturbance == "delete":
            self.cluster.delete_pod(self.cluster.pods()[0])
        elif update.disturbance == "restart":
            self.cluster.restart()

    def _update(self, update: Update) -> None:
        """Change the ConfigMap, and wait until every worker of every pod has it."""
        start = time.monotonic()
        if not update.is_bad:
            self.served.add(update.message)
        self.cluster.apply_config(update.document)
        self.cluster.annotate()
        answers = self._converge(update, start)
        problems = list(self._problems(update, answers))
        self.failures += [f"update {update.number}: {text}" for text in problems]
        if update.number:
            self.rows.append(self._row(update, start, answers, problems))

    def _converge(self, update: Update, start: float) -> list[Answer]:
        """Return the answers of the pods that are there in the end."""
        deadline = start + self.options.timeout
        answers: dict[str, Answer] = {}
        late: dict[str, Answer] = {}
        document = None if update.is_bad else update.document
        while True:
            pods = [pod for pod in self.cluster.pods() if pod.is_ready]
            is_settled = update.is_overlapping or self.cluster.is_settled(
                self.cluster.pods()
            )
            missing = [pod for pod in pods if pod.uid not in answers]
            left = deadline - time.monotonic()
            if (pods and not missing and is_settled) or left < 0:
                answers = {**late, **answers}
                return [
                    answers.get(pod.uid, Answer(pod, reason="too late")) for pod in pods
                ]
            patience = min(left, ROUND_SECONDS)
            for answer in self.cluster.watch(missing, patience, document):
                # Without a status its pod may be gone; then it is not in the next list.
                (late if answer.status is None else answers)[answer.pod.uid] = answer
            if late:
                # A pod that was made meanwhile was not annotated.
                self.cluster.annotate()

    def _problems(self, update: Update, answers: list[Answer]) -> Iterator[str]:
        """Yield a sentence on everything that is not as it has to be."""
        if len(answers) < (1 if update.is_overlapping else self.options.replicas):
            yield f"only {len(answers)} pods are ready"
        digests: set[str] = set()
        for answer in answers:
            name, status = answer.pod.name, answer.status
            if status is None:
                yield f"{name} does not get there: {answer.reason}"
                continue
            digests.add(status["digest"])
            if status["publisher"]["state"] != "running":
                yield f"{name}: the publisher is {status['publisher']['state']}"
            if not update.is_bad and status["rejected"]:
                yield f"{name} still names a rejected config"
            if answer.pod.restarts > self.restarts.get(answer.pod.uid, 0):
                yield f"a container of {name} was restarted"
        if len(digests) > 1:
            yield f"the pods serve {len(digests)} configs"
        elif update.is_bad and digests - {self.digest}:
            yield "a rejected config has changed what is served"
        elif digests and not update.is_bad:
            (self.digest,) = digests

    def _row(
        self,
        update: Update,
        start: float,
        answers: list[Answer],
        problems: list[str],
    ) -> tuple[str, ...]:
        good = "rejected by all" if update.is_bad else "served by all"
        flips = [each.changed_at for each in answers if each.changed_at]
        workers = [len(each.status["workers"]) for each in answers if each.status]
        meanwhile = {"delete": "a pod is deleted", "restart": "all are restarted"}
        return (
            f"{update.number} (bad)" if update.is_bad else f"{update.number}",
            meanwhile.get(update.disturbance, ""),
            f"{len(answers)}",
            f"{sum(workers)}",
            # Of a config that is rejected nobody knows when it came.
            "" if update.is_bad else f"{max([start, *flips]) - start:.2f} s",
            "FAILED" if problems else good,
        )

    def _look_at_load(self) -> None:
        """Look at what the client in the cluster has seen all the time."""
        counted = self.cluster.client.counted_at_end()
        if not counted:
            self.failures.append("the client in the cluster has stopped asking")
            return
        print(
            f"\n{counted['answered']} requests answered in {counted['seconds']} s, "
            f"the slowest in {1000 * counted['slowest']:.0f} ms; "
            f"{counted['failed']} failed"
        )
        if counted["failed"]:
            problems = "; ".join(counted["problems"])
            self.failures.append(f"{counted['failed']} requests failed: {problems}")
        if strange := counted["texts"].keys() - self.served:
            self.failures.append(f"it was answered {sorted(strange)[:3]}")
        if len(counted["texts"]) < 2:
            self.failures.append("it has not seen any change")
