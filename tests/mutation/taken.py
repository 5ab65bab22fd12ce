"""
The safeguards against a class's own code, each as a change that takes it away.

Owns: the rows for what a class raises, and for what does not come back as it was.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_JSON_SCHEMA = "tests/unit/test_json_schema.py::test_"
_OWN_CODE = "tests/unit/test_own_code.py::test_"
_TAKE_BACK = "tests/unit/test_take_back.py::test_"

TAKEN = (
    Mutant(
        "schema/identity",
        "a set's order is not in what tells classes apart",
        "sorted(map(repr, constant))",
        "map(repr, constant)",
        ("tests/process/test_identity.py",),
    ),
    Mutant(
        "schema/identity",
        "a class's own rules are in what tells classes apart",
        "yield from _code(getattr(class_, name, None))",
        "pass",
        ("tests/process/test_identity.py",),
    ),
    Mutant(
        "schema/explain",
        "words of a class with secrets are not shown",
        "    if has_secrets:\n        # Its words",
        "    if False:\n        # Its words",
        (f"{_OWN_CODE}words_of_a_class_with_secrets_are_not_shown",),
    ),
    Mutant(
        "schema/explain",
        "the end of the process is no way out of a class",
        "RAISED = (Exception, SystemExit)",
        "RAISED = (Exception,)",
        (f"{_OWN_CODE}whatever_a_class_raises_is_a_refusal_by_its_type",),
    ),
    Mutant(
        "schema/explain",
        "a search goes on when a class fails",
        "    except RAISED as error:\n",
        "    except ZeroDivisionError as error:\n",
        (f"{_OWN_CODE}failure_while_another_mistake_is_looked_for_is_none",),
    ),
    Mutant(
        "schema/schema",
        "a class that fails is told from damage",
        "if not is_whole(payload):",
        "if True:",
        (f"{_OWN_CODE}class_that_fails_in_a_worker_is_told_from_damage",),
    ),
    Mutant(
        "schema/schema",
        "what workers would get is compared",
        "if self._shape.anatomy.difference(config, taken) is not None:",
        "if False:",
        (f"{_TAKE_BACK}default_of_another_type_is_refused",),
    ),
    Mutant(
        "schema/codec",
        "a moment keeps its offset",
        "if self._shape.has_moments:",
        "if False:",
        (f"{_TAKE_BACK}moment_keeps_its_offset",),
    ),
    Mutant(
        "schema/anatomy",
        "types are compared",
        "if kind is not type(other) and (kind, type(other)) not in _FROZEN:",
        "if False:",
        (f"{_TAKE_BACK}default_of_another_type_is_refused",),
    ),
    Mutant(
        "schema/anatomy",
        "the types of keys are compared",
        " or set(map(type, one)) != set(map(type, other))",
        "",
        (f"{_TAKE_BACK}default_of_another_type_is_refused",),
    ),
    Mutant(
        "schema/classes",
        "a constructor that would not run is refused",
        "if owner is not object and not _is_generated(owner):",
        "if False:",
        (f"{_TAKE_BACK}class_whose_own_code_would_never_run_is_refused",),
    ),
    Mutant(
        "schema/classes",
        "a constructor that a decorator kept is refused",
        "if code is None or not code.co_filename.startswith(_GENERATED):",
        "if False:",
        ("tests/unit/test_take_back.py",),
    ),
    Mutant(
        "schema/classes",
        "a converter that would not run is refused",
        'if getattr(field, "converter", None) is not None:',
        "if False:",
        (f"{_TAKE_BACK}class_whose_own_code_would_never_run_is_refused",),
    ),
    Mutant(
        "schema/classes",
        "a check that would not be made is refused",
        "if library in _UNCHECKED:",
        "if False:",
        (f"{_TAKE_BACK}class_whose_own_code_would_never_run_is_refused",),
    ),
    Mutant(
        "schema/json_schema",
        "a strict schema allows no other key",
        "if self._is_strict or getattr",
        "if getattr",
        (f"{_JSON_SCHEMA}strict_schema_refuses_unknown_keys",),
    ),
    Mutant(
        "schema/json_schema",
        "a default that holds a secret is not shown",
        "        return dict(value)\n    raise TypeError",
        "        return dict(value)\n    return str(value)",
        (f"{_JSON_SCHEMA}defaults_are_shown_as_a_file_would_write_them",),
    ),
)
