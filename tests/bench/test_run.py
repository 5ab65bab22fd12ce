"""The command: every row once, what it writes, and what it refuses."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks import peers, report

_ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = _ROOT / "benchmarks" / "run.py"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(_SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=_ROOT)


def _measure(out: Path, *arguments: str) -> str:
    done = _run("--tiny", f"--out={out}", *arguments)
    assert done.returncode == 0, done.stderr
    page = (out / "README.md").read_text()
    assert done.stdout == page + "\n"
    assert " was not measured: " not in page
    return page


def _measured(page: str) -> dict[tuple[str, str], set[str]]:
    """Return for each row and case of a page the titles of those with a figure."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    row, cases = "", list[str]()
    for line in page.splitlines():
        title, *cells = (cell.strip() for cell in line.strip("| ").split(" | "))
        if line.startswith("## "):
            row = line.removeprefix("## ")
        elif line.startswith("|  "):
            cases = [cell.strip(" |") for cell in line.split(" | ")[1:]]
        elif line.startswith("| ") and not title.startswith("---"):
            for case, cell in zip(cases, cells, strict=False):
                found[row, case] |= {title} if cell != "-" else set()
    return found


def _titles(names: Iterable[str]) -> set[str]:
    return {report.title(name) for name in names}


def test_three_peers_and_two_rows_are_measured(tmp_path: Path) -> None:
    """A small run writes page and pictures, and has a figure for each peer."""
    names = [peers.OURS, peers.CONSTANT, peers.FLOOR]
    page = _measure(tmp_path, "read", "start", f"--peers={','.join(names)}")
    rows = re.findall(r"(?m)^## (.+)", page)
    assert rows == ["Targets", "Who takes part", "read", "start"]
    assert _measured(page)["read", "1 thread"] == _titles(names)
    assert (tmp_path / "read.svg").exists()


@pytest.mark.bench
def test_every_row_is_measured_with_every_peer(tmp_path: Path) -> None:
    """No row and no peer that is installed falls out of a run."""
    measured = _measured(_measure(tmp_path))
    here = {name for name in peers.NAMES if not peers.why_not(name)}
    for key, expected in (
        (("read", "1 thread"), here),
        (("propagation", "all fresh of 4, 1 KiB"), here - {peers.CONSTANT}),
        (("throughput", "requests, no flips"), here),
        (("memory", "worker"), here),
        (("rest", "wake-ups per minute"), here),
        (("start", "first answer, 4 workers"), here),
    ):
        assert measured[key] == _titles(expected)


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
