"""
JSON to plain data.

Owns: JSON's spelling.
Must not know: YAML, limits, what the keys mean.
Runs in: the publisher and the CLI.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any

from liveconfig.reading.blanks import EdgeBlank, has_edge_blank
from liveconfig.reading.scalar import (
    NUMBER_CHARACTERS_MAX,
    Place,
    checked_number,
    checked_text,
    refuse_number,
)
from liveconfig.reading.tree import Tree
from liveconfig.schema.numbers import OddNumber

_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]|[^][{}:,"\s]+')
_JSON_WORDS = {"true": True, "false": False, "null": None}


def read_json(
    text: str, tree: Tree, odd: list[OddNumber | EdgeBlank] | None = None
) -> None:
    """
    Grow `tree` by what a text in JSON holds.

    Args:
        text: the whole of it.
        tree: an empty one.
        odd: takes the texts that are others than they look like.

    Raises:
        InvalidConfigError: it is no JSON, or more than a config can hold; `tree` is of
            no more use.
    """
    lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def mark_of(position: int) -> Place:
        line = bisect_right(lines, position) - 1
        return Place(line, position - lines[line])

    _check_json(text, tree)
    for match in _JSON_TOKEN.finditer(text):
        token, mark = match[0], mark_of(match.start())
        if token in ("{", "["):
            tree.begin({} if token == "{" else [], mark)
        elif token in ("}", "]"):
            tree.end()
        else:
            if odd is not None and not tree.expects_key and has_edge_blank(token[1:-1]):
                line = mark.line + 1
                odd.append(EdgeBlank(tree.keys(), line, mark.column + 1, line))
            tree.scalar(_json_scalar(token, tree, mark), token, mark)


def _check_json(text: str, tree: Tree) -> None:
    """Refuse what is not JSON; the numbers are left for later."""
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        tree.refuse(
            Place(error.lineno - 1, error.colno - 1), f"not valid JSON: {error.msg}"
        )
    except RecursionError:
        # Far over any limit of depth, which the caller finds by itself.
        return


def _json_scalar(token: str, tree: Tree, mark: Place) -> Any:
    if token.startswith('"'):
        return checked_text(json.loads(token), tree, mark)
    if token in _JSON_WORDS:
        return _JSON_WORDS[token]
    if len(token) > NUMBER_CHARACTERS_MAX:
        refuse_number(tree, mark)
    return checked_number(json.loads(token), tree, mark)
