"""Broken YAML: where the cause stands, and what it is."""

from __future__ import annotations

import random

import pytest

from liveconfig.errors import InvalidConfigError
from liveconfig.reading import yaml_text
from liveconfig.reading.document import Limits, parse
from liveconfig.reading.scalar import lines_of
from liveconfig.reading.yaml_errors import inside


@pytest.fixture(params=["C", "Python"], autouse=True)
def yaml_parser(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every claim holds for libyaml's parser and for PyYAML's own."""
    if request.param == "Python":
        monkeypatch.setattr(yaml_text, "_YamlParser", yaml_text.PureParser)


def _refusal(text: str, path: str = "c.yaml") -> InvalidConfigError | None:
    try:
        parse(text.encode(errors="surrogatepass"), path, Limits())
    except InvalidConfigError as error:
        return error
    return None


_QUOTE = "a quote is opened here and never closed"
_BRACKET = "a bracket is opened here and not closed"
_COLON = "a key without its colon"
_TEMPLATE = "a template that was not rendered"
_BEHIND = "text stands behind a closing quote"
_TWICE = "a second colon with a blank in one line"
_NO_LEVEL = "this line stands at no level"
_NO_MAPPING = "this key belongs to no mapping"
_COMMA = "a comma is missing before this"
_STAR = "a text cannot begin with * or &"
_PIPE = "a text behind | or > begins in the next line"
_ESCAPE = "a backslash in double quotes"
_OVER = "this does not belong to the config above"
_CLOSED = "a bracket is closed that nothing opens"


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ('a: "unclosed\nb: 1\n# x\n\n', 1, 4, _QUOTE),
        ("a: 1\nb: 'x\n\n\n", 2, 4, _QUOTE),
        ("a: b\n'c: d\ne: f\n", 2, 1, _QUOTE),
        ('"a: 1\nb: 2\n', 1, 1, _QUOTE),
        ('a: "x\n---\nb: 1\n', 1, 4, _QUOTE),
        ('a: "unclosed\nb: "x"\n', 1, 4, "closed in line 2 only"),
        ("a: ['x, 'y']\n", 1, 10, _BEHIND),
        ("a: 'it's'\n", 1, 8, _BEHIND),
        ('a: "x" y\n', 1, 8, _BEHIND),
        ("a: hi\nb info\n", 2, 1, _COLON),
        ("a: 1\nb\nc: 2\n", 2, 1, _COLON),
        ("a: text\nthat goes on\nb: 1\n", 2, 1, _COLON),
        ("a hi\nb: 1\n", 1, 1, _COLON),
        ("# x: y\na\nb\nc: 1\n", 2, 1, _COLON),
        ("---\na hi\nb: 1\n", 2, 1, _COLON),
        ("a:\n  b 1\n  c: 2\n", 2, 3, _COLON),
        ("a:\n- b 1\n  c: 2\n", 2, 3, _COLON),
        ("a: x\n  y\n  b: 1\n", 3, 3, _NO_MAPPING),
        ("a:\n- 1\n-2\n", 3, 1, "an item of a list begins with a dash and a blank"),
        ("a: [1, 2", 1, 4, _BRACKET),
        ("a: [1\n", 1, 4, _BRACKET),
        ("a: 1\nb: [c, d\n\n\n# x\n", 2, 4, _BRACKET),
        ("a: [1, 2\nb: 3\n", 1, 4, _BRACKET),
        ("a: {b: 1, c\nd: 2\n", 1, 4, _BRACKET),
        ("a: [x, {y: 1\n", 1, 8, _BRACKET),
        ("a: [1 , {b: 2]\n", 1, 14, _COMMA),
        ('a: [\n  "x"\n  "y",\n]\n', 3, 3, _COMMA),
        ('a: {"b":1,"c" 2}\n', 1, 15, _COMMA),
        ("a: [1,,2]\n", 1, 7, "a value is missing before this"),
        ("a: ]\n", 1, 4, _CLOSED),
        ("a: {x: 1}}\n", 1, 10, _CLOSED),
        ("a: [1]]\n", 1, 7, _CLOSED),
        ("a: b: c\n", 1, 5, _TWICE),
        ("a: 1, b: 2\n", 1, 8, _TWICE),
        ("a: see http: x\n", 1, 12, _TWICE),
        ("a: 1\n b: 2\n", 2, 2, _NO_MAPPING),
        ("a:\n  b: 1\n   c: 2\n", 3, 4, _NO_MAPPING),
        ("a:\n- b\n- c\n d: 1\n", 4, 2, _NO_MAPPING),
        ("a:\n    b: 1\n  c: 2\n", 3, 3, _NO_LEVEL),
        ("a: 1\n# c\n  b: 2\n", 3, 3, _NO_LEVEL),
        ("a: >\n  x\n y\n", 3, 2, _NO_LEVEL),
        ("a:\n  - b\n c: 1\n", 3, 2, _NO_LEVEL),
        ("a:\n- b\nc:\n  - d\n  e: 1\n", 5, 3, "this line is no item of the list"),
        ("- a\nb: 1\n", 2, 1, "this line is no item of the list"),
        ("a: - b\n", 1, 4, "a list begins in a line of its own"),
        ("a: ? b\n", 1, 4, "a question mark with a blank"),
        ("a:\n\t- b\n", 2, 1, "a tab: indent with blanks"),
        ("a:\n  b: 1\n\tc: 2\n", 3, 1, "a tab: indent with blanks"),
        ("a: 1\n \tb: 2\n", 2, 2, "a tab: indent with blanks"),
        ("a: @x\n", 1, 4, "a text cannot begin with @"),
        ("a: `x`\n", 1, 4, "a text cannot begin with `"),
        ("a: %x\n", 1, 4, "a text cannot begin with %"),
        ("a: *\nb: 1\n", 1, 5, _STAR),
        ("a: &\n", 1, 5, _STAR),
        ("a: | text\nb: 1\n", 1, 6, _PIPE),
        ("a: >x\n b", 1, 5, _PIPE),
        ("a: |0\n x\n", 1, 5, _PIPE),
        ('a: "\\z"\n', 1, None, _ESCAPE),
        ('a: "C:\\Users"\n', 1, None, _ESCAPE),
        ('a: "\\xZZ"\n', 1, 7, _ESCAPE),
        ("%YAML 9\na: 1\n", 1, None, "a line that begins with % is a directive"),
        ("a: !<x\nb: 1\n", 1, 7, "a tag is not complete"),
        ("a: !foo!bar x\n", 1, 4, "a tag is not complete"),
        ("{a: 1}\nb: 2\n", 2, 1, _OVER),
        ("a: 1\n...\nb: 1", 3, 1, _OVER),
        ("a: {{ .Values.a }}\n", 1, 4, _TEMPLATE),
        ("{{- if .x }}\na: 1\n{{ end }}\n", 1, 1, _TEMPLATE),
        ("a: 1\n{{- if .x }}\nb: 1\n{{- end }}\n", 2, 1, _TEMPLATE),
        ("a:\n  {{ toYaml .x }}\nb: 1\n", 2, 3, _TEMPLATE),
        ("{% if x %}\na: 1\n", 1, 1, _TEMPLATE),
        ("a: 1\n---\n", 2, 1, "nothing follows this ---"),
        ("a: 1\n---\n# x\n\n", 2, 1, "nothing follows this ---"),
        ("a: 1\n---\nb: 1\n", 2, 1, "a second document begins here"),
        ("a:\u00a0hi\n", 1, 3, "U+00A0, no-break space"),
        ("a:\u00a0hi\nb:\u00a0ho\n", 1, 3, "U+00A0, no-break space"),
        ("a: 1\nb:\u00a0ho\nc: 1\n", 2, 3, "U+00A0, no-break space"),
        ("a: 1\nb\u200b", 2, 1, _COLON),
        ("a: 1\n\u200b\n", 2, 1, "U+200B, zero width space"),
        ("a: 1\nb\u2003: c: d\n", 2, 2, "U+2003, em space"),
    ],
)
def test_cause_of_broken_yaml_is_named_where_it_stands(
    text: str, line: int, column: int | None, problem: str
) -> None:
    """Not where the parser noticed it, which is often the end of the file."""
    error = _refusal(text)
    assert error is not None
    # Inside of an escape the two parsers point at different characters.
    assert (error.line, error.column) == (line, column or error.column), str(error)
    assert problem in error.problem


_WHOLE = (
    "message: Hello\n\n# a comment\nserver:\n  host: 'a.example'\n  ports: [80, 443]\n"
    '  names: {a: "b", c: d}\nlist:\n- one\n- two: 2\n  three: 3\n\ntext: |\n'
    "  a\n  b\n",
    'a: &x {b: 1}\nc: *x\nd: "1\n  2"\n\n\ne: >-\n  f\n? g\n: h\n...\n',
    '{\n  "a": 1,\n\n  "b": [1, {"c": "d"}],\n  "e": "\\u00e9"\n}\n\n',
)
_PIECES = (
    *"\n\t '\"[]{}:,-#&*!|>%?@\\`",
    "\n\n",
    ": ",
    "- ",
    "---\n",
    "\u00a0",
    "\u2028",
    "\r",
    "{{ x }}",
    '"""',
    "\\u12",
    "é",
)


def _damaged(seed: int) -> str:
    chance = random.Random(seed)
    text = chance.choice(_WHOLE)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(_PIECES) + text[at + chance.randrange(4) :]
    return text[: chance.randrange(1, len(text) + 1)] if chance.random() < 0.3 else text


@pytest.mark.parametrize("path", ["c.yaml", "c.json"])
def test_place_of_an_error_is_inside_of_what_is_written(path: str) -> None:
    """No error names a line after the end, or one in which nothing stands."""
    refused = 0
    for seed in range(2000):
        text = _damaged(seed)
        error = _refusal(text, path)
        if error is None or not error.line:
            continue
        refused += 1
        lines = lines_of(text, path == "c.json")
        written = [line for line in lines if line.strip()]
        assert error.line <= len(lines), (seed, text, str(error))
        line = lines[error.line - 1]
        assert line.strip() or not written, (seed, text, str(error))
        assert 1 <= error.column <= len(line) + 1, (seed, text, str(error))
    assert refused > 500


def test_place_where_nothing_stands_is_the_end_of_what_does() -> None:
    """Comments are no such place, as long as anything else is written."""
    lines = ["", "a: 1  ", "# b", "", ""]
    assert inside(lines, 5, 1) == inside(lines, 4, 3) == inside(lines, 9, 9) == (2, 4)
    assert inside(lines, 2, 3) == (2, 3)
    assert inside(lines, 1, 1) == (2, 4)
    assert inside(["", "# a"], 1, 1) == (2, 1)
    assert inside([""], 1, 1) == (1, 1)
