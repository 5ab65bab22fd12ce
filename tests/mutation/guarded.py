"""
The safeguards against a change that goes too far, each as a change that takes it away.

Owns: the rows for the limits, and for which config is the one before.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Drop, Never, Swap, Value, Without

_CLI = "tests/unit/test_cli_against.py::test_"
_GUARD = "tests/unit/test_publisher_guard.py::test_"
_OUTLINE = "tests/unit/test_outline.py::test_"
_RULE = "tests/unit/test_change_guards.py::test_"

GUARDED = (
    Mutant(
        "schema.guards:Limit.is_passed",
        "a limit is compared to the digit",
        Swap("Decimal(str(self.most))", "self.most"),
        (f"{_RULE}growth_to_the_limit_is_let_through",),
    ),
    Mutant(
        "schema.guards:_grown",
        "growth is that of the bytes as well",
        Without("bytes _bytes"),
        (f"{_RULE}growth_names_key_and_both_figures",),
    ),
    Mutant(
        "schema.guards:_way",
        "the key that is named makes out most of the change",
        Without("sum keys"),
        (f"{_RULE}growth_names_key_and_both_figures",),
    ),
    Mutant(
        "schema.guards:_gone",
        "an item of a list is no key that could be gone",
        Swap(
            "max(0, _keys(before) - (_keys(after) if is_list else 0))",
            "_keys(before) if before != after else 0",
        ),
        (f"{_RULE}removal_to_the_limit_is_let_through",),
    ),
    Mutant(
        "schema.guards:_blanked",
        "what was blank may stay so",
        Swap("is_blank(_value(before, keys))", "False"),
        (f"{_RULE}blank_that_was_blank_is_let_through",),
    ),
    Mutant(
        "schema.outline:Outliner._own",
        "a default counts as not there",
        Swap("not self._is_default(fields[key], value)", "True"),
        (f"{_OUTLINE}default_counts_as_not_there",),
    ),
    Mutant(
        "schema.outline:Outliner._own",
        "a default that is written is there",
        Swap("key in written", "False"),
        (f"{_OUTLINE}default_that_is_written_counts",),
    ),
    Mutant(
        "schema.outline:_blank",
        "a key with a default may be blank",
        Without("required"),
        (f"{_OUTLINE}blank_is_only_what_has_no_default",),
    ),
    Mutant(
        "reading.against:refusals",
        "the key is named as it may be shown",
        Without("key_names"),
        (f"{_GUARD}no_secret_is_in_the_sentence",),
    ),
    Mutant(
        "publishing.guard:Guard._live",
        "what was live may come back",
        Without("known"),
        (f"{_GUARD}what_was_live_may_come_back",),
    ),
    Mutant(
        "publishing.guard:Guard._live",
        "defaults are no version before",
        Never("origin"),
        (f"{_GUARD}first_config_is_compared_with_nothing",),
    ),
    Mutant(
        "publishing.guard:Guard.require_near",
        "the cached config is the one before the first",
        Swap("self._cached()", "None"),
        (f"{_GUARD}cached_config_is_the_one_before_the_first",),
    ),
    Mutant(
        "schema.schema:Schema.outline_of_masked",
        "what another class had is not compared",
        Drop("reduce getitem way known last"),
        (f"{_CLI}service_is_compared_with_what_it_serves",),
    ),
    Mutant(
        "reading.against:refusals",
        "secrets that are not known are not compared",
        Value("is_masked", "False", nth=2),
        (f"{_CLI}service_is_compared_with_what_it_serves",),
    ),
    Mutant(
        "command.against:_served",
        "what the service served before may come back",
        Swap("frozenset(published)", "frozenset()"),
        (f"{_CLI}what_the_service_served_before_may_come_back",),
    ),
    Mutant(
        "command.checker:Checker.only",
        "a config of several is chosen by nobody but its author",
        Never("more"),
        (f"{_CLI}one_config_is_compared_with_one",),
    ),
    Mutant(
        "command.cli:_compare",
        "a limit alone is wrong usage",
        Never("any limit"),
        (f"{_CLI}limit_without_against_is_wrong_usage",),
    ),
)
