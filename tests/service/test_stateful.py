"""Edits, flips, kills and reloads in any order, against a model of what is served."""

from __future__ import annotations

from tests.support.story import tell


def test_any_story_ends_well() -> None:
    """After each step every worker serves the newest good config, and says what is."""
    # The same few each time; the long run tells others.
    told = tell(stories=4, steps=8, number=6)
    assert told.stories == 4
    assert told.steps >= 20
