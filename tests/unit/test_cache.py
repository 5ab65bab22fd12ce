"""The last good config on disk."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from liveconfig.errors import CacheError
from liveconfig.publishing import cache as cache_module
from liveconfig.publishing.cache import Cache

_BYTES_MAX = 200_000
_NOBODY = 65534


def _cache(directory: Path, source: str = "config.yaml", schema: str = "") -> Cache:
    return Cache(str(directory), source, schema, _BYTES_MAX)


def _files(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


def _kept(directory: Path, payload: bytes = b"kept") -> Path:
    """Keep a payload and return the file that it is in."""
    _cache(directory).store(payload)
    return directory / "last-good"


def test_empty_cache_has_nothing(tmp_path: Path) -> None:
    """A cache that was never written, or whose directory is not there, is empty."""
    assert _cache(tmp_path).load() == (None, [])
    assert _cache(tmp_path / "nowhere").load() == (None, [])


def test_stored_payload_is_loaded(tmp_path: Path) -> None:
    """What was stored last comes back, byte for byte."""
    cache = _cache(tmp_path / "new" / "directory")
    for payload in (b"one", b"", os.urandom(_BYTES_MAX)):
        cache.store(payload)
        assert cache.load() == (payload, [])


def test_two_generations_are_kept_and_nothing_else(tmp_path: Path) -> None:
    """However often it is written, two files are there and no unfinished one."""
    cache = _cache(tmp_path)
    for number in range(5):
        cache.store(str(number).encode())
    assert _files(tmp_path) == ["last-good", "last-good.before"]


def test_what_is_kept_already_is_not_written_again(tmp_path: Path) -> None:
    """A start with the config of before leaves the one before that where it is."""
    cache = _cache(tmp_path)
    cache.store(b"before")
    cache.store(b"newest")
    number = (tmp_path / "last-good").stat().st_ino
    _cache(tmp_path).store(b"newest")
    assert (tmp_path / "last-good").stat().st_ino == number
    (tmp_path / "last-good").unlink()
    assert cache.load() == (b"before", [])


@pytest.mark.parametrize("damage", [b"", b"liveconfig cache 2\n", b"x" * 200])
def test_damaged_newest_falls_back_to_the_one_before(
    tmp_path: Path, damage: bytes
) -> None:
    """A damaged newest file is named and ignored; the one before is used, and stays."""
    cache = _cache(tmp_path)
    cache.store(b"before")
    cache.store(b"newest")
    (tmp_path / "last-good").write_bytes(damage)
    payload, (problem,) = cache.load()
    assert payload == b"before"
    assert problem.startswith(f"{tmp_path}/last-good: damaged, or of another version")
    cache.store(b"next")
    (tmp_path / "last-good").unlink()
    assert cache.load() == (b"before", [])


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    """No single changed byte of a file is taken for whole."""
    path = _kept(tmp_path)
    whole = path.read_bytes()
    for index in range(len(whole)):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
        assert _cache(tmp_path).load()[0] is None


def test_two_damaged_files_leave_nothing(tmp_path: Path) -> None:
    """With both generations damaged there is no payload, and both are named."""
    cache = _cache(tmp_path)
    cache.store(b"before")
    cache.store(b"newest")
    for name in _files(tmp_path):
        (tmp_path / name).write_bytes(b"damage")
    payload, problems = cache.load()
    assert payload is None
    assert len(problems) == 2


def test_failed_store_leaves_both_generations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that fails changes nothing and leaves no unfinished file."""
    cache = _cache(tmp_path)
    cache.store(b"before")
    cache.store(b"newest")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(cache_module.os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            cache.store(b"lost")
    assert cache.load() == (b"newest", [])
    assert _files(tmp_path) == ["last-good", "last-good.before"]


def test_remains_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    """Unfinished files of writers that were killed do not pile up."""
    cache = _cache(tmp_path)
    cache.store(b"one")
    for name in ("last-good.unfinished", "last-good.0123456789abcdef.unfinished"):
        (tmp_path / name).write_bytes(b"half")
    cache.store(b"two")
    assert cache.load() == (b"two", [])
    assert _files(tmp_path) == ["last-good", "last-good.before"]


def test_two_writers_of_one_service_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While two masters serve, as after USR2, neither loses what it keeps."""
    _kept(tmp_path, b"before")
    fsync, writing = os.fsync, True

    def let_the_other_write(descriptor: int) -> None:
        nonlocal writing
        if writing:
            writing = False
            _cache(tmp_path).store(b"of the other")
        fsync(descriptor)

    monkeypatch.setattr(cache_module.os, "fsync", let_the_other_write)
    _cache(tmp_path).store(b"newest")
    assert _cache(tmp_path).load() == (b"newest", [])
    (tmp_path / "last-good").unlink()
    assert _cache(tmp_path).load() == (b"of the other", [])
    assert _files(tmp_path) == ["last-good.before"]


def test_other_writer_may_set_the_newest_aside_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds it gone has lost nothing by that."""
    _kept(tmp_path, b"before")
    rename = cache_module._rename

    def rename_second(directory: int, old: str, new: str) -> None:
        if new == "last-good.before":
            rename(directory, old, new)
        rename(directory, old, new)

    monkeypatch.setattr(cache_module, "_rename", rename_second)
    _cache(tmp_path).store(b"newest")
    assert _cache(tmp_path).load() == (b"newest", [])


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    """Nobody else may read a config that may hold secrets."""
    cache = _cache(tmp_path / "made")
    cache.store(b"one")
    cache.store(b"two")
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700
    for name in _files(tmp_path / "made"):
        assert (tmp_path / "made" / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o720, 0o702])
def test_directory_that_others_write_to_is_not_used(tmp_path: Path, mode: int) -> None:
    """What anybody may have put there is neither served nor written over."""
    _kept(tmp_path)
    tmp_path.chmod(mode)
    payload, (problem,) = _cache(tmp_path).load()
    assert payload is None
    assert problem == (
        f"{tmp_path}: others can write to it (mode {mode:04o}); name a directory below "
        "it, which is then made for this user alone, so it is not used"
    )
    with pytest.raises(CacheError, match="others can write to it"):
        _cache(tmp_path).store(b"secret")
    # As that sentence says.
    assert _cache(tmp_path / "own").load() == (None, [])
    _cache(tmp_path / "own").store(b"mine")
    assert _cache(tmp_path / "own").load() == (b"mine", [])


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@needs_root
def test_directory_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    """Whose directory it is could change what is in it at any time."""
    _kept(tmp_path)
    os.chown(tmp_path, _NOBODY, _NOBODY)
    assert _cache(tmp_path).load() == (
        None,
        [f"{tmp_path}: it belongs to user {_NOBODY}, so it is not used"],
    )
    with pytest.raises(CacheError, match=f"belongs to user {_NOBODY}"):
        _cache(tmp_path).store(b"secret")


@needs_root
def test_file_of_somebody_else_is_not_served(tmp_path: Path) -> None:
    """A planted file is named, and gives way to one of our own owner and mode."""
    path = _kept(tmp_path, b"planted")
    os.chown(path, _NOBODY, _NOBODY)
    path.chmod(0o666)
    payload, (problem,) = _cache(tmp_path).load()
    assert payload is None
    assert f"it belongs to user {_NOBODY}" in problem
    _cache(tmp_path).store(b"secret")
    assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (0, 0o600)
    assert _files(tmp_path) == ["last-good"]


def test_file_that_others_write_to_is_not_served(tmp_path: Path) -> None:
    """A file that was open to all may be anybody's by now."""
    _kept(tmp_path).chmod(0o662)
    payload, (problem,) = _cache(tmp_path).load()
    assert payload is None
    assert "others can write to it (mode 0662), so it is not used" in problem


def _link(path: Path) -> None:
    whole = path.rename(path.with_name("elsewhere"))
    path.symlink_to(whole)


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(path))


def _device(path: Path) -> None:
    path.unlink()
    os.mknod(path, 0o020600, os.makedev(1, 5))


def _huge(path: Path) -> None:
    os.truncate(path, 1024**4)


@pytest.mark.parametrize(
    ("plant", "problem"),
    [
        (_link, "it is a link"),
        (_directory, "it is no regular file"),
        (_pipe, "it is no regular file"),
        (_socket, "No such device or address"),
        pytest.param(_device, "it is no regular file", marks=needs_root),
        (_huge, "it is larger than any config may be"),
    ],
)
def test_what_is_no_file_of_ours_is_named_and_not_waited_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[Path], None],
    problem: str,
) -> None:
    """Whatever bears the name of the newest, the one before is used."""
    monkeypatch.chdir(tmp_path)
    _kept(tmp_path, b"before")
    path = _kept(tmp_path, b"newest")
    plant(path)
    payload, (told,) = _cache(tmp_path).load()
    assert payload == b"before"
    assert re.search(f"last-good: {problem}", told)


@pytest.mark.parametrize("name", ["last-good", "last-good.before"])
def test_link_is_never_written_through(tmp_path: Path, name: str) -> None:
    """What a planted link points to stays as it is, and the link gives way."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    place = tmp_path / "cache"
    _kept(place, b"before")
    _kept(place, b"newest")
    (place / name).unlink()
    (place / name).symlink_to(precious)
    (place / "last-good.unfinished").symlink_to(precious)
    _cache(place).store(b"next")
    _cache(place).store(b"last")
    assert precious.read_text() == "precious"
    assert _files(place) == ["last-good", "last-good.before"]
    assert not any((place / each).is_symlink() for each in _files(place))


def test_other_name_of_a_file_is_not_written_to(tmp_path: Path) -> None:
    """A backup that is a hard link keeps what it has."""
    path = _kept(tmp_path / "cache", b"one")
    backup = tmp_path / "backup"
    os.link(path, backup)
    before = backup.read_bytes()
    assert _cache(tmp_path / "cache").load() == (b"one", [])
    for payload in (b"two", b"three"):
        _kept(tmp_path / "cache", payload)
    assert backup.read_bytes() == before


def test_two_services_do_not_share_a_cache(tmp_path: Path) -> None:
    """Neither serves what is the other's, or writes over it; both are told."""
    first, second = _cache(tmp_path, "/a.yaml"), _cache(tmp_path, "/b.yaml")
    first.store(b"first")
    sentence = (
        f"{tmp_path}/last-good: it was kept for /a.yaml: give each service a directory "
        "of its own, or remove the file if there is no such service"
    )
    assert second.load() == (None, [f"{sentence}, so it is not used"])
    with pytest.raises(CacheError) as raised:
        second.store(b"second")
    assert str(raised.value) == sentence
    assert first.load() == (b"first", [])


def test_config_of_another_class_is_not_used(tmp_path: Path) -> None:
    """It would be decoded as what it is not; the next good one takes its place."""
    _cache(tmp_path, schema="shop:Old").store(b"old")
    payload, (problem,) = _cache(tmp_path, schema="shop:New").load()
    assert payload is None
    assert "it was made with shop:Old" in problem
    _cache(tmp_path, schema="shop:New").store(b"new")
    assert _cache(tmp_path, schema="shop:New").load() == (b"new", [])


def test_source_is_the_same_from_wherever_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path is the absolute one that it stands for, text or not."""
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"config\xff.yaml")
    _cache(tmp_path / "cache", name).store(b"kept")
    absolute = _cache(tmp_path / "cache", str(tmp_path / name))
    assert absolute.load() == (b"kept", [])


def test_payload_over_a_limit_that_was_lowered_is_not_used(tmp_path: Path) -> None:
    """What the record would not take is named here already."""
    _kept(tmp_path, b"x" * 2000)
    payload, (problem,) = Cache(str(tmp_path), "config.yaml", "", 1024).load()
    assert payload is None
    assert "larger than LIVECONFIG_PAYLOAD_BYTES_MAX" in problem
