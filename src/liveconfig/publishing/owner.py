"""
Whose process the publisher is: that of the workers' user, where gunicorn is root.

Owns: becoming that user; when root stays root, and saying which.
Must not know: what is published.
Runs in: the publisher process, before it imports anything of the team's own.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from liveconfig.errors import StartupError, printable
from liveconfig.publishing.log import log
from liveconfig.sentences.of_config import RUNS_AS_WORKERS, STAYS_ROOT


class Owner(NamedTuple):
    """
    What gunicorn gives its workers by `--user`, `--group` and `--initgroups`.

    Attributes:
        user: its number.
        group: its number.
        has_all_groups: whether the user's other groups belong to it.
    """

    user: int
    group: int
    has_all_groups: bool

    @classmethod
    def parse(cls, text: str) -> Owner:
        """Read the three numbers, as the master writes them with colons between."""
        user, group, has_all_groups = map(int, text.split(":"))
        return cls(user, group, bool(has_all_groups))


def take_place(owner: Owner, path: str) -> None:
    """
    Become the owner, if this is root; stay root where root alone can read the source.

    Args:
        owner: whom the workers become.
        path: the source.

    Raises:
        StartupError: the kernel does not let this process become the owner.
    """
    if os.geteuid() or not (owner.user or owner.group):
        return
    name = f"uid {owner.user}, gid {owner.group}"
    try:
        with _for_a_while(owner):
            unreadable = _unreadable(path)
        # What root cannot read either, such as a source that is missing, may be there
        # for both of them later.
        if unreadable and not _unreadable(path):
            log.write(STAYS_ROOT, printable(unreadable), name)
            return
        _become(owner)
    except (OSError, KeyError) as error:
        raise StartupError(
            f"the publisher cannot run as the workers do, {name}: {error}"
        )
    log.write(RUNS_AS_WORKERS, name)


@contextmanager
def _for_a_while(owner: Owner) -> Iterator[None]:
    groups, group = os.getgroups(), os.getegid()
    try:
        _take_groups(owner)
        os.setegid(owner.group)
        os.seteuid(owner.user)
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def _become(owner: Owner) -> None:
    _take_groups(owner)
    os.setgid(owner.group)
    os.setuid(owner.user)


def _take_groups(owner: Owner) -> None:
    if owner.has_all_groups and owner.user:
        os.initgroups(pwd.getpwuid(owner.user).pw_name, owner.group)


def _unreadable(path: str) -> str:
    """Return what the effective user cannot read of a source, "" if it can."""
    if not os.path.isdir(path):
        return "" if os.access(path, os.R_OK, effective_ids=True) else path
    if not os.access(path, os.R_OK | os.X_OK, effective_ids=True):
        return path
    for name in sorted(os.listdir(path)):
        place = os.path.join(path, name)
        if not os.access(place, os.R_OK, effective_ids=True):
            return place
    return ""
