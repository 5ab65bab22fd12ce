"""
The safeguards against a class's own code, each as a change that takes it away.

Owns: the rows for what a class raises, and for what does not come back as it was.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_OWN_CODE = ("tests/unit/test_own_code.py",)
_JSON_SCHEMA = ("tests/unit/test_json_schema.py",)
_TAKE_BACK = ("tests/unit/test_take_back.py",)

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
        _OWN_CODE,
    ),
    Mutant(
        "schema/explain",
        "the end of the process is no way out of a class",
        "RAISED = (Exception, SystemExit)",
        "RAISED = (Exception,)",
        _OWN_CODE,
    ),
    Mutant(
        "schema/explain",
        "a search goes on when a class fails",
        "    except RAISED as error:\n",
        "    except ZeroDivisionError as error:\n",
        _OWN_CODE,
    ),
    Mutant(
        "schema/schema",
        "a class that fails is told from damage",
        "if not is_whole(payload):",
        "if True:",
        _OWN_CODE,
    ),
    Mutant(
        "schema/schema",
        "what workers would get is compared",
        "if self._shape.anatomy.difference(config, taken) is not None:",
        "if False:",
        _TAKE_BACK,
    ),
    Mutant(
        "schema/codec",
        "a moment keeps its offset",
        "if self._shape.has_moments:",
        "if False:",
        _TAKE_BACK,
    ),
    Mutant(
        "schema/anatomy",
        "types are compared",
        "if kind is not type(other) and (kind, type(other)) not in _FROZEN:",
        "if False:",
        _TAKE_BACK,
    ),
    Mutant(
        "schema/anatomy",
        "the types of keys are compared",
        " or set(map(type, one)) != set(map(type, other))",
        "",
        _TAKE_BACK,
    ),
    Mutant(
        "schema/classes",
        "a constructor that would not run is refused",
        "if owner is not object and not _is_generated(owner):",
        "if False:",
        _TAKE_BACK,
    ),
    Mutant(
        "schema/classes",
        "a constructor that a decorator kept is refused",
        "if code is None or not code.co_filename.startswith(_GENERATED):",
        "if False:",
        _TAKE_BACK,
    ),
    Mutant(
        "schema/classes",
        "a converter that would not run is refused",
        'if getattr(field, "converter", None) is not None:',
        "if False:",
        _TAKE_BACK,
    ),
    Mutant(
        "schema/classes",
        "a check that would not be made is refused",
        "if library in _UNCHECKED:",
        "if False:",
        _TAKE_BACK,
    ),
    Mutant(
        "schema/json_schema",
        "a strict schema allows no other key",
        "if self._is_strict or getattr",
        "if getattr",
        _JSON_SCHEMA,
    ),
    Mutant(
        "schema/json_schema",
        "a default that holds a secret is not shown",
        "        return dict(value)\n    raise TypeError",
        "        return dict(value)\n    return str(value)",
        _JSON_SCHEMA,
    ),
)
