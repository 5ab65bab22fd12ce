"""Which part of a key path may be shown."""

from __future__ import annotations

import pytest

from liveconfig.errors import KeyPath, format_key_path
from liveconfig.masking.names import ANY_NAMES, KeyNames
from liveconfig.masking.secret import MASK

_OWN = frozenset({"db", "host", "password"})
OPEN = KeyNames(_OWN)
SECRETIVE = KeyNames(_OWN, "0123")


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ((), ""),
        (("db", "host"), "db.host"),
        (("db", 0, "password"), "db[0].password"),
        (("db", "pasword"), f"db.{MASK}"),
        (("db", "password:hunter2"), f"db.{MASK}"),
        (("hunter2", "db", "a b"), f"{MASK}.db.{MASK}"),
    ],
)
def test_unknown_key_is_masked_where_there_are_secrets(
    keys: KeyPath, shown: str
) -> None:
    """What the schema does not know may be a secret whose blank was forgotten."""
    assert format_key_path(SECRETIVE.of_document(keys)) == shown


@pytest.mark.parametrize("mark", [":", " ", "=", ",", "\n", "'", '"', "#", "{", "["])
def test_unknown_key_is_cut_where_a_value_may_begin(mark: str) -> None:
    """Without secrets the word before is shown, which is what was meant as the key."""
    keys = ("db", f"port{mark}80")
    assert OPEN.of_document(keys) == ("db", "port…")
    assert SECRETIVE.of_config(keys) == ("db", "port…")


def test_keys_are_shown_where_nothing_is_amiss() -> None:
    """Names of a mapping's keys are told of a config that fits its schema."""
    keys = ("db", 1, "eu-west", "a:b")
    assert OPEN.of_config(keys) == keys
    assert SECRETIVE.of_config(keys) == ("db", 1, "eu-west", "a…")
    assert OPEN.of_document(("db", "pasword")) == ("db", "pasword")
    unknown = ("db", "eu-west", "x:y")
    assert OPEN.of_unknown(unknown) == ("db", "eu-west", "x…")
    assert SECRETIVE.of_unknown(unknown) == ("db", "eu-west", MASK)
    assert ANY_NAMES.of_document(keys) == ANY_NAMES.of_config(keys) == keys
