"""
Metrics for Prometheus, read from the shared memory when somebody asks.

Owns: the name, the meaning and the value of each metric, and the two text formats.
Must not know: HTTP, any value of a config.
Runs in: every worker that is asked.

Why no multiprocess directory, and none of the worker's own figures: all of this lies in
memory that all workers share, so each gives the same answer, and no count is lost with
a worker or a publisher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate, chain

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from liveconfig.errors import NotBoundError
from liveconfig.memory.shared import bound
from liveconfig.memory.status import (
    PUBLISH_SECONDS,
    PublisherStatus,
    Reloads,
    TrialEnds,
)
from liveconfig.memory.worker_row import (
    PROPAGATION_SECONDS,
    WorkerState,
    WorkerTotals,
)

_ENCODERS: dict[str, Callable[[Collector], bytes]] = {
    CONTENT_TYPE_PLAIN_0_0_4: generate_latest,
    openmetrics.CONTENT_TYPE_LATEST: openmetrics.generate_latest,
}

_MODES = ("inotify", "polling")


class MetricsCollector:
    """
    The metrics, for a registry of prometheus_client.

    A service with metrics of its own registers it once, while importing if it likes:

        from liveconfig import MetricsCollector
        from prometheus_client import REGISTRY

        REGISTRY.register(MetricsCollector())

    With prometheus_client's multiprocess mode, register it beside the
    `MultiProcessCollector`: any worker gives the figures of all. In a process that
    gunicorn's hooks did not run in, there are names and no values.

    Attributes:
        media_types: those of `exposition`, the one for whoever asks for none first.
    """

    media_types = tuple(_ENCODERS)

    def describe(self) -> Iterable[Metric]:
        """Return the metrics without values: how a registry learns their names."""
        return map(_emptied, _metrics(0, False, None, (), _NO_TOTALS))

    def collect(self) -> Iterable[Metric]:
        """Return the metrics; one whose figures cannot be read now has no value."""
        try:
            shared = bound()
        except NotBoundError:
            return self.describe()
        return _metrics(
            shared.config.version,
            shared.config.is_claimed(),
            shared.publisher_status(),
            shared.workers.rows(),
            shared.workers.totals(),
        )

    def exposition(self, media_type: str) -> bytes:
        """Return the metrics as text, in one of the `media_types`."""
        return _ENCODERS[media_type](self)


_NO_STATUS = PublisherStatus(0, 0.0, "", "")
_NO_TOTALS = WorkerTotals(0, 0, 0, 0, 0, (0,) * (len(PROPAGATION_SECONDS) + 1), 0.0)


def _metrics(
    version: int,
    is_publisher_up: bool,
    status: PublisherStatus | None,
    workers: tuple[WorkerState, ...],
    totals: WorkerTotals,
) -> Iterator[Metric]:
    yield _gauge(
        "liveconfig_config_version",
        "The newest version; it counts publications within one gunicorn master. "
        "0 while the service waits for its first config.",
        version,
    )
    yield _gauge(
        "liveconfig_publisher_up",
        "Whether the publisher runs (1) or is being started again (0).",
        is_publisher_up,
    )
    known = status or _NO_STATUS
    of_publisher = chain(_of_source(known), _of_publishing(known), _of_trials(known))
    # No value is no reset of a counter to Prometheus; 0 would be one.
    yield from of_publisher if status else map(_emptied, of_publisher)
    yield from _of_workers(version, workers)
    yield from _of_totals(totals)


def _of_source(status: PublisherStatus) -> Iterator[Metric]:
    config = InfoMetricFamily(
        "liveconfig_config",
        "The newest config, by its digest, and where it came from; always 1.",
        {"digest": status.digest, "origin": status.origin},
    )
    yield config if status.digest else _emptied(config)
    yield _gauge(
        "liveconfig_config_last_reload_successful",
        "Whether what the source holds is live (1), or is rejected, missing or "
        "withdrawn (0).",
        (status.rejected, status.missing, status.withdrawn) == (None,) * 3,
    )
    yield _gauge(
        "liveconfig_config_last_reload_success_timestamp_seconds",
        "When the newest version was published.",
        status.published_at or None,
    )
    yield _gauge(
        "liveconfig_config_changed_timestamp_seconds",
        "When the source of the newest version changed, by its file system's clock.",
        status.changed_at or None,
    )
    yield _gauge(
        "liveconfig_rejected_candidate",
        "Whether the source holds a config that is rejected (1) or not (0).",
        status.rejected is not None,
    )
    yield _gauge(
        "liveconfig_source_missing",
        "Whether the source cannot be read (1) or can (0).",
        status.missing is not None,
    )


def _of_publishing(status: PublisherStatus) -> Iterator[Metric]:
    yield _labelled(
        CounterMetricFamily(
            "liveconfig_config_reloads_total",
            "How often the source had changed when it was looked at, by the result.",
            labels=("result",),
        ),
        {name: getattr(status.reloads, name) for name in Reloads.__struct_fields__},
    )
    yield _histogram(
        "liveconfig_publish_duration_seconds",
        "How long each publication took, from the begin of reading the source.",
        PUBLISH_SECONDS,
        status.publish_buckets,
        status.publish_seconds,
    )
    yield _labelled(
        GaugeMetricFamily(
            "liveconfig_publisher_mode",
            "How the publisher learns of changes: 1 for its mode, 0 for the other.",
            labels=("mode",),
        ),
        {mode: mode == status.mode for mode in _MODES},
    )
    yield CounterMetricFamily(
        "liveconfig_publisher_starts_total",
        "How many publishers the gunicorn master has started, this one included.",
        status.starts,
    )


def _of_trials(status: PublisherStatus) -> Iterator[Metric]:
    yield _gauge(
        "liveconfig_trial_running",
        "Whether the newest version is on trial (1) or not (0).",
        status.trial is not None,
    )
    yield _gauge(
        "liveconfig_withdrawn",
        "Whether the code fails on what the source holds, so that it was taken back, "
        "or on what is live, where nothing else is proven (1), or on neither (0).",
        status.withdrawn is not None or status.serves_condemned,
    )
    yield _labelled(
        CounterMetricFamily(
            "liveconfig_trials_total",
            "How many trials there were, by the result.",
            labels=("result",),
        ),
        {
            name: getattr(status.trial_ends, name)
            for name in TrialEnds.__struct_fields__
        },
    )


def _of_workers(version: int, workers: tuple[WorkerState, ...]) -> Iterator[Metric]:
    yield _gauge(
        "liveconfig_workers",
        "How many workers there are.",
        len(workers),
    )
    yield _gauge(
        "liveconfig_workers_behind",
        "How many workers hold an older version than the newest.",
        sum(worker.is_behind(version) for worker in workers),
    )
    yield _gauge(
        "liveconfig_workers_needing_restart",
        "How many workers do not apply a changed key, as only a restart would.",
        sum(worker.needs_restart for worker in workers),
    )
    yield _labelled(
        GaugeMetricFamily(
            "liveconfig_worker_version",
            "The version that each worker holds, 0 for none, by the number of its row; "
            "a new worker takes the row of one that ended.",
            labels=("worker",),
        ),
        {str(worker.row): worker.version for worker in workers},
    )


def _of_totals(totals: WorkerTotals) -> Iterator[Metric]:
    yield _histogram(
        "liveconfig_propagation_duration_seconds",
        "How long each worker took from a publication until it held it.",
        PROPAGATION_SECONDS,
        totals.propagation_buckets,
        totals.propagation_seconds,
    )
    yield CounterMetricFamily(
        "liveconfig_callback_failures_total",
        "How many callbacks for a change raised an exception, in all workers.",
        totals.callback_failures,
    )
    yield CounterMetricFamily(
        "liveconfig_slow_callbacks_total",
        "How many callbacks for a change took too long, in all workers.",
        totals.callback_slow,
    )
    yield CounterMetricFamily(
        "liveconfig_requests_total",
        "How many requests were counted, in all workers: those of the public ports, "
        "without probes.",
        totals.requests,
    )
    yield CounterMetricFamily(
        "liveconfig_request_failures_total",
        "How many of the requests that were counted failed: with a status of 500 or "
        "more, or the application raised.",
        totals.request_failures,
    )
    yield CounterMetricFamily(
        "liveconfig_worker_deaths_total",
        "How many workers ended otherwise than they were asked to.",
        totals.deaths,
    )


def _gauge(name: str, text: str, value: float | None) -> Metric:
    unit = "seconds" if name.endswith("_seconds") else ""
    return GaugeMetricFamily(name, text, value, unit=unit)


def _histogram(
    name: str,
    text: str,
    bounds: tuple[float, ...],
    counts: tuple[int, ...],
    total: float,
) -> Metric:
    ends = (*map(str, bounds), "+Inf")
    buckets = tuple(zip(ends, accumulate(counts), strict=True))
    return HistogramMetricFamily(name, text, buckets, total, unit="seconds")


def _labelled(
    family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, float]
) -> Metric:
    for label, value in values.items():
        family.add_metric((label,), value)
    return family


def _emptied(family: Metric) -> Metric:
    family.samples.clear()
    return family
