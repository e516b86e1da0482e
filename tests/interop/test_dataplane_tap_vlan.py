"""VLAN devices over the dataplane `tap`, in a guest whose kernel has them."""

from __future__ import annotations

from tests.interop import guest
from tests.interop.taps import DEVICE, bulk, pair, ping, sent

#: Beside tun, what keeps the host's own stack off a port.
_MODULES = ("tun", "8021q", "sch_ingress", "cls_bpf")


def over_a_vlan() -> int:
    """Carry pings and TCP over VLAN 5; how many frames of a port that took."""
    with pair("loadbalance") as both:
        for end, host in ((both.here, "10.5.0.1"), (both.there, "10.5.0.2")):
            end.netns.ip_batch(
                [
                    f"link add link {DEVICE} name vlan5 type vlan id 5",
                    f"addr add {host}/24 dev vlan5",
                    "link set vlan5 up",
                ]
            )
        ping(both.here.netns, "10.5.0.2")
        before = sum(sent(both.here.netns, port) for port in both.here.ports)
        bulk(both.here.netns, both.there.netns, "10.5.0.2")
        after = sum(sent(both.here.netns, port) for port in both.here.ports)
        bulk(both.there.netns, both.here.netns, "10.5.0.1")
        return after - before


def test_a_vlan_device_carries_tcp_in_large_pieces() -> None:
    # 8 MiB in frames of Ethernet would be 5,800.
    assert guest.run(over_a_vlan, modules=_MODULES).result < 3000
