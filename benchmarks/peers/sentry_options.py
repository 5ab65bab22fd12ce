"""
sentry-options, the nearest rival, as its integration guide says.

Owns: the peer; the directory and the schema that the library wants to find.
Must not know: what is measured.
Runs in: the workers of a server.

It looks at the file at the first read after 5 seconds, which is its default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import sentry_options

from benchmarks.documents import Document
from benchmarks.peers.peer import Peer

NAMESPACE = "benchmark"

_ENTRY = {
    "name": {"type": "string"},
    "title": {"type": "string"},
    "is_enabled": {"type": "boolean"},
    "weight": {"type": "number"},
    "text": {"type": "string"},
}
_SCHEMA = {
    "version": "1.0",
    "type": "object",
    "properties": {
        "message": {"type": "string", "default": "", "description": "what to say"},
        "entries": {
            "type": "array",
            "items": {"type": "object", "properties": _ENTRY},
            "default": [],
            "description": "the rest",
        },
    },
}


class SentryOptions(Peer):
    """Its own defaults."""

    title: ClassVar[str] = "sentry-options"
    says: ClassVar[str] = "as documented; looks at reads, at most each 5 s"
    key: ClassVar[str] = "values.json"
    period_seconds: ClassVar[float] = 5.0
    expression: ClassVar[str] = "options.get('message')"

    def environ(self, place: Path) -> Mapping[str, str]:
        """Lay out schemas and values as they are in an image with a mounted volume."""
        root = place / "sentry-options"
        for kind in ("schemas", "values"):
            (root / kind).mkdir(parents=True)
        (root / "values" / NAMESPACE).symlink_to(self.path.parent)
        (root / "schemas" / NAMESPACE).mkdir()
        (root / "schemas" / NAMESPACE / "schema.json").write_text(json.dumps(_SCHEMA))
        return {"SENTRY_OPTIONS_DIR": str(root)}

    def text(self, document: Document) -> str:
        """Return the document as options; a mapping of any keys is none it knows."""
        config = json.loads(document.json())
        entries = [{"name": name, **entry} for name, entry in config["entries"].items()]
        return json.dumps({"options": {**config, "entries": entries}})

    def names(self) -> Mapping[str, Any]:
        """Read schemas and values."""
        sentry_options.init()
        return {"options": sentry_options.options(NAMESPACE)}


PEER = SentryOptions
