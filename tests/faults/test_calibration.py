"""The rules of the matrix, held against a gunicorn without liveconfig."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.matrix import ROWS, Row
from tests.faults.stage import CLIENTS, Stage

pytestmark = pytest.mark.faults

# Whether a worker that is killed has a request in its hands is a matter of luck.
_TRIES_MAX = 20


def _broken(row: Row) -> int:
    """Return how many connections a plain gunicorn broke, within the rule."""
    with Stage(replace(row.scene, is_plain=True), row.rule) as stage:
        row.steps(stage)
        stage.finish()
    return stage.worst


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name) for row in ROWS if row.is_plain_too]
)
def test_plain_gunicorn_fails_as_much_as_the_rule_allows(row: Row) -> None:
    """
    The same fault under the same load makes a plain gunicorn fail what the rule says,
    and as much of it as the rule allows for one blow.
    """
    allowed = row.rule.broken_max(1, CLIENTS)
    seen: list[int] = []
    while max(seen, default=-1) < allowed:
        assert len(seen) < _TRIES_MAX, (
            f"{allowed} are allowed, a plain one breaks {seen}"
        )
        seen.append(_broken(row))
