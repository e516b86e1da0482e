"""What a switch says of its bonds: its texts, and its database."""

import json

BONDS = """---- bond0 ----
bond_mode: balance-tcp
bond may use recirculation: yes, Recirc-ID : 2
bond-hash-basis: 7
lb_output action: disabled, bond-id: -1
updelay: 100 ms
downdelay: 200 ms
next rebalance: 8891 ms
lacp_status: negotiated
lacp_fallback_ab: false
active-backup primary: <none>
something of next year: 1
active member mac: e2:98:24:ae:65:14(eth1)

member eth0: disabled
  updelay expires in 70 ms
  may_enable: true

member eth1: enabled
  active member
  may_enable: true
  hash 12: 40 kB load
  hash 200: 3 kB load

---- ab ----
bond_mode: active-backup
lacp_status: off

member eth2: enabled
  active member
  may_enable: true

member eth3: disabled
  may_enable: false

"""

LACP = """---- bond0 ----
  status: active negotiated
  sys_id: 02:00:00:00:00:01
  sys_priority: 65534
  aggregation key: 5
  lacp_time: fast

member: eth0: current attached
  port_id: 2
  port_priority: 65535
  may_enable: true

  actor sys_id: 02:00:00:00:00:01
  actor sys_priority: 65534
  actor port_id: 2
  actor port_priority: 65535
  actor key: 5
  actor state: activity timeout aggregation synchronized collecting distributing

  partner sys_id: 02:00:00:00:00:77
  partner sys_priority: 100
  partner port_id: 4
  partner port_priority: 255
  partner key: 3
  partner state: activity aggregation

member: eth1: defaulted detached
  port_id: 1
  port_priority: 65535
  may_enable: false

  actor sys_id: 02:00:00:00:00:01
  actor sys_priority: 65534
  actor port_id: 1
  actor port_priority: 65535
  actor key: 5
  actor state: activity timeout aggregation defaulted

  partner sys_id: 00:00:00:00:00:00
  partner sys_priority: 0
  partner port_id: 0
  partner port_priority: 0
  partner key: 0
  partner state:
"""

STATS = """---- bond0 statistics ----

member: eth0:
  TX PDUs: 12
  RX PDUs: 11
  RX Bad PDUs: 2
  RX Marker Request PDUs: 3
  Link Expired: 4
  Link Defaulted: 5
  Carrier Status Changed: 6
  Of Next Year: 9

member: eth1:
  TX PDUs: 1
"""


def row(number: int, **columns: object) -> dict[str, object]:
    return {"_uuid": ["uuid", f"u{number}"], **columns}


def some(*values: object) -> list[object]:
    return ["set", list(values)]


TABLES = [
    {"rows": [{"name": "br0", "ports": some(["uuid", "u1"], ["uuid", "u2"])}]},
    {
        "rows": [
            row(
                1,
                name="bond0",
                interfaces=some(["uuid", "u11"], ["uuid", "u10"], ["uuid", "u12"]),
                bond_mode="balance-tcp",
                lacp="active",
                bond_updelay=100,
                bond_fake_iface=False,
                other_config=["map", [["lacp-time", "fast"], ["priority-tags", "x"]]],
            ),
            row(2, name="br0", interfaces=["uuid", "u99"], bond_mode=some()),
        ]
    },
    {
        "rows": [
            row(
                10,
                name="eth0",
                ifindex=4,
                admin_state="up",
                link_state="up",
                link_speed=10_000_000_000,
                duplex="full",
                mac_in_use="02:00:00:00:00:10",
                mtu=1500,
                link_resets=3,
                error=some(),
                other_config=["map", [["lacp-port-id", "9"]]],
            ),
            row(11, name="eth1", admin_state="up", link_state="down", link_speed=0, ifindex=0),
            row(12, name="eth9", error="could not open", link_state=some()),
        ]
    },
]


def said(*texts: str | None) -> bytes:
    return b"".join(
        json.dumps({"id": n, "result": text, "error": None if text else "no command"}).encode()
        for n, text in enumerate(texts)
    )
