"""
Plain data grown node by node, within limits.

Owns: duplicate keys, limits, the place of each key path; aliases and merge keys, which
    only YAML has.
Must not know: parsers, what the keys mean.
Runs in: the publisher and the CLI.

Why an alias is counted with everything it stands for: in memory it costs one pointer,
but whatever walks the config afterwards visits it again and again. A file of nine
lines can stand for a billion nodes that way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Protocol

from liveconfig.errors import InvalidConfigError, KeyPath, format_key_path
from liveconfig.masking.names import ANY_NAMES, KeyNames


@dataclass(frozen=True)
class Limits:
    """
    What a config may cost, whatever the number of its files.

    Attributes:
        bytes_max: the most bytes of a file, and of all texts with aliases expanded.
        depth_max: the most mappings and lists that stand inside each other.
        nodes_max: the most keys, values and lists, with aliases expanded.
    """

    bytes_max: int = 4 * 1024 * 1024
    depth_max: int = 64
    nodes_max: int = 150_000


class Spent:
    """What the files of one config have cost so far, each of its documents included."""

    __slots__ = ("nodes", "text_bytes")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.nodes = self.text_bytes = 0

    def add(self, data: Any) -> None:
        """Count what a document holds that was within the limits before."""
        self.nodes += 1
        if isinstance(data, dict):
            for key, value in data.items():
                self.add(key)
                self.add(value)
        elif isinstance(data, list):
            for value in data:
                self.add(value)
        elif isinstance(data, str):
            self.text_bytes += _size_bytes(data)


class Mark(Protocol):
    """A place in a file, as parsers say it: line and column count from 0."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The character in the line."""


class _Sign:
    """A value that no document can hold."""


# The key under which a mapping takes in others.
MERGE: Final = _Sign()
_NO_KEY: Final = _Sign()


class _Collection:
    """A mapping or list whose end has not come yet."""

    __slots__ = (
        "anchor",
        "data",
        "expects_key",
        "height",
        "is_mapping",
        "key",
        "mark",
        "merged",
        "nodes_before",
        "text_before",
        "way",
    )

    def __init__(self, data: Any, mark: Mark, anchor: str | None) -> None:
        self.data = data
        self.is_mapping = self.expects_key = isinstance(data, dict)
        self.mark = mark
        self.anchor = anchor
        self.key: Any = _NO_KEY
        self.merged: list[dict[str, Any]] | None = None
        self.height = 1
        self.nodes_before = 0
        self.text_before = 0
        self.way: _Way | None = None


class _Way:
    """Where the key paths that are looked for go on from one node, and its place."""

    __slots__ = ("mark", "next")

    def __init__(self) -> None:
        self.mark: Mark | None = None
        self.next: dict[Any, _Way] = {}


@dataclass(frozen=True, repr=False)
class _Anchored:
    """What an alias stands for, and what it costs; None while it is still open."""

    data: Any
    nodes: int
    text: int
    height: int


class Tree:
    """
    The data of one document while its nodes come in.

    Attributes:
        root: the data, once its node is complete.
    """

    def __init__(
        self,
        path: str,
        limits: Limits,
        names: KeyNames = ANY_NAMES,
        wanted: Iterable[KeyPath] = (),
        spent: Spent | None = None,
    ) -> None:
        """
        Start empty.

        Args:
            path: the file, as errors name it.
            limits: what the document may cost.
            names: of its keys, which is what errors may show of them.
            wanted: the key paths whose places are looked for.
            spent: what was spent before, of the same limits; counted up.
        """
        self.root: Any = None
        self._spent = spent or Spent()
        self._path = path
        self._limits = limits
        self._names = names
        self._top = _Way()
        for keys in wanted:
            way = self._top
            for key in keys:
                way = way.next.setdefault(key, _Way())
        # Hardly ever, and a look at each node takes a twentieth of the time.
        self._is_looking = bool(self._top.next)
        self._open: list[_Collection] = []
        self._anchors: dict[str, _Anchored | None] = {}

    def begin(self, data: Any, mark: Mark, anchor: str | None = None) -> None:
        """Begin a mapping or list: `data` is the empty dict or list to fill."""
        self._check_place(data, mark)
        collection = _Collection(data, mark, anchor)
        if self._is_looking:
            collection.way = self._way_to(mark)
        collection.nodes_before = self._spent.nodes
        collection.text_before = self._spent.text_bytes
        if anchor is not None:
            self._anchors[anchor] = None
        self._open.append(collection)
        self._check_depth(len(self._open), mark)
        self._count(1, 0, mark)

    def end(self) -> None:
        """End the mapping or list that was begun last."""
        collection = self._open.pop()
        if collection.merged is not None:
            _merge(collection.data, collection.merged)
        if collection.anchor is not None:
            self._anchors[collection.anchor] = _Anchored(
                collection.data,
                self._spent.nodes - collection.nodes_before,
                self._spent.text_bytes - collection.text_before,
                collection.height,
            )
        self._put(collection.data, collection.mark, collection.height)

    def scalar(
        self, value: Any, text: str, mark: Mark, anchor: str | None = None
    ) -> None:
        """Add a single value, which is written as `text`, or a key."""
        size_bytes = _size_bytes(text)
        self._count(1, size_bytes, mark)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, 1, size_bytes, 0)
        self._check_place(value, mark)
        if self._is_looking:
            self._way_to(mark)
        self._put(value, mark, 0)

    def alias(self, anchor: str, mark: Mark) -> None:
        """Add what stands at `anchor` once more."""
        if anchor not in self._anchors:
            self.refuse(
                mark,
                "this alias names no anchor before it: put a text that begins with * "
                "in quotes",
            )
        anchored = self._anchors[anchor]
        if anchored is None:
            self.refuse(mark, "this alias stands inside what it names: unfold it")
        self._check_place(anchored.data, mark)
        self._count(anchored.nodes, anchored.text, mark)
        self._check_depth(len(self._open) + anchored.height, mark)
        if self._is_looking:
            self._way_to(mark)
        self._put(anchored.data, mark, anchored.height)

    def place(self, keys: KeyPath) -> Mark | None:
        """
        Return the place of the longest part of a path that is there.

        Args:
            keys: one of those that were wanted, or () for the root.
        """
        way = self._top
        found = way.mark
        for key in keys:
            way = way.next[key]
            found = way.mark or found
        return found

    @property
    def opened(self) -> Mark | None:
        """The place of the innermost mapping or list that is not complete."""
        return self._open[-1].mark if self._open else None

    @property
    def expects_key(self) -> bool:
        """Whether the next node is the key of a mapping."""
        return bool(self._open) and self._open[-1].expects_key

    def refuse(self, mark: Mark | None, problem: str) -> NoReturn:
        """
        Refuse the document at `mark`, or as a whole.

        Raises:
            InvalidConfigError: always; it names the key that is being filled.
        """
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        key = format_key_path(self._names.of_document(self.keys()))
        raise InvalidConfigError(self._path, line, column, key, problem)

    def keys(self) -> KeyPath:
        """Return the way to the node that comes next."""
        keys: list[str | int] = []
        for collection in self._open:
            if isinstance(collection.data, list):
                keys.append(len(collection.data))
            elif isinstance(collection.key, str):
                keys.append(collection.key)
        return tuple(keys)

    def _check_place(self, value: Any, mark: Mark) -> None:
        """Refuse what may not stand where it does, before any of it is read."""
        if not self._open:
            return
        collection = self._open[-1]
        if collection.expects_key:
            self._check_key(collection, value, mark)
        elif collection.key is MERGE and not isinstance(value, (dict, list)):
            self.refuse(mark, "<< takes a mapping, or a list of mappings")

    def _check_key(self, collection: _Collection, key: Any, mark: Mark) -> None:
        if key is MERGE:
            if collection.merged is not None:
                self.refuse(mark, "<< stands here twice: give it a list of mappings")
        elif not isinstance(key, str):
            self.refuse(mark, f"a key is {_kind(key)}, not text: put it in quotes")
        elif key in collection.data:
            collection.key = key
            self.refuse(mark, "this key is here twice: remove one of the two")

    def _put(self, value: Any, mark: Mark, height: int) -> None:
        if not self._open:
            self.root = value
            self._top.mark = mark
            return
        collection = self._open[-1]
        if height >= collection.height:
            collection.height = height + 1
        if not collection.is_mapping:
            collection.data.append(value)
        elif collection.expects_key:
            collection.key = value
            collection.expects_key = False
            if self._is_looking:
                self._note_key(collection, mark)
        else:
            if collection.key is MERGE:
                collection.merged = self._mappings(value, mark)
            else:
                collection.data[collection.key] = value
            collection.key = _NO_KEY
            collection.expects_key = True

    def _mappings(self, value: Any, mark: Mark) -> list[dict[str, Any]]:
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            self.refuse(mark, "<< takes a mapping, or a list of mappings")
        return mappings

    def _count(self, nodes: int, text_bytes: int, mark: Mark) -> None:
        spent, limits = self._spent, self._limits
        spent.nodes += nodes
        spent.text_bytes += text_bytes
        if spent.nodes > limits.nodes_max:
            self.refuse(
                mark,
                f"more than {limits.nodes_max} keys and values in all files with all "
                "aliases expanded: make the config smaller or raise "
                "LIVECONFIG_NODES_MAX",
            )
        if spent.text_bytes > limits.bytes_max:
            self.refuse(
                mark,
                f"more than {limits.bytes_max} bytes of text in all files with all "
                "aliases expanded: make the config smaller or raise "
                "LIVECONFIG_PAYLOAD_BYTES_MAX",
            )

    def _check_depth(self, depth: int, mark: Mark) -> None:
        if depth > self._limits.depth_max:
            self.refuse(
                mark,
                f"nested deeper than {self._limits.depth_max} levels: flatten the "
                "config",
            )

    def _way_to(self, mark: Mark) -> _Way | None:
        """Note the place of the node at `mark` if a wanted path leads to it."""
        if not self._open:
            return self._top
        collection = self._open[-1]
        if collection.way is None:
            return None
        if not isinstance(collection.data, list):
            # The place of a value is that of its key, which is noted already.
            return collection.way.next.get(collection.key)
        way = collection.way.next.get(len(collection.data))
        if way is not None:
            way.mark = mark
        return way

    def _note_key(self, collection: _Collection, mark: Mark) -> None:
        if collection.way is not None and collection.key in collection.way.next:
            collection.way.next[collection.key].mark = mark


def _size_bytes(text: str) -> int:
    # An escape may stand for half a character, which is refused later.
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _merge(data: dict[str, Any], mappings: list[dict[str, Any]]) -> None:
    """Lay `data` over `mappings`, of which earlier ones win; in place."""
    own = dict(data)
    data.clear()
    for mapping in reversed(mappings):
        data.update(mapping)
    data.update(own)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else "a date"
