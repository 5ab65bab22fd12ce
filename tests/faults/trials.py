"""
Deaths of the publisher while a config that hurts is on trial.

Owns: the config that hurts, and the steps at which the publisher dies.
Must not know: what is checked in the end.
Runs in: the test process.

What hurts are callbacks, so that no request fails.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
        assert not stage.directory.joinpath("death").exists()
        stage.request_some()
        stage.edits.flip()

    return run
