"""An editor flags what the service would refuse, by the real language server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from liveconfig.errors import InvalidConfigError
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import load
from liveconfig.reading.source import SourceFile
from liveconfig.schema.schema import Schema, Secret
from tests.support.language_server import IS_INSTALLED, LanguageServer

pytestmark = pytest.mark.skipif(
    not IS_INSTALLED, reason="no yaml-language-server (make editor installs it)"
)


class File(Struct, frozen=True, tag_field="kind", tag="file"):
    """One of two tagged classes."""

    path: str


class Socket(Struct, frozen=True, tag_field="kind", tag="socket"):
    """The other of two tagged classes."""

    port: int = 80


class Limit(Struct, frozen=True):
    """A part of the config."""

    size: int
    names: frozenset[str] = frozenset()


class Shop(Struct, frozen=True):
    """
    What the shop is.

    Attributes:
        port: Where the shop answers.
    """

    message: str = ""
    port: Annotated[int, Meta(ge=1, le=65535)] = 80
    ratio: float = 1
    price: Decimal = Decimal("1.5")
    is_open: bool = True
    password: Secret = Secret("")
    level: Literal["low", "high"] = "low"
    maybe: int | None = None
    names: frozenset[str] = frozenset({"a"})
    pair: tuple[int, str] = (0, "")
    limits: Mapping[str, Limit] = {}
    output: File | Socket = Socket()
    day: date | None = None
    moment: datetime | None = None


SHOP = Schema(Shop)
_HEAD = "# yaml-language-server: $schema=schema.json\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """A server on a folder with the schema."""
    directory = tmp_path_factory.mktemp("editor")
    written = json.dumps(SHOP.json_schema(is_strict=True))
    (directory / "schema.json").write_text(written)
    server = LanguageServer(directory)
    yield server
    server.close()


def _refused_line(text: str) -> int | None:
    file = SourceFile("shop.yaml", text.encode())
    try:
        candidate = load([file], SHOP, Limits())
    except InvalidConfigError as error:
        return error.line
    return 2 if SHOP.unknown_keys(candidate.data) else None


@pytest.mark.parametrize(
    "text",
    [
        "message: hi",
        "port: 8080.0",
        "ratio: 2",
        "price: 2",
        "price: 2.50",
        "price: '2.50'",
        "password: swordfish",
        "maybe: null",
        "maybe:",
        "names: [a, a]",
        "pair: [1, a]",
        "limits: {eu: {size: 1, names: [a]}}",
        "output: {kind: file, path: p}",
        "output: {kind: socket}",
        "day: 2030-01-02",
        "moment: 2030-01-02 03:04:05 +2",
        "moment: 2030-01-02T03:04:05Z",
    ],
)
def test_editor_flags_nothing_that_the_service_takes(
    server: LanguageServer, text: str
) -> None:
    """What is good for the service is good in the editor."""
    assert _refused_line(f"{_HEAD}{text}\n") is None
    assert server.findings(text=f"{_HEAD}{text}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "mesage: hi",
        "message: 1",
        "message: yes",
        "message: 1.5",
        "message:",
        "port: x",
        "port: 0",
        "port: 80.5",
        "port: '80'",
        "ratio: fast",
        "price: cheap",
        "is_open: 1",
        "password: 12",
        "level: none",
        "maybe: x",
        "names: [1]",
        "pair: [1]",
        "pair: [1, a, 2]",
        "pair: [a, 1]",
        "limits: {eu: {}}",
        "limits: {eu: {size: x}}",
        "limits: {eu: {size: 1, sise: 2}}",
        "output: {kind: file}",
        "output: {kind: other}",
        "output: {port: 1}",
        "day: soon",
        "moment: soon",
        "message: [",
        "message: a\nmessage: b",
    ],
)
def test_editor_flags_what_the_service_refuses(
    server: LanguageServer, text: str
) -> None:
    """What is bad for the service, or unknown to it, is flagged in the editor."""
    assert _refused_line(f"{_HEAD}{text}\n") is not None
    assert server.findings(text=f"{_HEAD}{text}\n")


def test_editor_shows_what_the_docstring_says(server: LanguageServer) -> None:
    """Whoever rests on a key reads what the class says of it."""
    assert "Where the shop answers." in server.hover(f"{_HEAD}port: 5\n", 2, 2)
