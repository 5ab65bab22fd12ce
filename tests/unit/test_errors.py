"""The sentences that errors build from their parts."""

from __future__ import annotations

import pickle

import pytest

from liveconfig.errors import (
    CacheError,
    InvalidConfigError,
    KeyPath,
    LiveconfigError,
    NoConfigYetError,
    PayloadTooLargeError,
    ServiceUnavailableError,
    SourceUnavailableError,
    StartupError,
    UnfitConfigError,
    format_key_path,
    listed,
)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", "b-c", "d_1"), "a.b-c.d_1"),
        (("a", 0, "b"), "a[0].b"),
        ((0, 1), "[0][1]"),
        (("a.b", "c d"), '"a.b"."c d"'),
        (("",), '""'),
        (("größe",), "größe"),
    ],
)
def test_key_path_is_readable(keys: KeyPath, text: str) -> None:
    """Keys are joined by dots, indexes stand in brackets, odd keys in quotes."""
    assert format_key_path(keys) == text


def test_key_path_is_one_line_of_text() -> None:
    """No key begins a line of its own in the log, nor speaks to a terminal."""
    keys = ("a\nb", "\x1b[31m\r", "\x85\u2028\u202e\ud800", "x" * 300 + "\n")
    text = format_key_path(keys)
    assert text.startswith(r'"a\nb"."\x1b[31m\r"."\x85\u2028\u202e\ud800"."xxx')
    assert text.isprintable()


def test_endless_key_path_is_cut() -> None:
    """Neither the log nor the status is flooded by a key."""
    assert format_key_path(("k" * 200,)) == "k" * 200
    assert format_key_path(("k" * 100, "k" * 100)) == "k" * 100 + "." + "k" * 98 + "…"


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ((3, 7, "a.b"), "c.yaml:3:7: a.b: wrong"),
        ((3, 0, "a"), "c.yaml:3: a: wrong"),
        ((0, 0, ""), "c.yaml: wrong"),
        ((0, 7, ""), "c.yaml: wrong"),
    ],
)
def test_invalid_config_names_what_is_known(
    place: tuple[int, int, str], sentence: str
) -> None:
    """File, line, column and key are named as far as they are known."""
    assert str(InvalidConfigError("c.yaml", *place, "wrong")) == sentence


@pytest.mark.parametrize(
    "error",
    [
        CacheError("a\nb", "it is a link"),
        InvalidConfigError("a\nb", 1, 2, "", "wrong"),
        NoConfigYetError("a\nb: gone"),
        ServiceUnavailableError("a\nb", "gone"),
        SourceUnavailableError("a\nb", "gone"),
        StartupError("a\nb: gone"),
        UnfitConfigError("a\nb", "", "wrong"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_is_one_line(error: LiveconfigError) -> None:
    """The name of a file forges no line of the log, whatever the error is."""
    assert r"a\nb" in str(error)
    assert str(error).isprintable()


def test_errors_survive_pickling() -> None:
    """An error that crosses a process keeps its parts and its sentence."""
    for error in (
        InvalidConfigError("c.yaml", 1, 2, "a", "wrong"),
        SourceUnavailableError("c.yaml", "gone"),
        PayloadTooLargeError(2, 1),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error)
        assert vars(again) == vars(error)


@pytest.mark.parametrize(
    ("names", "count", "text"),
    [
        ([], 0, ""),
        (["a", "b"], 0, "a, b"),
        (["a", "b", "c"], 0, "a, b and 1 more"),
        (["a", "b", "c"], 9, "a, b and 7 more"),
        (["a"], 9, "a and 8 more"),
    ],
)
def test_long_list_ends_with_the_number_of_the_rest(
    names: list[str], count: int, text: str
) -> None:
    """Nobody takes a part for the whole."""
    assert listed(names, 2, count) == text
