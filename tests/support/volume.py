"""
Mounted directories that change as their writers change them: kubelet and git-sync.

Owns: the layout, and the order of the steps in which it changes.
Must not know: who watches or reads.
Runs in: the test process.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

Files = Mapping[str, "str | bytes"]


class ConfigMapVolume:
    """
    A ConfigMap or projected volume, written in exactly the kubelet's order.

    ```
    directory/..2026_11_23_07_07_19.abcdefgh/config.yaml
    directory/..data      -> ..2026_11_23_07_07_19.abcdefgh
    directory/config.yaml -> ..data/config.yaml
    ```
    """

    def __init__(self, directory: Path, files: Files) -> None:
        """Make `directory` where it is missing, and the volume with `files` in it."""
        self.directory = directory
        self._keys: set[str] = set()
        self._payload: Path | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self.flip(files)

    def flip(
        self,
        files: Files,
        between: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
    ) -> None:
        """
        Replace everything by `files` with one rename.

        Args:
            files: the content of each key.
            between: called when all is prepared, right before the rename.
            after: called right after the rename, when the old files are still there.
        """
        old, new = self._payload, self._write_payload(files)
        link = self.directory / "..data_tmp"
        link.symlink_to(new.name)
        if between is not None:
            between()
        link.rename(self.directory / "..data")
        if after is not None:
            after()
        self._payload = new
        for name in sorted(files.keys() - self._keys):
            self.path(name).symlink_to(f"..data/{name}")
        for name in sorted(self._keys - files.keys()):
            self.path(name).unlink()
        self._keys = set(files)
        if old is not None:
            shutil.rmtree(old)

    def path(self, name: str) -> Path:
        """Return the visible path of a key."""
        return self.directory / name

    def _write_payload(self, files: Files) -> Path:
        prefix = time.strftime("..%Y_%m_%d_%H_%M_%S.", time.gmtime())
        payload = Path(tempfile.mkdtemp(prefix=prefix, dir=self.directory))
        payload.chmod(0o755)
        _write(payload, files)
        return payload


class GitSyncCheckout:
    """
    A directory as git-sync keeps it: a link `current` into `worktrees/<hash>/`.
    """

    def __init__(self, directory: Path, files: Files) -> None:
        """Make `directory` where it is missing, and the first worktree with `files`."""
        self.directory = directory
        self._worktree: Path | None = None
        (directory / "worktrees").mkdir(parents=True, exist_ok=True)
        self.flip(files)

    def flip(self, files: Files) -> None:
        """Check `files` out into a new worktree, swap the link, delete the old one."""
        new = Path(tempfile.mkdtemp(dir=self.directory / "worktrees"))
        _write(new, files)
        link = self.directory / "current.tmp"
        link.symlink_to(f"worktrees/{new.name}")
        link.rename(self.directory / "current")
        old, self._worktree = self._worktree, new
        if old is not None:
            shutil.rmtree(old)

    def path(self, name: str) -> Path:
        """Return the path of a file by way of the link."""
        return self.directory / "current" / name


def _write(directory: Path, files: Files) -> None:
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (directory / name).write_bytes(data)
