"""`make`, the wheel and CI, run: what they need, what they say and what they do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.source_code import ROOT, setup


def _phony() -> set[str]:
    (targets,) = re.findall(r"(?m)^\.PHONY: (.*)$", (ROOT / "Makefile").read_text())
    return set(targets.split())


def _make(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    make = shutil.which("make")
    assert make is not None
    # Not with MAKEFLAGS, which would hand on the variables of an outer make.
    environment = {"PATH": path or os.environ["PATH"]}
    return subprocess.run(
        [make, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


def _program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def _path_with(folder: Path, *names: str) -> str:
    """Make `folder` a PATH with the named programs of this machine and its own."""
    for name in names:
        real = shutil.which(name)
        assert real is not None
        (folder / name).symlink_to(real)
    return str(folder)


def test_makefile_tells_every_target() -> None:
    """`make` alone lists every target that can be asked for, and nothing else."""
    told = {line.split()[0] for line in _make().stdout.splitlines()[1:]}
    assert told == _phony()


def test_make_needs_linux(tmp_path: Path) -> None:
    """On another system make says so in one sentence, and makes nothing."""
    _program(tmp_path, "uname", "echo Darwin")
    result = _make("run", "VENV=.venv-none", path=_path_with(tmp_path))
    assert result.returncode != 0
    assert result.stderr.count("\n") == 1
    assert "needs Linux (inotify and memfd), and this is Darwin." in result.stderr
    assert not (ROOT / ".venv-none").exists()


def test_make_needs_a_python_that_is_new_enough(tmp_path: Path) -> None:
    """With only an old Python make says in one sentence which it needs."""
    _program(tmp_path, "python3", "exit 1")
    result = _make("run", "VENV=.venv-none", path=_path_with(tmp_path, "uname"))
    assert result.returncode != 0
    assert result.stderr.count("\n") == 1
    assert "needs Python 3.10 or newer" in result.stderr


def test_make_needs_the_venv_module(tmp_path: Path) -> None:
    """A Python without venv, as Debian's is at first, is told what to install."""
    _program(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')
    result = _make("test", "VENV=.venv-none", path=_path_with(tmp_path, "uname"))
    assert result.returncode != 0
    assert result.stderr.count("\n") == 1
    assert "apt install python3-venv" in result.stderr


def _image_path(folder: Path, **versions: str) -> str:
    """Make a PATH of builders; each is given what its `version` command does."""
    for name, version in versions.items():
        build = f'echo "{name} $*"'
        _program(folder, name, f'case "$1" in version) {version} ;; *) {build} ;; esac')
    return _path_with(folder, "date", "echo", "git", "sed")


def test_make_image_needs_a_builder(tmp_path: Path) -> None:
    """Where nothing builds images make says in one sentence what to install."""
    result = _make("image", path=_image_path(tmp_path, docker="exit 1"))
    assert result.returncode != 0
    assert result.stderr.count("\n") == 1
    assert "takes docker with its daemon running, podman or buildah" in result.stderr
    assert "apt install buildah" in result.stderr


@pytest.mark.parametrize("builder", ["docker", "podman", "buildah"])
def test_make_image_takes_the_builder_that_is_there(
    tmp_path: Path, builder: str
) -> None:
    """Whichever there is builds the clone, under the version, with its labels."""
    result = _make("image", path=_image_path(tmp_path, **{builder: "exit 0"}))
    version = setup()["metadata"]["version"]
    (command,) = result.stdout.splitlines()[1:]
    assert re.fullmatch(
        rf"{builder} build --tag liveconfig:{re.escape(version)} "
        r"--build-arg REVISION=([0-9a-f]{40}(-dirty)?|unknown) "
        r"--build-arg CREATED=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \.",
        command,
    )


def test_make_image_passes_over_a_docker_without_a_daemon(tmp_path: Path) -> None:
    """A docker that cannot build leaves it to the podman beside it."""
    path = _image_path(tmp_path, docker="exit 1", podman="exit 0")
    assert "\npodman build " in _make("image", path=path).stdout


def test_make_image_takes_the_builder_and_the_name_that_it_is_told(
    tmp_path: Path,
) -> None:
    """BUILDER, IMAGE and ARGS have the last word."""
    path = _image_path(tmp_path, docker="exit 0", buildah="exit 0")
    arguments = ["BUILDER=buildah", "IMAGE=here/it:is", "ARGS=--pull-never"]
    result = _make("image", *arguments, path=path)
    assert "\nbuildah build --tag here/it:is " in result.stdout
    assert result.stdout.endswith(" --pull-never .\n")


def test_make_image_fails_when_the_builder_does(tmp_path: Path) -> None:
    """A build that fails is not taken for an image."""
    _program(tmp_path, "buildah", 'test "$1" = version')
    path = _path_with(tmp_path, "date", "echo", "git", "sed")
    assert _make("image", path=path).returncode != 0


def test_everyday_run_is_what_pytest_runs_by_itself() -> None:
    """`make pytest` adds no choice of its own; what has a mark is in neither."""
    (left_out,) = re.findall(r'-m "(.*)"', setup()["tool:pytest"]["addopts"])
    marks = re.findall(r"(?m)^(\w+):", setup()["tool:pytest"]["markers"])
    assert left_out == " and ".join(f"not {mark}" for mark in marks)
    (command,) = re.findall(r"python -m pytest (.*)", _make("-n", "pytest").stdout)
    assert "-m" not in command.split()


def test_what_needs_more_has_a_target_of_its_own() -> None:
    """`make image-test` and `make page` choose it; what is missing is installed."""
    assert "-m image" in _make("-n", "image-test").stdout
    commands = _make("-n", "page").stdout
    assert "for tool in chromium;" in commands
    assert "-m page" in commands


def test_wheel_has_every_file_of_the_package(tmp_path: Path) -> None:
    """What stands beside the modules is installed with them: style, script, types."""
    sources = ROOT / "src" / "liveconfig"
    for name in ("README.md", "pyproject.toml", "setup.cfg"):
        shutil.copy(ROOT / name, tmp_path)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(sources, tmp_path / "src" / "liveconfig", ignore=ignored)
    pip_wheel = [sys.executable, "-m", "pip", "-q", "wheel", "--no-deps"]
    arguments = ["--no-build-isolation", "--wheel-dir=wheel", "."]
    subprocess.run([*pip_wheel, *arguments], cwd=tmp_path, check=True)
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    packed = {
        name for name in zipfile.ZipFile(wheel).namelist() if ".dist-" not in name
    }
    assert packed == {
        str(path.relative_to(sources.parent))
        for path in sources.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _run_ci(path: str, cwd: Path) -> str:
    result = subprocess.run(
        ["/bin/sh", str(ROOT / ".ci/run")],
        cwd=cwd,
        env={"PATH": path},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_ci_runs_what_the_readme_tells(tmp_path: Path) -> None:
    """The CI script is the README's test command and what that leaves out."""
    _program(tmp_path, "make", 'echo "$PWD: make $*"')
    path = _path_with(tmp_path, "dirname")
    assert _run_ci(path, tmp_path) == "".join(
        f"{ROOT}: make {target}\n"
        for target in (
            "test",
            "page",
            "editor",
            "docs",
            "mutants ARGS=--quick",
            "model",
        )
    )


@pytest.mark.parametrize(
    ("user", "present", "installed"),
    [
        (
            0,
            (),
            [
                "prometheus",
                "kubernetes-client",
                "nginx",
                "strace",
                "bindfs",
                "spin gcc libc6-dev",
            ],
        ),
        (0, ("promtool", "spin"), ["kubernetes-client", "nginx", "strace", "bindfs"]),
        (0, ("promtool", "kubectl", "nginx", "strace", "bindfs", "spin"), []),
        (1, (), []),
    ],
    ids=["root", "some there", "all there", "not root"],
)
def test_ci_installs_what_tests_are_skipped_without(
    tmp_path: Path, user: int, present: tuple[str, ...], installed: list[str]
) -> None:
    """CI installs each tool that is missing before the tests, or goes on."""
    log = tmp_path / "log"
    _program(tmp_path, "id", f"echo {user}")
    _program(tmp_path, "apt-get", f'echo "$*" >> {log}; test "$2" != -y')
    _program(tmp_path, "make", f'echo "make $*" >> {log}')
    for name in present:
        _program(tmp_path, name, "exit 0")
    _run_ci(_path_with(tmp_path, "dirname"), tmp_path)
    *lines, test, page, editor, docs, mutants, model = log.read_text().splitlines()
    done = [line.split(" install ")[1] for line in lines if " install " in line]
    assert done == installed
    assert [test, page, docs] == ["make test", "make page", "make docs"]
    assert editor == "make editor"
    assert [mutants, model] == ["make mutants ARGS=--quick", "make model"]


def test_missing_tool_is_said_in_one_sentence() -> None:
    """Without spin the runner says what to install, and exits 2."""
    command = [sys.executable, str(ROOT / "tests/model/run.py")]
    done = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "apt-get install spin gcc libc6-dev" in done.stderr
    assert done.stderr.count("\n") == 1
