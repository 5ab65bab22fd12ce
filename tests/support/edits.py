"""
Messages in a row, each flipped into a volume.

Owns: which message is the newest, what a config with it looks like.
Must not know: who serves it.
Runs in: the test process.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.support.volume import ConfigMapVolume, Files

_KEYS_OF_PADDING_BYTES = 64


class Edits:
    """The edits of one volume."""

    def __init__(self, volume: ConfigMapVolume, padding_bytes: int = 0) -> None:
        """
        Prepare to edit `volume`, which holds the message "one".

        Args:
            volume: what is flipped.
            padding_bytes: how much else stands in each config, under `padding`, so that
                it takes its time to be parsed; it is another one in each.
        """
        self._volume = volume
        self._padding_bytes = padding_bytes
        self._numbers = count(1)
        self.newest = "one"

    def flip(self, **steps: Any) -> str:
        """Flip to the next message and return it; `steps` go to the volume's flip."""
        number = next(self._numbers)
        self.newest = f"edit {number}"
        self._volume.flip(self._files(number), **steps)
        return self.newest

    def _files(self, number: int) -> Files:
        text = f"message: {self.newest}\n"
        if self._padding_bytes:
            keys = range(self._padding_bytes // _KEYS_OF_PADDING_BYTES)
            text += "padding:\n" + "".join(
                f"  key-{key:08}: 'value {number:06} {key:06} {'x' * 24}'\n"
                for key in keys
            )
        return {"config.yaml": text}
