"""
A real Chromium without a window, driven over a pipe by its own protocol.

Owns: starting and ending it, its pages, and what it complains of.
Must not know: what is on a page.
Runs in: the test process; the browser is a child in a session of its own.

The protocol is lines of JSON with a NUL at the end: that takes no driver, no port and
no library.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.eventually import PATIENCE_SECONDS

PROGRAM = shutil.which("chromium") or shutil.which("chromium-headless-shell")

_ANSWER_SECONDS = PATIENCE_SECONDS
# The browser reads from descriptor 3 and writes to 4.
_LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    # Root has no sandbox, and a container may lack what it takes.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--no-first-run",
    "--hide-scrollbars",
    "--lang=en",
)


class Loaded(NamedTuple):
    """A response that a page received, and how many bytes it came in."""

    url: str
    status: int
    bytes: int


class Browser:
    """One browser process; each of its pages has cookies and a cache of its own."""

    def __init__(self, directory: Path) -> None:
        """Start it, with its profile in `directory`."""
        assert PROGRAM is not None
        reads, self._input = _high_pipe()
        self._output, writes = _high_pipe()
        command = [PROGRAM, *_OPTIONS, f"--user-data-dir={directory / 'profile'}"]
        with (directory / "browser.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _LAUNCH, str(reads), str(writes), *command],
                pass_fds=[reads, writes],
                env={**os.environ, "HOME": str(directory)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        os.close(reads)
        os.close(writes)
        self._unread = b""
        self._last_id = 0
        self._pages: dict[str, Page] = {}

    def open(self, url: str, *, script: bool = True, **media: Any) -> Page:
        """
        Open `url` in a new page and wait until it is loaded.

        Args:
            url: what to open.
            script: whether the page's scripts run.
            media: `width`, `height`, `dark`, `reduced_motion`.
        """
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call(
            "Target.createTarget", url="about:blank", browserContextId=context
        )["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self, session["sessionId"], context)
        self._pages[session["sessionId"]] = page
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            page.call(f"{domain}.enable")
        if not script:
            page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.show_as(**media)
        page.go(url)
        return page

    def call(self, method: str, /, session: str = "", **parameters: Any) -> Any:
        """Call a method of the protocol and return its result."""
        self._last_id += 1
        call = {"id": self._last_id, "method": method, "params": parameters}
        if session:
            call["sessionId"] = session
        os.write(self._input, json.dumps(call).encode() + b"\0")
        while (message := self._next()).get("id") != self._last_id:
            self._hand_out(message)
        assert "error" not in message, f"{method}: {message['error']}"
        return message["result"]

    def close(self) -> None:
        """End it and all that it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._input)
        os.close(self._output)

    def _hand_out(self, event: dict[str, Any]) -> None:
        page = self._pages.get(event.get("sessionId", ""))
        if page is not None:
            page.notice(event["method"], event["params"])

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + _ANSWER_SECONDS
        while b"\0" not in self._unread:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._output], [], [], max(0.0, left))
            assert ready, "the browser does not answer"
            chunk = os.read(self._output, 1 << 20)
            assert chunk, "the browser has ended"
            self._unread += chunk
        message, _, self._unread = self._unread.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


class Page:
    """
    One page.

    Attributes:
        complaints: whatever a page should not cause: errors and warnings of the
            console, exceptions, dialogs, breaches of its own policy.
        loaded: the responses that it received, in order.
    """

    def __init__(self, browser: Browser, session: str, context: str) -> None:
        """Take over a target that was attached to."""
        self._browser = browser
        self._session = session
        self._context = context
        self._received: dict[str, tuple[str, int]] = {}
        self._loads = 0
        self.complaints: list[str] = []
        self.loaded: list[Loaded] = []

    def call(self, method: str, /, **parameters: Any) -> Any:
        """Call a method of the protocol for this page."""
        return self._browser.call(method, session=self._session, **parameters)

    def go(self, url: str) -> None:
        """Load `url` and wait until it is there with its style and script."""
        before = self._loads
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + _ANSWER_SECONDS
        while self._loads == before:
            assert time.monotonic() < deadline, f"{url} does not load"
            self.look()

    def run(self, script: str) -> Any:
        """Return the value of an expression; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def look(self) -> Page:
        """Take note of all that happened up to now."""
        self.run("0")
        return self

    def show_as(
        self,
        *,
        width: int = 1024,
        height: int = 900,
        dark: bool = False,
        reduced_motion: bool = False,
    ) -> None:
        """Show it on a screen of that size, to a reader with those wishes."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if reduced_motion else "no-preference",
        }
        listed = [{"name": name, "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=listed)

    def text(self, selector: str) -> str:
        """Return the text of the first element, "" if there is none."""
        query = f"document.querySelector({json.dumps(selector)})"
        return str(self.run(f"{query}?.innerText ?? ''"))

    def press(self, key: str) -> None:
        """Press and release a key."""
        codes = {"Tab": 9, "Enter": 13}
        parameters = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **parameters, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **parameters)

    def picture(self) -> bytes:
        """Return the whole page as a PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def close(self) -> None:
        """Close it and forget what it stored."""
        self._browser.call(
            "Target.disposeBrowserContext", browserContextId=self._context
        )

    def notice(self, event: str, details: Any) -> None:
        """Keep what an event of the protocol tells."""
        match event:
            case "Page.loadEventFired":
                self._loads += 1
            case "Network.responseReceived":
                response = details["response"]
                self._received[details["requestId"]] = (
                    response["url"],
                    response["status"],
                )
            case "Network.loadingFinished":
                if received := self._received.pop(details["requestId"], None):
                    size = int(details["encodedDataLength"])
                    self.loaded.append(Loaded(*received, size))
            case "Page.javascriptDialogOpening":
                self.complaints.append(f"dialog: {details['message']}")
            case "Runtime.exceptionThrown" | "Audits.issueAdded":
                self.complaints.append(f"{event}: {json.dumps(details)}")
            case "Log.entryAdded":
                self.complaints.append(f"log: {details['entry']['text']}")
            case "Runtime.consoleAPICalled":
                self.complaints.append(f"console: {json.dumps(details['args'])}")


def _high_pipe() -> tuple[int, int]:
    """Make a pipe whose descriptors are not those that the browser's must become."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]
