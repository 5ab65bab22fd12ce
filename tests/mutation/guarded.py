"""
The safeguards against a change that goes too far, each as a change that takes it away.

Owns: the rows for the limits, and for which config is the one before.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_GUARD = "tests/unit/test_publisher_guard.py::test_"
_OUTLINE = "tests/unit/test_outline.py::test_"
_RULE = "tests/unit/test_change_guards.py::test_"

GUARDED = (
    Mutant(
        "schema/guards",
        "a limit is compared to the digit",
        "value > Decimal(str(self.most)) * whole",
        "value > self.most * whole",
        (f"{_RULE}growth_to_the_limit_is_let_through",),
    ),
    Mutant(
        "schema/guards",
        "growth is that of the bytes as well",
        '((_nodes, "keys and values"), (_bytes, "bytes"))',
        '((_nodes, "keys and values"),)',
        (f"{_RULE}growth_names_key_and_both_figures",),
    ),
    Mutant(
        "schema/guards",
        "the key that is named makes out most of the change",
        " or (keys and 2 * found[key] < sum(found.values()))",
        "",
        (f"{_RULE}growth_names_key_and_both_figures",),
    ),
    Mutant(
        "schema/guards",
        "an item of a list is no key that could be gone",
        "max(0, _keys(before) - (_keys(after) if is_list else 0))",
        "_keys(before) if before != after else 0",
        (f"{_RULE}removal_to_the_limit_is_let_through",),
    ),
    Mutant(
        "schema/guards",
        "what was blank may stay so",
        "if not is_blank(_value(before, keys))",
        "if True",
        (f"{_RULE}blank_that_was_blank_is_let_through",),
    ),
    Mutant(
        "schema/outline",
        "a default counts as not there",
        "            or not self._is_default(fields[key], value)\n",
        "            or True\n",
        (f"{_OUTLINE}default_counts_as_not_there",),
    ),
    Mutant(
        "schema/outline",
        "a default that is written is there",
        "            if key in written\n            or key not in fields",
        "            if key not in fields",
        (f"{_OUTLINE}default_that_is_written_counts",),
    ),
    Mutant(
        "schema/outline",
        "a key with a default may be blank",
        "field is not None and field.required and is_blank(value)",
        "field is not None and is_blank(value)",
        (f"{_OUTLINE}blank_is_only_what_has_no_default",),
    ),
    Mutant(
        "reading/against",
        "the key is named as it may be shown",
        "            schema.key_names.of_config,\n",
        "",
        (f"{_GUARD}no_secret_is_in_the_sentence",),
    ),
    Mutant(
        "publishing/guard",
        "what was live may come back",
        " or _was_live(history, candidate.digest)",
        "",
        (f"{_GUARD}what_was_live_may_come_back",),
    ),
    Mutant(
        "publishing/guard",
        "defaults are no version before",
        'if live.origin == "defaults":',
        "if False:",
        (f"{_GUARD}first_config_is_compared_with_nothing",),
    ),
    Mutant(
        "publishing/guard",
        "the cached config is the one before the first",
        "self._cached() if live is None else",
        "None if live is None else",
        (f"{_GUARD}cached_config_is_the_one_before_the_first",),
    ),
)
