"""How far a config may be from the one before: the rule by itself."""

from __future__ import annotations

import re
from typing import Any

import pytest

from liveconfig.schema.guards import Breach, Guards, Limit, breaches
from liveconfig.schema.outline import Outline

_MANY = {f"k{number}": number for number in range(10)}


def _breaches(
    before: Any,
    after: Any,
    *,
    growth: float | None = None,
    removed: float | None = None,
    blanked: float | None = None,
    blank: Any = (),
) -> list[Breach]:
    guards = Guards(
        Limit("GROWTH", growth), Limit("REMOVED", removed), Limit("BLANKED", blanked)
    )
    return [
        *breaches(
            guards,
            Outline(before, before, ()),
            Outline(after, after, blank),
            "version 3",
        )
    ]


@pytest.mark.parametrize(
    ("before", "after", "growth", "way", "figures"),
    [
        # The top counts as a value, each key as one, each value as one.
        ({"a": 1}, {"a": 1, "b": 1}, 1.5, ("b",), "has 5 keys and values, .* has 3,"),
        ({"a": [1]}, {"a": [1] * 6}, 2, ("a",), "has 9 keys and values, .* has 4,"),
        ({"a": "x"}, {"a": "x" * 97}, 2, ("a",), "has 102 bytes, version 3 has 5,"),
        ({"a": {}}, {"a": _MANY}, 2, ("a",), "has 23 keys and values, .* has 3,"),
        (
            {"a": {"b": 1}, "c": 1},
            {"a": {"b": _MANY, "d": 1}, "c": 2},
            2,
            ("a", "b"),
            "has 29 keys and values, version 3 has 7,",
        ),
        ({}, {"a": 1}, 2, ("a",), "has 3 keys and values, version 3 has 1,"),
        ({"a": 1}, {"b": _MANY}, 2, ("b",), "has 23 keys and values"),
        ({"a": 1, "b": 1}, {"a": _MANY}, 2, ("a",), "has 23 keys and values"),
    ],
)
def test_growth_names_key_and_both_figures(
    before: Any, after: Any, growth: float, way: Any, figures: str
) -> None:
    """A config that has grown too much is refused at the key that grew the most."""
    ((keys, problem),) = _breaches(before, after, growth=growth)
    assert keys == way
    assert re.search(figures, problem)
    assert f"GROWTH lets {growth:g} times as many through" in problem


@pytest.mark.parametrize(
    ("before", "after", "growth"),
    [
        ({"a": 1}, {"a": 1, "b": 1}, 1.75),
        ({"a": [1] * 97}, {"a": [1] * 112}, 1.15),
        ({"a": _MANY}, {}, 1.001),
        ({"a": "x" * 40}, {"a": "x" * 80}, 2),
        (_MANY, _MANY, 1.001),
    ],
)
def test_growth_to_the_limit_is_let_through(
    before: Any, after: Any, growth: float
) -> None:
    """So many times as many are let through, to the last one."""
    assert _breaches(before, after, growth=growth) == []


@pytest.mark.parametrize(
    ("before", "after", "removed", "way", "figures"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, 49, ("b",), "1 of the 2 keys"),
        ({"a": 1, "b": 2}, {"c": 1, "d": 2}, 50, ("a",), "2 of the 2 keys"),
        ({"a": _MANY, "b": 1}, {"b": 1}, 50, ("a",), "11 of the 12 keys"),
        ({"a": _MANY, "b": 1}, {"a": {}, "b": 1}, 50, ("a",), "10 of the 12 keys"),
        ({"a": _MANY, "b": 1}, {"a": 1, "b": 1}, 50, ("a",), "10 of the 12 keys"),
        ({"a": {"b": _MANY}}, {"a": {"b": {}}}, 50, ("a", "b"), "10 of the 12 keys"),
        ({"a": [1] * 9}, {"a": [1] * 4}, 25, ("a",), "5 of the 10 keys and list items"),
        ({"a": [_MANY]}, {"a": []}, 25, ("a",), "11 of the 12 keys"),
        ({"a": 1}, {}, 0, ("a",), "1 of the 1 keys"),
        ({"a": [1, 2]}, {"a": None}, 0, ("a",), "2 of the 3 keys"),
    ],
)
def test_removal_names_key_and_both_figures(
    before: Any, after: Any, removed: float, way: Any, figures: str
) -> None:
    """A config that has lost too much is refused where it lost the most."""
    ((keys, problem),) = _breaches(before, after, removed=removed)
    assert keys == way
    assert problem.startswith(figures)
    assert f"of version 3 are gone, and REMOVED lets {removed} % through" in problem


@pytest.mark.parametrize(
    ("before", "after", "removed"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, 50),
        ({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}, 33.334),
        ({"a": 1}, {"a": 2, "b": 3}, 0),
        ({"a": [1, 2]}, {"a": [3, 4, 5]}, 0),
        ({"a": [{"b": 1, "c": 1}]}, {"a": [{"d": 1, "e": 1}]}, 0),
        ({}, {}, 0),
        ({"a": _MANY}, {}, 100),
        ({"a": 1}, {"a": {"b": 1}}, 0),
    ],
)
def test_removal_to_the_limit_is_let_through(
    before: Any, after: Any, removed: float
) -> None:
    """A share that is the limit, another value and a longer list are let through."""
    assert _breaches(before, after, removed=removed) == []


@pytest.mark.parametrize("value", ["x", 0, False, [1], {"b": 1}])
def test_blank_where_a_value_was_is_refused(value: Any) -> None:
    """Whatever a required key held, it may not hold nothing."""
    ((keys, problem),) = _breaches({"a": value}, {"a": ""}, blanked=0, blank=(("a",),))
    assert keys == ("a",)
    assert problem.startswith("this is blank and was not in version 3, ")
    assert "(such keys: 1, BLANKED lets 0 through)" in problem


@pytest.mark.parametrize(
    ("before", "blanked"),
    [
        ({"a": "", "b": " "}, 0),
        ({"a": None}, 0),
        ({}, 0),
        ({"a": 1}, 1),
        ({"a": 1, "b": 1}, 2),
        ({"a": {"c": 1}, "b": {}}, 1),
        ({"a": 1, "b": 1}, None),
    ],
)
def test_blank_that_was_blank_is_let_through(before: Any, blanked: float) -> None:
    """What held nothing before, or was not there, and as many as allowed, may."""
    blank = (("a",), ("b",))
    assert _breaches(before, {}, blanked=blanked, blank=blank) == []


def test_guard_without_a_limit_refuses_nothing() -> None:
    """Each guard is off where its limit is unset."""
    blank = (("a",),)
    assert _breaches(_MANY, {"a": ["x"] * 1000}, blank=blank) == []
    unset = Guards(Limit("a"), Limit("b"), Limit("c"))
    assert not unset.has_limit
    assert unset._replace(blanked=Limit("c", 0)).has_limit


def test_each_guard_has_its_sentence() -> None:
    """A change that goes too far in every way is refused for each of them."""
    before = {"a": "x", "b": 1, "c": 1}
    after = {"a": "", "d": _MANY}
    found = _breaches(before, after, growth=2, removed=10, blanked=0, blank=(("a",),))
    assert [keys for keys, _ in found] == [("d",), ("b",), ("a",)]
