"""
The command that starts the publisher, so that it finds what the master found.

Owns: which interpreter, with which flags, where it looks for modules, in which order.
Must not know: what the publisher does.
Runs in: the gunicorn master.

Why in two steps: gunicorn puts the folder of the application in front of everything
when it has imported its own modules. A publisher that began with that order would take
an application's `types.py` for the one of Python. So it imports itself with Python's
own library in front, and looks where the application looks from then on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder

from liveconfig.errors import StartupError

# What its interpreter begins with, up to the last folder of Python's own library, is
# what the interpreter of the master began with: PYTHONPATH and that library.
_BEGIN = """\
import sys
path = sys.argv[sys.argv.index("--") + 1 :]
ends = [end for end, place in enumerate(sys.path, 1) if place.endswith("lib-dynload")]
first = [place for place in sys.path[: max(ends, default=0)] if place and place in path]
sys.path[:] = first + path
from liveconfig.publishing.start import main
sys.exit(main(path))
"""


def command(arguments: Sequence[str]) -> list[str]:
    """
    Return the command that starts the publisher with these arguments.

    Raises:
        StartupError: there is no interpreter to start it with; nothing was started.
    """
    _require_python()
    path = [place for place in sys.path if isinstance(place, str)]
    found = [f"--found={name}={place}" for name, place in _found_before()]
    # As `multiprocessing` does: asserts, UTF-8 mode and more are as in the master.
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return [sys.executable, *flags, "-c", _BEGIN, *arguments, *found, "--", *path]


def _require_python() -> None:
    if getattr(sys, "frozen", False):
        raise StartupError(
            f"{sys.executable} is frozen into one program, which cannot start the "
            "publisher: ship the service as its virtual environment, a shiv or a pex"
        )
    if not sys.executable:
        raise StartupError(
            "sys.executable is empty, so there is no Python to start the publisher "
            "with: start gunicorn by the full path of its Python"
        )
    # The arguments of a publisher: something took them for those of the service.
    if _BEGIN in sys.argv or "--relay-descriptor" in sys.argv:
        raise StartupError(
            f"{sys.executable} is no Python: it started the service once more instead "
            "of the publisher; run gunicorn by a Python of its own"
        )


def _found_before() -> Iterator[tuple[str, str]]:
    """
    Yield what the master imported before another of that name came in front.

    With each the folder it came from: what the schema imports by that name is the same
    in the publisher as in a worker.
    """
    for name, module in tuple(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec is None or not spec.has_location or name != spec.name:
            continue
        if "." in name or name.startswith("__"):
            continue
        now = PathFinder.find_spec(name)
        if now is not None and now.origin != spec.origin:
            folder = os.path.dirname(spec.origin)
            is_package = spec.submodule_search_locations is not None
            yield name, os.path.dirname(folder) if is_package else folder
