"""
Kubernetes manifests as the files that they will become.

Owns: finding ConfigMaps in a manifest, and where a place inside one stands in it.
Must not know: schemas, what to do about a problem.
Runs in: the CLI.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from liveconfig.config.document import Limits, locate, parse_all
from liveconfig.errors import InvalidConfigError, KeyPath, format_key_path

_SUFFIXES = (".yaml", ".yml", ".json")
# What Kubernetes takes as the name of a file.
_NAME = re.compile(r"[-._a-zA-Z0-9]+")
# What ends a line in YAML 1.1, and so counts as one in every place that is told.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# The key of a text whose lines stand in the file as they are, but for the indent.
_LITERAL = re.compile(r":\s*\|[-+\d]*\s*(#.*)?$")


@dataclass(frozen=True, repr=False)
class ManifestFile:
    """
    A file that a ConfigMap holds.

    Attributes:
        name: the file's name in the volume.
        content: its bytes.
        path: the manifest.
        manifest: the content of the manifest.
        keys: the way to the file in the manifest.
        document: in which of the manifest's documents, from 0.
    """

    name: str
    content: bytes
    path: str
    manifest: bytes
    keys: KeyPath
    document: int

    def place(self, line: int, column: int) -> tuple[int, int]:
        """
        Return where a place in the file stands in the manifest, both from 1.

        In a text of another style than literal (`|`) that is the place of its key.

        Args:
            line: in the file, 0 for all of it.
            column: in the file.
        """
        key_line, key_column = self._key_place
        if not line or self._indent is None:
            return key_line, key_column
        return key_line + line, column + self._indent

    @cached_property
    def _key_place(self) -> tuple[int, int]:
        return locate(self.manifest, self.path, self.keys, self.document)

    @cached_property
    def _indent(self) -> int | None:
        """How far a literal text is indented, None for a text of another style."""
        key_line, _ = self._key_place
        lines = _LINE_END.split(self.manifest.decode())
        if self.path.endswith(".json") or not _LITERAL.search(lines[key_line - 1]):
            return None
        texts = (text for text in lines[key_line:] if text)
        return next((len(text) - len(text.lstrip(" ")) for text in texts), 0)


def config_files(
    content: bytes, path: str, limits: Limits
) -> list[ManifestFile] | None:
    """
    Return the configs of all ConfigMaps in a manifest, None where it is no manifest.

    Raises:
        InvalidConfigError: a ConfigMap is not as Kubernetes takes it, or holds no
            file that could be a config.
    """
    try:
        documents = parse_all(content, path, limits)
    except InvalidConfigError:
        # Whether it was meant as a manifest cannot be known; as a config it is wrong.
        return None
    files = []
    is_manifest = False
    for number, document in enumerate(documents):
        for keys, config_map in _config_maps(document, ()):
            is_manifest = True
            for name, data, way in _data(config_map, keys, content, path, number):
                files.append(ManifestFile(name, data, path, content, way, number))
    if is_manifest and not files:
        raise InvalidConfigError(
            path, 0, 0, "data", f"no key ends in {', '.join(_SUFFIXES)}: name one so"
        )
    return files if is_manifest else None


def _config_maps(
    document: Any, keys: KeyPath
) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    if not isinstance(document, dict) or "apiVersion" not in document:
        return
    if document.get("kind") == "ConfigMap":
        yield keys, document
    elif document.get("kind") in ("List", "ConfigMapList"):
        items = document.get("items")
        for index, item in enumerate(items if isinstance(items, list) else ()):
            yield from _config_maps(item, (*keys, "items", index))


def _data(
    config_map: dict[str, Any], keys: KeyPath, manifest: bytes, path: str, number: int
) -> Iterator[tuple[str, bytes, KeyPath]]:
    for field in ("data", "binaryData"):
        texts = config_map.get(field) or {}
        for name, text in texts.items() if isinstance(texts, dict) else ():
            way = (*keys, field, name)
            if not name.endswith(_SUFFIXES):
                continue
            try:
                yield name, _content(field, name, text), way
            except (TypeError, ValueError) as error:
                line, column = locate(manifest, path, way, number)
                key = format_key_path(way)
                raise InvalidConfigError(path, line, column, key, str(error)) from error


def _content(field: str, name: str, text: Any) -> bytes:
    if not _NAME.fullmatch(name):
        raise ValueError("Kubernetes takes only letters, figures, - _ and . in a name")
    if not isinstance(text, str):
        raise TypeError("Kubernetes takes only text here: write it as a text block (|)")
    if field == "binaryData":
        return base64.b64decode(text, validate=True)
    return text.encode()
