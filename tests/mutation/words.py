"""
The safeguards of what is said of a wrong document, each as a change that takes it away.

Owns: the rows for the place and the cause of an error, and for empty layers.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Always, Drop, Instead, Never, Swap, Value

_CLI_MANIFESTS = "tests/unit/test_cli_manifests.py::test_"
_LOADER = "tests/unit/test_loader.py::test_"
_NUMBERS = "tests/unit/test_numbers.py::test_"
_YAML_ERRORS = "tests/unit/test_yaml_errors.py::test_"

WORDS = (
    Mutant(
        "reading.yaml_errors:_of_quote",
        "a quote that is never closed is told where it is opened",
        Instead("_NEVER_CLOSED", "return None"),
        (f"{_YAML_ERRORS}cause_of_broken_yaml_is_named_where_it_stands",),
    ),
    Mutant(
        "reading.yaml_errors:_of_bracket",
        "a bracket that is never closed is told where it is opened",
        Swap("Place(mark.line, mark.column)", "here"),
        (f"{_YAML_ERRORS}cause_of_broken_yaml_is_named_where_it_stands",),
    ),
    Mutant(
        "reading.document:_inside",
        "no place is outside of what is written",
        Drop("inside"),
        (f"{_YAML_ERRORS}place_of_an_error_is_inside_of_what_is_written",),
    ),
    Mutant(
        "reading.yaml_text:_refuse_template",
        "a template is told from a mapping as a key",
        Drop("refuse"),
        (f"{_YAML_ERRORS}cause_of_broken_yaml_is_named_where_it_stands",),
    ),
    Mutant(
        "schema.schema:Schema.validate",
        "a date that nobody asks for is text everywhere",
        Drop("isoformat"),
        (f"{_NUMBERS}date_that_nobody_asks_for_is_text",),
    ),
    Mutant(
        "schema.explain:_reworded",
        "a number that is text is told with its cure",
        Never("cure"),
        (f"{_NUMBERS}number_that_yaml_takes_for_text_is_told_with_its_cure",),
    ),
    Mutant(
        "schema.explain:_reworded",
        "the words that are wanted are named",
        Never("kinds wanted"),
        (f"{_NUMBERS}one_of_some_words_is_wanted",),
    ),
    Mutant(
        "reading.loader:warnings",
        "a number that nobody reads is no warning",
        Always("unknown"),
        (f"{_NUMBERS}each_such_number_is_told_where_somebody_reads_it",),
    ),
    Mutant(
        "reading.yaml_text:_Scalars.value",
        "a blank that nobody sees is named",
        Never("has_edge_blank"),
        (f"{_NUMBERS}blank_at_an_end_of_a_text_is_a_warning",),
    ),
    Mutant(
        "reading.json_text:read_json",
        "a blank that nobody sees is named in JSON",
        Never("has_edge_blank"),
        (f"{_NUMBERS}blank_at_an_end_of_a_text_in_json_is_a_warning",),
    ),
    Mutant(
        "reading.document:odd_values",
        "a blank that is written by its number is meant",
        Swap("isinstance(each, OddNumber) or each.is_in(lines)", "True"),
        (f"{_NUMBERS}blank_at_an_end_of_a_text_is_a_warning",),
    ),
    Mutant(
        "reading.loader:warnings",
        "a number that may be a secret is not shown",
        Value("is_shown", "True", nth=1),
        (f"{_NUMBERS}number_is_shown_only_where_it_is_known_to_be_no_secret",),
    ),
    Mutant(
        "reading.manifest:ManifestFile._indent",
        "a header may say how far a text is indented",
        Never("literal", nth=2),
        (f"{_CLI_MANIFESTS}column_in_a_text_of_known_indent_is_an_editors",),
    ),
    Mutant(
        "reading.loader:_parsed",
        "an empty layer adds nothing",
        Never("found"),
        (f"{_LOADER}layer_without_keys_adds_nothing",),
    ),
    Mutant(
        "reading.loader:_refuse_nothing",
        "a config of nothing is refused",
        Never("all"),
        (f"{_LOADER}config_of_nothing_is_refused",),
    ),
    Mutant(
        "reading.loader:_hinted",
        "a blank that nobody sees is named",
        Never("odd"),
        (f"{_LOADER}blank_that_nobody_sees_is_named",),
    ),
)
