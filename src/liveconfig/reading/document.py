"""
Strict YAML and JSON to plain data, with the line and column of whatever is wrong.

Owns: the encoding, the choice of the language, what a whole document must be.
Must not know: the languages' notation, what the keys mean, where the bytes come from.
Runs in: the publisher and the CLI.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Any

from liveconfig.errors import InvalidConfigError, KeyPath
from liveconfig.masking.names import ANY_NAMES, KeyNames
from liveconfig.reading.blanks import EdgeBlank, may_have_edge_blank
from liveconfig.reading.json_text import read_json
from liveconfig.reading.scalar import lines_of, place_of
from liveconfig.reading.tree import Limits, Spent, Tree
from liveconfig.reading.yaml_errors import inside, odd_blanks
from liveconfig.reading.yaml_text import read_yaml
from liveconfig.schema.numbers import OddNumber, may_have_other_base

__all__ = ["UNLIMITED", "Limits", "Spent", "locate", "locate_all", "parse"]

# For a document that was within its limits when it was parsed before.
UNLIMITED = Limits(bytes_max=2**62, depth_max=2**62, nodes_max=2**62)


def parse(
    content: bytes,
    path: str,
    limits: Limits,
    names: KeyNames = ANY_NAMES,
    spent: Spent | None = None,
) -> dict[str, Any] | None:
    """
    Return the one mapping that `content` holds, in plain data; None for nothing.

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
    tree = _tree(content, path, limits, names, spent=spent)
    if tree.root is None:
        return None
    if not isinstance(tree.root, dict):
        odd = None if path.endswith(".json") else odd_blanks(_text(content))
        problem = "expected keys with values at the top: write `key: value`"
        tree.refuse(*odd or (tree.place(()), problem))
    return tree.root


def locate(content: bytes, path: str, keys: KeyPath) -> tuple[int, int]:
    """
    Return line and column, from 1, of a key or item, or of what it is missing from.

    Args:
        content: bytes that `parse` took.
        path: the file, for its ending.
        keys: the way to it; its end may be missing.
    """
    return locate_all(content, path, [keys])[0]


def hint(
    content: bytes, path: str, line: int = 1, column: int = 0
) -> tuple[int, int, str] | None:
    """
    Return line, column and a sentence of what nobody sees and may cause an error.

    Args:
        content: bytes that `parse` took.
        path: the file, for its ending.
        line: of the key that is not as it should be, as `locate` returns it.
        column: of that key; 0 for the whole document.
    """
    odd = None if path.endswith(".json") else odd_blanks(_text(content), line, column)
    return odd and (odd[0].line + 1, odd[0].column + 1, odd[1])


def odd_values(content: bytes, path: str) -> list[OddNumber | EdgeBlank]:
    """
    Return the numbers and texts that are others than they look like.

    Args:
        content: bytes that `parse` took.
        path: the file, for its ending.
    """
    odd: list[OddNumber | EdgeBlank] = []
    text, is_json = _text(content), path.endswith(".json")
    if may_have_edge_blank(text) or (not is_json and may_have_other_base(text)):
        _tree(content, path, UNLIMITED, ANY_NAMES, odd=odd)
    lines = lines_of(text, is_json) if odd else ()
    return [each for each in odd if isinstance(each, OddNumber) or each.is_in(lines)]


def locate_all(
    content: bytes, path: str, wanted: Sequence[KeyPath]
) -> list[tuple[int, int]]:
    """Return what `locate` does for each of several ways, reading the content once."""
    tree = _tree(content, path, UNLIMITED, ANY_NAMES, wanted)
    marks = [tree.place(keys) for keys in wanted]
    return [(mark.line + 1, mark.column + 1) if mark else (0, 0) for mark in marks]


def _tree(
    content: bytes,
    path: str,
    limits: Limits,
    names: KeyNames,
    wanted: Sequence[KeyPath] = (),
    *,
    spent: Spent | None = None,
    odd: list[OddNumber | EdgeBlank] | None = None,
) -> Tree:
    """Return a tree that holds the document; its root is None where there is none."""
    tree = Tree(path, limits, names, wanted, spent or Spent())
    if len(content) > limits.bytes_max:
        tree.refuse(
            None,
            f"the file has {len(content)} bytes, the limit is {limits.bytes_max}: make "
            "it smaller or raise LIVECONFIG_PAYLOAD_BYTES_MAX",
        )
    content = content.removeprefix(BOM_UTF8)
    is_json = path.endswith(".json")
    text = _decoded(content, is_json, tree)
    try:
        if not is_json:
            read_yaml(content, text, tree, odd)
        elif text.strip():
            read_json(text, tree, odd)
    except InvalidConfigError as error:
        raise _inside(lines_of(text, is_json), error) from None
    return tree


def _inside(lines: Sequence[str], error: InvalidConfigError) -> InvalidConfigError:
    """Return an error that names no line that is not there, or has nothing in it."""
    line, column = error.line, error.column
    if line:
        line, column = inside(lines, line, column)
    return InvalidConfigError(error.path, line, column, error.key, error.problem)


def _text(content: bytes) -> str:
    return content.removeprefix(BOM_UTF8).decode()


def _decoded(content: bytes, is_json: bool, tree: Tree) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        mark = place_of(content[: error.start].decode(), error.start, is_json)
        tree.refuse(mark, "not UTF-8: save the file in that encoding")
