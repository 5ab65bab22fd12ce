"""The description of the endpoints, held against the routes and real answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, get_args

import falcon.inspect
import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from liveconfig.operators.admin import create_admin_app
from liveconfig.reference.app import create_public_app
from liveconfig.reference.config import LogLevel, ServiceConfig
from liveconfig.worker.manager import ConfigManager
from tests.support import openapi
from tests.support.eventually import eventually
from tests.support.raw_http import RawAnswer, ask_raw, get_request
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

_DESCRIPTION: dict[str, Any] = yaml.safe_load(openapi.PATH.read_text())
_PATHS: dict[str, Any] = _DESCRIPTION["paths"]
_METHODS = ("get", "head")
_RESPONSES = _DESCRIPTION["components"]["responses"]

# The ports by their place among the servers.
_PUBLIC, _OPERATORS = (server["url"] for server in _DESCRIPTION["servers"])

_GOOD = "message: Hello World\n"


class Site:
    """A server and its volume, with one answer checked against the description."""

    def __init__(self, directory: Path, config: str, probe: str = "/readyz") -> None:
        self.volume = ConfigMapVolume(directory / "volume", {"config.yaml": config})
        environ = {"LIVECONFIG_ON_MISSING": "wait"}
        path = self.volume.path("config.yaml")
        self.server = Server(path, directory, environ=environ)
        self._ports = {
            _PUBLIC: self.server.port,
            _OPERATORS: self.server.admin_port,
        }
        self.server.wait_until_ready(probe)

    def ask(self, url: str, path: str, method: str, *headers: str) -> RawAnswer:
        """Ask one of the two ports, and check the answer."""
        request = get_request(path, *headers, method=method.upper())
        answer = ask_raw(self._ports[url], request)
        _check(answer, url, path, method)
        return answer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a good config."""
    site = Site(tmp_path_factory.mktemp("openapi"), _GOOD)
    yield site
    site.server.stop()


def _resolved(value: Any) -> Any:
    """Return a part of the description with what it refers to in its place."""
    if isinstance(value, dict):
        if "$ref" in value:
            found: Any = _DESCRIPTION
            for key in value["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            return _resolved(found)
        return {key: _resolved(below) for key, below in value.items()}
    return [_resolved(below) for below in value] if isinstance(value, list) else value


def _assert_valid(value: Any, schema: Any) -> None:
    Draft202012Validator(_resolved(schema)).validate(value)


def _urls(path: str) -> set[str]:
    servers = _PATHS[path].get("servers", _DESCRIPTION["servers"])
    return {server["url"] for server in servers}


def _check(answer: RawAnswer, url: str, path: str, method: str) -> None:
    """Hold an answer against the description."""
    if path not in _PATHS or url not in _urls(path):
        assert answer.status == 404
        _check_response(answer, _resolved(_RESPONSES["NotFound"]), method)
    elif method in _PATHS[path]:
        responses = _PATHS[path][method]["responses"]
        _check_response(answer, _resolved(responses[str(answer.status)]), method)
    else:
        assert answer.status == 405
        _check_response(answer, _resolved(_RESPONSES["MethodNotAllowed"]), method)


def _check_response(
    answer: RawAnswer, response: Mapping[str, Any], method: str
) -> None:
    for name, header in response.get("headers", {}).items():
        if header["required"] or name.lower() in answer.headers:
            _assert_valid(answer.headers[name.lower()], header["schema"])
    if "content" not in response or method == "head":
        assert answer.body == b""
        return
    kind = answer.headers["content-type"]
    text = answer.body.decode()
    value = json.loads(text) if kind == "application/json" else text
    _assert_valid(value, response["content"][kind]["schema"])


def test_description_is_of_this_version_of_openapi() -> None:
    """The file is OpenAPI 3.1, so that its schemas are JSON Schema as it is."""
    assert _DESCRIPTION["openapi"].startswith("3.1.")
    assert _DESCRIPTION["info"].keys() >= {"title", "version"}
    for schema in _resolved(_DESCRIPTION["components"]["schemas"]).values():
        Draft202012Validator.check_schema(schema)
    names = [
        _PATHS[path][method]["operationId"]
        for path in _PATHS
        for method in (*_METHODS, "options")
    ]
    assert len(set(names)) == len(names)


def test_description_has_exactly_the_routes_of_the_two_ports() -> None:
    """Each port's routes and methods are those that are described, and no others."""
    manager: ConfigManager[ServiceConfig] = ConfigManager(ServiceConfig)
    for url, app in (
        (_PUBLIC, create_public_app(manager)),
        (_OPERATORS, create_admin_app(manager)),
    ):
        routes = {
            route.path: {m.method.lower() for m in route.methods if not m.internal}
            | {"options"}
            for route in falcon.inspect.inspect_app(app).routes
        }
        assert routes == {
            path: set(_PATHS[path]) - {"servers"}
            for path in _PATHS
            if url in _urls(path)
        }


def test_described_status_is_the_one_of_the_type() -> None:
    """The schemas of `/status` are those of its classes, to the letter."""
    text = openapi.PATH.read_text()
    wanted = openapi.with_status(text)
    assert text == wanted, "write it anew: python -m tests.support.openapi"


def test_described_config_is_the_schema_of_the_service() -> None:
    """The keys of the config, and what `log_level` may be, are those of the class."""
    schema = _resolved(_DESCRIPTION["components"]["schemas"]["ServiceConfig"])
    assert set(schema["properties"]) == set(ServiceConfig.__struct_fields__)
    levels = set(schema["properties"]["log_level"]["enum"])
    assert levels == {*get_args(LogLevel), None}
    _assert_valid(msgspec.to_builtins(ServiceConfig("x")), schema)


@pytest.mark.parametrize("path", _PATHS)
def test_real_answers_are_as_described(site: Site, path: str) -> None:
    """Status, headers, type and body of each answer fit the description."""
    for url in sorted(_urls(path)):
        for method in _METHODS:
            assert site.ask(url, path, method).status == 200
            assert site.ask(url, path, method, 'If-None-Match: "x"').status == 200
        assert site.ask(url, path, "options").status == 200
        for method in ("post", "brew"):
            assert site.ask(url, path, method).status == 405


@pytest.mark.parametrize("path", ["/config", "/status", "/status/page.css"])
def test_what_the_client_has_is_described(site: Site, path: str) -> None:
    """304 comes with what is described, and without a body."""
    etag = site.ask(_OPERATORS, path, "get").headers["etag"]
    again = site.ask(_OPERATORS, path, "get", f"If-None-Match: {etag}")
    assert again.status == 304


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_refusals_are_described(site: Site, accept: str) -> None:
    """What there is not, and who may not ask, is told in the form that is preferred."""
    headers = (f"Accept: {accept}", "X: y")
    for url in (_PUBLIC, _OPERATORS):
        assert site.ask(url, "/nothing", "get", *headers).status == 404
        assert site.ask(url, "/livez", "delete", *headers).status == 405
    request = get_request("/config", *headers, host="shop.example.com")
    answer = ask_raw(site.server.admin_port, request)
    assert answer.status == 403
    _check(answer, _OPERATORS, "/config", "get")


def test_page_for_a_browser_is_described(site: Site) -> None:
    """The page comes in its own type, under a tag of its own, and with 304."""
    accept = "Accept: text/html"

    def is_unchanged() -> bool:
        page = site.ask(_OPERATORS, "/status", "get", accept)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        known = f"If-None-Match: {page.headers['etag']}"
        return site.ask(_OPERATORS, "/status", "get", accept, known).status == 304

    # While workers boot, each look finds another state.
    eventually(is_unchanged)


def test_status_is_as_described_when_something_is_wrong(site: Site) -> None:
    """A rejected candidate, an unknown key, a missing source: all are described."""

    def status() -> Any:
        return json.loads(site.ask(_OPERATORS, "/status", "get").body)

    site.volume.flip({"config.yaml": "message: ["})
    assert eventually(lambda: status()["rejected"])
    site.volume.flip({"config.yaml": "message: b\nmesage: a\n"})
    assert eventually(lambda: status()["unknown_keys"]) == ["mesage"]
    site.volume.flip({})
    assert eventually(lambda: status()["source"]["missing"])
    site.volume.flip({"config.yaml": _GOOD})
    eventually(lambda: not (s := status())["source"]["missing"] and not s["rejected"])


def test_answers_without_a_config_are_as_described(tmp_path: Path) -> None:
    """While a service waits, what needs a config is 503, and the rest works."""
    site = Site(tmp_path, "message: [", "/livez")
    try:
        for path in _PATHS:
            for url, method in product(_urls(path), _METHODS):
                needs_config = path in ("/readyz", "/config") or (
                    (url, path) == (_PUBLIC, "/")
                )
                expected = 503 if needs_config else 200
                answer = site.ask(url, path, method)
                assert answer.status == expected
                assert "config-version" not in answer.headers
        accept = "Accept: text/html"
        assert site.ask(_OPERATORS, "/status", "get", accept).status == 200
    finally:
        site.server.stop()


_TEXTS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
_HEADERS = st.lists(
    st.builds(
        "{}: {}".format,
        st.sampled_from(
            ("Accept", "Accept-Encoding", "Content-Type", "Cookie", "If-None-Match")
        )
        | st.from_regex(r"X-[A-Za-z]{1,8}", fullmatch=True),
        _TEXTS
        | st.sampled_from(
            ("*", '""', 'W/"', '"sha256:0", *', "application/xml", "text/*;q=0.1,,")
        ),
    ),
    max_size=3,
    unique_by=lambda header: header.partition(":")[0],
)


@settings(max_examples=150)
@given(
    url=st.sampled_from((_PUBLIC, _OPERATORS)),
    path=st.sampled_from(sorted(_PATHS)) | _TEXTS.map(lambda text: f"/x{text}"),
    query=st.none() | _TEXTS.filter(lambda text: "#" not in text),
    method=st.sampled_from(
        (*_METHODS, "options", "post", "put", "patch", "delete", "trace", "brew")
    ),
    headers=_HEADERS,
)
def test_any_request_is_answered_as_described(
    site: Site,
    url: str,
    path: str,
    query: str | None,
    method: str,
    headers: list[str],
) -> None:
    """Whatever the method, the query and the headers, the answer is one described."""
    target = path if query is None else f"{path}?{query}"
    request = get_request(target, *headers, method=method.upper())
    port = site.server.port if url == _PUBLIC else site.server.admin_port
    _check(ask_raw(port, request), url, path, method)
