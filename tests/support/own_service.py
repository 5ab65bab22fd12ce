"""
Another service than the reference service: an application and its gunicorn config file.

Owns: the text of both.
Must not know: what is tested.
Runs in: the test process; gunicorn reads the files.
"""

from __future__ import annotations

from pathlib import Path

_APP = """\
from liveconfig import ConfigManager

manager = ConfigManager()


def app(environ, start_response):
    config = manager.get()
    body = config["message"].encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


def write(path: Path, text: str) -> Path:
    """Write a file and return its path."""
    path.write_text(text)
    return path


def write_service(directory: Path, text: str = "", *, has_hooks: bool = True) -> Path:
    """
    Write a service that has a plain mapping, and return its gunicorn config file.

    Args:
        directory: where its modules are.
        text: what follows in the config file.
        has_hooks: whether the config file has the one line.
    """
    write(directory / "own_app.py", _APP)
    hooks = "from liveconfig.gunicorn import *\n" if has_hooks else ""
    return write(
        directory / "own.conf.py", f"{hooks}wsgi_app = 'own_app:app'\n{text}\n"
    )
