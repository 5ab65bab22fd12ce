"""
From the bytes of a source to a config that may be published.

Owns: the order parse, merge, validate, pack; finding the line behind a schema error.
Must not know: where the bytes come from, where the config goes to.
Runs in: the publisher and the CLI, so that `liveconfig check` and the service agree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from liveconfig.errors import InvalidConfigError, KeyPath, format_key_path
from liveconfig.masking.names import ANY_NAMES, KeyNames
from liveconfig.reading.document import (
    UNLIMITED,
    Limits,
    Spent,
    hint,
    locate_all,
    odd_values,
    parse,
)
from liveconfig.reading.source import SourceFile
from liveconfig.schema.schema import Schema, SchemaError

T = TypeVar("T")

# Files, and what they hold.
Documents = Mapping[SourceFile, Mapping[str, Any]]
NO_DOCUMENTS: Final[Documents] = MappingProxyType({})

# What a file holds in which nothing is written, or everything is commented out.
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Candidate(Generic[T]):
    """
    A config that passed every check.

    Attributes:
        config: the typed, frozen value.
        digest: `sha256:` and 64 hexadecimal digits, equal for equal configs.
        payload: the bytes to publish.
        data: what the files hold, merged, for `Schema.unknown_keys`.
        documents: what each of them holds, for the next `load`.
    """

    config: T
    digest: str
    payload: bytes
    data: Mapping[str, Any]
    documents: Documents

    def __repr__(self) -> str:
        # For whatever records the local variables of a traceback.
        return f"{type(self).__name__}({self.digest})"


def load(
    files: Sequence[SourceFile],
    schema: Schema[T],
    limits: Limits,
    known: Documents = NO_DOCUMENTS,
) -> Candidate[T]:
    """
    Parse, merge and validate the files of one reading; later files win.

    Args:
        files: their bytes.
        schema: what they must fit.
        limits: what all of them together may cost.
        known: files that need not be parsed, as they were in a reading before.

    Raises:
        InvalidConfigError: anything in the files is wrong; names file, line and key.
            Nothing was made of any of them.
    """
    spent = Spent()
    for file in known.keys() & set(files):
        spent.add(known[file])
    documents = {
        file: known[file]
        if file in known
        else _parsed(file, limits, schema.key_names, spent)
        for file in files
    }
    _refuse_nothing(documents)
    merged: dict[str, Any] = {}
    for document in documents.values():
        merged = merge(merged, document)
    try:
        packed = schema.pack(schema.validate(merged))
    except SchemaError as error:
        raise located(
            error.keys,
            error.problem,
            list(documents),
            list(documents.values()),
            schema.key_names.of_document,
        ) from error
    return Candidate(packed.config, packed.digest, packed.payload, merged, documents)


def _parsed(
    file: SourceFile, limits: Limits, names: KeyNames, spent: Spent
) -> Mapping[str, Any]:
    found = parse(file.content, file.path, limits, names, spent)
    return _NOTHING if found is None else found


def _refuse_nothing(documents: Documents) -> None:
    """Refuse a config of which nothing is written; a layer of others may be empty."""
    if all(document is _NOTHING for document in documents.values()):
        paths = [file.path for file in documents]
        path = paths[0] if len(paths) == 1 else os.path.dirname(paths[0]) or "."
        what = "the file is" if len(paths) == 1 else "all files are"
        problem = f"{what} empty: write at least one key and its value"
        raise InvalidConfigError(path, 0, 0, "", problem)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid on it: mappings merge, anything else replaces."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            value = merge(below, value)
        merged[key] = value
    return merged


def located(
    keys: KeyPath,
    problem: str,
    files: Sequence[SourceFile],
    documents: Sequence[Any] | None = None,
    named: Callable[[KeyPath], KeyPath] = ANY_NAMES.of_document,
) -> InvalidConfigError:
    """
    Return an error that names the file, line and column of a key.

    Args:
        keys: the way to it in the merged document; its end may be missing.
        problem: what is wrong with it.
        files: files that `load` could parse.
        documents: what they hold, if it is known already.
        named: returns what the error may show of the way.
    """
    return all_located([keys], problem, files, documents, named)[0]


def all_located(
    ways: Sequence[KeyPath],
    problem: str,
    files: Sequence[SourceFile],
    documents: Sequence[Any] | None = None,
    named: Callable[[KeyPath], KeyPath] = ANY_NAMES.of_document,
) -> list[InvalidConfigError]:
    """Return what `located` does for each of several ways, reading each file once."""
    if documents is None:
        documents = [parse(file.content, file.path, UNLIMITED) or {} for file in files]
    by_file: dict[int, list[KeyPath]] = {}
    for keys in ways:
        # The last file that goes furthest along the path is the one that decided.
        depths = [(_depth(each, keys), bool(each)) for each in documents]
        index = max(range(len(files)), key=lambda i: (depths[i], i))
        by_file.setdefault(index, []).append(keys)
    found = {}
    for index, here in by_file.items():
        file = files[index]
        places = locate_all(file.content, file.path, here)
        for keys, place in zip(here, places, strict=True):
            key = format_key_path(named(keys))
            is_there = _depth(documents[index], keys) > 0
            found[keys] = _hinted(file, place, is_there, key, problem)
    return [found[keys] for keys in ways]


def warnings(
    files: Iterable[SourceFile], names: KeyNames, unknown: Collection[KeyPath]
) -> Iterator[InvalidConfigError]:
    """
    Yield what is right in good files, and hardly what its author means.

    Args:
        files: files that `load` took.
        names: of their keys, which is what may be shown of them.
        unknown: the ways to keys that the schema does not know, and nobody reads.
    """
    for file in files:
        for odd in odd_values(file.content, file.path):
            ways = (odd.keys[:end] for end in range(1, len(odd.keys) + 1))
            if not any(way in unknown for way in ways):
                # Where a key is named by a class, it is known to be no secret.
                is_shown = names.of_document(odd.keys) == odd.keys
                key = format_key_path(names.of_config(odd.keys))
                problem = odd.warning(is_shown=is_shown)
                yield InvalidConfigError(file.path, odd.line, odd.column, key, problem)


def _hinted(
    file: SourceFile, place: tuple[int, int], is_there: bool, key: str, problem: str
) -> InvalidConfigError:
    # Of a key that is missing from the top, any line may be meant.
    odd = hint(file.content, file.path, *(place if is_there else ()))
    if odd is not None:
        place, problem = odd[:2], f"{problem}; {odd[2]}"
    return InvalidConfigError(file.path, *place, key, problem)


def _depth(value: Any, keys: KeyPath) -> int:
    for depth, key in enumerate(keys):
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(keys)
