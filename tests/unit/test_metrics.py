"""What Prometheus is told, from memory to text and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

import liveconfig
from liveconfig.memory.record import Writer
from liveconfig.memory.shared import SharedMemory
from liveconfig.memory.status import (
    PUBLISH_SECONDS,
    STATUS_BYTES_MAX,
    Missing,
    Problem,
    PublisherStatus,
    Rejected,
    Reloads,
    TrialEnds,
)
from liveconfig.memory.trial import Trial, Withdrawn
from liveconfig.memory.worker_row import PROPAGATION_SECONDS, WorkerRow
from liveconfig.operators.metrics import MetricsCollector
from tests.support.damage import overwrite
from tests.support.metrics import bound_memory, publish, values

_TEXT, _OPENMETRICS = MetricsCollector.media_types
_PARSERS = {_TEXT: parse_text, _OPENMETRICS: parse_openmetrics}

_PROBLEM = Problem("/etc/SECRET.yaml", 1, 2, "SECRET.key", "SECRET is wrong")
_REJECTED = Rejected("sha256:SECRET", _PROBLEM, 3.5, 4)
_MISSING = Missing("SECRET is gone", 4.5)

_STATUS = PublisherStatus(
    pid=42,
    started_at=1.5,
    source="/etc/SECRET",
    schema="SECRET:SECRET",
    starts=3,
    version=2,
    digest="sha256:8c8f",
    published_at=1700000000.25,
    changed_at=1700000000.125,
    changed_keys=("SECRET",),
    unknown_keys=("SECRET",),
    reloads=Reloads(published=2, rejected=5, unchanged=7, missing=1),
    publish_buckets=(1, *[0] * (len(PUBLISH_SECONDS) - 1), 1),
    publish_seconds=12.5,
    trial_ends=TrialEnds(proven=4, withdrawn=6),
)
_TRIAL = Trial(2, "sha256:8c8f", "watch", 1.0, 2.0, 3.0)
_WITHDRAWN = Withdrawn(1, "sha256:SECRET", 1.0, "SECRET failed")
_CONDEMNED = Withdrawn(2, "sha256:8c8f", 1.0, "SECRET failed")


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    """Memory in which nothing was published, bound to this process."""
    with bound_memory() as memory:
        yield memory


def _metrics(media_type: str = _TEXT) -> dict[str, Metric]:
    text = MetricsCollector().exposition(media_type).decode()
    return {metric.name: metric for metric in _PARSERS[media_type](text)}


def _values(media_type: str = _TEXT) -> dict[str, float]:
    return values(_metrics(media_type).values())


def _tell(memory: SharedMemory, **changes: Any) -> None:
    status = msgspec.structs.replace(_STATUS, **changes)
    publish(memory.status, status.to_bytes())


def _worker(memory: SharedMemory, key: object, version: int = 0) -> WorkerRow:
    memory.workers.give_out(key)
    memory.workers.enter(key)
    row = memory.workers.own
    assert row is not None
    if version:
        row.took(version, 0)
    return row


def _fill(memory: SharedMemory) -> None:
    """Have all of it say something."""
    publish(memory.config, b"one")
    publish(memory.config, b"two")
    _tell(memory)
    row = _worker(memory, "a", 1)
    row.took(2, 0)
    row.callback_ends(row.callback_begins(), is_failure=True)
    for _ in range(2):
        row.count_slow_callback()
    for is_failure in (False, False, True):
        row.count_request(2, is_failure=is_failure)
    memory.workers.count_death("a")
    _worker(memory, "b", 1).note_restart(is_needed=True)
    _worker(memory, "c")


def _bucket_names(name: str, bounds: tuple[float, ...]) -> list[str]:
    return [f"{name}_bucket le={end}" for end in (*bounds, "+Inf")]


_EXPECTED = {
    "liveconfig_config_version": 2,
    "liveconfig_config_info digest=sha256:8c8f origin=source": 1,
    "liveconfig_config_last_reload_successful": 1,
    "liveconfig_config_last_reload_success_timestamp_seconds": 1700000000.25,
    "liveconfig_config_changed_timestamp_seconds": 1700000000.125,
    "liveconfig_config_reloads_total result=published": 2,
    "liveconfig_config_reloads_total result=rejected": 5,
    "liveconfig_config_reloads_total result=unchanged": 7,
    "liveconfig_config_reloads_total result=missing": 1,
    **dict.fromkeys(
        _bucket_names("liveconfig_publish_duration_seconds", PUBLISH_SECONDS), 1
    ),
    "liveconfig_publish_duration_seconds_bucket le=+Inf": 2,
    "liveconfig_publish_duration_seconds_count": 2,
    "liveconfig_publish_duration_seconds_sum": 12.5,
    "liveconfig_rejected_candidate": 0,
    "liveconfig_source_missing": 0,
    "liveconfig_trial_running": 0,
    "liveconfig_withdrawn": 0,
    "liveconfig_trials_total result=proven": 4,
    "liveconfig_trials_total result=withdrawn": 6,
    "liveconfig_publisher_up": 0,
    "liveconfig_publisher_mode mode=inotify": 1,
    "liveconfig_publisher_mode mode=polling": 0,
    "liveconfig_publisher_starts_total": 3,
    "liveconfig_workers": 3,
    "liveconfig_workers_behind": 1,
    "liveconfig_workers_needing_restart": 1,
    "liveconfig_worker_version worker=1": 2,
    "liveconfig_worker_version worker=2": 1,
    "liveconfig_worker_version worker=3": 0,
    **dict.fromkeys(
        _bucket_names("liveconfig_propagation_duration_seconds", PROPAGATION_SECONDS),
        0,
    ),
    "liveconfig_propagation_duration_seconds_bucket le=+Inf": 1,
    "liveconfig_propagation_duration_seconds_count": 1,
    "liveconfig_callback_failures_total": 1,
    "liveconfig_slow_callbacks_total": 2,
    "liveconfig_requests_total": 3,
    "liveconfig_request_failures_total": 1,
    "liveconfig_worker_deaths_total": 1,
}
_SUM = "liveconfig_propagation_duration_seconds_sum"


@pytest.mark.parametrize("media_type", MetricsCollector.media_types)
def test_figures_come_back_from_the_text(memory: SharedMemory, media_type: str) -> None:
    """Each format tells exactly these samples, and prometheus_client parses them."""
    _fill(memory)
    found = _values(media_type)
    # Published at 0, so taken after all seconds since the epoch.
    assert found.pop(_SUM) > 1.7e9
    assert found == _EXPECTED


def test_names_and_units_keep_the_conventions(memory: SharedMemory) -> None:
    """All carry our prefix, a sentence, and where they are seconds that unit."""
    _fill(memory)
    for name, metric in _metrics(_OPENMETRICS).items():
        assert name.startswith("liveconfig_")
        assert metric.documentation.endswith(".")
        assert metric.unit == ("seconds" if name.endswith("_seconds") else "")


def test_nothing_of_the_config_or_its_place_is_told(memory: SharedMemory) -> None:
    """No label holds a key, a value, a path or a problem."""
    _tell(memory, rejected=_REJECTED, missing=_MISSING, withdrawn=_WITHDRAWN)
    for media_type in MetricsCollector.media_types:
        assert b"SECRET" not in MetricsCollector().exposition(media_type)


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"rejected": _REJECTED}, "liveconfig_rejected_candidate", 1),
        ({"rejected": _REJECTED}, "liveconfig_config_last_reload_successful", 0),
        ({"rejected": _REJECTED}, "liveconfig_source_missing", 0),
        ({"missing": _MISSING}, "liveconfig_source_missing", 1),
        ({"missing": _MISSING}, "liveconfig_config_last_reload_successful", 0),
        ({"missing": _MISSING}, "liveconfig_rejected_candidate", 0),
        ({"trial": _TRIAL}, "liveconfig_trial_running", 1),
        ({"trial": _TRIAL}, "liveconfig_config_last_reload_successful", 1),
        ({"withdrawn": _WITHDRAWN}, "liveconfig_withdrawn", 1),
        ({"withdrawn": _WITHDRAWN}, "liveconfig_config_last_reload_successful", 0),
        ({"condemned": (_CONDEMNED,)}, "liveconfig_withdrawn", 1),
        ({"condemned": (_WITHDRAWN,)}, "liveconfig_withdrawn", 0),
        ({"mode": "polling"}, "liveconfig_publisher_mode mode=polling", 1),
        ({"mode": "polling"}, "liveconfig_publisher_mode mode=inotify", 0),
        (
            {"origin": "cache"},
            "liveconfig_config_info digest=sha256:8c8f origin=cache",
            1,
        ),
    ],
)
def test_trouble_is_told(
    memory: SharedMemory, changes: dict[str, Any], name: str, value: float
) -> None:
    """What is rejected, missing, polled or cached shows in its own metric."""
    _tell(memory, **changes)
    assert _values()[name] == value


def test_unknown_time_is_not_told_as_1970(memory: SharedMemory) -> None:
    """A config that came from no source has no time at which that changed."""
    _tell(memory, changed_at=0.0)
    assert "liveconfig_config_changed_timestamp_seconds" not in _values()


def test_running_publisher_is_up(memory: SharedMemory) -> None:
    """The publisher is up for as long as it has the claim on the record."""
    writer = Writer(memory.config.descriptor)
    assert _values()["liveconfig_publisher_up"] == 1
    writer.close()
    assert _values()["liveconfig_publisher_up"] == 0


def test_unreadable_status_resets_no_counter(memory: SharedMemory) -> None:
    """What the publisher's status would say is left out; the workers' part stays."""
    _fill(memory)
    everything = _values()
    overwrite(memory.status.descriptor, 4096, bytes(STATUS_BYTES_MAX * 3))
    rest = _values()
    assert rest.items() < everything.items()
    told = {name.split()[0] for name in rest}
    assert told >= {"liveconfig_config_version", "liveconfig_publisher_up", _SUM}
    assert not told & {
        "liveconfig_config_info",
        "liveconfig_config_reloads_total",
        "liveconfig_publish_duration_seconds_count",
        "liveconfig_publisher_starts_total",
        "liveconfig_rejected_candidate",
    }


def test_counters_outlive_their_worker(memory: SharedMemory) -> None:
    """What a worker counted stays counted when it ends and another has its row."""
    _fill(memory)
    memory.workers.take_back_all_but(())
    without = _values()
    assert without["liveconfig_workers"] == 0
    assert not any(name.startswith("liveconfig_worker_version") for name in without)
    _worker(memory, "d", 1).took(2, 0)
    after = _values()
    assert after["liveconfig_worker_version worker=1"] == 2
    assert after["liveconfig_callback_failures_total"] == 1
    assert after["liveconfig_slow_callbacks_total"] == 2
    assert after["liveconfig_propagation_duration_seconds_count"] == 2


def test_unbound_process_tells_names_and_no_values() -> None:
    """Without the gunicorn hooks nothing is claimed, and nothing fails."""
    assert _values() == {}
    with bound_memory() as memory:
        _fill(memory)
        bound = _metrics().keys()
    assert _metrics().keys() == bound


def test_collector_registers_before_there_is_anything_to_tell() -> None:
    """A registry takes it while importing, guards its names, and collects later."""
    registry = CollectorRegistry(auto_describe=True)
    requests = Counter("requests", "Of their own.", registry=registry)
    registry.register(MetricsCollector())
    for name in ("liveconfig_workers", "liveconfig_config_info"):
        with pytest.raises(ValueError, match=name):
            Counter(name, "A clash.", registry=registry)
    requests.inc()
    with bound_memory() as memory:
        _fill(memory)
        assert registry.get_sample_value("liveconfig_workers") == 3
        text = generate_latest(registry)
        assert MetricsCollector().exposition(_TEXT) in text
        part = generate_latest(registry.restricted_registry(["liveconfig_workers"]))
    assert b"requests_total 1.0\n" in text
    assert part.endswith(b"\nliveconfig_workers 3.0\n")
    assert part.count(b"\n") == 3


def test_our_collector_is_a_public_name() -> None:
    """`from liveconfig import MetricsCollector` is the one that the service uses."""
    assert liveconfig.MetricsCollector is MetricsCollector


def test_service_without_a_config_has_no_digest(memory: SharedMemory) -> None:
    """While it waits for its first config, version 0 says so, and no config is told."""
    _tell(memory, version=0, digest="")
    assert not any(name.startswith("liveconfig_config_info") for name in _values())
