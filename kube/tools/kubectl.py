"""
kubectl, and kube/ as it is applied.

Owns: running kubectl; the kustomization that sets image and namespace.
Must not know: what the service is, what is asked of it.
Runs in: a terminal on any machine with Python 3.10 and kubectl.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1]
NAME = "liveconfig"
IN_POD = Path(__file__).with_name("in_pod.py")

_SECONDS = 120


class WalkError(Exception):
    """It cannot go on; the message says why and what to do."""


class Kubectl:
    """kubectl, bound to one context and one namespace."""

    def __init__(self, context: str, namespace: str) -> None:
        self._base = ["kubectl", f"--context={context}", f"--namespace={namespace}"]

    def command(self, *arguments: str) -> list[str]:
        """Return the whole command line."""
        return [*self._base, *arguments]

    def try_(
        self, *arguments: str, text: str = "", seconds: float = 0
    ) -> tuple[int, str, str]:
        """Run it to its end; return its status, output and complaint."""
        done = subprocess.run(
            self.command(*arguments),
            input=text,
            capture_output=True,
            text=True,
            # What takes so long by itself has its say before it is given up.
            timeout=_SECONDS + seconds,
        )
        return done.returncode, done.stdout, done.stderr.strip()

    def run(self, *arguments: str, text: str = "", seconds: float = 0) -> str:
        """
        Run it and return its output.

        Raises:
            WalkError: it did not work; the message is kubectl's.
        """
        status, output, complaint = self.try_(*arguments, text=text, seconds=seconds)
        if status != 0:
            raise WalkError(f"kubectl {' '.join(arguments)}: {complaint}")
        return output

    def json(self, *arguments: str) -> Any:
        """Run it for an object."""
        return json.loads(self.run(*arguments, "--output=json"))

    def apply(self, manifest: dict[str, Any]) -> None:
        """Apply one object."""
        self.run("apply", "--filename=-", text=json.dumps(manifest))

    def in_pod(
        self, pod: str, container: str, *program: str, text: str, seconds: float = 0
    ) -> tuple[int, str, str]:
        """Run a program in a pod with `text` as its input, as `try_` runs kubectl."""
        place = (pod, f"--container={container}", "--stdin")
        return self.try_("exec", *place, "--", *program, text=text, seconds=seconds)


def last_line(complaint: str) -> str:
    """Return the last line of what a program in a pod complained of, "" if none."""
    lines = complaint.strip().splitlines()
    # What kubectl exec adds says only that there was something.
    own = [line for line in lines if not line.startswith("command terminated with")]
    return own[-1] if own else ""


@contextlib.contextmanager
def kustomization(namespace: str, image: str = "") -> Iterator[Path]:
    """Make a folder, for a moment, that takes kube/ and sets namespace and image."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        fields: dict[str, Any] = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": namespace,
            # kustomize takes no absolute path.
            "resources": [os.path.relpath(FOLDER, folder)],
        }
        if image:
            fields["images"] = [{"name": NAME, **image_fields(image)}]
        # JSON is YAML.
        (folder / "kustomization.yaml").write_text(json.dumps(fields))
        yield folder


def image_fields(image: str) -> dict[str, str]:
    """Return name, and tag or digest, of an image as kustomize wants them."""
    name, at, digest = image.partition("@")
    if at:
        return {"newName": name, "digest": digest}
    # A colon before the last slash is the port of a registry.
    path, slash, last = image.rpartition("/")
    last, _, tag = last.partition(":")
    return {"newName": path + slash + last, "newTag": tag or "latest"}
