"""The command: every row once, what it writes, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import peers

_ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = _ROOT / "benchmarks" / "run.py"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(_SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=_ROOT)


def _measure(out: Path, *arguments: str) -> dict[str, object]:
    done = _run("--tiny", f"--out={out}", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (out / "README.md").read_text() + "\n"
    data: dict[str, object] = json.loads((out / "results.json").read_text())
    assert data["failed"] == {}
    return data


def test_three_peers_and_two_rows_are_measured(tmp_path: Path) -> None:
    """A small run writes data, page and pictures, and has a figure for each peer."""
    names = [peers.OURS, peers.CONSTANT, peers.FLOOR]
    data = _measure(tmp_path, "read", "start", f"--peers={','.join(names)}")
    assert data["rows"] == ["read", "start"]
    metrics = data["metrics"]
    assert isinstance(metrics, list)
    (read,) = (m for m in metrics if m["case"] == "1 thread")
    assert sorted(read["samples"]) == sorted(names)
    assert (tmp_path / "read.svg").exists()


@pytest.mark.bench
def test_every_row_is_measured_with_every_peer(tmp_path: Path) -> None:
    """No row and no peer that is installed falls out of a run."""
    data = _measure(tmp_path)
    here = {name for name in peers.NAMES if not peers.why_not(name)}
    absent = data["absent"]
    assert isinstance(absent, dict)
    assert here == set(peers.NAMES) - absent.keys()
    metrics = data["metrics"]
    assert isinstance(metrics, list)
    by_case = {(m["row"], m["case"]): set(m["samples"]) for m in metrics}
    for key, expected in (
        (("read", "1 thread"), here),
        (("propagation", "all fresh of 4, 1 KiB"), here - {peers.CONSTANT}),
        (("throughput", "requests, no flips"), here),
        (("memory", "worker"), here),
        (("rest", "wake-ups per minute"), here),
        (("start", "first answer, 4 workers"), here),
    ):
        assert by_case[key] == expected


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("speed",), "no such row: speed; there are read, "),
        (("--peers=liveconfig,zookeeper",), "no such peer: zookeeper; there are "),
    ],
)
def test_unknown_name_is_refused_in_one_sentence(
    arguments: tuple[str, ...], sentence: str
) -> None:
    """A row or a peer that does not exist ends the command with what there is."""
    done = _run(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
