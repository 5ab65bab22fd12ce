"""
The JSON Schema of a config: what the service accepts, for editors and linters.

Owns: a schema for each type that a config may be made of, and what the docstrings of
    the classes say about their keys.
Must not know: documents, bytes, how anything is validated.
Runs in: the CLI.

Why not msgspec's own: it describes what msgspec writes, not what it takes. A decimal
number may be a number, a set may say a thing twice, a secret may have a default.
"""

from __future__ import annotations

import inspect as python_inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, Flag
from types import MappingProxyType
from typing import Any

from msgspec import NODEFAULT, UnsetType, inspect, to_builtins

from liveconfig.schema.explain import RAISED
from liveconfig.schema.nodes import ClassNode, takes_anything

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_BOUNDS = (
    ("ge", "minimum"),
    ("gt", "exclusiveMinimum"),
    ("le", "maximum"),
    ("lt", "exclusiveMaximum"),
    ("multiple_of", "multipleOf"),
    ("pattern", "pattern"),
)

# As YAML writes a moment, which is no text there, and as RFC 3339 does.
_MOMENT = (
    r"^\d{4}-\d\d?-\d\d?([Tt]|[ \t]+)\d\d?:\d\d(:\d\d(\.\d*)?)?"
    r"[ \t]*([Zz]|[-+]\d\d?(:?\d\d)?)?$"
)
_BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_DECIMAL = (
    r"^[-+]?(\d+\.?\d*([Ee][-+]?\d+)?|\.\d+([Ee][-+]?\d+)?|[Ii]nf(inity)?|s?[Nn]a[Nn])$"
)

# What has the same schema wherever it stands.
_PLAIN: Mapping[type[inspect.Type], Mapping[str, Any]] = MappingProxyType(
    {
        inspect.AnyType: {},
        inspect.NoneType: {"type": "null"},
        inspect.BoolType: {"type": "boolean"},
        inspect.IntType: {"type": "integer"},
        inspect.FloatType: {"type": "number"},
        inspect.StrType: {"type": "string"},
        inspect.BytesType: {
            "type": "string",
            "contentEncoding": "base64",
            "pattern": _BASE64,
        },
        inspect.DateTimeType: {"type": "string", "pattern": _MOMENT},
        inspect.DateType: {"type": "string", "format": "date"},
        inspect.TimeType: {"type": "string", "pattern": r"^\d\d:\d\d"},
        inspect.TimeDeltaType: {"type": "string", "pattern": r"^[-+]?[Pp]\S+$"},
        inspect.UUIDType: {"type": "string", "format": "uuid"},
        inspect.DecimalType: {"type": ["number", "string"], "pattern": _DECIMAL},
        # The only one that a config may hold is `Secret`.
        inspect.CustomType: {"type": "string", "writeOnly": True},
    }
)


def json_schema(root: inspect.Type, *, is_strict: bool) -> dict[str, Any]:
    """
    Return the JSON Schema (2020-12) of a tree of types.

    Args:
        root: the node of the class.
        is_strict: whether keys that the classes do not name are refused.
    """
    writer = _Writer(is_strict)
    written = writer.written(root)
    definitions = {"$defs": writer.definitions} if writer.definitions else {}
    return {"$schema": _DIALECT, **written, **definitions}


class _Writer:
    """
    Writes the schema of each class once.

    Attributes:
        definitions: those of the classes, by the names that references have.
    """

    def __init__(self, is_strict: bool) -> None:
        self._is_strict = is_strict
        self._names: dict[Any, str] = {}
        self.definitions: dict[str, Any] = {}

    def written(self, node: inspect.Type) -> dict[str, Any]:
        """Return the schema of a node."""
        if isinstance(node, inspect.Metadata):
            return {**self.written(node.type), **(node.extra_json_schema or {})}
        if isinstance(node, inspect.UnionType):
            return self._union(node.types)
        if isinstance(node, ClassNode):
            return {"$ref": f"#/$defs/{self._name(node)}"}
        if isinstance(node, inspect.DictType):
            return self._mapping(node)
        if isinstance(node, (inspect.VarTupleType, inspect.FrozenSetType)):
            items = self.written(node.item_type)
            return {"type": "array", "items": items, **_lengths(node, "Items")}
        if isinstance(node, inspect.TupleType):
            return self._row(node.item_types, len(node.item_types))
        if isinstance(node, inspect.NamedTupleType):
            types = [field.type for field in node.fields]
            return self._row(types, sum(field.required for field in node.fields))
        return _leaf(node)

    def _union(self, types: tuple[inspect.Type, ...]) -> dict[str, Any]:
        written = [self.written(node) for node in types]
        tagged = [node for node in types if isinstance(node, inspect.StructType)]
        # Only where there are several does the document have to say which it is.
        if len(tagged) > 1:
            for node, schema in zip(types, written, strict=True):
                if isinstance(node, inspect.StructType):
                    schema["required"] = [node.tag_field]
        return {"anyOf": written}

    def _mapping(self, node: inspect.DictType) -> dict[str, Any]:
        written = {"type": "object", **_lengths(node, "Properties")}
        if not takes_anything(node.value_type):
            written["additionalProperties"] = self.written(node.value_type)
        if type(node.key_type) is not inspect.AnyType:
            names = self.written(node.key_type)
            if names != {"type": "string"}:
                written["propertyNames"] = names
        return written

    def _row(self, types: Iterable[inspect.Type], required: int) -> dict[str, Any]:
        columns = [self.written(node) for node in types]
        return {
            "type": "array",
            "prefixItems": columns,
            "items": False,
            "minItems": required,
            "maxItems": len(columns),
        }

    def _name(self, node: ClassNode) -> str:
        if node.cls not in self._names:
            name = re.sub(r"\W+", "_", _class_name(node)).strip("_")
            count = sum(other.split("-")[0] == name for other in self.definitions)
            self._names[node.cls] = name = f"{name}-{count + 1}" if count else name
            # Before what is in it: a class may lead back to itself.
            self.definitions[name] = {}
            self.definitions[name] = self._class(node)
        return self._names[node.cls]

    def _class(self, node: ClassNode) -> dict[str, Any]:
        class_ = getattr(node.cls, "__origin__", node.cls)
        summary, described = _documentation(class_)
        written: dict[str, Any] = {"title": _class_name(node)}
        if summary:
            written["description"] = summary
        properties: dict[str, Any] = {}
        required = [field.encode_name for field in node.fields if field.required]
        if isinstance(node, inspect.StructType) and node.tag_field is not None:
            properties[node.tag_field] = {"const": node.tag}
        for field in node.fields:
            properties[field.encode_name] = self._field(field, described)
        written.update(type="object", properties=properties, required=required)
        if self._is_strict or getattr(node, "forbid_unknown_fields", False):
            written["additionalProperties"] = False
        return written

    def _field(
        self, field: inspect.Field, described: Mapping[str, str]
    ) -> dict[str, Any]:
        written = self.written(field.type)
        if field.name in described:
            written.setdefault("description", described[field.name])
        default = field.default
        # A factory of the application's is its own code, and not run for this.
        if field.default_factory in (list, dict, set, tuple, frozenset):
            default = field.default_factory()
        if default is not NODEFAULT and not isinstance(default, UnsetType):
            written.update(_default(default))
        return written


def _leaf(node: inspect.Type) -> dict[str, Any]:
    if isinstance(node, inspect.LiteralType):
        return {"enum": list(node.values)}
    if isinstance(node, inspect.EnumType):
        return _enum(node.cls)
    written = dict(_PLAIN[type(node)])
    for name, keyword in _BOUNDS:
        bound = getattr(node, name, None)
        if bound is not None:
            written[keyword] = bound
    if isinstance(node, inspect.BytesType):
        # Four characters for each three bytes.
        return {**written, **_lengths(node, "Length", lambda n: (n + 2) // 3 * 4)}
    return {**written, **_lengths(node, "Length")}


def _enum(class_: type[Enum]) -> dict[str, Any]:
    values = [member.value for member in class_]
    ours = {base for base in class_.__mro__ if base.__module__ != "enum"}
    is_open = any("_missing_" in vars(base) for base in ours)
    if not is_open and not issubclass(class_, Flag):
        return {"enum": values}
    # Members can be added up, or the class knows others by names of its own.
    return {"type": "string" if isinstance(values[0], str) else "integer"}


def _lengths(node: Any, of: str, counted: Callable[[int], int] = int) -> dict[str, int]:
    lengths = {f"min{of}": "min_length", f"max{of}": "max_length"}
    found = {key: getattr(node, name, None) for key, name in lengths.items()}
    return {key: counted(length) for key, length in found.items() if length is not None}


def _default(value: Any) -> dict[str, Any]:
    try:
        plain = to_builtins(value, str_keys=True, enc_hook=_not_shown, order="sorted")
        return {"default": json.loads(json.dumps(plain, allow_nan=False))}
    # A secret, no finite number, or code that fails: a default that cannot be shown.
    except RAISED:
        return {}


def _not_shown(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _class_name(node: ClassNode) -> str:
    if isinstance(node.cls, type):
        return node.cls.__name__
    # Of a generic class with what it is made for: that of shop.Box[shop.Part] is
    # Box[Part].
    return re.sub(r"[\w.<>]+\.", "", str(node.cls))


# What these say of their base classes is nothing about a config.
_LIBRARIES = frozenset({"abc", "builtins", "msgspec", "typing"})

_SECTION = re.compile(r"(?:Attributes|Args|Arguments|Parameters):")
_ANY_SECTION = re.compile(r"[A-Z]\w*:|:\w+ ")
_GOOGLE = re.compile(r"(?P<name>\w+)(?: \(.*?\))?: +(?P<text>.+)")
_FIELD = re.compile(
    r":(?:param|ivar|var|attribute)(?: [^:]*)? (?P<name>\w+): *(?P<text>.+)"
)


def _documentation(class_: type) -> tuple[str, dict[str, str]]:
    """Return what a class says of itself, and of its fields and those it inherits."""
    summary, described = "", dict[str, str]()
    for base in reversed(class_.__mro__):
        documentation = vars(base).get("__doc__")
        is_ours = base.__module__.partition(".")[0] not in _LIBRARIES
        if isinstance(documentation, str) and is_ours:
            lines = python_inspect.cleandoc(documentation).splitlines()
            summary = _summary(lines)
            described.update(_entries(lines))
    # What dataclasses write by themselves is a signature, and says nothing new.
    return ("" if summary.startswith(f"{class_.__name__}(") else summary), described


def _summary(lines: Iterable[str]) -> str:
    found = []
    for line in lines:
        if _ANY_SECTION.match(line):
            break
        found.append(line)
    return "\n".join(found).strip()


def _entries(lines: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    is_inside, indent, name = False, 0, ""
    for line in lines:
        text, depth = line.strip(), len(line) - len(line.lstrip())
        field = _FIELD.match(text)
        entry = field or (_GOOGLE.fullmatch(text) if is_inside else None)
        if _SECTION.fullmatch(line):
            is_inside, indent, name = True, 0, ""
        elif entry and (field or depth <= (indent or depth)):
            name, indent = entry["name"], depth
            found[name] = entry["text"]
        elif text and depth > indent and name:
            found[name] += f" {text}"
        elif text and depth == 0:
            is_inside, name = False, ""
    return found
