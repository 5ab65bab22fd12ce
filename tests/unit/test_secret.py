"""A secret text: masked wherever it is shown, unchangeable, never text by itself."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Mapping

import msgspec
import pytest

from liveconfig.masking.secret import MASK, Secret
from liveconfig.schema.schema import Schema

_TEXT = "hunter2"


class Login(msgspec.Struct, frozen=True):
    """A config with secrets."""

    token: Secret | None = None
    tokens: Mapping[str, Secret] = {}


class WithDefault(msgspec.Struct, frozen=True):
    """A config with a secret in the code."""

    token: Secret = Secret(_TEXT)


_LOGIN = Schema(Login)
_CONFIG = Login(Secret(_TEXT), {"a": Secret("hunter3")})
_SECRET = Secret(_TEXT)


@pytest.mark.parametrize(
    "shown",
    [
        str(_SECRET),
        repr(_SECRET),
        f"{_SECRET}",
        f"{_SECRET!r:>30}",
        f"{_SECRET:>30}",
        "{}".format(_SECRET),  # noqa: UP032
        "%s %r" % (_SECRET, _SECRET),  # noqa: UP031
        repr({"password": [_SECRET]}),
        json.dumps({"password": _SECRET}, default=str),
    ],
)
def test_secret_is_masked_wherever_it_is_shown(shown: str) -> None:
    """No way of making text of a secret gives it away."""
    assert MASK in shown
    assert _TEXT not in shown


def test_secret_is_masked_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """A secret that is logged, or a part of what is logged, shows as the mask."""
    logging.getLogger("test").warning("%s %r", _SECRET, {"password": _SECRET})
    assert caplog.text.count(MASK) == 2
    assert _TEXT not in caplog.text


def test_secret_is_masked_whatever_its_length() -> None:
    """The mask does not tell how long the text is."""
    assert str(Secret("")) == str(Secret("x" * 100)) == MASK


def test_reveal_returns_the_text() -> None:
    """The text is there for those who ask for it."""
    assert _SECRET.reveal() == _TEXT


def test_secrets_of_the_same_text_are_equal() -> None:
    """Two secrets compare and hash by their texts."""
    assert Secret(_TEXT) == _SECRET
    assert hash(Secret(_TEXT)) == hash(_SECRET)
    assert Secret("other") != _SECRET


def test_secret_is_not_equal_to_its_text() -> None:
    """A secret is no text, and does not compare as one."""
    assert _SECRET != _TEXT
    assert len({_SECRET, _TEXT}) == 2


def test_secret_survives_pickling() -> None:
    """A pickled secret comes back whole."""
    assert pickle.loads(pickle.dumps(_SECRET)) == _SECRET


@pytest.mark.parametrize("value", [None, 1, b"hunter2", ["hunter2"], _SECRET])
def test_secret_of_anything_but_text_is_refused(value: object) -> None:
    """A secret holds text only, and the refusal does not show what it was given."""
    with pytest.raises(TypeError, match="a Secret holds text, not") as caught:
        Secret(value)  # type: ignore[arg-type]
    assert _TEXT not in str(caught.value)


def test_secret_cannot_be_changed() -> None:
    """Neither setting nor deleting an attribute works, and the text stays."""
    with pytest.raises(AttributeError, match="cannot be changed"):
        _SECRET._text = "changed"
    with pytest.raises(AttributeError, match="cannot be changed"):
        del _SECRET._text
    with pytest.raises(AttributeError):
        _SECRET.other = "new"  # type: ignore[attr-defined]
    assert _SECRET.reveal() == _TEXT


def test_secret_does_not_join_or_encode_by_mistake() -> None:
    """Code that takes it for text fails instead of giving it away."""
    with pytest.raises(TypeError):
        "".join([_SECRET])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        "Bearer " + _SECRET  # type: ignore[operator]
    with pytest.raises(TypeError):
        json.dumps(_SECRET)
    with pytest.raises(TypeError):
        msgspec.json.encode(_SECRET)


def test_secret_comes_back_from_a_payload() -> None:
    """A payload holds the text, so that every worker can reveal it."""
    packed = _LOGIN.pack(_CONFIG)
    assert _LOGIN.unpack(packed.payload)[1] == _CONFIG
    assert packed.digest != _LOGIN.pack(Login(Secret("other"))).digest


def test_masked_config_shows_no_secret() -> None:
    """The shown config is JSON with the mask in the place of every secret."""
    assert _LOGIN.masked(_CONFIG) == {"token": MASK, "tokens": {"a": MASK}}
    assert "hunter" not in repr(_CONFIG)


def test_json_schema_marks_a_secret_as_write_only() -> None:
    """Who reads the JSON Schema knows that a secret is never shown."""
    properties = _LOGIN.json_schema()["$defs"]["Login"]["properties"]
    assert {"type": "string", "writeOnly": True} in properties["token"]["anyOf"]


def test_json_schema_shows_no_secret_as_a_default() -> None:
    """A Secret as a default is as good as another, and not written into the schema."""
    written = Schema(WithDefault).json_schema()
    assert "hunter" not in str(written)
    assert "default" not in str(written["$defs"])
    assert Schema(WithDefault).validate({}) == WithDefault()
