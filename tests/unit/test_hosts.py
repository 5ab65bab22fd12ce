"""The names under which the operators' port is answered."""

from __future__ import annotations

import pytest

from liveconfig.operators.hosts import is_known


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:9090",
        "app.localhost:9090",
        "127.0.0.1",
        "10.1.2.3:9090",
        "[::1]",
        "[2001:db8::1]:9090",
        "[fe80::1%25eth0]:9090",
        "liveconfig",
        "liveconfig:9090",
        "liveconfig.default.svc:9090",
        "liveconfig.default.svc.cluster.local.:9090",
    ],
)
def test_address_and_name_of_the_network_are_known(host: str) -> None:
    """Operators, probes and Prometheus ask by what no stranger can own."""
    assert is_known(host, ())


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "example.com:9090",
        "localhost.example.com",
        "127.0.0.1.example.com:9090",
        "svc.example.com",
        "shop.svc.example.com",
        "shop.localhost.example.com",
        "[example.com]:9090",
    ],
)
def test_name_that_anyone_may_own_is_not_known(host: str) -> None:
    """A name of the public network is known only if it was set."""
    assert not is_known(host, ())
    assert is_known(host, ("*",)) is not host.startswith("[")


def test_names_that_were_set_are_known() -> None:
    """One name is itself alone, with a dot before it a whole domain."""
    assert is_known("Ops.Example.com:443", ("ops.example.com",))
    assert not is_known("x.ops.example.com", ("ops.example.com",))
    for host in ("example.org", "a.example.org", "a.b.example.org."):
        assert is_known(host, ("ops.example.com", ".example.org"))
    assert not is_known("anexample.org", (".example.org",))
