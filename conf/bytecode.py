"""
Bytecode for the image: `python conf/bytecode.py TREE`.

Owns: what is compiled, and that its validity rests on no file's time.
Must not know: what else is in the image.
Runs in: the build of the image, with the Python and the packages that it will have.

The base image has no bytecode, and a read-only root file system can keep none: each
process of each start would compile anew whatever it imports. The packages are compiled
where they are, the files of TREE in it; of the standard library what a pod imports, and
no more of it, into TREE. Tools that pack an image may change the times of files, so the
bytecode is valid by itself.
"""

from __future__ import annotations

import compileall
import importlib
import py_compile
import sys
import sysconfig
from pathlib import Path

_VALIDITY = py_compile.PycInvalidationMode.UNCHECKED_HASH

# Where a process of the pod begins, and what is imported by name after that.
_ENTRIES = (
    "encodings.idna",
    "encodings.unicode_escape",
    "encodings.utf_8_sig",
    "gunicorn.app.wsgiapp",
    "gunicorn.glogging",
    "gunicorn.workers.gthread",
    "gunicorn.workers.sync",
    "importlib.metadata._adapters",
    "liveconfig.command.cli",
    "liveconfig.operators.metrics",
    "liveconfig.operators.templates",
    "liveconfig.publishing.process",
    "liveconfig.publishing.start",
    "liveconfig.reference.wsgi",
)


def main(tree: Path) -> None:
    """Compile what a pod imports, as far as it is no part of the interpreter."""
    packages = sysconfig.get_path("purelib")
    for place, prefix in ((packages, None), (tree, tree)):
        is_good = compileall.compile_dir(
            place, quiet=1, force=True, stripdir=prefix, invalidation_mode=_VALIDITY
        )
        assert is_good, place
    for name in _ENTRIES:
        importlib.import_module(name)
    for module in list(sys.modules.values()):
        spec = module.__spec__
        if spec and spec.origin and spec.cached and packages not in spec.origin:
            py_compile.compile(
                spec.origin,
                f"{tree}{spec.cached}",
                doraise=True,
                invalidation_mode=_VALIDITY,
            )


main(Path(sys.argv[1]))
