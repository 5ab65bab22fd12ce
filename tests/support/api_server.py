"""
What an API server stores otherwise than it was written.

Owns: finding what a second apply, or `kubectl diff`, would take for a change for ever.
Must not know: which manifests there are.
Runs in: the test process.

What is here is known from Kubernetes' own schemas: where a quantity stands, and which
lists are replaced as a whole, so that a default in an element makes the list another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate

from tests.support.kustomize import Object

_QUANTITY = "#/$defs/io.k8s.apimachinery.pkg.api.resource.Quantity"
_SUFFIXES = {
    "n": "1e-9",
    "u": "1e-6",
    "m": "1e-3",
    "": "1",
    "k": "1e3",
    "M": "1e6",
    "G": "1e9",
    "T": "1e12",
    "P": "1e15",
    "E": "1e18",
}
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
# An empty one of these says something: they are pointers to the server.
_SAID_EMPTY = {"emptyDir", "podSelector", "namespaceSelector", "securityContext"}


def unstable(manifest: Object) -> list[str]:
    """Return a sentence for each place that the server stores otherwise."""
    schema = _kinds().get((manifest["apiVersion"], manifest["kind"]), {})
    return list(_of_value(manifest, schema, manifest["kind"]))


def _of_value(value: Any, schema: Any, place: str) -> Iterator[str]:
    schema = _resolved(schema)
    if isinstance(value, dict):
        for key, inner in value.items():
            below = schema.get("properties", {}).get(key)
            below = below or schema.get("additionalProperties") or {}
            yield from _of_key(key, inner, below, f"{place}.{key}")
    elif isinstance(value, list):
        items = _resolved(schema.get("items", {}))
        is_whole = "x-kubernetes-patch-merge-key" not in schema
        for number, inner in enumerate(value):
            yield from _of_value(inner, items, f"{place}[{number}]")
            if is_whole and isinstance(inner, dict):
                yield from _left_to_default(inner, items, f"{place}[{number}]")


def _of_key(key: str, value: Any, schema: Any, place: str) -> Iterator[str]:
    if key == "stringData":
        yield f"{place} is stored as data"
    if value in (None, "", [], {}) and key not in _SAID_EMPTY:
        yield f"{place} is empty, and dropped"
    if schema.get("$ref") == _QUANTITY and value != _canonical(str(value)):
        yield f"{place} is stored as {_canonical(str(value))}"
    yield from _of_value(value, schema, place)


def _left_to_default(value: Object, schema: Any, place: str) -> Iterator[str]:
    for name, below in schema.get("properties", {}).items():
        text = below.get("description", "")
        if name not in value and re.search(r"this field defaults to \w", text):
            yield f"{place}.{name} is filled in, in a list that is compared as a whole"


def _canonical(text: str) -> str:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(\D{0,2})", text)
    assert match, text
    number, suffix = Decimal(match[1]), match[2]
    if suffix in _BINARY:
        power = _BINARY.index(suffix)
        while number and number % 1024 == 0 and power + 1 < len(_BINARY):
            number, power = number / 1024, power + 1
        return f"{number}{_BINARY[power]}"
    amount = number * Decimal(_SUFFIXES[suffix])
    for name in reversed(_SUFFIXES):
        if (amount / Decimal(_SUFFIXES[name])) % 1 == 0:
            largest = amount / Decimal(_SUFFIXES[name])
            if name in ("", "m", "u", "n") or largest:
                return f"{int(largest)}{name}"
    return text


def _resolved(schema: Any) -> Any:
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    if not reference:
        return schema if isinstance(schema, dict) else {}
    return _definitions()[reference.removeprefix("#/$defs/")]


@cache
def _definitions() -> dict[str, Any]:
    root = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    version = kubernetes_validate.latest_version()
    (path,) = root.glob(f"v{version}*-local/_definitions.json")
    definitions = json.loads(path.read_text())["$defs"]
    assert isinstance(definitions, dict)
    return definitions


@cache
def _kinds() -> dict[tuple[str, str], Any]:
    found = {}
    for schema in _definitions().values():
        for names in schema.get("x-kubernetes-group-version-kind", []):
            version = "/".join(filter(None, (names["group"], names["version"])))
            found[version, names["kind"]] = schema
    return found
