"""The model of the record: it is of this code, and its runner is not fooled."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.model.run import FAULT, HOLDS, UNKNOWN, VARIANTS, finding
from tests.support.source_code import ROOT, Module

_RECORD = Module(ROOT / "src/liveconfig/memory/record.py")
_MODEL = (ROOT / "tests/model/record.pml").read_text()

_MARK = re.compile(r"# model: (\w+)$", re.MULTILINE)

# What touches the shared words between the making of a record and its end.
_STEPS = {"read", "_copy", "_wipe_unfinished", "publish"}
_SHARED = {"words", "self._words", "self._bytes", "self.head"}


def _unmarked() -> Iterator[str]:
    """Yield the places where a step touches shared words and has no mark."""
    lines = _RECORD.text.splitlines()
    for function in _RECORD.functions():
        for node in ast.walk(function):
            if (
                function.name in _STEPS
                and isinstance(node, ast.Subscript)
                and ast.unparse(node.value) in _SHARED
                and not _MARK.search(lines[node.lineno - 1])
            ):
                yield _RECORD.at(node, ast.unparse(node))


def test_steps_of_the_model_are_those_of_the_code() -> None:
    """The model and the code name the same steps, each once."""
    code = _MARK.findall(_RECORD.text)
    model = re.findall(r"/\* ([CWR]\d+) \*/", _MODEL)
    assert sorted(code) == sorted(model)
    assert len(set(code)) == len(code) > 20


def test_every_use_of_shared_words_is_a_step_of_the_model() -> None:
    """A store or load that the model does not know cannot be added unnoticed."""
    found = list(_unmarked())
    assert [place.rpartition(": ")[2] for place in found] == [
        # It decides nothing: the newest version in a message.
        "self.head[0]",
        # The time of publication lies beside the payload, is stored and loaded right
        # after it, and is under the same checksum: one more byte of it.
        "words[slot + PUBLISHED_AT]",
        "words[slot + PUBLISHED_AT]",
    ]


def test_every_safeguard_of_the_model_is_taken_away_once() -> None:
    """Each switch that changes the protocol is used, and shows a fault somewhere."""
    switches = set(re.findall(r"\bWITH(?:OUT)?_[A-Z_]+", _MODEL)) - {"WITH_ANY_LENGTH"}
    faulty = {
        name
        for variant in VARIANTS
        if variant.expected == FAULT
        for name in variant.options.split()
    }
    # The first look only saves copying what would be thrown away.
    assert switches - faulty == {"WITHOUT_FIRST_LOOK"}
    assert any("WITHOUT_FIRST_LOOK" in variant.options for variant in VARIANTS)


_HELD = "State-vector 99 byte, depth reached 7, errors: 0\n  5 states, stored\n"
_FAULT = _HELD.replace("errors: 0", "errors: 1")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (_HELD, HOLDS),
        ("pan:1: assertion violated (1==2) (at depth 6)\n" + _FAULT, FAULT),
        ("pan:1: non-progress cycle (at depth 6)\n" + _FAULT, FAULT),
        ("pan:1: invalid end state (at depth 6)\n" + _FAULT, UNKNOWN),
        (
            "pan:1: assertion violated - invalid array index (at depth 6)\n" + _FAULT,
            UNKNOWN,
        ),
        ("error: max search depth too small\n" + _HELD, UNKNOWN),
        ("pan: out of memory\n" + _HELD, UNKNOWN),
        ("Warning: Search not completed\n" + _HELD, UNKNOWN),
        ("", UNKNOWN),
    ],
    ids=[
        "all visited",
        "assertion",
        "cycle",
        "deadlock",
        "index",
        "depth",
        "memory",
        "cut",
        "nothing",
    ],
)
def test_only_a_clear_result_counts(text: str, found: str) -> None:
    """A search that was cut short, or a fault of the model itself, proves nothing."""
    assert finding(text).found == found
