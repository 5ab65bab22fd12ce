"""
The safeguards of a reload and of the master's end, without each in turn.

Owns: that part of the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_SUPERVISOR = ("tests/process/test_supervisor.py",)
_RELOAD = ("tests/service/test_reload.py",)
_RESPAWN = ("tests/service/test_respawn.py",)
_END = ("tests/service/test_master_end.py",)

RELOADED = (
    Mutant(
        "worker/door",
        "a worker without a config leaves the requests to the others",
        "    if problem is None:\n",
        "    if True:\n",
        _RESPAWN,
    ),
    Mutant(
        "gunicorn",
        "a worker is ended by force after its master",
        "    _hand_over(worker)\n",
        "",
        _END,
    ),
    Mutant(
        "master/guardian",
        "a worker that is stopped goes on after its master's end",
        "signal.SIGCONT if left > 0 else signal.SIGKILL",
        "signal.SIGURG if left > 0 else signal.SIGKILL",
        _END,
    ),
    Mutant(
        "master/guardian",
        "force comes last",
        "signal.SIGCONT if left > 0 else signal.SIGKILL",
        "signal.SIGKILL",
        _END,
    ),
    Mutant(
        "master/guardian",
        "a guardian that is stopped goes on after the master's end",
        "signal_at_end_of_parent(signal.SIGCONT)",
        "pass",
        _END,
    ),
    Mutant(
        "master/guardian",
        "the guardian does not hold the ports",
        "_close_all_but(receiver.fileno())",
        "pass",
        _END,
    ),
    Mutant(
        "master/arbiter",
        "another guardian has charge of the workers of before",
        "guardian.take_charge(worker, server.cfg.graceful_timeout)",
        "pass",
        _END,
    ),
    Mutant(
        "publishing/process",
        "a publisher whose schema fits nothing takes no place",
        "if role == MUST_FIT:",
        "if False:",
        _SUPERVISOR,
    ),
    Mutant(
        "publishing/fit",
        "a source that fits is enough",
        "if of_source is not None:",
        "if True:",
        _SUPERVISOR,
    ),
    Mutant(
        "master/succession",
        "a successor that hangs is given up",
        "elif not self.fits and self._seconds() > _FIT_SECONDS_MAX:",
        "elif False:",
        _SUPERVISOR,
    ),
    Mutant(
        "master/supervisor",
        "a publisher's own interval is what it is judged by",
        "self._poll_seconds = status.poll_seconds",
        "pass",
        _SUPERVISOR,
    ),
    Mutant(
        "master/arbiter",
        "a reload waits until its config is tried",
        "server.reload = try_before_reload",
        "pass",
        _RELOAD,
    ),
    Mutant(
        "master/arbiter",
        "a reload whose publisher was killed is tried again",
        'elif outcome == "died" and tries < _TRIES_MAX:',
        "elif False:",
        _RELOAD,
    ),
    Mutant(
        "master/arbiter",
        "the environment is as after the reload while it is tried",
        "environ.update(app.cfg.env)",
        "pass",
        _RELOAD,
    ),
    Mutant(
        "master/arbiter",
        "the reloader of gunicorn brings the publisher the new code",
        "if has_fewer and server.cfg.reload:",
        "if False:",
        _RELOAD,
    ),
)
