"""
The safeguards of a reload and of the master's end, without each in turn.

Owns: that part of the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_MASTER_END = "tests/service/test_master_end.py::test_"
_RELOAD = "tests/service/test_reload.py::test_"
_SUPERVISOR = "tests/process/test_supervisor.py::test_"
_RESPAWN = ("tests/service/test_respawn.py",)

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
        (f"{_MASTER_END}busy_worker_does_not_outlive_the_master",),
    ),
    Mutant(
        "master/guardian",
        "a worker that is stopped goes on after its master's end",
        "signal.SIGCONT if left > 0 else signal.SIGKILL",
        "signal.SIGURG if left > 0 else signal.SIGKILL",
        (f"{_MASTER_END}stopped_worker_does_not_outlive_the_master",),
    ),
    Mutant(
        "master/guardian",
        "force comes last",
        "signal.SIGCONT if left > 0 else signal.SIGKILL",
        "signal.SIGKILL",
        (f"{_MASTER_END}request_under_way_is_answered_after_the_masters_end",),
    ),
    Mutant(
        "master/guardian",
        "a guardian that is stopped goes on after the master's end",
        "signal_at_end_of_parent(signal.SIGCONT)",
        "pass",
        (f"{_MASTER_END}all_that_is_stopped_does_not_outlive_the_master",),
    ),
    Mutant(
        "master/guardian",
        "the guardian does not hold the ports",
        "_close_all_but(receiver.fileno())",
        "pass",
        (f"{_MASTER_END}busy_worker_does_not_outlive_the_master",),
    ),
    Mutant(
        "master/arbiter",
        "another guardian has charge of the workers of before",
        "guardian.take_charge(worker, server.cfg.graceful_timeout)",
        "pass",
        (f"{_MASTER_END}killed_guardian_is_replaced_and_takes_charge_of_all",),
    ),
    Mutant(
        "publishing/process",
        "a publisher whose schema fits nothing takes no place",
        "if role == MUST_FIT:",
        "if False:",
        (f"{_SUPERVISOR}successor_whose_schema_fits_nothing_does_not_take_the_place",),
    ),
    Mutant(
        "publishing/fit",
        "a source that fits is enough",
        "if of_source is not None:",
        "if True:",
        (f"{_SUPERVISOR}source_that_fits_the_new_schema_is_enough",),
    ),
    Mutant(
        "master/succession",
        "a successor that hangs is given up",
        "elif not self.fits and self._seconds() > _FIT_SECONDS_MAX:",
        "elif False:",
        (f"{_SUPERVISOR}successor_that_is_stopped_while_it_is_tried_holds_nobody_up",),
    ),
    Mutant(
        "master/supervisor",
        "a publisher's own interval is what it is judged by",
        "self._poll_seconds = status.poll_seconds",
        "pass",
        (f"{_SUPERVISOR}publisher_without_a_pulse_is_replaced",),
    ),
    Mutant(
        "master/arbiter",
        "a reload waits until its config is tried",
        "server.reload = try_before_reload",
        "pass",
        (f"{_RELOAD}reload_with_a_class_that_does_not_fit_keeps_the_old_workers",),
    ),
    Mutant(
        "master/arbiter",
        "a reload whose publisher was killed is tried again",
        'elif outcome == "died" and tries < _TRIES_MAX:',
        "elif False:",
        (f"{_RELOAD}reload_whose_publisher_is_killed_is_tried_again",),
    ),
    Mutant(
        "master/arbiter",
        "the environment is as after the reload while it is tried",
        "environ.update(app.cfg.env)",
        "pass",
        (f"{_RELOAD}reload_with_a_class_that_does_not_fit_keeps_the_old_workers",),
    ),
    Mutant(
        "master/arbiter",
        "the reloader of gunicorn brings the publisher the new code",
        "if has_fewer and server.cfg.reload:",
        "if False:",
        (f"{_RELOAD}reloader_of_gunicorn_brings_the_publisher_the_new_code",),
    ),
)
