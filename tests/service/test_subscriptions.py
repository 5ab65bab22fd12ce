"""What an application subscribes, in real workers of each kind, while they serve."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import StartServer
from tests.support.eventually import eventually
from tests.support.volume import ConfigMapVolume

_APP = """
import logging

from liveconfig import ConfigManager

log = logging.getLogger("gunicorn.error")
manager = ConfigManager()
told = []


def keep(old, new, changed):
    # Both sides take the locks of `logging` all the time.
    for line in range(20):
        log.info("told %d", new.version)
    told.append([old.version if old else 0, new.version, *changed])


def fail(old, new, changed):
    raise ValueError(f"version {new.version} is not for me")


manager.subscribe(keep)
manager.subscribe(fail)


def app(environ, start_response):
    import json, os

    for line in range(20):
        log.info("asked")
    answer = {"pid": os.getpid(), "message": manager.get()["message"], "told": told}
    body = json.dumps(answer).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""

_CONF = """
from liveconfig.gunicorn import *

wsgi_app = "callbacks:app"
"""

# As applications do that patch before anything else is imported.
_EARLY = "from gevent import monkey\n\nmonkey.patch_all()\n"

_FLIPS = 20


@pytest.mark.parametrize(
    ("kind", "first_lines"),
    [
        (["sync"], ""),
        (["sync", "--preload"], ""),
        (["gthread", "--threads=4"], ""),
        (["gevent"], ""),
        (["gevent", "--preload"], ""),
        (["gevent"], _EARLY),
    ],
    ids=["sync", "preload", "gthread", "gevent", "gevent-preload", "gevent-early"],
)
def test_callbacks_are_told_while_requests_are_served(
    start_server: StartServer,
    volume: ConfigMapVolume,
    tmp_path: Path,
    kind: list[str],
    first_lines: str,
) -> None:
    """Under load and flips, no request fails or waits, and the last version is told."""
    (tmp_path / "callbacks.py").write_text(_APP)
    conf = tmp_path / "callbacks_conf.py"
    conf.write_text(first_lines + _CONF)
    server = start_server(
        volume.path("config.yaml"),
        arguments=["--worker-class", *kind],
        config_file=conf,
        environ={"PYTHONPATH": str(tmp_path)},
        probe="/",
    )

    def ask(_: int) -> Any:
        answer = server.get()
        assert answer.status == 200
        return json.loads(answer.text)

    with ThreadPoolExecutor(4) as pool:
        for number in range(_FLIPS):
            volume.flip({"config.yaml": f"message: number {number}\n"})
            answers = list(pool.map(ask, range(8)))
    newest = f"number {_FLIPS - 1}"

    def told_by_each() -> Any:
        with ThreadPoolExecutor(4) as pool:
            answers = {answer["pid"]: answer for answer in pool.map(ask, range(8))}
        last = [answer["told"][-1] for answer in answers.values()]
        is_newest = all(answer["message"] == newest for answer in answers.values())
        versions = {version for _, version, *_ in last}
        return len(answers) == 2 and is_newest and len(versions) == 1 and answers

    for answer in eventually(told_by_each).values():
        told = answer["told"]
        # Each begins where the one before ended.
        assert [old for old, *_ in told] == [0, *(new for _, new, *_ in told[:-1])]
        assert all(changed == ["message"] for _, _, *changed in told[1:])
    assert server.lines(r"callback callbacks\.fail failed for version \d+")
    assert answers
