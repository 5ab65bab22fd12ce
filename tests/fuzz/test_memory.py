"""Readers before memory, tables and environments that are made up as a whole."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from liveconfig.watch.mounts import is_single_file_mount
from tests.fuzz.memory import (
    GREETINGS,
    HEAD,
    PAYLOAD_BYTES_MAX,
    SLOTS,
    Greeting,
    check_manager,
    check_record,
    slot,
)
from tests.fuzz.targets import check_settings

_NOWHERE = Path("/nonexistent")


def _write(place: int, content: bytes) -> bytes:
    """Return one write of the programs that the memory is overwritten by."""
    pieces = (content[n : n + 255] for n in range(0, len(content), 255))
    return b"".join(
        struct.pack("<HB", place + 255 * number, len(piece)) + piece
        for number, piece in enumerate(pieces)
    )


def _words(place: int, *words: int) -> bytes:
    return _write(place, struct.pack(f"={len(words)}Q", *words))


_VERSIONS = st.integers(0, 6) | st.sampled_from((2**32, 2**63, 2**64 - 2, 2**64 - 1))
_LENGTHS = st.sampled_from(
    (0, 1, PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MAX + 1, 4032, 8192, 2**63, 2**64 - 1)
)
_TOO_LONG = b"x" * (PAYLOAD_BYTES_MAX + 1)
_PAYLOADS = (
    st.just(_TOO_LONG)
    | st.binary(max_size=40)
    | st.text(max_size=9).map(lambda text: GREETINGS.pack(Greeting(text)).payload)
)
_PLACES = st.sampled_from(SLOTS)

_PROGRAMS = st.lists(
    st.builds(_words, st.just(HEAD), _VERSIONS)
    | st.builds(lambda p, v, t: _write(p, slot(v, t)), _PLACES, _VERSIONS, _PAYLOADS)
    | st.builds(_words, _PLACES, _VERSIONS)
    | st.builds(lambda p, n: _words(p + 8, n), _PLACES, _LENGTHS)
    | st.builds(lambda p, n: _words(p + 16, n), _PLACES, st.integers(0, 2**64 - 1))
    | st.builds(_write, st.integers(0, 12_287), st.binary(min_size=1, max_size=80)),
    max_size=6,
).map(b"".join)


@settings(max_examples=150)
@given(_PROGRAMS)
@example(_write(SLOTS[1], slot(3, b"x" * PAYLOAD_BYTES_MAX)) + _words(HEAD, 3))
@example(_write(SLOTS[1], slot(3, _TOO_LONG)) + _words(HEAD, 3))
@example(_words(SLOTS[0] + 8, 2**64 - 1))
def test_read_of_any_memory_is_whole_or_nothing(program: bytes) -> None:
    """A read gives what the layout says is there, with a right checksum, or damage."""
    check_record(program, _NOWHERE)


@settings(max_examples=150)
@given(_PROGRAMS)
@example(
    _write(SLOTS[1], slot(3, GREETINGS.pack(Greeting("three")).payload))
    + _words(HEAD, 3)
)
@example(_words(SLOTS[0] + 16, 1) + _words(HEAD, 4))
def test_get_before_any_memory_keeps_the_snapshot(program: bytes) -> None:
    """A worker serves what it holds, or what is newer and whole, and never fails."""
    check_manager(program, _NOWHERE)


def _name(content: bytes) -> str:
    """Any name that a file can have, as Python writes it."""
    return os.fsdecode(content.replace(b"\0", b"").replace(b"/", b""))


_OCTAL = {ord(character): f"\\{ord(character):03o}" for character in " \t\n\\"}


@settings(max_examples=200)
@given(
    st.lists(st.binary(max_size=30).map(_name), min_size=1),
    st.lists(st.text(max_size=30)),
)
def test_mount_of_any_name_is_found(names: list[str], others: list[str]) -> None:
    """Whatever the kernel may write into its table is read back."""
    path = "/nonexistent/" + "/".join(f"x{name}" for name in names)
    row = f"1 2 0:1 / {path.translate(_OCTAL)} rw - tmpfs x rw"
    assert is_single_file_mount(path, "\n".join([*others, row, *others]))


_NAMES = st.sampled_from(
    (
        *("PORT", "LIVECONFIG_ADMIN_PORT", "LIVECONFIG_SETTLE_MS"),
        *("LIVECONFIG_POLL_SECONDS", "LIVECONFIG_PAYLOAD_BYTES_MAX", "HOST"),
        *("LIVECONFIG_ADMIN_HOST", "LIVECONFIG_ADMIN_NAMES"),
        *("LIVECONFIG_ON_MISSING", "LIVECONFIG_PATH", "LIVECONFIG_CACHE_DIR"),
    )
)
_VALUES = (
    st.text(max_size=8)
    | st.integers(-1, 2**31).map(str)
    | st.text("0123456789", max_size=30)
    | st.sampled_from(("fail", "defaults", "9" * 5000, "0" * 5000 + "80"))
)


@settings(max_examples=200)
@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=4))
@example([("PORT", "0" * 5000 + "80")])
def test_any_environment_is_read_or_refused(environ: list[tuple[str, str]]) -> None:
    """Settings are within their limits, or one sentence names the variable."""
    lines = "\n".join(f"{name}={value}" for name, value in environ)
    check_settings(lines.encode(errors="surrogatepass"), _NOWHERE)
