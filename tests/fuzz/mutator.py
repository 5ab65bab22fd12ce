"""
Inputs made from seeds, by changes that one number decides.

Owns: the kinds of change, and which inputs are worth changing further.
Must not know: what reads them.
Runs in: a forked child of the test process or of the long run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_BYTES_MAX = 16_384
# Changed further is what is short: it is tried faster, and shows better what matters.
_KEPT_BYTES_MAX = 1_000
_OUTCOMES_MAX = 4_000
_CHANGES_MAX = 6
# Far over any limit of depth, and over the limit of Python's stack.
_REPETITIONS = (2, 3, 10, 65, 500, 3000)
_ODD_BYTES = b"\x00\t\n\r \x7f\x80\xbf\xc2\xed\xef\xf4\xff\"'\\:-[]{}&*!|>%#,?"

_Change = Callable[[bytearray], None]


class Mutator:
    """
    An endless row of inputs: the same for the same seeds, tokens and number.

    Each is one that came before, with a few changes or none. Those that made the
    reader do something new are kept and changed again, so that the row finds its way
    inwards.
    """

    def __init__(
        self, number: int, seeds: Sequence[bytes], tokens: Sequence[bytes] = ()
    ) -> None:
        """
        Begin a row.

        Args:
            number: decides every choice.
            seeds: what to change, at least one.
            tokens: pieces of the language that are put in as they are.
        """
        self._random = random.Random(number)
        self._kept = list(seeds)
        self._tokens = list(tokens) or [b"\x00"]
        self._seen: set[str] = set()
        self._changes: tuple[_Change, ...] = (
            self._flip_a_bit,
            self._put_a_byte,
            self._put_a_token,
            self._put_a_token,
            self._replace_by_a_token,
            self._delete_a_piece,
            self._double_a_piece,
            self._move_a_piece,
            self._repeat_a_piece,
            self._splice,
            self._splice_lines,
            self._indent_a_line,
            self._change_a_digit,
            self._cut_off,
        )

    def next(self) -> bytes:
        """Return the next input, at most 16 KiB."""
        content = bytearray(self._random.choice(self._kept))
        for _ in range(self._random.randint(0, _CHANGES_MAX)):
            self._random.choice(self._changes)(content)
        return bytes(content[:_BYTES_MAX])

    def learn(self, content: bytes, outcome: str) -> None:
        """Keep a short input if nothing before it had the same outcome."""
        if outcome not in self._seen and len(self._seen) < _OUTCOMES_MAX:
            self._seen.add(outcome)
            if len(content) <= _KEPT_BYTES_MAX:
                self._kept.append(content)

    @property
    def outcomes(self) -> int:
        """How many different outcomes were learned."""
        return len(self._seen)

    def _place(self, content: bytearray) -> int:
        return self._random.randint(0, len(content))

    def _piece(self, content: bytearray) -> slice:
        start = self._place(content)
        return slice(start, start + self._random.choice((1, 2, 4, 8, 30, 200)))

    def _flip_a_bit(self, content: bytearray) -> None:
        if content:
            content[self._place(content) - 1] ^= 1 << self._random.randrange(8)

    def _put_a_byte(self, content: bytearray) -> None:
        odd = self._random.choice(_ODD_BYTES)
        byte = odd if self._random.random() < 0.8 else self._random.randrange(256)
        content.insert(self._place(content), byte)

    def _put_a_token(self, content: bytearray) -> None:
        place = self._place(content)
        content[place:place] = self._random.choice(self._tokens)

    def _replace_by_a_token(self, content: bytearray) -> None:
        content[self._piece(content)] = self._random.choice(self._tokens)

    def _delete_a_piece(self, content: bytearray) -> None:
        del content[self._piece(content)]

    def _double_a_piece(self, content: bytearray) -> None:
        piece = self._piece(content)
        content[piece.start : piece.start] = content[piece]

    def _move_a_piece(self, content: bytearray) -> None:
        piece = content[self._piece(content)]
        place = self._place(content)
        content[place:place] = piece

    def _repeat_a_piece(self, content: bytearray) -> None:
        piece = content[self._piece(content)][:8]
        place = self._place(content)
        content[place:place] = bytes(piece) * self._random.choice(_REPETITIONS)

    def _splice(self, content: bytearray) -> None:
        other = self._random.choice(self._kept)
        content[self._place(content) :] = other[self._random.randint(0, len(other)) :]

    def _splice_lines(self, content: bytearray) -> None:
        lines = bytes(content).split(b"\n")
        others = self._random.choice(self._kept).split(b"\n")
        start = self._random.randrange(len(others))
        place = self._random.randint(0, len(lines))
        lines[place:place] = others[start : start + self._random.randint(1, 4)]
        content[:] = b"\n".join(lines)

    def _indent_a_line(self, content: bytearray) -> None:
        lines = bytes(content).split(b"\n")
        number = self._random.randrange(len(lines))
        line = lines[number]
        indent = self._random.choice((b"", b" ", b"  ", b"\t", b"- ", b"? ", b"    "))
        keeps = self._random.random() < 0.5
        lines[number] = indent + (line if keeps else line.lstrip(b" \t"))
        content[:] = b"\n".join(lines)

    def _change_a_digit(self, content: bytearray) -> None:
        places = [i for i, byte in enumerate(content) if 0x30 <= byte <= 0x39]
        if places:
            content[self._random.choice(places)] = self._random.choice(b"0123456789-_:")

    def _cut_off(self, content: bytearray) -> None:
        del content[self._place(content) :]
