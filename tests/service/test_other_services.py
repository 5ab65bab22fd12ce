"""The operators' port in a service that is not the reference service."""

from __future__ import annotations

import json
from pathlib import Path

from tests.service.conftest import StartServer
from tests.support.eventually import eventually
from tests.support.volume import ConfigMapVolume

_CONFIG = """
import msgspec

from liveconfig import Secret


class ShopConfig(msgspec.Struct, frozen=True):
    message: str
    api_key: Secret
"""

# Plain WSGI, as any framework's application is to it.
_WSGI = """
import os

from liveconfig import ConfigManager
from liveconfig.operators.admin import create_admin_app
from liveconfig.wsgi import by_port

from shop_config import ShopConfig

manager = ConfigManager(ShopConfig)


def shop(environ, start_response):
    body = manager.get().message.encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


admin_port = int(os.environ["LIVECONFIG_ADMIN_PORT"])
app = by_port(shop, {admin_port: create_admin_app(manager)})
"""

_CONF = """
from liveconfig.gunicorn import *

wsgi_app = "shop_wsgi:app"
"""


def test_any_service_has_the_operators_port(
    start_server: StartServer, tmp_path: Path
) -> None:
    """With its own schema, its own application and its secrets masked."""
    (tmp_path / "shop_config.py").write_text(_CONFIG)
    (tmp_path / "shop_wsgi.py").write_text(_WSGI)
    conf = tmp_path / "shop_conf.py"
    conf.write_text(_CONF)
    volume = ConfigMapVolume(
        tmp_path / "volume", {"config.yaml": "message: one\napi_key: hunter2\n"}
    )
    server = start_server(
        volume.path("config.yaml"),
        config_file=conf,
        environ={
            "PYTHONPATH": str(tmp_path),
            "LIVECONFIG_SCHEMA": "shop_config:ShopConfig",
        },
        probe="/",
    )
    volume.flip({"config.yaml": "message: two\napi_key: hunter3\n"})
    status = eventually(lambda: (s := server.status())["version"] == 2 and s)
    assert [change["key"] for change in status["history"][0]["changes"]] == [
        "api_key",
        "message",
    ]
    eventually(lambda: server.get().text == "two")
    shown = json.loads(server.get("/config", admin=True).text)
    assert shown == {"message": "two", "api_key": "********"}
    page = server.get("/status", admin=True, Accept="text/html").text
    metrics = server.get("/metrics", admin=True).text
    assert "liveconfig_config_version 2.0" in metrics
    assert "hunter" not in json.dumps(status) + page + metrics + server.log
    # On its own port the shop answers whatever it is asked for.
    assert server.get("/status").text == "two"
