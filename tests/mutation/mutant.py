"""
What a safeguard is, and the code without it.

Owns: the type of a row.
Must not know: which safeguards there are.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.mutation.operations import Change


@dataclass(frozen=True)
class Mutant:
    """
    One safeguard, and the code without it.

    Attributes:
        place: the module, a colon, and the qualified name of what is changed in it.
        safeguard: what is taken away.
        change: how it is taken away there.
        tests: the tests of which at least one must fail, each as pytest is told it: a
            file, or one test of it.
    """

    place: str
    safeguard: str
    change: Change
    tests: tuple[str, ...]

    def __str__(self) -> str:
        """Say where it is and what it takes away."""
        return f"{self.place}: {self.safeguard}"

    @property
    def is_quick(self) -> bool:
        """Whether its tests start no server."""
        return all(test.startswith("tests/unit/") for test in self.tests)
