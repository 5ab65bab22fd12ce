"""
What a safeguard is, and the code without it.

Owns: the type of a row.
Must not know: which safeguards there are.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """
    One safeguard, and the code without it.

    Attributes:
        module: the module of the package.
        safeguard: what is taken away.
        old: text that stands in the module exactly once.
        new: what stands there instead.
        tests: the tests of which at least one must fail, each as pytest is told it: a
            file, or one test of it.
    """

    module: str
    safeguard: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def is_quick(self) -> bool:
        """Whether its tests start no server."""
        return all(test.startswith("tests/unit/") for test in self.tests)
