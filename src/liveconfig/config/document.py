"""
Strict YAML and JSON to plain data, with the line and column of whatever is wrong.

Owns: the two languages' spelling: encoding, tags, numbers, dates, escapes.
Must not know: what the keys mean, where the bytes come from.
Runs in: the publisher and the CLI. The door of `yaml`.

A scalar means what PyYAML's safe loader makes of it; nothing else is left to PyYAML,
whose loader keeps the last of two equal keys and expands aliases without a limit.
No message holds a value of the document: it might be a secret, and it goes to the log.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn

import yaml
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from liveconfig.config.tree import MERGE, Limits, Tree
from liveconfig.errors import KeyPath

__all__ = ["UNLIMITED", "Limits", "locate", "locate_all", "parse", "parse_all"]

_TAG = "tag:yaml.org,2002:"
_STR = f"{_TAG}str"
_MERGE = f"{_TAG}merge"
_KINDS = {
    f"{_TAG}bool": "true or false",
    f"{_TAG}float": "a number",
    f"{_TAG}int": "a whole number",
    f"{_TAG}null": "nothing",
    f"{_TAG}timestamp": "a date",
}

# For a document that was within its limits when it was parsed before.
UNLIMITED = Limits(bytes_max=2**62, depth_max=2**62, nodes_max=2**62)

# What MessagePack can hold.
_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1
# Beyond this many digits a conversion would take long and could not fit.
_NUMBER_CHARACTERS_MAX = 400

_IMPLICIT: dict[str, list[tuple[str, re.Pattern[str]]]] = (
    Resolver.yaml_implicit_resolvers
)
_NONE_IMPLICIT: list[tuple[str, re.Pattern[str]]] = []

# One at the start of a line is left out by libyaml, and is a letter to the pure parser.
# The mark stands first in the pattern, so that it is tried where there is one only.
_STRAY_BOM = re.compile("\ufeff(?<![^\n\r\x85\u2028\u2029]\ufeff)")

# The pure parser quotes a character or a name of the document in its problems.
_QUOTED = re.compile(
    r"(?<=character) ('.*?'|\".*?\")|(?<=handle) '.*|, but (found|got) .*"
)

_END_EVENTS = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})
# Told apart by their exact types: this is asked for every node.
_NODE_EVENTS = _END_EVENTS | {
    yaml.ScalarEvent,
    yaml.AliasEvent,
    yaml.MappingStartEvent,
    yaml.SequenceStartEvent,
}

_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]|[^][{}:,"\s]+')
_JSON_WORDS = {"true": True, "false": False, "null": None}


class PureParser(Reader, Scanner, Parser):
    """PyYAML's parser in Python, for a PyYAML that was built without libyaml."""

    def __init__(self, stream: bytes) -> None:
        """Parse `stream`."""
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)

    def get_event(self) -> Any:
        """Return the next event, or refuse the document in the way that parsers do."""
        try:
            return super().get_event()  # type: ignore[no-untyped-call]
        # By accident, for an escape beyond Unicode or a version of endless digits.
        except (ValueError, OverflowError):
            raise yaml.MarkedYAMLError(
                problem="a number here is too large", problem_mark=self.get_mark()
            ) from None


# CSafeLoader is more than is needed, but the only name under which the C parser comes
# whether or not PyYAML was built with it.
_YamlParser: Any = getattr(yaml, "CSafeLoader", PureParser)


class _Mark(NamedTuple):
    """A place that no YAML parser told, counted from 0 as its marks are."""

    line: int
    column: int


def parse(content: bytes, path: str, limits: Limits) -> dict[str, Any]:
    """
    Return the one mapping that `content` holds, in plain data.

    The data is made of dict, list, str, int, float, bool, None, date and datetime;
    aliases share what they name, so nothing in it may be changed in place.

    Args:
        content: the file's bytes; JSON where `path` ends in `.json`, else YAML 1.1.
        path: the file, as errors name it.
        limits: what it may cost.

    Raises:
        InvalidConfigError: anything is wrong with it; names line, column and key.
    """
    trees = list(_trees(content, path, limits))
    tree = trees[0] if trees else Tree(path, limits)
    if tree.root is None:
        tree.refuse(None, "the file is empty: write at least one key and its value")
    if not isinstance(tree.root, dict):
        tree.refuse(
            tree.place(()), "expected keys with values at the top: write `key: value`"
        )
    return tree.root


def parse_all(content: bytes, path: str, limits: Limits) -> list[Any]:
    """
    Return every document that `content` holds, of whatever kind, in plain data.

    Raises:
        InvalidConfigError: as `parse` does, but for the number and kind of documents.
    """
    return [tree.root for tree in _trees(content, path, limits, is_one=False)]


def locate(
    content: bytes, path: str, keys: KeyPath, document: int = 0
) -> tuple[int, int]:
    """
    Return line and column, from 1, of a key or item, or of what it is missing from.

    Args:
        content: bytes that `parse` or `parse_all` took.
        path: the file, for its ending.
        keys: the way to it; its end may be missing.
        document: which of several documents, from 0.
    """
    return locate_all(content, path, [keys], document)[0]


def locate_all(
    content: bytes, path: str, wanted: Sequence[KeyPath], document: int = 0
) -> list[tuple[int, int]]:
    """Return what `locate` does for each of several ways, reading the content once."""
    trees = list(_trees(content, path, UNLIMITED, wanted, is_one=False))
    marks = [trees[document].place(keys) if trees else None for keys in wanted]
    return [(mark.line + 1, mark.column + 1) if mark else (0, 0) for mark in marks]


def _trees(
    content: bytes,
    path: str,
    limits: Limits,
    wanted: Sequence[KeyPath] = (),
    *,
    is_one: bool = True,
) -> Iterator[Tree]:
    new_tree = partial(Tree, path, limits, wanted)
    tree = new_tree()
    if len(content) > limits.bytes_max:
        tree.refuse(
            None,
            f"the file has {len(content)} bytes, the limit is {limits.bytes_max}: make "
            "it smaller or raise LIVECONFIG_PAYLOAD_BYTES_MAX",
        )
    content = content.removeprefix(BOM_UTF8)
    text = _decoded(content, tree)
    if not path.endswith(".json"):
        _refuse_stray_characters(text, tree)
        yield from _yaml_trees(content, new_tree, is_one)
    elif text.strip():
        _read_json(text, tree)
        yield tree


def _decoded(content: bytes, tree: Tree) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        mark = _mark(content[: error.start].decode(), error.start)
        tree.refuse(mark, "not UTF-8: save the file in that encoding")


def _refuse_stray_characters(text: str, tree: Tree) -> None:
    match = Reader.NON_PRINTABLE.search(text)
    if match:
        tree.refuse(
            _mark(text, match.start()),
            "a control character stands here: remove it, or write it as an escape in "
            "double quotes",
        )
    match = _STRAY_BOM.search(text)
    if match:
        tree.refuse(
            _mark(text, match.start()),
            "a byte order mark stands inside of the file: remove it",
        )


def _mark(text: str, position: int) -> _Mark:
    before = text[:position]
    return _Mark(before.count("\n"), len(before) - before.rfind("\n") - 1)


# YAML.


def _yaml_trees(
    content: bytes, new_tree: Callable[[], Tree], is_one: bool
) -> Iterator[Tree]:
    tree = new_tree()
    parser = _YamlParser(content)
    scalars = _Scalars()
    documents = 0
    try:
        while (kind := type(event := parser.get_event())) is not yaml.StreamEndEvent:
            if kind in _NODE_EVENTS:
                _add(event, kind, tree, scalars)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if is_one and documents > 1:
                    tree.refuse(
                        event.start_mark,
                        "a second document begins here: a file holds one config",
                    )
                tree = new_tree()
            elif kind is yaml.DocumentEndEvent:
                yield tree
    except yaml.MarkedYAMLError as error:
        problem = _QUOTED.sub("", error.problem or error.context or "no reason given")
        tree.refuse(error.problem_mark, f"not valid YAML: {problem}")


def _add(event: Any, kind: type, tree: Tree, scalars: _Scalars) -> None:
    if kind is yaml.ScalarEvent:
        value = scalars.value(event, tree)
        tree.scalar(value, len(event.value), event.start_mark, event.anchor)
    elif kind in _END_EVENTS:
        tree.end()
    elif kind is yaml.AliasEvent:
        tree.alias(str(event.anchor), event.start_mark)
    else:
        is_mapping = kind is yaml.MappingStartEvent
        if event.tag not in (None, f"{_TAG}map" if is_mapping else f"{_TAG}seq"):
            _refuse_tag(tree, event.start_mark)
        tree.begin({} if is_mapping else [], event.start_mark, event.anchor)


class _Scalars:
    """What PyYAML's safe loader makes of scalars; of plain ones, once for each text."""

    def __init__(self) -> None:
        self._constructor = SafeConstructor()
        self._conversions = {
            f"{_TAG}bool": self._constructor.construct_yaml_bool,
            f"{_TAG}float": self._constructor.construct_yaml_float,
            f"{_TAG}int": self._constructor.construct_yaml_int,
            f"{_TAG}null": self._constructor.construct_yaml_null,
            f"{_TAG}timestamp": self._constructor.construct_yaml_timestamp,
        }
        self._plain: dict[str, Any] = {}

    def value(self, event: Any, tree: Tree) -> Any:
        """Return the value of a scalar event."""
        text: str = event.value
        tag: str | None = event.tag
        if tag is not None or not event.implicit[0]:
            return self._tagged(tag or _STR, text, tree, event.start_mark)
        if text not in self._plain:
            tag = _implicit_tag(text)
            if tag == _MERGE:
                return MERGE if tree.expects_key else text
            self._plain[text] = self._tagged(tag, text, tree, event.start_mark)
        return self._plain[text]

    def _tagged(self, tag: str, text: str, tree: Tree, mark: Any) -> Any:
        if tag == _STR:
            return _checked_text(text, tree, mark)
        if tag not in _KINDS:
            _refuse_tag(tree, mark)
        return self._converted(tag, text, tree, mark)

    def _converted(self, tag: str, text: str, tree: Tree, mark: Any) -> Any:
        if len(text) > _NUMBER_CHARACTERS_MAX:
            _refuse_number(tree, mark)
        try:
            value = self._conversions[tag](yaml.ScalarNode(tag, text))
        # What its conversions raise for a text that is none, some of it by accident.
        except (ValueError, OverflowError, LookupError, AttributeError):
            tree.refuse(mark, f"this is not {_KINDS[tag]}: put a text in quotes")
        return _checked_number(value, tree, mark)


def _implicit_tag(text: str) -> str:
    for tag, pattern in _IMPLICIT.get(text[:1], _NONE_IMPLICIT):
        if pattern.match(text):
            return tag
    return _STR


def _refuse_tag(tree: Tree, mark: Any) -> NoReturn:
    # Without naming it: it may be a password that begins with an exclamation mark.
    tree.refuse(
        mark,
        "a tag, or a special word, that a config cannot hold: put a text that begins "
        "with ! or = in quotes",
    )


# JSON.


def _read_json(text: str, tree: Tree) -> None:
    lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def mark_of(position: int) -> _Mark:
        line = bisect_right(lines, position) - 1
        return _Mark(line, position - lines[line])

    _check_json(text, tree)
    for match in _JSON_TOKEN.finditer(text):
        token, mark = match[0], mark_of(match.start())
        if token in ("{", "["):
            tree.begin({} if token == "{" else [], mark)
        elif token in ("}", "]"):
            tree.end()
        else:
            tree.scalar(_json_scalar(token, tree, mark), len(token), mark)


def _check_json(text: str, tree: Tree) -> None:
    """Refuse what is not JSON; the numbers are left for later."""
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        tree.refuse(
            _Mark(error.lineno - 1, error.colno - 1), f"not valid JSON: {error.msg}"
        )
    except RecursionError:
        # Far over any limit of depth, which the caller finds by itself.
        return


def _json_scalar(token: str, tree: Tree, mark: _Mark) -> Any:
    if token.startswith('"'):
        return _checked_text(json.loads(token), tree, mark)
    if token in _JSON_WORDS:
        return _JSON_WORDS[token]
    if len(token) > _NUMBER_CHARACTERS_MAX:
        _refuse_number(tree, mark)
    return _checked_number(json.loads(token), tree, mark)


# Both.


def _checked_text(text: str, tree: Tree, mark: Any) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            tree.refuse(mark, "half a character (a lone surrogate): write all of it")
    return text


def _checked_number(value: Any, tree: Tree, mark: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            tree.refuse(mark, "not a finite number: write a finite one, or use quotes")
    elif isinstance(value, int) and not _INT_MIN <= value <= _INT_MAX:
        _refuse_number(tree, mark)
    return value


def _refuse_number(tree: Tree, mark: Any) -> NoReturn:
    tree.refuse(mark, "a number of more than 64 bits: put it in quotes")
