"""One browser for all tests, and what its pages show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.browser import PROGRAM, Browser, Page
from tests.support.stage import Stage

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium without a window."""
    if PROGRAM is None:
        pytest.skip("there is no Chromium here (on Debian: apt install chromium)")
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """A function that opens a URL in a new page."""
    pages: list[Page] = []

    def open_(url: str, **options: Any) -> Page:
        pages.append(browser.open(url, **options))
        return pages[-1]

    yield open_
    for page in pages:
        page.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The page of a healthy service, as if."""
    stage = Stage()
    yield stage
    stage.fall_silent()
