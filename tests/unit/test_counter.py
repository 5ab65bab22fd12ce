"""What counts as a failure, and which classes of workers say how a request ended."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from gunicorn.http.errors import ChunkMissingTerminator
from gunicorn.http.wsgi import Response
from gunicorn.workers.gthread import ThreadWorker
from gunicorn.workers.sync import SyncWorker

from liveconfig.memory.shared import SharedMemory
from liveconfig.worker.counting import Counter, calls_hooks
from tests.support.world import World

_WORKER = SimpleNamespace()
_BROKEN_PIPE = BrokenPipeError(errno.EPIPE, "the client has gone")


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    """Memory with a version, and this process as a worker that holds it."""
    world = World()
    world.publish("one")
    workers = world.shared.workers
    workers.give_out("this")
    assert workers.enter("this")
    assert workers.own is not None
    workers.own.took(1, time.time_ns())
    yield world.shared
    world.close()


def _counted(
    memory: SharedMemory,
    status: str,
    error: BaseException | None,
    *,
    is_sent: bool,
    is_closed: bool,
) -> tuple[int, int]:
    """Count one request as gunicorn does, and return what was counted."""
    row = memory.workers.own
    assert row is not None
    counter = Counter(_WORKER, memory, row, "")
    req = SimpleNamespace(path="/", method="GET", version=(1, 1))
    resp = Response(req, None, None)
    counter.begin(_WORKER, req)
    with contextlib.suppress(Exception):
        try:
            if status:
                resp.start_response(status, [])
            resp.headers_sent = is_sent
            try:
                if error is not None:
                    raise error
            except Exception:
                if is_closed:
                    raise StopIteration from None
                raise
            if is_closed:
                raise StopIteration
        finally:
            counter.end(_WORKER, req, {}, resp)
    if error is not None:
        # It would hold the row, which is given back.
        error.__traceback__ = None
    return memory.workers.tally(1)[1:3]


@pytest.mark.parametrize(
    ("status", "error", "is_sent", "is_closed", "is_failure"),
    [
        ("200 OK", None, True, False, False),
        ("200 OK", None, True, True, False),
        ("499 Mine", None, True, False, False),
        ("500 No", None, True, False, True),
        ("599 Mine", None, True, True, True),
        ("", None, False, False, True),
        ("", ValueError(), False, False, True),
        ("200 OK", ValueError(), False, False, True),
        ("200 OK", ValueError(), True, True, True),
        ("", OSError(errno.ENOENT, "it is not there"), False, False, True),
        ("", _BROKEN_PIPE, False, False, True),
        ("200 OK", _BROKEN_PIPE, True, False, False),
        ("503 No", _BROKEN_PIPE, True, False, True),
        ("", ChunkMissingTerminator(b""), False, False, False),
        ("200 OK", ChunkMissingTerminator(b""), True, True, False),
    ],
)
def test_failure_is_what_the_application_is_to_blame_for(
    memory: SharedMemory,
    status: str,
    error: BaseException | None,
    *,
    is_sent: bool,
    is_closed: bool,
    is_failure: bool,
) -> None:
    """A status, or what was raised; not what the client sent or did not wait for."""
    found = _counted(memory, status, error, is_sent=is_sent, is_closed=is_closed)
    assert found == (1, is_failure)


def test_requests_of_others_are_not_counted(memory: SharedMemory) -> None:
    """A port that is served apart has a handler of its own, which is no worker."""
    row = memory.workers.own
    assert row is not None
    counter = Counter(_WORKER, memory, row, "")
    req = SimpleNamespace(path="/")
    counter.begin(SimpleNamespace(), req)
    counter.end(SimpleNamespace(), req, {}, SimpleNamespace(status_code=500))
    assert memory.workers.tally(1).requests == 0


def test_request_without_a_config_is_not_counted(memory: SharedMemory) -> None:
    """While nothing is held there is no version to blame."""
    workers = memory.workers
    workers.take_back_all_but(())
    workers.give_out("next")
    assert workers.enter("next")
    assert workers.own is not None
    counter = Counter(_WORKER, memory, workers.own, "")
    req = SimpleNamespace(path="/")
    counter.begin(_WORKER, req)
    counter.end(_WORKER, req, {}, SimpleNamespace(status_code=503))
    assert [workers.tally(version).requests for version in range(3)] == [0, 0, 0]


class _Own(SyncWorker):  # type: ignore[misc]
    """A worker class of a team."""


@pytest.mark.parametrize(
    ("kind", "expected"), [(_Own, True), (ThreadWorker, True), (SimpleNamespace, False)]
)
def test_class_of_a_team_calls_what_its_base_does(
    kind: type[object], *, expected: bool
) -> None:
    """What is made of a class of gunicorn's is of its kind."""
    assert calls_hooks(kind.__new__(kind)) == expected
