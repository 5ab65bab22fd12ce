"""What a publisher starts from, and what it keeps for the start of another one."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings
from tests.support.desk import Desk, Greeting, Required


def _keeping(desk: Desk, place: Path) -> Settings:
    """Return settings with a cache, and without the wait until it is proven."""
    return replace(desk.settings, cache_dir=str(place), trial="off")


def test_start_may_wait_for_the_first_good_source(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """With `wait` the reason is told once, each new one as well, then the config."""
    caplog.set_level(logging.INFO, logger="liveconfig.publisher")
    desk.path.write_text("message: [\n")
    publisher = desk.publisher(Required)
    publisher.refresh()
    publisher.fall_back("wait")
    publisher.refresh()
    (line,) = caplog.messages
    assert line.startswith("no config yet, this service waits for one: ")
    assert f"{desk.path}:1:10" in line
    desk.path.write_text("message: 1\n")
    publisher.refresh()
    assert caplog.messages[1].startswith("rejected, there is still no config: ")
    desk.path.unlink()
    publisher.refresh()
    assert caplog.messages[2].startswith("missing, there is still no config: ")
    desk.path.write_text("message: one\n")
    publisher.refresh()
    assert desk.published(Required) == Required("one")
    assert desk.told().changed_at > 0


def test_start_from_defaults_where_the_source_is_missing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """With `defaults` the schema's own are served, said, and replaced by the source."""
    publisher = desk.publisher()
    publisher.refresh()
    publisher.fall_back("defaults")
    assert desk.published() == Greeting()
    assert desk.told().origin == "defaults"
    assert "version 1 is live from the defaults" in caplog.text
    desk.path.write_text("message: one\n")
    publisher.refresh()
    assert desk.published() == Greeting("one")
    assert desk.told().origin == "source"


def test_start_from_defaults_needs_a_default_for_everything(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """A required key has no default, so there is nothing to serve."""
    publisher = desk.publisher(Required)
    publisher.refresh()
    publisher.fall_back("defaults")
    assert desk.config.version == 0
    assert "no defaults to start from: message" in caplog.text


def test_invalid_source_does_not_start_from_defaults(desk: Desk) -> None:
    """Defaults are for a source that is not there, not for one that is wrong."""
    desk.path.write_text("message: [\n")
    publisher = desk.publisher()
    publisher.refresh()
    publisher.fall_back("defaults")
    assert desk.config.version == 0


def test_start_from_the_cache(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each published config is kept, and served by a start without a good source."""
    desk.settings = _keeping(desk, tmp_path / "cache")
    desk.path.write_text("message: kept\n")
    desk.publisher().refresh()
    desk.path.write_text("message: [\n")
    again = Desk(tmp_path)
    again.settings = desk.settings
    publisher = again.publisher()
    publisher.refresh()
    publisher.fall_back("fail")
    assert again.published() == Greeting("kept")
    assert again.told().origin == "cache"
    assert "from the cache" in caplog.text
    assert "config.yaml:1:10" in caplog.text
    again.close()


def test_defaults_that_workers_would_refuse_start_nothing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """A start from defaults takes them back as well before it publishes them."""

    class Wrong(msgspec.Struct, frozen=True):
        limit: int = None  # type: ignore[assignment]

    publisher = desk.publisher(Wrong)
    publisher.refresh()
    publisher.fall_back("defaults")
    assert desk.config.version == 0
    assert "there are no defaults to start from: limit: a worker would" in caplog.text


def test_cache_of_another_schema_is_not_used(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A cached config that does not fit the schema is told and left alone."""
    desk.settings = _keeping(desk, tmp_path / "cache")
    desk.cache().store(Schema(Greeting).pack(Greeting()).payload[:40])
    publisher = desk.publisher()
    publisher.refresh()
    publisher.fall_back("fail")
    assert desk.config.version == 0
    assert "the cached config does not fit the schema" in caplog.text


def test_cache_that_cannot_be_written_harms_nothing(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full or forbidden disk is told; the config is published all the same."""
    (tmp_path / "cache").write_text("no directory")
    desk.settings = _keeping(desk, tmp_path / "cache")
    desk.path.write_text("message: one\n")
    desk.publisher().refresh()
    assert desk.published() == Greeting("one")
    assert "the last good config is not kept on disk" in caplog.text


def test_config_that_was_not_kept_is_kept_as_soon_as_it_can_be(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each look at the source tries again, which is told at its first and last time."""
    caplog.set_level(logging.INFO)
    place = tmp_path / "cache"
    place.write_text("no directory")
    desk.settings = _keeping(desk, place)
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    publisher.refresh()
    assert caplog.text.count("is not kept on disk") == 1
    place.unlink()
    publisher.refresh()
    publisher.refresh()
    assert caplog.text.count("is kept on disk again") == 1
    assert desk.cache().load() == (desk.payload(), [])


@pytest.mark.parametrize("is_there", [True, False])
def test_successor_keeps_what_its_predecessor_did_not(
    desk: Desk, tmp_path: Path, is_there: bool
) -> None:
    """What is live is kept, also by a publisher that finds the source bad or gone."""
    place = tmp_path / "cache"
    place.write_text("no directory")
    desk.settings = _keeping(desk, place)
    desk.path.write_text("message: one\n")
    desk.publisher().refresh()
    place.unlink()
    if is_there:
        desk.path.write_text("message: [\n")
    else:
        desk.path.unlink()
    desk.publisher().refresh()
    assert desk.cache().load() == (desk.payload(), [])


def test_what_is_not_from_the_source_is_not_kept(desk: Desk, tmp_path: Path) -> None:
    """Defaults take no place of a last good config, until the source says the same."""
    desk.settings = _keeping(desk, tmp_path / "cache")
    publisher = desk.publisher()
    publisher.refresh()
    publisher.fall_back("defaults")
    publisher.refresh()
    desk.publisher().refresh()
    assert not (tmp_path / "cache").exists()
    desk.path.write_text("message: default\n")
    desk.publisher().refresh()
    assert desk.config.version == 1
    assert desk.cache().load() == (desk.payload(), [])
