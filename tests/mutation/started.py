"""
The safeguards of a start, each as a change of the code that takes it away.

Owns: these rows of the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Always, Argument, Drop, Never, Text

_FORKS = "tests/process/test_forks.py::test_"
_HOOKS = "tests/service/test_hooks.py::test_"
_INTERPRETER = "tests/service/test_interpreter.py::test_"
_KERNEL = "tests/unit/test_kernel.py::test_"
_OWNER = "tests/service/test_owner.py::test_"
_PUBLISHER_LOG = "tests/unit/test_publisher_log.py::test_"
_START_LOG = "tests/service/test_start_log.py::test_"

STARTED = (
    Mutant(
        "master.interpreter:_BEGIN",
        "the publisher begins with Python's own library in front",
        Text("first + path", "path"),
        (f"{_INTERPRETER}modules_named_as_those_of_python_harm_nobody",),
    ),
    Mutant(
        "master.interpreter:_found_before",
        "what the master had imported is what the schema finds",
        Never("origin"),
        (f"{_INTERPRETER}modules_named_as_those_of_python_harm_nobody",),
    ),
    Mutant(
        "master.interpreter:_require_python",
        "a service that is started again for the publisher ends",
        Never("argv"),
        (f"{_INTERPRETER}program_that_is_no_python_starts_no_service_of_its_own",),
    ),
    Mutant(
        "publishing.log:Log.write",
        "no line of the publisher goes through `logging`",
        Always("_send"),
        (f"{_PUBLISHER_LOG}lines_go_to_whoever_takes_them",),
    ),
    Mutant(
        "gunicorn:_start",
        "no memory has the number of a closed stream",
        Drop("_open_standard_streams"),
        (f"{_START_LOG}closed_standard_streams_harm_nothing",),
    ),
    Mutant(
        "gunicorn:_fail",
        "the reason of a failed start is in the log",
        Drop("START_FAILS"),
        (f"{_START_LOG}failed_start_of_a_daemon_is_in_its_log",),
    ),
    Mutant(
        "master.hooks:_completed.call",
        "a hook that does not call ours is noticed",
        Always("_called"),
        (f"{_HOOKS}hook_that_does_not_call_ours_is_told_and_harms_nothing",),
    ),
    Mutant(
        "master.hooks:complete",
        "a hook that a reload brings is noticed",
        Drop("setup_and_complete"),
        (f"{_HOOKS}hook_that_a_reload_brings_is_told",),
    ),
    Mutant(
        "memory.worker_table:WorkerTable.give_out",
        "two parents give out different rows",
        Never("_is_dirty"),
        (f"{_FORKS}dirty_workers_have_rows_that_their_own_parent_gives_out",),
    ),
    Mutant(
        "gunicorn:dirty_worker_init",
        "a dirty worker's row shows what it took before it had one",
        Drop("enter_row"),
        (f"{_HOOKS}dirty_worker_shows_what_it_took_before_it_had_a_row",),
    ),
    Mutant(
        "publishing.process:main",
        "the publisher is the workers' user's",
        Drop("take_place"),
        (f"{_OWNER}publisher_is_the_workers_users",),
    ),
    Mutant(
        "publishing.owner:take_place",
        "a source of root alone keeps it root",
        Never("_unreadable"),
        (f"{_OWNER}source_of_root_alone_keeps_the_publisher_root",),
    ),
    Mutant(
        "memory.kernel:seal_size",
        "the memory is sealed",
        Argument("fcntl", 2, "_F_SEAL_GROW"),
        (f"{_KERNEL}memory_is_sealed_and_not_inherited",),
    ),
)
