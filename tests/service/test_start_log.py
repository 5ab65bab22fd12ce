"""What a start says, and where: the reason of a failure is in the log, always."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import seccomp
from tests.support.eventually import eventually
from tests.support.own_service import write, write_service
from tests.support.server import Server

_SHOP = """\
import msgspec

class Shop(msgspec.Struct, frozen=True):
    message: str

    def __getitem__(self, key):
        return getattr(self, key)
"""

_LOGGING = {
    "dict-config": """\
import logging.config
logging.config.dictConfig({"version": 1, "root": {"level": "INFO"}})
""",
    "level": """\
import logging
logging.getLogger().setLevel(logging.CRITICAL + 1)
logging.getLogger("liveconfig").setLevel(logging.CRITICAL + 1)
""",
    "disabled": """\
import logging
logging.disable(logging.CRITICAL)
""",
    "shut-down": """\
import logging
logging.shutdown()
""",
    "another-class": """\
import logging

class Silent(logging.Logger):
    def handle(self, record):
        pass

logging.setLoggerClass(Silent)
logging.Logger.handle = Silent.handle
""",
    "factory": """\
import logging

def refuse(*arguments, **keywords):
    raise RuntimeError("no record is made")

logging.setLogRecordFactory(refuse)
""",
}


def _shop(directory: Path, text: str) -> dict[str, str]:
    """Write a schema after `text`; return the variables that have it used."""
    write(directory / "shop.py", text + _SHOP)
    return {"LIVECONFIG_SCHEMA": "shop:Shop", "PYTHONPATH": str(directory)}


def _server(directory: Path, environ: dict[str, str], **options: Any) -> Server:
    """Start a service in `directory` whose message is `one`."""
    path = write(directory / "config.yaml", "message: one\n")
    config_file = write_service(directory)
    return Server(path, directory, environ=environ, config_file=config_file, **options)


@pytest.mark.parametrize("text", _LOGGING.values(), ids=_LOGGING)
def test_schema_that_configures_logging_silences_no_line(
    tmp_path: Path, text: str
) -> None:
    """What a schema's module does to `logging` is between it and its own lines."""
    server = _server(tmp_path, _shop(tmp_path, text))
    try:
        server.wait_until_booted()
        server.wait_for_line("version 1 is live")
        write(tmp_path / "config.yaml", "message: two\n")
        server.wait_for_line("version 2 is live, .*, changed: message, ")
        write(tmp_path / "config.yaml", "message: [\n")
        server.wait_for_line("rejected, version 2 stays")
    finally:
        server.stop()


def test_agent_that_configures_logging_first_silences_no_line(tmp_path: Path) -> None:
    """A root logger that has its handlers before anything else is nothing to us."""
    agent = tmp_path / "agent"
    agent.mkdir()
    write(
        agent / "sitecustomize.py",
        "import logging\nlogging.basicConfig(level=logging.ERROR)\nprint('agent')\n",
    )
    server = _server(tmp_path, {"PYTHONPATH": f"{agent}:{tmp_path}"})
    try:
        server.wait_until_booted()
        server.wait_for_line("version 1 is live")
    finally:
        server.stop()


def test_what_others_log_is_not_told_as_ours(tmp_path: Path) -> None:
    """A warning of a library that the schema uses does not bear our name."""
    text = "import logging\nlogging.getLogger('lib').warning('of its own')\n"
    server = _server(tmp_path, _shop(tmp_path, text))
    try:
        server.wait_until_booted()
        assert server.lines("^of its own$")
        assert not server.lines("liveconfig: .*of its own")
    finally:
        server.stop()


def _failing(directory: Path, *arguments: str, text: str = "") -> Server:
    return Server(
        directory / "missing.yaml",
        directory,
        environ={"PYTHONPATH": str(directory)},
        arguments=arguments,
        config_file=write_service(directory, text),
    )


_REASON = "missing.yaml: no such file or directory: put it there"


def test_failed_start_is_in_the_error_log_and_on_stderr(tmp_path: Path) -> None:
    """Where the log is a file the reason is in it, and the terminal shows it too."""
    log = tmp_path / "error.log"
    server = _failing(tmp_path, f"--error-logfile={log}")
    assert server.wait_until_ended() == 1
    for text in (log.read_text(), server.log):
        (line,) = (line for line in text.splitlines() if "liveconfig: " in line)
        assert _REASON in line


def test_failed_start_is_once_in_a_log_that_is_stderr_as_well(tmp_path: Path) -> None:
    """With --capture-output stderr is the log: one line, not two."""
    log = tmp_path / "error.log"
    server = _failing(tmp_path, f"--error-logfile={log}", "--capture-output")
    assert server.wait_until_ended() == 1
    assert log.read_text().count(_REASON) == 1


def test_failed_start_of_a_daemon_is_in_its_log(tmp_path: Path) -> None:
    """A daemon has no terminal: the log alone can say why it is gone."""
    log = tmp_path / "error.log"
    server = _failing(tmp_path, "--daemon", f"--error-logfile={log}")
    server.wait_until_ended()
    eventually(lambda: log.exists() and _REASON in log.read_text())


def test_failed_start_is_a_line_of_a_json_log(tmp_path: Path) -> None:
    """A logger class of the team's own gets the reason, in whatever form it writes."""
    write(
        tmp_path / "json_logger.py",
        "import json, logging\n"
        "from gunicorn.glogging import Logger\n"
        "class Lines(logging.Formatter):\n"
        "    def format(self, record):\n"
        "        return json.dumps({'level': record.levelname,"
        " 'text': record.getMessage()})\n"
        "class JsonLogger(Logger):\n"
        "    def setup(self, cfg):\n"
        "        super().setup(cfg)\n"
        "        for handler in self.error_log.handlers:\n"
        "            handler.setFormatter(Lines())\n",
    )
    server = _failing(tmp_path, "--logger-class=json_logger.JsonLogger")
    assert server.wait_until_ended() == 1
    lines = [json.loads(line) for line in server.log.splitlines()]
    (line,) = (line for line in lines if _REASON in line["text"])
    assert line["level"] == "CRITICAL"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import os; os._exit(7)", "the publisher died with status 7 before it said"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "died by signal 11",
        ),
        ("raise SystemExit(3)", "the schema shop:Shop cannot be imported: "),
    ],
)
def test_schema_that_ends_the_process_is_named(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """However the publisher ends, the start says how."""
    server = _server(tmp_path, _shop(tmp_path, f"{text}\n"))
    assert server.wait_until_ended() == 1
    (line,) = server.lines("liveconfig: ")
    assert sentence in line


@pytest.mark.parametrize("error", ["ENOSYS", "EPERM"])
@pytest.mark.parametrize("call", seccomp.NUMBERS)
def test_kernel_that_refuses_a_call_is_one_sentence(
    tmp_path: Path, call: str, error: str
) -> None:
    """An old kernel or a strict sandbox: which call, and the least that is needed."""
    server = _server(
        tmp_path,
        {"PYTHONPATH": str(tmp_path)},
        launcher=[sys.executable, seccomp.__file__, call, error, sys.executable],
    )
    assert server.wait_until_ended() == 1
    (line,) = server.lines("liveconfig: ")
    assert f"this system refuses {call}: " in line
    assert "needs Linux 5.4 or newer" in line
    assert "Traceback" not in server.log


@pytest.mark.parametrize("closed", [(0,), (1,), (0, 1), (0, 1, 2)])
def test_closed_standard_streams_harm_nothing(
    tmp_path: Path, closed: tuple[int, ...]
) -> None:
    """A supervisor that starts gunicorn without them gets a service, and no damage."""
    closing = "".join(f"os.close({number});" for number in closed)
    log = tmp_path / "error.log"
    server = _server(
        tmp_path,
        {"PYTHONPATH": str(tmp_path)},
        arguments=[f"--error-logfile={log}"] if 2 in closed else [],
        launcher=[
            sys.executable,
            "-c",
            f"import os, sys; {closing} os.execv(sys.executable, "
            "[sys.executable, *sys.argv[1:]])",
        ],
    )
    try:
        if 2 in closed:
            eventually(lambda: log.exists() and "Booting worker" in log.read_text())
        else:
            server.wait_until_booted()
        assert server.get().text == "one"
        write(tmp_path / "config.yaml", "message: two\n")
        eventually(lambda: server.get().text == "two")
        for number in closed:
            target = os.readlink(f"/proc/{server.process.pid}/fd/{number}")
            assert not target.startswith("/memfd:")
    finally:
        server.stop()
