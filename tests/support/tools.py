"""
Tools that not every machine has, and what tests do where one is missing.

Owns: which there have to be, and from which version on; a cluster that is not there.
Must not know: what is tested with them.
Runs in: the test process.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.support.server import free_port

# An older one has a kustomize that knows neither folders nor patches as these are.
_KUBECTL_MINOR_MIN = 28


def _needs(program: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        shutil.which(program) is None,
        reason=f"{program} is not installed (on Debian: apt install {package})",
    )


@cache
def _problem_of_kubectl() -> str:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return "kubectl is not installed"
    command = [kubectl, "version", "--client", "--output=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    version = json.loads(done.stdout)["clientVersion"]
    (minor,) = re.findall(r"^\d+", version["minor"])
    if int(minor) < _KUBECTL_MINOR_MIN:
        return f"kubectl is {version['gitVersion']}, older than 1.{_KUBECTL_MINOR_MIN}"
    return ""


needs_kubectl = pytest.mark.skipif(
    bool(_problem_of_kubectl()), reason=_problem_of_kubectl()
)
needs_bindfs = pytest.mark.skipif(
    shutil.which("bindfs") is None or not os.access("/dev/fuse", os.W_OK),
    reason="no FUSE (/dev/fuse), or no bindfs (on Debian: apt install bindfs)",
)
needs_promtool = _needs("promtool", "prometheus")
needs_prometheus = _needs("prometheus", "prometheus")
needs_nginx = _needs("nginx", "nginx")

_NO_SERVER = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:%d"}}]
contexts: [{name: stand-in, context: {cluster: none, user: nobody}}]
users: [{name: nobody, user: {}}]
current-context: stand-in
"""


class Unserved:
    """The real kubectl, with a context `stand-in` where no server answers."""

    def __init__(self, directory: Path) -> None:
        """Keep its configuration in `directory`."""
        config = directory / "unserved"
        config.write_text(_NO_SERVER % free_port())
        self._kubectl = str(shutil.which("kubectl"))
        self._environ = {**os.environ, "KUBECONFIG": str(config)}
        self._environ["HOME"] = str(directory)

    def complaint(self, arguments: Sequence[str], text: str) -> str | None:
        """Return what is wrong with a command line but for the server, None if good."""
        done = subprocess.run(
            [self._kubectl, *arguments],
            env=self._environ,
            input=text,
            capture_output=True,
            text=True,
        )
        is_good = done.returncode == 0 or "refused" in done.stderr
        return None if is_good else done.stderr
