"""What the model of a LAG says of itself."""

from __future__ import annotations

import pytest

from lacp.picture.model import End, LagView, PortView

_PORT = PortView(name="eth0")
_WITH_LACP = PortView(name="eth0", actor=End())


@pytest.mark.parametrize("said", [True, False])
def test_a_source_that_says_whether_lacp_is_spoken_is_believed(said: bool) -> None:
    lag = LagView(name="team0", source="lacpd", mode="lacp", lacp=said, ports=(_WITH_LACP,))
    assert lag.speaks_lacp is said


@pytest.mark.parametrize(
    ("source", "mode", "port", "spoken"),
    [
        ("lacpd", "lacp", _PORT, True),
        ("lacpd", "roundrobin", _PORT, False),
        ("lacpd", None, _PORT, None),
        ("lacpd", None, _WITH_LACP, True),
        # A kernel's team whose teamd does not answer: this is the mode of its runner lacp, too.
        ("team", "loadbalance", _PORT, None),
        ("ovs", "balance-tcp", _PORT, None),
        ("ovs", "balance-tcp", _WITH_LACP, True),
    ],
)
def test_who_does_not_say_whether_lacp_is_spoken(
    source: str, mode: str | None, port: PortView, spoken: bool | None
) -> None:
    assert LagView(name="team0", source=source, mode=mode, ports=(port,)).speaks_lacp is spoken
