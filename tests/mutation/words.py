"""
The safeguards of what is said of a wrong document, each as a change that takes it away.

Owns: the rows for the place and the cause of an error, and for empty layers.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_CLI_MANIFESTS = "tests/unit/test_cli_manifests.py::test_"
_LOADER = "tests/unit/test_loader.py::test_"
_NUMBERS = "tests/unit/test_numbers.py::test_"
_YAML_ERRORS = "tests/unit/test_yaml_errors.py::test_"

WORDS = (
    Mutant(
        "reading/yaml_errors",
        "a quote that is never closed is told where it is opened",
        "return Place(stop.began.line, stop.began.column), _NEVER_CLOSED",
        "return None",
        (f"{_YAML_ERRORS}cause_of_broken_yaml_is_named_where_it_stands",),
    ),
    Mutant(
        "reading/yaml_errors",
        "a bracket that is never closed is told where it is opened",
        "return Place(mark.line, mark.column), _OPEN_BRACKET",
        "return here, _OPEN_BRACKET",
        (f"{_YAML_ERRORS}cause_of_broken_yaml_is_named_where_it_stands",),
    ),
    Mutant(
        "reading/document",
        "no place is outside of what is written",
        "        line, column = inside(lines, line, column)",
        "        pass",
        (f"{_YAML_ERRORS}place_of_an_error_is_inside_of_what_is_written",),
    ),
    Mutant(
        "reading/yaml_text",
        "a template is told from a mapping as a key",
        "        tree.refuse(outer, TEMPLATE)",
        "        pass",
        (f"{_YAML_ERRORS}cause_of_broken_yaml_is_named_where_it_stands",),
    ),
    Mutant(
        "schema/schema",
        "a date that nobody asks for is text everywhere",
        "            holder[last] = holder[last].isoformat()",
        "            pass",
        (f"{_NUMBERS}date_that_nobody_asks_for_is_text",),
    ),
    Mutant(
        "schema/explain",
        "a number that is text is told with its cure",
        '            return f"{sentence}: {cure}" if cure else sentence',
        "            return sentence",
        (f"{_NUMBERS}number_that_yaml_takes_for_text_is_told_with_its_cure",),
    ),
    Mutant(
        "schema/explain",
        "the words that are wanted are named",
        "        if kinds == {*wanted} and",
        "        if False and",
        (f"{_NUMBERS}one_of_some_words_is_wanted",),
    ),
    Mutant(
        "reading/loader",
        "a number that nobody reads is no warning",
        "            if not any(way in unknown for way in ways):",
        "            if True:",
        (f"{_NUMBERS}each_such_number_is_told_where_somebody_reads_it",),
    ),
    Mutant(
        "reading/loader",
        "a number that may be a secret is not shown",
        "is_shown = names.of_document(odd.keys) == odd.keys",
        "is_shown = True",
        (f"{_NUMBERS}number_is_shown_only_where_it_is_known_to_be_no_secret",),
    ),
    Mutant(
        "reading/manifest",
        "a header may say how far a text is indented",
        "        if literal[1]:",
        "        if False:",
        (f"{_CLI_MANIFESTS}column_in_a_text_of_known_indent_is_an_editors",),
    ),
    Mutant(
        "reading/loader",
        "an empty layer adds nothing",
        "return _NOTHING if found is None else found",
        "return found",
        (f"{_LOADER}layer_without_keys_adds_nothing",),
    ),
    Mutant(
        "reading/loader",
        "a config of nothing is refused",
        "if all(document is _NOTHING for document in documents.values()):",
        "if False:",
        (f"{_LOADER}config_of_nothing_is_refused",),
    ),
    Mutant(
        "reading/loader",
        "a blank that nobody sees is named",
        "    if odd is not None:",
        "    if False:",
        (f"{_LOADER}blank_that_nobody_sees_is_named",),
    ),
)
