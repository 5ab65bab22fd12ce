"""Times, durations and digests have one look each."""

from __future__ import annotations

import pytest

from liveconfig.operators.values import digest, duration


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.0, "0 ms"),
        (0.636, "0.64 ms"),
        (1.4, "1.4 ms"),
        (9.96, "10 ms"),
        (99.6, "100 ms"),
        (999.4, "999 ms"),
        (1000.0, "1.0 s"),
        (119_000.0, "119.0 s"),
        (3_600_000.0, "60 min"),
        (1e9, "16,667 min"),
    ],
)
def test_duration_has_two_digits_or_so(milliseconds: float, text: str) -> None:
    """A duration is as exact as anybody needs it, in the unit that fits."""
    assert duration(milliseconds) == text


def test_digest_is_short_and_whole() -> None:
    """The first digits are shown, all of them are there to be looked up."""
    whole = f"sha256:{'0123456789abcdef' * 4}"
    html = digest(whole)
    assert ">0123456789ab<" in html
    assert f'title="{whole}"' in html
    assert "unknown" in digest("")
