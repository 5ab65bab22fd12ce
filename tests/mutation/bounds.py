"""
The safeguards against what costs too much, each as a change that takes it away.

Owns: the rows for attempts, hangs, limits and bounds.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_HANG = ("tests/unit/test_hang.py",)
_BOUNDS = ("tests/unit/test_bounds.py",)
_LOADER = ("tests/unit/test_loader.py",)
_ATTEMPTS = ("tests/process/test_attempts.py",)

BOUNDS = (
    Mutant(
        "master/hang",
        "time that cannot be read is held against nobody",
        "            self._count_from(worked, now)\n            return",
        "            return",
        _HANG,
    ),
    Mutant(
        "master/hang",
        "work without an end is a hang",
        "if seconds > _WORK_SECONDS_MAX:",
        "if False:",
        _HANG,
    ),
    Mutant(
        "master/hang",
        "work that waits is a hang",
        "if now - self._moved_at > _STILL_SECONDS_MAX:",
        "if False:",
        _HANG,
    ),
    Mutant(
        "master/hang",
        "work that moves is none",
        "self._worked_at_move, self._moved_at = worked, now",
        "pass",
        _HANG,
    ),
    Mutant(
        "publishing/attempts",
        "what ended three publishers is given up",
        "is_over = number >= ATTEMPTS_MAX",
        "is_over = False",
        _ATTEMPTS,
    ),
    Mutant(
        "publishing/attempts",
        "tries are noted on disk as well",
        "noted = _read(self._note) if self._note else None",
        "noted = None",
        _ATTEMPTS,
    ),
    Mutant(
        "publishing/process",
        "the cache is served before deadly bytes are tried again",
        "if publisher.is_wary:",
        "if False:",
        _ATTEMPTS,
    ),
    Mutant(
        "publishing/process",
        "a reload has what was given up tried again",
        "    publisher.close()",
        "    pass",
        _ATTEMPTS,
    ),
    Mutant(
        "reading/loader",
        "what is known already counts as well",
        "        spent.add(known[file])",
        "        pass",
        _LOADER,
    ),
    Mutant(
        "reading/loader",
        "the limits are those of all files",
        "limits, schema.key_names, spent)",
        "limits, schema.key_names)",
        _LOADER,
    ),
    Mutant(
        "schema/changes",
        "no level is copied",
        "*(memoryview(each) for each in branches)",
        "*(bytes(each) for each in branches)",
        ("tests/unit/test_changes.py",),
    ),
    Mutant(
        "schema/explain",
        "the search for a key ends in time",
        "if time.process_time() > deadline:",
        "if False:",
        _BOUNDS,
    ),
    Mutant(
        "schema/explain",
        "an endless sentence is not looked through",
        "> _WORDS_CHARACTERS_MAX:",
        "> 10**9:",
        _BOUNDS,
    ),
    Mutant(
        "reading/yaml_text",
        "many tag directives are refused",
        "    _refuse_many_handles(text, tree)\n",
        "",
        _BOUNDS,
    ),
    Mutant(
        "reading/source",
        "a large source is given up in time",
        "if tries > 1 and time.monotonic() > deadline:",
        "if False:",
        _BOUNDS,
    ),
    Mutant(
        "worker/manager",
        "who asks for a version waits for it",
        "            if snapshot.version >= wanted:",
        "            if True:",
        ("tests/unit/test_at_least.py",),
    ),
    Mutant(
        "worker/manager",
        "another pod's version is not waited for",
        "wanted = min(version, bound().config.version)",
        "wanted = version",
        ("tests/unit/test_at_least.py",),
    ),
    Mutant(
        "worker/turns",
        "a large config is taken in turns",
        "row.version >= head or ahead < _AT_ONCE",
        "True",
        ("tests/unit/test_turns.py",),
    ),
    Mutant(
        "worker/turns",
        "a worker that stands is not waited for long",
        " and time.monotonic() < deadline",
        "",
        ("tests/unit/test_turns.py",),
    ),
)
