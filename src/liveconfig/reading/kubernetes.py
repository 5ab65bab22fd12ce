"""
What Kubernetes makes of a ConfigMap or Secret: what it refuses, and what it freezes.

Owns: the limits and rules of its API server, and what it says of the files in a volume.
Must not know: schemas, where an object stands in a manifest.
Runs in: the CLI.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from liveconfig.errors import KeyPath

# The objects whose keys become files, and where these have their texts.
FIELDS = {"ConfigMap": ("data", "binaryData"), "Secret": ("data", "stringData")}
# The fields whose texts stand for bytes.
_BASE64 = {("ConfigMap", "binaryData"), ("Secret", "data")}

_KEY = re.compile(r"[-._a-zA-Z0-9]+")
# What the API server takes: of a key, of all values of an object, of its annotations.
_KEY_CHARACTERS_MAX = 253
_BYTES_MAX = 1024 * 1024
_ANNOTATIONS_BYTES_MAX = 256 * 1024
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# What Go's encoder of JSON writes as six bytes.
_ESCAPED = re.compile("[<>&]")


class Remark(NamedTuple):
    """
    What there is to say of an object.

    Attributes:
        keys: the way to what is meant, in the object.
        problem: what is wrong and what to do, without any value.
        is_refused: whether the API server refuses the object for it.
    """

    keys: KeyPath
    problem: str
    is_refused: bool = True


class Volume(NamedTuple):
    """What a pod makes of an object: the paths of its files by key, None for all."""

    kind: str
    name: str
    paths: Mapping[str, str] | None


def contents(kind: str, field: str, values: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the bytes of the keys in one field, without those that are refused."""
    found = {}
    for key, value in values.items():
        try:
            found[key] = _content(kind, field, value)
        except ValueError:
            continue
    return found


def remarks(kind: str, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Remark]:
    """Yield what the API server refuses of the keys and values of an object."""
    size_bytes, seen = 0, set()
    for field, values in fields.items():
        for key, value in values.items():
            problem = _problem_of_key(key)
            if problem:
                yield Remark((field, key), problem)
            try:
                size_bytes += len(_content(kind, field, value))
            except ValueError as error:
                yield Remark((field, key), str(error))
            # Of a Secret `stringData` wins.
            if key in seen and kind == "ConfigMap":
                yield Remark((field, key), "data has this key as well: remove one")
            seen.add(key)
    if size_bytes > _BYTES_MAX:
        yield Remark(
            (),
            f"its values have {size_bytes} bytes, and Kubernetes takes {_BYTES_MAX}: "
            "make it smaller, or spread it over several",
        )


def cautions(document: Mapping[str, Any]) -> Iterator[Remark]:
    """Yield what an object is taken with, but in a way that few expect."""
    if document.get("immutable") is True:
        yield Remark(
            ("immutable",),
            "no change of it is taken, and one that is deleted and made anew shows its "
            "old data on each node where a pod still uses it: give the new one another "
            "name, or remove this line",
            is_refused=False,
        )
    size_bytes = _applied_bytes(document)
    if size_bytes > _ANNOTATIONS_BYTES_MAX:
        yield Remark(
            (),
            f"a plain `kubectl apply` keeps a copy of {size_bytes} bytes in an "
            f"annotation, which takes {_ANNOTATIONS_BYTES_MAX}, and fails: give it "
            "--server-side",
            is_refused=False,
        )


def volumes(value: Any) -> Iterator[Volume]:
    """Yield what the pods in a document, of whatever kind, make of objects."""
    if isinstance(value, list):
        for item in value:
            yield from volumes(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "volumes" and isinstance(item, list):
                for volume in item:
                    yield from _volumes(volume)
            else:
                yield from volumes(item)


def _volumes(volume: Any) -> Iterator[Volume]:
    if not isinstance(volume, dict):
        return
    projected = volume.get("projected")
    sources = projected.get("sources") if isinstance(projected, dict) else None
    for source in (volume, *(sources if isinstance(sources, list) else ())):
        for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            found = source.get(field) if isinstance(source, dict) else None
            if isinstance(found, dict):
                name = found.get("name") or found.get("secretName") or ""
                yield Volume(kind, str(name), _paths(found.get("items")))


def _paths(items: Any) -> dict[str, str] | None:
    if not isinstance(items, list) or not items:
        return None
    return {
        str(item["key"]): str(item["path"])
        for item in items
        if isinstance(item, dict) and "key" in item and "path" in item
    }


def _problem_of_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        return "Kubernetes takes only letters, figures, - _ and . in a name"
    if key == "." or key.startswith(".."):
        return "Kubernetes takes no name that is . or begins with ..: rename it"
    if len(key) > _KEY_CHARACTERS_MAX:
        return f"Kubernetes takes names of {_KEY_CHARACTERS_MAX} characters at most"
    return ""


def _content(kind: str, field: str, value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError(
            "Kubernetes takes only text here: put a number or word in quotes, write "
            "anything else as a text block (|)"
        )
    if (kind, field) not in _BASE64:
        return value.encode()
    try:
        # The ends of lines, and no other blanks, are passed over.
        return base64.b64decode(re.sub("[\r\n]", "", value), validate=True)
    except ValueError:
        raise ValueError(_problem_of_base64(kind, value)) from None


def _problem_of_base64(kind: str, value: str) -> str:
    if " " in value.strip():
        return (
            "Kubernetes takes base64 here, without blanks, which a folded text (>) "
            "puts in: write it as a text block (|)"
        )
    advice = "under stringData" if kind == "Secret" else "under data"
    return f"Kubernetes takes base64 here: encode it, or put it as it is {advice}"


def _applied_bytes(document: Mapping[str, Any]) -> int:
    """Return about what all annotations take after a plain `kubectl apply`."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
    # It ends with a line feed.
    copied_bytes = 1 + len(text.encode()) + 5 * len(_ESCAPED.findall(text))
    metadata = document.get("metadata")
    others = metadata.get("annotations") if isinstance(metadata, dict) else None
    return (
        len(_LAST_APPLIED)
        + copied_bytes
        + sum(
            len(str(part).encode())
            for pair in (others.items() if isinstance(others, dict) else ())
            for part in pair
        )
    )
