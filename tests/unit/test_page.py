"""The page says what the document says, in its own elements and in text."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveconfig.operators.page import HEADERS, render
from tests.support.status import (
    DIGEST,
    as_status,
    at,
    change,
    error,
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

_CONFIG = {"message": "Hello Grandma", "log_level": None}


class Shown:
    """A page as a tree: it is well-formed, or it could not be made."""

    def __init__(self, config: Any = _CONFIG, **changes: Any) -> None:
        self.html = render(
            as_status(status_document(**changes)), msgspec.json.encode(config)
        ).decode()
        self.tree = ElementTree.fromstring(self.html)

    def all(self, path: str) -> list[ElementTree.Element]:
        """Return the elements of a path below the root."""
        return self.tree.findall(path)

    def texts(self, path: str) -> list[str]:
        """Return the text of each of them."""
        return ["".join(found.itertext()) for found in self.all(path)]

    def text(self, path: str) -> str:
        """Return the text of the only one."""
        (text,) = self.texts(path)
        return text

    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the elements and their attributes' names, without those for unseen."""
        return [
            (found.tag, tuple(found.keys()))
            for found in self.tree.iter()
            if found.get("class") != "unseen"
        ]


def test_page_has_one_headline() -> None:
    """The only h1 is the answer; it is read aloud when it changes, and in the title."""
    shown = Shown()
    assert shown.text(".//h1") == "Live: version 3 in both workers"
    assert [e.text for e in shown.all(".//*[@aria-live]")] == shown.texts(".//h1")
    assert shown.text(".//title") == "✓ Live: version 3 in both workers"


@pytest.mark.parametrize(
    ("changes", "level", "sign"),
    [
        ({}, "good", "✓"),
        ({"origin": "cache"}, "attention", "!"),
        ({"rejected": rejected()}, "trouble", "✕"),
    ],
)
def test_state_is_not_told_by_colour_alone(
    changes: dict[str, Any], level: str, sign: str
) -> None:
    """Each level has its own shape in the page and the tab, and its own title."""
    shown = Shown(**changes)
    (headline,) = shown.all(".//section[@data-level]")
    assert headline.get("data-level") == level
    assert shown.text(".//title").startswith(f"{sign} ")
    (path,) = headline.findall("svg/path")
    (icon,) = shown.all(".//link[@rel='icon']")
    assert path.get("d", "").replace(" ", "%20") in icon.get("href", "")


def test_page_has_its_landmarks() -> None:
    """One header, main and footer; every part is named by its heading."""
    shown = Shown(rejected=rejected(), withdrawn=withdrawn(), trial=trial())
    for landmark in ("header", "main", "footer"):
        assert len(shown.all(f"body/{landmark}")) == 1
    ids = [e.get("id") for e in shown.all(".//*[@id]")]
    assert len(set(ids)) == len(ids)
    for section in shown.all("body/main/section"):
        assert section.get("aria-labelledby") in ids
    assert shown.texts(".//h2") == [
        "Rejected",
        "Taken back",
        "On trial",
        "Version 3",
        "Workers",
        "History",
        "Effective config, secrets masked",
    ]


def test_nothing_is_inline() -> None:
    """No script, style or handler stands in the page, and nothing comes from afar."""
    shown = Shown(rejected=rejected())
    assert not shown.all(".//style")
    assert [(e.get("src"), e.text) for e in shown.all(".//script")] == [
        ("status/page.js", None)
    ]
    names = {name for element in shown.tree.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    for found in shown.all(".//*[@href]"):
        assert found.get("href", "").startswith(("data:image/svg+xml,", "status/", "c"))


def test_policy_allows_the_two_files_and_no_more() -> None:
    """Everything is forbidden that the page does not need, eval and sinks too."""
    policy = dict(
        rule.split(" ", 1) for rule in HEADERS["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert not re.search(r"unsafe|\*|http", HEADERS["Content-Security-Policy"])
    assert {value for name, value in policy.items() if "-src" in name} == {
        "'none'",
        "'self'",
        "data:",
    }


def test_times_are_absolute() -> None:
    """Every time can be read by a person and by a program, without a script."""
    times = Shown(rejected=rejected()).all(".//time")
    assert len(times) > 5
    for time in times:
        (text,) = time.itertext()
        assert time.get("datetime", "").startswith(text[:10])
        assert text.endswith(" UTC")


def test_version_is_told() -> None:
    """Version, digest, since when, who publishes and how, and its last look."""
    text = Shown().text(".//section[@id='version']/dl")
    for part in (DIGEST, at(0)[:10], "running, process 12, inotify"):
        assert part in text
    restarted = {**status_document()["publisher"], "starts": 3, "pid": None}
    again = Shown(publisher=restarted).text(".//section[@id='version']/dl")
    assert "running, inotify, started 3 times" in again


@pytest.mark.parametrize(
    ("delays", "steps"),
    [
        (
            {},
            [
                "Flip2026-11-23 12:00:00.000 UTCthe source changed",
                "Publisher1.9 msuntil it was published",
                "Last worker0.7 msafter that, 2.6 ms in all",
            ],
        ),
        (
            {"publisher_ms": None, "last_worker_ms": 61_500.0},
            [
                "Flip2026-11-23 12:00:00.000 UTCthe source changed",
                "Publisherunknownuntil it was published",
                "Last worker61.5 safter that",
            ],
        ),
        (
            {"last_worker_ms": None, "publisher_ms": 360_000.0},
            [
                "Flip2026-11-23 12:00:00.000 UTCthe source changed",
                "Publisher6 minuntil it was published",
                "Last workerunknownafter that",
            ],
        ),
    ],
)
def test_delay_has_three_parts(delays: dict[str, Any], steps: list[str]) -> None:
    """The flip, the publisher and the last worker each have their share."""
    shown = Shown(delays={**status_document()["delays"], **delays})
    assert shown.texts(".//ol[@class='steps']/li") == steps


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.0, "0 ms"),
        (0.636, "0.64 ms"),
        (1.4, "1.4 ms"),
        (9.96, "10 ms"),
        (99.6, "100 ms"),
        (999.4, "999 ms"),
        (1000.0, "1.0 s"),
        (119_000.0, "119.0 s"),
        (3_600_000.0, "60 min"),
        (1e9, "16,667 min"),
    ],
)
def test_duration_has_two_digits_or_so(milliseconds: float, text: str) -> None:
    """A duration is as exact as anybody needs it, in the unit that fits."""
    shown = Shown(workers=[worker(21, delay_ms=milliseconds)])
    assert shown.text(".//tbody//span[@class='note']") == f"after {text}"


def test_digest_is_short_and_whole() -> None:
    """The first digits are shown, all of them are there to be looked up."""
    whole = f"sha256:{'0123456789abcdef' * 4}"
    (code,) = Shown(workers=[worker(21, digest=whole)]).all(".//tbody//code")
    assert code.text == "0123456789ab"
    assert code.get("title") == whole


@pytest.mark.parametrize(
    ("row", "state", "cells"),
    [
        ({}, "live", ["3", "live", "after 0.7 ms"]),
        ({"delay_ms": None}, "live", ["live", "at its start"]),
        ({"is_behind": True, "version": 2, "digest": None}, "behind", ["2unknown"]),
        ({"needs_restart": True}, "restart", ["live, needs a restart"]),
        (
            {"version": None, "taken_at": None, "digest": None},
            "none",
            ["none", "no config yet"],
        ),
        ({"stale_since": at(9)}, "live", ["cannot read the newest version"]),
        ({"is_dirty": True}, "live", ["dirty worker"]),
        ({"has_other_class": True}, "live", ["has another class than the publisher"]),
        (
            {"callbacks": {"failures": 1, "slow": 2, "running_since": at(9)}},
            "live",
            ["1 callback failed2 callbacks took longa callback is running"],
        ),
    ],
)
def test_worker_has_a_row(row: dict[str, Any], state: str, cells: list[str]) -> None:
    """Its process, version and state, when it took it, and what is wrong with it."""
    shown = Shown(workers=[worker(21, **row)])
    (found,) = shown.all(".//tbody/tr")
    assert found.get("data-key") == "worker 21"
    assert found.get("data-state") == state
    assert shown.text(".//tbody/tr/th") == "21"
    text = "".join(found.itertext())
    for cell in cells:
        assert cell in text


def test_table_is_one_for_everybody() -> None:
    """Caption, scopes and labels make the table as clear to the ear as to the eye."""
    shown = Shown()
    assert shown.text(".//table/caption")
    headings = shown.texts(".//thead/tr/th[@scope='col']")
    assert headings == ["Worker", "Version", "State", "Took it", "Started"]
    for row in shown.all(".//tbody/tr"):
        assert [cell.get("data-label") for cell in row.findall("td")] == headings[1:]
        assert len(row.findall("th[@scope='row']")) == 1


@pytest.mark.parametrize(
    ("line", "column", "mark", "text"),
    [
        (2, 12, "loud", "log_level: loud"),
        (2, 1, "log_level", "log_level: loud"),
        (2, 10, ":", "log_level: loud"),
        (2, 0, "log_level: loud", "log_level: loud"),
        (2, 16, " ", "log_level: loud "),
        (2, 99, " ", "log_level: loud "),
    ],
)
def test_rejected_text_is_marked(line: int, column: int, mark: str, text: str) -> None:
    """The excerpt has its line numbers, and a mark where the error is."""
    excerpt = rejected()["excerpt"]
    excerpt[line - 1]["column"] = column
    problem = error(line=line, column=column)
    shown = Shown(rejected=rejected(error=problem, excerpt=excerpt))
    lines = shown.all(".//ol[@class='excerpt']/li")
    assert [found.get("value") for found in lines] == ["1", "2", "3"]
    assert shown.text(".//ol/li[@class='here']") == text
    assert shown.text(".//mark") == mark


def test_trial_is_shown_with_its_counts() -> None:
    """The headline stays while the seconds go by; the section has them, and figures."""
    shown = Shown(trial=trial(failures=3), proven=proven(version=2))
    assert shown.text(".//h1") == "Live: version 3 in both workers, on trial"
    assert shown.texts(".//section[@id='trial']//dd") == [
        "3, since 2026-11-23 12:00:00 UTC",
        "3 of 1,400",
        "12 seconds, if the code does not fail on it",
        "version 2, which comes back if it fails",
    ]
    first = Shown(trial=trial()).texts(".//section[@id='trial']//dd")
    assert first[-1] == "none, so there is nothing to go back to"
    ago = Shown(trial=trial(), proven=proven(version=0))
    assert "of the service before" in ago.texts(".//section[@id='trial']//dd")[-1]
    assert not Shown(proven=proven()).all(".//section[@id='trial']")


def test_what_was_taken_back_is_shown_with_its_figures() -> None:
    """Whoever wrote it reads why, which it was, and how much failed."""
    shown = Shown(withdrawn=withdrawn(failures=23, share=23 / 24, share_before=0.001))
    assert shown.text(".//h1") == "Version 2 was taken back: version 3 stays live"
    assert shown.text(".//section[@id='withdrawn']/h2") == "Taken back"
    reason, note = shown.texts(".//section[@id='withdrawn']/p")
    assert reason == "24 of 24 requests failed, 0 of 1400 before."
    assert "not tried again before a reload (HUP)" in note
    assert shown.texts(".//section[@id='withdrawn']//dd") == [
        "2, since 2026-11-23 11:59:59 UTC",
        withdrawn()["digest"],
        "23 of 24, 95.8 %; 0.1 % before",
        "0",
    ]
    before = Shown(withdrawn=withdrawn(version=0))
    assert "none of this service" in before.text(".//section[@id='withdrawn']/dl")


def test_what_is_live_for_want_of_another_is_not_said_to_be_gone() -> None:
    """The heading, and the note below, say that it is served all the same."""
    shown = Shown(withdrawn=withdrawn(version=3, digest=DIGEST))
    assert shown.text(".//section[@id='withdrawn']/h2") == "To be taken back"
    *_, note = shown.texts(".//section[@id='withdrawn']/p")
    assert note == "It is served all the same: no config has passed its trial."


def test_worker_that_tries_for_all_is_named() -> None:
    """Two versions side by side are what they are: none of the workers is behind."""
    rows = [worker(21, version=2), worker(22)]
    shown = Shown(workers=rows, trial=trial(mode="canary", worker=22))
    assert "behind" not in shown.text(".//main")
    cells = shown.texts(".//tbody/tr")
    assert ["tries it for all" in text for text in cells] == [False, True]
    assert shown.texts(".//section[@id='trial']//dd")[0] == (
        "3 in worker 22 alone, since 2026-11-23 12:00:00 UTC"
    )


def test_worker_without_counts_is_named_in_a_trial() -> None:
    """What fails in it takes nothing back; at other times it does not matter."""
    rows = [
        worker(21, counts_requests=False),
        worker(22, counts_requests=False, is_dirty=True),
    ]
    note = "its requests are not counted"
    cells = Shown(workers=rows, trial=trial()).texts(".//tbody/tr")
    assert [note in text for text in cells] == [True, False]
    assert note not in Shown(workers=rows).text(".//tbody")


def test_history_shows_how_trials_ended() -> None:
    """Each end of a trial has its figures, and what came back is named as that."""
    reason = withdrawn()["reason"]
    nothing = {"changes": [], "changed_count": 0}
    history = [
        published(kind="proven", reason="accepted without a request", **nothing),
        published(reason=reason, **nothing),
        published(kind="withdrawn", version=2, reason=reason, **nothing),
    ]
    shown = Shown(history=history)
    assert shown.texts(".//h3") == [
        "Version 3 passed its trial",
        "Version 3 published, what has passed its trial",
        "Version 2 was taken back",
    ]
    assert shown.texts(".//ol[@class='timeline']/li/p[2]") == [
        "Accepted without a request.",
        f"{reason}.",
    ]
    assert " ms" not in shown.text(".//ol[@class='timeline']")


def test_rejected_without_a_line_has_no_mark() -> None:
    """Where the whole file is meant, or no text is known, the sentence stands alone."""
    shown = Shown(rejected=rejected(excerpt=[], error=error(line=0, column=0, key="")))
    assert not shown.all(".//ol[@class='excerpt']")
    assert shown.texts(".//section[@id='rejected']/p")[0] == (
        "/etc/config/config.yaml must be one of debug, info, warning, error, critical."
    )


def test_history_shows_what_changed() -> None:
    """Publications and rejections stand in order, with old and new and the reason."""
    shown = Shown(history=[rejection(), published()])
    assert shown.texts(".//h3") == [
        "Version 3 stayed, an edit was rejected",
        "Version 3 published",
    ]
    rejected_entry, published_entry = shown.texts(".//ol[@class='timeline']/li")
    assert "config.yaml:2:12 log_level: must be one of" in rejected_entry
    assert 'messagebefore: "Hello World"now: "Hello Grandma"' in published_entry


def test_history_shows_keys_that_came_and_went() -> None:
    """A new key has no old value, and one that went no new one."""
    changes = [change("came", None, "1"), change("went", "2", None)]
    shown = Shown(history=[published(changes=changes, changed_count=2)])
    entries = shown.texts(".//dl[@class='changes']/div")
    assert entries == ["camenow: 1", "wentbefore: 2"]


def test_history_folds_many_changes() -> None:
    """Three changes are open, more unfold, and those that are not kept are counted."""
    changes = [change(f"key{number}", "0", "1") for number in range(5)]
    shown = Shown(history=[published(changes=changes, changed_count=12)])
    assert len(shown.all(".//ol/li/dl/div")) == 3
    assert len(shown.all(".//ol/li/details/dl/div")) == 2
    assert shown.text(".//ol/li/details/summary") == "9 more changes"
    assert shown.text(".//ol/li/details/p") == "7 are not kept."


def test_history_cuts_long_values() -> None:
    """A page of 32 entries stays light, whatever the values were."""
    changes = [change("k" * 1000, "o" * 1000, "n" * 1000)] * 20
    entries = [published(at=at(number), changes=changes) for number in range(32)]
    assert len(Shown(history=entries).html) < 1_500_000


def test_history_counts_changes_that_are_not_kept() -> None:
    """Where no value is kept of what changed, it is counted."""
    shown = Shown(history=[published(changes=[], changed_count=2)])
    assert shown.texts(".//ol[@class='timeline']/li/p")[1] == "2 changes."
    assert not shown.all(".//ol/li/details")


def test_history_names_restarts_and_origins() -> None:
    """An entry says when it needs a restart, and when it is not from the source."""
    entry = published(origin="cache", restart_keys=["pool.size"], digest="")
    text = Shown(history=[entry]).text(".//ol[@class='timeline']/li")
    assert "from the cache" in text
    assert "needs a restart" in text


def test_unknown_publisher_leaves_gaps() -> None:
    """While the publisher's state cannot be read, what is unknown is called so."""
    nothing = dict.fromkeys(status_document()["delays"])
    publisher = {
        **dict.fromkeys(status_document()["publisher"]),
        "state": "unknown",
        "mode": "inotify",
        "mode_reason": "",
        "starts": 1,
    }
    shown = Shown(
        published_at=None, changed_at=None, delays=nothing, publisher=publisher
    )
    facts = shown.texts(".//section[@id='version']/dl/div/dd")
    assert facts == ["unknown", DIGEST, "unknown, inotify", "unknown"]
    flip = shown.texts(".//ol[@class='steps']/li")[0]
    assert flip == "Flipunknownthe source changed"
    assert len(shown.all(".//tbody/tr")) == 2


def test_empty_history_is_said() -> None:
    """Nothing yet is said, not shown as nothing."""
    assert "Nothing was published" in Shown(history=[]).text(
        ".//section[@id='history']/p"
    )


def test_config_is_shown_as_json() -> None:
    """The effective config is there as JSON that can be copied."""
    assert json.loads(Shown().text(".//pre")) == _CONFIG
    (details,) = Shown().all(".//section[@id='config']/details")
    assert details.get("open") == ""


def test_long_config_is_folded_and_cut() -> None:
    """A page stays light with a config of megabytes, and says where the rest is."""
    shown = Shown({f"key{number}": "x" * 100 for number in range(20_000)})
    (details,) = shown.all(".//section[@id='config']/details")
    assert details.get("open") is None
    assert "Version 3, 20,002 lines" in shown.text(".//details/summary")
    assert "/config" in shown.text(".//section[@id='config']/details/p")
    assert len(shown.html) < 120_000


@given(st.text(min_size=1))
def test_no_text_becomes_markup(text: str) -> None:
    """Whatever a config says, the page has the elements that plain words have."""
    shown = Shown({text: text}, **hostile(text))
    assert shown.skeleton() == Shown({"x": "x"}, **hostile("x")).skeleton()


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</title></textarea></pre></script><svg onload=alert(1)>",
        "\"><img src=x onerror='alert(1)'>",
        "<!--",
        "]]>",
        "&lt;b&gt;&amp;",
        "javascript:alert(1)",
    ],
)
def test_hostile_text_is_shown_as_it_is(text: str) -> None:
    """It stands in the page letter by letter, in each of its places."""
    shown = Shown({"message": text}, **hostile(text))
    for path in (".//header", ".//h1/../ul", ".//section[@id='rejected']", ".//pre"):
        wanted = json.dumps(text, ensure_ascii=False) if path == ".//pre" else text
        assert wanted in shown.text(path)
    (entry,) = shown.all(".//dl[@class='changes']/div")
    assert "".join(entry.itertext()) == f"{text}before: {text}now: {text}"


def test_page_without_a_config_shows_no_version() -> None:
    """While a service waits, nothing on the page is of a config that there is not."""
    shown = Shown(
        None,
        version=0,
        digest="",
        taken_at=None,
        worker={"pid": 21, "version": None, "digest": None, "stale_since": None},
        workers=[worker(21, version=None, digest=None, taken_at=None, delay_ms=None)],
        rejected=rejected(),
        history=[rejection(version=0)],
    )
    assert shown.text(".//h1") == "No config yet: waiting for the first good one"
    assert shown.text(".//section[@id='version']/h2") == "No version yet"
    assert shown.texts(".//section[@id='history']//h3") == ["Rejected, no version yet"]
    assert not shown.all(".//section[@id='config']")
    assert "ersion 0" not in shown.html
