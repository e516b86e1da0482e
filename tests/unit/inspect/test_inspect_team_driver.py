"""What the team driver says of its ports, by its options."""

import pytest

from lacp.inspect import team_driver
from lacp.inspect.teamd import Told, view
from lacp.netlink.team import Key, Value
from lacp.picture.model import LagView, PortView


@pytest.mark.parametrize(
    ("told", "link", "expected"),
    [
        ({}, True, (None, None)),
        ({Key("enabled", 3): False}, True, (False, False)),
        # Nothing is sent as long as there is no mode.
        ({Key("enabled", 3): True}, True, (True, False)),
        ({Key("enabled", 3): True, Key("mode"): "*NOMODE*"}, True, (True, False)),
        ({Key("enabled", 3): True, Key("mode"): "random"}, True, (True, True)),
        ({Key("enabled", 3): True, Key("mode"): "random"}, False, (False, False)),
        (
            {
                Key("enabled", 3): True,
                Key("mode"): "random",
                Key("user_linkup_enabled", 3): True,
                Key("user_linkup", 3): False,
            },
            True,
            (False, False),
        ),
        (
            {Key("enabled", 3): True, Key("mode"): "activebackup", Key("activeport"): 4},
            True,
            (False, False),
        ),
    ],
)
def test_who_the_driver_uses(
    told: dict[Key, Value], link: bool, expected: tuple[bool | None, bool | None]
) -> None:
    assert team_driver.uses(told, 3, link) == expected


def test_tables_for_machines_are_left_out() -> None:
    told: dict[Key, Value] = {
        Key("mode"): "loadbalance",
        Key("bpf_hash_func"): b"\0" * 8,
        Key("lb_tx_hash_to_port_mapping", 0, 5): 3,
        Key("queue_id", 3): 1,
    }
    assert team_driver.settings(told) == {"mode": "loadbalance"}
    assert team_driver.settings(told, 3) == {"queue_id": 1}
    assert isinstance(view(Told({}, {}), "x"), LagView)
    assert view(Told({}, {"ports": {"a": {}}}), "x").ports[0] == PortView(
        name="a", link_watches=(), prio=0, sticky=False
    )
