"""The log's sentences are in one catalogue, and the runbook is made of it."""

from __future__ import annotations

import ast
import logging
import re

import pytest

from tests.support.runbook import (
    ALERTS,
    PAGE,
    RULES,
    SYMPTOMS,
    UNLOGGED,
    alerts,
    anchor,
    page,
    sentences,
)
from tests.support.source_code import PACKAGE, ROOT

_CATALOGUE = "sentences"
_METHODS = {"info", "warning", "error", "critical", "exception", "fatal"}
_CLUSTER = re.compile(r"(kubectl|liveconfig|sysctl) ")


def test_runbook_is_up_to_date() -> None:
    """The page is the one that `python -m tests.support.runbook` writes."""
    assert PAGE.read_text() == page()


def test_each_line_of_the_log_is_in_the_catalogue() -> None:
    """No module words a line of WARNING and above by itself."""
    source = ROOT / "src" / PACKAGE
    found = [
        f"{path.relative_to(source)}:{node.lineno}"
        for path in sorted(source.rglob("*.py"))
        if path.parent.name != _CATALOGUE
        for node in ast.walk(ast.parse(path.read_text()))
        if _words_a_line(node)
    ]
    assert found == []


def _words_a_line(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    owner = ast.unparse(node.func.value)
    is_log = owner.split(".")[-1].lstrip("_") in {"log", "logger", "logging"}
    if is_log and node.func.attr in _METHODS:
        words = (ast.JoinedStr, ast.Constant)
        return any(isinstance(each, words) for each in ast.walk(node.args[0]))
    levels = {f"logging.{name}" for name in ("WARNING", "ERROR", "CRITICAL")}
    return any(ast.unparse(each) in levels for each in node.args)


def test_each_sentence_is_logged() -> None:
    """The catalogue holds nothing that no module uses."""
    text = "".join(
        path.read_text()
        for path in (ROOT / "src" / PACKAGE).rglob("*.py")
        if path.parent.name != _CATALOGUE
    )
    assert [name for name in sentences() if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("name", sentences())
def test_sentence_says_what_to_do(name: str) -> None:
    """Each line has a meaning, and from WARNING on something to do, in sentences."""
    sentence = sentences()[name]
    assert sentence.means.endswith(".")
    assert sentence.level == logging.INFO or sentence.action.endswith(".")
    assert all(_CLUSTER.match(command) for command in sentence.commands)


def test_sections_are_told_apart() -> None:
    """Each sentence and each alert has an anchor of its own."""
    titles = re.findall(r"^### (.*)$", PAGE.read_text(), re.MULTILINE)
    anchors = [title.lower().replace(" ", "-") for title in titles]
    assert len(set(anchors)) == len(anchors)
    names = (*sentences(), *ALERTS, *UNLOGGED)
    assert set(anchors) == {anchor(name) for name in names}


def test_each_trouble_has_a_symptom() -> None:
    """Whoever starts from what they see finds each line of WARNING and above."""
    causes = {name for names in SYMPTOMS.values() for name in names}
    known = sentences()
    troubles = {name for name in known if known[name].level > logging.INFO}
    assert causes >= troubles | set(UNLOGGED), "name it in SYMPTOMS"
    assert causes <= set(known) | set(UNLOGGED) | set(ALERTS)


def test_each_alert_has_a_section() -> None:
    """No alert fires that the runbook does not know, and each names its section."""
    assert set(alerts()) == set(ALERTS)
    for name, alert in ALERTS.items():
        assert f"docs/operate/runbook.md#{anchor(name)}" in RULES.read_text()
        assert set(alert.lines) <= set(sentences())
