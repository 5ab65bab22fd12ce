"""
The language server that editors ask about YAML, as an editor speaks with it.

Owns: where `make editor` installs it; its start, its protocol, its end.
Must not know: what is tested.
Runs in: the test process; the server is a child.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

_MODULES = Path(sys.prefix) / "editor" / "node_modules"
_SERVER = _MODULES / "yaml-language-server" / "bin" / "yaml-language-server"

# What an editor's settings say; the service reads YAML 1.1.
_SETTINGS = {"yaml": {"yamlVersion": "1.1", "validate": True, "hover": True}}

_PATIENCE_SECONDS = 300.0

NODE = shutil.which("node")
IS_INSTALLED = NODE is not None and _SERVER.exists()


class Finding(NamedTuple):
    """What the server has to say of a line, which is counted from 1."""

    line: int
    text: str


class LanguageServer:
    """One server, without an editor."""

    def __init__(self, directory: Path) -> None:
        """Start it on a folder."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [str(NODE), str(_SERVER), "--stdio"], stdin=pipe, stdout=pipe
        )
        # A server that says nothing more would be waited for without an end.
        self._end = threading.Timer(_PATIENCE_SECONDS, self._process.kill)
        self._end.start()
        self._directory = directory
        self._number = self._files = 0
        folder = {"uri": directory.as_uri(), "name": "tests"}
        capabilities = {"workspace": {"configuration": True}}
        self._ask(
            "initialize",
            {
                "processId": None,
                "rootUri": folder["uri"],
                "capabilities": capabilities,
                "workspaceFolders": [folder],
            },
        )
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": _SETTINGS})

    def findings(self, text: str) -> list[Finding]:
        """Open a file with `text` and return what is wrong with it."""
        uri = self._open(text)
        while True:
            message = self._next()
            parameters = message.get("params", {})
            is_found = message.get("method") == "textDocument/publishDiagnostics"
            if is_found and parameters["uri"] == uri:
                return [
                    Finding(found["range"]["start"]["line"] + 1, found["message"])
                    for found in parameters["diagnostics"]
                ]

    def hover(self, text: str, line: int, column: int) -> str:
        """Open a file and return what is shown at a place, each counted from 1."""
        position = {"line": line - 1, "character": column - 1}
        document = {"uri": self._open(text)}
        found = self._ask(
            "textDocument/hover", {"textDocument": document, "position": position}
        )
        return str(found["contents"]["value"]) if found else ""

    def close(self) -> None:
        """End it."""
        self._end.cancel()
        self._process.kill()
        self._process.communicate()

    def _open(self, text: str) -> str:
        self._files += 1
        uri = (self._directory / f"{self._files}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def _ask(self, method: str, parameters: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        while True:
            message = self._next()
            if message.get("id") == self._number and "method" not in message:
                return message["result"]

    def _tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _next(self) -> dict[str, Any]:
        """Return the next message that is no question; answer those on the way."""
        while True:
            message = self._read()
            if "id" not in message or "method" not in message:
                return message
            self._send({"id": message["id"], "result": self._answer(message)})

    def _answer(self, message: dict[str, Any]) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        items: Sequence[dict[str, str]] = message["params"]["items"]
        return [_SETTINGS.get(item.get("section", "")) for item in items]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None
        length = 0
        for line in iter(stdout.readline, b"\r\n"):
            assert line, "the language server has ended"
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(stdout.read(length))
        return message
