"""
A cluster of one node for tests: real servers as pods, real flips as a kubelet's.

Owns: the objects that were applied; a Deployment's pods, their volumes, their ends; a
    Service that leads to the ready ones; when a volume is updated.
Must not know: kubectl, who asks.
Runs in: the test process; each pod is a gunicorn with workers and a publisher.

What is not here: scheduling, networks, policies, probes. A pod's address is the one of
this machine, and its ports are what the kernel chose; its manifest is told so.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path

from tests.support.eventually import spend
from tests.support.kustomize import Object
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

ADDRESS = "127.0.0.1"
NODE = "node-1"
_Files = dict[str, str]


class Container:
    """What runs in a container beside its first process, and ends with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Run each program in this environment."""
        self._environ = environ
        self._guard = threading.Lock()
        self._programs: list[subprocess.Popen[str]] = []
        self._has_ended = False

    def execute(self, program: Sequence[str], text: str) -> tuple[int, str, str]:
        """Run a program to its end; return its status, output and complaint."""
        pipe = subprocess.PIPE
        path = Path(sys.executable).with_name(program[0])
        with self._guard:
            if self._has_ended:
                return 1, "", "error: container not found\n"
            process = subprocess.Popen(
                [path, *program[1:]],
                env=self._environ,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                text=True,
            )
            self._programs.append(process)
        output, complaint = process.communicate(text)
        return process.returncode, output, complaint

    def end_programs(self) -> None:
        """Kill whatever runs."""
        with self._guard:
            self._has_ended = True
            for process in self._programs:
                process.kill()


class Pod(Container):
    """
    A pod of the Deployment: its object, its server, its volume.

    Attributes:
        template: the pod template that it was made from.
        trouble: why its container is said to wait, "" if it does not.
    """

    def __init__(
        self, name: str, template: Object, files: _Files, folder: Path
    ) -> None:
        """Start the server; it is not ready yet."""
        self.name = name
        self.template = template
        self.files = files
        self.is_ready = self.is_ending = False
        self.trouble = ""
        self._uid = str(uuid.uuid4())
        self._created = time.time()
        self._folder = folder / name
        self._lock = threading.Lock()
        self._volume = ConfigMapVolume(self._folder / "volume", files)
        (container,) = template["spec"]["containers"]
        self.server = Server(
            self._volume.path("config.yaml"),
            self._folder,
            environ={"LIVECONFIG_CACHE_DIR": str(self._folder / "cache")},
        )
        # As the image has it.
        super().__init__(
            {
                "PATH": os.environ["PATH"],
                "LIVECONFIG_ADMIN_PORT": str(self.server.admin_port),
                "LIVECONFIG_SCHEMA": "liveconfig.reference.config:ServiceConfig",
            }
        )
        ports = {"http": self.server.port, "admin": self.server.admin_port}
        self._spec = {**deepcopy(template["spec"]), "nodeName": NODE}
        for port in self._spec["containers"][0]["ports"]:
            port["containerPort"] = ports[port["name"]]
        self._image = container["image"]

    def flip(self, files: _Files) -> None:
        """Update the volume, as a kubelet does, if there is anything new."""
        with self._lock:
            if files != self.files and not self.is_ending:
                self.files = files
                self._volume.flip(files)

    def end(self, pause_seconds: float, number: signal.Signals) -> None:
        """Take no new connections, wait until all know, and end the server."""
        with self._lock:
            self.is_ending = True
        spend(pause_seconds)
        if number is signal.SIGKILL:
            for process in self.server.family():
                process.kill()
        self.server.stop()
        self.end_programs()

    def as_object(self) -> Object:
        """Return the pod as the API server shows it."""
        metadata: Object = {
            "name": self.name,
            "uid": self._uid,
            "creationTimestamp": _time(self._created),
            "labels": self.template["metadata"]["labels"],
        }
        if self.is_ending:
            metadata["deletionTimestamp"] = _time(time.time())
        ready = "True" if self.is_ready else "False"
        state: Object = {"running": {"startedAt": _time(self._created)}}
        if self.trouble:
            state = {"waiting": {"reason": self.trouble}}
        container = {
            "name": "liveconfig",
            "image": self._image,
            "imageID": self._image,
            "ready": self.is_ready,
            "restartCount": 0,
            "state": state,
        }
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": self._spec,
            "status": {
                "phase": "Running",
                "podIP": ADDRESS,
                "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [container],
            },
        }


class ClientPod(Container):
    """A pod that runs one command, and what it printed."""

    def __init__(self, manifest: Object, folder: Path) -> None:
        """Start the command."""
        super().__init__(os.environ)
        (container,) = manifest["spec"]["containers"]
        program, *arguments = container["command"]
        assert program == "python"
        self.manifest = manifest
        self._log = folder / f"client-{uuid.uuid4()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments], stdout=log, stderr=log
            )

    @property
    def lines(self) -> list[str]:
        """The whole lines that it printed so far."""
        return self._log.read_text().split("\n")[:-1]

    def end(self) -> None:
        """End the command as a container's."""
        self.process.terminate()
        self.process.wait(60)
        self.end_programs()


class Balancer:
    """A Service's address: each connection goes to some ready pod."""

    def __init__(self, targets: Callable[[], list[int]]) -> None:
        """Listen; `targets` returns the ports that are ready now."""
        self._targets = targets
        self._listening = socket.create_server((ADDRESS, 0), backlog=128)
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(
                target=self._carry, args=(connection,), daemon=True
            ).start()

    def _carry(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, IndexError):
            port = random.choice(self._targets())
            with socket.create_connection((ADDRESS, port), 10) as server:
                to = {client: server, server: client}
                while to:
                    readable, _, _ = select.select([client, server], [], [], 10)
                    for source in readable:
                        data = source.recv(65536)
                        if not data:
                            return
                        to[source].sendall(data)


class Cluster:
    """
    The objects of one namespace, and what a cluster makes of them.

    Attributes:
        context: the name by which kubectl knows it.
        objects: what was applied, by kind and name.
        clients: the pods without a Deployment.
        trouble: why no pod starts that is made from now on, "" if they do.
    """

    def __init__(
        self,
        folder: Path,
        *,
        kubelet_seconds: tuple[float, float] = (0.5, 1.5),
        pause_seconds: float = 0.5,
        deaf: int | None = None,
        end_signal: signal.Signals = signal.SIGTERM,
        keeps_ending: bool = False,
        trouble: str = "",
    ) -> None:
        """
        Make an empty cluster.

        Args:
            folder: for volumes and logs.
            kubelet_seconds: how long a kubelet takes to find a change by itself.
            pause_seconds: between the end of new connections and that of a pod.
            deaf: the number of a pod, from 0, whose volume is never updated.
            end_signal: how pods are ended.
            keeps_ending: whether the Service leads to pods that are ending as well.
            trouble: see the attribute.
        """
        self.context = "stand-in"
        self.objects: dict[tuple[str, str], Object] = {}
        self.clients: dict[str, ClientPod] = {}
        self._folder = folder
        self._kubelet_seconds = kubelet_seconds
        self._pause_seconds = pause_seconds
        self._deaf = deaf
        self._end_signal = end_signal
        self._keeps_ending = keeps_ending
        self.trouble = trouble
        self._pods: dict[str, Pod] = {}
        self._numbers = itertools.count()
        self._generation = self._observed = 0
        self._lock = threading.RLock()
        self._timers: list[threading.Timer] = []
        self._ends: list[threading.Thread] = []
        self._is_over = threading.Event()
        self._something = threading.Event()
        self.balancer = Balancer(self._ready_ports)
        self._controller = threading.Thread(target=self._control)
        self._controller.start()

    def close(self) -> None:
        """End everything."""
        self._is_over.set()
        self._something.set()
        self._controller.join()
        self.balancer.close()
        self.forget_all()

    def forget_all(self, *, keeps_namespace: bool = False) -> None:
        """Delete all objects, and wait for the end of all pods."""
        with self._lock:
            self.objects = {
                (kind, name): each
                for (kind, name), each in self.objects.items()
                if keeps_namespace and kind == "Namespace"
            }
            for timer in self._timers:
                timer.cancel()
            clients, pods = list(self.clients.values()), list(self._pods.values())
            self.clients.clear()
        for client in clients:
            client.end()
        for pod in pods:
            self._end(pod, pause_seconds=0.0)
        for thread in self._ends:
            thread.join()

    def apply(self, manifest: Object) -> None:
        """Take an object, and act on it as the cluster does."""
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        with self._lock:
            before = self.objects.get((kind, name))
            self.objects[kind, name] = manifest
            if kind == "Deployment":
                # What is not in the manifest stays, or begins with the default.
                if before is not None:
                    spec, old = manifest["spec"], before["spec"]
                    spec.setdefault("replicas", old["replicas"])
                    annotations = old["template"]["metadata"].get("annotations", {})
                    if annotations:
                        spec["template"]["metadata"]["annotations"] = annotations
                manifest["spec"].setdefault("replicas", 1)
                self._generation += 1
            elif kind == "ConfigMap" and before != manifest:
                self._plan_updates()
            elif kind == "Pod":
                self.clients[name] = ClientPod(manifest, self._folder)
        self._something.set()

    def deployment(self) -> Object:
        """Return the Deployment with its status."""
        with self._lock:
            manifest = deepcopy(self.objects["Deployment", "liveconfig"])
            wanted = manifest["spec"]["template"]
            pods = self.pods()
            manifest["metadata"]["generation"] = self._generation
            manifest["status"] = {
                "observedGeneration": self._observed,
                "replicas": len(pods),
                "updatedReplicas": sum(pod.template == wanted for pod in pods),
                "readyReplicas": sum(pod.is_ready for pod in pods),
            }
            return manifest

    def service(self) -> Object:
        """Return the Service with its address."""
        with self._lock:
            manifest = deepcopy(self.objects["Service", "liveconfig"])
        manifest["spec"]["clusterIP"] = ADDRESS
        (port,) = manifest["spec"]["ports"]
        port["port"] = self.balancer.port
        return manifest

    def pods(self, *, with_ending: bool = False) -> list[Pod]:
        """Return the Deployment's pods."""
        with self._lock:
            pods = list(self._pods.values())
        return [pod for pod in pods if with_ending or not pod.is_ending]

    def scale(self, replicas: int) -> None:
        """Set the Deployment's number of replicas."""
        with self._lock:
            self.objects["Deployment", "liveconfig"]["spec"]["replicas"] = replicas
            self._generation += 1
        self._something.set()

    def restart(self) -> None:
        """Change the Deployment's template, so that each pod is made anew."""
        with self._lock:
            template = self.objects["Deployment", "liveconfig"]["spec"]["template"]
            annotations = template["metadata"].setdefault("annotations", {})
            annotations["kubectl.kubernetes.io/restartedAt"] = _time(time.time())
            self._generation += 1
        self._something.set()

    def annotated(self) -> None:
        """Update every volume at once, as a kubelet does that sees its pod change."""
        for pod in self.pods():
            self._update(pod)

    def delete_pod(self, name: str) -> None:
        """End a pod of the Deployment, which is then missing one."""
        self._end(self._pods[name])
        self._something.set()

    def _ready_ports(self) -> list[int]:
        pods = self.pods(with_ending=self._keeps_ending)
        return [pod.server.port for pod in pods if pod.is_ready or pod.is_ending]

    def _files(self) -> _Files:
        files = self.objects["ConfigMap", "liveconfig"]["data"]
        assert isinstance(files, dict)
        return files

    def _plan_updates(self) -> None:
        for pod in self.pods():
            seconds = random.uniform(*self._kubelet_seconds)
            timer = threading.Timer(seconds, self._update, [pod])
            self._timers.append(timer)
            timer.start()

    def _update(self, pod: Pod) -> None:
        with self._lock:
            is_there = ("ConfigMap", "liveconfig") in self.objects
            files = self._files() if is_there else pod.files
        if not pod.name.endswith(f"-{self._deaf}"):
            pod.flip(files)

    def _control(self) -> None:
        """Do what Deployment and ReplicaSet do, one step at a time."""
        while not self._is_over.is_set():
            if not self._step():
                self._something.wait(0.05)
                self._something.clear()

    def _step(self) -> bool:
        """Make or end one pod; tell whether there was anything to do."""
        with self._lock:
            manifest = self.objects.get(("Deployment", "liveconfig"))
            # A kubelet starts no container whose volume is not there yet.
            if manifest is None or ("ConfigMap", "liveconfig") not in self.objects:
                return False
            generation = self._generation
            template, replicas = (
                manifest["spec"]["template"],
                manifest["spec"]["replicas"],
            )
            pods = self.pods()
            old = [pod for pod in pods if pod.template != template]
            self._observed = generation
            if len(pods) - len(old) < replicas and len(pods) <= replicas:
                pod = self._make(deepcopy(template))
                pod.trouble = self.trouble
            elif old or len(pods) > replicas:
                self._end((old or pods)[0])
                return True
            else:
                return False
        with contextlib.suppress(AssertionError):
            pod.server.wait_until_ready()
            pod.is_ready = not pod.trouble
        return True

    def _make(self, template: Object) -> Pod:
        name = f"liveconfig-{next(self._numbers)}"
        pod = Pod(name, template, self._files(), self._folder)
        self._pods[name] = pod
        return pod

    def _end(self, pod: Pod, pause_seconds: float | None = None) -> None:
        pause = self._pause_seconds if pause_seconds is None else pause_seconds
        pod.is_ready, pod.is_ending = False, True

        def end() -> None:
            pod.end(pause, self._end_signal)
            with self._lock:
                self._pods.pop(pod.name, None)

        thread = threading.Thread(target=end)
        self._ends.append(thread)
        thread.start()


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
