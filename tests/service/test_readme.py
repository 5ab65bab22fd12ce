"""The documentation does what it says: its commands, its code, the tests it names."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from runpy import run_path

import pytest

from liveconfig import PublicValueError
from liveconfig.masking.secret import MASK
from tests.support.eventually import eventually
from tests.support.server import Server, free_port
from tests.support.source_code import ROOT

README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


def _blocks(page: Path, language: str) -> list[str]:
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, page.read_text(), re.MULTILINE | re.DOTALL)


class Step:
    """A command of a page and the output that it shows."""

    def __init__(self, command: str, output: list[str]) -> None:
        self.command = command
        # An ellipsis stands for anything within a line.
        lines = (".*".join(map(re.escape, line.split("…"))) for line in output)
        self.output = re.compile("\n".join(lines))


def _steps(page: Path) -> Iterator[Step]:
    for block in _blocks(page, "console"):
        for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *output = command.rstrip("\n").split("\n")
            yield Step(first, output)


class Clone:
    """A copy of what the commands need, with free ports in their place."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in ("Makefile", "setup.cfg", "pyproject.toml"):
            shutil.copy2(ROOT / name, directory)
        for name in ("conf", "kube", "requirements"):
            shutil.copytree(ROOT / name, directory / name)
        self._link_environment()
        self._ports = {"8080": str(free_port()), "9090": str(free_port())}
        self.environ = {
            "PATH": os.environ["PATH"],
            "PORT": self._ports["8080"],
            "LIVECONFIG_ADMIN_PORT": self._ports["9090"],
        }

    def _link_environment(self) -> None:
        # Made from the locks already, by the very target that is tried here.
        environment = self.directory / ".venv"
        environment.mkdir()
        (environment / "bin").symlink_to(Path(sys.executable).parent)
        for stamp in ("build", "run"):
            (environment / stamp).touch()

    def arguments(self, command: str) -> list[str]:
        """Return the command line of a shell that runs `command` with our ports."""
        for theirs, ours in self._ports.items():
            command = command.replace(f"localhost:{theirs}", f"localhost:{ours}")
        return ["bash", "-c", command]

    def prints(self, step: Step) -> bool:
        """Run the command of a step and tell whether it prints what is shown."""
        if match := re.fullmatch(r"export (\w+)=(\S+)", step.command):
            self.environ[match[1]] = match[2]
            return True
        printed = self._run(step.command)
        is_right = step.output.fullmatch(printed) is not None
        if not is_right:
            print(f"$ {step.command}\n{printed}")
        return is_right

    def _run(self, command: str) -> str:
        ran = subprocess.run(
            self.arguments(command),
            cwd=self.directory,
            env=self.environ,
            stdout=subprocess.PIPE,
            # Where curl shows its progress, but not in a terminal.
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return ran.stdout.replace("\r", "").rstrip("\n")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A copy of the project."""
    return Clone(tmp_path)


@pytest.fixture
def running(clone: Clone) -> Iterator[subprocess.Popen[bytes]]:
    """`make run`, the first command of the README, in a terminal of its own."""
    log = clone.directory / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            clone.arguments("make run"),
            cwd=clone.directory,
            env=clone.environ,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    eventually(lambda: log.read_text().count("Booting worker") == 4)
    yield process
    os.killpg(process.pid, signal.SIGINT)
    process.wait(60)


def test_commands_print_what_the_readme_shows(
    clone: Clone, running: subprocess.Popen[bytes]
) -> None:
    """Every command, in its order and then the tutorial's, prints what is under it."""
    first, *steps = _steps(README)
    assert first.command == "make run"
    for step in (*steps, *_steps(DOCS / "start/tutorial.md")):
        # A person is slower than the time in which a plain write settles.
        eventually(partial(clone.prints, step))
    assert running.poll() is None


def test_only_the_tutorial_has_commands_with_their_output() -> None:
    """No page has a command that no test runs."""
    pages = {page for page in (README, *PAGES) if _blocks(page, "console")}
    assert pages == {README, DOCS / "start/tutorial.md"}


def _named_files(*pages: Path) -> dict[str, str]:
    """Return the files that the pages show, by the name in their first line."""
    files = {}
    for page in pages:
        for block in (*_blocks(page, "python"), *_blocks(page, "yaml")):
            first = block.split("\n", 1)[0]
            if match := re.fullmatch(r"# ([\w./]+\.(?:py|yaml))", first):
                files[match[1]] = block
    return files


_SERVICE = DOCS / "start/your-service.md"
_HOOKS = DOCS / "guides/hooks.md"


def _write_shop(directory: Path, pages: list[Path], port: str = "9090") -> None:
    others = set(PAGES) - {_SERVICE, _HOOKS}
    for name, text in _named_files(*others, *pages).items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("9090", port))


def _shop(
    tmp_path: Path,
    application: str,
    *hooks: Path,
    config: str = "config.yaml",
    **settings: str,
) -> Server:
    """Serve one of the documentation's applications, with one of its hooks' pages."""
    operators_port = free_port()
    _write_shop(tmp_path, [_SERVICE, *hooks], str(operators_port))
    environ = {
        "LIVECONFIG_SCHEMA": "shop.config:ShopConfig",
        # So that what a callback prints is in the log at once.
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(tmp_path),
    }
    return Server(
        tmp_path / config,
        tmp_path,
        arguments=[application],
        ports=(0, operators_port),
        environ={**environ, **settings},
        config_file=tmp_path / "gunicorn.conf.py",
    ).wait_until_booted()


@pytest.mark.parametrize(
    "application",
    [
        "shop.app:app",
        "shop.falcon_app:app",
        "shop.flask_app:app",
        "shop.django_app:app",
        "shop.gated:app",
    ],
)
@pytest.mark.parametrize("hooks", [(), (_HOOKS,)], ids=["ours", "own"])
def test_code_for_other_services_works(
    tmp_path: Path, application: str, hooks: tuple[Path, ...]
) -> None:
    """The schema, applications and hooks of the pages serve and go live as shown."""
    server = _shop(tmp_path, application, *hooks)
    try:
        assert server.get().text.startswith("Hello")
        (tmp_path / "config.yaml").write_text("message: Bye\napi_key: hunter2\n")
        eventually(lambda: server.get().text.startswith("Bye"))
        server.wait_for_line(
            "version 2 is live, .* changed: currencies, limits.eu, message, "
        )
    finally:
        server.stop()
    assert "hunter2" not in server.log


def test_gate_keeps_the_probe_open(tmp_path: Path) -> None:
    """Without a config the probe is answered 200 and all else 503; then it serves."""
    wait = {"LIVECONFIG_ON_MISSING": "wait"}
    server = _shop(tmp_path, "shop.gated:app", config="later.yaml", **wait)
    try:
        eventually(lambda: server.get("/livez").text == "alive\n")
        assert server.get().status == 503
        (tmp_path / "config.yaml").rename(tmp_path / "later.yaml")
        eventually(lambda: server.get().text == "Hello ('EUR', 'SEK')")
    finally:
        server.stop()


def test_config_that_is_shown_fits_its_class(tmp_path: Path) -> None:
    """The command that is shown beside the config finds nothing wrong with it."""
    _write_shop(tmp_path, [_SERVICE])
    (command,) = re.findall(r"`liveconfig (check [^`]+)`", _SERVICE.read_text())
    done = subprocess.run(
        [Path(sys.executable).with_name("liveconfig"), *command.split(), "--strict"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("config.yaml: ok, sha256:"), done.stderr


def test_code_of_the_readme_works(tmp_path: Path) -> None:
    """The three files of the README are all that a service needs."""
    files = _named_files(README)
    assert set(files) == {"gunicorn.conf.py", "shop/config.py", "shop/app.py"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    config = tmp_path / "config.yaml"
    config.write_text("message: Hello\n")
    server = Server(
        config,
        tmp_path,
        arguments=["shop.app:app"],
        environ={
            "LIVECONFIG_SCHEMA": "shop.config:ShopConfig",
            "PYTHONPATH": str(tmp_path),
        },
        config_file=tmp_path / "gunicorn.conf.py",
    ).wait_until_booted()
    try:
        assert server.get().text == "Hello ('EUR',)"
        config.write_text("message: Bye\n")
        eventually(lambda: server.get().text == "Bye ('EUR',)")
    finally:
        server.stop()


def test_test_of_your_own_code_passes(tmp_path: Path) -> None:
    """The unit test that the documentation shows runs without a service."""
    _write_shop(tmp_path, [_SERVICE])
    command = [sys.executable, "-m", "pytest", "-q", "test_greeting.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_small_examples_do_what_they_say(tmp_path: Path) -> None:
    """A secret masks itself, and the check that is shown refuses what it says."""
    _write_shop(tmp_path, [_SERVICE])
    run_path(str(tmp_path / "secret.py"))
    checked = run_path(str(tmp_path / "shop/checked.py"))["CheckedConfig"]
    assert checked(pool_size=11).currencies == ("EUR",)
    with pytest.raises(PublicValueError, match="a large pool needs a currency"):
        checked(pool_size=11, currencies=())


def test_every_named_file_is_shown_once() -> None:
    """No two pages have a file of one name, but for the README and the hooks."""
    names = [name for page in PAGES if page != _HOOKS for name in _named_files(page)]
    assert len(names) == len(set(names))


def test_entry_point_adds_the_operators_and_a_callback(tmp_path: Path) -> None:
    """The module of the operators' port puts together what other pages made."""
    server = _shop(tmp_path, "shop.wsgi:app")
    try:
        # On its own port the shop answers whatever it is asked for.
        assert server.get("/status").text.startswith("Hello")
        config = json.loads(server.get("/config", admin=True).text)
        assert (config["message"], config["api_key"]) == ("Hello", MASK)
        eventually(lambda: len(server.lines(r"^version 1 has \('EUR', 'SEK'\)")) == 2)
    finally:
        server.stop()


def test_watcher_works_alone(tmp_path: Path) -> None:
    """The use of `FileWatcher` that is shown prints a line for a change."""
    config = tmp_path / "config.yaml"
    config.write_text("a: 1\n")
    program = _named_files(DOCS / "guides/watcher.md")["watch.py"].replace(
        "/etc/config/config.yaml", str(config)
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    prompt = "press Enter to end"
    assert process.stdout.read(len(prompt)) == prompt
    config.write_text("a: 2\n")
    assert process.stdout.readline() == "may have changed\n"
    process.communicate("\n", timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("page", "least"), [("README.md", 8), ("docs/explain/promises.md", 22)]
)
def test_every_promise_names_a_test_that_exists(page: str, least: int) -> None:
    """A promise without a test, or with one that is gone, does not stay."""
    promises = (
        (ROOT / page).read_text().split("# What it promises")[1].split("\n## ")[0]
    )
    tests = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    items = re.findall(r"^\d+\. .*(?:\n +.*)*", promises, re.MULTILINE)
    assert len(items) >= least
    for item in items:
        named = re.findall(r"`(test_\w+)`", item)
        assert named, item
        assert set(named) <= tests, item


def _printed() -> Iterator[str]:
    """Yield each text of the package, with a star for what is filled in."""
    for path in (ROOT / "src/liveconfig").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.sub(r"%(\.\d)?[sdf]", "*", node.value)
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "*"
                    for part in node.values
                )


def test_explained_log_lines_are_those_of_the_package() -> None:
    """Each line that the README explains is one that the package can write."""
    table = README.read_text().split("## When something is wrong")[1].split("\n## ")[0]
    explained = re.findall(r"(?m)^\| `([^`]+)` \|", table)
    assert len(explained) >= 5
    printed = list(_printed())
    for line in explained:
        # Numbers, paths and names are filled in, and so is what a callback is called.
        text = re.sub(r"(the callback )?\b\w+([.:_](\w+|\*+))+|\b\d+", "*", line)
        parts = text.split("…")
        assert any(all(part in each for part in parts) for each in printed), text


def test_code_map_is_complete() -> None:
    """The code map names every module with the first line of its charter."""
    rows = re.findall(
        r"^\| (?:\*\*)?`([\w/]+)`(?:\*\*)? \| (.*) \|$",
        (DOCS / "contribute/code-map.md").read_text(),
        re.MULTILINE,
    )
    table = dict(rows)
    package = ROOT / "src/liveconfig"
    modules = {}
    for path in package.rglob("*.py"):
        name = path.relative_to(package).with_suffix("").as_posix()
        if name != "__init__":
            text = ast.get_docstring(ast.parse(path.read_text())) or ""
            modules[name.removesuffix("__init__")] = text.split("\n")[0]
    assert table == modules, "write it anew: python docs/generate.py"
