"""
Strict YAML and JSON to plain data, with the line and column of whatever is wrong.

Owns: the encoding, the choice of the language, what a whole document must be.
Must not know: the languages' spelling, what the keys mean, where the bytes come from.
Runs in: the publisher and the CLI.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from liveconfig.config.json_text import read_json
from liveconfig.config.names import ANY_NAMES, KeyNames
from liveconfig.config.scalar import place_of
from liveconfig.config.tree import Limits, Spent, Tree
from liveconfig.config.yaml_text import yaml_trees
from liveconfig.errors import KeyPath

__all__ = ["UNLIMITED", "Limits", "Spent", "locate", "locate_all", "parse", "parse_all"]

# For a document that was within its limits when it was parsed before.
UNLIMITED = Limits(bytes_max=2**62, depth_max=2**62, nodes_max=2**62)


def parse(
    content: bytes,
    path: str,
    limits: Limits,
    names: KeyNames = ANY_NAMES,
    spent: Spent | None = None,
) -> dict[str, Any]:
    """
    Return the one mapping that `content` holds, in plain data.

    The data is made of dict, list, str, int, float, bool, None, date and datetime;
    aliases share what they name, so nothing in it may be changed in place.

    Args:
        content: the file's bytes; JSON where `path` ends in `.json`, else YAML 1.1.
        path: the file, as errors name it.
        limits: what it may cost.
        names: of its keys, which is what errors may show of them.

    Raises:
        InvalidConfigError: anything is wrong with it; names line, column and key.
    """
    trees = list(_trees(content, path, limits, names, spent=spent))
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
    trees = list(_trees(content, path, UNLIMITED, ANY_NAMES, wanted, is_one=False))
    marks = [trees[document].place(keys) if trees else None for keys in wanted]
    return [(mark.line + 1, mark.column + 1) if mark else (0, 0) for mark in marks]


def _trees(
    content: bytes,
    path: str,
    limits: Limits,
    names: KeyNames = ANY_NAMES,
    wanted: Sequence[KeyPath] = (),
    *,
    is_one: bool = True,
    spent: Spent | None = None,
) -> Iterator[Tree]:
    new_tree = partial(Tree, path, limits, names, wanted, spent or Spent())
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
        yield from yaml_trees(content, text, new_tree, is_one)
    elif text.strip():
        read_json(text, tree)
        yield tree


def _decoded(content: bytes, tree: Tree) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        mark = place_of(content[: error.start].decode(), error.start)
        tree.refuse(mark, "not UTF-8: save the file in that encoding")
