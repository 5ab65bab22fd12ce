"""
The safeguards of a reload and of the master's end, without each in turn.

Owns: that part of the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Always, Drop, Never, Only, Swap

_MASTER_END = "tests/service/test_master_end.py::test_"
_RELOAD = "tests/service/test_reload.py::test_"
_SUPERVISOR = "tests/process/test_supervisor.py::test_"
_RESPAWN = ("tests/service/test_respawn.py",)

RELOADED = (
    Mutant(
        "worker.door:wait_to_serve",
        "a worker without a config leaves the requests to the others",
        Always("problem"),
        _RESPAWN,
    ),
    Mutant(
        "gunicorn:post_fork",
        "a worker is ended by force after its master",
        Drop("_hand_over"),
        (f"{_MASTER_END}busy_worker_does_not_outlive_the_master",),
    ),
    Mutant(
        "master.guardian:_Watch.run",
        "a worker that is stopped goes on after its master's end",
        Swap("signal.SIGCONT", "signal.SIGURG"),
        (f"{_MASTER_END}stopped_worker_does_not_outlive_the_master",),
    ),
    Mutant(
        "master.guardian:_Watch.run",
        "force comes last",
        Only("SIGKILL"),
        (f"{_MASTER_END}request_under_way_is_answered_after_the_masters_end",),
    ),
    Mutant(
        "master.guardian:_guard",
        "a guardian that is stopped goes on after the master's end",
        Drop("signal_at_end_of_parent"),
        (f"{_MASTER_END}all_that_is_stopped_does_not_outlive_the_master",),
    ),
    Mutant(
        "master.guardian:_guard",
        "the guardian does not hold the ports",
        Drop("_close_all_but"),
        (f"{_MASTER_END}busy_worker_does_not_outlive_the_master",),
    ),
    Mutant(
        "master.arbiter:_start_again_if_ended",
        "another guardian has charge of the workers of before",
        Drop("take_charge"),
        (f"{_MASTER_END}killed_guardian_is_replaced_and_takes_charge_of_all",),
    ),
    Mutant(
        "publishing.process:run",
        "a publisher whose schema fits nothing takes no place",
        Never("MUST_FIT"),
        (f"{_SUPERVISOR}successor_whose_schema_fits_nothing_does_not_take_the_place",),
    ),
    Mutant(
        "publishing.fit:require_fit",
        "a source that fits is enough",
        Always("of_source"),
        (f"{_SUPERVISOR}source_that_fits_the_new_schema_is_enough",),
    ),
    Mutant(
        "master.succession:Succession.messages",
        "a successor that hangs is given up",
        Never("_FIT_SECONDS_MAX"),
        (f"{_SUPERVISOR}successor_that_is_stopped_while_it_is_tried_holds_nobody_up",),
    ),
    Mutant(
        "master.supervisor:Supervisor._learn_poll_seconds",
        "a publisher's own interval is what it is judged by",
        Drop("poll_seconds"),
        (f"{_SUPERVISOR}publisher_without_a_pulse_is_replaced",),
    ),
    Mutant(
        "master.arbiter:attach",
        "a reload waits until its config is tried",
        Drop("reload try_before_reload"),
        (f"{_RELOAD}reload_with_a_class_that_does_not_fit_keeps_the_old_workers",),
    ),
    Mutant(
        "master.arbiter:attach.go_on_with_reload",
        "a reload whose publisher was killed is tried again",
        Never("_TRIES_MAX"),
        (f"{_RELOAD}reload_whose_publisher_is_killed_is_tried_again",),
    ),
    Mutant(
        "master.arbiter:_as_after_reload",
        "the environment is as after the reload while it is tried",
        Drop("update"),
        (f"{_RELOAD}reload_with_a_class_that_does_not_fit_keeps_the_old_workers",),
    ),
    Mutant(
        "master.arbiter:attach.look",
        "the reloader of gunicorn brings the publisher the new code",
        Never("has_fewer"),
        (f"{_RELOAD}reloader_of_gunicorn_brings_the_publisher_the_new_code",),
    ),
)
