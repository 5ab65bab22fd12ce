"""
Peers that parse the file themselves.

Owns: the parsing, with the fastest loader that PyYAML has.
Must not know: when it is parsed.
Runs in: whatever process of a server parses.
"""

from __future__ import annotations

from typing import Any

import yaml

from benchmarks.peers.peer import Peer


class YamlPeer(Peer):
    """A peer with a file in YAML, and the means to load it."""

    def load(self) -> Any:
        """Read and parse the file."""
        with open(self.path, "rb") as stream:
            return yaml.load(stream, Loader=yaml.CSafeLoader)
