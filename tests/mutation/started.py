"""
The safeguards of a start, each as a change of the code that takes it away.

Owns: these rows of the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_FORKS = "tests/process/test_forks.py::test_"
_HOOKS = "tests/service/test_hooks.py::test_"
_INTERPRETER = "tests/service/test_interpreter.py::test_"
_KERNEL = "tests/unit/test_kernel.py::test_"
_OWNER = "tests/service/test_owner.py::test_"
_PUBLISHER_LOG = "tests/unit/test_publisher_log.py::test_"
_START_LOG = "tests/service/test_start_log.py::test_"

STARTED = (
    Mutant(
        "master/interpreter",
        "the publisher begins with Python's own library in front",
        "sys.path[:] = first + path",
        "sys.path[:] = path",
        (f"{_INTERPRETER}modules_named_as_those_of_python_harm_nobody",),
    ),
    Mutant(
        "master/interpreter",
        "what the master had imported is what the schema finds",
        "if now is not None and now.origin != spec.origin:",
        "if False:",
        (f"{_INTERPRETER}modules_named_as_those_of_python_harm_nobody",),
    ),
    Mutant(
        "master/interpreter",
        "a service that is started again for the publisher ends",
        'if _BEGIN in sys.argv or "--relay-descriptor" in sys.argv:',
        "if False:",
        (f"{_INTERPRETER}program_that_is_no_python_starts_no_service_of_its_own",),
    ),
    Mutant(
        "publishing/log",
        "no line of the publisher goes through `logging`",
        "if self._send is None:",
        "if True:",
        (f"{_PUBLISHER_LOG}lines_go_to_whoever_takes_them",),
    ),
    Mutant(
        "gunicorn",
        "no memory has the number of a closed stream",
        "    _open_standard_streams()\n",
        "",
        (f"{_START_LOG}closed_standard_streams_harm_nothing",),
    ),
    Mutant(
        "gunicorn",
        "the reason of a failed start is in the log",
        "sentences.START_FAILS.write(log, error)",
        "pass",
        (f"{_START_LOG}failed_start_of_a_daemon_is_in_its_log",),
    ),
    Mutant(
        "master/hooks",
        "a hook that does not call ours is noticed",
        "if name in _called:",
        "if True:",
        (f"{_HOOKS}hook_that_does_not_call_ours_is_told_and_harms_nothing",),
    ),
    Mutant(
        "master/hooks",
        "a hook that a reload brings is noticed",
        "server.setup = setup_and_complete",
        "pass",
        (f"{_HOOKS}hook_that_a_reload_brings_is_told",),
    ),
    Mutant(
        "memory/worker_table",
        "two parents give out different rows",
        "first = _DIRTY_ROW if self._is_dirty else 1",
        "first = 1",
        (f"{_FORKS}dirty_workers_have_rows_that_their_own_parent_gives_out",),
    ),
    Mutant(
        "gunicorn",
        "a dirty worker's row shows what it took before it had one",
        "    manager.enter_row()\n",
        "",
        (f"{_HOOKS}dirty_worker_shows_what_it_took_before_it_had_a_row",),
    ),
    Mutant(
        "publishing/process",
        "the publisher is the workers' user's",
        "take_place(Owner.parse(options.owner), settings.path)",
        "pass",
        (f"{_OWNER}publisher_is_the_workers_users",),
    ),
    Mutant(
        "publishing/owner",
        "a source of root alone keeps it root",
        "if unreadable and not _unreadable(path):",
        "if False:",
        (f"{_OWNER}source_of_root_alone_keeps_the_publisher_root",),
    ),
    Mutant(
        "memory/kernel",
        "the memory is sealed",
        "_F_SEAL_SHRINK | _F_SEAL_GROW | _F_SEAL_SEAL",
        "_F_SEAL_GROW",
        (f"{_KERNEL}memory_is_sealed_and_not_inherited",),
    ),
)
