"""The client of teamd's Unix sockets, and a team as teamd tells of it.

teamd answers StateDump and ConfigDump (libteam's teamd_usock.c, teamd_state.c); lacpd does so for
its own teams.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lacp.errors import BackendError
from lacp.info import PORT_STATES, PortState
from lacp.inspect.answering import Way
from lacp.inspect.values import at, boolean, decoded, integer, mac, members, scalar, text
from lacp.link import Duplex
from lacp.picture.model import (
    End,
    LagView,
    LinkView,
    Machines,
    PortView,
    SystemId,
    WatcherView,
)
from lacp.text import plain

#: teamd's names for the states of a port's LACP, and those of the standard's receive machine.
_RECEIVE = {
    "current": "CURRENT",
    "expired": "EXPIRED",
    "defaulted": "DEFAULTED",
    "disabled": "PORT_DISABLED",
}
#: Keys of the configuration that the model, or the state, has in other places.
_TOLD_ELSEWHERE = frozenset({"device", "ports", "runner", "name", "agg_select_policy"})
_TOLD_OF_PORTS = frozenset({"prio", "sticky", "queue_id"})
#: How deep the objects of a configuration are.
_DEEP = 3
#: teamd.conf(5): fewer ports than this, and the team has no carrier.
_MIN_PORTS = 1


@dataclass(frozen=True, slots=True)
class Told:
    """What a daemon says of its team."""

    config: Mapping[str, Any]
    state: Mapping[str, Any]

    @property
    def name(self) -> str | None:
        """The name of the team."""
        return text(at(self.state, "team_device", "ifinfo", "ifname")) or text(
            self.config.get("device")
        )

    @property
    def ifindex(self) -> int | None:
        """The interface index of its device; None when it has none."""
        return integer(at(self.state, "team_device", "ifinfo", "ifindex")) or None

    @property
    def process(self) -> int | None:
        """The daemon's own word for the number of its process."""
        return integer(at(self.state, "setup", "pid"))


def _told(records: Sequence[bytes]) -> Told | None:
    """The replies to both requests; None as long as there are fewer."""
    documents = [_document(record) for record in records]
    return Told(documents[0], documents[1]) if len(documents) == 2 else None


def _document(record: bytes) -> Mapping[str, Any]:
    tag, _, rest = record.decode(errors="replace").partition("\n")
    if tag == "REPLY_ERROR":
        code, _, message = rest.rstrip("\n").partition("\n")
        raise BackendError(f"teamd refuses: {plain(message[:200] or code[:200])}")
    try:
        document = decoded(rest) if tag == "REPLY_SUCCESS" else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise BackendError("this is not teamd's protocol")
    return document


TEAMD = Way(
    "teamd",
    socket.SOCK_SEQPACKET,
    (b"REQUEST\nConfigDump\n", b"REQUEST\nStateDump\n"),
    _told,
    limit=2 << 20,
)


def view(told: Told, name: str) -> LagView:
    """The team, as far as its daemon knows it."""
    config, state = told.config, told.state
    runner = text(at(state, "setup", "runner_name")) or text(at(config, "runner", "name"))
    ports = tuple(_Port(told, port, runner).view() for port in sorted(members(state, "ports")))
    chosen = _chosen(told)
    lacp = None if runner is None else runner == "lacp"
    return LagView(
        name=name,
        source="teamd",
        mode=runner,
        lacp=lacp,
        ifindex=told.ifindex,
        address=mac(at(state, "team_device", "ifinfo", "dev_addr")),
        active_port=text(at(state, "runner", "active_port")) or None,
        actor=_actor(told, chosen) if lacp else None,
        partner=_system(_end(told, chosen, "partner")) if chosen else None,
        aggregator=_aggregator(told, chosen) if chosen else None,
        min_ports=_min_ports(config) if lacp else None,
        agg_select_policy=text(at(state, "runner", "select_policy"))
        or text(at(config, "runner", "agg_select_policy")),
        settings=_settings(told),
        ports=ports,
    )


def _settings(told: Told) -> dict[str, Any]:
    """What it was configured with, and what it says of itself, under teamd's names."""
    setup = members(told.state, "setup")
    runner = {
        key: value
        for key, value in members(told.state, "runner").items()
        if key not in ("active_port", "select_policy")
    }
    return {
        **_flat(told.config, _TOLD_ELSEWHERE),
        **_flat(members(told.config, "runner"), _TOLD_ELSEWHERE),
        **_flat(runner),
        **_flat(setup, frozenset({"runner_name"})),
    }


def _flat(
    document: Mapping[str, Any], without: frozenset[str] = frozenset(), deep: int = _DEEP
) -> dict[str, Any]:
    """The values of a document by their paths, with dots between the keys."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key in without:
            continue
        if isinstance(value, dict):
            inside = _flat(value, deep=deep - 1) if deep > 1 else {}
            found |= {f"{key}.{path}": each for path, each in inside.items()}
        elif isinstance(value, list):
            found |= _flat_list(key, value, deep)
        elif value is None or scalar(value) is not None:
            # Python reads, and writes, numbers that JSON has not.
            found[key] = value
    return found


def _flat_list(key: str, values: list[Any], deep: int) -> dict[str, Any]:
    """A list of names is one value; one of objects has its values by their places."""
    if all(isinstance(value, str) for value in values):
        return {key: values}
    objects = {f"{key}.{n}": value for n, value in enumerate(values) if isinstance(value, dict)}
    return _flat(objects, deep=deep - 1) if deep > 1 else {}


def _min_ports(config: Mapping[str, Any]) -> int:
    asked = integer(at(config, "runner", "min_ports"))
    return _MIN_PORTS if asked is None else asked


# LACP: who is the actor, and in which aggregator.


def _runner(told: Told, port: str) -> Mapping[str, Any]:
    return members(told.state, "ports", port, "runner")


def _chosen(told: Told) -> str | None:
    """A port of the aggregator that has the device: the one that it is named after, if any is."""
    chosen = [
        port
        for port in sorted(members(told.state, "ports"))
        if boolean(at(_runner(told, port), "aggregator", "selected"))
    ]
    lead = [
        port
        for port in chosen
        if _aggregator(told, port) == integer(at(told.state, "ports", port, "ifinfo", "ifindex"))
    ]
    return next(iter(lead or chosen), None)


def _aggregator(told: Told, port: str) -> int | None:
    """It bears the interface index of its best port; 0 is none."""
    return integer(at(_runner(told, port), "aggregator", "id")) or None


def _actor(told: Told, chosen: str | None) -> SystemId:
    end = _end(told, chosen, "actor") if chosen else None
    if end is not None:
        return _system(end) or SystemId()
    return SystemId(
        system_priority=integer(at(told.state, "runner", "sys_prio")),
        system=mac(at(told.state, "team_device", "ifinfo", "dev_addr")),
    )


def _system(end: End | None) -> SystemId | None:
    if end is None or not end.known:
        return None
    return SystemId(system_priority=end.system_priority, system=end.system, key=end.key)


def _end(told: Told, port: str | None, whose: str) -> End | None:
    found = members(told.state, "ports", port or "", "runner", f"{whose}_lacpdu_info")
    if not found:
        return None
    octet = integer(found.get("state"))
    return End(
        system_priority=integer(found.get("system_priority")),
        system=mac(found.get("system")),
        key=integer(found.get("key")),
        port_priority=integer(found.get("port_priority")),
        port=integer(found.get("port")),
        state=PORT_STATES[octet] if octet is not None and 0 <= octet <= 0xFF else None,
    )


class _Port:
    """A port of the state document."""

    def __init__(self, told: Told, name: str, runner: str | None) -> None:
        self._told = told
        self._name = name
        self._mode = runner
        self._state = members(told.state, "ports", name)
        self._runner = members(self._state, "runner")
        self._config = members(told.config, "ports", name)

    def view(self) -> PortView:
        """The port."""
        told, name, state, runner = self._told, self._name, self._state, self._runner
        selected = boolean(runner.get("selected"))
        carries = self._carries()
        status = text(runner.get("state"))
        receive = _RECEIVE.get(status or "")
        return PortView(
            name=name,
            ifindex=integer(at(state, "ifinfo", "ifindex")) or None,
            link=self._link(),
            selected=None if selected is None else "SELECTED" if selected else "UNSELECTED",
            aggregator=_aggregator(told, name),
            collecting=carries,
            distributing=carries,
            actor=_end(told, name, "actor"),
            partner=_end(told, name, "partner"),
            machines=Machines(receive=receive) if receive else None,
            address=mac(at(state, "ifinfo", "dev_addr")),
            link_downs=self._link_downs(),
            usable=boolean(at(state, "link_watches", "up")),
            link_watches=tuple(
                WatcherView(
                    name=text(at(watcher, "name")),
                    up=boolean(at(watcher, "up")),
                    down_count=integer(at(watcher, "down_count")),
                )
                for watcher in self._watchers().values()
            ),
            # teamd.conf(5) has the defaults.
            prio=integer(self._config.get("prio", 0)),
            sticky=boolean(self._config.get("sticky", False)),
            queue_id=integer(self._config.get("queue_id")),
            settings=self._settings(),
        )

    def _link(self) -> LinkView:
        link = members(self._state, "link")
        up = boolean(link.get("up"))
        speed = integer(link.get("speed")) or 0
        duplex = text(link.get("duplex"))
        # Without a speed nothing is known: any duplex but half is called full, and none half.
        known = bool(up) and speed > 0
        shared = duplex in (Duplex.FULL, Duplex.HALF)
        return LinkView(
            up=up,
            speed=speed if known else None,
            duplex=Duplex(duplex) if known and shared and duplex is not None else None,
        )

    def _carries(self) -> bool | None:
        """Whether the port is in use: teamd and the driver know but one switch for both ways."""
        match self._mode:
            case "lacp":
                chosen = boolean(at(self._runner, "aggregator", "selected"))
                partner = _end(self._told, self._name, "partner")
                ready = partner.says(PortState.SYNCHRONIZATION) if partner else None
                return False if chosen is False else chosen and ready
            case "activebackup":
                active = text(at(self._told.state, "runner", "active_port"))
                return None if active is None else active == self._name
            case _:
                return boolean(at(self._state, "link_watches", "up"))

    def _watchers(self) -> dict[str, Any]:
        found = members(self._state, "link_watches", "list")
        return {name: found[name] for name in sorted(found, key=lambda each: (len(each), each))}

    def _link_downs(self) -> int | None:
        """The word of the watcher that looks at nothing but the link."""
        for watcher in self._watchers().values():
            if at(watcher, "name") == "ethtool":
                return integer(at(watcher, "down_count"))
        return None

    def _settings(self) -> dict[str, Any]:
        runner = {
            "state": self._runner.get("state"),
            "lacp_prio": self._runner.get("prio"),
            "lacp_key": self._runner.get("key"),
        }
        return {
            **_flat(self._config, _TOLD_OF_PORTS),
            **_flat(self._watchers()),
            **_flat({key: value for key, value in runner.items() if value is not None}),
        }
