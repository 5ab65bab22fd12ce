"""
YAML to plain data.

Owns: YAML's spelling: tags, numbers, dates, aliases, merge keys.
Must not know: JSON, limits, what the keys mean.
Runs in: the publisher and the CLI. The door of `yaml`.

A scalar means what PyYAML's safe loader makes of it; nothing else is left to PyYAML,
whose loader keeps the last of two equal keys and expands aliases without a limit.
No message holds a value of the document: it might be a secret, and it goes to the log.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, NoReturn

import yaml
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from liveconfig.reading.blanks import EdgeBlank, has_edge_blank
from liveconfig.reading.scalar import (
    NUMBER_CHARACTERS_MAX,
    checked_number,
    checked_text,
    lines_of,
    place_of,
    refuse_number,
)
from liveconfig.reading.tree import MERGE, Tree
from liveconfig.reading.yaml_errors import TEMPLATE, Stop, cause
from liveconfig.schema.numbers import OddNumber, has_other_base

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

_IMPLICIT: dict[str, list[tuple[str, re.Pattern[str]]]] = (
    Resolver.yaml_implicit_resolvers
)
_NONE_IMPLICIT: list[tuple[str, re.Pattern[str]]] = []

# One at the start of a line is left out by libyaml, and is a letter to the pure parser.
# The mark stands first in the pattern, so that it is tried where there is one only.
_STRAY_BOM = re.compile("\ufeff(?<![^\n\r\x85\u2028\u2029]\ufeff)")

_TAG_DIRECTIVE = re.compile("(?:\\A|[\n\r\x85\u2028\u2029])%TAG")
_TAG_DIRECTIVES_MAX = 100

_END_EVENTS = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})
# Distinguished by their exact types: this is asked for every node.
_NODE_EVENTS = _END_EVENTS | {
    yaml.ScalarEvent,
    yaml.AliasEvent,
    yaml.MappingStartEvent,
    yaml.SequenceStartEvent,
}


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


def read_yaml(
    content: bytes,
    text: str,
    tree: Tree,
    odd: list[OddNumber | EdgeBlank] | None = None,
) -> None:
    """
    Grow `tree` by what a text in YAML holds, if it holds anything.

    Args:
        content: the text in UTF-8.
        text: the same.
        tree: an empty one.
        odd: takes the numbers and texts that are others than they look like.

    Raises:
        InvalidConfigError: it is no YAML, or more than a config can hold; `tree` is of
            no more use.
    """
    _refuse_stray_characters(text, tree)
    _refuse_many_handles(text, tree)
    parser = _YamlParser(content)
    scalars = _Scalars(odd)
    documents = 0
    event: Any = None
    try:
        while (kind := type(event := parser.get_event())) is not yaml.StreamEndEvent:
            if kind in _NODE_EVENTS:
                _add(event, kind, tree, scalars)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    _refuse_document(tree, event.start_mark, text)
    except yaml.MarkedYAMLError as error:
        tree.refuse(*cause(_stop(error, event, tree), lines_of(text)))


def _stop(error: yaml.MarkedYAMLError, last: Any, tree: Tree) -> Stop:
    return Stop(
        error.problem or "",
        error.context or "",
        error.problem_mark,
        error.context_mark,
        last,
        tree.opened,
    )


def _refuse_many_handles(text: str, tree: Tree) -> None:
    """Refuse what libyaml compares each with each, and no config has a use for."""
    matches = islice(_TAG_DIRECTIVE.finditer(text), _TAG_DIRECTIVES_MAX, None)
    for match in matches:
        tree.refuse(
            place_of(text, match.end()),
            f"more than {_TAG_DIRECTIVES_MAX} lines begin with %TAG: a config holds no "
            "tags, so remove them",
        )


def _refuse_stray_characters(text: str, tree: Tree) -> None:
    match = Reader.NON_PRINTABLE.search(text)
    if match:
        tree.refuse(
            place_of(text, match.start()),
            "a control character stands here: remove it, or write it as an escape in "
            "double quotes",
        )
    match = _STRAY_BOM.search(text)
    if match:
        tree.refuse(
            place_of(text, match.start()),
            "a byte order mark stands inside of the file: remove it",
        )


def _refuse_document(tree: Tree, mark: Any, text: str) -> NoReturn:
    if any(line.split("#")[0].strip() for line in lines_of(text)[mark.line + 1 :]):
        tree.refuse(mark, "a second document begins here: a file holds one config")
    tree.refuse(mark, "nothing follows this ---: remove it, a file holds one config")


def _add(event: Any, kind: type, tree: Tree, scalars: _Scalars) -> None:
    if kind is yaml.ScalarEvent:
        value = scalars.value(event, tree)
        tree.scalar(value, event.value, event.start_mark, event.anchor)
    elif kind in _END_EVENTS:
        tree.end()
    elif kind is yaml.AliasEvent:
        tree.alias(str(event.anchor), event.start_mark)
    else:
        is_mapping = kind is yaml.MappingStartEvent
        if event.tag not in (None, f"{_TAG}map" if is_mapping else f"{_TAG}seq"):
            _refuse_tag(tree, event.start_mark)
        if is_mapping and tree.expects_key:
            _refuse_template(tree, event.start_mark)
        tree.begin({} if is_mapping else [], event.start_mark, event.anchor)


class _Scalars:
    """What PyYAML's safe loader makes of scalars; of plain ones, once for each text."""

    def __init__(self, odd: list[OddNumber | EdgeBlank] | None) -> None:
        self._odd = odd
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
        if self._odd is not None and has_edge_blank(text) and not tree.expects_key:
            place = event.start_mark.line + 1, event.start_mark.column + 1
            end_line = event.end_mark.line + 1
            self._odd.append(EdgeBlank(tree.keys(), *place, end_line))
        if tag is not None or not event.implicit[0]:
            return self._tagged(tag or _STR, text, tree, event.start_mark)
        if text not in self._plain:
            tag = _implicit_tag(text)
            if tag == _MERGE:
                return MERGE if tree.expects_key else text
            self._plain[text] = self._tagged(tag, text, tree, event.start_mark)
        if self._odd is not None and has_other_base(text):
            mark, value = event.start_mark, self._plain[text]
            place = mark.line + 1, mark.column + 1
            self._odd.append(OddNumber(tree.keys(), *place, text, value))
        return self._plain[text]

    def _tagged(self, tag: str, text: str, tree: Tree, mark: Any) -> Any:
        if tag == _STR:
            return checked_text(text, tree, mark)
        if tag not in _KINDS:
            _refuse_tag(tree, mark)
        return self._converted(tag, text, tree, mark)

    def _converted(self, tag: str, text: str, tree: Tree, mark: Any) -> Any:
        if len(text) > NUMBER_CHARACTERS_MAX:
            refuse_number(tree, mark)
        try:
            value = self._conversions[tag](yaml.ScalarNode(tag, text))
        # What its conversions raise for a text that is none, some of it by accident.
        except (ValueError, OverflowError, LookupError, AttributeError):
            tree.refuse(mark, f"this is not {_KINDS[tag]}: put a text in quotes")
        return checked_number(value, tree, mark)


def _implicit_tag(text: str) -> str:
    for tag, pattern in _IMPLICIT.get(text[:1], _NONE_IMPLICIT):
        if pattern.match(text):
            return tag
    return _STR


def _refuse_template(tree: Tree, mark: Any) -> None:
    # Two brackets side by side, which is a mapping as a key, and is never meant so.
    outer = tree.opened
    if outer and (outer.line, outer.column + 1) == (mark.line, mark.column):
        tree.refuse(outer, TEMPLATE)


def _refuse_tag(tree: Tree, mark: Any) -> NoReturn:
    # Without naming it: it may be a password that begins with an exclamation mark.
    tree.refuse(
        mark,
        "a tag, or a special word, that a config cannot hold: put a text that begins "
        "with ! or = in quotes",
    )
