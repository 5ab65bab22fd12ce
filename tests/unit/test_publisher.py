"""What the publisher does after "the source may have changed"."""

from __future__ import annotations

import logging
import os
import struct
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from liveconfig.errors import RecordClaimedError
from liveconfig.memory.history import CHANGES_MAX, ENTRIES_MAX, Entry, History
from liveconfig.memory.status import Problem, Reloads
from liveconfig.publishing.outlets import Channel
from liveconfig.reading.document import parse
from liveconfig.schema.changes import Change
from liveconfig.schema.schema import MASK, NEEDS_RESTART, Schema, Secret
from tests.support.damage import overwrite
from tests.support.desk import BYTES_MAX, Desk, Greeting, Pool, Required
from tests.support.eventually import eventually


def test_refresh_publishes_what_is_good(desk: Desk) -> None:
    """A good source is published, and the status tells all about it."""
    publisher = desk.publisher()
    desk.path.write_text("message: one\nlabels: {a: 1}\n")
    publisher.refresh()
    assert desk.published() == Greeting("one", {"a": 1})
    told = desk.told()
    assert told == publisher.status
    assert (told.pid, told.version, told.origin) == (os.getpid(), 1, "source")
    assert told.changed_at == desk.path.stat().st_ctime_ns / 1e9
    assert told.published_at >= told.changed_at


def test_refresh_names_the_changed_keys(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Changed, added and removed keys are told, without their values."""
    caplog.set_level(logging.INFO, logger="liveconfig.publisher")
    desk.path.write_text("message: one\nlabels: {a: 1, b: 1}\n")
    publisher = desk.publisher()
    publisher.refresh()
    desk.path.write_text("message: hunter2\nlabels: {a: 1, c: 1}\n")
    publisher.refresh()
    assert desk.told().changed_keys == ("labels.b", "labels.c", "message")
    assert "changed: labels.b, labels.c, message, " in caplog.messages[-2]
    assert "hunter2" not in caplog.text


def test_refresh_tells_whether_there_is_a_source(desk: Desk) -> None:
    """A bad source is one, a missing one is none."""
    publisher = desk.publisher()
    assert not publisher.refresh()
    desk.path.write_text("message: [\n")
    assert publisher.refresh()
    desk.path.write_text("message: one\n")
    assert publisher.refresh()


@pytest.mark.parametrize("letter", ["k", "\U0001f600", "\U000e0041"])
def test_status_has_room_for_any_change(tmp_path: Path, letter: str) -> None:
    """Hundreds of the longest keys, whatever they are made of, harm no publisher."""
    desk = Desk(tmp_path, 1024 * 1024)
    publisher = desk.publisher(Pool)
    key = letter * 190
    for value in ("01", "02"):
        labels = "".join(f"  {key}{n}: {value}\n" for n in range(200))
        unknown = "".join(f"{key}{n}: 1\n" for n in range(200))
        desk.path.write_text(f"sizes:\n{labels}{unknown}")
        publisher.refresh()
    told = desk.told()
    assert (told.version, told.rejected) == (2, None)
    assert (told.changed_count, told.unknown_count) == (200, 200)
    keys = (told.changed_keys, told.restart_keys, told.unknown_keys)
    assert [len(names) for names in keys] == [100, 100, 100]
    assert len(told.warnings) == 20
    desk.close()


def test_payload_over_the_limit_is_rejected(desk: Desk) -> None:
    """A config whose payload does not fit is told as any bad file is."""
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    labels = ", ".join(f"k{number}: 100000" for number in range(10_000))
    desk.path.write_text(f"labels: {{{labels}}}\n")
    desk.settings = replace(desk.settings, payload_bytes_max=BYTES_MAX * 4)
    publisher = desk.publisher()
    publisher.refresh()
    assert publisher.status.rejected is not None
    assert "the config takes" in publisher.status.rejected.error.problem
    assert desk.published() == Greeting("one")


def test_source_over_the_limit_is_rejected(desk: Desk) -> None:
    """A file that is too large to be read is rejected, and counted once."""
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    desk.path.write_text("#" * (BYTES_MAX + 1))
    publisher.refresh()
    publisher.refresh()
    rejected = desk.told().rejected
    assert rejected is not None
    assert (rejected.digest, rejected.tries) == ("", 2)


def test_successor_goes_on_from_the_record(desk: Desk) -> None:
    """A new publisher knows what is served and publishes only what is new."""
    desk.path.write_text("message: one\n")
    desk.publisher().refresh()
    publisher = desk.publisher()
    publisher.refresh()
    assert desk.config.version == 1
    desk.path.write_text("message: two\n")
    publisher.refresh()
    assert (desk.told().version, desk.told().changed_keys) == (2, ("message",))


def test_successor_with_another_schema_publishes_anew(desk: Desk) -> None:
    """What another schema published does not fit, and the source is read again."""
    desk.path.write_text("message: one\nlabels: {a: 1}\n")
    desk.publisher().refresh()
    publisher = desk.publisher(Required)
    publisher.refresh()
    assert desk.config.version == 2
    assert desk.published(Required) == Required("one")
    assert publisher.status.unknown_keys == ("labels",)


def test_successor_of_a_damaged_record_publishes_anew(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Damage in the memory is told, and the next publication mends it."""
    desk.path.write_text("message: one\n")
    desk.publisher().refresh()
    desk.dismiss()
    for record in (desk.config, desk.status):
        writable = os.open(f"/proc/self/fd/{record.descriptor}", os.O_RDWR)
        checksums = (4096 + 16, 4096 + 4096 + BYTES_MAX + 16)
        for offset in checksums:
            os.pwrite(writable, struct.pack("Q", 1), offset)
        os.close(writable)
    desk.publisher().refresh()
    assert "the last publication cannot be read any more" in caplog.text
    assert desk.published() == Greeting("one")
    assert desk.config.version == 2


def test_record_that_fell_behind_the_status_is_left_behind(desk: Desk) -> None:
    """Versions go on after the one that the status tells of, also from an empty one."""
    desk.path.write_text("message: one\n")
    desk.publisher().refresh()
    desk.dismiss()
    overwrite(desk.config.descriptor, 64, bytes(4096 * 8))
    desk.publisher().refresh()
    assert desk.published() == Greeting("one")
    assert desk.config.version > 1


def test_head_that_fell_to_a_whole_version_is_not_gone_on_from(desk: Desk) -> None:
    """What is older than the status tells of is published again, though it is whole."""
    for message in ("one", "two"):
        desk.path.write_text(f"message: {message}\n")
        desk.publisher().refresh()
        desk.dismiss()
    overwrite(desk.config.descriptor, 64, (1).to_bytes(8, sys.byteorder))
    assert desk.published() == Greeting("one")
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    assert publisher.status.version == 2
    publisher.refresh()
    assert desk.published() == Greeting("one")
    assert desk.config.version > 2


def test_second_publisher_is_refused(desk: Desk) -> None:
    """While one publisher lives, another one cannot claim the records."""
    desk.publisher()
    with pytest.raises(RecordClaimedError):
        Channel(os.dup(desk.config.descriptor))


def test_missing_source_is_told_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """While the source is away there is one line, and one when it is back."""
    caplog.set_level(logging.INFO, logger="liveconfig.publisher")
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    desk.path.unlink()
    for _ in range(3):
        publisher.refresh()
    missing = desk.told().missing
    assert missing is not None
    desk.path.write_text("message: one\n")
    publisher.refresh()
    assert desk.told().missing is None
    assert caplog.text.count("missing, version 1 stays") == 1
    assert caplog.text.count("is back") == 1
    assert desk.config.version == 1


def test_age_of_the_source_is_no_delay(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """What is found at the start, or once more, was not on its way: no time is told."""
    caplog.set_level(logging.INFO, logger="liveconfig.publisher")
    desk.path.write_text("message: one\nmore: 1\n")
    _wait_until_older(desk.path)
    desk.publisher().refresh()
    assert desk.told().changed_at == 0.0
    assert f"from {desk.path}" in caplog.messages[-3]
    # As after HUP with another class: the same file becomes another version.
    desk.publisher(Required).refresh()
    assert (desk.told().version, desk.told().changed_at) == (2, 0.0)
    assert [entry.changed_at for entry in desk.publications()] == [0.0, 0.0]
    assert "after the change" not in caplog.text


def test_change_while_no_publisher_lived_is_a_delay(desk: Desk) -> None:
    """A successor tells how late it is, for what its predecessor has not seen."""
    desk.path.write_text("message: one\n")
    desk.publisher().refresh()
    desk.dismiss()
    _wait_until_older(desk.path)
    desk.path.write_text("message: two\n")
    _wait_until_older(desk.path)
    desk.publisher().refresh()
    assert desk.told().changed_at == desk.path.stat().st_ctime_ns / 1e9


def _wait_until_older(path: Path) -> None:
    """Wait until the file is older than the steps of its file system's clock."""
    eventually(lambda: time.time() > path.stat().st_ctime_ns / 1e9 + 0.05)


def test_rejection_goes_with_its_file(desk: Desk) -> None:
    """What is not there any more is missing and not rejected; it may be so again."""
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    desk.path.write_text("message: [\n")
    publisher.refresh()
    desk.path.unlink()
    publisher.refresh()
    told = desk.told()
    assert told.missing is not None
    assert told.rejected is None
    desk.path.write_text("message: [\n")
    publisher.refresh()
    told = desk.told()
    assert told.rejected is not None
    assert told.missing is None
    assert (told.reloads.rejected, told.reloads.missing) == (2, 1)


def test_reason_of_a_missing_source_is_the_newest(desk: Desk) -> None:
    """What stands in the way now is told, and since when there is no source."""
    publisher = desk.publisher()
    publisher.refresh()
    first = desk.told().missing
    assert first is not None
    desk.path.mkdir()
    publisher.refresh()
    then = desk.told().missing
    assert then is not None
    assert "it holds no *.yaml" in then.problem
    assert then.since == first.since
    assert desk.told().reloads.missing == 1


def test_workers_are_woken_by_each_publication(desk: Desk) -> None:
    """A new version is sent to whoever listens; the same content again is not."""
    listener = desk.shared.published.listen()
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    # That was its start as well, which wakes them whatever there is.
    assert listener.wait(0)
    desk.path.write_text("message: two\n")
    publisher.refresh()
    assert listener.wait(0)
    desk.path.write_text("message:   two\n")
    publisher.refresh()
    assert not listener.wait(0)
    listener.close()


@pytest.mark.parametrize("question", ["unknown_keys", "changes", "needs_restart"])
def test_what_is_only_told_is_found_out_after_the_publication(
    desk: Desk, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No publication waits for what nobody but the log and the status needs."""
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    versions = []
    answer = getattr(Schema, question)

    def noted(*arguments: Any) -> Any:
        versions.append(desk.config.version)
        return answer(*arguments)

    monkeypatch.setattr(Schema, question, noted)
    desk.path.write_text("message: two\n")
    publisher.refresh()
    assert versions == [2]


def test_only_changed_files_of_a_directory_are_parsed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a file held is known while it stays as it is, also over a rejection."""
    parsed = []
    monkeypatch.setattr(
        "liveconfig.reading.loader.parse",
        lambda content, path, *others: (
            parsed.append(Path(path).name) or parse(content, path, *others)
        ),
    )
    desk.path.mkdir()
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        (desk.path / name).write_text(f"labels: {{{name[0]}: 1}}\n")
    publisher = desk.publisher()
    publisher.refresh()
    parsed.clear()
    for text in ("labels: {b: 2}\n", "labels: [\n", "labels: {c: 3}\n"):
        (desk.path / "b.yaml").write_text(text)
        publisher.refresh()
    assert parsed == 3 * ["b.yaml"]
    assert desk.published().labels == {"a": 1, "c": 1}


def test_history_tells_what_came_of_each_change(desk: Desk) -> None:
    """A publication and a rejection are one entry each, a repetition is none."""
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    desk.path.write_text("message: [\n")
    publisher.refresh()
    publisher.refresh()
    published, rejected = desk.publications()
    told = desk.told()
    assert (published.kind, published.version, published.digest) == (
        "published",
        1,
        told.digest,
    )
    assert published.at == told.published_at
    assert published.changed_at == told.changed_at
    assert told.rejected is not None
    assert (rejected.kind, rejected.version, rejected.error) == (
        "rejected",
        1,
        told.rejected.error,
    )
    assert 0 < published.duration_seconds < 60


class Vault(msgspec.Struct, frozen=True):
    """A config with a secret and a key that needs a restart."""

    key: Secret
    size: Annotated[int, NEEDS_RESTART] = 1
    note: str = ""


def test_history_tells_what_changed(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Old and new value of each key, secrets masked; keys that need a restart."""
    desk.path.write_text("key: hunter2\nsize: 1\n")
    publisher = desk.publisher(Vault)
    publisher.refresh()
    desk.path.write_text("key: hunter3\nsize: 2\nnote: 'new'\n")
    publisher.refresh()
    first, second = desk.publications()
    assert (first.changes, first.changed_count, first.restart_keys) == ((), 0, ())
    assert second.changes == (
        Change("key", '"********"', '"********"'),
        Change("note", '""', '"new"'),
        Change("size", "1", "2"),
    )
    assert second.changed_count == 3
    assert second.restart_keys == desk.told().restart_keys == ("size",)
    assert "size takes effect in workers that start from now on" in caplog.text
    assert "hunter" not in caplog.text


def test_history_tells_what_changed_over_a_restart(desk: Desk) -> None:
    """A successor compares with what its predecessor published."""
    desk.path.write_text("message: one\n")
    desk.publisher().refresh()
    desk.path.write_text("message: two\n")
    desk.publisher().refresh()
    assert desk.publications()[-1].changes == (Change("message", '"one"', '"two"'),)


def test_large_change_is_told_in_part(desk: Desk) -> None:
    """The first changes are shown with their values, all are counted."""
    publisher = desk.publisher()
    for value in (1, 2):
        labels = ", ".join(f"k{number:03}: {value}" for number in range(500))
        desk.path.write_text(f"labels: {{{labels}}}\n")
        publisher.refresh()
    newest = desk.publications()[-1]
    assert [change.key for change in newest.changes] == [
        f"labels.k{number:03}" for number in range(CHANGES_MAX)
    ]
    assert newest.changed_count == 500


def test_rejection_shows_the_lines_without_the_secrets(desk: Desk) -> None:
    """The text around the error is told, but neither the old secret nor the new."""
    desk.path.write_text("key: hunter2\n")
    publisher = desk.publisher(Vault)
    publisher.refresh()
    desk.path.write_text("key: hunter3\nnote: hunter2\nsize: many\n")
    publisher.refresh()
    rejected = desk.told().rejected
    assert rejected is not None
    assert [line.line for line in rejected.excerpt] == [1, 2, 3]
    assert rejected.excerpt[2].text == f"size: {MASK}"
    assert [line.column for line in rejected.excerpt] == [0, 0, 1]
    assert b"hunter" not in desk.told().to_bytes()


def test_history_goes_on_with_the_successor(desk: Desk) -> None:
    """What the publisher before entered stays, and what is damaged begins anew."""
    desk.path.write_text("message: one\n")
    desk.publisher().refresh()
    desk.path.write_text("message: two\n")
    desk.publisher().refresh()
    assert [entry.version for entry in desk.publications()] == [1, 2]
    overwrite(desk.history.descriptor, 64, struct.pack("Q", 99))
    assert desk.publications() == ()
    desk.path.write_text("message: three\n")
    desk.publisher().refresh()
    assert [entry.version for entry in desk.publications()] == [2, 3]


def test_successor_tells_of_a_publication_that_was_its_publishers_last(
    desk: Desk,
) -> None:
    """Killed right after the store that publishes: workers, status, history get it."""
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    desk.path.write_text("message: two\n")
    publisher.refresh()
    listener = desk.shared.published.listen()
    desk.write(Greeting("three"))
    desk.path.write_text("message: three\n")
    desk.publisher().refresh()
    newest = desk.config.read()
    assert newest is not None
    assert listener.wait(0)
    told = desk.told()
    assert (told.version, told.published_at) == (3, newest.published_at_ns / 1e9)
    assert (told.changed_at, told.changed_keys) == (0.0, ())
    entry = desk.publications()[-1]
    assert (entry.version, entry.at) == (told.version, told.published_at)
    assert entry.digest == told.digest
    desk.publisher().refresh()
    assert [each.version for each in desk.publications()] == [1, 2, 3]
    listener.close()


def test_history_that_was_overwritten_is_written_again(desk: Desk) -> None:
    """A publisher that lives writes what it knows once more at its next look."""
    desk.path.write_text("message: one\n")
    publisher = desk.publisher()
    publisher.refresh()
    overwrite(desk.history.descriptor, 64, struct.pack("Q", 99))
    publisher.refresh()
    assert [entry.version for entry in desk.publications()] == [1]


def test_history_has_room_for_any_entries(desk: Desk) -> None:
    """The longest entries that there can be fit into the record, all of them."""
    text = "\U0001f600" * 200
    change = Change(text, text, text)
    problem = Problem("p" * 4096, 1, 1, text, "\U0001f600" * 1000)
    entry = Entry(
        "rejected",
        1.0,
        1,
        "sha256:" + 64 * "0",
        changes=(change,) * CHANGES_MAX,
        restart_keys=(text,) * CHANGES_MAX,
        error=problem,
    )
    history = History()
    for _ in range(2 * ENTRIES_MAX):
        history = history.with_entry(entry)
    assert len(history.entries) == ENTRIES_MAX
    assert len(history.to_bytes()) <= desk.history.payload_bytes_max


def test_what_came_of_changes_is_counted(desk: Desk) -> None:
    """By result, over several publishers; a repetition is not counted again."""
    publisher = desk.publisher()
    publisher.refresh()
    publisher.refresh()
    for text in ("message: one\n", "message: [\n", "message:  one\n", "message: two\n"):
        desk.path.write_text(text)
        publisher.refresh()
        publisher.refresh()
    assert desk.told().reloads == Reloads(2, 1, 1, 1)
    desk.path.write_text("message: three\n")
    desk.publisher().refresh()
    told = desk.told()
    assert told.reloads == Reloads(3, 1, 1, 1)
    assert sum(told.publish_buckets) == 3
    assert 0 < told.publish_seconds < 60
