"""A bad file changes nothing but the log and the status, and the next good one does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume


class Rejecting:
    """One server for all rejections, and how many good configs it has seen."""

    def __init__(self, directory: Path) -> None:
        self.volume = ConfigMapVolume(
            directory / "volume", {"config.yaml": "message: good 1\n"}
        )
        self.path = self.volume.path("config.yaml")
        self.server = Server(self.path, directory, environ=_LIMITS).wait_until_ready()
        self.good = 1

    def flip(self, content: str | bytes) -> None:
        """Give it another config."""
        self.volume.flip({"config.yaml": content})

    def flip_to_the_next_good_one(self) -> None:
        """Give it a good config; wait until it is served and all is logged."""
        self.good += 1
        live = len(self._publications())
        self.flip(f"message: good {self.good}\n")
        self.server.wait_until_all_serve(f"good {self.good}")
        # The log comes through the master, and so after the answers.
        eventually(lambda: len(self._publications()) > live)

    def _publications(self) -> list[str]:
        return self.server.lines(r"version \d+ is live")


_LIMITS = {"LIVECONFIG_PAYLOAD_BYTES_MAX": "100000"}

_BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.fixture(scope="module")
def rejecting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rejecting]:
    """A server that serves a good config."""
    rejecting = Rejecting(tmp_path_factory.mktemp("rejecting"))
    yield rejecting
    rejecting.server.stop()


@pytest.mark.parametrize(
    ("content", "line", "key", "problem"),
    [
        ("message: [\n", 1, "message[0]", "not valid YAML"),
        (b"message: \xff\n", 1, "", "not UTF-8"),
        ("message: a\nmessage: b\n", 2, "message", "this key is here twice"),
        ("message: !x a\n", 1, "message", "a tag"),
        ("message: !!python/none a\n", 1, "message", "a tag"),
        ("message: a\n---\nmessage: b\n", 2, "", "a second document"),
        ("", 0, "", "the file is empty"),
        ("# nothing\n", 0, "", "the file is empty"),
        ("- message\n", 1, "", "expected keys with values at the top"),
        ("1: a\n", 1, "", "a key is a number"),
        ("message: &a [*a]\n", 1, "message[0]", "inside what it names"),
        (_BOMB, None, None, "all aliases expanded"),
        ("a: " + "[" * 70 + "]" * 70 + "\n", 1, None, "nested deeper than 64"),
        ("message: a\nx: [" + "1," * 40_000 + "]\n" * 20_000, 0, "", "the limit is"),
        ("message: .nan\n", 1, "message", "not a finite number"),
        ("message: a\nlog_level: .inf\n", 2, "log_level", "not a finite number"),
        ("message: 2026-11-23\n", 1, "message", "put it in quotes"),
        ("message: 12\n", 1, "message", "expected text"),
        ("log_level: info\n", 1, "message", "this required key is missing"),
        ("message: a\nlog_level: loud\n", 2, "log_level", "must be one of"),
    ],
)
def test_bad_file_changes_nothing(
    rejecting: Rejecting,
    content: str | bytes,
    line: int | None,
    key: str | None,
    problem: str,
) -> None:
    """The last good is served, one line says why, the status names it meanwhile."""
    server = rejecting.server
    before = server.status()
    logged = len(server.lines("rejected, version"))
    rejecting.flip(content)
    status = eventually(lambda: (s := server.status())["rejected"] and s)
    error = status["rejected"]["error"]
    assert problem in error["problem"]
    assert error["path"] == str(rejecting.path)
    assert line is None or error["line"] == line
    assert key is None or error["key"] == key
    assert (status["version"], status["digest"]) == (
        before["version"],
        before["digest"],
    )
    for each in server.status_of_each_worker().values():
        assert each["digest"] == before["digest"]
    assert server.get().text == f"good {rejecting.good}"
    rejecting.flip_to_the_next_good_one()
    eventually(lambda: server.status()["rejected"] is None)
    assert server.status()["version"] == before["version"] + 1
    lines = server.lines("rejected, version")[logged:]
    assert len(lines) == 1
    assert problem in lines[0]
    assert "Traceback" not in server.log


def test_rejected_content_is_tried_once(rejecting: Rejecting) -> None:
    """The same bad bytes again are counted, neither parsed nor logged again."""
    server = rejecting.server
    rejecting.flip("message: [again\n")
    first = eventually(lambda: server.status()["rejected"])
    assert first["tries"] == 1
    rejecting.flip("message: [again\n")
    again = eventually(lambda: (r := server.status()["rejected"])["tries"] == 2 and r)
    assert again["since"] == first["since"]
    assert again["digest"] == first["digest"]
    rejecting.flip_to_the_next_good_one()
    assert len(server.lines(r"rejected.*message\[1\]")) == 1


def test_going_back_to_the_served_config_ends_the_rejection(
    rejecting: Rejecting,
) -> None:
    """A rollback of a bad edit is no new version, and the status is clean again."""
    server = rejecting.server
    version = server.status()["version"]
    rejecting.flip("message: {rolled back\n")
    eventually(lambda: server.status()["rejected"])
    rejecting.flip(f"message: good {rejecting.good}\n")
    eventually(lambda: server.status()["rejected"] is None)
    assert server.status()["version"] == version
    server.wait_for_line(f"the source is good again, version {version} stays")


def test_unknown_key_is_accepted_and_named(rejecting: Rejecting) -> None:
    """A key the schema does not know is a warning in log and status, and no more."""
    server = rejecting.server
    rejecting.flip("message: with more\nmesage: x\n")
    server.wait_until_all_serve("with more")
    assert server.status()["unknown_keys"] == ["mesage"]
    server.wait_for_line("the schema does not know mesage; check the spelling")
    rejecting.flip_to_the_next_good_one()
    assert server.status()["unknown_keys"] == []


def test_config_text_never_reaches_the_log(rejecting: Rejecting) -> None:
    """Whatever was served or rejected, the log has keys and places, not values."""
    rejecting.flip("message: hunter2\n")
    rejecting.server.wait_until_all_serve("hunter2")
    rejecting.flip("message: hunter3\nlog_level: hunter4\n")
    eventually(lambda: rejecting.server.status()["rejected"])
    rejecting.flip_to_the_next_good_one()
    assert "hunter" not in rejecting.server.log
