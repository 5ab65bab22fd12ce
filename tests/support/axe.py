"""
The accessibility checker axe-core, fetched by npm when a test asks for it.

Owns: which release it is.
Must not know: what is checked.
Runs in: the test process.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path

_RELEASE = "axe-core@4.14.1"
_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
_FETCH_SECONDS = 60.0


def fetched_axe(directory: Path) -> str | None:
    """Return the checker's script, None where npm or its registry is out of reach."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    try:
        subprocess.run(
            [npm, "pack", "--silent", _RELEASE],
            cwd=directory,
            capture_output=True,
            check=True,
            timeout=_FETCH_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    (archive,) = directory.glob("*.tgz")
    assert sha256(archive.read_bytes()).hexdigest() == _SHA256
    with tarfile.open(archive) as opened:
        script = opened.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()
