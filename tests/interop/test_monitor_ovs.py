"""What is heard of Open vSwitch: links that go, a switch that says nothing for a while."""

from __future__ import annotations

import pytest

from lacp.inspect.monitor.changes import Changes
from lacp.inspect.survey import Places
from lacp.picture.events import Event
from tests.interop.netns import namespaces, veth
from tests.interop.ovs import open_vswitch
from tests.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.netns]


def test_a_link_goes_and_a_switch_hangs() -> None:
    with namespaces(2) as (here, there), open_vswitch(here) as switch:
        for number in (1, 2):
            veth(here, f"e{number}", there, f"p{number}")
        switch.bond("bond0", ["e1", "e2"])
        places = Places(sources=frozenset({"ovs"}), ovs_run_dir=str(switch.directory))
        with Changes(places, interval=0.1).begin(10) as changes:
            heard: list[Event] = []

            def wait_for(said: str) -> None:
                def come() -> bool:
                    heard.extend(changes.read())
                    return any(said in str(event) for event in heard)

                until(come, 20, lambda: [str(event) for event in heard])

            assert [lag.name for lag in changes.lags()] == ["bond0"]
            there.ip("link set p1 down")
            wait_for("bond0 e1: link down")
            switch.freeze()
            wait_for("bond0: ovs of bond0 says nothing")
            switch.thaw()
            wait_for("bond0: ovs of bond0 is back")
            there.ip("link set p1 up")
            wait_for("bond0 e1: link up")
            switch.vsctl("del-port", "bond0")
            wait_for("bond0: LAG is gone")
