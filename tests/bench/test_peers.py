"""Every peer of the benchmark serves what is in the file, and takes its changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from benchmarks import doors, peers, stage
from benchmarks.documents import KIB
from tests.support.eventually import eventually

_WORKERS = 2


def _serve(side: stage.Side, message: bytes) -> bool:
    """Tell whether every worker that is alive serves `message`."""
    with suppress(ConnectionError):
        answers = [doors.ask(port) for port in side.ports()]
        return len(answers) >= _WORKERS and set(answers) == {message}
    return False


@pytest.mark.parametrize("name", [n for n in peers.NAMES if n != peers.CONSTANT])
def test_every_peer_takes_a_change(name: str) -> None:
    """After a flip all workers of a peer serve the new value, and after the next."""
    if why := peers.why_not(name):
        pytest.skip(f"{why}: make bench-test has it")
    with stage.side(name, workers=_WORKERS, size=KIB) as side:
        eventually(partial(_serve, side, stage.START.encode()))
        for _ in range(2):
            side.quiet()
            message = side.prepare()
            side.volume.swap()
            eventually(partial(_serve, side, message))
            side.volume.clean()


def test_constant_never_changes() -> None:
    """The constant serves its text whatever is in the volume."""
    with stage.side(peers.CONSTANT, workers=1, size=KIB) as side:
        side.prepare()
        side.volume.swap()
        assert doors.ask(side.server.port) == stage.START.encode()


@pytest.mark.parametrize("name", peers.NAMES)
def test_every_peer_says_how_it_is_used(name: str) -> None:
    """A peer has a name, a sentence and an expression that the tables can show."""
    if why := peers.why_not(name):
        pytest.skip(f"{why}: make bench-test has it")
    peer = peers.make(name, peers.NOWHERE)
    assert peer.title
    assert peer.says
    compiled: Callable[..., object] = eval(f"lambda: {peer.expression}")
    assert compiled.__code__.co_names


def test_absent_library_takes_its_peer_out_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A peer whose library is missing says which one; the others are there."""

    def import_module(name: str) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name="somelib")

    peers.make.cache_clear()
    monkeypatch.setattr(peers.importlib, "import_module", import_module)
    assert peers.why_not("watchdog_thread") == "somelib is not installed"
    monkeypatch.undo()
    assert peers.why_not(peers.OURS) == ""
