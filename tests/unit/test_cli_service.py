"""`liveconfig status` and `wait`: what they print, and their exit status."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liveconfig.command import cli
from liveconfig.reading.source import Source
from tests.support import status as made
from tests.support.ran import Ran, write
from tests.support.server import free_port
from tests.support.status_document import (
    DIGEST,
    OTHER_DIGEST,
    PROBLEM,
    StandIn,
    document,
    rejected,
    response,
    worker,
)

pytestmark = pytest.mark.usefixtures("directory")

_HERE = f"--schema={__name__}:Shop"
_BEHIND = [worker(21), worker(22, 2)]
_NO_CALLBACKS = worker(21)["callbacks"]


class Shop(msgspec.Struct, frozen=True):
    """A config for tests."""

    message: str


def _digest(capsys: pytest.CaptureFixture[str], path: str) -> str:
    return Ran(capsys, "digest", _HERE, path).out.strip()


def _serving(digest: str) -> dict[str, Any]:
    return document(digest=digest, workers=[worker(21, digest=digest)])


def test_status_of_a_good_pod_is_0(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """All is well: the text on stdout, nothing on stderr."""
    ran = Ran(capsys, "status", "--url", stand_in.url)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"Live: version 3 in both workers\n{DIGEST}\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"workers": _BEHIND},
        {"workers": [worker(21, None)]},
        {"workers": [worker(21, needs_restart=True)]},
        {"workers": [worker(21, stale_since="2026-11-23T07:07:19Z")]},
        {"rejected": rejected()},
        {"withdrawn": made.withdrawn()},
        {"withdrawn": made.withdrawn(digest=DIGEST)},
        {
            "source": {
                "path": "/x",
                "missing": {"problem": "gone", "since": "2026-11-23T07:07:19Z"},
            }
        },
        {"publisher": {**document()["publisher"], "state": "unknown"}},
        {"converged": False},
    ],
)
def test_status_of_a_pod_in_trouble_is_1(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn, changes: dict[str, Any]
) -> None:
    """A script need not read the text to know that an edit is not live."""
    stand_in.documents = [document(**changes)]
    ran = Ran(capsys, "status", "--url", stand_in.url)
    assert (ran.status, ran.err) == (1, "")
    assert DIGEST in ran.out


@pytest.mark.parametrize(
    ("changes", "but"),
    [
        (
            {"workers": [worker(21, callbacks={**_NO_CALLBACKS, "failures": 1})]},
            "callbacks fail in 1 worker",
        ),
        ({"unknown_keys": ["mesage"], "unknown_count": 1}, "1 key unknown"),
        ({"warnings": ["c.yaml:1:1: a: why"]}, "1 value may not be as meant"),
        ({"origin": "cache"}, "it comes from the cache"),
        (
            {"publisher": {**document()["publisher"], "mode": "polling"}},
            "edits are found by polling",
        ),
    ],
)
def test_status_that_asks_for_attention_is_0(
    capsys: pytest.CaptureFixture[str],
    stand_in: StandIn,
    changes: dict[str, Any],
    but: str,
) -> None:
    """It heads the text as it heads the page, and no script takes it for trouble."""
    stand_in.documents = [document(**changes)]
    ran = Ran(capsys, "status", "--url", stand_in.url)
    first, *rest = ran.out.splitlines()
    assert ran.status == 0
    assert first.startswith("Live: version 3 in ")
    assert first.endswith(f", but {but}")
    assert [line[:2] for line in rest[1:2]] == ["- "]


def test_status_without_a_service_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody to ask is one sentence, and no statement about a config."""
    ran = Ran(capsys, "status", f"--url=http://127.0.0.1:{free_port()}")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("liveconfig: http://127.0.0.1:")
    assert ran.err.endswith("/status: connection refused\n")


def test_service_is_found_by_the_settings(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    stand_in: StandIn,
) -> None:
    """In a pod the command needs no arguments, whatever its service is bound to."""
    monkeypatch.setenv("LIVECONFIG_ADMIN_PORT", stand_in.url.rpartition(":")[2])
    for host in ("", "0.0.0.0", "127.0.0.1"):
        monkeypatch.setenv("LIVECONFIG_ADMIN_HOST", host)
        assert Ran(capsys, "status").status == 0
        assert Ran(capsys, "wait", "--digest", DIGEST).status == 0


@pytest.mark.parametrize("form", ["sha256:{}", "{}"])
def test_wait_for_a_digest_that_is_live_is_0(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn, form: str
) -> None:
    """With or without the name of its algorithm, in small letters or capitals."""
    digest = form.format(DIGEST.partition(":")[2].upper())
    ran = Ran(capsys, "wait", "--digest", digest, "--url", stand_in.url)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "live: version 3 in 2 workers\n"


def test_wait_for_a_rejected_config_is_1(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """The place and the problem are what the service has logged."""
    stand_in.documents = [document(), document(rejected=rejected())]
    ran = Ran(capsys, "wait", "--digest", OTHER_DIGEST, "--url", stand_in.url)
    assert (ran.status, ran.out) == (1, "")
    sentence = f"{PROBLEM['path']}:2:7: port: {PROBLEM['problem']}"
    assert ran.err == f"rejected: {sentence}\n"


def test_wait_that_is_not_over_in_time_is_2(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """It says who is behind."""
    stand_in.documents = [document(workers=_BEHIND)]
    arguments = ["--digest", DIGEST, "--timeout=0.1", "--url", stand_in.url]
    ran = Ran(capsys, "wait", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("liveconfig: not live after 0.1 s: ")
    assert ran.err.endswith("behind: worker 22 with version 2\n")


@pytest.mark.parametrize("form", ["{}", "apiVersion: v1\nkind: ConfigMap\ndata:\n{}"])
def test_wait_for_a_file_waits_for_its_digest(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn, form: str
) -> None:
    """A file or a manifest stands for the digest that `liveconfig digest` prints."""
    config = "message: Hello\n"
    inner = f"  c.yaml: |\n    {config}" if "data" in form else config
    path = write("c.yaml", form.format(inner))
    stand_in.documents = [document(), _serving(_digest(capsys, path))]
    ran = Ran(capsys, "wait", _HERE, "--file", path, "--url", stand_in.url)
    assert (ran.status, ran.err) == (0, "")
    assert len(stand_in.requests) == 2


def test_wait_for_a_directory_waits_for_what_it_holds(
    capsys: pytest.CaptureFixture[str], directory: Path, stand_in: StandIn
) -> None:
    """Several files of a directory are one config, and told by their bytes as well."""
    (directory / "d").mkdir()
    write("d/a.yaml", "message: a\n")
    write("d/b.yaml", "message: b\n")
    arguments = ["wait", _HERE, "--file=d", "--timeout=0", "--url", stand_in.url]
    stand_in.documents = [_serving(_digest(capsys, "d"))]
    assert Ran(capsys, *arguments).status == 0
    stand_in.documents = [
        document(rejected=rejected(digest=Source("d", 99).read().digest))
    ]
    arguments[3] = "--timeout=60"
    assert Ran(capsys, *arguments).status == 1


def test_wait_for_a_file_that_the_service_rejected_before_is_1(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """What is good here and bad there is told at once, in a manifest as well."""
    text = "message: Hello\n"
    digest = Source(write("c.yaml", text), 99).read().digest
    write("cm.yaml", f"kind: ConfigMap\napiVersion: v1\ndata:\n  c.yaml: |\n    {text}")
    stand_in.documents = [document(rejected=rejected(digest=digest))]
    for path in ("c.yaml", "cm.yaml"):
        ran = Ran(capsys, "wait", _HERE, "--file", path, "--url", stand_in.url)
        assert ran.status == 1
        assert ran.err.startswith("rejected: /etc/config/config.yaml:2:7: ")


def test_wait_for_a_bad_file_is_1_at_once(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """Nobody is asked about what no pod would serve."""
    for path in (write("c.yaml", "message: [\n"), "none.yaml"):
        ran = Ran(capsys, "wait", _HERE, "--file", path, "--url", stand_in.url)
        assert ran.status == 1
        assert ran.err.startswith(path)
    assert not stand_in.requests


def test_wait_for_several_configs_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """A service serves one, and only its operator knows which."""
    data = "  a.yaml: 'message: a'\n  b.yaml: 'message: b'\n"
    path = write("cm.yaml", f"apiVersion: v1\nkind: ConfigMap\ndata:\n{data}")
    ran = Ran(capsys, "wait", _HERE, "--file", path, "--url", stand_in.url)
    assert ran.status == 2
    assert ran.err == (
        "liveconfig: cm.yaml holds 2 configs and a service serves one: "
        "give --digest the one of cm.yaml: a.yaml, cm.yaml: b.yaml\n"
    )


def test_wait_without_a_schema_says_so(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """Without one the digest is not the service's, and that is told first."""
    path = write("c.yaml", "message: Hello\n")
    ran = Ran(capsys, "wait", "--file", path, "--timeout=0", "--url", stand_in.url)
    assert ran.status == 2
    assert ran.err.startswith("no --schema and no LIVECONFIG_SCHEMA")


def test_trial_is_live_to_status_and_wait(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """Both say for how long it is on trial, and neither takes it for trouble."""
    stand_in.documents = [document(trial=made.trial(digest=DIGEST))]
    ran = Ran(capsys, "status", "--url", stand_in.url)
    headline = "Live: version 3 in both workers, on trial for 12 more seconds\n"
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(headline)
    ran = Ran(capsys, "wait", "--digest", DIGEST, "--url", stand_in.url)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "live: version 3 in 2 workers, on trial for 12 more seconds\n"


def test_wait_for_the_end_of_a_trial_says_so(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """With `--proven` it is not over before the trial is."""
    passed = document(proven=made.proven(digest=DIGEST))
    stand_in.documents = [document(trial=made.trial(digest=DIGEST)), passed]
    arguments = ("--proven", "--digest", DIGEST, "--url", stand_in.url)
    ran = Ran(capsys, "wait", *arguments)
    assert (ran.status, ran.err, len(stand_in.requests)) == (0, "", 2)
    assert ran.out == "live: version 3 in 2 workers, proven\n"


def test_wait_for_what_is_taken_back_is_1(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """The reason with its figures is on stderr."""
    taken_back = made.withdrawn(digest=OTHER_DIGEST)
    stand_in.documents = [document(), document(withdrawn=taken_back)]
    ran = Ran(capsys, "wait", "--digest", OTHER_DIGEST, "--url", stand_in.url)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "withdrawn: version 2: 24 of 24 requests failed, 0 of 1400 before; "
        "version 3 is live\n"
    )


def test_wait_for_a_proven_rejection_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """What is rejected never has a trial."""
    ran = Ran(capsys, "wait", "--rejected", "--proven", "--url", stand_in.url)
    assert (ran.status, ran.out, stand_in.requests) == (2, "", [])
    assert "leave one out" in ran.err


def test_wait_for_a_rejection_is_0_and_shows_it(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """What was waited for is on stdout, and nothing is wrong."""
    stand_in.documents = [document(rejected=rejected())]
    ran = Ran(capsys, "wait", "--rejected", "--url", stand_in.url)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (f"rejected: {PROBLEM['path']}:2:7: port: {PROBLEM['problem']}\n")


@pytest.mark.parametrize(
    ("arguments", "answers", "outcome"),
    [
        ([f"--digest={DIGEST}"], [document()], (0, "live", "")),
        (["--version=3", "--workers=2"], [document()], (0, "live", "")),
        (
            ["--rejected"],
            [document(rejected=rejected())],
            (0, "rejected", "/etc/config/config.yaml:2:7: port: "),
        ),
        (
            ["--version=4"],
            [document(), document(rejected=rejected())],
            (1, "rejected", "/etc/config/config.yaml:2:7: port: "),
        ),
        (
            ["--version=2"],
            [document(withdrawn=made.withdrawn())],
            (1, "withdrawn", "version 2: 24 of 24 requests failed, "),
        ),
        (
            ["--version=4", "--timeout=0"],
            [document()],
            (2, "late", "not live after 0 s: version 3 is the newest"),
        ),
    ],
)
def test_wait_ends_with_one_json_object(
    capsys: pytest.CaptureFixture[str],
    stand_in: StandIn,
    arguments: list[str],
    answers: list[dict[str, Any]],
    outcome: tuple[int, str, str],
) -> None:
    """However it ends, a program reads how, why and from which document."""
    stand_in.documents = answers[:]
    before = datetime.now(timezone.utc)
    ran = Ran(capsys, "wait", "--json", *arguments, "--url", stand_in.url)
    shown = json.loads(ran.out)
    assert (ran.status, shown["outcome"]) == outcome[:2]
    assert shown["reason"].startswith(outcome[2])
    assert bool(shown["reason"]) is bool(outcome[2])
    assert shown["status"] == answers[-1]
    assert before <= datetime.fromisoformat(shown["at"]) <= datetime.now(timezone.utc)
    assert bool(ran.err) is (ran.status != 0)


def test_wait_that_nobody_answered_has_no_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The object is there all the same, with the reason."""
    url = f"http://127.0.0.1:{free_port()}"
    arguments = ["--rejected", "--timeout=0", "--json", "--url", url]
    ran = Ran(capsys, "wait", *arguments)
    shown = json.loads(ran.out)
    assert (ran.status, shown["outcome"], shown["status"]) == (2, "late", None)
    assert shown["reason"].endswith("connection refused")


@pytest.mark.parametrize(
    ("changes", "status", "level", "kinds"),
    [
        ({}, 0, "good", []),
        ({"origin": "cache"}, 0, "attention", ["origin"]),
        ({"workers": _BEHIND, "origin": "cache"}, 1, "trouble", ["behind", "origin"]),
    ],
)
def test_status_as_json_has_the_verdict_and_the_document(
    capsys: pytest.CaptureFixture[str],
    stand_in: StandIn,
    changes: dict[str, Any],
    status: int,
    level: str,
    kinds: list[str],
) -> None:
    """A program sees what a reader sees, and the exit status stays the same."""
    stand_in.documents = [document(**changes)]
    ran = Ran(capsys, "status", "--json", "--url", stand_in.url)
    assert (ran.status, ran.err) == (status, "")
    shown = json.loads(ran.out)
    verdict = shown["verdict"]
    assert (verdict["level"], [f["kind"] for f in verdict["findings"]]) == (
        level,
        kinds,
    )
    assert verdict["headline"].startswith(("Live: version 3", "Version 3 is live in 1"))
    assert shown["status"] == document(**changes)
    datetime.fromisoformat(shown["at"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["wait"],
        ["wait", "--digest", DIGEST, "--file", "c.yaml"],
        ["wait", "--digest", "sha256:abc"],
        ["wait", "--digest", f"md5:{'a' * 32}"],
        ["wait", "--digest", "\u0661" * 64],
        *(
            ["wait", "--digest", DIGEST, "--timeout", seconds]
            for seconds in ("", "x", "-1", "nan", "inf", "1e9", "9" * 400, "\u0661")
        ),
        ["wait", "--rejected", "--version=3"],
        *(["wait", "--version", number] for number in ("0", "x", "-1", "9" * 400)),
        ["wait", "--rejected", "--workers=0"],
        ["wait", "--workers=3"],
        ["status", "--json", "--watch"],
        ["status", "--wacht"],
        ["status", "--schema", "a:B"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """What makes no sense is told before anybody is asked."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize("command", [["status"], ["wait", f"--digest={DIGEST}"]])
def test_wrong_url_is_2(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    """As any other wrong usage, in one sentence."""
    ran = Ran(capsys, *command, "--url=localhost:9090")
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert "it takes http://HOST:PORT" in ran.err


def test_watch_of_somebody_else_is_2(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """What is no such service will not become one."""
    stand_in.says(response(b"", "404 Not Found"))
    ran = Ran(capsys, "status", "--watch", "--url", stand_in.url)
    assert (ran.status, ran.out) == (2, "")
    assert "is this the operators' port" in ran.err
