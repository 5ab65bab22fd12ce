"""As many stories of edits, flips, kills and reloads as there is time for."""

from __future__ import annotations

import pytest

from tests.stress.conftest import Run
from tests.support.story import tell

pytestmark = pytest.mark.stress

_SHARE = 0.12
_STEPS = 15


def test_every_story_ends_well(run: Run) -> None:
    """After each step every worker serves the newest good config, and says what is."""
    for _ in run.until(_SHARE, lambda: f"{run.stories} stories, {run.steps:,} steps"):
        told = tell(stories=2, steps=_STEPS, number=run.seed + run.stories)
        run.stories += told.stories
        run.steps += told.steps
    print(f"\n  {run.stories} stories, {run.steps:,} steps", flush=True)
    assert run.steps >= run.least(20)
