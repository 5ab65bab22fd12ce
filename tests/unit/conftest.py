"""A service that is none, for those who ask one, and a desk for a publisher."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import Desk
from tests.support.status_document import StandIn


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A service that says that all is well, until it is told otherwise."""
    service = StandIn()
    yield service
    service.stop()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk without a source yet."""
    desk = Desk(tmp_path)
    yield desk
    desk.close()
