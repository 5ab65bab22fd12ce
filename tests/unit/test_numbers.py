"""Numbers that are written in another way than YAML 1.1 has it, and other words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

import msgspec
import pytest

from liveconfig.errors import InvalidConfigError
from liveconfig.reading.document import Limits, parse
from liveconfig.reading.loader import load, warnings
from liveconfig.reading.source import SourceFile
from liveconfig.schema.numbers import (
    has_other_base,
    how_to_write,
    may_have_other_base,
)
from liveconfig.schema.schema import Schema, SchemaError, Secret


class Shop(msgspec.Struct, frozen=True):
    """A config for tests."""

    ratio: float | None = None
    port: int = 0
    level: Literal["debug", "info", "warning", "error", "critical"] = "info"
    switch: Literal["on", "off"] = "on"
    mode: Literal["1", "2"] | None = None
    day: date | None = None
    free: Any = None


class Letters(msgspec.Struct, frozen=True):
    """Words of one letter, each of which may stand in a number."""

    letter: Literal["x", "e"] = "x"


_SHOP = Schema(Shop)


def _problem(text: str) -> str:
    data = parse(text.encode(), "c.yaml", Limits())
    assert data is not None
    with pytest.raises(SchemaError) as caught:
        _SHOP.validate(data)
    return caught.value.problem


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("1e-3", "1.0e-3"),
        ("1e6", "1.0e+6"),
        ("1.5e3", "1.0e+6"),
        ("-.5e3", "1.0e-3"),
        ("-.5", "as -0.5"),
        ("+.5", "as -0.5"),
        ("08", "write 08 as 8"),
        ("-09", "write 08 as 8"),
        ("0o17", "write 0o17 as 017"),
        ("1,000", "as 1000000"),
        ("1 000", "as 1000000"),
        ("1'000'000", "as 1000000"),
        ("0,5", "as 0.5"),
    ],
)
def test_number_that_yaml_takes_for_text_is_told_with_its_cure(
    text: str, cure: str
) -> None:
    """The sentence shows how it is written, and never the number itself."""
    sentence, _, told = _problem(f"ratio: {text}").partition("found text: ")
    assert sentence == "expected a number or nothing, "
    assert cure in told
    assert how_to_write(text, is_whole=False) == told


def test_whole_number_takes_all_its_digits() -> None:
    """An exponent makes a decimal number of it, however it is written."""
    assert _problem("port: 1e6").endswith(
        "write all digits of a whole number, as 1000000"
    )
    assert _problem("port: 08").endswith("write 08 as 8")


@pytest.mark.parametrize("text", ["1", "-0.5", "8080"])
def test_quoted_number_is_told_to_lose_its_quotes(text: str) -> None:
    """The quotes are what makes a text of it."""
    assert _problem(f"ratio: '{text}'").endswith("found text: take the quotes away")


def test_word_that_figures_could_not_be_is_not_to_be_quoted() -> None:
    """A number in place of `x` is no `x` in quotes either."""
    schema = Schema(Letters)
    with pytest.raises(SchemaError) as caught:
        schema.validate({"letter": 3})
    assert caught.value.problem == "must be one of 'e', 'x', found a whole number"


@pytest.mark.parametrize("text", ["many", "5s", "10%", "1.2.3", "", "e5", "-", "0x"])
def test_text_that_is_no_number_gets_no_cure(text: str) -> None:
    """What does not look like a number is not explained as one."""
    assert how_to_write(text, is_whole=False) == ""
    assert _problem(f"ratio: '{text}'") == "expected a number or nothing, found text"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("level: 5", "found a whole number"),
        ("level: 5.5", "found a number"),
        ("level: yes", "found true or false"),
        ("level:", "found nothing"),
        ("switch: off", "found true or false: put it in quotes"),
        ("mode: 1", "found a whole number: put it in quotes"),
    ],
)
def test_one_of_some_words_is_wanted(text: str, problem: str) -> None:
    """The words are named, and quotes only where one of them needs some."""
    told = _problem(text)
    assert told.startswith("must be one of '")
    assert told.endswith(problem)


def test_list_where_a_word_is_wanted_is_of_the_wrong_kind() -> None:
    """Its kind is the mistake, and not which word it is."""
    assert _problem("level: [info]") == "expected text, found a list"


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("0100", "octal"),
        ("0644", "octal"),
        ("-010", "octal"),
        ("1:30", "base sixty"),
        ("22:22", "base sixty"),
        ("1:30:00.5", "base sixty"),
        ("0", ""),
        ("100", ""),
        ("0x1F", ""),
        ("0b11", ""),
        ("1_000", ""),
        ("08", ""),
        ("1:99", ""),
    ],
)
def test_number_to_another_base_is_known(text: str, base: str) -> None:
    """Base 8 and 60 look like base 10; what says its base does not."""
    assert has_other_base(text) == bool(base)
    assert may_have_other_base(f"a: {text}") or not base
    told = [warning.problem for warning in _warnings(f"free: {text}\n")]
    assert [f"({base})" in each for each in told] == ([True] if base else [])


def _warnings(text: str, schema: Schema[Any] = _SHOP) -> list[InvalidConfigError]:
    files = [SourceFile("c.yaml", text.encode())]
    candidate = load(files, schema, Limits())
    unknown = frozenset(schema.unknown_keys(candidate.data))
    return list(warnings(files, schema.key_names, unknown))


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("0100", "read as 64 (octal): write 100, or quote it"),
        ("-010", "read as -8 (octal): write -10, or quote it"),
        ("00", "read as 0 (octal): write 0, or quote it"),
        ("22:22", "read as 1342 (base sixty): write 1342, or quote it"),
    ],
)
def test_number_that_is_another_one_is_a_warning(text: str, warning: str) -> None:
    """It is taken as YAML 1.1 says, and its place, its value and the cure are told."""
    (told,) = _warnings(f"ratio: 1.5\nport: {text}\n")
    assert str(told) == f"c.yaml:2:7: port: {warning}"


def test_each_such_number_is_told_where_somebody_reads_it() -> None:
    """Not one in quotes, in JSON, as a text, or behind a key that nobody knows."""
    text = "free: [0100, {a: 0100}, '0100', a0100]\nother: {b: 0100}\n"
    told = _warnings(text)
    assert [(each.key, each.column) for each in told] == [
        ("free[0]", 8),
        ("free[1].a", 18),
    ]
    assert len(_warnings(text, Schema.load(""))) == 3
    assert _warnings("# 0100 22:22\nfree: '22:22'\n") == []


_UNSEEN = "this text begins or ends with a blank that nobody sees: take it away, "


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("free: a\u200b\n", ["1:7"]),
        ("free: 'a\u00a0' # b\n", ["1:7"]),
        ("free: [a, \ufeffb, c\u00a0d, e\u2009 ]\n", ["1:11", "1:20"]),
        ("free: |-\n  a\n  b\u200b\n", ["1:7"]),
        ("free: &x a\u3000\nfree2: *x\n", ["1:7"]),
        ('free: "a\\u200b"\nport: 0100\n', []),
        ('free: "a\\u200b"\n# \u200b\n', []),
        ("free: a\u200bb\n", []),
        ("other: a\u200b\n", []),
    ],
)
def test_blank_at_an_end_of_a_text_is_a_warning(text: str, places: list[str]) -> None:
    """Nobody sees it; but where it is written by its number somebody means it."""
    found = [each for each in _warnings(text) if each.problem.startswith(_UNSEEN)]
    assert [f"{each.line}:{each.column}" for each in found] == places


def test_blank_at_an_end_of_a_text_in_json_is_a_warning() -> None:
    """JSON is looked at as YAML is."""
    text = '{"free": "a\u200b", "free2": "a\\u200b"}'
    files = [SourceFile("c.json", text.encode())]
    (found,) = warnings(files, _SHOP.key_names, frozenset())
    assert (found.key, found.line, found.column) == ("free", 1, 10)


class Vault(msgspec.Struct, frozen=True):
    """A config with a secret."""

    port: int = 0
    pins: Mapping[str, int] = {}
    key: Secret = Secret("")


def test_number_is_shown_only_where_it_is_known_to_be_no_secret() -> None:
    """Behind a key that no class names it may be one, where there are secrets."""
    port, pin = _warnings("port: 0100\npins: {a: 0123}\n", Schema(Vault))
    assert "read as 64" in port.problem
    assert pin.problem.startswith("a number like this is octal")


def test_blank_at_the_end_of_a_secret_is_a_warning_without_it() -> None:
    """What is pasted with one is known by its key; no character of it is shown."""
    (found,) = _warnings("key: hunter2\u200b\n", Schema(Vault))
    assert found.key == "key"
    assert "hunter" not in str(found)
    assert "200B" not in str(found)


_MOMENT = datetime(2001, 12, 14, 21, 59, tzinfo=timezone(timedelta(hours=-5)))


@pytest.mark.parametrize("schema", [Schema.load(""), _SHOP], ids=["plain", "class"])
def test_date_that_nobody_asks_for_is_text(schema: Schema[Any]) -> None:
    """It is the same text for the publisher, the workers and JSON."""
    text = (
        "free: {from: 2024-04-01, at: [2001-12-14t21:59:00-05:00]}\n"
        "free2: 2024-04-01\nday: 2024-04-01\n"
    )
    file = SourceFile("c.yaml", text.encode())
    candidate = load([file], schema, Limits())
    shown = schema.masked(candidate.config)
    assert shown["free"] == {"from": "2024-04-01", "at": ["2001-12-14T21:59:00-05:00"]}
    assert shown["day"] == "2024-04-01"
    assert datetime.fromisoformat(shown["free"]["at"][0]) == _MOMENT
    digest, config = schema.unpack(candidate.payload)
    assert (digest, config) == (candidate.digest, candidate.config)
    if schema is _SHOP:
        assert config.day == date(2024, 4, 1)
