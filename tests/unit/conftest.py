"""A service that is none, for those who ask one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.status_document import StandIn


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A service that says that all is well, until it is told otherwise."""
    service = StandIn()
    yield service
    service.stop()
