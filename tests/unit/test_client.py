"""`StatusClient`: asking a service that may be anything, in any state."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from functools import partial

import pytest

from liveconfig.command.client import StatusClient
from liveconfig.errors import ServiceUnavailableError, StartupError
from liveconfig.status.verdict import judge
from tests.support.eventually import PATIENCE_SECONDS
from tests.support.server import free_port
from tests.support.status_document import DIGEST, StandIn, document, response, worker

_GOOD = json.dumps(document()).encode()


def test_status_is_read(stand_in: StandIn) -> None:
    """What the service says arrives as it is."""
    status = StatusClient(stand_in.url).ask()
    assert (status.version, status.digest) == (3, DIGEST)
    assert [row.pid for row in status.workers] == [21, 22]
    assert judge(status).level == "good"


def test_unchanged_status_is_not_sent_again(stand_in: StandIn) -> None:
    """The second time only the tag goes back and forth, and a change is seen."""
    client = StatusClient(stand_in.url)
    first = client.ask()
    assert client.ask() is first
    assert "If-None-Match" not in stand_in.requests[0]
    assert 'If-None-Match: W/"' in stand_in.requests[1]
    stand_in.documents = [document(version=4)]
    assert client.ask().version == 4


@pytest.mark.parametrize("path", ["", "/", "/api/pods/a:9090/proxy", "/a/"])
def test_path_is_put_before_that_of_the_status(stand_in: StandIn, path: str) -> None:
    """A service behind a proxy of a cluster can be asked as well."""
    StatusClient(stand_in.url + path).ask()
    asked = stand_in.requests[0].split()[1]
    assert asked == f"{path.rstrip('/')}/status"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:9090",
        "https://localhost",
        "http://",
        "http://localhost:x",
        "http://localhost:99999",
        "http://user:secret@localhost",
        "http://localhost/a b",
        "http://localhost\r\n",
        "http://grüße:9090",
    ],
)
def test_wrong_url_is_told_at_once(url: str) -> None:
    """What nothing can be asked at is one sentence that says what it takes."""
    with pytest.raises(StartupError, match="it takes http://HOST:PORT"):
        StatusClient(url)


def test_environment_does_not_lead_through_a_proxy(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port of the own pod is asked directly, whatever else goes by a proxy."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert StatusClient(stand_in.url).ask().version == 3


def test_nobody_there_may_change() -> None:
    """A port that nobody listens on is no mistake yet."""
    client = StatusClient(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ServiceUnavailableError, match="/status: connection refused"):
        client.ask()


def test_unknown_host_may_change() -> None:
    """A name that means no host, or cannot be one, is told in a sentence."""
    for host in ("none.invalid", "a..b", "a" * 70):
        with pytest.raises(ServiceUnavailableError):
            StatusClient(f"http://{host}:9090").ask()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "no answer in HTTP"),
        (b"SSH-2.0-OpenSSH\r\n", "no answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "no answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200, "no answer in HTTP"),
        (response(b"no config to serve yet\n", "503 Service Unavailable"), "503"),
        (response(b"\x1b[2J\xff", "502 \x1b]0;x\x07"), r"502 \x1b]0;x\x07: \x1b[2J�"),
    ],
)
def test_answer_that_is_none_may_change(
    stand_in: StandIn, answer: bytes, problem: str
) -> None:
    """What a service says that starts, ends or is in trouble is no mistake yet."""
    stand_in.says(answer)
    with pytest.raises(ServiceUnavailableError) as raised:
        StatusClient(stand_in.url).ask()
    assert problem in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (response(b"none\n", "404 Not \x1b[2J"), r"answers 404 Not \x1b[2J: none; "),
        (response(_GOOD, "302 Found", "Location: http://x/\r\n"), "answers 302 Found"),
        (response(b"", "304 Not Modified"), "answers 304 Not Modified"),
        (response(b"Hello World"), "no status"),
        (response(b"[]"), "no status"),
        (response(b"{}"), "no status"),
        (response(b'{"version": "3"}'), "no status"),
        (response(b"\xff"), "no status"),
        (response(b"[" * 100_000), "no status"),
        (response(b" " * (16 * 1024 * 1024 + 1)), "no status"),
        (response(_GOOD.replace(b"+00:00", b"\x07")), "no status"),
    ],
)
def test_somebody_else_is_told_at_once(
    stand_in: StandIn, answer: bytes, problem: str
) -> None:
    """What is no such service will not become one, and is told in a sentence."""
    stand_in.says(answer)
    with pytest.raises(StartupError, match="is this the operators' port") as raised:
        StatusClient(stand_in.url).ask()
    assert problem in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("answer", [StandIn.silent, StandIn.trickling])
def test_service_that_hangs_does_not_hang_the_client(
    stand_in: StandIn, answer: Callable[[StandIn, str], Iterable[bytes]]
) -> None:
    """Neither silence nor a trickle takes longer than was asked for."""
    stand_in.answer = partial(answer, stand_in)
    started = time.monotonic()
    with pytest.raises(ServiceUnavailableError, match=r"no answer within 0\.2 s"):
        StatusClient(stand_in.url).ask(0.2)
    assert time.monotonic() - started < PATIENCE_SECONDS / 2


def test_text_of_the_service_is_made_printable(stand_in: StandIn) -> None:
    """No text of a config or a stranger can move the cursor."""
    path = "\x1b]0;x\x07\n\u202e"
    source = {"path": path, "missing": None}
    stand_in.documents = [document(source=source, changed_keys=["\r"])]
    status = StatusClient(stand_in.url).ask()
    assert status.source.path == r"\x1b]0;x\x07\n\u202e"
    assert status.changed_keys == (r"\r",)


def test_worker_without_a_config_is_no_trouble(stand_in: StandIn) -> None:
    """One that boots, or that uses no config, does not keep an edit from being live."""
    stand_in.documents = [document(workers=[worker(21), worker(22, None)])]
    status = StatusClient(stand_in.url).ask()
    assert judge(status).level == "good"
    assert status.serves(DIGEST)
