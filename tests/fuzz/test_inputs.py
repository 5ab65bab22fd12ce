"""What reads what others wrote, before a corpus and before changes to it."""

from __future__ import annotations

import pytest

from tests.fuzz.campaign import Target, fuzz, replay
from tests.fuzz.targets import TARGETS

# The long run, `make fuzz`, draws others: what a change of the code did not break is
# no reason for it to be refused.
_SECONDS = 0.6
_NUMBER = 1


def _each_target() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))


@_each_target()
def test_corpus_breaks_no_promise(target: Target) -> None:
    """Every input of the corpus ends in time, in an answer or the error it may."""
    seeds = target.seeds()
    assert len(seeds) >= 10
    result = replay(target, list(seeds.values()))
    names = [str(path) for path in seeds if seeds[path] == result.failure]
    assert result.failure is None, f"{names}\n{result.reason}"
    assert result.tried == len(seeds)


@_each_target()
def test_changed_inputs_break_no_promise(target: Target) -> None:
    """Nor does any of many inputs that nobody wrote."""
    result = fuzz(target, _NUMBER, _SECONDS)
    print(f"{target.name}: {result.tried} inputs")
    assert result.failure is None, f"{result.failure!r}\n{result.reason}"
    assert result.tried >= 20
    assert result.outcomes > 1
