"""The last good config on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from liveconfig.publishing.cache import Cache


def _files(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


def test_empty_cache_has_nothing(tmp_path: Path) -> None:
    """A cache that was never written, or whose directory is not there, is empty."""
    assert Cache(str(tmp_path)).load() == (None, [])
    assert Cache(str(tmp_path / "nowhere")).load() == (None, [])


def test_stored_payload_is_loaded(tmp_path: Path) -> None:
    """What was stored last comes back, byte for byte."""
    cache = Cache(str(tmp_path / "new" / "directory"))
    for payload in (b"one", b"", os.urandom(100_000)):
        cache.store(payload)
        assert cache.load() == (payload, [])


def test_two_generations_are_kept_and_nothing_else(tmp_path: Path) -> None:
    """However often it is written, two files are there and no unfinished one."""
    cache = Cache(str(tmp_path))
    for number in range(5):
        cache.store(str(number).encode())
    assert _files(tmp_path) == ["last-good", "last-good.before"]


@pytest.mark.parametrize("damage", [b"", b"liveconfig cache 1\n", b"x" * 200])
def test_damaged_newest_falls_back_to_the_one_before(
    tmp_path: Path, damage: bytes
) -> None:
    """A damaged newest file is named and ignored; the one before is used."""
    cache = Cache(str(tmp_path))
    cache.store(b"before")
    cache.store(b"newest")
    (tmp_path / "last-good").write_bytes(damage)
    payload, problems = cache.load()
    assert payload == b"before"
    assert problems == [f"{tmp_path}/last-good: damaged, so it is not used"]


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    """No single changed byte of a file is taken for whole."""
    cache = Cache(str(tmp_path))
    cache.store(b"payload")
    path = tmp_path / "last-good"
    whole = path.read_bytes()
    for index in range(len(whole)):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
        assert cache.load()[0] is None


def test_two_damaged_files_leave_nothing(tmp_path: Path) -> None:
    """With both generations damaged there is no payload, and both are named."""
    cache = Cache(str(tmp_path))
    cache.store(b"before")
    cache.store(b"newest")
    for name in _files(tmp_path):
        (tmp_path / name).write_bytes(b"damage")
    payload, problems = cache.load()
    assert payload is None
    assert len(problems) == 2


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    """A cache file that cannot be read is one sentence, not an error."""
    (tmp_path / "last-good").mkdir()
    assert Cache(str(tmp_path)).load() == (
        None,
        [f"{tmp_path}/last-good: Is a directory"],
    )


def test_failed_store_leaves_both_generations(tmp_path: Path) -> None:
    """A store that fails changes nothing and leaves no unfinished file."""
    cache = Cache(str(tmp_path))
    cache.store(b"before")
    cache.store(b"newest")
    (tmp_path / "last-good.unfinished").mkdir()
    with pytest.raises(OSError, match="directory"):
        cache.store(b"lost")
    (tmp_path / "last-good.unfinished").rmdir()
    assert cache.load() == (b"newest", [])
    assert _files(tmp_path) == ["last-good", "last-good.before"]


def test_remains_of_a_killed_writer_do_not_matter(tmp_path: Path) -> None:
    """Unfinished files of a writer that was killed are overwritten."""
    cache = Cache(str(tmp_path))
    cache.store(b"one")
    (tmp_path / "last-good.unfinished").write_bytes(b"half")
    (tmp_path / "last-good.before.unfinished").write_bytes(b"half")
    cache.store(b"two")
    assert cache.load() == (b"two", [])
    assert _files(tmp_path) == ["last-good", "last-good.before"]


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    """Nobody else may read a config that may hold secrets."""
    cache = Cache(str(tmp_path))
    cache.store(b"one")
    cache.store(b"two")
    for name in _files(tmp_path):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
