"""The page of the real service: an edit is seen to arrive, or why it does not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from liveconfig.reference.config import FAILING_MESSAGE
from tests.page.conftest import OpenPage
from tests.support.browser import Page
from tests.support.children import stop
from tests.support.eventually import eventually
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

pytestmark = pytest.mark.page

_HOSTILE = (
    "</script></textarea></title><script>pwned=1</script>"
    "<img src=x onerror=pwned=1><svg/onload=pwned=1> javascript:pwned=1 '\\\"\\u202E"
)
_VERSIONS = """
    Array.from(document.querySelectorAll("tbody tr"), (row) => row.dataset.version)
"""


class Watched:
    """A service with three workers, and a page that watches it."""

    def __init__(
        self, directory: Path, open_page: OpenPage, environ: Mapping[str, str]
    ) -> None:
        self.volume = ConfigMapVolume(directory / "volume", {"config.yaml": ""})
        self.edit("message: one\n")
        path = self.volume.path("config.yaml")
        self.server = Server(path, directory, workers=3, environ=environ)
        self.server.wait_until_ready()
        self.url = f"http://127.0.0.1:{self.server.admin_port}/status"
        self.open_page = open_page
        self.page = open_page(self.url)

    def edit(self, config: str) -> None:
        """Give the service another config."""
        self.volume.flip({"config.yaml": config})

    def wait_for_headline(self, headline: str, page: Page | None = None) -> None:
        """Wait until the page is headed so."""
        eventually(lambda: (page or self.page).text("h1") == headline)

    def row(self, pid: int) -> str:
        """Return the row of a worker, as a script finds it."""
        return f"document.querySelector('[data-key=\"worker {pid}\"]')"


@pytest.fixture
def watched(tmp_path: Path, open_page: OpenPage) -> Iterator[Watched]:
    """A watched service that tries nothing, ended whatever happens."""
    watched = Watched(tmp_path, open_page, {"LIVECONFIG_TRIAL": "off"})
    watched.wait_for_headline("Live: version 1 in all 3 workers")
    yield watched
    watched.server.stop()


@pytest.fixture
def trying(tmp_path: Path, open_page: OpenPage) -> Iterator[Watched]:
    """A watched service whose first config is on trial, for as long as a test takes."""
    trying = Watched(tmp_path, open_page, {"LIVECONFIG_TRIAL_SECONDS": "600"})
    trying.wait_for_headline("Live: version 1 in all 3 workers, on trial")
    yield trying
    trying.server.stop()


def test_convergence_is_seen(watched: Watched) -> None:
    """An edit appears in every row, the history and the config, without a reload."""
    page = watched.page
    page.run("window.isTheSame = true")
    watched.edit("message: two\n")
    watched.wait_for_headline("Live: version 2 in all 3 workers")
    assert page.run(_VERSIONS) == ["2", "2", "2"]
    assert page.text("#history h3") == "Version 2 published"
    assert '"message": "two"' in page.text("#config pre")
    assert page.run("isTheSame")
    assert page.look().complaints == []


def test_worker_that_is_behind_is_seen(watched: Watched) -> None:
    """A worker that stands still is named, and its row moves when it goes on."""
    page = watched.page
    pid = min(watched.server.worker_pids)
    stop(pid)
    try:
        watched.edit("message: two\n")
        watched.wait_for_headline("Version 2 is live in 2 of 3 workers, 1 behind")
        assert f"worker {pid}" in page.text("[data-level] li")
        assert page.run(f"{watched.row(pid)}.dataset.state") == "behind"
        assert sorted(page.run(_VERSIONS)) == ["1", "2", "2"]
        page.run(
            f"""
            window.began = [];
            {watched.row(pid)}.addEventListener(
                "animationstart", (event) => began.push(event.animationName));
            """
        )
    finally:
        os.kill(pid, signal.SIGCONT)
    watched.wait_for_headline("Live: version 2 in all 3 workers")
    assert page.run(_VERSIONS) == ["2", "2", "2"]
    eventually(lambda: {"arrive", "glow"} <= set(page.run("began")))


def test_rejection_is_seen(watched: Watched) -> None:
    """A bad edit shows what is wrong and where, and goes with the next good one."""
    page = watched.page
    watched.edit("message: two\nlog_level: loud\n")
    watched.wait_for_headline("The newest edit was rejected: version 1 stays live")
    assert "config.yaml:2:1 log_level: must be one of" in page.text("#rejected p")
    assert page.text("#rejected .here") == "log_level: loud"
    assert page.text("#rejected mark") == "log_level"
    assert page.run(_VERSIONS) == ["1", "1", "1"]
    watched.edit("message: two\n")
    watched.wait_for_headline("Live: version 2 in all 3 workers")
    assert page.text("#rejected") == ""
    assert page.text("#history li:nth-child(2) h3").endswith("an edit was rejected")
    assert page.look().complaints == []


def test_trial_is_seen(trying: Watched) -> None:
    """Its seconds and requests go by; the headline, which is read aloud, stays."""
    page = trying.page
    seconds = "#trial div:nth-child(3) dd"
    page.run(
        """
        window.said = 0;
        new MutationObserver(() => said++).observe(
            document.querySelector("h1"),
            { subtree: true, childList: true, characterData: true });
        """
    )
    before = page.text(seconds)
    assert trying.server.get("/").status == 200
    eventually(lambda: page.text("#trial div:nth-child(2) dd") == "0 of 1")
    eventually(lambda: page.text(seconds) != before)
    assert page.run("said") == 0
    assert "nothing to go back to" in page.text("#trial div:nth-child(4) dd")
    trying.edit("message: two\n")
    trying.wait_for_headline("Live: version 2 in all 3 workers, on trial")
    eventually(lambda: page.text("#trial div:nth-child(2) dd") == "0 of 0")
    assert page.look().complaints == []


def test_config_that_hurts_is_seen_to_go(tmp_path: Path, open_page: OpenPage) -> None:
    """Its figures and its reason are there while the source holds it, and then not."""
    watched = Watched(tmp_path, open_page, {"LIVECONFIG_TRIAL_SECONDS": "10"})
    try:
        watched.wait_for_headline("Live: version 1 in all 3 workers")
        page = watched.page
        assert page.text("#history h3") == "Version 1 passed its trial"
        watched.edit(f"message: {FAILING_MESSAGE}\n")

        def is_taken_back() -> bool:
            for _ in range(20):
                watched.server.get("/")
            return "taken back" in page.text("h1")

        eventually(is_taken_back)
        watched.wait_for_headline("Version 2 was taken back: version 3 stays live")
        assert "requests failed" in page.text("#withdrawn p")
        assert page.text("#history [data-kind=withdrawn] h3") == (
            "Version 2 was taken back"
        )
        assert page.run(_VERSIONS) == ["3", "3", "3"]
        watched.edit("message: two\n")
        watched.wait_for_headline("Live: version 4 in all 3 workers")
        assert page.text("#withdrawn") == ""
        assert page.look().complaints == []
    finally:
        watched.server.stop()


def test_change_is_seen_with_old_and_new(watched: Watched) -> None:
    """The history says of each key what it was and what it is."""
    watched.edit("message: two\n")
    watched.wait_for_headline("Live: version 2 in all 3 workers")
    assert watched.page.text("#history .changes dt") == "message"
    assert watched.page.text("#history del code") == '"one"'
    assert watched.page.text("#history ins code") == '"two"'


def test_hostile_config_does_nothing(watched: Watched) -> None:
    """Values, unknown keys, rejected keys: all are shown, and none is executed."""
    watched.edit(f'message: "{_HOSTILE}"\n"{_HOSTILE}": 1\n')
    watched.wait_for_headline("Live: version 2 in all 3 workers, but 1 key unknown")
    watched.edit(f'message: "{_HOSTILE}"\n"{_HOSTILE}": [\n')
    watched.wait_for_headline("The newest edit was rejected: version 2 stays live")
    fresh = watched.open_page(watched.url)
    for page in (watched.page, fresh):
        assert "<img src=x onerror=pwned=1>" in page.text("#config pre")
        assert "<script>pwned" in page.text("#rejected p")
        assert page.run("typeof pwned") == "undefined"
        assert page.run("document.querySelectorAll('script, img, svg').length") == 2
        assert not page.run("document.body.innerText.includes('\\u202E')")
        assert page.look().complaints == []


def test_publisher_that_died_is_seen(watched: Watched) -> None:
    """That the publisher was started again can be seen, and that all is well."""
    publisher = watched.server.publisher
    assert publisher is not None
    publisher.kill()
    eventually(lambda: "started 2 times" in watched.page.text("#version dl"))
    watched.edit("message: two\n")
    watched.wait_for_headline("Live: version 2 in all 3 workers")


def test_page_of_a_quiet_service_costs_nothing(watched: Watched) -> None:
    """While nothing changes, whichever worker answers, the answer is an empty 304."""
    page = watched.page

    def statuses() -> list[int]:
        return [each.status for each in page.look().loaded if each.url == watched.url]

    before = len(statuses())
    eventually(lambda: len(statuses()) >= before + 5)
    assert set(statuses()[before + 1 :]) == {304}
    assert page.loaded[-1].bytes < 1000


def test_service_that_ended_is_seen(watched: Watched) -> None:
    """A page whose service is gone does not go on saying that all is well."""
    watched.server.stop()
    eventually(lambda: "does not answer" in watched.page.text("#connection"))
    assert watched.page.run("document.title").startswith("? ")


def test_page_without_its_script_is_whole(watched: Watched) -> None:
    """Without JavaScript a reload shows what is so now."""
    page = watched.open_page(watched.url, script=False)
    assert page.text("h1") == "Live: version 1 in all 3 workers"
    watched.edit("message: two\n")
    watched.wait_for_headline("Live: version 2 in all 3 workers")
    assert page.text("h1") == "Live: version 1 in all 3 workers"
    page.go(watched.url)
    assert page.text("h1") == "Live: version 2 in all 3 workers"
    assert page.look().complaints == []
