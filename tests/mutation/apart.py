"""
The safeguards of the operators' port, each as a change that takes it away.

Owns: their rows.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_HOSTS = "tests/unit/test_hosts.py::test_"
_HTTP = "tests/service/test_http.py::test_"
_OWN_PORTS = "tests/service/test_own_ports.py::test_"
_SETTINGS = "tests/unit/test_settings.py::test_"

APART = (
    Mutant(
        "worker/own_ports",
        "a worker gives up the listeners of the operators' port",
        "    worker.sockets = list(left)\n",
        "",
        (f"{_OWN_PORTS}port_is_the_one_of_the_socket",),
    ),
    Mutant(
        "worker/own_ports",
        "slow clients have threads of their own",
        "threading.Thread(target=self._answer, args=arguments, daemon=True).start()",
        "self._answer(*arguments)",
        (f"{_OWN_PORTS}slow_operators_are_let_go",),
    ),
    Mutant(
        "worker/own_ports",
        "who takes too long is hung up on",
        "            self._hang_up_on_the_late()\n",
        "",
        (f"{_OWN_PORTS}slow_operators_are_let_go",),
    ),
    Mutant(
        "worker/own_ports",
        "a worker that ends waits for whom it has let in",
        "            run()\n            self._finish()\n",
        "            run()\n",
        (f"{_OWN_PORTS}worker_that_ends_answers_whom_it_has_let_in",),
    ),
    Mutant(
        "worker/own_ports",
        "a worker that hangs is not alive",
        "return bool(silent_seconds <= _worker.cfg.timeout)",
        "return True",
        (f"{_OWN_PORTS}worker_that_hangs_is_not_alive",),
    ),
    Mutant(
        "worker/own_ports",
        "a port that is not bound is told",
        "        PORT_CLOSED.write(worker.log, port, _names(worker.sockets), port)\n",
        "        pass\n",
        (f"{_OWN_PORTS}port_that_is_not_bound_is_closed",),
    ),
    Mutant(
        "operators/hosts",
        "a name that anyone may own is refused",
        "    return any(_covers(known, name) for known in names)",
        "    return True",
        (f"{_HOSTS}name_that_anyone_may_own_is_not_known",),
    ),
    Mutant(
        "operators/hosts",
        "a safe domain is the end of a name",
        "name.endswith(_SAFE_DOMAINS)",
        "any(each in name for each in _SAFE_DOMAINS)",
        (f"{_HOSTS}name_that_anyone_may_own_is_not_known",),
    ),
    Mutant(
        "operators/admin",
        "names are looked at before anything is shown",
        "    app = falcon.App(middleware=hosts)\n",
        "    app = falcon.App()\n",
        (f"{_HTTP}operators_port_does_not_answer_under_any_name",),
    ),
    Mutant(
        "operators/admin",
        "no cache keeps a config",
        '["no-store"]',
        '["no-cache"]',
        (f"{_HTTP}what_shows_the_config_is_kept_nowhere",),
    ),
    Mutant(
        "settings",
        "a link to a Service is no setting",
        "        if _SERVICE_LINK.match(text):\n            return default\n",
        "",
        (f"{_SETTINGS}link_to_a_service_is_no_setting",),
    ),
)
