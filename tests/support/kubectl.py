"""
A stand-in `kubectl` on the PATH that acts on a cluster of the tests.

Owns: the verbs and flags that kube/tools use, what they print, and how they fail.
Must not know: what they are used for.
Runs in: the test process, in a thread; `kubectl_command` is what is started.

A verb or flag that is not known here is refused, as the real kubectl refuses what it
does not know. That the real one knows all of these is a test of its own.
"""

from __future__ import annotations

import json
import socketserver
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support.cluster import Cluster, Container
from tests.support.kustomize import Object, build
from tests.support.source_code import ROOT

_FLAGS = {
    "--container",
    "--context",
    "--filename",
    "--ignore-not-found",
    "--kustomize",
    "--namespace",
    "--output",
    "--overwrite",
    "--replicas",
    "--selector",
    "--stdin",
    "--tail",
    "--timeout",
    "--wait",
}


class Answer(NamedTuple):
    """What the command prints, and its status."""

    output: str = ""
    complaint: str = ""
    status: int = 0


class RefusedError(Exception):
    """The command fails; the message is what it complains of."""


class Call(NamedTuple):
    """A command line, taken apart."""

    words: list[str]
    flags: dict[str, str]
    program: list[str]
    text: str


class StandIn:
    """
    The command, and the thread that answers it.

    Attributes:
        folder: to be put on the PATH.
        calls: every command line so far.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Make the command for `cluster`."""
        self._cluster = cluster
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self._temporary.name)
        self.calls: list[list[str]] = []
        address = str(self.folder / "socket")
        command = self.folder / "kubectl"
        command.write_text(
            f"#!{sys.executable}\n"
            "import sys\n"
            f"sys.path.insert(0, {str(ROOT)!r})\n"
            "from tests.support.kubectl_command import main\n"
            f"sys.exit(main({address!r}, sys.argv[1:]))\n"
        )
        command.chmod(0o755)
        self._server = socketserver.ThreadingUnixStreamServer(
            address, self._handler(), bind_and_activate=True
        )
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._temporary.cleanup()

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        stand_in = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                message = json.loads(self.rfile.readline())
                answer = stand_in.answer(message["arguments"], message["text"])
                self.wfile.write(json.dumps(answer).encode() + b"\n")

        return Handler

    def answer(self, arguments: list[str], text: str) -> dict[str, Any]:
        """Do what a command line says, and return what the command is to do."""
        self.calls.append(arguments)
        try:
            call = parsed(arguments, text)
            if call.words[0] == "exec":
                return self._exec(call)._asdict()
            return Answer(self._do(call))._asdict()
        except RefusedError as refusal:
            return Answer(complaint=f"{refusal}\n", status=1)._asdict()

    def _do(self, call: Call) -> str:
        verb, *words = call.words
        if call.words == ["config", "current-context"]:
            return f"{self._cluster.context}\n"
        if call.flags.get("--context") != self._cluster.context:
            raise RefusedError("error: context was not found for specified context")
        verbs: dict[str, Callable[[Call, list[str]], str]] = {
            "annotate": self._annotate,
            "apply": self._apply,
            "delete": self._delete,
            "get": self._get,
            "logs": self._logs,
            "rollout": self._rollout,
            "scale": self._scale,
        }
        if verb not in verbs:
            raise RefusedError(f'error: unknown command "{verb}" for "kubectl"')
        return verbs[verb](call, words)

    def _apply(self, call: Call, words: list[str]) -> str:
        assert not words
        if "--kustomize" in call.flags:
            manifests = build(Path(call.flags["--kustomize"]))
        else:
            manifests = list(yaml.safe_load_all(call.text))
        # As kubectl does: what others need comes first.
        order = ["Namespace", "ServiceAccount", "ConfigMap", "Service", "Deployment"]
        for manifest in sorted(
            manifests,
            key=lambda each: (
                order.index(each["kind"]) if each["kind"] in order else len(order)
            ),
        ):
            self._cluster.apply(manifest)
        return "".join(f"{_reference(each)} configured\n" for each in manifests)

    def _get(self, call: Call, words: list[str]) -> str:
        assert call.flags["--output"] == "json"
        if words == ["pods"]:
            assert call.flags["--selector"] == "app.kubernetes.io/name=liveconfig"
            pods = self._cluster.pods(with_ending=True)
            items = [pod.as_object() for pod in pods]
            return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        kind, name = words
        found = self._find(kind.capitalize(), name)
        if kind == "deployment":
            found = self._cluster.deployment()
        elif kind == "service":
            found = self._cluster.service()
        return json.dumps(found)

    def _find(self, kind: str, name: str) -> Object:
        try:
            return self._cluster.objects[kind, name]
        except KeyError:
            plural = f"{kind.lower()}s"
            raise RefusedError(
                f'Error from server (NotFound): {plural} "{name}" not found'
            ) from None

    def _annotate(self, call: Call, words: list[str]) -> str:
        assert words[0] == "pods"
        assert "--overwrite" in call.flags
        self._cluster.annotated()
        return ""

    def _delete(self, call: Call, words: list[str]) -> str:
        if "--kustomize" in call.flags:
            for manifest in build(Path(call.flags["--kustomize"])):
                self._find(manifest["kind"], manifest["metadata"]["name"])
            self._cluster.forget_all(keeps_namespace=True)
            return "deleted\n"
        kind, name = words
        if kind == "namespace":
            self._find("Namespace", name)
            self._cluster.forget_all()
        elif name in self._cluster.clients:
            del self._cluster.objects["Pod", name]
            self._cluster.clients.pop(name).end()
        elif name in {pod.name for pod in self._cluster.pods()}:
            assert call.flags["--wait"] == "false"
            self._cluster.delete_pod(name)
        elif "--ignore-not-found" not in call.flags:
            raise RefusedError(f'Error from server (NotFound): pods "{name}" not found')
        return f'{kind} "{name}" deleted\n'

    def _scale(self, call: Call, words: list[str]) -> str:
        assert words == ["deployment/liveconfig"]
        self._cluster.scale(int(call.flags["--replicas"]))
        return "deployment.apps/liveconfig scaled\n"

    def _rollout(self, call: Call, words: list[str]) -> str:
        assert words == ["restart", "deployment/liveconfig"]
        self._cluster.restart()
        return "deployment.apps/liveconfig restarted\n"

    def _logs(self, call: Call, words: list[str]) -> str:
        (name,) = words
        self._find("Pod", name)
        lines = self._cluster.clients[name].lines[-int(call.flags["--tail"]) :]
        return "".join(f"{line}\n" for line in lines)

    def _exec(self, call: Call) -> Answer:
        _, name = call.words
        pods: dict[str, Container] = {
            pod.name: pod for pod in self._cluster.pods(with_ending=True)
        }
        containers = pods | self._cluster.clients
        if name not in containers:
            raise RefusedError(f'Error from server (NotFound): pods "{name}" not found')
        assert call.flags["--container"] == ("liveconfig" if name in pods else "client")
        assert "--stdin" in call.flags
        status, output, complaint = containers[name].execute(call.program, call.text)
        if status != 0:
            complaint += f"command terminated with exit code {status}\n"
        return Answer(output, complaint, status)


def parsed(arguments: list[str], text: str = "") -> Call:
    """
    Take a command line apart.

    Raises:
        RefusedError: there is a flag that is not known.
    """
    program: list[str] = []
    if "--" in arguments:
        split = arguments.index("--")
        arguments, program = arguments[:split], arguments[split + 1 :]
    words = [each for each in arguments if not each.startswith("-")]
    flags = {
        name: value
        for name, _, value in (
            each.partition("=") for each in arguments if each.startswith("-")
        )
    }
    for name in flags:
        if name not in _FLAGS:
            raise RefusedError(f"error: unknown flag: {name}")
    return Call(words, flags, program, text)


def _reference(manifest: Object) -> str:
    return f"{manifest['kind'].lower()}/{manifest['metadata']['name']}"
