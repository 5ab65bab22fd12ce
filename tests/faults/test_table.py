"""The table of the faults says what the tests do."""

from __future__ import annotations

from tests.faults.matrix import EVERYDAY, ROWS
from tests.faults.table import PAGE, page


def test_page_is_up_to_date() -> None:
    """The page has exactly the rows; `python -m tests.faults.table` renews it."""
    assert PAGE.read_text() == page()


def test_every_row_has_a_name_of_its_own() -> None:
    """No row hides another, and the everyday ones are rows."""
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert set(names) >= EVERYDAY
