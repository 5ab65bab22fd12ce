"""
Kubernetes manifests as the files that they will become.

Owns: finding ConfigMaps and Secrets in manifests, and where a place inside stands.
Must not know: schemas, what to do about a problem.
Runs in: the CLI.

A manifest has documents of any kind, of which ConfigMaps and Secrets alone are read as
strictly as a config. What else there is may hold what no config can, such as keys that
are numbers; it is looked at only for the volumes that show those two.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from liveconfig.errors import (
    YAML_LINE_END,
    InvalidConfigError,
    KeyPath,
    format_key_path,
    listed,
    printable,
)
from liveconfig.masking.names import ANY_NAMES, KeyNames
from liveconfig.reading.document import Limits, locate, parse
from liveconfig.reading.kubernetes import (
    FIELDS,
    Volume,
    cautions,
    contents,
    remarks,
    volumes,
)
from liveconfig.reading.source import SUFFIXES, SourceFile, is_config_name

# What begins a document; a text has it at the start of none of its lines.
_DOCUMENT = re.compile(
    "(?:^|(?<=[\n\r\x85\u2028\u2029]))---(?=[ \t\n\r\x85\u2028\u2029]|$)"
)
# The lines that alone make no document.
_NO_TEXT = re.compile("(?:---|[.]{3})?[ \t]*(?:#.*)?|%.*")
_OUTLINE = re.compile(r"^(apiVersion|kind):[ \t]+[\"']?([-\w./]+)", re.MULTILINE)
# The key of a text whose lines stand in the file as they are, but for the indent.
_LITERAL = re.compile(r":\s*\|[-+]?(\d?)[-+]?\s*(#.*)?$")
# Of what is passed over: more would hide what was checked.
_NAMES_SHOWN_MAX = 3
_NO_CONFIG = f"a config is called *{', *'.join(SUFFIXES)}, and not .*"
# What no error may show of a Secret is all that could be a part of its text.
_SECRET_NAMES = KeyNames(
    frozenset({"apiVersion", "kind", "metadata", "items", "data", "stringData"}),
    secrecy="Secret",
)
_LISTS = ("List", "ConfigMapList", "SecretList")


@dataclass(frozen=True, repr=False)
class ManifestFile:
    """
    A file that a ConfigMap or Secret holds.

    Attributes:
        name: the file's path in the volume.
        content: its bytes.
        kind: `ConfigMap` or `Secret`.
        path: the manifest.
        manifest: what there is to read of the manifest.
        keys: the way to the file in it.
    """

    name: str
    content: bytes
    kind: str
    path: str
    manifest: bytes
    keys: KeyPath

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

    @property
    def is_literal(self) -> bool:
        """Whether its lines stand in the manifest as they are, but for the indent."""
        return self._indent is not None

    @cached_property
    def _key_place(self) -> tuple[int, int]:
        return locate(self.manifest, self.path, self.keys)

    @cached_property
    def _indent(self) -> int | None:
        """How far a literal text is indented, None for a text of another style."""
        key_line, key_column = self._key_place
        lines = YAML_LINE_END.split(self.manifest.decode())
        is_base64 = self.keys[-2] == (
            "binaryData" if self.kind == "ConfigMap" else "data"
        )
        if is_base64 or self.path.endswith(".json"):
            return None
        literal = _LITERAL.search(lines[key_line - 1])
        if not literal:
            return None
        if literal[1]:
            # It counts from where the key stands: the rest is part of the text.
            return key_column - 1 + int(literal[1])
        texts = (text for text in lines[key_line:] if text)
        return next((len(text) - len(text.lstrip(" ")) for text in texts), 0)


@dataclass(repr=False)
class ManifestObject:
    """
    A ConfigMap or Secret.

    Attributes:
        name: what messages call it.
        files: the configs in it.
        errors: why Kubernetes refuses it.
        warnings: what it is taken with, but in a way that few expect.
        others: its keys that hold no config.
    """

    name: str
    files: list[ManifestFile] = field(default_factory=list)
    errors: list[InvalidConfigError] = field(default_factory=list)
    warnings: list[InvalidConfigError] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


@dataclass(repr=False)
class Manifests:
    """
    What there is in the manifests of one path.

    Attributes:
        objects: the ConfigMaps and Secrets.
        skipped: how often each other kind is there.
        errors: documents that cannot be read.
    """

    objects: list[ManifestObject] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    errors: list[InvalidConfigError] = field(default_factory=list)

    def notes(self) -> Iterator[str]:
        """Say what was passed over."""
        if self.skipped:
            kinds = ", ".join(
                f"{count} {printable(kind)}" for kind, count in self.skipped.items()
            )
            yield f"skipped: {kinds}: only ConfigMaps and Secrets hold configs"
        for each in self.objects:
            if each.others:
                keys = listed([*map(printable, each.others)], _NAMES_SHOWN_MAX)
                yield f"skipped: {keys} of {each.name}: {_NO_CONFIG}"


@dataclass(frozen=True, repr=False)
class _Document:
    path: str
    content: bytes
    kind: str
    data: Any
    error: InvalidConfigError | None = None


def read_manifests(
    files: Sequence[SourceFile], limits: Limits, wanted: Sequence[str] = ()
) -> Manifests | None:
    """
    Return what the manifests in `files` hold, None where no file is one.

    Args:
        files: their bytes.
        limits: what each document may cost.
        wanted: the keys that are configs, () for those that are named like one.
    """
    documents = [document for file in files for document in _documents(file, limits)]
    if not any(document.kind for document in documents):
        return None
    found = Manifests()
    uses = [use for document in documents for use in volumes(document.data)]
    for document in documents:
        if document.error is not None:
            found.errors.append(document.error)
            continue
        for kind, keys, data in _objects(document.kind, document.data, ()):
            if kind in FIELDS:
                one = _Object(document, kind, keys, data, uses, wanted)
                found.objects.append(one.read())
            else:
                found.skipped[kind or "document without a kind"] += 1
    return found


def _documents(file: SourceFile, limits: Limits) -> Iterator[_Document]:
    """Yield the documents of one file, each with its lines where they are in it."""
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # As a config it is wrong for the same reason, which is named then.
        return
    starts = [0, *(match.start() for match in _DOCUMENT.finditer(text)), len(text)]
    if file.path.endswith(".json"):
        starts = [0, len(text)]
    for start, end in itertools.pairwise(starts):
        lines = YAML_LINE_END.split(text[start:end])
        if any(not _NO_TEXT.fullmatch(line) for line in lines):
            before = "".join(YAML_LINE_END.findall(text[:start]))
            yield _document(file.path, before + text[start:end], limits)


def _document(path: str, text: str, limits: Limits) -> _Document:
    outline = dict(_OUTLINE.findall(YAML_LINE_END.sub("\n", text)))
    kind = outline.get("kind", "") if "apiVersion" in outline else ""
    content = text.encode()
    try:
        names = ANY_NAMES if kind == "ConfigMap" else _SECRET_NAMES
        data = parse(content, path, limits, names)
    except InvalidConfigError as error:
        is_ours = kind in FIELDS or kind in _LISTS
        return _Document(path, content, kind, None, error if is_ours else None)
    if data and "apiVersion" in data and isinstance(data.get("kind"), str):
        kind = data["kind"]
    return _Document(path, content, kind, data)


def _objects(
    kind: str, data: Any, keys: KeyPath
) -> Iterator[tuple[str, KeyPath, dict[str, Any]]]:
    """Yield the kind, place and content of an object, or of those in a list."""
    items = data.get("items") if isinstance(data, dict) and kind in _LISTS else None
    if not isinstance(items, list):
        yield kind, keys, data
        return
    for index, item in enumerate(items):
        if isinstance(item, dict):
            name = item.get("kind") or kind.removesuffix("List")
            yield from _objects(str(name), item, (*keys, "items", index))


class _Object:
    """A ConfigMap or Secret that is being read."""

    def __init__(
        self,
        document: _Document,
        kind: str,
        keys: KeyPath,
        data: dict[str, Any],
        uses: Sequence[Volume],
        wanted: Sequence[str],
    ) -> None:
        self._document, self._kind, self._keys, self._data = document, kind, keys, data
        metadata = data.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else ""
        self._volumes = [use for use in uses if (use.kind, use.name) == (kind, name)]
        self._wanted = wanted
        self._found = ManifestObject(f"{kind} {printable(str(name or 'without name'))}")

    def read(self) -> ManifestObject:
        """Return what there is to say of it."""
        found = self._found
        fields = dict(self._fields())
        for remark in (*remarks(self._kind, fields), *cautions(self._data)):
            listed = found.errors if remark.is_refused else found.warnings
            listed.append(self._error(remark.keys, remark.problem))
        contained = {
            key: ((name, key), content)
            for name, values in fields.items()
            for key, content in contents(self._kind, name, values).items()
        }
        for key, (keys, content) in contained.items():
            self._add(key, keys, content)
        return found

    def _fields(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for name in FIELDS[self._kind]:
            values = self._data.get(name)
            if isinstance(values, dict):
                yield name, values
            elif values is not None:
                problem = "Kubernetes takes keys with texts here: write `key: |`"
                self._found.errors.append(self._error((name,), problem))

    def _add(self, key: str, keys: KeyPath, content: bytes) -> None:
        paths = self._paths(key)
        named = [path for path in paths if self._is_config(key, path)]
        if not paths and key.endswith(SUFFIXES):
            problem = "no volume takes this key: add it to the items there"
            self._found.warnings.append(self._error(keys, problem))
        elif not named and not self._wanted:
            self._found.others.append(key)
        for path in named:
            document = self._document
            self._found.files.append(
                ManifestFile(
                    path,
                    content,
                    self._kind,
                    document.path,
                    document.content,
                    (*self._keys, *keys),
                )
            )

    def _is_config(self, key: str, path: str) -> bool:
        if self._wanted:
            return key in self._wanted
        return is_config_name(path)

    def _paths(self, key: str) -> list[str]:
        """Return the names under which volumes show a key, each once."""
        shown = [
            key if use.paths is None else use.paths.get(key) for use in self._volumes
        ]
        return [*dict.fromkeys(path for path in shown if path)] if shown else [key]

    def _error(self, keys: KeyPath, problem: str) -> InvalidConfigError:
        document, way = self._document, (*self._keys, *keys)
        line, column = locate(document.content, document.path, way)
        return InvalidConfigError(
            document.path, line, column, format_key_path(way), problem
        )
