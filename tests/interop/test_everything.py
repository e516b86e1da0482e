"""LAGs of every make on one host, listed by one command, beside what their own tools say of them.

In one guest: bonds in all seven modes, a team of teamd, one of lacpd, a bond of Open vSwitch.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from lacp.picture.formats.ieee import ieee
from lacp.picture.formats.openconfig import openconfig
from lacp.picture.model import LagView
from lacp.picture.reading import read_lag
from tests import yang
from tests.daemons import conf
from tests.interop import guest
from tests.interop import test_inspect_bond as of_bonds
from tests.interop import test_inspect_ovs as of_ovs
from tests.interop import test_inspect_team as of_teams
from tests.interop.commands import lacpctl
from tests.interop.daemon import Daemon, lacpd
from tests.interop.netns import Namespace, veth
from tests.interop.ovs import OpenVSwitch, open_vswitch, parse_show, parse_stats
from tests.interop.teamd import Teamd, teamd
from tests.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.guest, pytest.mark.slow]

Document = dict[str, Any]

#: What is listed beside the bonds of the kernel: name, source, mode and ports.
OTHERS = {
    ("teamed", "teamd", "lacp", ("d1", "d2")),
    ("ours", "lacpd", "lacp", ("l1", "l2")),
    ("switched", "ovs", "balance-tcp", ("o1", "o2")),
}

#: Nothing is wrong with these.
HEALTHY = ("teamed", "ours", "switched", "xor", "bc", "tlb", "hash", "alb")


# What happens in the guest.


class Host:
    """Everything, running."""

    def __init__(
        self, here: Namespace, team: Teamd, ours: Daemon, switch: OpenVSwitch, partner: Daemon
    ) -> None:
        self.here = here
        self.team = team
        self.ours = ours
        self.switch = switch
        self._partner = partner

    def settle(self) -> None:
        """Wait until all of them are at rest."""
        until(self._bonds_rest, 60, every=0.2)
        self.team.until(lambda: of_teams._distributing(self.team))
        self.ours.until_distributing(["l1", "l2"], 30)
        self._partner.until_distributing(["p1", "p2"], 30)
        self.switch.until(lambda: of_ovs.at_rest(self.switch, "switched"), 30)

    def _bonds_rest(self) -> bool:
        with self.here.entered():
            found = of_bonds._texts()
        states = [line for line in found["ad"].splitlines() if "port state: 61" in line]
        return len(states) == 4 and "MII Status: down" in found["rr"].split("rr1")[1]

    def said(self) -> Document:
        """What their own tools say."""
        with self.here.entered():
            texts = of_bonds._texts()
        return {
            "texts": texts,
            "state": of_teams._teamdctl(self.team, "state"),
            "config": of_teams._teamdctl(self.team, "config"),
            "ovs": self.switch.appctl("lacp/show", "switched"),
            "ip": json.loads(self.here.run("ip", "-d", "-j", "link")),
        }

    def look(self, *arguments: str, nobody: bool = False) -> subprocess.CompletedProcess[str]:
        return lacpctl(self.here, self.ours.directory, self.switch, *arguments, nobody=nobody)

    def looked(self) -> Document:
        """What lacpctl shows at a moment in which nothing happened."""
        for _ in range(20):
            before = self.said()
            stats = self.switch.appctl("lacp/show-stats", "switched")
            start = time.monotonic()
            shown = self.look("--json", "show")
            took = time.monotonic() - start
            after = self.switch.appctl("lacp/show-stats", "switched")
            if self.said() == before:
                return {
                    **before,
                    "shown": _told(shown),
                    "stats": [stats, after],
                    "ours": self.ours.lag(),
                    "table": _told(self.look("show")),
                    "nobody": _told(self.look("--json", "show", nobody=True)),
                    "named": _told(self.look("--json", "show", "ours", "d1")),
                    "teams": _told(self.look("--json", "--source", "team", "show")),
                    "explained": _told(self.look("explain", *HEALTHY)),
                    "seconds": took,
                }
        raise AssertionError("they do not come to rest")


def _told(done: subprocess.CompletedProcess[str]) -> Document:
    return {"status": done.returncode, "output": done.stdout, "errors": done.stderr.splitlines()}


@contextmanager
def running() -> Iterator[Host]:
    with of_bonds.bonds() as (here, there), ExitStack() as stack:
        for number in (1, 2):
            veth(here, f"d{number}", there, f"p{number}")
            veth(here, f"l{number}", here, f"o{number}")
        partner = stack.enter_context(lacpd(there, conf("partner", ["p1", "p2"], fast_rate=True)))
        team = stack.enter_context(teamd(here, ["d1", "d2"], name="teamed", fast_rate=True))
        switch = stack.enter_context(open_vswitch(here))
        switch.bond("switched", ["o1", "o2"], mode="balance-tcp", lacp_system_priority=77)
        for port in ("l1", "l2"):
            here.ip(f"link set {port} down")
        # It answers teamd's clients as well, where those look.
        options = ("--dataplane", "team", "--teamd-run-dir", "/run/teamd")
        text = conf("ours", ["l1", "l2"], fast_rate=True, min_ports=2)
        ours = stack.enter_context(lacpd(here, text, *options))
        here.ip("link set ours up")
        host = Host(here, team, ours, switch, partner)
        host.settle()
        yield host


def everything() -> Document:
    with running() as host:
        return host.looked()


# What is made of it.


@pytest.fixture(scope="module")
def found() -> Document:
    modules = (*guest.BONDING_MODULES, *guest.TEAM_MODULES, "tun")
    result = guest.run(everything, modules=modules, timeout=280, memory=1024).result
    assert isinstance(result, dict)
    return result


@pytest.fixture(scope="module")
def seen(found: Document) -> dict[str, LagView]:
    lags = json.loads(found["shown"]["output"])["lags"]
    views = {one["name"]: read_lag(one) for one in lags}
    assert len(views) == len(lags)
    return views


@pytest.fixture(scope="module")
def links(found: Document) -> Document:
    return {link["ifname"]: link for link in found["ip"]}


def test_every_lag_is_listed_once(
    found: Document, seen: dict[str, LagView], links: Document
) -> None:
    assert (found["shown"]["status"], found["shown"]["errors"]) == (0, [])
    bonds = {
        (name, "bond", info["info_data"]["mode"], below(links, name))
        for name, link in links.items()
        if (info := link.get("linkinfo", {})).get("info_kind") == "bond"
    }
    assert {mode for _, _, mode, _ in bonds} == {
        *("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad"),
        *("balance-tlb", "balance-alb"),
    }
    assert {
        (lag.name, lag.source, lag.mode, tuple(port.name for port in lag.ports))
        for lag in seen.values()
    } == OTHERS | bonds


def below(links: Document, name: str) -> tuple[str, ...]:
    return tuple(sorted(port for port, link in links.items() if link.get("master") == name))


@pytest.mark.parametrize("name", of_bonds.BONDS)
def test_bonds_are_what_ip_and_proc_say(
    name: str, found: Document, seen: dict[str, LagView], links: Document
) -> None:
    told = json.loads(json.dumps(links))
    of_bonds.test_every_option_is_what_ip_says(name, seen, told)
    of_bonds.test_every_port_is_what_ip_says(name, seen, told)
    of_bonds.test_the_text_is_that_of_the_kernel(name, seen, found)


def test_the_team_is_what_teamdctl_says(found: Document) -> None:
    told = {
        "lags": json.loads(found["shown"]["output"])["lags"],
        "state": {"teamed": json.loads(json.dumps(found["state"]))},
        "config": {"teamed": found["config"]},
    }
    of_teams.test_every_field_is_that_of_teamdctl(told, "teamed")


def test_the_bond_of_open_vswitch_is_what_it_says(
    found: Document, seen: dict[str, LagView]
) -> None:
    lag, told = seen["switched"], parse_show(found["ovs"])
    before, after = map(parse_stats, found["stats"])
    assert lag.actor is not None
    assert (lag.actor.system_priority, lag.actor.system) == (77, told.system)
    for port in lag.ports:
        member = told.members[port.name]
        assert of_ovs.values(port.actor) == of_ovs.values(member.actor)
        assert of_ovs.values(port.partner) == of_ovs.values(member.partner)
        assert port.machines is not None
        assert port.machines.receive == member.status.upper()
        for counter, word in of_ovs.COUNTERS.items():
            least, most = before[port.name][word], after[port.name][word]
            assert least <= ((port.counters or {})[counter] or 0) <= most


def test_the_team_of_lacpd_is_what_it_says(found: Document, seen: dict[str, LagView]) -> None:
    lag, told = seen["ours"], read_lag(found["ours"])
    for name in ("mode", "ifindex", "address", "actor", "partner", "min_ports", "netns"):
        assert getattr(lag, name) == getattr(told, name), name
    for port, its in zip(lag.ports, told.ports, strict=True):
        for name in ("name", "ifindex", "actor", "partner", "selected", "machines"):
            assert getattr(port, name) == getattr(its, name), name


def test_both_ends_of_a_cable_agree(seen: dict[str, LagView]) -> None:
    ours, switched = seen["ours"], seen["switched"]
    for mine, its in zip(ours.ports, switched.ports, strict=True):
        assert mine.partner is not None
        assert its.partner is not None
        assert of_ovs.values(mine.partner)[:5] == of_ovs.values(its.actor)[:5]
        assert of_ovs.values(its.partner)[:5] == of_ovs.values(mine.actor)[:5]


def test_every_device_is_what_ip_says(seen: dict[str, LagView], links: Document) -> None:
    for name in (*of_bonds.BONDS, "teamed", "ours"):
        lag, told = seen[name], links[name]
        assert (lag.ifindex, str(lag.address), lag.mtu) == (
            *(told["ifindex"], told["address"], told["mtu"]),
        )
        assert (lag.up, lag.admin_up) == ("LOWER_UP" in told["flags"], "UP" in told["flags"])
    for port in seen["switched"].ports:
        told = links[port.name]
        assert (port.ifindex, str(port.address)) == (told["ifindex"], told["address"])


def test_the_table_has_them_all_in_80_columns(found: Document, seen: dict[str, LagView]) -> None:
    table = found["table"]
    assert (table["status"], table["errors"]) == (0, [])
    assert max(map(len, table["output"].splitlines())) <= 80
    words = set(re.findall(r"[\w.-]+", table["output"]))
    for lag in seen.values():
        assert lag.name in words
        assert all(port.name in words for port in lag.ports)


def test_models_of_yang_have_every_lag(seen: dict[str, LagView]) -> None:
    with_lacp = sorted(lag.name for lag in seen.values() if lag.lacp)
    document, left_out = openconfig(seen.values())
    assert yang.findings(document, yang.OPENCONFIG) == []
    assert left_out == []
    lacp = yang.values(document, "openconfig-lacp:lacp/interfaces/interface/name")
    assert sorted(lacp) == with_lacp
    kinds = "openconfig-interfaces:interfaces/interface/openconfig-if-aggregate:aggregation"
    assert len(yang.values(document, f"{kinds}/state/lag-type")) == len(seen)
    document, left_out = ieee(seen.values())
    assert yang.findings(document, yang.IEEE) == []
    assert len(left_out) == len(seen) - len(with_lacp)
    groups = yang.values(document, "ieee802-dot1ax-linkagg:linkagg/key-group/name")
    assert sorted(groups) == with_lacp


def test_names_select(found: Document) -> None:
    assert found["named"]["status"] == 0
    lags = json.loads(found["named"]["output"])["lags"]
    assert {lag["name"] for lag in lags} == {"ours", "teamed"}


def test_without_rights_all_devices_are_listed_and_what_is_missing_is_said(
    found: Document, seen: dict[str, LagView]
) -> None:
    nobody = found["nobody"]
    lags = {lag["name"]: lag for lag in json.loads(nobody["output"])["lags"]}
    assert set(lags) == set(seen) - {"switched"}
    assert (lags["teamed"]["source"], lags["ours"]["source"]) == ("team", "team")
    assert all("run as root" in "".join(lags[name]["unseen"]) for name in ("teamed", "ours"))
    assert nobody["status"] == 1
    # Those of which nothing at all is seen.
    assert any("lacpd-" in line and "run as root" in line for line in nobody["errors"])
    assert any("ovs-" in line and "run as root" in line for line in nobody["errors"])


def test_where_teamd_is_asked_lacpd_answers_as_well(found: Document) -> None:
    assert (found["teams"]["status"], found["teams"]["errors"]) == (0, [])
    lags = json.loads(found["teams"]["output"])["lags"]
    told = {(lag["name"], lag["source"], lag["mode"], lag["up"]) for lag in lags}
    assert told == {("teamed", "teamd", "lacp", True), ("ours", "teamd", "lacp", True)}


def test_nothing_is_said_to_be_wrong_with_what_is_healthy(found: Document) -> None:
    assert (found["explained"]["status"], found["explained"]["errors"]) == (0, [])
    assert found["explained"]["output"].splitlines() == [
        f"{name}: nothing is wrong" for name in sorted(HEALTHY)
    ]
