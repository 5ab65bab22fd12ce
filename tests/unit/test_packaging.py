"""What is installed, built and told, held against the one place that decides it."""

from __future__ import annotations

import dataclasses
import re

import pytest
import yaml

from liveconfig.reference.settings import ServiceSettings
from tests.support.source_code import ROOT, setup

_LOCKS = ("build", "run", "dev", "bench")


def _text(name: str) -> str:
    return (ROOT / name).read_text()


def _canonical(requirement: str) -> str:
    """Return a requirement's name as lock files write it."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match.group()).lower()


def _asked_for(section: str, option: str) -> set[str]:
    return {_canonical(line) for line in setup()[section][option].split("\n") if line}


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
    version = setup()["metadata"]["version"]
    deployment = yaml.safe_load(_text("kube/base/deployment.yaml"))
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert f'org.opencontainers.image.version="{version}"' in _stages()[-1]
    assert container["image"] == f"liveconfig:{version}"
    for labels in (deployment["metadata"]["labels"], template["metadata"]["labels"]):
        assert labels["app.kubernetes.io/version"] == version


def test_page_has_every_setting() -> None:
    """The table of the settings has each of them, with its default."""
    page = _text("docs/reference/settings.md")
    rows = re.findall(r"(?m)^\| `([A-Z_]+)` \| (?:`(.+?)`|none) \|", page)
    modules = ("src/liveconfig/settings.py", "src/liveconfig/reference/settings.py")
    names = re.findall(r'"([A-Z_]{4,})"', "".join(map(_text, modules)))
    assert [name for name, _ in rows] == list(dict.fromkeys(names))
    fields = dataclasses.fields(ServiceSettings)
    defaults = ["" if each.default is None else str(each.default) for each in fields]
    assert [default for _, default in rows] == defaults
