"""
What is wrong with a document, in the words of its author.

Owns: reading msgspec's refusals; what the code of a class raises; finding the exact
    key; the sentences.
Must not know: classes and their annotations, files and lines.
Runs in: the publisher and the CLI; the workers load it with the schema.

Why not msgspec's own words: they speak of Python types, quote values of the document
(which may be secrets), and write `[...]` for the key of a mapping.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import getitem
from types import MappingProxyType
from typing import Any

import msgspec

from liveconfig.errors import KeyPath, PublicValueError, printable
from liveconfig.schema.numbers import how_to_write

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "array": "a list",
        "bool": "true or false",
        "bytes": "text in base64",
        "date": "a date",
        "datetime": "a date with a time",
        "decimal": "a decimal number",
        "duration": "a duration",
        "float": "a number",
        "int": "a whole number",
        "null": "nothing",
        "object": "a mapping",
        "str": "text",
        "time": "a time of day",
        "uuid": "a UUID",
    }
)
_PYTHON_KINDS: Mapping[str, str] = MappingProxyType(
    {"dict": "object", "list": "array", "None": "null", "NoneType": "null"}
)
_SINGLE = frozenset({"bool", "int", "float", "null", "date", "datetime", "str"})
# Kinds that YAML makes of bare words and figures.
_UNQUOTED = frozenset({"bool", "int", "float", "date", "datetime"})

_WANTED: Mapping[str, str] = MappingProxyType(
    {
        "Invalid RFC3339 encoded datetime": "a date with a time, as 2030-12-31T23:59Z",
        "Invalid RFC3339 encoded date": "a date, as 2030-12-31",
        "Invalid RFC3339 encoded time": "a time of day, as 23:59:59",
        "Invalid ISO8601 duration": "a duration, as PT1H30M",
        "Invalid base64 encoded string": "text in base64",
        "Invalid decimal string": "a decimal number",
        "Invalid UUID": "a UUID",
        "Number out of range": "a smaller number",
        "Integer value out of range": "a smaller number",
    }
)

# Whatever a class of the application may raise while it is made; a call of `sys.exit`
# in it is its mistake as well, and not the end of the process.
RAISED = (Exception, SystemExit)

# Words of a class that are longer are not looked through for what they quote, and so
# not shown; they would be cut anyway.
_WORDS_CHARACTERS_MAX = 10_000
# How long the exact key is looked for, in seconds of the processor; then what is known
# of the way to it has to do.
_FIND_SECONDS_MAX = 2.0
_CHOICE_KINDS = {str: "str", int: "int", type(None): "null"}
_LIKELY: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "bool": re.compile("yes|no|on|off|true|false|y|n", re.IGNORECASE),
        "null": re.compile("null|~|", re.IGNORECASE),
        "int": re.compile(r"[-+_:x]*\d[-+\d_:x]*"),
        "float": re.compile(r"[-+_.eE:]*\d[-+\d_.eE:]*"),
    }
)

_PLACE = re.compile(r"(.*) - at `(key` in `)?\$(.*?)`", re.DOTALL)
_MISPLACED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_CONSTRAINT = re.compile(r"Expected `([^`]+)`(.*)", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)

_REFUSED = "the schema refuses this"


def explain(
    error: msgspec.ValidationError,
    data: Any,
    convert: Callable[[Any], object],
    choices_at: Callable[[Any, KeyPath, bool], tuple[Any, ...]],
    has_secrets: bool = False,
) -> tuple[KeyPath, str]:
    """
    Return where `data` is wrong and why, without any value of it.

    What a class of the application says in its own ValueError is passed on, with "..."
    for each text of the document that it quotes; where there are secrets, only if the
    class says that its words may be shown.

    Args:
        error: what `convert(data)` raised.
        data: the document.
        convert: tried on changed copies of `data`, log n times for each mapping
            of n keys on the way to the error, for some seconds at the most.
        choices_at: the values that the types allow at a path of keys of `data`,
            or, with True, the keys that they allow there.
        has_secrets: whether a part of the data may be secret.
    """
    message, is_key, path = _split(error)
    try:
        keys = _find(path, data, convert, is_key)
    # A key of the document may be made up to look like a path.
    except (LookupError, TypeError, ValueError):
        keys = ()
    if error.__cause__ is not None:
        value = None if has_secrets else reduce(getitem, keys, data)
        return keys, _refused(error.__cause__, value, has_secrets=has_secrets)
    for pattern, problem in (
        (_MISSING, "this required key is missing"),
        (_UNKNOWN, "the schema does not allow this key"),
    ):
        if match := pattern.fullmatch(message):
            return (*keys, match[1]), problem
    value = None if is_key else _at(keys, data)
    problem = _reworded(message, choices_at(data, keys, is_key), value)
    return keys, f"as a key: {problem}" if is_key else problem


def raised(error: BaseException) -> str:
    """Say that the code of a class failed; nothing of what the error says is shown."""
    if isinstance(error, PublicValueError):
        return _in_one_line(_words(error)) or _REFUSED
    return f"the schema's own code raised {_name(error)}: mend this value, or the class"


def misplaced(wanted: str, found: str) -> str:
    """
    Say that a value is of the wrong kind, and what to do about it.

    Args:
        wanted: msgspec's names of the kinds asked for, joined by " | ".
        found: msgspec's, MessagePack's or Python's name of the kind that is there.
    """
    found = _PYTHON_KINDS.get(found, found)
    if found == "datetime" and "date" not in wanted.split(" | "):
        found = "date"
    name = "a decimal number" if found == "float" else _KINDS.get(found, "another kind")
    sentence = f"expected {_listed(wanted)}, found {name}"
    if "str" in wanted.split(" | "):
        if found in _UNQUOTED:
            return f"{sentence}: put it in quotes"
        if found == "null":
            return f'{sentence}: an empty text is written ""'
    return sentence


def _split(error: msgspec.ValidationError) -> tuple[str, bool, str]:
    # The message, whether it is about a key, and msgspec's path without the "$".
    text = str(error)
    match = _PLACE.fullmatch(text)
    message, is_key, path = match.groups() if match else (text, None, "")
    return message, is_key is not None, path


def _at(keys: KeyPath, data: Any) -> Any:
    try:
        return reduce(getitem, keys, data)
    except (LookupError, TypeError):
        return None


def _reworded(message: str, choices: tuple[Any, ...], value: Any) -> str:
    if match := _MISPLACED.fullmatch(message):
        wanted = match[1].split(" | ")
        kinds = {_CHOICE_KINDS.get(type(each)) for each in choices}
        if kinds == {*wanted} and _PYTHON_KINDS.get(match[2], match[2]) in _SINGLE:
            return f"{_one_of(choices)}, {_found(match[2], choices)}"
        sentence = misplaced(match[1], match[2])
        if isinstance(value, str) and {"int", "float"} & {*wanted}:
            cure = how_to_write(value, is_whole="float" not in wanted)
            return f"{sentence}: {cure}" if cure else sentence
        return sentence
    if match := _CONSTRAINT.fullmatch(message):
        return f"expected {_listed(match[1])}{match[2].replace(', got', ', found')}"
    if message in _WANTED:
        return f"expected {_WANTED[message]}"
    if choices:
        # The last resort must not be msgspec's words: these quote the value.
        return _one_of(choices)
    return "this does not fit the schema"


def _one_of(choices: tuple[Any, ...]) -> str:
    shown = ("null" if choice is None else repr(choice) for choice in choices)
    return f"must be one of {', '.join(shown)}"


def _found(kind: str, choices: tuple[Any, ...]) -> str:
    # A word of the schema that YAML takes for something else, as `off`.
    likely = _LIKELY.get(kind)
    texts = [choice for choice in choices if isinstance(choice, str)]
    is_likely = likely is not None and any(map(likely.fullmatch, texts))
    sentence = f"found {_KINDS.get(kind, 'another kind')}"
    return f"{sentence}: put it in quotes" if is_likely else sentence


def _listed(kinds: str) -> str:
    *others, last = (_KINDS.get(kind, kind) for kind in kinds.split(" | "))
    return f"{', '.join(others)} or {last}" if others else last


def _refused(cause: BaseException, value: Any, *, has_secrets: bool) -> str:
    if isinstance(cause, PublicValueError):
        return _in_one_line(_words(cause)) or _REFUSED
    if has_secrets:
        # Its words may hold a secret in whatever form: in part, joined or encoded.
        return (
            f"{_REFUSED} with {_name(cause)}, whose words are not shown as the config "
            "has secrets"
        )
    return _quoted(cause, value) or _REFUSED


def _name(error: BaseException) -> str:
    return printable(type(error).__name__)


def _words(error: BaseException) -> str:
    # attrs gives its validators' errors more arguments than the sentence.
    words = error.args[0] if error.args else ""
    return words if isinstance(words, str) else ""


def _in_one_line(words: str) -> str:
    return printable(" ".join(words.split()))


def _quoted(cause: BaseException, value: Any) -> str:
    words = _words(cause)
    if len(words) > _WORDS_CHARACTERS_MAX:
        return ""
    quoted = {text for text in _texts(value) if text in words}
    for text in sorted(quoted, key=len, reverse=True):
        words = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "...", words)
    return _in_one_line(words)


def _texts(value: Any) -> Iterator[str]:
    # Every text as it is, and as repr() writes it.
    if isinstance(value, (Mapping, list)):
        for below in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(below)
    elif isinstance(value, str) and value:
        yield from (value, repr(value)[1:-1])


def place_of_failure(
    places: Iterable[tuple[KeyPath, Any, Sequence[type]]],
    fails: Callable[[Any, type], bool],
) -> KeyPath:
    """
    Return the deepest place at which a class fails, for errors that name none.

    Args:
        places: ways, values and the classes that a value may become, from the top down.
        fails: whether making the class of the value runs into such an error.
    """
    found: KeyPath = ()
    for keys, value, classes in places:
        is_below = keys[: len(found)] == found
        if is_below and any(fails(value, class_) for class_ in classes):
            found = keys
    return found


def _find(
    path: str, data: Any, convert: Callable[[Any], object], is_key: bool
) -> KeyPath:
    keys: KeyPath = ()
    value = data
    deadline = time.process_time() + _FIND_SECONDS_MAX
    while path or is_key:
        if not path or path.startswith("[...]"):
            if time.process_time() > deadline:
                break
            key: str | int = _culprit(data, keys, value, convert)
            # First from now on, so that no other item is converted again.
            data = _replaced(data, keys, {key: value[key], **value})
            is_key, path = is_key and bool(path), path[5:]
        elif path.startswith("["):
            index, _, path = path[1:].partition("]")
            key = int(index)
        else:
            key = _named(path[1:], value)
            path = path[1 + len(key) :]
        keys, value = (*keys, key), value[key]
    return keys


def _culprit(
    data: Any,
    keys: KeyPath,
    mapping: Mapping[str, Any],
    convert: Callable[[Any], object],
) -> str:
    # msgspec stops at the first item that it refuses. An object is a key that it
    # always refuses: as long as that comes later, the error stays the same.
    names = list(mapping)
    refusal = _refusal(data, convert)

    def is_before(end: int) -> bool:
        items = enumerate(mapping.items())
        changed = {k if n < end else object(): v for n, (k, v) in items}
        return _refusal(_replaced(data, keys, changed), convert) == refusal

    return names[bisect_left(range(1, len(names)), True, key=is_before)]


def _refusal(data: Any, convert: Callable[[Any], object]) -> str:
    refusal = ""
    try:
        convert(data)
    except msgspec.ValidationError as error:
        refusal = str(error)
    except RAISED as error:
        # The changed copy met another error in the code of a class.
        refusal = type(error).__name__
    return refusal


def _replaced(data: Any, keys: KeyPath, value: object) -> Any:
    if not keys:
        return value
    copy: Any = dict(data) if isinstance(data, Mapping) else list(data)
    copy[keys[0]] = _replaced(data[keys[0]], keys[1:], value)
    return copy


def _named(path: str, mapping: Mapping[str, Any]) -> str:
    # A name may hold dots. The shortest that fits: others are likely to be unknown.
    fitting = (k for k in mapping if path == k or path.startswith((f"{k}.", f"{k}[")))
    return min(fitting, key=len)
