"""Mounts that never change."""

from __future__ import annotations

from pathlib import Path

import pytest

from liveconfig.watch.mounts import is_single_file_mount

_TABLE = (
    "22 1 8:1 / / rw,relatime - ext4 /dev/root rw\n"
    "31 22 8:1 /var/lib/kubelet/x {mount} ro,relatime - ext4 /dev/root rw\n"
)


def test_mounted_file_is_recognised(tmp_path: Path) -> None:
    """A file that is a mount point of its own never updates."""
    file = tmp_path / "config.yaml"
    file.write_text("")
    assert is_single_file_mount(str(file), _TABLE.format(mount=file))


def test_mounted_file_with_odd_characters_is_recognised(tmp_path: Path) -> None:
    """Spaces and backslashes, which the table writes in octal, are understood."""
    file = tmp_path / "a b\\c.yaml"
    file.write_text("")
    escaped = str(file).replace("\\", "\\134").replace(" ", "\\040")
    assert is_single_file_mount(str(file), _TABLE.format(mount=escaped))


@pytest.mark.parametrize("odd", ["\r", "\x0c", "\x1c", "\x85", "\u2028", "\udcff"])
def test_mounted_file_with_a_separator_in_its_name_is_recognised(odd: str) -> None:
    """Only a newline ends a row of the table."""
    path = f"/etc/{odd}/config.yaml"
    assert is_single_file_mount(path, _TABLE.format(mount=path))


def test_file_in_a_mounted_directory_is_not_meant(tmp_path: Path) -> None:
    """A mounted directory, as it should be, is not reported."""
    file = tmp_path / "config.yaml"
    file.write_text("")
    assert not is_single_file_mount(str(file), _TABLE.format(mount=tmp_path))
    assert not is_single_file_mount(str(tmp_path), _TABLE.format(mount=tmp_path))


def test_real_mount_table_is_read(tmp_path: Path) -> None:
    """Without a table the kernel's own is read; an ordinary file is not in it."""
    file = tmp_path / "config.yaml"
    file.write_text("")
    assert not is_single_file_mount(str(file))


def test_garbled_lines_are_passed_over(tmp_path: Path) -> None:
    """Lines with too few fields do no harm."""
    assert not is_single_file_mount(str(tmp_path / "x"), "\n1 2 3\n")
