"""
The safeguards of what is said of a wrong document, each as a change that takes it away.

Owns: the rows for the place and the cause of an error, and for empty layers.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_ERRORS = ("tests/unit/test_yaml_errors.py",)
_MANIFESTS = ("tests/unit/test_cli_manifests.py",)
_NUMBERS = ("tests/unit/test_numbers.py",)
_LOADER = ("tests/unit/test_loader.py",)

WORDS = (
    Mutant(
        "reading/yaml_errors",
        "a quote that is never closed is told where it is opened",
        "return Place(stop.began.line, stop.began.column), _NEVER_CLOSED",
        "return None",
        _ERRORS,
    ),
    Mutant(
        "reading/yaml_errors",
        "a bracket that is never closed is told where it is opened",
        "return Place(mark.line, mark.column), _OPEN_BRACKET",
        "return here, _OPEN_BRACKET",
        _ERRORS,
    ),
    Mutant(
        "reading/document",
        "no place is outside of what is written",
        "        line, column = inside(lines, line, column)",
        "        pass",
        _ERRORS,
    ),
    Mutant(
        "reading/yaml_text",
        "a template is told from a mapping as a key",
        "        tree.refuse(outer, TEMPLATE)",
        "        pass",
        _ERRORS,
    ),
    Mutant(
        "schema/schema",
        "a date that nobody asks for is text everywhere",
        "            holder[last] = holder[last].isoformat()",
        "            pass",
        _NUMBERS,
    ),
    Mutant(
        "schema/explain",
        "a number that is text is told with its cure",
        '            return f"{sentence}: {cure}" if cure else sentence',
        "            return sentence",
        _NUMBERS,
    ),
    Mutant(
        "schema/explain",
        "the words that are wanted are named",
        "        if kinds == {*wanted} and",
        "        if False and",
        _NUMBERS,
    ),
    Mutant(
        "reading/loader",
        "a number that nobody reads is no warning",
        "            if not any(way in unknown for way in ways):",
        "            if True:",
        _NUMBERS,
    ),
    Mutant(
        "reading/loader",
        "a number that may be a secret is not shown",
        "is_shown = names.of_document(odd.keys) == odd.keys",
        "is_shown = True",
        _NUMBERS,
    ),
    Mutant(
        "reading/manifest",
        "a header may say how far a text is indented",
        "        if literal[1]:",
        "        if False:",
        _MANIFESTS,
    ),
    Mutant(
        "reading/loader",
        "an empty layer adds nothing",
        "return _NOTHING if found is None else found",
        "return found",
        _LOADER,
    ),
    Mutant(
        "reading/loader",
        "a config of nothing is refused",
        "if all(document is _NOTHING for document in documents.values()):",
        "if False:",
        _LOADER,
    ),
    Mutant(
        "reading/loader",
        "a blank that nobody sees is named",
        "    if odd is not None:",
        "    if False:",
        _LOADER,
    ),
)
