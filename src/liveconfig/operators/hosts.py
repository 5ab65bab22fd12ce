"""
The names under which the operators' port may be asked.

Owns: which are safe whoever asks, and the refusal of all others.
Must not know: the routes, where more names come from.
Runs in: every worker.

Why: a page of a stranger that is open in an operator's browser may give its own name
the address of this port, and is then allowed to read what is answered there. It cannot
do that with an address, nor with a name that its own servers are not asked for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

import falcon

# Of this machine, and of the Services of a cluster: no public server is asked for them.
_SAFE_DOMAINS = (".localhost", ".svc", ".cluster.local")


class HostsMiddleware:
    """Refuse requests under a name that is neither safe nor known, but for probes."""

    def __init__(self, names: Collection[str], probes: Collection[str]) -> None:
        """
        Know some names.

        Args:
            names: in small letters; `.example.com` is that domain with all that is
                under it, `*` is any.
            probes: paths that are answered under any name, as they say nothing.
        """
        self._names = names
        self._probes = probes

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Refuse the request if its `Host` is a name that nobody vouches for."""
        host = req.get_header("Host")
        # Every browser sends one.
        if not host or req.path in self._probes or is_known(host, self._names):
            return
        raise falcon.HTTPForbidden(
            description=(
                "The operators' port is not known by this name: ask for it by its "
                "address, or put the name into LIVECONFIG_ADMIN_NAMES."
            )
        )


def is_known(host: str, names: Collection[str]) -> bool:
    """
    Return whether a `Host` header may be answered.

    Args:
        host: a name or an address, with a port or without.
        names: see `HostsMiddleware`.
    """
    if host.startswith("["):
        return _is_address(host[1:].partition("]")[0])
    name = host.partition(":")[0].rstrip(".").lower()
    # One word is a name of the network that one is in, such as that of a container.
    if "." not in name or name.endswith(_SAFE_DOMAINS) or _is_address(name):
        return True
    return any(_covers(known, name) for known in names)


def _covers(known: str, name: str) -> bool:
    if known.startswith("."):
        return name == known[1:] or name.endswith(known)
    return known in ("*", name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
