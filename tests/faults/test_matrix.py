"""Every row of the fault matrix ends with the same three checks."""

from __future__ import annotations

import pytest

from tests.faults.matrix import EVERYDAY, ROWS, Row
from tests.faults.stage import Stage


def _parameter(row: Row) -> object:
    marks = [] if row.name in EVERYDAY else [pytest.mark.faults]
    return pytest.param(row, id=row.name, marks=marks)


@pytest.mark.parametrize("row", [_parameter(row) for row in ROWS])
def test_fault_is_survived(row: Row) -> None:
    """
    After the fault every worker serves the newest config, no request failed that a
    plain gunicorn would not have failed, and nothing is left over.
    """
    if not row.scene.is_to_be_had():
        pytest.skip("this user may not set the scene on this machine")
    with Stage(row.scene, row.rule) as stage:
        row.steps(stage)
        stage.finish()
