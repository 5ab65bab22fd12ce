"""Numbers that are written in another way than YAML 1.1 has it, and other words."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

import msgspec
import pytest

from liveconfig.config.document import Limits, parse
from liveconfig.config.loader import load
from liveconfig.config.numbers import how_to_write, other_base
from liveconfig.config.schema import Schema, SchemaError
from liveconfig.config.source import SourceFile


class Shop(msgspec.Struct, frozen=True):
    """A config for tests."""

    ratio: float | None = None
    port: int = 0
    level: Literal["debug", "info", "warning", "error", "critical"] = "info"
    switch: Literal["on", "off"] = "on"
    mode: Literal["1", "2"] | None = None
    day: date | None = None
    free: Any = None


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
    assert other_base(text) == base


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
