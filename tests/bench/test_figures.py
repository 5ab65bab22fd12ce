"""The arithmetic of the benchmark, its verdicts, and how they are shown."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks import pictures, plot, report
from benchmarks.figures import Metric, percentile, ratio, spread
from benchmarks.peers import CONSTANT, NAMES, OURS
from benchmarks.targets import TARGETS, Target, judge, verdict

_MACHINE = {"run": "tiny"}


def _metric(case: str = "1 thread", **samples: list[float]) -> Metric:
    return Metric("read", case, "s", samples)


def test_percentile_lies_between_neighbours() -> None:
    """A percentile between two samples is in proportion between them."""
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.5
    assert percentile([4.0, 1.0, 3.0, 2.0], 100) == 4.0
    assert percentile([7.0], 99) == 7.0


def test_spread_is_the_median_and_the_quartiles() -> None:
    """The spread of some samples is their quartiles, whatever their order."""
    assert spread([5.0, 1.0, 4.0, 2.0, 3.0]) == (2.0, 3.0, 4.0, 5)


def test_ratio_is_taken_round_by_round() -> None:
    """What slows down both sides of a round does not change their ratio."""
    assert ratio([2.0, 20.0, 2.0], [1.0, 10.0, 1.0]) == 2.0
    # The ratio of the medians would be 10.
    assert ratio([1.0, 20.0, 30.0], [1.0, 2.0, 30.0]) == 1.0


def test_ratio_of_unequal_rounds_is_that_of_the_medians() -> None:
    """Where one side has more samples, each side's median counts."""
    assert ratio([1.0, 6.0, 7.0], [3.0]) == 2.0


@pytest.mark.parametrize(
    ("over", "under"), [([], [1.0]), ([1.0], []), ([1.0], [0.0]), ([0.0], [1.0])]
)
def test_ratio_of_nothing_is_none(over: list[float], under: list[float]) -> None:
    """Where a side has no figure, or none above zero, there is no ratio."""
    assert ratio(over, under) is None


def test_best_is_whoever_nobody_beats() -> None:
    """A peer that wins is marked, in either direction, and so is one that draws."""
    samples = {OURS: [2.0], CONSTANT: [1.0], "stat": [1.0]}
    assert Metric("r", "c", "s", samples).best() == {CONSTANT, "stat"}
    assert Metric("r", "c", "/s", samples, is_more_better=True).best() == {OURS}


@pytest.mark.parametrize(
    ("target", "figure", "is_met"),
    [
        (Target("", "r", "c", 1.9, ("stat",)), 2.0, False),
        (Target("", "r", "c", 2.0, ("stat",)), 2.0, True),
        (Target("", "r", "c", 2.0, ("stat",), is_at_least=True), 2.0, True),
        (Target("", "r", "c", 1.0, ("mutex",), is_rival_over_ours=True), 3.0, True),
        (
            Target("", "r", "c", 1.0, ("mutex", "stat"), is_rival_over_ours=True),
            0.5,
            False,
        ),
        (Target("", "r", "c", 3.0), 2.0, True),
        (Target("", "r", "c", 3.0, is_at_least=True), 2.0, False),
        (Target("", "r", "c", 3.0, ("hup",)), None, None),
    ],
)
def test_target_is_met_or_not(
    target: Target, figure: float | None, is_met: bool | None
) -> None:
    """A target compares the right way round, and with the hardest of its rivals."""
    metric = Metric("r", "c", "s", {OURS: [2.0], "stat": [1.0], "mutex": [6.0]})
    assert verdict(target, metric)[1:] == (figure, is_met)


def test_target_of_a_percentile_compares_the_tails() -> None:
    """A target on p99 does not look at the medians."""
    samples = {OURS: [1.0] * 98 + [9.0] * 2, "stat": [1.0] * 98 + [3.0] * 2}
    target = Target("", "r", "c", 2.0, ("stat",), percent=99.0)
    assert verdict(target, Metric("r", "c", "s", samples))[1:] == (3.0, False)


def test_target_of_ours_alone_may_be_of_the_worst() -> None:
    """Without a rival the percentile decides as well, and else the median."""
    metric = Metric("r", "c", "s", {OURS: [1.0, 2.0, 9.0]})
    worst = Target("", "r", "c", 8.0, percent=100.0)
    assert verdict(worst, metric)[1:] == (9.0, False)
    assert verdict(Target("", "r", "c", 2.0), metric)[1:] == (2.0, True)


def test_missing_metric_leaves_its_target_open() -> None:
    """A target whose figure is missing is neither met nor missed, and is still told."""
    verdicts = judge([], ["read"])
    assert {v.target.row for v in verdicts} == {"read"}
    assert {v.is_met for v in verdicts} == {None}


def test_targets_name_peers_that_exist() -> None:
    """No target compares with a peer that nobody measures."""
    assert {rival for t in TARGETS for rival in t.rivals} <= set(NAMES)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (5.23e-8, "s", "52.3 ns"),
        (0.0015, "s", "1.5 ms"),
        (-0.0015, "s", "-1.5 ms"),
        (12.0, "s", "12 s"),
        (0.0, "s", "0 ns"),
        (28750.0, "/s", "28.8 k/s"),
        (128.0, "", "128"),
        (0.266, "MiB", "0.266 MiB"),
    ],
)
def test_figure_is_shown_with_three_digits(value: float, unit: str, text: str) -> None:
    """A figure has the unit that fits it, and the digits that count."""
    assert report.shown(value, unit) == text


def test_cell_gives_ratio_then_median_then_spread() -> None:
    """A cell says how many times ours, how much, and how sure; the best is bold."""
    metric = _metric(liveconfig=[1.0, 1.0, 2.0], constant=[2.0, 2.0, 4.0])
    assert report.cell(metric, CONSTANT) == "2x · 2 s (2 s to 3 s)"
    assert report.cell(metric, OURS) == "**1x · 1 s (1 s to 1.5 s)**"
    assert report.cell(metric, "stat") == "-"


def test_page_tells_what_is_not_there() -> None:
    """A peer that is absent and a row that failed are told, with the reason."""
    results = report.Results(
        _MACHINE,
        ["read"],
        [_metric(liveconfig=[1.0], constant=[2.0])],
        judge([], ["read"]),
        {"sentry_options": "sentry_options is not installed"},
        {"rest": "RuntimeError: nothing rested"},
    )
    page = " ".join(results.markdown(["read.svg"]).split())
    assert "| sentry_options | not measured: sentry_options is not installed |" in page
    assert "`rest` was not measured: RuntimeError: nothing rested" in page
    assert "| read | 1 thread |" in page
    assert "## read ![read.svg](read.svg)" in page


def test_pictures_are_whole() -> None:
    """Every picture is XML, also with names that XML would misread."""
    ends = [spread([1e-8, 2e-8]), spread([1.0])]
    bars = [plot.BarOf("<a & b>", ends[0], True), plot.BarOf("c", ends[1], False)]
    costs = [
        Metric("update_cost", f"CPU, {n} workers, 64 KiB", "s", {OURS: [0.1 * n]})
        for n in (1, 4)
    ]
    drawn = pictures.drawn([_metric(liveconfig=[1e-7], constant=[2e-7]), *costs])
    assert drawn.keys() == {"read.svg", "update_cost.svg"}
    for picture in (plot.bars("t", "s", bars), plot.bars("t", "s", [])):
        assert ElementTree.fromstring(picture).tag.endswith("svg")
    for picture in drawn.values():
        assert ElementTree.fromstring(picture).tag.endswith("svg")
