"""Who gets the page of `/status` and who its JSON, and what comes with it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from liveconfig.operators import page
from tests.support.eventually import eventually
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Site:
    """One server and its volume."""

    def __init__(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        directory = tmp_path_factory.mktemp("site")
        content = {"config.yaml": "message: one\n"}
        self.volume = ConfigMapVolume(directory / "volume", content)
        self.server = Server(self.volume.path("config.yaml"), directory)
        self.server.wait_until_ready()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a config."""
    site = Site(tmp_path_factory)
    yield site
    site.server.stop()


@pytest.fixture
def server(site: Site) -> Server:
    """The server alone."""
    return site.server


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ({}, False),
        ({"Accept": "*/*"}, False),
        ({"Accept": "application/json"}, False),
        ({"Accept": "application/json, text/html;q=0.9"}, False),
        ({"Accept": "image/png"}, False),
        ({"Accept": "nonsense"}, False),
        ({"Accept": "text/html;q=0"}, False),
        ({"Accept": "text/html"}, True),
        ({"Accept": "text/*"}, True),
        ({"Accept": _BROWSER}, True),
    ],
)
def test_browser_gets_a_page(
    server: Server, accept: dict[str, str], is_page: bool
) -> None:
    """Who prefers HTML gets it; curl and whoever leaves it open get JSON."""
    answer = server.get("/status", admin=True, **accept)
    assert answer.status == 200
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["cache-control"] == "no-store"
    if is_page:
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.text.startswith("<!DOCTYPE html>")
    else:
        assert answer.headers["content-type"] == "application/json"
        assert json.loads(answer.text)["version"]


def test_page_comes_with_its_policy(server: Server) -> None:
    """The page carries the headers that keep foreign text harmless."""
    answer = server.get("/status", admin=True, Accept="text/html")
    for name, value in page.HEADERS.items():
        assert answer.headers[name.lower()] == value


def test_unchanged_page_is_304(site: Site) -> None:
    """The page is sent once for each state; its tag is not that of the JSON."""
    html = {"Accept": "text/html"}
    server = site.server

    def ask_again() -> str | None:
        tag = server.get("/status", admin=True, **html).headers["etag"]
        again = server.get("/status", admin=True, If_None_Match=tag, **html)
        assert again.headers["vary"] == "Accept"
        return tag if (again.status, again.text) == (304, "") else None

    # While workers boot, each look finds another state.
    tag = eventually(ask_again)
    assert server.get("/status", admin=True, If_None_Match=tag).status == 200
    site.volume.flip({"config.yaml": "message: two\n"})
    eventually(
        lambda: (
            server.get("/status", admin=True, If_None_Match=tag, **html).status == 200
        )
    )


@pytest.mark.parametrize(
    ("name", "kind"), [("page.css", "text/css"), ("page.js", "text/javascript")]
)
def test_page_brings_its_own_files(server: Server, name: str, kind: str) -> None:
    """Style and script come from beside the page, in their types, and once."""
    answer = server.get(f"/status/{name}", admin=True)
    assert answer.status == 200
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    tag = answer.headers["etag"]
    again = server.get(f"/status/{name}", admin=True, If_None_Match=tag)
    assert (again.status, again.text) == (304, "")


@pytest.mark.parametrize("name", ["", "page.py", "../admin.py", "%2e%2e/page.py", "x"])
def test_nothing_else_is_served(server: Server, name: str) -> None:
    """No other file of the package is within reach."""
    assert server.get(f"/status/{name}", admin=True).status == 404


@pytest.mark.parametrize("name", ["", "/page.css", "/page.js"])
def test_page_is_not_on_the_public_port(server: Server, name: str) -> None:
    """The public port knows neither the page nor its files."""
    assert server.get(f"/status{name}", Accept="text/html").status == 404
