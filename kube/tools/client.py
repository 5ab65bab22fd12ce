"""
A client in the cluster that asks the service all the time.

Owns: its pod; reading what it counted.
Must not know: what happens to the service meanwhile.
Runs in: a terminal on any machine with Python 3.10 and kubectl.
"""

from __future__ import annotations

import json
import time
from typing import Any

from kube.tools.kubectl import IN_POD, NAME, Kubectl, WalkError, last_line

CLIENT = "liveconfig-client"


class Client:
    """The pod of the client."""

    def __init__(self, kubectl: Kubectl) -> None:
        """Use `kubectl`; nothing is started yet."""
        self._kubectl = kubectl

    def start(self, deployment: Any, host: str, port: int, seconds: float) -> None:
        """
        Start the client anew, and wait until it has been answered.

        Raises:
            WalkError: it does not start.
        """
        self.delete()
        self._kubectl.apply(client_manifest(deployment, host, port))
        deadline = time.monotonic() + seconds
        while not self.counted().get("answered"):
            if time.monotonic() > deadline:
                raise WalkError(
                    f"the pod {CLIENT} asks, but is not answered, or does not start: "
                    f"kubectl describe pod {CLIENT}; kubectl logs {CLIENT}"
                )
            time.sleep(0.3)

    def delete(self) -> None:
        """Delete the pod, if it is there, and wait for its end."""
        self._kubectl.run("delete", "pod", CLIENT, "--ignore-not-found")

    def ask(self, host: str, port: int) -> str:
        """Return what the client is answered at an address in the cluster."""
        program = ("python", "-", "ask", host, str(port), "/")
        source = IN_POD.read_text()
        status, output, complaint = self._kubectl.in_pod(
            CLIENT, "client", *program, text=source
        )
        if status != 0:
            raise WalkError(f"{host}:{port} does not answer: {last_line(complaint)}")
        return output.removesuffix("\n")

    def counted(self) -> dict[str, Any]:
        """Return what was counted so far, {} before the first second."""
        status, output, _ = self._kubectl.try_("logs", CLIENT, "--tail=1")
        try:
            counted = json.loads(output) if status == 0 and output.strip() else {}
        except ValueError:
            # A line that is being written.
            return {}
        assert isinstance(counted, dict)
        return counted

    def counted_at_end(self, seconds: float = 30) -> dict[str, Any]:
        """Return what was counted until now, {} if the client asks no more."""
        before = self.counted().get("seconds", 0)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            counted = self.counted()
            # Two more: the last seconds are then counted in full.
            if counted.get("seconds", 0) >= before + 2:
                return counted
            time.sleep(0.3)
        return {}


def client_manifest(deployment: Any, host: str, port: int) -> dict[str, Any]:
    """Return a pod that asks the service all the time, with the service's own image."""
    pod = deployment["spec"]["template"]["spec"]
    (container,) = (c for c in pod["containers"] if c["name"] == NAME)
    source = IN_POD.read_text()
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": CLIENT, "labels": {"app.kubernetes.io/name": CLIENT}},
        "spec": {
            "restartPolicy": "Never",
            "serviceAccountName": pod.get("serviceAccountName", "default"),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            # Nobody has to remember it.
            "activeDeadlineSeconds": 2 * 3600,
            "securityContext": pod["securityContext"],
            "containers": [
                {
                    "name": "client",
                    "image": container["image"],
                    "imagePullPolicy": container["imagePullPolicy"],
                    "command": ["python", "-c", source, "load", host, str(port), "4"],
                    "securityContext": container["securityContext"],
                    "resources": {
                        "requests": {"cpu": "50m", "memory": "48Mi"},
                        "limits": {"memory": "128Mi"},
                    },
                }
            ],
        },
    }
