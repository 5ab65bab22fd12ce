"""What is installed, built and told, held against the one place that decides it."""

from __future__ import annotations

import configparser
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from liveconfig.reference.settings import ServiceSettings

_ROOT = Path(__file__).resolve().parents[2]
_LOCKS = ("build", "run", "dev", "bench")


def _text(name: str) -> str:
    return (_ROOT / name).read_text()


def _setup() -> configparser.ConfigParser:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read_string(_text("setup.cfg"))
    return setup


def _canonical(requirement: str) -> str:
    """Return a requirement's name as lock files write it."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match.group()).lower()


def _asked_for(section: str, option: str) -> set[str]:
    return {_canonical(line) for line in _setup()[section][option].split("\n") if line}


def _pins(lock: str) -> list[str]:
    """Return one logical line per requirement of a lock file, comments left out."""
    text = _text(f"requirements/{lock}.txt")
    code = re.sub(r"(?m)^\s*#.*\n", "", text)
    return code.replace("\\\n", " ").splitlines()


def _stages() -> list[str]:
    return _text("Dockerfile").split("\nFROM ")[1:]


def _joined(text: str) -> str:
    """Return a Dockerfile with each instruction on one line, comments left out."""
    return re.sub(r"(?m)^\s*#.*\n", "", text).replace("\\\n", " ")


def _phony() -> set[str]:
    (targets,) = re.findall(r"(?m)^\.PHONY: (.*)$", _text("Makefile"))
    return set(targets.split())


def _make(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    make = shutil.which("make")
    assert make is not None
    # Not with MAKEFLAGS, which would hand on the variables of an outer make.
    environment = {"PATH": path or os.environ["PATH"]}
    return subprocess.run(
        [make, *arguments],
        cwd=_ROOT,
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


@pytest.mark.parametrize("lock", _LOCKS)
def test_lock_names_no_place(lock: str) -> None:
    """A lock file holds names, versions and hashes: no address, path or option."""
    text = _text(f"requirements/{lock}.txt")
    assert not re.search(r"://|file:|\s@\s|(?m:^\s*/)|(?m:^-)", text)
    assert set(re.findall(r"\s--(\w+)", text)) == {"hash"}


@pytest.mark.parametrize("lock", _LOCKS)
def test_lock_pins_everything_by_hash(lock: str) -> None:
    """Every requirement is one version, and the files that it may be."""
    pin = re.compile(r"[a-z0-9.-]+==\S+ (; .+?)?( *--hash=sha256:[0-9a-f]{64})+ *")
    pins = _pins(lock)
    assert pins
    assert [line for line in pins if not pin.fullmatch(line)] == []


def test_run_lock_has_what_the_package_needs() -> None:
    """The lock of `make run` and the image pins all that setup.cfg asks for."""
    pinned = {_canonical(line) for line in _pins("run")}
    assert _asked_for("options", "install_requires") <= pinned


def test_dev_lock_adds_to_the_run_lock() -> None:
    """The tests run with the very versions that the service runs with."""
    assert set(_pins("run")) <= set(_pins("dev"))
    pinned = {_canonical(line) for line in _pins("dev")}
    assert _asked_for("options.extras_require", "dev") <= pinned


def test_bench_lock_adds_to_the_run_lock() -> None:
    """What is measured is the very versions that the service runs with."""
    assert set(_pins("run")) <= set(_pins("bench"))
    pinned = {_canonical(line) for line in _pins("bench")}
    assert _asked_for("options.extras_require", "bench") <= pinned


def test_build_lock_has_what_the_build_needs() -> None:
    """What pyproject.toml builds with is pinned, as the builds are not isolated."""
    (requires,) = re.findall(r"(?m)^requires = \[(.*)\]$", _text("pyproject.toml"))
    pinned = {_canonical(line) for line in _pins("build")}
    assert {_canonical(name.strip('"')) for name in requires.split(", ")} <= pinned


def test_image_is_built_from_the_locks() -> None:
    """Nothing gets into the image that is not pinned by hash, or of this clone."""
    commands = re.findall(r"(?<!-)\bpip [^&\n]+", _joined(_stages()[0]))
    assert len(commands) == 4
    for command in commands:
        assert "--require-hashes" in command or "--no-deps" in command


def test_image_ends_without_tools() -> None:
    """The last stage runs nothing: all that it adds comes from the first, in one go."""
    instructions = re.findall(r"(?m)^[A-Z]+\b.*", _joined(_stages()[-1]))
    names = [instruction.split()[0] for instruction in instructions]
    assert not {"RUN", "ADD", "SHELL", "ONBUILD", "VOLUME"} & set(names)
    copies = [instruction for instruction in instructions if "COPY" in instruction]
    assert copies == ["COPY --from=build /image/ /"]


def test_image_runs_as_a_numeric_user() -> None:
    """Only a number lets a kubelet see that the user is not root."""
    (user,) = re.findall(r"(?m)^USER (\S+)$", _stages()[-1])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_image_starts_gunicorn_itself() -> None:
    """No shell stands between the signals of a pod and gunicorn."""
    assert (
        _stages()[-1]
        .rstrip()
        .endswith('CMD ["gunicorn", "-c", "conf/gunicorn.conf.py"]')
    )


def test_image_can_be_reached_from_outside() -> None:
    """The image's public port is on every address, the operators' on loopback alone."""
    last = _joined(_stages()[-1])
    assert re.search(r"(?m)^ENV .*\bHOST=0\.0\.0\.0\s", last)
    assert "LIVECONFIG_ADMIN_HOST" not in last


def test_image_exposes_the_ports_of_the_settings() -> None:
    """The image announces both ports, as they are by default."""
    expose = f"EXPOSE {ServiceSettings.port} {ServiceSettings.admin_port}"
    assert expose in _stages()[-1].splitlines()


def test_image_has_the_schema_of_the_service() -> None:
    """The command line in the image and the service judge by one schema."""
    (of_image,) = re.findall(r"\bLIVECONFIG_SCHEMA=(\S+)", _joined(_stages()[-1]))
    assert f'"LIVECONFIG_SCHEMA={of_image}"' in _text("conf/gunicorn.conf.py")


def test_image_is_made_from_the_named_files_only() -> None:
    """The build is sent nothing but what it copies: no history, no tests, no .venv."""
    rules = [
        line for line in _text(".dockerignore").splitlines() if not line.startswith("#")
    ]
    sent = {rule.strip("!/") for rule in rules if rule.startswith("!")}
    assert rules[0] == "*"
    assert sent == {
        "conf",
        "requirements",
        "src",
        "README.md",
        "pyproject.toml",
        "setup.cfg",
    }
    assert {"**/__pycache__", "**/*.egg-info"} <= set(rules)


def test_versions_agree() -> None:
    """The package, the image and the Deployment are of one version."""
    version = _setup()["metadata"]["version"]
    deployment = yaml.safe_load(_text("kube/base/deployment.yaml"))
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert f'org.opencontainers.image.version="{version}"' in _stages()[-1]
    assert container["image"] == f"liveconfig:{version}"
    for labels in (deployment["metadata"]["labels"], template["metadata"]["labels"]):
        assert labels["app.kubernetes.io/version"] == version


def test_readme_tells_every_setting() -> None:
    """The README's table is the list of the settings, with their defaults."""
    rows = re.findall(r"(?m)^\| `([A-Z_]+)` \| (?:`(.+?)`|none) \|", _text("README.md"))
    modules = ("src/liveconfig/settings.py", "src/liveconfig/reference/settings.py")
    names = re.findall(r'"([A-Z_]{4,})"', "".join(map(_text, modules)))
    assert [name for name, _ in rows] == list(dict.fromkeys(names))
    defaults = [str(field.default) for field in dataclasses.fields(ServiceSettings)]
    assert [default for _, default in rows] == defaults


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
    assert not (_ROOT / ".venv-none").exists()


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


def test_make_prefers_a_newer_python_to_an_old_one(tmp_path: Path) -> None:
    """An old python3 is passed over for a python3.12 beside it."""
    _program(tmp_path, "python3", "exit 1")
    _program(tmp_path, "python3.12", "exit 0")
    path = _path_with(tmp_path, "uname")
    result = _make("-n", "run", "VENV=.venv-none", path=path)
    assert "python3.12 -m venv .venv-none" in result.stdout


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
    version = _setup()["metadata"]["version"]
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


def test_everyday_run_leaves_the_image_out() -> None:
    """`make test` builds no image and needs no root; `make image-test` does both."""
    assert "and not image" in _make("-n", "pytest").stdout
    assert "-m image" in _make("-n", "image-test").stdout


def test_everyday_run_leaves_the_browser_out() -> None:
    """`make test` needs no browser; `make page` needs one and installs it as root."""
    assert "and not page" in _make("-n", "pytest").stdout
    commands = _make("-n", "page").stdout
    assert "for tool in chromium;" in commands
    assert "-m page" in commands


def test_wheel_has_every_file_of_the_package(tmp_path: Path) -> None:
    """What stands beside the modules is installed with them: style, script, types."""
    sources = _ROOT / "src" / "liveconfig"
    for name in ("README.md", "pyproject.toml", "setup.cfg"):
        shutil.copy(_ROOT / name, tmp_path)
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
        ["/bin/sh", str(_ROOT / ".ci/run")],
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
        f"{_ROOT}: make {target}\n"
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
