"""
The safeguards of the operators' port, each as a change that takes it away.

Owns: their rows.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Drop, Instead, Never, Swap, Value, Without

_HOSTS = "tests/unit/test_hosts.py::test_"
_HTTP = "tests/service/test_http.py::test_"
_OWN_PORTS = "tests/service/test_own_ports.py::test_"
_SETTINGS = "tests/unit/test_settings.py::test_"

APART = (
    Mutant(
        "worker.own_ports:_give_up",
        "a worker gives up the listeners of the operators' port",
        Drop("sockets left"),
        (f"{_OWN_PORTS}port_is_the_one_of_the_socket",),
    ),
    Mutant(
        "worker.own_ports:_Apart._accept",
        "slow clients have threads of their own",
        Instead("Thread", "self._answer(*arguments)"),
        (f"{_OWN_PORTS}slow_operators_are_let_go",),
    ),
    Mutant(
        "worker.own_ports:_Apart._let_in",
        "who takes too long is hung up on",
        Drop("_hang_up_on_the_late"),
        (f"{_OWN_PORTS}slow_operators_are_let_go",),
    ),
    Mutant(
        "worker.own_ports:_Apart.run_beside.run_and_finish",
        "a worker that ends waits for whom it has let in",
        Drop("_finish"),
        (f"{_OWN_PORTS}worker_that_ends_answers_whom_it_has_let_in",),
    ),
    Mutant(
        "worker.own_ports:is_beating",
        "a worker that hangs is not alive",
        Instead("bool", "return True"),
        (f"{_OWN_PORTS}worker_that_hangs_is_not_alive",),
    ),
    Mutant(
        "worker.own_ports:serve",
        "a port that is not bound is told",
        Drop("PORT_CLOSED"),
        (f"{_OWN_PORTS}port_that_is_not_bound_is_closed",),
    ),
    Mutant(
        "operators.hosts:is_known",
        "a name that anyone may own is refused",
        Instead("_covers", "return True"),
        (f"{_HOSTS}name_that_anyone_may_own_is_not_known",),
    ),
    Mutant(
        "operators.hosts:is_known",
        "a safe domain is the end of a name",
        Swap(
            "name.endswith(_SAFE_DOMAINS)",
            "any(each in name for each in _SAFE_DOMAINS)",
        ),
        (f"{_HOSTS}name_that_anyone_may_own_is_not_known",),
    ),
    Mutant(
        "operators.admin:create_admin_app",
        "names are looked at before anything is shown",
        Without("middleware"),
        (f"{_HTTP}operators_port_does_not_answer_under_any_name",),
    ),
    Mutant(
        "operators.admin:_keep_nowhere",
        "no cache keeps a config",
        Value("cache_control", "['no-cache']"),
        (f"{_HTTP}what_shows_the_config_is_kept_nowhere",),
    ),
    Mutant(
        "settings:WholeNumber.value",
        "a link to a Service is no setting",
        Never("_SERVICE_LINK"),
        (f"{_SETTINGS}link_to_a_service_is_no_setting",),
    ),
)
