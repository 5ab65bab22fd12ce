"""The lines around a mistake, with every secret masked, however the text is broken."""

from __future__ import annotations

import json
import re
import string
import time
from collections.abc import Collection, Mapping, Sequence

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from liveconfig.masking.excerpt import ExcerptLine, excerpt
from liveconfig.schema.schema import MASK, Schema, Secret

Names = Collection[str] | None

# No name and no harmless value has these: where one is shown, a secret is.
_SIGNS = string.ascii_uppercase


class Server(Struct, frozen=True):
    """A part with a secret."""

    host: str = ""
    password: Secret = Secret("")
    port: int = 0


class Vault(Struct, frozen=True):
    """A config with secrets of every kind."""

    message: str = ""
    password: Secret | None = None
    server: Server = Server()
    servers: Mapping[str, Server] = {}
    tokens: Mapping[str, Secret] = {}
    keys: tuple[Secret, ...] = ()
    labels: Mapping[str, str] = {}
    hosts: tuple[str, ...] = ()


VAULT = Schema(Vault).key_names.own


def _texts(
    text: str, line: int, names: Names = VAULT, path: str = "c.yaml"
) -> list[str]:
    return [shown.text for shown in excerpt(text.encode(), path, line, 1, names)]


def _all(text: str, path: str = "c.yaml") -> str:
    """Return what is shown for mistakes in every line, together."""
    lines = range(1, text.count("\n") + 2)
    return "\n".join(t for line in lines for t in _texts(text, line, VAULT, path))


@pytest.mark.parametrize(
    ("line", "expected"), [(1, [1, 2, 3]), (5, [2, 3, 4, 5, 6, 7]), (9, [6, 7, 8, 9])]
)
def test_excerpt_is_three_lines_before_and_two_after(
    line: int, expected: list[int]
) -> None:
    """It ends where the document does."""
    content = "\n".join("abcdefghi").encode()
    shown = excerpt(content, "c.yaml", line, 1, None)
    assert [found.line for found in shown] == expected
    assert [found.text for found in shown] == ["abcdefghi"[n - 1] for n in expected]


@pytest.mark.parametrize("line", [0, 2, -1])
def test_excerpt_of_no_line_is_empty(line: int) -> None:
    """Where the whole file is meant, or the line is not there, no line is shown."""
    assert excerpt(b"a: 1", "c.yaml", line, 0, None) == ()


def test_excerpt_without_secrets_masks_nothing() -> None:
    """Of a schema without secrets, and of a plain mapping, the text is shown as is."""
    text = 'password: "hunter2\n# comment\n  {token: [&a *b\n- x: !!y |'
    assert _texts(text, 2, None) == text.split("\n")


def test_excerpt_marks_the_place() -> None:
    """The column is that of the mistake in what is shown, 0 in the other lines."""
    shown = excerpt(b"a: 1\n\tb: [\nc", "c.yaml", 2, 5, None)
    assert shown[0] == ExcerptLine(1, "a: 1", 0)
    assert shown[1] == ExcerptLine(2, "\\tb: [", 6)
    assert excerpt(b"a", "c.yaml", 1, 0, None)[0].column == 0
    assert excerpt(b"a", "c.yaml", 1, 9, None) == (ExcerptLine(1, "a", 2),)


@pytest.mark.parametrize("column", [1, 60, 81, 100, 4000, 7950, 8000])
def test_long_line_is_cut_around_the_place(column: int) -> None:
    """A line is cut to 160 characters, among them the one that is marked."""
    line = "".join(chr(0x4E00 + at) for at in range(8000))
    (shown,) = excerpt(line.encode(), "c.yaml", 1, column, None)
    assert len(shown.text) <= 160
    assert shown.text[shown.column - 1] == line[column - 1]
    assert shown.text.startswith("…") == (column > 81)
    assert shown.text.endswith("…") == (column < 7950)


def test_place_of_a_masked_text_is_the_mask() -> None:
    """A mistake inside a secret is marked at the mask, which tells no length."""
    text = "password: QZQZ QZQ"
    for column in (11, 14, 18):
        (shown,) = excerpt(text.encode(), "c.yaml", 1, column, VAULT)
        assert shown == ExcerptLine(1, f"password: {MASK}", 11)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a\x00\x1b[31m\x7f", r"a\x00\x1b[31m\x7f"),
        ("a\u202e\u200bb".encode(), r"a\u202e\u200bb"),
        (b"\xef\xbb\xbfa", "a"),
        (b"a\xffb", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_what_cannot_be_shown_is_escaped(content: bytes, text: str) -> None:
    """Nothing in it moves a cursor, changes a color or hides."""
    assert excerpt(content, "c.yaml", 1, 1, None)[0].text == text


def test_lines_end_as_the_language_has_it() -> None:
    """YAML 1.1 knows more ends of a line than JSON."""
    content = "a\r\nb\rc\u2028d\x85e".encode()
    assert len(excerpt(content, "c.yaml", 3, 1, None)) == 5
    assert len(excerpt(content, "c.json", 2, 1, None)) == 2
    assert excerpt(content, "c.json", 1, 1, None)[0].text == "a"


def test_names_and_structure_are_shown() -> None:
    """With a secret in the schema, its own names and brackets are left to see."""
    text = (
        "message: Hello\n"
        "server: {\n"
        "- 'host' : QZQ  # QZQ\n"
        "\tport:\n"
        "  password: |-\n"
        "    QZ\n"
        "  QZ: 1\n"
        "}\n"
    )
    assert _texts(text, 4) == [
        f"message: {MASK}",
        "server: {",
        f"- 'host' : {MASK}",
        "\\tport:",
        "  password: |-",
        f"    {MASK}",
    ]
    assert _texts(text, 8) == ["  password: |-", f"    {MASK}", f"  {MASK}", "}"]


def test_json_is_shown_around_its_values() -> None:
    """In JSON in several lines, too."""
    text = json.dumps({"server": {"password": "QZ"}, "message": "it's"}, indent=2)
    assert _texts(text, 4, path="c.json") == [
        "{",
        '  "server": {',
        f'    "password": {MASK}',
        "  },",
        f'  "message": {MASK}',
        "}",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "password: QZQZ",
        '"password": "QZQZ"',
        "'password' : 'QZQZ'",
        "password: 3Q",
        "password:QZQZ",
        "password: [QZ",
        "password: {a: QZ}",
        "password: !!str QZ",
        "password: &a QZ",
        "pasword: QZQZ",
        "Password: QZQZ",
        '"pass\\x77ord": QZQZ',
        "- password: QZQZ",
        "- - QZQZ",
        "QZQZ",
        "'QZQZ",
        "# password: QZQZ",
        "host: x # QZQZ",
        "host: x, password: QZQZ",
        "host: x password=QZQZ",
        "host: x password QZQZ",
        'host: "x, password: QZQZ"',
        "host: x, pasword: QZQZ",
        "host: x, pasword:QZQZ",
        '"host": "x", "password": "QZQZ"',
        '"host": "x, "password": "QZQZ"',
        '"host": x", "password": "QZQZ"',
        "host: {password: QZQZ}",
        '{"host": "x", "password": "QZQZ"}',
        "server: {host: x, password: QZQZ}",
        "server: QZQZ",
        "servers: QZQZ",
        "tokens: {host: QZQZ}",
        "tokens: [host, QZQZ]",
        "tokens:\n  host: QZQZ",
        "tokens:\n\n# x\n  host: QZQZ",
        "tokens:\nhost: QZQZ",
        "tokens: # x\nhost: QZQZ",
        "tokens: !!map\nhost: QZQZ",
        "tokens:\n- host: QZQZ",
        "tokens:\n  - host: QZQZ\n  - host: QZQZ",
        "server:\n    tokens:\n  host: QZQZ",
        "tokens: {\nhost: QZQZ}",
        "tokens: {a: b,\n  c: d,\nhost: QZQZ}",
        "tokens: {a: b,\n  c: [}],\nhost: QZQZ}",
        '"tokens":\n{\n"host": "QZQZ"\n}',
        '"tokens"\n:\n{\n"host": "QZQZ"\n}',
        "? tokens\n: host: QZQZ",
        "? tokens\n:\n  host: QZQZ",
        "? tokens\n: |\nhost: QZQZ",
        "? password\n: QZQZ",
        "keys:\n- QZQZ\n- QZQZ",
        "keys:\n  - host: QZQZ",
        "keys: [QZ,\n  QZ,\nQZ]",
        "keys: [\nhost: QZ]",
        "password: |\n  QZ\n  host: QZ",
        "password: |\nhost: QZ",
        "password: |\nQZ\nhost: QZ",
        "password: |\n  QZ\nQZ\nhost: QZ",
        "password: |\n  QZ\nkey: QZ\nhost: QZ",
        "server:\n  password: |\n    QZ\n host: QZ",
        "password: |2-\nhost: QZ",
        "password: &a |\nhost: QZ",
        "password: >- # x\nhost: QZ",
        '{\n"password": |\n  {\n"host": "QZ"',
        'password: |\n  {\n"host": QZ',
        "pasword: |\n  QZ\n  host: QZ",
        "pasword: |\nhost: QZ",
        "server:\n  pasword:\n    host: QZ",
        'password: "QZ\n  host: QZ',
        'password: "QZ\nhost: QZ',
        'password: "QZ\n  QZ\nhost: QZ"',
        'password: "QZ\\"QZ\nhost: QZ',
        "password: 'QZ\nhost: QZ",
        "password: 'it''s\nhost: QZ",
        "password: it's 'QZ\nhost: QZ",
        "password: abc\n  host: QZ",
        "x: &a QZ\npassword: *a",
        "host: &a QZ\npassword: *a",
        "message: &a\n  host: QZ\ntokens: *a",
        "message: &a\n  <<: {host: QZ}\ntokens: *a",
        "labels:\n  password: QZ",
        "labels: &a {host: QZ}",
        "message: |\n  password: QZ",
        "message: |\n  QZ",
        f"message: {'x' * 2000}\n  QZ",
        f"password: {'x' * 2000}\n  host: QZ",
        f"password:{' ' * 2000}\nhost: QZ",
        "labels:\n  &a\n  host: QZ\ntokens: *a",
        "keys: QZ\n- host: QZ",
        'password: |\n  QZ\n"host": QZ',
    ],
)
@pytest.mark.parametrize("path", ["c.yaml", "c.json"])
def test_secret_is_never_shown(text: str, path: str) -> None:
    """Wherever a secret may stand in a text that need not parse, it is masked."""
    # Each a text of its own, so that none is masked for standing elsewhere too.
    numbers = (f"Q{letter}Z" for letter in string.ascii_uppercase)
    text = re.sub("[QZ]+", lambda _: next(numbers), text)
    assert not set(_SIGNS) & set(_all(text, path=path))
    assert not set(_SIGNS) & set(_all(text.replace("\n", "\r\n"), path=path))


_secret_words = st.text(_SIGNS, min_size=4, max_size=8)
_MARKS = (" ", "\n", ", ", ": ", "'", '"', "#", "\\", " {")


def _secrets(marks: Sequence[str]) -> st.SearchStrategy[str]:
    """Return texts of several words, which a mark holds together."""
    words = st.lists(_secret_words, min_size=1, max_size=3)
    return st.builds(
        lambda mark, found: mark.join(found), st.sampled_from(marks), words
    )


_plain_texts = st.text("abc :'\"#[]{},", max_size=8)


@st.composite
def _documents(draw: st.DrawFn, *marks: str) -> str:
    """Draw a document with secrets, written in some way."""
    secrets = _secrets(marks)
    server = {"host": draw(_plain_texts), "password": draw(secrets), "port": 1}
    entries = {
        "message": draw(_plain_texts),
        "password": draw(secrets),
        "server": server,
        "servers": {"a": server},
        "tokens": {"host": draw(secrets), "b": draw(secrets)},
        "keys": [draw(secrets), draw(secrets)],
        "labels": {"a": draw(_plain_texts)},
        "hosts": [draw(_plain_texts)],
    }
    names = draw(st.permutations(list(entries)))
    document = {name: entries[name] for name in names[: draw(st.integers(1, 8))]}
    if draw(st.booleans()):
        return json.dumps(document, indent=draw(st.sampled_from([None, 0, 1, 2, "\t"])))
    written: str = yaml.dump(
        document,
        default_style=draw(st.sampled_from([None, '"', "'", "|", ">"])),
        default_flow_style=draw(st.sampled_from([True, False, None])),
        indent=draw(st.sampled_from([2, 4])),
        width=draw(st.sampled_from([10, 80])),
        sort_keys=False,
    )
    return written


_breakings = st.lists(
    st.tuples(
        st.integers(0, 2000),
        st.integers(0, 3),
        st.text("\n \t\"'[]{}:,-#&*!|>%?\\a", max_size=2),
    ),
    max_size=3,
)
_often = settings(max_examples=150, suppress_health_check=list(HealthCheck))


def _broken(text: str, breakings: list[tuple[int, int, str]]) -> str:
    for where, gone, new in breakings:
        at = where % (len(text) + 1)
        text = text[:at] + new + text[at + gone :]
    return text


@_often
@given(_documents(*_MARKS), _breakings, st.sampled_from(["c.yaml", "c.json"]))
def test_secret_is_never_shown_however_the_text_is_broken(
    text: str, breakings: list[tuple[int, int, str]], path: str
) -> None:
    """Not a character of a secret is shown of documents that are broken at random."""
    assert not set(_SIGNS) & set(_all(_broken(text, breakings), path=path))


@_often
@given(_documents("\nhost: ", "\n- host: ", '\n"host": ', "\n", "\n\n"))
def test_secret_that_looks_like_a_config_is_never_shown(text: str) -> None:
    """A secret may be a text of lines that are written as keys that may be shown."""
    assert not set(_SIGNS) & set(_all(text))


@_often
@given(st.text("pasword:host\n \t\"'[]{},-#&*!|>%?\\", max_size=60))
def test_value_of_a_secret_is_never_shown(noise: str) -> None:
    """Whatever stands above it, the value behind the name of a secret is masked."""
    assert not set(_SIGNS) & set(_all(f"{noise}\npassword: QZQZ"))
    assert not set(_SIGNS) & set(_all(f"{noise}\ntokens:\n  host: QZQZ"))


@_often
@example("]]]]")
@example("{{{{")
@given(st.text("[]{}-|>,:'\"#", min_size=4, max_size=12))
def test_secret_of_marks_alone_is_never_shown(secret: str) -> None:
    """What is shown of the structure is too little to tell a secret."""
    assert secret not in _all(f"password: |\n  {secret}\n{secret}\nhost: {secret}")


@pytest.mark.parametrize(
    "piece",
    [
        "- ",
        "-",
        " ",
        '"',
        "'",
        "a ",
        "a: ",
        ">",
        "|-",
        "{",
        "\\",
        "&a",
        "a\n",
        "\n- a",
        "\n",
    ],
)
def test_large_text_takes_no_longer_than_its_size(piece: str) -> None:
    """A text of a megabyte that nobody would write is masked within two seconds."""
    began = time.process_time()
    for begin in ("", "message: ", "password: ", 'message: "'):
        excerpt((begin + piece * (250_000 // len(piece))).encode(), "c", 1, 9, VAULT)
    for line in (piece * (1900 // len(piece)), f"message: {piece * 900}"):
        excerpt("\n".join([line] * 130).encode(), "c", 1, 9, VAULT)
    assert time.process_time() - began < 2
