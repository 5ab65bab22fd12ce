"""How a service starts, or says in one sentence why it does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.service.conftest import StartServer
from tests.support.eventually import eventually
from tests.support.own_service import write, write_service
from tests.support.server import Server, all_ended
from tests.support.volume import ConfigMapVolume


def _failed_start(server: Server) -> str:
    """Wait for the end of a start that must fail, and return what it said."""
    assert server.wait_until_ended() == 1
    assert all_ended(server.family())
    assert "Booting worker" not in server.log
    assert "Traceback" not in server.log
    (line,) = server.lines("liveconfig: ")
    return line


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (None, r"config.yaml: no such file or directory: put it there"),
        ("", "config.yaml: the file is empty"),
        ("message: [\n", "config.yaml:1:10: message[0]: not valid YAML"),
        ("message: 1\n", "config.yaml:1:1: message: expected text"),
        ("mesage: x\n", "config.yaml:1:1: message: this required key is missing"),
    ],
)
def test_start_without_a_good_config_is_one_sentence(
    tmp_path: Path, config: str | None, sentence: str
) -> None:
    """Missing or invalid at start: status 1, one sentence, no worker."""
    path = tmp_path / "config.yaml"
    if config is not None:
        path.write_text(config)
    said = _failed_start(Server(path, tmp_path))
    assert sentence in said
    assert str(path) in said


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"PORT": "http"}, "PORT is 'http': it takes a whole number"),
        ({"LIVECONFIG_SETTLE_MS": "-1"}, "LIVECONFIG_SETTLE_MS is '-1'"),
        ({"LIVECONFIG_PAYLOAD_BYTES_MAX": "1"}, "LIVECONFIG_PAYLOAD_BYTES_MAX is '1'"),
        # The reference service has a schema of its own, which gives way to it.
        ({"LIVECONFIG_SCHEMA": "no_such_module:X"}, "no_such_module"),
    ],
)
def test_start_with_wrong_settings_is_one_sentence(
    tmp_path: Path, environ: dict[str, str], sentence: str
) -> None:
    """A setting that does not fit is named, with what it takes."""
    path = write(tmp_path / "config.yaml", "message: x\n")
    assert sentence in _failed_start(Server(path, tmp_path, environ=environ))


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ("no_such_module:X", "no_such_module"),
        ("liveconfig.errors:Nothing", "Nothing"),
        ("nonsense", "nonsense"),
        ("mutable:Config", "Config can be changed: declare it with frozen=True"),
        ("broken:Config", "ZeroDivisionError"),
    ],
)
def test_start_with_a_wrong_schema_is_one_sentence(
    tmp_path: Path, schema: str, sentence: str
) -> None:
    """A schema that cannot be used is named, with what is wrong with it."""
    write(
        tmp_path / "mutable.py",
        "import msgspec\n\n\nclass Config(msgspec.Struct):\n    message: str\n",
    )
    write(tmp_path / "broken.py", "1 / 0\n")
    path = write(tmp_path / "config.yaml", "message: x\n")
    server = Server(
        path,
        tmp_path,
        environ={"LIVECONFIG_SCHEMA": schema, "PYTHONPATH": str(tmp_path)},
        config_file=write_service(tmp_path),
    )
    assert sentence in _failed_start(server)


def test_one_line_is_all_that_another_service_needs(
    tmp_path: Path, volume: ConfigMapVolume
) -> None:
    """With the star import any WSGI application is live, here with a plain mapping."""
    server = Server(
        volume.path("config.yaml"),
        tmp_path,
        environ={"PYTHONPATH": str(tmp_path)},
        config_file=write_service(tmp_path),
    ).wait_until_booted()
    try:
        assert server.get().text == "one"
        volume.flip({"config.yaml": "message: two\nany: [key]\n"})
        server.wait_for_line("version 2 is live, sha256:.*, changed: any, message, ")
        assert {server.get().text for _ in range(10)} == {"two"}
    finally:
        server.stop()


def test_hooks_of_their_own_can_call_ours(
    tmp_path: Path, volume: ConfigMapVolume
) -> None:
    """A config file that defines each hook itself calls ours from it."""
    text = """\
from liveconfig import gunicorn as live

def on_starting(server):
    live.on_starting(server)
    server.log.info("own on_starting")

def on_reload(server):
    live.on_reload(server)

def on_exit(server):
    live.on_exit(server)
    server.log.info("own on_exit")

def post_fork(server, worker):
    live.post_fork(server, worker)
    worker.log.info("own post_fork")

def post_worker_init(worker):
    live.post_worker_init(worker)
"""
    server = Server(
        volume.path("config.yaml"),
        tmp_path,
        environ={"PYTHONPATH": str(tmp_path)},
        config_file=write_service(tmp_path, text),
    ).wait_until_booted()
    assert server.get().text == "one"
    server.stop()
    assert len(server.lines("own on_starting")) == 1
    assert len(server.lines("own post_fork")) == 2
    assert len(server.lines("own on_exit")) == 1


def test_without_the_hooks_it_says_what_to_add(tmp_path: Path) -> None:
    """The application starts, and the error of a request names the missing line."""
    server = Server(
        write(tmp_path / "config.yaml", "message: x\n"),
        tmp_path,
        environ={"PYTHONPATH": str(tmp_path)},
        config_file=write_service(tmp_path, has_hooks=False),
    ).wait_until_booted()
    try:
        assert server.get().status == 500
        assert server.lines(
            r"add `from liveconfig\.gunicorn import \*` to the gunicorn"
        )
    finally:
        server.stop()


def test_reference_service_without_the_hooks_is_503(tmp_path: Path) -> None:
    """The service's own error says it in the log, and the answer is 503."""
    server = Server(
        write(tmp_path / "config.yaml", "message: x\n"),
        tmp_path,
        config_file=write(
            tmp_path / "bare.conf.py", "wsgi_app = 'liveconfig.reference.wsgi:app'\n"
        ),
    ).wait_until_booted()
    try:
        for path in ("/", "/readyz"):
            assert server.get(path).status == 503
        assert server.get("/status", admin=True).status == 503
        assert server.lines(r"liveconfig: there is no config in this process yet: add")
        assert "Traceback" not in server.log
    finally:
        server.stop()


def test_settings_and_command_line_arguments_are_honoured(
    tmp_path: Path, volume: ConfigMapVolume
) -> None:
    """WEB_CONCURRENCY, PORT and GUNICORN_CMD_ARGS do what gunicorn users expect."""
    path = volume.path("config.yaml")
    environ = {"WEB_CONCURRENCY": "3", "GUNICORN_CMD_ARGS": "--log-level=debug"}
    server = Server(path, tmp_path, workers=None, environ=environ, binds_itself=True)
    try:
        server.wait_until_ready()
        assert len(server.worker_pids) == 3
        assert server.lines(rf"Listening at: http://127\.0\.0\.1:{server.port},")
        assert server.lines(r"\[DEBUG\] Current configuration")
    finally:
        server.stop()


def test_start_from_the_cache_when_the_source_is_bad(
    start_server: StartServer, tmp_path: Path
) -> None:
    """With a cache directory a restart serves the last good, says so, and recovers."""
    path = write(tmp_path / "config.yaml", "message: good\n")
    # Kept at once, and not when its trial is over.
    cache = str(tmp_path / "cache")
    environ = {"LIVECONFIG_CACHE_DIR": cache, "LIVECONFIG_TRIAL": "off"}
    start_server(path, environ=environ).stop()
    path.write_text("message: [\n")
    server = start_server(path, environ=environ)
    assert server.get().text == "good"
    assert server.status()["origin"] == "cache"
    assert server.status()["rejected"]["error"]["line"] == 1
    server.wait_for_line(
        "version 1 is live from the cache, .*source is no good: .*:1:10"
    )
    path.write_text("message: mended\n")
    server.wait_until_all_serve("mended")
    assert server.status()["origin"] == "source"


def test_source_whose_name_is_no_text_is_served(
    tmp_path: Path, start_server: StartServer
) -> None:
    """Bytes that are not UTF-8 in its name end no publisher, whatever is told of it."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/config\xff.yaml"))
    server = start_server(write(path, "message: one\n"))
    write(path, "message: [\n")
    rejected = eventually(lambda: server.status()["rejected"])
    assert rejected["error"]["path"].endswith(r"/config\udcff.yaml")
    path.unlink()
    missing = eventually(lambda: server.status()["source"]["missing"])
    assert r"config\udcff.yaml: no such file" in missing["problem"]
    write(path, "message: two\n")
    server.wait_until_all_serve("two")
    assert server.status()["publisher"]["starts"] == 1
