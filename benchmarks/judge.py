"""
How often the judge of a trial is wrong, and how late: `make judge` writes the page.

Owns: the cases, their tables, the page around them.
Must not know: the rules of the judge; it asks the judge itself.
Runs in: the measuring process, and its test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.chances import (
    NOTHING_KNOWN,
    Before,
    alarm,
    alarm_by_deaths,
    alarm_by_knowledge,
    caught,
)
from liveconfig.trial import judge as judged

PAGE = Path(__file__).resolve().parent.parent / "docs" / "explain" / "judge.md"

SHARES = (0.0, 0.001, 0.01, 0.05, 0.2)
RATES = (1, 10, 100, 1000, 10_000)
BROKEN = (1.0, 0.5, 0.2, 0.05)
BURSTS = tuple((share, burst) for share in (0.001, 0.01) for burst in (5, 10, 20))
LOOKS_MS = (50, 20, 5)
DEATHS_SECONDS = (3600, 600, 60)

_TRIAL_SECONDS = 30
# What a config is known from at least, and what it is known from as a rule.
_LEAST_SECONDS, _USUAL_SECONDS = _TRIAL_SECONDS, 600
_WELL_KNOWN = 10**6
_WORKERS = 4

# Each constant of the rule, with a smaller and a larger one beside it.
VARIANTS: tuple[tuple[str, float], ...] = (
    ("", 0),
    ("_FAILURES_BEYOND", 12),
    ("_FAILURES_BEYOND", 20),
    ("_FAILURES_BEYOND", 32),
    ("_RATIO", 1.5),
    ("_RATIO", 3),
    ("_SHARE_ALWAYS_ALLOWED", 0.005),
    ("_SHARE_ALWAYS_ALLOWED", 0.02),
    ("_SHARE_ALLOWED_UNKNOWN", 0.25),
    ("_SHARE_ALLOWED_UNKNOWN", 0.4),
    ("_FAILURES_UNSEEN", 6),
    ("_FAILURES_UNSEEN", 24),
)
_MEANINGS = {
    "": "as it is",
    "_FAILURES_BEYOND": "failing requests beyond",
    "_RATIO": "ratio",
    "_SHARE_ALWAYS_ALLOWED": "always allowed",
    "_SHARE_ALLOWED_UNKNOWN": "allowed where nothing is known",
    "_FAILURES_UNSEEN": "failures that chance may have hidden",
}
# Where false alarms are likeliest: a share, and how many requests are known of before.
_WORST = ((0.2, 0), (0.2, 300), (0.05, 1000), (0.01, 3000), (0.01, 10_000))

Row = list[str]


def percent(share: float) -> str:
    """Return a share as it is written in the tables."""
    return f"{100 * share:g} %"


def per_million(chance: float) -> str:
    """Return a chance as false alarms in a million good changes."""
    alarms = chance * 1e6
    if alarms < 0.001:
        return "< 0.001"
    digits = 2 - math.ceil(math.log10(alarms))
    return f"{round(alarms, digits):,.{max(digits, 0)}f}"


def alarms(share: float) -> Row:
    """Return the false alarms where requests fail each by itself."""
    by_rate = (
        alarm_by_knowledge(share, _LEAST_SECONDS * rate, _TRIAL_SECONDS * rate)
        for rate in RATES
    )
    unknown = alarm(share, NOTHING_KNOWN, _TRIAL_SECONDS * RATES[-1])
    return [percent(share), *map(per_million, by_rate), per_million(unknown)]


def alarms_of_bursts(case: tuple[float, int]) -> Row:
    """Return the false alarms where several requests fail one after the other."""
    share, burst = case
    before = Before(_WELL_KNOWN, round(share * _WELL_KNOWN))
    by_rate = (alarm(share, before, _TRIAL_SECONDS * rate, burst) for rate in RATES)
    return [percent(share), str(burst), *map(per_million, by_rate)]


def alarms_of_deaths(seconds: int) -> Row:
    """Return the false alarms where a worker dies once in so many seconds."""
    by_knowledge = (
        alarm_by_deaths(1 / seconds, known, _TRIAL_SECONDS, _WORKERS)
        for known in (_LEAST_SECONDS, *reversed(DEATHS_SECONDS[:2]))
    )
    return [f"{seconds} s", *map(per_million, by_knowledge)]


def failures(case: tuple[float, float]) -> Row:
    """Return how many requests fail until a bad change is condemned."""
    share, broken = case
    cells = (_failures(share, broken, rate) for rate in RATES)
    return [percent(share), percent(broken), *cells]


def _failures(share: float, broken: float, rate: int) -> str:
    known = _USUAL_SECONDS * rate
    found = caught(
        1 - (1 - share) * (1 - broken),
        Before(known, round(share * known)),
        _TRIAL_SECONDS * rate,
        max(1, rate * LOOKS_MS[0] // 1000),
    )
    if found.chance < 0.01:
        return "never"
    middle, most = found.quantile(0.5), found.quantile(0.99)
    text = f"{middle:,}" if middle == most else f"{middle:,} ({most:,})"
    return text if found.chance > 0.99 else f"{text} in {100 * found.chance:.0f} %"


def failures_by_look(look_ms: int) -> Row:
    """Return how many requests fail at most, where every one does, until a look."""
    return [f"{look_ms} ms", *(f"{_until_look(look_ms, rate):,}" for rate in RATES)]


def _until_look(look_ms: int, rate: int) -> int:
    enough = caught(1.0, Before(_WELL_KNOWN, 0), 10**3, 1).quantile(1.0)
    # A look may come when one is missing.
    return enough - 1 + max(1, rate * look_ms // 1000)


def variant(case: tuple[str, float]) -> Row:
    """Return what the rule would do with another constant."""
    name, value = case
    if not name:
        return [_MEANINGS[name], *_measures()]
    with mock.patch.object(judged, name, value):
        return [f"{_MEANINGS[name]}: {value:g}", *_measures()]


def _measures() -> Row:
    many = _TRIAL_SECONDS * RATES[-1]
    worst = max(alarm_by_knowledge(share, known, many) for share, known in _WORST)
    bursts = alarm(0.001, Before(_WELL_KNOWN, _WELL_KNOWN // 1000), many, 5)
    known = Before(_WELL_KNOWN, _WELL_KNOWN // 5)
    all_fail = caught(1.0, known, many, 1).quantile(1.0)
    few_fail = caught(0.05, Before(_WELL_KNOWN, 0), many, 1).quantile(0.5)
    return [per_million(worst), per_million(bursts), str(all_fail), str(few_fail)]


def table(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Return a table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(line(each) for each in lines)


def line(cells: Sequence[str]) -> str:
    """Return one line of such a table."""
    return f"| {' | '.join(cells)} |"


_BY_RATE = tuple(f"{rate:,}/s" for rate in RATES)

TABLES: dict[str, tuple[Callable[[Any], Row], Sequence[Any], Sequence[str]]] = {
    "alarms": (alarms, SHARES, ("failing", *_BY_RATE, "nothing known of before")),
    "bursts": (alarms_of_bursts, BURSTS, ("failing", "in bursts of", *_BY_RATE)),
    "failures": (
        failures,
        [(share, broken) for broken in BROKEN for share in SHARES],
        ("failing before", "broken by the change", *_BY_RATE),
    ),
    "looks": (failures_by_look, LOOKS_MS, ("looked at every", *_BY_RATE)),
    "deaths": (
        alarms_of_deaths,
        DEATHS_SECONDS,
        ("one death in", "known from 30 s", "from 600 s", "from 3600 s"),
    ),
    "variants": (
        variant,
        VARIANTS,
        (
            "rule",
            "false alarms, at worst",
            "in bursts of 5",
            "until 100 % is condemned, 20 % before",
            "until 5 % is condemned, 0 % before",
        ),
    ),
}

_TEXT = """\
# The judge

When a config is on trial, the publisher compares what fails with it against what failed
with the proven config before.
This page says by which rule, how often the rule is wrong, and how late it is right.
It is written by `make judge`, which takes some minutes; a part of it is computed anew
by a test each time.

## The rule

A config is condemned when so many requests failed with it:

```text
failures >= {beyond} + allowed * requests

allowed = {ratio} * (failures_before + {unseen}) / requests_before
          at least {floor}, at most the larger of {unknown} and
          {ratio} * failures_before / (requests_before + {believe})
```

- **Ratio**: twice the failing share of before is allowed.
- **Floor**: 1 % is allowed always, so that a service in which nothing ever failed does
  not lose a config to a few requests.
- **Least number**: no config is condemned for fewer than {least} failing requests.
- **Little known**: chance may have hidden {unseen} failing requests of before.
  Where nothing is known, 30 % is allowed.
- **A service that fails anyway**: where more than half of the requests failed before,
  they prove nothing any more, and only deaths and callbacks condemn.

Workers that die condemn a config when they are two, or the only one,
and twice the rate of before brings so many less than once in a million times.
Callbacks condemn it when they raise in two workers, or in the only one,
and raised in none before.

Why a line: failures that grow more slowly than a line reach it with a chance that falls
exponentially with its start.
That holds for a trial of any length that is looked at any number of times, so the look
may be as often as it is useful.

## False alarms

In 1,000,000 good changes: as many requests fail with the new config as before.
The trial lasts 30 s, and the share before is known from the 30 s before it only.
These are upper bounds, computed for a look after every single request.

{alarms}

The aim is none in a million.

**Bursts.** The rule takes each failing request as a matter of its own.
Where one broken client, or a dependency that is away for a moment, makes several fail
one after the other, chance is stronger. In 1,000,000 good changes again, with a share
of before that is well known:

{bursts}

A config that is on trial while something else breaks is condemned for it:
no rule that acts within 40 failing requests can keep these apart.

## Bad changes

Failing requests until a change is condemned that makes so many of all requests fail,
beside those that failed before: the median, and in brackets what 99 of 100 stay within.
It is looked at every 50 ms for 30 s, and the share before is known from ten minutes;
what hurts in the first second is seen sooner, as is said below.
"in 40 %" is the chance that it is condemned in the trial at all, and "never" stands for
less than 1 %: it is not far above what failed before, or there are too few requests.

{failures}

Where every request fails, {least} condemn the config when nothing failed before,
{most} when a fifth did, and {unknown_all} when nothing is known.
One may be missing when it is looked at, and what is answered until the next look fails
too. At most so many fail, where nothing failed before:

{looks}

In its first second, in which most that hurts shows, a trial is looked at every 5 ms,
and every 50 ms later. So more than 40 may fail, in spite of a verdict that needs fewer,
from about 5,000 requests a second on; where all requests fail only later, from 500 on.
After the verdict, the proven config has to reach the workers.

## Deaths

A worker that dies by itself now and then is explained by the rate of before, if that is
known. In 1,000,000 good changes, with {workers} workers:

{deaths}

A service that runs for half a minute has seen none of its rare deaths yet, and two of
them in one trial condemn a good config.

## Why these constants

One constant is changed at a time. False alarms are in 1,000,000 good changes, first in
the worst of five cases in which they are likeliest, then in bursts of 5 with 0.1 %
failing; the rest is how many requests fail until a bad change is condemned.

{variants}
"""


def page(tables: dict[str, list[Row]]) -> str:
    """Return the page with these tables."""
    many = Before(_WELL_KNOWN, 0)
    fifth = Before(_WELL_KNOWN, _WELL_KNOWN // 5)
    until = [
        caught(1.0, each, 10**3, 1).quantile(1.0)
        for each in (many, fifth, NOTHING_KNOWN)
    ]
    return _TEXT.format(
        beyond=judged._FAILURES_BEYOND,
        ratio=judged._RATIO,
        unseen=judged._FAILURES_UNSEEN,
        unknown=judged._SHARE_ALLOWED_UNKNOWN,
        believe=judged._REQUESTS_TO_BELIEVE,
        floor=judged._SHARE_ALWAYS_ALLOWED,
        workers=_WORKERS,
        least=until[0],
        most=until[1],
        unknown_all=until[2],
        **{name: table(TABLES[name][2], rows) for name, rows in tables.items()},
    )


def main() -> None:
    """Compute every table, two rows at a time, and write the page."""
    with ProcessPoolExecutor(2) as pool:
        running = {
            name: pool.map(row, cases) for name, (row, cases, _) in TABLES.items()
        }
        PAGE.write_text(page({name: list(rows) for name, rows in running.items()}))


if __name__ == "__main__":
    main()
