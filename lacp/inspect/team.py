"""Teams: the devices of the kernel's driver, with what their teamd says where there is one."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lacp.errors import BackendError
from lacp.inspect import lacpd, team_driver
from lacp.inspect.answering import Answered
from lacp.inspect.asking import ask_all, listed
from lacp.inspect.devices import Device, Devices, PortFacts
from lacp.inspect.netns import netns_inode
from lacp.inspect.survey import BUSY_PATIENCE, Places
from lacp.inspect.team_driver import Driver, Options
from lacp.inspect.teamd import TEAMD, Told, view
from lacp.picture.model import LagView, PortView
from lacp.text import plain

_SUFFIX = ".sock"
_KIND = "team"
_NAMESPACES = "/run/netns"
_OF_DRIVER = "the driver's options"
_OF_DAEMON = "what its daemon knows"


@dataclass(frozen=True, slots=True)
class _Team:
    """A device, as the kernel has it."""

    device: Device
    ports: tuple[PortFacts, ...] = ()
    options: Options | None = None
    #: Why there are no options.
    unseen: tuple[str, ...] = ()


def read(places: Places, deadline: float) -> Iterator[LagView | str]:
    """Every team of this network namespace, and those whose daemon answers, wherever they are."""
    teams: list[_Team] = []
    here = netns_inode()
    try:
        with Devices(deadline) as kernel:
            teams = _kernel_teams(kernel, deadline)
    except BackendError as error:
        yield f"team devices: {error}"
    try:
        paths = listed(places.teamd_run_dir, _SUFFIX)
    except BackendError as error:
        yield str(error)
        paths = []
    reasons = _Reasons(places.teamd_run_dir)
    paths = list(_not_of_lacpd(paths, places, reasons))
    known: set[int] = set()
    # What is left is the kernel's; a daemon that says nothing has no part in that.
    now = time.monotonic()
    soon = now + (deadline - now) / BUSY_PATIENCE
    for found in ask_all([(TEAMD, path) for path in paths], soon):
        if isinstance(found, str):
            reasons.say(found)
            # Of a team that is seen, it is said there.
            if not any(reasons.about(team.device.name, found) for team in teams):
                yield found
            continue
        team = _match(found, teams, here)
        if team is not None:
            known.add(team.device.index)
        yield _told(found, team, here)
    for team in teams:
        if team.device.index not in known:
            yield _untold(team, here, reasons.why(team.device.name))


def _not_of_lacpd(paths: Sequence[str], places: Places, reasons: _Reasons) -> Iterator[str]:
    """The sockets that are asked: a lacpd that is asked at its own says more there.

    Each of its teams has both, and hundreds of them are not asked for the same twice.
    """
    both = places.sources is None or "lacpd" in places.sources
    for path in paths:
        own = lacpd.socket_of(places.run_dir, lacpd.team_of(path))
        process = lacpd.owner(own) if both else None
        if process is None or process != lacpd.process_in(f"{path.removesuffix(_SUFFIX)}.pid"):
            yield path
        else:
            reasons.asked_elsewhere(lacpd.team_of(path), own)


def _kernel_teams(kernel: Devices, deadline: float) -> list[_Team]:
    devices = kernel.of_kind(_KIND)
    if not devices:
        # Nor is the driver loaded by asking it for anything.
        return []
    teams = []
    with Driver(deadline) as driver:
        for device in devices:
            ports = tuple(PortFacts(port, kernel.link(port)) for port in kernel.below(device.index))
            try:
                teams.append(_Team(device, ports, driver.options(device.index)))
            except BackendError as error:
                teams.append(_Team(device, ports, unseen=(f"{_OF_DRIVER}: {error}",)))
    return teams


class _Reasons:
    """Why daemons have said nothing."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._said: list[str] = []
        #: By team, where the lacpd is asked that runs it.
        self._elsewhere: dict[str, str] = {}

    def say(self, complaint: str) -> None:
        """A line about a socket."""
        self._said.append(complaint)

    def asked_elsewhere(self, name: str, path: str) -> None:
        """A team whose socket is not asked: its lacpd is, at this path."""
        self._elsewhere[name] = path

    def about(self, name: str, complaint: str) -> bool:
        """Whether a line is about the socket of this team."""
        return complaint.startswith(f"{plain(self._path(name))}: ")

    def why(self, name: str) -> str:
        """Why nothing is known of this team from its daemon."""
        if name in self._elsewhere:
            return f"lacpd runs this team, and is asked at {plain(self._elsewhere[name])}"
        for complaint in self._said:
            if self.about(name, complaint):
                return complaint
        path = self._path(name)
        # A daemon takes its socket away when it ends in order.
        gone = "nobody listens here any more" if os.path.lexists(path) else "no such socket"
        return f"{path}: {gone}"

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, f"{name}{_SUFFIX}")


def _match(found: Answered, teams: Sequence[_Team], here: int | None) -> _Team | None:
    """The device that the daemon behind a socket runs; None when it is not in this namespace.

    A name and an index may be those of another device in another namespace.
    """
    told: Told = found.answer
    elsewhere = None not in (found.netns, here) and found.netns != here
    for team in teams:
        its = team.device.index == told.ifindex and team.device.name == told.name
        if its and not elsewhere:
            return team
    return None


def _told(found: Answered, team: _Team | None, here: int | None) -> LagView:
    """The team as its daemon tells of it, and as the kernel does."""
    told: Told = found.answer
    lag = view(told, told.name or os.path.basename(found.path).removesuffix(_SUFFIX))
    if team is not None:
        return _joined(lag, team, here)
    if told.ifindex is None or found.netns == here:
        # lacpd answers here also for teams that the kernel's driver knows nothing of.
        return replace(lag, netns=found.netns)
    if found.netns is None:
        said = "its device: not in this network namespace"
    else:
        name = _netns_name(found.netns)
        where = f"{name}: lacpctl --netns {name}" if name else f"number {found.netns}"
        said = f"its device: in network namespace {where}"
    return replace(lag, netns=found.netns, unseen=(said,))


def _netns_name(number: int) -> str | None:
    """The name that `ip netns` knows a network namespace by."""
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(_NAMESPACES)):
            with contextlib.suppress(OSError):
                if os.stat(os.path.join(_NAMESPACES, name)).st_ino == number:
                    return plain(name)
    return None


def _joined(lag: LagView, team: _Team, here: int | None) -> LagView:
    """What the daemon says goes first, and the kernel adds what it does not say."""
    below = {each.device.name: each for each in team.ports}
    options = team.options
    ports = [_joined_port(port, below.get(port.name), options) for port in lag.ports]
    known = {port.name for port in ports}
    ports += [_kernel_port(each, options) for name, each in below.items() if name not in known]
    interface = team.device.interface
    driver = team_driver.settings(options) if options is not None else {}
    return replace(
        lag,
        up=interface.carrier,
        admin_up=interface.up,
        address=interface.address or lag.address,
        mtu=team.device.mtu,
        netns=here,
        settings={**driver, **lag.settings},
        ports=tuple(ports),
        unseen=team.unseen,
    )


def _joined_port(port: PortView, below: PortFacts | None, options: Options | None) -> PortView:
    if below is None:
        return port
    device, link = below.device, below.link
    collecting, distributing = port.collecting, port.distributing
    driver: Mapping[str, object] = {}
    if options is not None:
        collecting, distributing = team_driver.uses(options, device.index, link.up)
        driver = team_driver.settings(options, device.index)
    return replace(
        port,
        link=replace(
            port.link,
            admin_up=link.admin_up,
            speed=port.link.speed or link.speed,
            duplex=port.link.duplex or link.duplex,
        ),
        collecting=collecting,
        distributing=distributing,
        permanent_address=device.interface.permanent,
        mtu=device.mtu,
        link_downs=device.interface.downs if port.link_downs is None else port.link_downs,
        settings={**driver, **port.settings},
    )


def _untold(team: _Team, here: int | None, why: str) -> LagView:
    """A team of which only the kernel tells."""
    lag = kernel_view(team.device, team.ports, team.options, here)
    return replace(lag, unseen=(*team.unseen, f"{_OF_DAEMON}: {why}"))


def kernel_view(
    device: Device, ports: Sequence[PortFacts], options: Options | None, netns: int | None
) -> LagView:
    """A team as the kernel alone tells of it; without `options` that is little."""
    active = team_driver.active_port(options) if options is not None else None
    names = {each.device.index: each.device.name for each in ports}
    return LagView(
        name=device.name,
        source="team",
        mode=team_driver.mode(options) if options is not None else None,
        up=device.interface.carrier,
        admin_up=device.interface.up,
        ifindex=device.index,
        address=device.interface.address,
        mtu=device.mtu,
        active_port=names.get(active) if active is not None else None,
        netns=netns,
        settings=team_driver.settings(options) if options is not None else {},
        ports=tuple(_kernel_port(each, options) for each in ports),
    )


def _kernel_port(below: PortFacts, options: Options | None) -> PortView:
    device = below.device
    collecting = distributing = None
    settings: Mapping[str, object] = {}
    if options is not None:
        collecting, distributing = team_driver.uses(options, device.index, below.link.up)
        settings = team_driver.settings(options, device.index)
    prio, queue = settings.get("priority"), settings.get("queue_id")
    return PortView(
        name=device.name,
        ifindex=device.index,
        link=below.link,
        collecting=collecting,
        distributing=distributing,
        address=device.interface.address,
        permanent_address=device.interface.permanent,
        mtu=device.mtu,
        link_downs=device.interface.downs,
        prio=prio if isinstance(prio, int) else None,
        queue_id=queue if isinstance(queue, int) else None,
        settings=settings,
    )
