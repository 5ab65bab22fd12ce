"""
What is put up for a measurement, and taken down after it.

Owns: servers on temporary directories, volumes whose flip can be timed, documents.
Must not know: what is measured.
Runs in: the measuring process.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.support.eventually import eventually
from tests.support.server import Server, all_ended
from tests.support.volume import ConfigMapVolume

ROOT = Path(__file__).resolve().parents[1]
_HERE = Path(__file__).resolve().parent
BARE, DOOR, LIVE = (_HERE / f"{name}_conf.py" for name in ("bare", "door", "live"))
KEY = "config.yaml"


class TimedVolume(ConfigMapVolume):
    """A ConfigMap volume whose flip is cut into its steps; the order is the same."""

    def prepare(self, text: str) -> None:
        """Write the new payload and the link to it: all that comes before the flip."""
        self._old, self._payload = self._payload, self._write_payload({KEY: text})
        (self.directory / "..data_tmp").symlink_to(self._payload.name)

    def swap(self) -> float:
        """Rename the link, and return the moment before, by `time.perf_counter`."""
        began = time.perf_counter()
        (self.directory / "..data_tmp").rename(self.directory / "..data")
        return began

    def clean(self) -> None:
        """Delete the payload before, as the kubelet does last."""
        if self._old is not None:
            shutil.rmtree(self._old)


@contextmanager
def directory() -> Iterator[Path]:
    """Give a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="liveconfig-bench-") as name:
        yield Path(name)


@contextmanager
def volume(text: str) -> Iterator[TimedVolume]:
    """Give a volume with one file in a directory of its own."""
    with directory() as place:
        yield TimedVolume(place / "volume", {KEY: text})


@contextmanager
def server(
    path: Path, config_file: Path, app: str = "", *, workers: int
) -> Iterator[Server]:
    """Give a server whose workers have booted; nothing of it is left afterwards."""
    with directory() as place:
        arguments: Sequence[str] = [app] if app else []
        started = Server(
            path,
            place,
            workers=workers,
            arguments=arguments,
            # No safety poll falls into a measurement.
            environ={"PYTHONPATH": str(ROOT), "LIVECONFIG_POLL_SECONDS": "3600"},
            config_file=config_file,
        )
        family: list[psutil.Process] = []
        try:
            started.wait_until_booted()
            eventually(lambda: started.get().status == 200)
            family = started.family()
            yield started
        finally:
            started.stop()
            eventually(lambda: all_ended(family))


def small_document(message: str) -> str:
    """Return a config of 1 KiB."""
    lines = [f"message: {message}", "features:"]
    lines += [f"  feature-{number:02}: {number % 2 == 0}" for number in range(12)]
    lines += ["limits:"]
    lines += [f"  limit-{number:02}: {number * 250}" for number in range(12)]
    lines += ["texts:"]
    text = "\n".join(lines)
    while len(text) < 1024 - 60:
        text += f"\n  - a text of some length, it is at place {len(text):4}"
    return text + "\n"


def large_document(message: str, entries: int = 4000) -> str:
    """Return a config of 1 MiB: a mapping of mappings with texts."""
    lines = [f"message: {message}", "entries:"]
    for number in range(entries):
        lines += [
            f"  entry-{number:05}:",
            f"    title: The title of entry {number}",
            f"    is_enabled: {'true' if number % 3 else 'false'}",
            f"    weight: {number * 0.25}",
            f"    text: {'Some words that say what it is for. ' * 4}{number}",
        ]
    return "\n".join(lines) + "\n"
