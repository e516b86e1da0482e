"""What Open vSwitch's database says of bonds: how they are configured, and the links below them.

RFC 7047 has the protocol, ovs-vswitchd.conf.db(5) the tables and columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lacp.address import Mac
from lacp.inspect import jsonrpc
from lacp.inspect.values import integer, mac, scalar, text
from lacp.link import Duplex
from lacp.picture.model import LinkView

_DATABASE = "Open_vSwitch"
_BRIDGE = ("name", "ports")
#: Settings of a port that the database has beside other_config, under the names of the columns.
_SETTINGS = ("bond_mode", "bond_updelay", "bond_downdelay", "bond_fake_iface", "lacp")
_PORT = ("_uuid", "name", "interfaces", "other_config", *_SETTINGS)
_INTERFACE = (
    *("_uuid", "name", "ifindex", "admin_state", "link_state", "link_speed", "duplex"),
    *("mac_in_use", "mtu", "link_resets", "error", "other_config"),
)
_OTHER = ("bond-", "lacp-")


@dataclass(frozen=True, slots=True)
class Interface:
    """A row of the table Interface."""

    name: str
    ifindex: int | None = None
    link: LinkView = field(default_factory=LinkView)
    address: Mac | None = None
    mtu: int | None = None
    #: Why it could not be opened.
    error: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Port:
    """A row of the table Port: a bond when it has several interfaces."""

    name: str
    bridge: str | None = None
    interfaces: tuple[Interface, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def aggregates(self) -> bool:
        """Whether it is a bond, or speaks LACP on its one interface."""
        return len(self.interfaces) > 1 or self.settings.get("lacp") in ("active", "passive")


def request() -> bytes:
    """The call that asks for everything at once."""
    tables = {"Bridge": _BRIDGE, "Port": _PORT, "Interface": _INTERFACE}
    selects = [
        {"op": "select", "table": table, "where": [], "columns": list(columns)}
        for table, columns in tables.items()
    ]
    return jsonrpc.requests(("transact", [_DATABASE, *selects]))


def ports(result: Any) -> dict[str, Port]:
    """The ports by name; none when the result is not that of `request`."""
    bridges, own, interfaces = (list(_rows(result, table)) for table in range(3))
    known = {str(row.get("_uuid")): _interface(row) for row in interfaces}
    above = {
        str(["uuid", uuid]): name
        for row in bridges
        if (name := text(row.get("name"))) is not None
        for uuid in _uuids(row.get("ports"))
    }
    found = {}
    for row in own:
        name = text(row.get("name"))
        if name is not None:
            below = (known.get(str(["uuid", uuid])) for uuid in _uuids(row.get("interfaces")))
            its = sorted((one for one in below if one is not None), key=lambda one: one.name)
            bridge = above.get(str(row.get("_uuid")))
            found[name] = Port(name, bridge, tuple(its), _settings(row))
    return found


def configured(found: Mapping[str, Port]) -> dict[str, Port]:
    """What was configured of ports: what ovs-vswitchd has seen of them is old when it has gone."""
    return {
        name: replace(port, interfaces=tuple(_configured(one) for one in port.interfaces))
        for name, port in found.items()
    }


def _configured(interface: Interface) -> Interface:
    kept = {key: value for key, value in interface.settings.items() if key.startswith(_OTHER)}
    return Interface(name=interface.name, settings=kept)


def _rows(result: Any, table: int) -> Iterator[Mapping[str, Any]]:
    tables = result if isinstance(result, list) else []
    selected = tables[table] if table < len(tables) else None
    rows = selected.get("rows") if isinstance(selected, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            yield row


def _interface(row: Mapping[str, Any]) -> Interface | None:
    name = text(row.get("name"))
    if name is None:
        return None
    bits = integer(row.get("link_speed"))
    duplex = text(row.get("duplex"))
    settings: dict[str, Any] = {
        "link_resets": integer(row.get("link_resets")),
        **_other(row),
    }
    return Interface(
        name=name,
        ifindex=integer(row.get("ifindex")) or None,
        link=LinkView(
            up=_up(row),
            # Of an interface that does not know, it is 0.
            speed=bits // 1_000_000 or None if bits is not None and bits > 0 else None,
            duplex=Duplex(duplex) if duplex in (Duplex.FULL, Duplex.HALF) else None,
            admin_up={"up": True, "down": False}.get(text(row.get("admin_state")) or ""),
        ),
        address=mac(row.get("mac_in_use")),
        mtu=integer(row.get("mtu")),
        error=text(row.get("error")),
        settings=settings,
    )


def _up(row: Mapping[str, Any]) -> bool | None:
    """Whether frames can pass: the carrier alone does not say that the interface is used."""
    states = {text(row.get("admin_state")), text(row.get("link_state"))}
    if "down" in states:
        return False
    return True if states == {"up"} else None


def _settings(row: Mapping[str, Any]) -> dict[str, Any]:
    # Where there may be a value, an empty set stands for none.
    own = {name: scalar(row.get(name)) for name in _SETTINGS}
    return {name: value for name, value in own.items() if value is not None} | _other(row)


def _other(row: Mapping[str, Any]) -> dict[str, Any]:
    """What other_config says of bonds and LACP."""
    config = row.get("other_config")
    pairs = config[1] if isinstance(config, list) and config[:1] == ["map"] and config[1:] else []
    found = {}
    for pair in pairs if isinstance(pairs, list) else []:
        if isinstance(pair, list) and len(pair) == 2:
            key, value = text(pair[0]), text(pair[1])
            if key is not None and value is not None and key.startswith(_OTHER):
                found[key] = value
    return found


def _uuids(value: Any) -> Iterator[str]:
    """A reference, or a set of them."""
    some = value[1] if isinstance(value, list) and value[:1] == ["set"] and value[1:] else [value]
    for one in some if isinstance(some, list) else []:
        if isinstance(one, list) and len(one) == 2 and one[0] == "uuid" and isinstance(one[1], str):
            yield one[1]
