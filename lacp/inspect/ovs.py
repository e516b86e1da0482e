"""The bonds of Open vSwitch, asked at its own sockets: ovs-vswitchd's, and its database's."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lacp.inspect import jsonrpc, ovs_database
from lacp.inspect.answering import Way
from lacp.inspect.asking import ask_all, listed
from lacp.inspect.ovs_texts import (
    Bond,
    BondMember,
    Lacp,
    LacpMember,
    bonds,
    counters,
    lacps,
)
from lacp.inspect.survey import Places
from lacp.inspect.values import text
from lacp.picture.model import LagView, LinkView, Machines, PortView, SystemId
from lacp.text import plain

#: Octets of an answer: some thousand members, or interfaces, fit.
_LIMIT = 4 << 20
_COMMANDS = ("bond/show", "lacp/show", "lacp/show-stats")
_SWITCH = Way(
    "Open vSwitch",
    socket.SOCK_STREAM,
    (jsonrpc.requests(*((command, []) for command in _COMMANDS)),),
    jsonrpc.replies(len(_COMMANDS)),
    ending=b"}",
    limit=_LIMIT,
)
_DATABASE = Way(
    "Open vSwitch's database",
    socket.SOCK_STREAM,
    (ovs_database.request(),),
    jsonrpc.replies(1),
    ending=b"}",
    limit=_LIMIT,
)
#: The process id is part of it unless --unixctl said otherwise.
_CONTROL = re.compile(r"ovs-vswitchd(?:\.\d{1,10})?\.ctl")

_OF_DATABASE = "how the bond is configured, and the links below it"
_OF_SWITCH = "what becomes of the bond, and the links below it"


def read(places: Places, deadline: float) -> Iterator[LagView | str]:
    """The bonds of every switch that runs, and the single ports on which it speaks LACP.

    Where none says anything, those that the database has for it.
    """
    directory = places.ovs_run_dir
    switches = [
        path
        for path in listed(directory, ".ctl")
        if _CONTROL.fullmatch(os.path.basename(path)) is not None
    ]
    base = os.path.join(directory, "db.sock")
    there = os.path.lexists(base)
    answers = []
    database: Mapping[str, ovs_database.Port] = {}
    silent = "nobody answers" if there else "no database"
    hidden = "no ovs-vswitchd runs"
    questions = [*((_SWITCH, path) for path in switches), *([(_DATABASE, base)] if there else [])]
    for found in ask_all(questions, deadline):
        if isinstance(found, str):
            hidden = hidden if found.startswith(f"{plain(base)}: ") else found
            yield found
        elif found.way is _DATABASE:
            database = ovs_database.ports(found.answer[0].result)
            silent = "" if database else "no table of ports"
        else:
            answers.append(found)
    unseen = (f"{_OF_DATABASE}: {silent} at {base}",) if silent else ()
    for found in answers:
        texts = [text(reply.result) or "" for reply in found.answer]
        yield from lags(texts, database, found.netns, unseen)
    if not answers:
        unseen = (f"{_OF_SWITCH}: {hidden}",)
        yield from lags(("", "", ""), ovs_database.configured(database), None, unseen)


def lags(
    texts: Sequence[str],
    database: Mapping[str, ovs_database.Port],
    netns: int | None = None,
    unseen: tuple[str, ...] = (),
) -> Iterator[LagView]:
    """The LAGs that the texts of bond/show, lacp/show and lacp/show-stats tell of."""
    spread, spoken, counted = bonds(texts[0]), lacps(texts[1]), counters(texts[2])
    #: A bond of which one interface at most could be opened is none to ovs-vswitchd.
    meant = {name for name, port in database.items() if port.aggregates}
    for name in sorted(spread.keys() | spoken.keys() | meant):
        lag = _Lag(
            *(name, spread.get(name), spoken.get(name)),
            *(database.get(name), counted.get(name, {})),
        )
        yield lag.view(netns, unseen)


class _Lag:
    """One bond, or one port that speaks LACP, from all that is said of it."""

    def __init__(
        self,
        name: str,
        bond: Bond | None,
        lacp: Lacp | None,
        port: ovs_database.Port | None,
        counted: Mapping[str, Mapping[str, int | None]],
    ) -> None:
        self._name = name
        self._bond = bond
        self._lacp = lacp
        self._port = port
        self._counted = counted

    def view(self, netns: int | None, unseen: tuple[str, ...]) -> LagView:
        """The LAG."""
        bond, lacp, port = self._bond, self._lacp, self._port
        told: dict[str, Any] = dict(bond.settings) if bond else {}
        settings = {**(port.settings if port else {}), **told}
        if port is not None and port.bridge is not None:
            settings["bridge"] = port.bridge
        if lacp is not None:
            settings |= {
                name: lacp.told[name] for name in ("status", "lacp_time") if name in lacp.told
            }
        interfaces = {one.name: one for one in port.interfaces} if port else {}
        names = sorted(
            (bond.members if bond else {}).keys()
            | (lacp.members if lacp else {}).keys()
            | interfaces.keys()
        )
        ports = tuple(self._view_port(name, interfaces.get(name)) for name in names)
        carrying = [each.distributing for each in ports]
        members = bond.members if bond else {}
        return LagView(
            name=self._name,
            source="ovs",
            mode=text(settings.get("bond_mode")),
            lacp=self._speaks(),
            # It has no carrier of its own: what one of its members takes gets through.
            up=None if None in carrying or not ports else any(carrying),
            active_port=next((name for name, member in members.items() if member.active), None),
            actor=lacp.actor if lacp else None,
            partner=self._partner(),
            fallback=self._fallback(),
            netns=netns,
            settings=settings,
            ports=ports,
            unseen=unseen,
        )

    def _speaks(self) -> bool | None:
        if self._lacp is not None:
            return True
        status = self._bond.settings.get("lacp_status") if self._bond else None
        if status is not None:
            return status != "off"
        return self._port.settings.get("lacp", "off") != "off" if self._port else None

    def _partner(self) -> SystemId | None:
        """The partner of the members that are attached, who have all the same."""
        for member in self._lacp.members.values() if self._lacp else ():
            end = member.end("partner")
            if member.attached and end is not None and end.known:
                return SystemId(system_priority=end.system_priority, system=end.system, key=end.key)
        return None

    def _fallback(self) -> str | None:
        asked = self._bond.settings.get("lacp_fallback_ab") if self._bond else None
        if asked is None or not self._speaks():
            return None
        return "active-backup" if asked else "none"

    def _view_port(self, name: str, interface: ovs_database.Interface | None) -> PortView:
        member = self._bond.members.get(name) if self._bond else None
        speaker = self._lacp.members.get(name) if self._lacp else None
        collecting, distributing = self._uses(member, interface)
        speaks = self._speaks()
        return PortView(
            name=name,
            ifindex=interface.ifindex if interface else None,
            link=interface.link if interface else LinkView(),
            selected=None if speaker is None else "SELECTED" if speaker.attached else "UNSELECTED",
            collecting=collecting,
            distributing=distributing,
            actor=speaker.end("actor") if speaker else None,
            partner=speaker.end("partner") if speaker else None,
            machines=_machines(speaker),
            counters=self._counted.get(name),
            timers=member.delays or None if member else None,
            address=interface.address if interface else None,
            mtu=interface.mtu if interface else None,
            # With LACP, the word of the links is not told apart from that of LACP.
            usable=member.may_enable if member and speaks is False else None,
            missing=interface.error if interface else None,
            settings=_port_settings(member, speaker, interface),
        )

    def _uses(
        self, member: BondMember | None, interface: ovs_database.Interface | None
    ) -> tuple[bool | None, bool | None]:
        """Whether frames are taken from a member, and given to it.

        As bond_check_admissibility and choose_output_member in ofproto/bond.c have it.
        """
        bond = self._bond
        if interface is not None and interface.error:
            return False, False
        if bond is None:
            # LACP on a single port decides nothing.
            return None, None
        told = bond.settings
        mode, status = told.get("bond_mode"), told.get("lacp_status")
        if member is None or mode is None or status is None:
            return None, None
        if status == "negotiated":
            collecting = member.enabled or bool(member.may_enable)
            return collecting, member.active if mode == "active-backup" else member.enabled
        fallen = status == "configured"
        if (fallen and not told.get("lacp_fallback_ab")) or (
            status == "off" and mode == "balance-tcp"
        ):
            return False, False
        if mode == "balance-slb":
            return member.enabled, member.active if fallen else member.enabled
        return member.active, member.active


def _machines(speaker: LacpMember | None) -> Machines | None:
    if speaker is None or speaker.status not in ("current", "expired", "defaulted"):
        return None
    return Machines(receive=speaker.status.upper())


def _port_settings(
    member: BondMember | None,
    speaker: LacpMember | None,
    interface: ovs_database.Interface | None,
) -> dict[str, Any]:
    """Open vSwitch's own words for a member."""
    found: dict[str, Any] = dict(interface.settings) if interface else {}
    if member is not None:
        found |= {"enabled": member.enabled, "active": member.active}
        found["may_enable"] = member.may_enable
        if member.loads:
            found["hash load (kB)"] = member.loads
    if speaker is not None:
        found |= {"status": speaker.status, "attached": speaker.attached}
        found["lacp may_enable"] = speaker.may_enable
    return found
