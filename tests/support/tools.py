"""
Tools that not every machine has, and what tests do where one is missing.

Owns: which there have to be, and from which version on.
Must not know: what is tested with them.
Runs in: the test process.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache

import pytest

# An older one has a kustomize that knows neither folders nor patches as these are.
_KUBECTL_MINOR_MIN = 28


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
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool is not installed (on Debian: apt install prometheus)",
)
