"""The pages of the documentation: those that are generated, and what they link to."""

from __future__ import annotations

import re

import pytest

import liveconfig
from docs.generate import PAGES
from tests.support.source_code import ROOT

_TEXTS = [
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
]


@pytest.mark.parametrize("name", PAGES)
def test_generated_page_is_what_the_code_says(name: str) -> None:
    """A page that is written from the code is up to date."""
    page = ROOT / "docs" / name
    assert page.read_text() == PAGES[name](), "write it anew: python docs/generate.py"


@pytest.mark.parametrize("name", _TEXTS)
def test_links_lead_to_files(name: str) -> None:
    """Every relative link leads to a file and, if it names one, to a heading."""
    path = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" not in target:
            place, _, anchor = target.partition("#")
            page = path.parent / place if place else path
            assert page.exists(), target
            assert not anchor or anchor in _anchors(page.read_text()), target


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.*)$", text)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_public_name_is_on_a_page() -> None:
    """What `import liveconfig` gives is what the page of it describes."""
    text = (ROOT / "docs/reference/python.md").read_text()
    described = re.findall(r"(?m)^\.\. auto\w+:: (?:.*\.)?(\w+)$|^`(\w+)`", text)
    assert {one or other for one, other in described} == set(liveconfig.__all__)


def test_named_tests_are_there() -> None:
    """A command of a page that runs tests names a place, and a word, that has some."""
    shown = re.compile(r"(?m)-m pytest .*?(tests/[\w/.]+)(?: -k (\w+))?")
    found = [
        each for name in _TEXTS for each in shown.findall((ROOT / name).read_text())
    ]
    assert any(word for _, word in found)
    for place, word in found:
        path = ROOT / place
        assert path.exists(), place
        assert not word or re.search(rf"def test_\w*{word}", path.read_text()), word


def test_every_page_is_in_the_contents() -> None:
    """The front page lists each page of the documentation."""
    docs = ROOT / "docs"
    listed = set(re.findall(r"(?m)^(\w+/[\w-]+)$", (docs / "index.md").read_text()))
    there = {
        path.relative_to(docs).with_suffix("").as_posix()
        for path in docs.glob("*/*.md")
    }
    assert listed == there


@pytest.mark.parametrize("name", _TEXTS)
def test_named_variables_are_settings(name: str) -> None:
    """Every variable that a page names is one that is read."""
    settings = (ROOT / "src/liveconfig/settings.py").read_text()
    for variable in re.findall(r"\bLIVECONFIG_[A-Z_]+\b", (ROOT / name).read_text()):
        assert f'"{variable}"' in settings, variable
