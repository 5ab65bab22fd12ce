"""Every state of the page can be read: on a phone, in the dark, by ear, by keyboard."""

from __future__ import annotations

import json
from typing import Any

import pytest

from liveconfig.operators import templates
from tests.page.conftest import OpenPage
from tests.support.axe import fetched_axe
from tests.support.browser import Page
from tests.support.eventually import eventually
from tests.support.stage import Stage
from tests.support.status import (
    at,
    change,
    hostile,
    proven,
    published,
    rejected,
    rejection,
    status_document,
    trial,
    withdrawn,
    worker,
)

pytestmark = pytest.mark.page

_LONG = "x" * 2000
_HOSTILE = (
    "<script>document.title = pwned = 1</script><img src=x onerror=pwned=1>"
    "</title></textarea></pre><svg onload=pwned=1><a href=javascript:pwned=1>\"'"
    " \u202egnp.exe\u2066 \u00a0 \u200b مرحبا z\u0338\u0321\u0322\u031b"
)

_STATES: dict[str, dict[str, Any]] = {
    "good": status_document(history=[rejection(), published()]),
    "rejected": status_document(rejected=rejected()),
    "on trial": status_document(
        trial=trial(failures=3),
        proven=proven(version=2),
        workers=[worker(21), worker(22, counts_requests=False)],
    ),
    "taken back": status_document(
        withdrawn=withdrawn(),
        history=[
            published(kind="proven", reason="accepted without a request"),
            published(kind="withdrawn", version=2, reason=withdrawn()["reason"]),
        ],
    ),
    "behind": status_document(
        workers=[
            worker(21, version=2, is_behind=True, stale_since=at(9)),
            worker(22, callbacks={"failures": 2, "slow": 1, "running_since": at(9)}),
            worker(23, needs_restart=True),
            worker(24, version=None, digest=None, taken_at=None),
        ]
    ),
    "long": {
        **status_document(**hostile(_LONG)),
        "changed_at": None,
        "history": [published(changes=[change(_LONG, _LONG, _LONG)])],
    },
    "hostile": status_document(**hostile(_HOSTILE)),
}


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core."""
    script = fetched_axe(tmp_path_factory.mktemp("axe"))
    if script is None:
        pytest.skip("axe-core cannot be fetched here (it takes npm and its registry)")
    return script


@pytest.fixture(params=_STATES)
def shown(request: pytest.FixtureRequest, stage: Stage) -> Stage:
    """The page in one of its states."""
    stage.document = _STATES[request.param]
    stage.config = {"message": _HOSTILE, _LONG: _LONG}
    return stage


def test_nothing_is_wider_than_the_screen(open_page: OpenPage, shown: Stage) -> None:
    """No screen needs scrolling to the side, whatever stands in a config."""
    page = open_page(shown.url)
    eventually(lambda: page.run("!!document.querySelector('time[data-ago]')"))
    outside = """
        Array.from(document.querySelectorAll("main *"))
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
            .map((e) => e.outerHTML.slice(0, 99))
    """
    for width in (320, 360, 768, 850, 1024):
        page.show_as(width=width)
        assert page.run("innerWidth") == width
        assert page.run("document.documentElement.scrollWidth") == width
        assert page.run(outside) == []


def test_dark_is_dark(open_page: OpenPage, shown: Stage) -> None:
    """The page follows the reader's wish for a light or a dark screen."""
    for dark in (False, True):
        page = open_page(shown.url, dark=dark)
        colour = page.run("getComputedStyle(document.body).backgroundColor")
        red = int(colour.removeprefix("rgb(").partition(",")[0])
        assert (red < 64) is dark


@pytest.mark.parametrize(
    "media", [{}, {"dark": True}, {"width": 360}], ids=["light", "dark", "phone"]
)
def test_checker_finds_nothing(
    open_page: OpenPage, shown: Stage, axe: str, media: dict[str, Any]
) -> None:
    """axe-core finds no breach of WCAG, contrast included."""
    assert _breaches(open_page(shown.url, **media), axe) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", ["", "nothing/here"])
def test_checker_finds_nothing_around_the_page(
    open_page: OpenPage, stage: Stage, axe: str, path: str, dark: bool
) -> None:
    """The root of the port, and what is not there, can be read as well, and lead on."""
    page = open_page(f"{stage.root}{path}", dark=dark)
    assert _breaches(page, axe) == []
    links = page.run("Array.from(document.links).map((link) => link.href)")
    on = "status" if not path else ""
    assert f"{stage.root}{on}" in links


def _breaches(page: Page, axe: str) -> Any:
    page.run(f"{axe};0")
    found = page.run(
        """axe.run({ resultTypes: ["violations"] }).then((result) => JSON.stringify(
            result.violations.map((v) => [v.id, v.nodes.map((n) => n.html)])))"""
    )
    return json.loads(found)


def test_table_is_a_table_on_a_phone(open_page: OpenPage, stage: Stage) -> None:
    """Who hears the page has rows and headings, also where they are shown as blocks."""
    page = open_page(stage.url, width=360)
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
    assert roles.count("table") == 1
    assert roles.count("row") == 3
    assert roles.count("columnheader") == 5
    assert roles.count("rowheader") == 2


def test_keyboard_reaches_everything(open_page: OpenPage, stage: Stage) -> None:
    """Tab goes to whatever can be opened or followed, and shows where it is."""
    changes = [change(f"key{number}", "0", "1") for number in range(9)]
    stage.document = status_document(history=[published(changes=changes)])
    stage.document["history"][0]["changed_count"] = 9
    page = open_page(stage.url)
    reached = []
    for _ in range(3):
        page.press("Tab")
        assert page.run("getComputedStyle(document.activeElement).outlineStyle") == (
            "solid"
        )
        reached.append(page.run("document.activeElement.innerText"))
    assert reached == ["6 more changes", "Version 3, 3 lines", "/config"]
    page.run("document.querySelector('#history summary').focus()")
    page.press("Enter")
    assert page.run("document.querySelector('#history details').open")


def test_hostile_text_does_nothing(open_page: OpenPage, stage: Stage) -> None:
    """No script, dialog, error or breach of the policy, also when it comes live."""
    page = open_page(stage.url)
    eventually(lambda: page.text("#connection") == "Updating live")
    stage.config = {"message": _HOSTILE, _HOSTILE: 1}
    stage.document = _STATES["hostile"]
    eventually(lambda: "<script>" in page.text("[data-level] li"))
    fresh = open_page(stage.url)
    for each in (page, fresh):
        assert each.run("typeof pwned") == "undefined"
        assert each.look().complaints == []
        assert each.run("document.querySelectorAll('script, img, svg').length") == 2
        assert each.run("document.querySelectorAll('a').length") == 1
        text = each.text("#history ins")
        assert "</title></textarea></pre><svg onload=pwned=1>" in text
        # What would turn or hide the text around it is named, and not there.
        assert "U+202Egnp.exeU+2066" in text
        assert not each.run(
            "/[\\u202e\\u2066\\u00a0\\u200b]/.test(document.body.innerText)"
        )


def test_policy_stops_what_would_get_through(
    open_page: OpenPage, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were escaping forgotten, the markup would be there and still do nothing."""
    monkeypatch.setattr(templates, "escape", str)
    stage.document = _STATES["hostile"]
    page = open_page(stage.url)
    assert page.run("document.querySelectorAll('script').length") > 1
    assert page.run("typeof pwned") == "undefined"
    refused = [text for text in page.look().complaints if "Content Security" in text]
    assert len(refused) > 1


def test_no_script_can_make_markup(open_page: OpenPage, stage: Stage) -> None:
    """Text is refused wherever a script could turn it into HTML or into a script."""
    page = open_page(stage.url)
    for sink in (
        "document.body.innerHTML = '<b>x</b>'",
        "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
        "document.createElement('script').src = 'status/page.js'",
        "trustedTypes.createPolicy('any', {})",
    ):
        tried = f"try {{ {sink}; 'no error' }} catch (error) {{ error.name }}"
        assert page.run(tried) == "TypeError"
