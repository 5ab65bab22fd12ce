"""
A real Prometheus that scrapes servers of a test and evaluates rules.

Owns: starting, asking and ending it; how often it looks.
Must not know: which metrics and rules there are.
Runs in: the test process; Prometheus is its child.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from tests.support.eventually import eventually

_INTERVAL = "500ms"


class Prometheus:
    """
    One Prometheus with its data in a directory, on a port that the kernel chose.

    The targets are labelled as the Prometheus operator labels pods.
    """

    def __init__(
        self, directory: Path, ports: Mapping[str, int], rules: Mapping[str, Any]
    ) -> None:
        """
        Start it.

        Args:
            directory: where its files go.
            ports: of the targets, by the names of their pods.
            rules: its groups of rules.
        """
        (directory / "rules.yaml").write_text(yaml.safe_dump(rules))
        config = directory / "prometheus.yaml"
        config.write_text(yaml.safe_dump(_config(ports)))
        self._log_path = directory / "prometheus.log"
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={config}",
                    f"--storage.tsdb.path={directory / 'data'}",
                    "--web.listen-address=127.0.0.1:0",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._port = eventually(self._ready_port)

    def _ready_port(self) -> int:
        """Return its port when it answers there, and 0 until then."""
        log = self._log_path.read_text()
        assert self._process.poll() is None, log
        is_ready = "Server is ready to receive web requests" in log
        (port,) = re.findall(r'"Listening on" address=127\.0\.0\.1:(\d+)', log) or [0]
        return int(port) if is_ready else 0

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer of its HTTP API, below /api/v1/."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("GET", f"/api/v1/{path}?{urlencode(parameters)}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression gives now."""
        result = self.ask("query", query=expression)["result"]
        assert isinstance(result, list)
        return result

    def alerts(self) -> dict[tuple[str, str], str]:
        """Return the state of each active alert, by its name and its pod."""
        return {
            (alert["labels"]["alertname"], alert["labels"].get("pod", "")): alert[
                "state"
            ]
            for alert in self.ask("alerts")["alerts"]
        }

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(60.0)


def _config(ports: Mapping[str, int]) -> dict[str, Any]:
    targets = [
        {
            "targets": [f"127.0.0.1:{port}"],
            "labels": {"namespace": "shop", "pod": pod},
        }
        for pod, port in ports.items()
    ]
    return {
        "global": {
            "scrape_interval": _INTERVAL,
            "scrape_timeout": _INTERVAL,
            "evaluation_interval": _INTERVAL,
        },
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {"job_name": "shop/liveconfig", "static_configs": targets},
        ],
    }
