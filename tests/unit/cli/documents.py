"""LAG documents as lacpd hands them out, made by hand."""

from typing import Any

from lacp.info import PortState

NOBODY = "00:00:00:00:00:00"


def info(
    system: str,
    port: int,
    state: int,
    key: int = 1,
    priority: int = 255,
    system_priority: int = 65535,
) -> dict[str, Any]:
    return {
        "system_priority": system_priority,
        "system": system,
        "key": key,
        "port_priority": priority,
        "port": port,
        "state": state,
        "flags": PortState(state).flags,
    }


def us(port: int, state: int = 0x3D) -> dict[str, Any]:
    return info("02:00:00:00:00:01", port, state)


def them(port: int, state: int = 0x3D) -> dict[str, Any]:
    return info("00:13:c4:12:0f:00", port, state, 13, 32768, 32768)


def port(name: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": name,
        "ifindex": number + 2,
        "link": {"up": True, "speed": 10000, "duplex": "full"},
        "selected": "SELECTED",
        "selected_reason": "joins aggregator 1 of [(8000,00:13:c4:12:0f:00,000d,00,0000),"
        "(ffff,02:00:00:00:00:01,0001,00,0000)]",
        "aggregator": 1,
        "collecting": True,
        "distributing": True,
        "actor": us(number),
        "partner": them(number + 20),
        "machines": {
            "receive": "CURRENT",
            "periodic": "SLOW_PERIODIC",
            "mux": "DISTRIBUTING",
            "actor_churn": "NO_ACTOR_CHURN",
            "partner_churn": "NO_PARTNER_CHURN",
        },
        "counters": {
            "lacpdus_rx": 1203,
            "lacpdus_tx": 1198,
            "marker_pdus_rx": 0,
            "marker_pdus_tx": 0,
            "marker_response_pdus_rx": 0,
            "marker_response_pdus_tx": 0,
            "unknown_rx": 2,
            "illegal_rx": 0,
        },
        "last_rx_age": 12.4,
        "problems": [],
        "timers": {"current_while": 77.6, "periodic": 14.2, "wait_while": None},
        "history": [
            {
                "time": "2025-12-31T23:59:59.000Z",
                "machine": "receive",
                "old": "EXPIRED",
                "new": "CURRENT",
                "reason": "lacpdu_received",
            },
            {
                "time": "2026-01-01T00:00:01.250Z",
                "machine": "mux",
                "old": "COLLECTING",
                "new": "DISTRIBUTING",
                "reason": "selected and partner_sync and partner_collecting",
            },
        ],
    }
    return {**document, **changes}


def half_way(name: str, number: int) -> dict[str, Any]:
    """A port whose partner is in sync but does not collect."""
    machines = {**port(name)["machines"], "mux": "COLLECTING"}
    problem = (
        "partner does not collect: it says that it is in sync, and has had all the time that it "
        "needs to open its receiving side"
    )
    return port(
        name,
        number,
        distributing=False,
        actor=us(number, 0x1D),
        partner=them(number + 20, 0x0D),
        machines=machines,
        problems=[problem],
    )


def down(name: str, number: int) -> dict[str, Any]:
    machines = {
        "receive": "PORT_DISABLED",
        "periodic": "NO_PERIODIC",
        "mux": "DETACHED",
        "actor_churn": "ACTOR_CHURN_MONITOR",
        "partner_churn": "PARTNER_CHURN_MONITOR",
    }
    return port(
        name,
        number,
        link={"up": False, "speed": None, "duplex": None},
        selected="UNSELECTED",
        selected_reason="the port is new",
        aggregator=None,
        collecting=False,
        distributing=False,
        actor=us(number, 0x45),
        partner=info(NOBODY, 0, 0, 0, 0, 0),
        machines=machines,
        last_rx_age=None,
        problems=["link is down"],
    )


def standby(name: str, number: int) -> dict[str, Any]:
    return port(
        name,
        number,
        selected="STANDBY",
        collecting=False,
        distributing=False,
        actor=us(number, 0x05),
        machines={**port(name)["machines"], "mux": "WAITING"},
        problems=["stands by: max_ports 2"],
    )


def lag(name: str, *ports: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "source": "lacpd",
        "mode": "lacp",
        "up": True,
        "dataplane": "none",
        "actor": {"system_priority": 65535, "system": "02:00:00:00:00:01", "key": 1},
        "partner": {"system_priority": 32768, "system": "00:13:c4:12:0f:00", "key": 13},
        "aggregator": 1,
        "min_ports": 1,
        "max_ports": None,
        "edition": "2014",
        "control": "independent",
        "fallback": "none",
        "ports": list(ports),
        "problems": [],
        **changes,
    }


#: One of everything.
MIXED = lag(
    "team0",
    port("eth1", 1),
    half_way("eth2", 2),
    standby("eth3", 3),
    down("enp129s0f0np0v1", 4),
    max_ports=2,
)
FULL = lag("bond-to-the-dc", *(port(f"enp129s0f{i}np0v1"[:15], i + 1) for i in range(16)))
NOTHING = lag(
    "team9",
    up=False,
    actor={"system_priority": 65535, "system": None, "key": None},
    partner=None,
    problems=["no ports"],
)
#: What a source that knows little leaves open.
UNKNOWN = lag(
    "bond0",
    {
        "name": "eth8",
        "ifindex": None,
        "link": {"up": None, "speed": None, "duplex": None},
        **dict.fromkeys(
            ("selected", "aggregator", "collecting", "distributing", "actor", "partner")
        ),
        **dict.fromkeys(("machines", "counters", "last_rx_age", "problems")),
    },
    source="kernel bond",
    up=None,
    dataplane=None,
    actor=None,
    partner=None,
)


def watched(name: str, number: int, **changes: Any) -> dict[str, Any]:
    """A port of a LAG that speaks no LACP."""
    ethtool = {"name": "ethtool", "up": True, "reason": "carrier", "down_count": 0}
    document: dict[str, Any] = {
        "name": name,
        "ifindex": number + 2,
        "link": {"up": True, "speed": 10000, "duplex": "full"},
        **dict.fromkeys(("selected", "selected_reason", "aggregator", "actor", "partner")),
        **dict.fromkeys(("machines", "last_rx_age")),
        "collecting": True,
        "distributing": True,
        "usable": True,
        "prio": 0,
        "sticky": False,
        "queue_id": None,
        "link_watches": [ethtool],
        "counters": {"flooded_rx": 0, "refused_rx": 0},
        "problems": [],
    }
    return {**document, **changes}


def unanswered(name: str, number: int) -> dict[str, Any]:
    """A port with carrier, whose neighbour is silent."""
    reason = "4 probes in a row without an answer from 192.0.2.1"
    arp_ping = {"name": "arp_ping", "up": False, "reason": reason, "down_count": 2}
    return watched(
        name,
        number,
        collecting=False,
        distributing=False,
        usable=False,
        link_watches=[*watched(name, number)["link_watches"], arp_ping],
        problems=[f"arp_ping: {reason}"],
    )


def without_lacp(name: str, mode: str, *ports: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A LAG that speaks no LACP."""
    lacp = ("actor", "partner", "aggregator", "min_ports", "max_ports", "edition", "control")
    return lag(
        name,
        *ports,
        **{
            **dict.fromkeys((*lacp, "fallback")),
            "mode": mode,
            "dataplane": "team",
            "address": "02:00:00:00:00:01",
            "active_port": None,
            **changes,
        },
    )


ACTIVEBACKUP = without_lacp(
    "team1",
    "activebackup",
    watched("eth1", 1, prio=100, sticky=True, queue_id=3),
    watched("eth2", 2, collecting=False, distributing=False),
    unanswered("eth3", 3),
    watched(
        "enp129s0f0np0v1",
        4,
        ifindex=None,
        link={"up": False, "speed": None, "duplex": None},
        collecting=False,
        distributing=False,
        usable=False,
        link_watches=[
            {"name": "ethtool", "up": False, "reason": "the interface is gone", "down_count": 1}
        ],
        problems=["no such interface: the port waits for one"],
    ),
    active_port="eth1",
)
ROUNDROBIN = without_lacp("team2", "roundrobin", watched("eth1", 1), unanswered("eth2", 2))
