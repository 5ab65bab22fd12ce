"""The table of safeguards fits the code that it is about, and finds it by its names."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation.mutant import Mutant
from tests.mutation.mutants import MUTANTS
from tests.mutation.operations import (
    Always,
    Argument,
    Change,
    Drop,
    Instead,
    Never,
    Only,
    Swap,
    Text,
    Value,
    Without,
    changed,
)
from tests.support.source_code import PACKAGE, ROOT

_CODE = """\
LIMIT = 3


class Door:
    def open(self, key):
        if key.is_old and not self.wants(key):
            raise ValueError("no key for a door")
        self.note(key)
        self.turn(key, slowly=True)
        return self.hand or (shown(key) if LIMIT else None)
"""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.safeguard)
def test_mutant_fits_the_code(mutant: Mutant) -> None:
    """Each change finds its place, and what comes of it is other code."""
    path, text = changed(ROOT / "src" / PACKAGE, mutant.place, mutant.change)
    assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(path.read_text()))


def test_mutants_name_tests_that_are_there() -> None:
    """Every file and every test that a mutant is tried with exists."""
    names = {name for mutant in MUTANTS for name in mutant.tests}
    assert [name for name in names if not _is_there(name)] == []


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (Drop("note"), "        self.note(key)\n", "        pass\n"),
        (Instead("note", "a(); b()"), "self.note(key)\n", "a()\n        b()\n"),
        (Never("is_old"), "key.is_old and not self.wants(key)", "False"),
        (Always("is_old"), "key.is_old and not self.wants(key)", "True"),
        (Never("LIMIT"), "if LIMIT else", "if False else"),
        (Without("wants"), " and not self.wants(key)", ""),
        (Without("slowly"), ", slowly=True", ""),
        (Without("hand"), "self.hand or ", ""),
        (Only("hand"), " or (shown(key) if LIMIT else None)", ""),
        (Only("shown"), "(shown(key) if LIMIT else None)", "shown(key)"),
        (Value("slowly", "False"), "slowly=True", "slowly=False"),
        (Argument("turn", 0, "None"), "turn(key", "turn(None"),
        (Swap("self . hand", "1"), "self.hand", "1"),
        (Swap("key", "None", nth=2), "self.wants(key)", "self.wants(None)"),
        (Text("a door", "us"), "a door", "us"),
    ],
    ids=repr,
)
def test_change_is_made_where_the_names_are(
    tmp_path: Path, change: Change, old: str, new: str
) -> None:
    """Each kind of change finds its one place in the function, and nothing else."""
    (tmp_path / "house.py").write_text(_CODE)
    _, text = changed(tmp_path, "house:Door.open", change)
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(_CODE.replace(old, new)))


def test_constant_is_a_place(tmp_path: Path) -> None:
    """What is not in a function is found by the name that it is assigned to."""
    (tmp_path / "house.py").write_text(_CODE)
    _, text = changed(tmp_path, "house:LIMIT", Value("LIMIT", "4"))
    assert text.startswith("LIMIT = 4\n")


def test_module_that_is_renamed_is_found(tmp_path: Path) -> None:
    """A qualified name that only one module has is found wherever that is."""
    (tmp_path / "rooms").mkdir()
    (tmp_path / "rooms" / "doors.py").write_text(_CODE)
    path, _ = changed(tmp_path, "house:Door.open", Drop("note"))
    assert path == tmp_path / "rooms" / "doors.py"


@pytest.mark.parametrize(
    ("place", "change", "problem"),
    [
        ("house:Door.shut", Drop("note"), "house:Door.shut is in 0 modules"),
        ("other:Door.open", Drop("note"), "other:Door.open is in 2 modules"),
        ("house:Door.open", Drop("wake"), "means 0 places"),
        ("house:Door.open", Drop("key"), "means 4 places"),
        ("house:Door.open", Drop("key", nth=5), "means 4 places"),
    ],
)
def test_name_that_is_not_one_thing_is_an_error(
    tmp_path: Path, place: str, change: Change, problem: str
) -> None:
    """A table that says no longer which place it means is not guessed at."""
    (tmp_path / "house.py").write_text(_CODE)
    (tmp_path / "copy.py").write_text(_CODE)
    with pytest.raises(ValueError, match=problem):
        changed(tmp_path, place, change)


def _is_there(name: str) -> bool:
    path, _, test = name.partition("::")
    file = Path(ROOT, path)
    function = test.partition("[")[0]
    return file.is_file() and (not test or f"\ndef {function}(" in file.read_text())
