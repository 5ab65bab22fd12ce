"""
Which requests may fail: those that a plain gunicorn would have failed.

Owns: the rules, and judging by them.
Must not know: which fault has which rule.
Runs in: the test process.

`test_calibration.py` holds each rule against a gunicorn without liveconfig.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.load import Load, Outcome


@dataclass(frozen=True)
class Rule:
    """
    What a plain gunicorn fails.

    Attributes:
        name: in a word or two.
        text: in words.
        broken_per_blow: connections that may end without an answer, for each blow.
        is_per_client: that many for each client, not all together.
        is_end: nobody listens after the blow, so requests are refused.
    """

    name: str
    text: str
    broken_per_blow: int = 0
    is_per_client: bool = False
    is_end: bool = False

    def broken_max(self, blows: int, clients: int) -> int:
        """Return how many connections may end without an answer."""
        return self.broken_per_blow * blows * (clients if self.is_per_client else 1)

    def judge(self, load: Load, blows: int, clients: int) -> list[str]:
        """
        Return what was wrong with the answers, nothing if the rule was kept.

        Args:
            load: what the clients saw.
            blows: how often the rule came into play while they asked.
            clients: how many asked at a time.
        """
        wrong = [f"{p.text}" for p in load.failures if p.outcome is Outcome.WRONG]
        refused = load.count(Outcome.REFUSED)
        if refused and not (self.is_end and blows):
            wrong.append(f"{refused} requests were refused")
        broken = load.count(Outcome.BROKEN)
        most = self.broken_max(blows, clients)
        if broken > most:
            wrong.append(f"{broken} connections were broken, {most} may be")
        return wrong


NONE = Rule("none", "No request fails.")
IN_HAND = Rule(
    "in hand",
    "The one request that a killed worker had accepted.",
    broken_per_blow=1,
)
FROM_ITS_END = Rule(
    "from its end",
    "Those that wait to be accepted when the last worker ends, at most one for each "
    "client, and all that come before the next start.",
    broken_per_blow=1,
    is_per_client=True,
    is_end=True,
)
RULES = (NONE, IN_HAND, FROM_ITS_END)
