"""The script keeps the page up to date, and touches nothing else."""

from __future__ import annotations

import pytest

from tests.page.conftest import OpenPage
from tests.support.browser import Browser, Page
from tests.support.eventually import eventually
from tests.support.stage import Stage
from tests.support.status import (
    at,
    change,
    published,
    rejected,
    rejection,
    status_document,
    worker,
)

pytestmark = pytest.mark.page

_LIVE = "Updating live"


def _open(open_page: OpenPage, stage: Stage) -> Page:
    """Open the page and wait until its script has asked once."""
    page = open_page(stage.url)
    eventually(lambda: page.text("#connection") == _LIVE)
    return page


def _many_changes(version: int) -> dict[str, object]:
    changes = [change(f"key{number}", "0", "1") for number in range(9)]
    return published(version=version, at=at(version), changes=changes, changed_count=9)


def test_page_updates_itself(open_page: OpenPage, stage: Stage) -> None:
    """Headline, title, icon and every part change without a reload."""
    page = _open(open_page, stage)
    icon = page.run("document.querySelector('link[rel=icon]').href")
    page.run("window.isTheSame = true")
    stage.document = status_document(rejected=rejected(), history=[rejection()])
    eventually(lambda: "rejected" in page.text("h1"))
    assert page.run("document.title").startswith("✕ The newest edit was rejected")
    assert page.run("document.querySelector('link[rel=icon]').href") != icon
    assert page.text("#rejected mark") == "loud"
    stage.document = status_document()
    eventually(lambda: page.text("h1") == "Live: version 3 in both workers")
    assert page.text("#rejected") == ""
    assert page.run("window.isTheSame")
    assert page.look().complaints == []


def test_page_becomes_what_the_server_would_render(
    open_page: OpenPage, stage: Stage
) -> None:
    """After any change the open page equals a fresh one, element by element."""
    page = _open(open_page, stage)
    for document in (
        status_document(workers=[worker(22), worker(23), worker(21)]),
        status_document(history=[_many_changes(4), rejection(), published()]),
        status_document(workers=[worker(23, is_behind=True)], history=[]),
        status_document(rejected=rejected(excerpt=[]), unknown_count=1),
        status_document(history=[published(), _many_changes(4)]),
        status_document(),
    ):
        stage.document = document
        # What the script and the reader added is left out of the comparison.
        eventually(
            lambda: page.run(
                """(async () => {
                    const answer = await fetch("/status");
                    const text = (await answer.text()).replace(/.*<main>/s, "");
                    const main = document.querySelector("main").cloneNode(true);
                    for (const e of main.querySelectorAll("*")) {
                        for (const name of ["data-ago", "data-moved"]) {
                            e.removeAttribute(name);
                        }
                    }
                    const fresh = text.replace(/<\\/main>.*/s, "");
                    return main.innerHTML === fresh.replaceAll("&#39;", "'")
                        .replaceAll("&#34;", '"');
                })()"""
            )
        )


def test_unchanged_page_costs_empty_answers(open_page: OpenPage, stage: Stage) -> None:
    """While nothing changes the answer is 304, with a few hundred bytes of headers."""
    page = _open(open_page, stage)

    def answers() -> list[tuple[int, int]]:
        return [(a.status, a.bytes) for a in page.look().loaded if a.url == stage.url]

    eventually(lambda: len(answers()) >= 5)
    # The page itself, then once for the script, which cannot see the page's ETag.
    statuses = [status for status, _ in answers()]
    assert statuses[:2] == [200, 200]
    assert set(statuses[2:]) == {304}
    assert max(size for _, size in answers()[2:]) < 1000


def test_reader_is_not_disturbed(open_page: OpenPage, stage: Stage) -> None:
    """Focus, what was unfolded, the selection and the scroll position stay."""
    stage.document = status_document(history=[_many_changes(3), published()])
    page = _open(open_page, stage)
    page.run(
        """
        document.querySelector("#history details").open = true;
        document.querySelector("#history summary").focus();
        getSelection().selectAllChildren(document.querySelector("#history dt"));
        document.querySelector("#history summary").scrollIntoView();
        window.top0 = document.activeElement.getBoundingClientRect().top;
        """
    )
    assert page.run("scrollY") > 100
    stage.document = status_document(
        version=4,
        workers=[worker(22, version=4), worker(23, version=4), worker(21)],
        history=[_many_changes(4), _many_changes(3), published()],
    )
    eventually(lambda: page.text("#history h3") == "Version 4 published")
    second = "document.querySelectorAll('#history details')[1]"
    assert page.run(f"{second}.open")
    assert page.run(f"document.activeElement === {second}.firstChild")
    assert page.run("getSelection().toString()") == "key0"
    # Anchored in the next frame.
    assert (
        page.run(
            """new Promise(requestAnimationFrame).then(() => Math.abs(
            document.activeElement.getBoundingClientRect().top - top0))"""
        )
        < 2
    )


def test_worker_moves_when_it_converges(open_page: OpenPage, stage: Stage) -> None:
    """The bead of a row slides back when it is behind, and travels when it arrives."""
    page = _open(open_page, stage)
    row = "document.querySelector('[data-key=\"worker 22\"]')"
    page.run(
        f"""
        window.row = {row};
        window.began = [];
        for (const event of ["animationstart", "transitionrun"]) {{
            row.addEventListener(event, (e) =>
                began.push(e.animationName ?? e.propertyName));
        }}
        """
    )
    behind = [worker(21, version=4), worker(22, is_behind=True)]
    stage.document = status_document(version=4, workers=behind)
    eventually(lambda: "transform" in page.run("began"))
    assert page.run("row.dataset.state") == "behind"
    assert not page.run("'moved' in row.dataset")
    arrived = [worker(pid, version=4) for pid in (21, 22)]
    stage.document = status_document(version=4, workers=arrived)
    eventually(lambda: {"arrive", "glow"} <= set(page.run("began")))
    assert page.run("row.dataset.state") == "live"
    assert page.run(f"row === {row}")
    # It can move again the next time.
    eventually(lambda: not page.run("document.querySelector('[data-moved]')"))


def test_nothing_moves_for_who_wants_no_motion(
    open_page: OpenPage, stage: Stage
) -> None:
    """With reduced motion asked for, no animation and no transition runs."""
    late = worker(22, version=2, is_behind=True)
    stage.document = status_document(workers=[worker(21), late])
    page = open_page(stage.url, reduced_motion=True)
    eventually(lambda: page.text("#connection") == _LIVE)
    stage.document = status_document()
    eventually(lambda: "both" in page.text("h1"))
    assert page.run("document.getAnimations().length") == 0


def test_workers_come_and_go(open_page: OpenPage, stage: Stage) -> None:
    """A new worker gets a row, one that died loses it, the others are not touched."""
    page = _open(open_page, stage)
    rows = "Array.from(document.querySelectorAll('tbody th'), (th) => th.innerText)"
    page.run(
        """
        window.added = [];
        new MutationObserver((changes) => added.push(...changes.flatMap(
            (change) => Array.from(change.addedNodes, (row) => row.dataset.key)
        ))).observe(document.querySelector("tbody"), { childList: true });
        """
    )
    stage.document = status_document(workers=[worker(20), worker(22), worker(23)])
    eventually(lambda: page.run(rows) == ["20", "22", "23"])
    assert page.run("added") == ["worker 20", "worker 23"]


def test_lost_service_is_seen_and_found_again(
    open_page: OpenPage, stage: Stage
) -> None:
    """Without an answer the page says so and since when, and recovers by itself."""
    page = _open(open_page, stage)
    stage.fall_silent()
    eventually(lambda: "does not answer. Last seen 20" in page.text("#connection"))
    assert page.run("document.title").startswith("? The service does not answer")
    assert page.run("getComputedStyle(document.querySelector('main')).opacity") < "1"
    stage.speak()
    eventually(lambda: page.text("#connection") == _LIVE)
    assert page.run("document.title").startswith("✓ Live: version 3")
    assert not page.run("'lost' in document.documentElement.dataset")


def test_error_is_not_taken_for_a_page(open_page: OpenPage, stage: Stage) -> None:
    """Whatever an answer with an error says, the page stays and names the status."""
    page = _open(open_page, stage)
    stage.document = status_document(version=9)
    stage.status = "503 Service Unavailable"
    eventually(lambda: "The service answers 503" in page.text("#connection"))
    assert page.text("h1") == "Live: version 3 in both workers"
    stage.status = "200 OK"
    eventually(lambda: page.text("h1") == "Live: version 9 in both workers")


_COUNT_QUESTIONS = """
    window.asked = 0;
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function () { asked++; send.call(this); };
"""


def test_hidden_page_asks_nothing(
    browser: Browser, open_page: OpenPage, stage: Stage
) -> None:
    """A page that nobody sees does not ask, and does at once when it is seen again."""
    page = _open(open_page, stage)
    page.run(_COUNT_QUESTIONS)
    hide = """
        Object.defineProperty(document, "hidden", { value: %s, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    """
    page.run(hide % "true")
    stage.document = status_document(version=4)
    # Longer than the time between two questions.
    page.run("new Promise((done) => setTimeout(done, 2500))")
    assert page.run("asked") == 0
    # Not by a timer: the question is there before the event is over.
    assert page.run(f"{hide % 'false'}; asked") == 1
    eventually(lambda: "version 4" in page.text("h1"))


def test_times_are_told_from_now(open_page: OpenPage, stage: Stage) -> None:
    """Each time says how long ago it was, by the clock of the service."""
    page = _open(open_page, stage)
    ago = "Array.from(document.querySelectorAll('time'), (time) => time.dataset.ago)"
    found = eventually(lambda: all(told := page.run(ago)) and told)
    assert all(text.endswith(" ago") for text in found)


def test_page_works_without_its_script(open_page: OpenPage, stage: Stage) -> None:
    """Without JavaScript everything is there, and the reader is told to reload."""
    stage.document = status_document(rejected=rejected())
    page = open_page(stage.url, script=False)
    assert page.text("h1") == "The newest edit was rejected: version 3 stays live"
    assert page.text("mark") == "loud"
    assert "Reload" in page.text("#connection")
    assert page.look().complaints == []
