"""`liveconfig check --against`: what the publisher would refuse of a change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liveconfig.reading.document import Limits, parse
from liveconfig.schema.schema import Schema, Secret
from tests.support.ran import Ran, write
from tests.support.server import free_port
from tests.support.status_document import StandIn, document, entry, response

pytestmark = pytest.mark.usefixtures("directory")

_HERE = f"--schema={__name__}:Shop"


class Shop(msgspec.Struct, frozen=True):
    """A config for tests."""

    message: str
    key: Secret = Secret("none")
    routes: Mapping[str, int] = {}


def _shop(routes: int, message: str = "one", key: str = "hunter2") -> str:
    lines = "".join(f"  r{number}: 1\n" for number in range(routes))
    return f"message: '{message}'\nkey: {key}\nroutes:\n{lines or '  {}'}"


def _manifest(kind: str, **files: str) -> str:
    field = "data" if kind == "ConfigMap" else "stringData"
    data = {name.replace("_", "."): text for name, text in files.items()}
    metadata = {"name": "shop"}
    return json.dumps(
        {"apiVersion": "v1", "kind": kind, "metadata": metadata, field: data}
    )


class Service:
    """A service that serves one config of the shop."""

    def __init__(self, stand_in: StandIn, text: str, *before: str) -> None:
        self.schema = Schema(Shop)
        self.served = self._packed(text).config
        digests = [self._packed(each).digest for each in (text, *before)]
        self.status = document(history=[entry(digest=each) for each in digests])
        stand_in.answer = self.answer

    def _packed(self, text: str) -> Any:
        return self.schema.pack(
            self.schema.validate(parse(text.encode(), "c.yaml", Limits()) or {})
        )

    def answer(self, request: str) -> Iterable[bytes]:
        path = request.split()[1]
        shown = self.schema.masked(self.served)
        body = self.status if path == "/status" else {**shown, "later": {"a": 1}}
        return [response(json.dumps(body).encode())]


def test_change_within_the_limits_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    """It is one line on stdout as ever, and status 0."""
    old, new = write("old.yaml", _shop(10)), write("new.yaml", _shop(14))
    ran = Ran(capsys, "check", _HERE, new, "--against", old)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("new.yaml: ok, sha256:")


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        (_shop(30), "3:1: routes", "has 67 keys and values, old.yaml has 27, and"),
        (_shop(1), "3:1: routes", "9 of the 13 keys and list items of old.yaml are"),
        (_shop(10, " "), "1:1: message", "this is blank and was not in old.yaml"),
        (_shop(10, "x" * 99), "1:1: message", "bytes, old.yaml has"),
    ],
)
def test_change_that_goes_too_far_is_bad(
    capsys: pytest.CaptureFixture[str], text: str, place: str, sentence: str
) -> None:
    """One sentence names file, line, key and both figures, and what lets it through."""
    write("old.yaml", _shop(10))
    write("new.yaml", text)
    ran = Ran(capsys, "check", _HERE, "new.yaml", "--against=old.yaml")
    assert (ran.status, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"new.yaml:{place}: ")
    assert sentence in line
    assert "raise that limit" in line
    assert "hunter" not in ran.err


def test_each_limit_that_is_passed_has_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A change that is wrong in two ways is mended in one go."""
    write("old.yaml", _shop(10))
    write("new.yaml", _shop(0, ""))
    ran = Ran(capsys, "check", _HERE, "new.yaml", "--against=old.yaml")
    assert (ran.status, len(ran.err.splitlines())) == (1, 2)


@pytest.mark.parametrize(
    ("environ", "options", "name"),
    [
        ("1.5", [], "LIVECONFIG_GROWTH_MAX lets 1.5 "),
        ("3", ["--growth-max=1.5"], "--growth-max lets 1.5 "),
        ("3", [], None),
        ("", [], None),
        ("", ["--growth-max=1.60"], "--growth-max lets 1.6 "),
    ],
)
def test_option_comes_before_the_environment_and_that_before_our_own(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    environ: str,
    options: list[str],
    name: str | None,
) -> None:
    """The sentence names whichever set the limit."""
    monkeypatch.setenv("LIVECONFIG_GROWTH_MAX", environ)
    write("old.yaml", _shop(10))
    write("new.yaml", _shop(19))
    ran = Ran(capsys, "check", _HERE, "new.yaml", "--against=old.yaml", *options)
    assert ran.status == (0 if name is None else 1)
    assert name is None or name in ran.err


@pytest.mark.parametrize("option", ["growth", "removed", "blanked"])
@pytest.mark.parametrize("value", ["-1", "x", "1e3", "0.0001", ""])
def test_limit_that_is_none_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    """The sentence says what it takes."""
    with pytest.raises(SystemExit) as ended:
        Ran(capsys, "check", "--against=x", f"--{option}-max={value}")
    assert ended.value.code == 2
    assert f"argument --{option}-max: {value!r}: it takes a " in capsys.readouterr().err


def test_limit_without_against_is_wrong_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is checked with less than was asked for."""
    ran = Ran(capsys, "check", _HERE, write("c.yaml", _shop(1)), "--removed-max=1")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "liveconfig: a limit is for --against, which is missing\n"


def test_manifests_are_compared_at_their_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A ConfigMap is taken on both sides, and the place is that in the manifest."""
    write("old.yaml", _manifest("ConfigMap", config_yaml=_shop(10)))
    text = "".join(f"    {line}\n" for line in _shop(30).splitlines())
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata:\n"
    write("new.yaml", f"{head}  config.yaml: |\n{text}")
    ran = Ran(capsys, "check", _HERE, "new.yaml", "--against=old.yaml")
    assert ran.status == 1
    assert ran.err.startswith("new.yaml:8:5: routes: the config has 67 keys and values")
    assert "old.yaml: config.yaml has 27" in ran.err
    assert Ran(capsys, "check", _HERE, "old.yaml", "--against=new.yaml").status == 1
    assert Ran(capsys, "check", _HERE, "new.yaml", "--against=new.yaml").status == 0


def test_text_of_a_secret_is_in_no_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Of what is in a Secret no key is named that the class does not name."""
    write("old.yaml", _manifest("Secret", config_yaml=_shop(9).replace(" r", " hunt")))
    write("new.yaml", _manifest("Secret", config_yaml=_shop(0)))
    ran = Ran(capsys, "check", _HERE, "new.yaml", "--against=old.yaml")
    assert ran.status == 1
    assert "9 of the 12 keys and list items" in ran.err
    assert "hunt" not in ran.err
    write("new.yaml", _manifest("Secret", config_yaml="message: one\nkey: hunter2\n"))
    ran = Ran(capsys, "check", _HERE, "new.yaml", "--against=old.yaml")
    assert "hunt" not in ran.err


def test_one_config_is_compared_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there are several, the sentence says how one is chosen."""
    two = {"config_yaml": _shop(10), "other_yaml": _shop(2)}
    write("two.yaml", _manifest("ConfigMap", **two))
    write("one.yaml", _manifest("ConfigMap", config_yaml=_shop(11)))
    for new, old in (("one.yaml", "two.yaml"), ("two.yaml", "one.yaml")):
        ran = Ran(capsys, "check", _HERE, new, "--against", old)
        assert ran.status == 2
        assert "2 configs, and --against compares " in ran.err
        assert "--key" in ran.err
        key = Ran(capsys, "check", _HERE, new, "--against", old, "--key=config.yaml")
        assert (key.status, key.err) == (0, "")


def test_directories_are_compared_as_layers(
    capsys: pytest.CaptureFixture[str], directory: Path
) -> None:
    """What is merged is one config, on both sides."""
    for name, routes in (("old", 10), ("new", 2)):
        (directory / name).mkdir()
        write(f"{name}/1.yaml", "message: one\n")
        write(f"{name}/2.yaml", _shop(routes))
    ran = Ran(capsys, "check", _HERE, "new", "--against=old")
    assert ran.status == 1
    assert ran.err.startswith("new/2.yaml:3:1: routes: 8 of the 13 keys")
    merged = ("check", _HERE, "--merged", "new/1.yaml", "new/2.yaml")
    assert Ran(capsys, *merged, "--against=old").status == 1


@pytest.mark.parametrize("text", ["message: [\n", "other: 1\n"])
def test_bad_config_before_is_named(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """With nothing to compare with nothing is good."""
    write("old.yaml", text)
    write("new.yaml", _shop(1))
    ran = Ran(capsys, "check", _HERE, "new.yaml", "--against=old.yaml")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("old.yaml:1:")
    ran = Ran(capsys, "check", _HERE, "new.yaml", "--against=none.yaml")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("none.yaml: ")


def test_service_is_compared_with_what_it_serves(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """The figures are those of its config, without what our class does not know."""
    Service(stand_in, _shop(10))
    write("new.yaml", _shop(30, key="hunter3" * 99))
    ran = Ran(capsys, "check", _HERE, "new.yaml", f"--against={stand_in.url}")
    assert ran.status == 1
    (line,) = ran.err.splitlines()
    assert "the config has 67 keys and values, version 3 of " in line
    assert f"version 3 of {stand_in.url} has 27, " in line
    assert "hunter" not in line
    write("new.yaml", _shop(10, key="hunter3" * 99))
    assert (
        Ran(capsys, "check", _HERE, "new.yaml", f"--against={stand_in.url}").err == ""
    )


def test_what_the_service_served_before_may_come_back(
    capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    """As the service lets it through, so does the command."""
    Service(stand_in, _shop(10), _shop(30))
    write("new.yaml", _shop(30))
    ran = Ran(capsys, "check", _HERE, "new.yaml", f"--against={stand_in.url}")
    assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"[1]", "200 OK", "the answer is no config: "),
        (b"{" * 5000, "200 OK", "the answer is no config: "),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "200 OK", "the answer is no config: "),
        (b"<html>", "200 OK", "the answer is no config: "),
        (b"", "404 Not Found", "/config: it answers 404 Not Found: "),
        (b"none yet", "503 Unavailable", "/config: it answers 503 Unavailable: none"),
    ],
)
def test_service_that_has_no_config_is_no_comparison(
    capsys: pytest.CaptureFixture[str],
    stand_in: StandIn,
    body: bytes,
    status: str,
    sentence: str,
) -> None:
    """Whatever answers, it ends with one sentence and status 2."""
    service = Service(stand_in, _shop(10))

    def answer(request: str) -> Iterable[bytes]:
        if "/config" in request.split()[1]:
            return [response(body, status)]
        return service.answer(request)

    stand_in.answer = answer
    write("new.yaml", _shop(10))
    ran = Ran(capsys, "check", _HERE, "new.yaml", f"--against={stand_in.url}")
    assert (ran.status, ran.out) == (2, "")
    assert sentence in ran.err
    assert len(ran.err.splitlines()) == 1


def test_service_that_is_not_there_is_no_comparison(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No answer and no URL end with status 2, before anything is said to be good."""
    write("new.yaml", _shop(10))
    for url in (f"http://127.0.0.1:{free_port()}", "https://127.0.0.1:9090"):
        ran = Ran(capsys, "check", _HERE, "new.yaml", f"--against={url}")
        assert (ran.status, ran.out) == (2, "")
        assert url in ran.err
