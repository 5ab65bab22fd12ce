"""The table of safeguards fits the code that it is about."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation.mutant import Mutant
from tests.mutation.mutants import MUTANTS
from tests.mutation.run import mutated
from tests.support.source_code import PACKAGE, ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.safeguard)
def test_mutant_fits_the_code(mutant: Mutant) -> None:
    """Each safeguard stands in the code once, and without it the code is still code."""
    path = ROOT / "src" / PACKAGE / f"{mutant.module}.py"
    text = path.read_text()
    assert ast.dump(ast.parse(mutated(mutant, text))) != ast.dump(ast.parse(text))


def test_mutants_name_tests_that_are_there() -> None:
    """Every file and every test that a mutant is tried with exists."""
    names = {name for mutant in MUTANTS for name in mutant.tests}
    assert [name for name in names if not _is_there(name)] == []


def _is_there(name: str) -> bool:
    path, _, test = name.partition("::")
    file = Path(ROOT, path)
    function = test.partition("[")[0]
    return file.is_file() and (not test or f"\ndef {function}(" in file.read_text())
