"""
What every peer has: a way to come by the config, and an expression that reads it.

Owns: the interface.
Must not know: what is measured.
Runs in: the master and the workers of a server, and the measuring process.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.documents import Document


class Peer:
    """
    One way to have a config in every worker.

    Attributes:
        title: the peer's name in tables.
        says: how it is used, in a few words.
        key: the name of its file in the volume.
        period_seconds: what passes at most between two looks of its own at the file.
        expression: what a request handler writes to read one value. The application
            evaluates it for every request, the row `read` times it and nothing else.
        settings: what goes into the gunicorn config file.
        restarts: whether a change of the config ends the workers.
    """

    title: ClassVar[str]
    says: ClassVar[str]
    key: ClassVar[str] = "config.yaml"
    period_seconds: ClassVar[float] = 0.0
    expression: ClassVar[str]
    restarts: ClassVar[bool] = False

    def __init__(self, path: Path) -> None:
        """Serve the config at `path`."""
        self.path = path

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the gunicorn config file of this peer sets."""
        return {}

    def environ(self, place: Path) -> Mapping[str, str]:
        """Prepare what it wants to find outside, in `place`; return its variables."""
        return {}

    def text(self, document: Document) -> str:
        """Return a document as the content of the peer's file."""
        return document.yaml()

    def before_fork(self) -> None:
        """Do what is done once, in the gunicorn master, before there are workers."""

    def names(self) -> Mapping[str, Any]:
        """Do what is done once in each worker; return the names in `expression`."""
        raise NotImplementedError


class Holder:
    """A config that is replaced as a whole, which one store of an attribute does."""

    __slots__ = ("config",)

    def __init__(self, config: Any) -> None:
        """Hold `config`."""
        self.config = config

    def get(self) -> Any:
        """Return what is held."""
        return self.config
