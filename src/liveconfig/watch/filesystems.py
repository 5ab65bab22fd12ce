"""
Filesystems on which inotify does not see what others change.

Owns: their kinds, and the question which kind a path is on.
Must not know: what is done about it.
Runs in: the publisher, or wherever somebody uses `FileWatcher` alone.

inotify sees what goes through this kernel. Files that another machine serves, or
the host of a virtual one, or a process, are changed behind it: no event is made, and
none is missed. The kernel says which kind it is, by number.

overlayfs is not among them: it makes events for whatever is changed through it, and its
documentation leaves undefined what a change below it does.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

# As `statfs` has them, in `linux/magic.h` or the source of the filesystem itself.
KINDS: Final = {
    0x00006969: "NFS",
    0x0000517B: "SMB",
    0xFE534D42: "SMB",
    0xFF534D42: "CIFS",
    # gVisor shows what its gofer serves as this one, too.
    0x01021997: "9p",
    # virtiofs, sshfs, s3fs and many more.
    0x65735546: "FUSE",
    0x00C36400: "Ceph",
    0x0BD00BD0: "Lustre",
    0x47504653: "GPFS",
    0x19830326: "BeeGFS",
    0xAAD7AAEA: "PanFS",
    0x20030528: "OrangeFS",
    0x01161970: "GFS2",
    0x7461636F: "OCFS2",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x73757245: "Coda",
    0x786F4256: "a VirtualBox folder",
    0xBACBACBC: "a VMware folder",
    0x7C7C6673: "a Parallels folder",
    0x00C0FFEE: "a folder of the host",
}

# More than `struct statfs` has anywhere; its first member is the kind.
_BYTES = 512
_KIND_BYTES = 4 if os.uname().machine == "s390x" else 8
_KIND_MASK = 0xFFFFFFFF

_statfs = ctypes.CDLL(None, use_errno=True).statfs
_statfs.argtypes = (ctypes.c_char_p, ctypes.c_void_p)


def kind_without_events(path: str) -> str | None:
    """Return what kind of filesystem `path` is on, None if inotify is enough there."""
    return KINDS.get(filesystem_number(path))


def filesystem_number(path: str) -> int:
    """Return the kernel's number for the kind of filesystem, 0 where there is none."""
    answer = (ctypes.c_char * _BYTES)()
    if _statfs(os.fsencode(path), answer):
        return 0
    return int.from_bytes(answer.raw[:_KIND_BYTES], sys.byteorder) & _KIND_MASK
