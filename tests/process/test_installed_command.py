"""The installed `liveconfig` as people run it: its pipes, Ctrl-C and what it finds."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.ran import write
from tests.support.status_document import (
    OTHER_DIGEST,
    StandIn,
    document,
    worker,
)

pytestmark = pytest.mark.usefixtures("directory")

_BEHIND = [worker(21), worker(22, 2)]


def test_installed_command_finds_a_schema_in_the_working_directory(
    directory: Path,
) -> None:
    """The command that people type finds the project's own schema."""
    declaration = "class Shop(Struct, frozen=True):\n    message: str\n"
    write("shop.py", f"from msgspec import Struct\n\n{declaration}")
    path = write("c.yaml", "message: a\n")
    command = [Path(sys.executable).with_name("liveconfig"), "check", path]
    ran = subprocess.run(
        [*command, "--schema=shop:Shop"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("c.yaml: ok, sha256:")


def test_what_cannot_be_shown_is_escaped(directory: Path) -> None:
    """Neither a name that is not UTF-8 nor a terminal that is not is a traceback."""
    command = [Path(sys.executable).with_name("liveconfig"), "check", b"\xff.yaml"]
    Path(os.fsdecode(b"\xff.yaml")).write_text("message: a\n")
    environ = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(command, capture_output=True, env=environ)
    assert (ran.returncode, ran.stdout[:16]) == (0, rb"\udcff.yaml: ok,")
    write("c.yaml", "message: \u20ac\n")
    environ["PYTHONIOENCODING"] = "ascii"
    command = [command[0], "show", "c.yaml"]
    ran = subprocess.run(command, capture_output=True, env=environ)
    assert json.loads(ran.stdout) == {"message": "\u20ac"}


def test_reader_that_goes_away_is_no_traceback(directory: Path) -> None:
    """`liveconfig show | head -0` ends quietly."""
    path = write("c.yaml", "\n".join(f"key-{n}: {n}" for n in range(20_000)))
    command = Path(sys.executable).with_name("liveconfig")
    with subprocess.Popen(
        [command, "show", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


@contextlib.contextmanager
def _started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the installed command until the end of the block."""
    command = [Path(sys.executable).with_name("liveconfig"), *arguments]
    environ = {**os.environ, "PYTHONUNBUFFERED": "", "COLUMNS": "20"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environ, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def _interrupted(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


def test_watch_writes_a_block_for_each_change_until_ctrl_c(stand_in: StandIn) -> None:
    """Into a pipe each state comes at once and once; Ctrl-C is no traceback."""
    good, behind = document(), document(workers=_BEHIND)
    stand_in.documents = [good, good, behind, good]
    with _started("status", "--watch", "--url", stand_in.url) as process:
        assert process.stdout is not None
        heads = (line.rstrip() for line in process.stdout if line[0] in "LV")
        assert [next(heads) for _ in range(3)] == [
            "Live: version 3 in both workers",
            "Version 3 is live in 1 of 2 workers, 1 behind",
            "Live: version 3 in both workers",
        ]
        assert len(stand_in.requests) == 4
        assert _interrupted(process) == (130, "")


def test_watch_waits_for_a_service_that_is_not_there(stand_in: StandIn) -> None:
    """It says so, and shows the service as soon as it answers."""
    stand_in.says(b"")
    with _started("status", "--watch", "--url", stand_in.url) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"not there: {stand_in.url}/status")
        stand_in.answer = stand_in.good
        assert "Live: version 3 in both workers\n" in process.stdout
        assert _interrupted(process) == (130, "")


def test_wait_can_be_interrupted(stand_in: StandIn) -> None:
    """Ctrl-C ends a wait with the status that shells know, and no traceback."""
    arguments = ["--digest", OTHER_DIGEST, "--url", stand_in.url]
    with _started("wait", *arguments) as process:
        eventually(lambda: stand_in.requests)
        assert _interrupted(process) == (130, "")
