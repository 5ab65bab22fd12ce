"""One client and several workers: versions go on growing if it brings them along."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from tests.service.conftest import StartServer
from tests.support.edits import Edits
from tests.support.volume import ConfigMapVolume

_EDITS = 12
_PADDING_BYTES = 600_000

_WSGI = """
import falcon

from liveconfig import ConfigManager
from liveconfig.falcon import SnapshotMiddleware


class Message:
    def on_get(self, req, resp):
        resp.text = req.context.snapshot.config["message"]


middleware = SnapshotMiddleware(ConfigManager(), at_least_seconds=60.0)
app = falcon.App(middleware=[middleware])
app.add_route("/", Message())
"""

_CONF = """
from liveconfig.gunicorn import *
wsgi_app = "wide_falcon:app"
pythonpath = {directory!r}
"""


def test_client_that_brings_its_version_along_never_goes_back(
    start_server: StartServer, tmp_path: Path, volume: ConfigMapVolume
) -> None:
    """Whichever worker answers, and however long each takes to decode."""
    (tmp_path / "wide_falcon.py").write_text(_WSGI)
    conf = tmp_path / "conf.py"
    conf.write_text(_CONF.format(directory=str(tmp_path)))
    path = volume.path("config.yaml")
    server = start_server(path, probe="/", workers=4, config_file=conf)
    edits = Edits(volume, _PADDING_BYTES)
    seen = [1]
    for _ in range(_EDITS):
        newest = edits.flip()
        answer = server.get(Config_Version=str(seen[-1]))
        # Some more, as it is answered by another worker after the first.
        left = 8
        while left:
            seen.append(int(answer.headers["config-version"]))
            left -= answer.text == newest
            answer = server.get(Config_Version=str(seen[-1]))
    assert [pair for pair in pairwise(seen) if pair[0] > pair[1]] == []
    assert seen[-1] == 1 + _EDITS
