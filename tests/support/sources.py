"""
Sources that may be flipped and deleted, whatever they are.

Owns: how each kind of source is changed.
Must not know: what is written, who reads it.
Runs in: the test process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tests.support.volume import ConfigMapVolume

_NAME = "config.yaml"


class ChangingSource(Protocol):
    """
    One file, and how it changes.

    Attributes:
        path: the file.
        can_be_edited: whether it is one that people write into; a mount is not.
    """

    path: Path
    can_be_edited: bool

    def flip(self, content: bytes) -> None:
        """Replace the file by another one, at once."""

    def delete(self) -> None:
        """Take the file away."""


class PlainFile:
    """A file in a directory of its own."""

    can_be_edited = True

    def __init__(self, directory: Path, content: bytes) -> None:
        """Make the directory, and the file in it."""
        directory.mkdir()
        self.path = directory / _NAME
        self.path.write_bytes(content)

    def flip(self, content: bytes) -> None:
        """Rename another file into its place."""
        unfinished = self.path.with_name("unfinished")
        unfinished.write_bytes(content)
        unfinished.rename(self.path)

    def delete(self) -> None:
        """Delete the file."""
        self.path.unlink()


class MountedKey:
    """The only key of a ConfigMap volume."""

    can_be_edited = False

    def __init__(self, directory: Path, content: bytes) -> None:
        """Make the volume in `directory`."""
        self._volume = ConfigMapVolume(directory, {_NAME: content})
        self.path = self._volume.path(_NAME)

    def flip(self, content: bytes) -> None:
        """Flip the volume."""
        self._volume.flip({_NAME: content})

    def delete(self) -> None:
        """Flip the volume to one without keys."""
        self._volume.flip({})
