"""One reading is one generation, whatever is swapped, deleted or written meanwhile."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from liveconfig.errors import InvalidConfigError, SourceUnavailableError
from liveconfig.reading import source as source_module
from liveconfig.reading.source import Reading, Source
from tests.support.volume import ConfigMapVolume, GitSyncCheckout

_LIMIT = 65_536


def _read(path: Path, bytes_max: int = _LIMIT) -> Reading:
    return Source(str(path), bytes_max).read()


def _contents(reading: Reading) -> list[bytes]:
    return [file.content for file in reading.files]


def _unavailable(path: Path) -> str:
    with pytest.raises(SourceUnavailableError) as raised:
        _read(path)
    assert raised.value.path == str(path)
    return raised.value.problem


def test_file_is_read_with_the_digest_that_sha256sum_says(tmp_path: Path) -> None:
    """A single file's digest can be had without this program."""
    path = tmp_path / "config.yaml"
    path.write_bytes(b"a: 1\n")
    reading = _read(path)
    assert [(file.path, file.content) for file in reading.files] == [
        (str(path), b"a: 1\n")
    ]
    assert reading.path == str(path)
    expected = hashlib.sha256(b"a: 1\n").hexdigest()
    assert reading.digest == f"sha256:{expected}"
    assert reading.changed_at_ns() == path.stat().st_ctime_ns


def test_directory_is_read_in_name_order(tmp_path: Path) -> None:
    """Every .yaml, .yml and .json counts, sorted by name; nothing else does."""
    for name in ("b.yml", "c.json", "a.yaml", "a.yaml~", ".hidden.yaml", "notes.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "below").mkdir()
    reading = _read(tmp_path)
    assert [os.path.basename(file.path) for file in reading.files] == [
        "a.yaml",
        "b.yml",
        "c.json",
    ]


def test_directory_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    """Text that moves from one file to another is another reading."""
    digests = set()
    for first, second in (("ab", "c"), ("a", "bc"), ("c", "ab")):
        (tmp_path / "1.yaml").write_text(first)
        (tmp_path / "2.yaml").write_text(second)
        digests.add(_read(tmp_path).digest)
    (tmp_path / "2.yaml").rename(tmp_path / "3.yaml")
    digests.add(_read(tmp_path).digest)
    assert len(digests) == 4


def test_new_key_is_read_before_its_link_appears(tmp_path: Path) -> None:
    """Between the flip and the links, the payload decides, not the visible names."""
    volume = ConfigMapVolume(tmp_path, {"a.yaml": "1"})
    payload = tmp_path / os.readlink(tmp_path / "..data")
    (payload / "b.yaml").write_text("2")
    assert _contents(_read(volume.directory)) == [b"1", b"2"]


def test_changed_at_is_the_time_of_the_flip(tmp_path: Path) -> None:
    """The flip counts, not the older times of the payload behind it."""
    volume = ConfigMapVolume(tmp_path / "v", {"a.yaml": "1"})
    volume.flip({"a.yaml": "2"})
    changed_at_ns = (volume.directory / "..data").lstat().st_ctime_ns
    os.symlink(volume.path("a.yaml"), tmp_path / "older")
    assert _read(volume.path("a.yaml")).changed_at_ns() == changed_at_ns
    assert _read(volume.directory).changed_at_ns() == changed_at_ns


def test_changed_at_is_known_when_the_working_directory_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that was started in a directory of an old release publishes on."""
    volume = ConfigMapVolume(tmp_path / "v", {"a.yaml": "1"})
    volume.flip({"a.yaml": "2"})
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    changed_at_ns = (volume.directory / "..data").lstat().st_ctime_ns
    assert _read(volume.directory).changed_at_ns() == changed_at_ns


def test_links_are_followed(tmp_path: Path) -> None:
    """git-sync's link, a link to it, and dots behind a link lead to the same files."""
    checkout = GitSyncCheckout(tmp_path / "git", {"config.yaml": "a: 1"})
    os.symlink("git/current", tmp_path / "link")
    assert _contents(_read(checkout.path("config.yaml"))) == [b"a: 1"]
    assert _contents(_read(tmp_path / "link")) == [b"a: 1"]
    assert _contents(_read(tmp_path / "link" / "../../current")) == [b"a: 1"]


def _payload(number: int, name: str) -> bytes:
    # Big enough to be read in several pieces, and every byte tells the generation.
    return f"{name}: {number:08d}\n".encode() * 500


@contextmanager
def _flipping(flip: Callable[[int], None]) -> Iterator[Callable[[], int]]:
    """Flip to generation 1, 2, 3 ... in a thread; yields how many there were."""
    done = threading.Event()
    count = 0

    def run() -> None:
        nonlocal count
        while not done.is_set():
            count += 1
            flip(count)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: count
    finally:
        done.set()
        thread.join()


def _generations(contents: list[bytes]) -> set[bytes]:
    return {line.split()[1] for content in contents for line in content.splitlines()}


def _names(number: int) -> tuple[str, ...]:
    # Keys come and go, so that a listing of half a deleted payload would show.
    return ("a.yaml", "b.yaml", "c.yaml") if number % 2 else ("a.yaml", "b.yaml")


@pytest.mark.parametrize("builder", [ConfigMapVolume, GitSyncCheckout])
def test_reading_is_never_a_mixture_of_two_generations(
    tmp_path: Path, builder: type[ConfigMapVolume] | type[GitSyncCheckout]
) -> None:
    """Thousands of flips during reads: every reading is one whole generation."""

    def files(number: int) -> dict[str, str | bytes]:
        return {name: _payload(number, name) for name in _names(number)}

    volume = builder(tmp_path / "volume", files(0))
    path = (
        tmp_path / "volume"
        if builder is ConfigMapVolume
        else tmp_path / "volume" / "current"
    )
    source = Source(str(path), _LIMIT)
    newest = 0
    with _flipping(lambda number: volume.flip(files(number))) as flips:
        while flips() < 2000:
            reading = source.read()
            generation = _generations(_contents(reading))
            assert len(generation) == 1
            number = int(generation.pop())
            assert len(reading.files) == len(_names(number))
            assert all(len(file.content) == 500 * 17 for file in reading.files)
            assert number >= newest
            newest = number
    assert newest > 0


def test_single_file_of_a_flipping_volume_is_always_there(tmp_path: Path) -> None:
    """Flips during reads of one file never make it look missing or old."""
    volume = ConfigMapVolume(tmp_path, {"a.yaml": _payload(0, "a.yaml")})
    source = Source(str(volume.path("a.yaml")), _LIMIT)
    newest = 0
    with _flipping(lambda n: volume.flip({"a.yaml": _payload(n, "a.yaml")})) as flips:
        while flips() < 1000:
            (generation,) = _generations(_contents(source.read()))
            assert int(generation) >= newest
            newest = int(generation)
    assert newest > 0


def _between_stamps(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[], object], times: int
) -> None:
    """Have `change` happen after a file is read and before it is looked at again."""
    original = source_module._content
    left = times

    def content(descriptor: int, bytes_max: int) -> bytes:
        nonlocal left
        read = original(descriptor, bytes_max)
        if left:
            left -= 1
            change()
        return read

    monkeypatch.setattr(source_module, "_content", content)


def test_file_written_during_a_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write in place between open and end starts the reading over."""
    path = tmp_path / "config.yaml"
    path.write_text("half")
    _between_stamps(monkeypatch, lambda: path.write_text("whole"), 1)
    assert _contents(_read(path)) == [b"whole"]


def test_payload_deleted_during_a_read_is_left_for_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flip between the first file and the second starts the reading over."""
    volume = ConfigMapVolume(tmp_path, {"a.yaml": "1", "b.yaml": "1"})
    _between_stamps(monkeypatch, lambda: volume.flip({"a.yaml": "2", "b.yaml": "2"}), 1)
    assert _contents(_read(volume.directory)) == [b"2", b"2"]


def test_source_that_never_holds_still_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading ends although somebody writes all the time."""
    path = tmp_path / "config.yaml"
    path.write_text("x")

    def write() -> None:
        with path.open("a") as file:
            file.write("x")

    _between_stamps(monkeypatch, write, -1)
    assert "it changes all the time" in _unavailable(path)


def test_missing_source_is_unavailable(tmp_path: Path) -> None:
    """No file, no directory, a dangling link and a circle of links are told alike."""
    (tmp_path / "file").write_text("x")
    os.symlink("nowhere", tmp_path / "dangling")
    os.symlink("circle", tmp_path / "circle")
    for name in ("none", "none/below", "file/below", "dangling"):
        assert "no such file or directory" in _unavailable(tmp_path / name)
    assert "Too many levels of symbolic links" in _unavailable(tmp_path / "circle")


def test_directory_without_configs_is_unavailable(tmp_path: Path) -> None:
    """An emptied ConfigMap is a source that is gone, not an empty config."""
    volume = ConfigMapVolume(tmp_path, {"a.yaml": "1"})
    volume.flip({})
    assert _unavailable(volume.directory) == (
        "it holds no *.yaml, *.yml, *.json: put one there"
    )
    assert "no such file" in _unavailable(volume.path("a.yaml"))


def test_what_is_no_file_is_unavailable(tmp_path: Path) -> None:
    """A pipe, a socket or a device neither blocks the reader nor is read."""
    os.mkfifo(tmp_path / "pipe.yaml")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert "it cannot be read: No such device" in _unavailable(tmp_path / "socket")
    assert "not a regular file" in _unavailable(tmp_path / "pipe.yaml")
    assert "not a regular file" in _unavailable(Path("/dev/zero"))
    with pytest.raises(
        SourceUnavailableError, match=r"pipe\.yaml: it is not a regular"
    ):
        _read(tmp_path)


def test_file_that_may_not_be_read_is_unavailable(tmp_path: Path) -> None:
    """Without permission the reason is the kernel's."""
    path = tmp_path / "config.yaml"
    path.write_text("x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        # The superuser reads everything, but not every file of the kernel's.
        path = Path("/proc/self/mem")
        assert stat.S_ISREG(path.stat().st_mode)
        assert _unavailable(path) == "it cannot be read: Input/output error"
    else:
        assert _unavailable(path) == "it cannot be read: Permission denied"


def test_size_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    """The limit holds for all files together, and the sentence has both numbers."""
    (tmp_path / "a.yaml").write_bytes(b"x" * 60)
    (tmp_path / "b.yaml").write_bytes(b"x" * 60)
    assert len(_read(tmp_path, 120).files) == 2
    with pytest.raises(InvalidConfigError, match="it has 120 bytes, the limit is 119"):
        _read(tmp_path, 119)
    with pytest.raises(InvalidConfigError, match="it has 60 bytes, the limit is 59"):
        _read(tmp_path / "a.yaml", 59)


def test_reading_leaves_no_descriptor_open(tmp_path: Path) -> None:
    """However a read ends, nothing stays open."""
    (tmp_path / "a.yaml").write_text("x")
    os.mkfifo(tmp_path / "pipe.yml")
    before = len(os.listdir("/proc/self/fd"))
    for path in (tmp_path / "a.yaml", tmp_path, tmp_path / "none"):
        for _ in range(3):
            try:
                _read(path)
            except SourceUnavailableError:
                continue
    assert len(os.listdir("/proc/self/fd")) == before
