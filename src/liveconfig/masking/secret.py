"""
A text that masks itself wherever it is shown.

Owns: `Secret`, and what stands in its place.
Must not know: where secrets come from or go to.
Runs in: every process that holds a config.
"""

from __future__ import annotations

from typing import NoReturn

# What is shown in the place of every secret, whatever its length.
MASK = "********"


class Secret:
    """
    A secret text: shown as `MASK`, read with `reveal()`.

    It equals another `Secret` of the same text and cannot be changed. It is no `str`,
    so that joining or encoding it by mistake raises instead of giving it away. Pickling
    keeps the text: whoever pickles a config stores its secrets in clear.

    Example::

        class ShopConfig(Struct, frozen=True):
            password: Secret

        connect(password=manager.get().password.reveal())
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        """
        Hold `text`.

        Raises:
            TypeError: `text` is not text; the message does not show what it is.
        """
        if not isinstance(text, str):
            raise TypeError(f"a Secret holds text, not {type(text).__name__}")
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """Return the text in clear."""
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __format__(self, specification: str) -> str:
        return format(MASK, specification)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self._text,)
