"""What the code of a schema's class raises is a refusal, and says nothing secret."""

from __future__ import annotations

import enum
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn

import attrs
import msgspec
import pytest
from msgspec import Struct

from liveconfig import PublicValueError
from liveconfig.errors import CorruptRecordError, InvalidConfigError, UnfitConfigError
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import load
from liveconfig.reading.source import SourceFile
from liveconfig.schema.schema import Schema, SchemaError, Secret

_SECRET = "hunter2"


def _recurse(depth: int) -> int:
    return _recurse(depth + 1) + 1


def _fail(failure: str) -> None:
    """Fail as classes do, with the secret in the words where there are any."""
    failures: dict[str, Callable[[], object]] = {
        "AssertionError": lambda: _raise(AssertionError(_SECRET)),
        "AttributeError": lambda: getattr(_SECRET, _SECRET),
        "IndexError": lambda: _SECRET[len(_SECRET)],
        "KeyError": lambda: {}[_SECRET],
        "LookupError": lambda: _raise(LookupError(_SECRET)),
        "OSError": lambda: _raise(OSError(_SECRET)),
        "_OddError": lambda: _raise(_OddError(_SECRET)),
        "RecursionError": lambda: _recurse(0),
        "RuntimeError": lambda: _raise(RuntimeError(_SECRET)),
        "StopIteration": lambda: next(iter(())),
        "SystemExit": lambda: _raise(SystemExit(_SECRET)),
        "UnicodeEncodeError": lambda: "\udcff".encode(),
        "ZeroDivisionError": lambda: 1 // 0,
    }
    if failure:
        failures[failure]()


class _OddError(Exception):
    def __str__(self) -> NoReturn:
        raise ValueError("an error that cannot even be shown")


def _raise(error: BaseException) -> NoReturn:
    raise error


_FAILURES = [
    "AssertionError",
    "AttributeError",
    "IndexError",
    "KeyError",
    "LookupError",
    "OSError",
    "_OddError",
    "RecursionError",
    "RuntimeError",
    "StopIteration",
    "SystemExit",
    "ZeroDivisionError",
]


class Part(Struct, frozen=True):
    """A part of a config that fails as it is told."""

    failure: str = ""
    password: Secret | None = None

    def __post_init__(self) -> None:
        _fail(self.failure)


@dataclass(frozen=True)
class DataPart:
    """The same as a dataclass."""

    failure: str = ""

    def __post_init__(self) -> None:
        _fail(self.failure)


@attrs.frozen
class AttributesPart:
    """The same as an attrs class, in a validator."""

    failure: str = attrs.field(default="")

    @failure.validator
    def _check(self, _: Any, value: str) -> None:
        _fail(value)


class Config(Struct, frozen=True):
    """A config of such parts."""

    first: Part = Part()
    parts: tuple[Part, ...] = ()
    named: Mapping[str, Part] = {}
    data: DataPart = DataPart()
    attributes: AttributesPart = AttributesPart()


CONFIG = Schema(Config)


def _refusal(data: Mapping[str, Any], schema: Schema[Any] = CONFIG) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        schema.pack(schema.validate(data))
    # Neither in the words nor in a traceback that somebody records.
    assert _SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value


@pytest.mark.parametrize("failure", _FAILURES)
def test_whatever_a_class_raises_is_a_refusal_by_its_type(failure: str) -> None:
    """It is refused, named by the type of the exception alone, at its exact key."""
    refusal = _refusal({"parts": [{}, {"failure": failure}]})
    assert refusal.keys == ("parts", 1)
    assert refusal.problem.startswith(f"the schema's own code raised {failure}:")


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ({"first": {"failure": "KeyError"}}, ("first",)),
        ({"named": {"a": {}, "b": {"failure": "KeyError"}, "c": {}}}, ("named", "b")),
        ({"data": {"failure": "KeyError"}}, ("data",)),
        ({"attributes": {"failure": "KeyError"}}, ("attributes",)),
        # The class is made before the next key is looked at.
        ({"first": {"failure": "KeyError"}, "parts": [1]}, ("first",)),
    ],
)
def test_place_of_a_failure_is_found(data: dict[str, Any], keys: Any) -> None:
    """The key is that of the part whose class failed, whatever kind of class it is."""
    assert _refusal(data).keys == keys


class Fickle(Struct, frozen=True):
    """A part that can be made once."""

    def __post_init__(self) -> None:
        _made.append(self)
        assert len(_made) == 1


_made: list[Fickle] = []


class Searched(Struct, frozen=True):
    """A config in which a mistake is looked for by making it again and again."""

    first: Fickle
    few: Mapping[str, int] = {}


def test_failure_while_another_mistake_is_looked_for_is_none() -> None:
    """A class that fails over the changed copies of a search does not end it."""
    _made.clear()
    refusal = _refusal({"first": {}, "few": {"a": 1, "b": "x"}}, Schema(Searched))
    assert refusal.keys[0] == "few"
    assert refusal.problem == "expected a whole number, found text"
    assert len(_made) > 1


def test_default_factory_that_fails_is_a_refusal() -> None:
    """A default that cannot be made is refused where it is needed, and only there."""

    class Made(Struct, frozen=True):
        number: int = msgspec.field(default_factory=lambda: int(_SECRET))
        other: int = 1

    schema = Schema(Made)
    assert schema.validate({"number": 1}) == Made(1)
    assert "raised ValueError" in _refusal({}, schema).problem


class Color(enum.Enum):
    """Colors that fail when they are asked for another."""

    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise KeyError(value)


class Painted(Struct, frozen=True):
    """A config of colors."""

    color: Color
    by_color: Mapping[str, Color] = {}


def test_enum_that_fails_is_a_refusal() -> None:
    """A `_missing_` that fails is told as what it is asked about: no such value."""
    refusal = _refusal({"color": _SECRET}, Schema(Painted))
    assert (refusal.keys, refusal.problem) == (("color",), "must be one of 'red'")
    refusal = _refusal({"color": "red", "by_color": {"a": _SECRET}}, Schema(Painted))
    assert refusal.keys == ("by_color", "a")


def test_code_that_fails_when_a_config_is_looked_at_is_a_refusal() -> None:
    """Code that runs while a config is written or compared is guarded as well."""

    @dataclass(frozen=True)
    class Sly:
        name: str = "a"

        def __getattribute__(self, name: str) -> Any:
            if name == "name":
                raise ZeroDivisionError(_SECRET)
            return object.__getattribute__(self, name)

    assert "raised ZeroDivisionError" in _refusal({}, Schema(Sly)).problem


class Guarded(Struct, frozen=True):
    """A class with a secret that says what it refuses."""

    low: int = 0
    password: Secret = msgspec.field(default_factory=lambda: Secret(""))

    def __post_init__(self) -> None:
        text = self.password.reveal()
        if self.low == 1:
            raise ValueError(f"low {self.low}, passwordis{text}, {text[::-1]}")
        if self.low == 2:
            raise TypeError(text)
        if self.low == 3:
            raise PublicValueError("low is above high:\nswap them")
        if self.low == 4:
            raise PublicValueError
        if self.low == 5:
            raise PublicValueError(text.__class__)


@pytest.mark.parametrize(
    ("low", "problem"),
    [
        (1, "the schema refuses this with ValueError, whose words are not shown as"),
        (2, "the schema refuses this with TypeError, whose words are not shown as"),
        (3, "low is above high: swap them"),
        (4, "the schema refuses this"),
        (5, "the schema refuses this"),
    ],
)
def test_words_of_a_class_with_secrets_are_not_shown(low: int, problem: str) -> None:
    """Only those for which the class answers are; of the others the type is told."""
    refusal = _refusal({"low": low, "password": _SECRET}, Schema(Guarded))
    assert refusal.problem.startswith(problem)
    assert refusal.keys == ()


def test_words_of_a_class_without_secrets_are_shown() -> None:
    """What it says is shown but for texts of the document; public words as they are."""

    class Open(Struct, frozen=True):
        mode: str

        def __post_init__(self) -> None:
            if self.mode == "low":
                raise ValueError("low is not one of high, low")
            raise PublicValueError("a mode is one of high, low")

    refusal = _refusal({"mode": "low"}, Schema(Open))
    assert refusal.problem == "... is not one of high, ..."
    refusal = _refusal({"mode": "high"}, Schema(Open))
    assert refusal.problem == "a mode is one of high, low"


def test_public_words_of_a_default_factory_are_shown() -> None:
    """The words are shown wherever in the class they come from."""

    def made() -> int:
        raise PublicValueError("name a number, there is no good default")

    class Made(Struct, frozen=True):
        number: int = msgspec.field(default_factory=made)

    assert _refusal({}, Schema(Made)).problem == (
        "name a number, there is no good default"
    )


def test_refusal_by_the_class_names_its_line() -> None:
    """In a file it is a mistake like any other, with file, line, column and key."""
    text = "first: {}\nparts:\n- {}\n- failure: KeyError\n"
    with pytest.raises(InvalidConfigError) as caught:
        load([SourceFile("c.yaml", text.encode())], CONFIG, Limits())
    assert str(caught.value).startswith("c.yaml:4:3: parts[1]: the schema's own code")


_is_worker = False


class Moody(Struct, frozen=True):
    """A class that is of another mind in the workers."""

    text: str = ""
    number: int = 0

    def __post_init__(self) -> None:
        if _is_worker:
            raise KeyError(self.text)


@pytest.fixture
def worker() -> Iterator[Callable[[], None]]:
    """A function that makes this process the worker of `Moody`."""
    global _is_worker

    def become() -> None:
        global _is_worker
        _is_worker = True

    yield become
    _is_worker = False


def test_class_that_fails_in_a_worker_is_told_from_damage(
    worker: Callable[[], None],
) -> None:
    """A whole payload that the class refuses is no damage, and named by its type."""
    schema = Schema(Moody)
    payload = schema.pack(schema.validate({"text": _SECRET})).payload
    worker()
    with pytest.raises(UnfitConfigError) as caught:
        schema.unpack(payload)
    assert str(caught.value) == (
        f"{__name__}:Moody does not take this config: the schema's own code raised "
        "KeyError: mend this value, or the class"
    )
    assert _SECRET not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(CorruptRecordError):
        schema.unpack(payload[:-1] + b"\x01")


def test_payload_of_another_class_is_told_from_damage() -> None:
    """A whole payload that another class packed names the key that does not fit."""

    class Numbered(Struct, frozen=True):
        text: int

    payload = Schema(Moody).pack(Moody(_SECRET)).payload
    with pytest.raises(UnfitConfigError) as caught:
        Schema(Numbered).unpack(payload)
    assert caught.value.key == "text"
    assert caught.value.problem == "expected a whole number, found text"


def test_bytes_with_a_right_sum_that_are_no_config_are_unfit() -> None:
    """Whatever has its right sum is not told as damage, even if nobody packed it."""
    encoded = b"\x90"
    with pytest.raises(UnfitConfigError, match="expected a mapping, found a list"):
        Schema(Moody).unpack(sha256(encoded).digest() + encoded)
