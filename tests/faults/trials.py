"""
Deaths of the publisher, or of the worker that tries it, while a config is on trial.

Owns: the config that hurts, and the steps at which the publisher dies.
Must not know: what is checked in the end.
Runs in: the test process.

What hurts are callbacks, so that no request fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from tests.faults.service import HARMFUL
from tests.faults.stage import Scene, Stage
from tests.support.eventually import eventually

Steps = Callable[[Stage], None]

SCENE = Scene(
    arguments=[
        "--env=LIVECONFIG_SCHEMA=tests.faults.service:PaddedConfig",
        "tests.faults.service:app",
    ],
    environ={
        "PYTHONPATH": str(Path(__file__).with_name("deaths")),
        "DEATH_FILE": "{directory}/death",
        # Enough for the callbacks on a machine that is busy.
        "LIVECONFIG_TRIAL_SECONDS": "10",
    },
)
# The answers name two versions for as long as one worker tries a config.
ALONE = replace(
    SCENE,
    environ={**SCENE.environ, "LIVECONFIG_TRIAL": "canary"},
    is_versioned=False,
)


def killed_at(step: str) -> Steps:
    """Return the steps of a row in which the publisher dies right before this one."""

    def run(stage: Stage) -> None:
        server = stage.server
        eventually(lambda: server.status()["proven"])
        publisher = stage.publisher()
        stage.directory.joinpath("death").write_text(step)
        stage.volume.flip({"config.yaml": f"message: {HARMFUL}\n"})
        eventually(lambda: server.publisher not in (publisher, None))
        eventually(lambda: server.status()["withdrawn"])
        eventually(lambda: server.get().text == "one")
        digest = server.status()["digest"]
        assert not stage.directory.joinpath("death").exists()
        stage.request_some()
        stage.edits.flip()
        # Until it has passed, the one worker that tries it answers otherwise.
        eventually(lambda: server.status()["digest"] != digest)
        eventually(lambda: server.status()["converged"])

    return run


def killed_worker(stage: Stage) -> None:
    """Kill the one worker that tries a config that is good."""
    server = stage.server
    eventually(lambda: server.status()["proven"])
    stage.edits.flip()
    stage.request_some()
    first = eventually(lambda: _trying(server.status()))
    psutil.Process(first).kill()
    stage.blows += 1
    eventually(lambda: _trying(server.status()) not in (first, 0))
    eventually(lambda: server.status()["converged"])
    assert server.status()["withdrawn"] is None


def _trying(status: Any) -> int:
    """Return the process that has what is on trial, 0 for none."""
    trial = status["trial"] or {"worker": 0, "version": 0}
    held = {each["pid"]: each["version"] for each in status["workers"]}
    pid = int(trial["worker"] or 0)
    return pid if pid and held.get(pid) == trial["version"] else 0
