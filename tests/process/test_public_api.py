"""The names that an application may import, and what changes of them break it."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import liveconfig
from tests.support.public_api import AGREED, breaking_changes, present_api
from tests.support.source_code import ROOT


def test_nothing_that_an_application_relies_on_is_broken() -> None:
    """What worked with the agreed API works with the present one."""
    assert breaking_changes(AGREED.read_text(), present_api()) == []


def test_the_api_is_the_agreed_one() -> None:
    """What is new in the API is agreed on: `make api` writes it down for a review."""
    assert present_api() == AGREED.read_text(), "look at it, then run: make api"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("def get(self) -> T: ...", "def fetch(self) -> T: ..."), "get"),
        (("timeout_seconds: float = 1.0", "seconds: float = 1.0"), "timeout_seconds"),
        (("class Secret:", "class Password:"), "Secret"),
        (("    digest: str\n", ""), "digest"),
        (("class StartupError(LiveconfigError)", "class StartupError"), "StartupError"),
    ],
)
def test_a_break_is_seen(change: tuple[str, str], what: str) -> None:
    """A name, argument, attribute or base that is gone is seen, by its name."""
    agreed = AGREED.read_text()
    assert change[0] in agreed
    found = breaking_changes(agreed, agreed.replace(*change))
    assert found
    assert any(what in line for line in found)


def test_dir_shows_the_public_names() -> None:
    """`dir(liveconfig)` shows the names that are for applications, and no other."""
    assert dir(liveconfig) == sorted(liveconfig.__all__)


@pytest.mark.parametrize("name", liveconfig.__all__)
def test_every_public_name_is_at_the_root(name: str) -> None:
    """Each name is at the root of the package, and explains itself there."""
    found = getattr(liveconfig, name)
    assert inspect.getdoc(found)


@pytest.mark.parametrize(
    "name",
    [
        "ConfigManager",
        "FileWatcher",
        "MetricsCollector",
        "Secret",
        "Snapshot",
        "SnapshotMiddleware",
        "Subscription",
        "by_port",
        "create_admin_app",
        "when_configured",
    ],
)
def test_a_name_to_work_with_shows_how(name: str) -> None:
    """What an application calls shows an example in its docstring."""
    text = inspect.getdoc(getattr(liveconfig, name)) or ""
    assert "::\n\n    " in text or ":\n\n    " in text


_LOADED = """
import sys, liveconfig
liveconfig.ConfigManager, liveconfig.Secret, liveconfig.when_configured
foreign = {"falcon", "jinja2", "prometheus_client", "pyinotify", "yaml"}
assert not foreign & set(sys.modules)
"""


def test_no_library_is_loaded_that_is_not_used() -> None:
    """Who takes no Falcon, metrics or page loads none of their libraries."""
    subprocess.run([sys.executable, "-c", _LOADED], check=True, cwd=ROOT)
