"""
The operators' port as a client sees it.

Owns: asking for `/status` and `/config`, how long that may take, what it means when
    it fails.
Must not know: what of the status matters, who asks.
Runs in: the CLI.

Every text of a status is made printable as it comes in: what a config or a stranger's
server holds cannot move the cursor of whoever looks at it.

No proxy is used, whatever the environment says: the port is of this pod.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
from http import HTTPStatus

from liveconfig.errors import ServiceUnavailableError, StartupError, printable
from liveconfig.status.document import Status

_URL = re.compile(r"http://(\[[\w:.%]+\]|[\w.-]+)(?::(\d{1,5}))?((?:/[!-~]*)?)", re.A)

_HEADERS = {
    "Accept": "application/json",
    "Connection": "close",
    "User-Agent": "liveconfig",
}

# A status with 64 workers and a full history has less than one.
_BYTES_MAX = 16 * 1024 * 1024


class StatusClient:
    """
    Asks one service for its status, again and again.

    What did not change since the last time is not sent again: see `ETag`.
    """

    def __init__(self, url: str) -> None:
        """
        Name a service; nothing is asked yet.

        Args:
            url: `http://HOST:PORT` of its operators' port; a path is put before
                `/status`.

        Raises:
            StartupError: it is no such URL.
        """
        match = _URL.fullmatch(url)
        if match is None or int(match[2] or 80) > 65535:
            raise StartupError(f"the URL is {url!r}: it takes http://HOST:PORT")
        self._host = match[1].strip("[]")
        self._port = int(match[2] or 80)
        self._path = match[3].rstrip("/")
        self._root = url.rstrip("/")
        self.url = f"{self._root}/status"
        self._etag = ""
        self._status: Status | None = None

    def ask(self, seconds: float = 5.0) -> Status:
        """
        Return what the service says now.

        Raises:
            ServiceUnavailableError: it did not answer within `seconds`, or not now; the
                next call asks again.
            StartupError: what answers there is no such service; nothing of it is kept.
        """
        response, body = self._get(self.url, seconds, self._etag)
        if response.status == HTTPStatus.NOT_MODIFIED and self._status is not None:
            return self._status
        self._require_ok(self.url, response, body)
        try:
            self._status = Status.from_json(body, printable)
        except ValueError as error:
            problem = f"the answer is no status: {error}"
            raise self._mistaken(self.url, problem) from error
        self._etag = response.headers.get("ETag", "")
        return self._status

    def config(self, seconds: float = 5.0) -> tuple[str, bytes]:
        """
        Return the URL of the config that is served, and its JSON with secrets masked.

        Raises:
            ServiceUnavailableError: it did not answer, or has no config yet; the next
                call asks again.
            StartupError: what answers there is no such service; nothing of it is kept.
        """
        url = f"{self._root}/config"
        response, body = self._get(url, seconds)
        self._require_ok(url, response, body)
        return url, body

    def _require_ok(
        self, url: str, response: http.client.HTTPResponse, body: bytes
    ) -> None:
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServiceUnavailableError(url, printable(_answer(response, body)))
        if response.status != HTTPStatus.OK:
            raise self._mistaken(url, _answer(response, body))

    def _get(
        self, url: str, seconds: float, etag: str = ""
    ) -> tuple[http.client.HTTPResponse, bytes]:
        deadline = time.monotonic() + seconds
        try:
            answer = self._exchange(url, seconds, etag)
            if time.monotonic() >= deadline:
                raise TimeoutError
            return answer
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            # By then it is our own hanging up, whatever it looks like.
            is_late = time.monotonic() >= deadline
            problem = (
                f"no answer within {seconds:.1f} s" if is_late else _problem(error)
            )
            raise ServiceUnavailableError(url, printable(problem)) from error

    def _exchange(
        self, url: str, seconds: float, etag: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        headers = {**_HEADERS, "If-None-Match": etag} if etag else _HEADERS
        with contextlib.closing(connection):
            connection.connect()
            # The socket's own timeout is for each part that arrives, so an answer that
            # trickles would never end.
            watchdog = threading.Timer(seconds, _hang_up, [connection.sock])
            watchdog.start()
            try:
                path = self._path + url.removeprefix(self._root)
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                body = response.read(_BYTES_MAX)
            finally:
                watchdog.cancel()
        if response.length and len(body) < _BYTES_MAX:
            raise http.client.IncompleteRead(body, response.length)
        return response, body

    def _mistaken(self, url: str, problem: str) -> StartupError:
        question = "is this the operators' port of a liveconfig service?"
        return StartupError(f"{url}: {printable(problem)}; {question}")


def _hang_up(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _problem(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"no answer in HTTP: {error!r:.100}"


def _answer(response: http.client.HTTPResponse, body: bytes) -> str:
    """Return the status line, and what the service itself has to say."""
    text = body[:100].decode("utf-8", "replace").strip()
    return f"it answers {response.status} {response.reason}: {text}"
