"""What both ports answer, and what neither does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from liveconfig.reference.config import FAILING_MESSAGE
from tests.support.eventually import eventually
from tests.support.raw_http import ask_raw, get_request
from tests.support.server import Answer, Server
from tests.support.volume import ConfigMapVolume


class Site:
    """One server for all requests, and the volume behind it."""

    def __init__(self, directory: Path) -> None:
        self.volume = ConfigMapVolume(directory / "volume", {"config.yaml": _HELLO})
        path = self.volume.path("config.yaml")
        arguments = ["--access-logfile=-"]
        self.server = Server(path, directory, arguments=arguments).wait_until_ready()

    def serve(self, config: str) -> Answer:
        """Flip to a config and return the first answer made from it."""
        before = self.server.get().headers["config-version"]
        self.volume.flip({"config.yaml": config})
        return eventually(
            lambda: (a := self.server.get()).headers["config-version"] != before and a
        )


_HELLO = "message: Hello World\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a config."""
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.server.stop()


@pytest.fixture
def server(site: Site) -> Server:
    """The server alone."""
    return site.server


def test_message_is_answered_as_it_is(server: Server) -> None:
    """`GET /` is the message, with its type, and nothing added."""
    answer = server.get()
    assert (answer.status, answer.text) == (200, "Hello World")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("message: Grüße, 世界 \U0001f600\n", "Grüße, 世界 \U0001f600"),
        ("message: |\n  two\n  lines\n", "two\nlines\n"),
        ('message: ""\n', ""),
        ('message: "<script>alert(1)</script>"\n', "<script>alert(1)</script>"),
        ("message: '%s {} \\n'\n", "%s {} \\n"),
        (f"message: {'x' * 100_000}\n", "x" * 100_000),
    ],
)
def test_any_text_is_a_message(site: Site, config: str, message: str) -> None:
    """Unicode, several lines, nothing at all: every text is served as it is."""
    assert site.serve(config).text == message
    assert site.serve(_HELLO).text == "Hello World"


def test_one_message_fails_on_purpose(site: Site) -> None:
    """It is valid, the code fails on it, and the next one is served again."""
    assert site.serve(f"message: {FAILING_MESSAGE}\n").status == 500
    assert site.server.get("/readyz").status == 200
    assert site.serve(_HELLO).text == "Hello World"


@pytest.mark.parametrize("admin", [False, True])
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_is_answered_on_both_ports(
    server: Server, path: str, admin: bool
) -> None:
    """Probes may use either port."""
    assert server.get(path, admin=admin).status == 200


@pytest.mark.parametrize("admin", [False, True])
@pytest.mark.parametrize("path", ["/", "/livez", "/config", "/nothing/here"])
def test_every_response_names_the_config(
    server: Server, path: str, admin: bool
) -> None:
    """Whatever the route and the status, version and digest are in the headers."""
    status = server.status()
    answer = server.get(path, admin=admin)
    assert answer.headers["config-version"] == str(status["version"])
    assert answer.headers["config-digest"] == status["digest"]


@pytest.mark.parametrize("route", ["config", "metrics", "status"])
@pytest.mark.parametrize(
    "target",
    [
        "/{}",
        "//{}",
        "/./{}",
        "/x/../{}",
        "/%2e%2e/{}",
        "/{}/",
        "/{}?x=1",
        "/{};x",
        "/%2f{}",
        "/%252f{}",
        "/..;/{}",
        "/;/{}",
        "/%5c{}",
        "/\\{}",
        "/{}%00",
        "/{}%2f",
        "/{}/.",
        "/livez/../{}",
        "//127.0.0.1:{port}/{}",
        "https://127.0.0.1:{port}/{}",
        "{}",
        "http://127.0.0.1:{port}/{}",
        "http://localhost/{}",
    ],
)
def test_operators_routes_are_not_on_the_public_port(
    server: Server, target: str, route: str
) -> None:
    """No spelling of the path, no host and no forged header leads there."""
    target = target.replace("{port}", str(server.admin_port))
    # Also with a letter encoded, and in capitals.
    for name in (route, f"%{ord(route[0]):x}{route[1:]}", route.upper()):
        answer = ask_raw(
            server.port,
            f"GET {target.format(name)} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.admin_port}\r\n"
            f"X-Forwarded-Port: {server.admin_port}\r\nX-Forwarded-Host: admin\r\n"
            f"Forwarded: host=127.0.0.1:{server.admin_port}\r\nServer-Port: "
            f"{server.admin_port}\r\nConnection: close\r\n\r\n",
        )
        assert answer.status in (400, 404)
        assert b"Hello World" not in answer.body
        assert b"digest" not in answer.body


@pytest.mark.parametrize(
    ("path", "admin"),
    [
        ("/", False),
        ("/livez", False),
        ("/config", True),
        ("/metrics", True),
        ("/status", True),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_other_methods_are_refused(
    server: Server, path: str, admin: bool, method: str
) -> None:
    """Nothing can be changed over HTTP."""
    port = server.admin_port if admin else server.port
    answer = ask_raw(port, get_request(path, method=method))
    assert answer.status == 405


def test_odd_requests_do_not_harm(server: Server) -> None:
    """A request that is too long or no HTTP is refused, and the next is answered."""
    for request in (
        "GET /" + "x" * 10_000 + " HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: " + "y" * 20_000 + "\r\n\r\n",
        "nonsense\r\n\r\n",
    ):
        assert 400 <= ask_raw(server.port, request).status < 500
    assert server.get().text == "Hello World"


def test_config_is_shown_with_its_defaults(site: Site) -> None:
    """`/config` is the effective config as JSON."""
    answer = site.server.get("/config", admin=True)
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text) == {"message": "Hello World", "log_level": None}


def test_config_has_an_etag_that_changes_with_it(site: Site) -> None:
    """A client that has the digest is answered 304, until the config changes."""
    first = site.server.get("/config", admin=True)
    etag = first.headers["etag"]
    again = site.server.get("/config", admin=True, If_None_Match=etag)
    assert (again.status, again.text) == (304, "")
    assert again.headers["etag"] == etag
    weak = site.server.get("/config", admin=True, If_None_Match=f'"x", W/{etag}')
    assert weak.status == 304
    site.serve("message: other\n")
    changed = site.server.get("/config", admin=True, If_None_Match=etag)
    assert (changed.status, json.loads(changed.text)["message"]) == (200, "other")
    site.serve(_HELLO)


def test_status_says_what_is_served_and_by_whom(site: Site) -> None:
    """`/status` has version, digest, times, source, publisher and this worker."""
    server = site.server
    status = server.status()
    answer = server.get("/status", admin=True)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    publisher = server.publisher
    assert publisher is not None
    assert status["publisher"]["pid"] == publisher.pid
    assert status["publisher"]["state"] == "running"
    assert status["publisher"]["mode"] == "inotify"
    assert status["source"] == {
        "path": str(site.volume.path("config.yaml")),
        "missing": None,
    }
    assert status["rejected"] is None
    assert status["origin"] == "source"
    assert status["worker"]["pid"] in server.worker_pids
    assert status["published_at"].endswith("+00:00")


@pytest.mark.parametrize(
    ("path", "is_admin"), [("/?log", False), ("/config?log", True)]
)
def test_access_log_names_the_version(site: Site, path: str, is_admin: bool) -> None:
    """Each line ends with the version of the snapshot that answered the request."""
    answer = site.server.get(path, admin=is_admin)
    line = site.server.wait_for_line(rf'"GET {re.escape(path)} HTTP/1\.1" 200 ')
    assert line.endswith(f" version={answer.headers['config-version']}")


def test_log_level_takes_effect_live(site: Site) -> None:
    """Every worker logs more, and less again, without a request that brings it."""

    def lines_of_requests() -> int:
        before = len(site.server.lines(r"\[DEBUG\] served version"))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: site.server.get(), range(16)))
        return len(site.server.lines(r"\[DEBUG\] served version")) - before

    assert lines_of_requests() == 0
    site.serve("message: Hello World\nlog_level: debug\n")
    eventually(lambda: lines_of_requests() == 16)
    site.serve(_HELLO)
    eventually(lambda: lines_of_requests() == 0)


@pytest.mark.parametrize("path", ["/config", "/status"])
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_what_shows_the_config_is_kept_nowhere(
    server: Server, path: str, accept: str
) -> None:
    """No cache stores it, also not a 304, and no browser takes it for a script."""
    answer = server.get(path, admin=True, Accept=accept)
    etag = answer.headers["etag"]
    again = server.get(path, admin=True, Accept=accept, If_None_Match=etag)
    assert (answer.status, again.status) in ((200, 304), (200, 200))
    for each in (answer, again):
        assert each.headers["cache-control"] == "no-store"
        assert each.headers["x-content-type-options"] == "nosniff"


def test_metrics_say_what_they_depend_on(server: Server) -> None:
    """A cache gives nobody the other one of the two formats."""
    headers = server.get("/metrics", admin=True).headers
    assert headers["vary"] == "Accept"
    assert headers["x-content-type-options"] == "nosniff"


def test_root_of_the_operators_port_says_what_there_is(server: Server) -> None:
    """By curl a line for each route, in a browser a page with links to all of them."""
    text = server.get("/", admin=True)
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    routes = [line.split()[0] for line in text.text.splitlines()]
    assert set(routes) >= {"/status", "/config", "/metrics", "/livez", "/readyz"}
    html = server.get("/", admin=True, Accept="text/html")
    links = re.findall(r'<a href="([^"]+)"', html.text)
    assert [f"/{link}" for link in links] == routes
    for answer in (text, html):
        assert answer.headers["vary"] == "Accept"
    for route in routes:
        assert server.get(route, admin=True).status == 200


@pytest.mark.parametrize(("admin", "path"), [(False, "/x/y"), (True, "/x/y")])
def test_what_there_is_not_is_said_to_people(
    server: Server, admin: bool, path: str
) -> None:
    """404 is a page with a language, a title and a heading, else a sentence in JSON."""
    program = server.get(path, admin=admin)
    person = server.get(path, admin=admin, Accept="text/html")
    assert program.status == person.status == 404
    told = json.loads(program.text)
    assert told["title"] == "404 Not Found"
    assert told["description"].startswith("There is nothing at this address.")
    assert person.headers["content-type"] == "text/html; charset=utf-8"
    assert person.text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<title>404 Not Found</title>" in person.text
    assert "<main><h1>404 Not Found</h1>" in person.text
    # Only the operators' port has a root that says what there is.
    assert ('<a href="../">' in person.text) is admin
    assert ("GET /" in told["description"]) is admin
    for answer in (program, person):
        assert answer.headers["vary"] == "Accept"


def test_operators_port_does_not_answer_under_any_name(server: Server) -> None:
    """A name that anyone may own is refused with the way out; probes are answered."""
    for path in ("/", "/status", "/config", "/metrics", "/status/page.js", "/nothing"):
        answer = server.get(path, admin=True, Host="shop.example.com")
        assert answer.status == 403
        assert "LIVECONFIG_ADMIN_NAMES" in answer.text
        assert "digest" not in answer.text
    for path in ("/livez", "/readyz"):
        assert server.get(path, admin=True, Host="shop.example.com").status == 200
    for name in ("localhost", "liveconfig.default.svc:9090", "10.0.0.1:9090"):
        assert server.get("/status", admin=True, Host=name).status == 200
    assert server.get("/", Host="shop.example.com").text == "Hello World"


def test_names_that_were_set_are_answered(tmp_path: Path) -> None:
    """LIVECONFIG_ADMIN_NAMES adds names, and whole domains, to those that are safe."""
    volume = ConfigMapVolume(tmp_path / "volume", {"config.yaml": _HELLO})
    environ = {"LIVECONFIG_ADMIN_NAMES": "ops.example.com .example.org"}
    path = volume.path("config.yaml")
    server = Server(path, tmp_path, environ=environ).wait_until_ready()
    try:
        for name, status in (
            ("ops.example.com", 200),
            ("a.example.org:9090", 200),
            ("example.net", 403),
        ):
            assert server.get("/status", admin=True, Host=name).status == status
    finally:
        server.stop()
