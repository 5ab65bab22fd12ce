"""
The safeguards against a class's own code, each as a change that takes it away.

Owns: the rows for what a class raises, and for what does not come back as it was.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Always, Drop, Instead, Never, Only, Swap, Without

_JSON_SCHEMA = "tests/unit/test_json_schema.py::test_"
_OWN_CODE = "tests/unit/test_own_code.py::test_"
_TAKE_BACK = "tests/unit/test_take_back.py::test_"

TAKEN = (
    Mutant(
        "schema.identity:_instructions",
        "a set's order is not in what tells classes apart",
        Only("map"),
        ("tests/process/test_identity.py",),
    ),
    Mutant(
        "schema.identity:_class",
        "a class's own rules are in what tells classes apart",
        Drop("_code"),
        ("tests/process/test_identity.py",),
    ),
    Mutant(
        "schema.explain:_refused",
        "words of a class with secrets are not shown",
        Never("has_secrets"),
        (f"{_OWN_CODE}words_of_a_class_with_secrets_are_not_shown",),
    ),
    Mutant(
        "schema.explain:RAISED",
        "the end of the process is no way out of a class",
        Without("SystemExit"),
        (f"{_OWN_CODE}whatever_a_class_raises_is_a_refusal_by_its_type",),
    ),
    Mutant(
        "schema.explain:_refusal",
        "a search goes on when a class fails",
        Swap("RAISED", "ZeroDivisionError"),
        (f"{_OWN_CODE}failure_while_another_mistake_is_looked_for_is_none",),
    ),
    Mutant(
        "schema.schema:Schema.unpack",
        "a class that fails is told from damage",
        Always("is_whole"),
        (f"{_OWN_CODE}class_that_fails_in_a_worker_is_told_from_damage",),
    ),
    Mutant(
        "schema.schema:Schema.pack",
        "what workers would get is compared",
        Never("difference"),
        (f"{_TAKE_BACK}default_of_another_type_is_refused",),
    ),
    Mutant(
        "schema.codec:Codec.encode",
        "a moment keeps its offset",
        Never("has_moments"),
        (f"{_TAKE_BACK}moment_keeps_its_offset",),
    ),
    Mutant(
        "schema.anatomy:Anatomy.difference",
        "types are compared",
        Never("_FROZEN"),
        (f"{_TAKE_BACK}default_of_another_type_is_refused",),
    ),
    Mutant(
        "schema.anatomy:Anatomy._difference_of_mappings",
        "the types of keys are compared",
        Without("set"),
        (f"{_TAKE_BACK}default_of_another_type_is_refused",),
    ),
    Mutant(
        "schema.classes:_problem",
        "a constructor that would not run is refused",
        Never("_is_generated"),
        (f"{_TAKE_BACK}class_whose_own_code_would_never_run_is_refused",),
    ),
    Mutant(
        "schema.classes:_is_generated",
        "a constructor that a decorator kept is refused",
        Never("startswith"),
        ("tests/unit/test_take_back.py",),
    ),
    Mutant(
        "schema.classes:_field_problem",
        "a converter that would not run is refused",
        Never("converter"),
        (f"{_TAKE_BACK}class_whose_own_code_would_never_run_is_refused",),
    ),
    Mutant(
        "schema.classes:annotation_problem",
        "a check that would not be made is refused",
        Never("_UNCHECKED"),
        (f"{_TAKE_BACK}class_whose_own_code_would_never_run_is_refused",),
    ),
    Mutant(
        "schema.json_schema:_Writer._class",
        "a strict schema allows no other key",
        Without("_is_strict"),
        (f"{_JSON_SCHEMA}strict_schema_refuses_unknown_keys",),
    ),
    Mutant(
        "schema.json_schema:_not_shown",
        "a default that holds a secret is not shown",
        Instead("TypeError", "return str(value)"),
        (f"{_JSON_SCHEMA}defaults_are_shown_as_a_file_would_write_them",),
    ),
)
