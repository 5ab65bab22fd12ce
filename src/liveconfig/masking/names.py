"""
Which keys of a document may be shown.

Owns: which part of a key path the log, `/status` and the command line may show.
Must not know: classes and their annotations, who shows the paths.
Runs in: the publisher, the workers and the CLI.

A blank that was forgotten makes a key of a value: `{password:hunter2}` has one key and
no value. So a key is shown as it is only where it is known to be one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from liveconfig.errors import CUT, KeyPath, format_key_path
from liveconfig.masking.secret import MASK

# What may be shown of a path.
Named = Callable[[KeyPath], KeyPath]

# What stands in a key where a blank, a colon, a comma or a quote was forgotten.
_DOUBTFUL = re.compile(r"[\s:=,'\"#\[\]{}]")


class KeyNames(Struct, frozen=True):
    """
    The names of the keys of a schema's classes.

    Attributes:
        own: the names; empty for a plain mapping, of which nothing is known.
        secrecy: another text wherever other keys are secret, "" where none is.
    """

    own: frozenset[str] = frozenset()
    secrecy: str = ""

    def of_document(self, keys: KeyPath) -> KeyPath:
        """
        Return what may be shown of a path in a document that was refused.

        Nothing is certain there, and a key that the schema does not know may be
        anything: with secrets in the schema it is masked, else cut where a value may
        begin.
        """
        if not self.own:
            return keys
        return tuple(key if key in self.own else self._doubtful(key) for key in keys)

    def of_config(self, keys: KeyPath) -> KeyPath:
        """Return what may be shown of a path in a config that fits the schema."""
        if not self.secrecy:
            return keys
        return tuple(key if key in self.own else _certain(key) for key in keys)

    def of_unknown(self, keys: KeyPath) -> KeyPath:
        """Return what may be shown of a path to a key that the schema does not know."""
        return (*self.of_config(keys[:-1]), *self.of_document(keys[-1:]))

    def _doubtful(self, key: str | int) -> str | int:
        return MASK if self.secrecy and isinstance(key, str) else _certain(key)


def shown(keys: Sequence[KeyPath], named: Named, most: int) -> tuple[str, ...]:
    """Return the first `most` of some paths as they may be shown."""
    return tuple(format_key_path(named(each)) for each in keys[:most])


# Those of a plain mapping.
ANY_NAMES: Final = KeyNames()


def _certain(key: str | int) -> str | int:
    if isinstance(key, int):
        return key
    doubtful = _DOUBTFUL.search(key)
    return key[: doubtful.start()] + CUT if doubtful else key
