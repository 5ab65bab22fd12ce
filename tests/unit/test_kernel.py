"""What is needed of the kernel, with every build of Python."""

from __future__ import annotations

import errno
import fcntl
import os

import pytest

from liveconfig.errors import StartupError
from liveconfig.memory import kernel


@pytest.mark.usefixtures("any_python")
def test_kernel_of_this_machine_has_what_is_needed() -> None:
    """Nothing is left open by trying, and nothing is refused."""
    before = os.listdir("/proc/self/fd")
    kernel.require()
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.usefixtures("any_python")
def test_memory_is_sealed_and_not_inherited() -> None:
    """Nobody can shrink it under a reader, and no other program gets it by chance."""
    memfd = kernel.memfd_create("test")
    try:
        os.ftruncate(memfd, 4096)
        kernel.seal_size(memfd)
        assert not os.get_inheritable(memfd)
        for size in (0, 8192):
            with pytest.raises(PermissionError):
                os.ftruncate(memfd, size)
        assert fcntl.fcntl(memfd, fcntl.F_GET_SEALS) == 7
    finally:
        os.close(memfd)


def test_c_library_without_the_call_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither Python nor the C library has it, the sentence says so."""
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(kernel, "_libc", object)
    with pytest.raises(StartupError, match=r"refuses memfd_create: .*C library; live"):
        kernel.require()


def test_lack_of_descriptors_is_no_lack_of_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What more of something would help against is told without the least kernel."""

    def none_left(*_: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "eventfd", none_left)
    with pytest.raises(StartupError) as raised:
        kernel.require()
    assert str(raised.value) == "this system refuses eventfd2: Too many open files"
