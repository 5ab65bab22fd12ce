"""The walk of kube/tools, with a stand-in kubectl and real services."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.support.cluster import Cluster
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.kubectl import StandIn
from tests.support.kustomize import build
from tests.support.source_code import ROOT
from tests.support.tools import Unserved, needs_kubectl

pytestmark = pytest.mark.cluster

MakeWalk = Callable[..., "Walk"]
_COMMAND = [sys.executable, "-B", "-m", "kube.tools"]


class Walk:
    """A cluster, its kubectl, and the walk through it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.cluster = Cluster(folder, **options)
        self.kubectl = StandIn(self.cluster)

    def run(self, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
        """Run the walk to its end, with nobody to answer questions."""
        return subprocess.run(
            _COMMAND + list(arguments),
            cwd=ROOT,
            env={**os.environ, "PATH": path or self._path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10 * PATIENCE_SECONDS,
        )

    def run_in_terminal(self, *arguments: str, answer: str) -> tuple[str, int]:
        """Run it in a terminal, answer its question, return it and the status."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            _COMMAND + list(arguments),
            cwd=ROOT,
            env={**os.environ, "PATH": self._path},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        shown = b""
        while not shown.rstrip().endswith(b"[y/N]"):
            shown += os.read(ours, 4096)
        os.write(ours, f"{answer}\n".encode())
        status = process.wait(PATIENCE_SECONDS)
        os.close(ours)
        return shown.decode(), status

    @property
    def _path(self) -> str:
        return f"{self.kubectl.folder}:{os.environ['PATH']}"

    def close(self) -> None:
        """End everything."""
        self.kubectl.close()
        self.cluster.close()


@pytest.fixture
def make_walk(tmp_path: Path) -> Iterator[MakeWalk]:
    """A function that makes a cluster with its kubectl."""
    walks: list[Walk] = []

    def make(**options: Any) -> Walk:
        walks.append(Walk(tmp_path, **options))
        return walks[-1]

    yield make
    for walk in walks:
        walk.close()


CONTEXT = "--context=stand-in"


def test_demo_shows_the_whole_walk(make_walk: MakeWalk) -> None:
    """It applies, asks, edits, sees every worker of every pod change; twice as well."""
    walk = make_walk()
    for _ in range(2):
        done = walk.run("--show", CONTEXT)
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(re.findall(r"liveconfig-\d+\): Hello World", done.stdout)) == 3
        assert done.stdout.count(": every worker serves it\n") == 2 * 3
        found = re.findall(
            r"(liveconfig-\d +\d+) +(\d+\.\d+) s +\d+\.\d ms +\d+\.\d ms", done.stdout
        )
        workers, rows = zip(*found, strict=True)
        assert workers[:6] == workers[6:]
        assert len(set(workers)) == 3 * 2
        # No sooner than the kubelet finds it by itself.
        assert min(map(float, rows[:6])) >= 0.5
        assert " 0 requests failed" in done.stdout
        assert "sed 's/Hello World/Hello Grandma/' kube/configmap.yaml |" in done.stdout
        assert "kubectl apply -f kube/configmap.yaml\n" in done.stdout
    # Of each walk the beginning and the second edit have the kubelets look at once.
    changed = [call for call in walk.kubectl.calls if "liveconfig-changed" in str(call)]
    assert len(changed) == 4


@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "given"])
def test_cleanup_deletes_what_was_made(make_walk: MakeWalk, is_ours: bool) -> None:
    """A namespace that was there before stays, without the service; ours goes."""
    walk = make_walk()
    if not is_ours:
        namespace = {"kind": "Namespace", "metadata": {"name": "liveconfig-walk"}}
        walk.cluster.apply(namespace)
    done = walk.run("--show", CONTEXT, "--replicas=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(walk.cluster.clients) == len(walk.cluster.pods()) == 1
    done = walk.run(CONTEXT, "--cleanup")
    assert done.returncode == 0, done.stderr
    assert walk.cluster.clients == {}
    assert walk.cluster.pods(with_ending=True) == []
    namespaces = [name for kind, name in walk.cluster.objects if kind == "Namespace"]
    assert namespaces == ([] if is_ours else ["liveconfig-walk"])


def test_trial_passes_where_the_service_holds(make_walk: MakeWalk) -> None:
    """Under load, with a bad config, a deletion and a restart, nothing fails."""
    walk = make_walk()
    done = walk.run(CONTEXT, "--updates=8")
    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout.split("\n\n")[-2]
    assert table.count("served by all") == 7
    assert table.count("rejected by all") == 1
    assert "a pod is deleted" in table
    assert "all are restarted" in table
    assert "; 0 failed" in done.stdout
    # The first three, one for the deleted, three for the restart.
    assert {int(pod.name.rpartition("-")[2]) for pod in walk.cluster.pods()} <= {
        4,
        5,
        6,
    }


def test_trial_fails_where_a_pod_gets_no_updates(make_walk: MakeWalk) -> None:
    """A pod whose volume never changes is named, and the exit status says it."""
    walk = make_walk(deaf=1)
    # Else the time that is set below would be the one of their start as well.
    _deploy(walk.cluster, replicas=3)
    done = walk.run(CONTEXT, "--updates=8", "--timeout=5")
    assert done.returncode == 1
    (failure,) = re.findall(r"FAILED: (.*)", done.stdout)
    assert re.search(
        r"liveconfig-1 does not .*: not live after .*: version \d+ is still sha256:",
        failure,
    )


def test_trial_fails_where_requests_do(make_walk: MakeWalk) -> None:
    """Pods that end without a pause and without grace fail requests, and the trial."""
    walk = make_walk(end_signal=signal.SIGKILL, keeps_ending=True)
    done = walk.run(CONTEXT, "--updates=8")
    assert done.returncode == 1, done.stdout
    assert re.search(r"FAILED: \d+ requests failed: ", done.stdout)
    assert "served by all" in done.stdout


def test_trial_takes_no_fewer_updates_than_its_plan_needs(make_walk: MakeWalk) -> None:
    """With too few there is no middle to disturb: that is wrong usage."""
    done = make_walk().run(CONTEXT, "--updates=7")
    assert done.returncode == 2
    assert "at least 8" in done.stderr


@pytest.mark.parametrize("arguments", [["--show"], []], ids=["demo", "test"])
def test_context_has_to_be_named_where_nobody_can_be_asked(
    make_walk: MakeWalk, arguments: list[str]
) -> None:
    """Nothing is touched in a cluster that happens to be the current one."""
    walk = make_walk()
    done = walk.run(*arguments)
    assert done.returncode == 1
    assert "say so with --context=stand-in" in done.stderr
    assert walk.kubectl.calls == [["config", "current-context"]]


@pytest.mark.parametrize("answer", ["y", "n"])
def test_context_is_asked_for_in_a_terminal(make_walk: MakeWalk, answer: str) -> None:
    """Whoever runs it by hand is shown the context, and a no touches nothing."""
    walk = make_walk()
    question, status = walk.run_in_terminal("--cleanup", answer=answer)
    assert "in the context stand-in? [y/N]" in question
    assert status == (0 if answer == "y" else 1)
    assert len(walk.kubectl.calls) == (2 if answer == "y" else 1)


def test_missing_kubectl_is_told(make_walk: MakeWalk) -> None:
    """Without kubectl there is one sentence that says so."""
    walk = make_walk()
    walk.kubectl.folder.joinpath("kubectl").unlink()
    done = walk.run("--show", CONTEXT, path=str(walk.kubectl.folder))
    assert done.returncode == 1
    assert done.stderr.startswith("kubectl is not on the PATH")


def test_wrong_context_is_told(make_walk: MakeWalk) -> None:
    """What kubectl complains of is passed on, in one line."""
    done = make_walk().run("--show", "--context=another")
    assert done.returncode == 1
    assert "context was not found" in done.stderr
    assert done.stderr.count("\n") == 1


def test_pod_that_cannot_start_is_told(make_walk: MakeWalk) -> None:
    """An image that is not there is named soon; with another one the next run works."""
    walk = make_walk(trouble="ErrImagePull")
    done = walk.run("--show", CONTEXT, "--replicas=1", "--image=not:there")
    assert done.returncode == 1
    assert "liveconfig-0 does not start: ErrImagePull" in done.stderr
    walk.cluster.trouble = ""
    done = walk.run("--show", CONTEXT, "--replicas=1", "--image=is:there")
    assert done.returncode == 0, done.stderr


def test_missing_pods_are_told(make_walk: MakeWalk) -> None:
    """Where the time is over it says what to run in order to see why."""
    walk = make_walk(trouble="ContainerCreating")
    done = walk.run("--show", CONTEXT, "--timeout=0")
    assert done.returncode == 1
    assert re.search(
        r"0 of 3 .*kubectl --context=stand-in --namespace=liveconfig-walk get events",
        done.stderr,
    )


def _deploy(cluster: Cluster, replicas: int) -> None:
    """Apply kube/ and wait until so many pods are ready."""
    for manifest in build(ROOT / "kube"):
        cluster.apply(manifest)
    cluster.scale(replicas)
    eventually(lambda: sum(pod.is_ready for pod in cluster.pods()) == replicas)


def test_objects_of_the_cluster_match_the_schema(make_walk: MakeWalk) -> None:
    """What the stand-in shows has the shape of what an API server shows."""
    cluster = make_walk().cluster
    _deploy(cluster, replicas=1)
    (pod,) = cluster.pods()
    version = kubernetes_validate.latest_version()
    for each in (pod.as_object(), cluster.deployment(), cluster.service()):
        kubernetes_validate.validate(each, version, strict=True)


@needs_kubectl
def test_real_kubectl_knows_every_verb_and_flag(
    make_walk: MakeWalk, tmp_path: Path
) -> None:
    """Given the same command lines, the real one misses a server and nothing else."""
    walk = make_walk()
    assert walk.run("--show", CONTEXT, "--replicas=1").returncode == 0
    walk.run(CONTEXT, "--cleanup")
    calls = {_shape(call): call for call in walk.kubectl.calls}
    calls |= {
        _shape(call): call
        for call in (
            [CONTEXT, "delete", "pod", "liveconfig-0", "--wait=false"],
            [CONTEXT, "rollout", "restart", "deployment/liveconfig"],
            [CONTEXT, "delete", f"--kustomize={ROOT / 'kube'}", "--ignore-not-found"],
        )
    }
    kubectl = Unserved(tmp_path)
    manifest = (ROOT / "kube" / "configmap.yaml").read_text()
    for call in calls.values():
        call = [
            f"--kustomize={ROOT / 'kube'}" if each.startswith("--kustomize") else each
            for each in call
        ]
        assert kubectl.complaint(call, manifest) is None, call
    assert len(calls) >= 12


def _shape(call: list[str]) -> str:
    """Return verb and flags: what two calls of one kind have in common."""
    own = call[: call.index("--")] if "--" in call else call
    return " ".join(
        each.partition("=")[0] if each.startswith("-") else each for each in own
    )
