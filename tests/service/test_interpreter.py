"""Whatever way Python was started, the publisher finds what the master found."""

from __future__ import annotations

import sys
import zipapp
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.own_service import write, write_service
from tests.support.server import Server

_ROOT = Path(__file__).resolve().parents[2]

# `asyncore` is imported by the publisher alone, `shlex` by gunicorn alone.
_SHADOWS = ("types", "token", "logging", "asyncore", "argparse", "ctypes", "shlex")

_SCHEMA = """\
import shlex, token, types
from typing import Annotated
import msgspec

where = [module.__file__ for module in (shlex, token, types)]

class Shop(msgspec.Struct, frozen=True):
    message: str
    found: str = repr(where)
"""

_APP = """\
import shlex, token, types
from liveconfig import ConfigManager

manager = ConfigManager()
where = [module.__file__ for module in (shlex, token, types)]

def app(environ, start_response):
    start_response("200 OK", [])
    config = manager.get()
    same = config.found == repr(where) if hasattr(config, "found") else __debug__
    return [f"{same}".encode()]
"""


def _service(directory: Path, text: str = "") -> tuple[Path, Path]:
    """Write an application whose schema says what it found; return config files."""
    config_file = write_service(directory, text)
    write(directory / "own_app.py", _APP)
    write(directory / "shop_schema.py", _SCHEMA)
    return write(directory / "config.yaml", "message: one\n"), config_file


def _server(
    directory: Path,
    *,
    text: str = "",
    schema: str = "shop_schema:Shop",
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    launcher: Sequence[str | Path] = (),
) -> Server:
    path, config_file = _service(directory, text)
    return Server(
        path,
        directory,
        workers=1,
        arguments=[f"--chdir={directory}", *arguments],
        environ={"LIVECONFIG_SCHEMA": schema, **(environ or {})},
        config_file=config_file,
        launcher=[str(word) for word in launcher],
    )


def _failed_start(server: Server) -> str:
    assert server.wait_until_ended() == 1
    assert "Traceback" not in server.log
    (line,) = server.lines("liveconfig: ")
    return line


def test_modules_named_as_those_of_python_harm_nobody(tmp_path: Path) -> None:
    """With `types.py` and more of the kind beside it the service is as without them."""
    for name in _SHADOWS:
        text = f"raise RuntimeError('the application has a {name} of its own')\n"
        write(tmp_path / f"{name}.py", text)
    server = _server(tmp_path).wait_until_booted()
    try:
        assert server.get().text == "True"
    finally:
        server.stop()


def test_module_named_as_one_that_the_publisher_needs_is_named(tmp_path: Path) -> None:
    """What only the publisher imports is looked for as all else: one sentence."""
    write(tmp_path / "pyinotify.py", "")
    said = _failed_start(_server(tmp_path))
    assert "the publisher cannot be imported: AttributeError: " in said
    assert "pyinotify" in said


_BUNDLE = """\
import sys

sys.path[:0] = {path!r}
# The command line of gunicorn follows that of the bundle.
del sys.argv[0]
from gunicorn.app.wsgiapp import run

run()
"""


def test_bundle_starts_what_is_in_it(tmp_path: Path) -> None:
    """An interpreter that knows none of the packages finds them as the bundle does."""
    content = tmp_path / "content"
    content.mkdir()
    path = [place for place in sys.path if place.endswith("site-packages")]
    write(content / "__main__.py", _BUNDLE.format(path=[*path, str(_ROOT / "src")]))
    bundle = tmp_path / "service.pyz"
    zipapp.create_archive(content, bundle)
    python = Path(sys.base_prefix) / "bin" / "python3"
    server = _server(tmp_path, launcher=[python, "-I", "-S", bundle])
    try:
        assert server.wait_until_booted().get().text == "True"
    finally:
        server.stop()


def test_flags_of_the_interpreter_are_those_of_the_publisher(tmp_path: Path) -> None:
    """With -O an assert of the schema is off in the publisher, as in the workers."""
    text = "assert False\n" + _SCHEMA
    path, config_file = _service(tmp_path)
    write(tmp_path / "shop_schema.py", text)
    server = Server(
        path,
        tmp_path,
        workers=1,
        arguments=[f"--chdir={tmp_path}"],
        environ={"LIVECONFIG_SCHEMA": "shop_schema:Shop"},
        config_file=config_file,
        launcher=[sys.executable, "-O", "-I"],
    )
    try:
        assert server.wait_until_booted().get().text == "True"
    finally:
        server.stop()


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"PYTHONWARNINGS": "error"}, id="warnings"),
        pytest.param({"PYTHONSAFEPATH": "1"}, id="safe-path"),
        pytest.param({"PYTHONOPTIMIZE": "2"}, id="optimize"),
        pytest.param({"PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}, id="utf-8"),
    ],
)
def test_environment_of_python_harms_no_start(
    tmp_path: Path, environ: Mapping[str, str]
) -> None:
    """What the operator tells Python by variables holds, and nothing fails by it."""
    server = _server(tmp_path, environ=environ)
    try:
        assert server.wait_until_booted().get().text == "True"
    finally:
        server.stop()


def test_path_that_gunicorn_is_given_is_the_publishers(tmp_path: Path) -> None:
    """`--pythonpath`, and PYTHONPATH in `raw_env`, mean to both what they mean to one.

    gunicorn sets the second too late for its own interpreter, but not for others.
    """
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "late").mkdir()
    write(tmp_path / "late" / "types.py", "raise RuntimeError('found too early')\n")
    path, config_file = _service(
        tmp_path / "elsewhere", f"raw_env = ['PYTHONPATH={tmp_path / 'late'}']"
    )
    server = Server(
        path,
        tmp_path,
        workers=1,
        arguments=[f"--pythonpath={tmp_path / 'elsewhere'}"],
        environ={"LIVECONFIG_SCHEMA": "shop_schema:Shop"},
        config_file=config_file,
    )
    try:
        assert server.wait_until_booted().get().text == "True"
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sys.frozen = True", "is frozen into one program, which cannot start"),
        ("sys.executable = ''", "sys.executable is empty, so there is no Python"),
        (
            "sys.executable = '/no/such/python'",
            "cannot start the publisher: /no/such/python: no such file or directory; ",
        ),
        ("sys.executable = '/bin/false'", "died with status 1 before it said "),
    ],
)
def test_start_without_a_python_is_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """Where Python is part of another program, the start says what to do instead."""
    assert sentence in _failed_start(_server(tmp_path, text=f"import sys\n{text}"))


def test_program_that_is_no_python_starts_no_service_of_its_own(
    tmp_path: Path,
) -> None:
    """One that starts the service whatever it is told does not do so without end."""
    script = write(tmp_path / "service", "")
    path, config_file = _service(
        tmp_path, f"import sys; sys.executable = {str(script)!r}"
    )
    # As a frozen service: the command line is there, and nobody looks at it.
    write(
        tmp_path / "frozen.py",
        f"import sys, runpy\nmine = sys.argv[:]\n"
        f"from gunicorn.app.wsgiapp import WSGIApplication as Base\n"
        f"class App(Base):\n"
        f"    def load_config(self):\n"
        f"        sys.argv[1:] = ['-c', {str(config_file)!r}]\n"
        f"        super().load_config()\n"
        f"        sys.argv[:] = mine\n"
        f"App().run()\n",
    )
    write(script, f'#!/bin/sh\nexec {sys.executable} {tmp_path / "frozen.py"} "$@"\n')
    script.chmod(0o755)
    server = Server(
        path,
        tmp_path,
        workers=1,
        arguments=[f"--chdir={tmp_path}"],
        config_file=config_file,
    )
    assert server.wait_until_ended() == 1
    assert server.log.count("Starting gunicorn") == 2
    assert server.lines("liveconfig: .*service is no Python: it started the service")
