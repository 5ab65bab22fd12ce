"""What any WSGI application answers until its service has a config."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from liveconfig.memory.record import Writer
from liveconfig.memory.status import Missing, PublisherStatus
from liveconfig.reference.config import ServiceConfig
from liveconfig.schema.schema import Schema
from liveconfig.worker.manager import ConfigManager
from liveconfig.wsgi import when_configured
from tests.support.metrics import bound_memory, publish

_SCHEMA = Schema(ServiceConfig)


def _application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"served"]


def _ask(application: Any, path: str = "/", method: str = "GET") -> tuple[str, bytes]:
    said: list[str] = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method}
    body = application(environ, lambda status, headers: said.append(status))
    return said[0], b"".join(body)


@pytest.mark.parametrize(("method", "body"), [("GET", b"no config"), ("HEAD", b"")])
def test_requests_come_through_once_there_is_a_config(method: str, body: bytes) -> None:
    """503 until then, but for the paths that are always let through."""
    manager = ConfigManager(ServiceConfig)
    gated = when_configured(_application, manager, always=["/livez"])
    status = PublisherStatus(1, 1.0, "", _SCHEMA.name, missing=Missing("gone", 1.0))
    with bound_memory() as memory:
        publish(memory.status, status.to_bytes())
        assert _ask(gated, "/livez", method) == ("200 OK", b"served")
        refusal, text = _ask(gated, "/", method)
        assert (refusal, text[:9]) == ("503 Service Unavailable", body)
        writer = Writer(memory.config.descriptor)
        writer.publish(_SCHEMA.pack(ServiceConfig("x")).payload)
        writer.close()
        assert _ask(gated, "/", method) == ("200 OK", b"served")
