"""The first page that a process is asked for loads the templates, from anywhere."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support.source_code import ROOT

_ASK = """
import sys
from falcon.testing import TestClient
import liveconfig
from liveconfig.operators.admin import create_admin_app
from liveconfig.reference.config import ServiceConfig

app = create_admin_app(liveconfig.ConfigManager(ServiceConfig))
client = TestClient(app, headers={"Host": "localhost"})
for path in ("/", "/nothing", "/status/page.css"):
    answer = client.simulate_get(path)
    assert answer.text and "<html" not in answer.text
    assert not {"jinja2", "markupsafe"} & set(sys.modules)
for path in ("/", "/nothing"):
    answer = client.simulate_get(path, headers={"Accept": "text/html"})
    assert answer.text.startswith("<!DOCTYPE html>\\n<html "), answer.text
    assert "jinja2" in sys.modules
print(liveconfig.__file__)
"""


def _place_of_the_package(*paths: Path) -> str:
    script = f"import sys; sys.path[:0] = {[str(path) for path in paths]!r}\n{_ASK}"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_who_takes_no_page_loads_no_templates() -> None:
    """JSON, text and style are answered without Jinja2, a page with it."""
    assert _place_of_the_package().startswith(str(ROOT / "src"))


def test_pages_come_out_of_a_zip(tmp_path: Path) -> None:
    """Templates, style and script are found where the package is no directory."""
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        for path in (ROOT / "src" / "liveconfig").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(ROOT / "src"))
    assert _place_of_the_package(package).startswith(f"{package}/")
