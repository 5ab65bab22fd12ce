"""
The one Falcon application of all peers: it answers with the message of its config.

Owns: the routes; what is evaluated for each request.
Must not know: whose config it is.
Runs in: the workers of every server under measurement.

`GET /` is what a service does. `GET /reads` times the reading alone, in the worker: how
long so many evaluations of the peer's expression take, in as many threads at once as
there are parties to the meeting. `GET /steps` counts what one evaluation consists of.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import timeit
from pathlib import Path
from types import FrameType
from typing import Any

import falcon

from benchmarks import peers

_peer = peers.make(os.environ["BENCHMARK_PEER"], Path(os.environ["LIVECONFIG_PATH"]))
_names = dict(_peer.names())
_read = eval(f"lambda: {_peer.expression}", _names)


class MessageResource:
    """`GET /`: the message."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the message as it is now."""
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = _read()


class ReadsResource:
    """`GET /reads?calls=N&parties=N`: when the reads began and ended, in ns."""

    def __init__(self) -> None:
        """Read with nobody yet."""
        self._meetings: dict[int, threading.Barrier] = {}
        self._lock = threading.Lock()

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Read so many times, at the same time as the other parties."""
        calls = req.get_param_as_int("calls", required=True)
        parties = req.get_param_as_int("parties", required=True)
        with self._lock:
            meeting = self._meetings.setdefault(parties, threading.Barrier(parties))
        timer = timeit.Timer(_peer.expression, globals=_names)
        meeting.wait(30)
        began = time.perf_counter_ns()
        timer.timeit(calls)
        resp.media = [began, time.perf_counter_ns()]


class StepsResource:
    """`GET /steps`: the bytecodes of one read, and the names of what it calls in C."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Read once, step by step; the first read may have to fetch the config."""
        _read()
        bytecodes, calls = 0, list[str]()

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal bytecodes
            frame.f_trace_opcodes = True
            bytecodes += event == "opcode"
            return trace

        def profile(frame: FrameType, event: str, argument: Any) -> None:
            if event == "c_call" and argument is not sys.setprofile:
                calls.append(argument.__qualname__)

        sys.settrace(trace)
        _read()
        sys.settrace(None)
        sys.setprofile(profile)
        _read()
        sys.setprofile(None)
        resp.media = {"bytecodes": bytecodes, "calls": calls}


app = falcon.App()
app.add_route("/", MessageResource())
app.add_route("/reads", ReadsResource())
app.add_route("/steps", StepsResource())
