"""What to type, by who made the LAG. Names are quoted as a shell takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lacp.picture.explain.words import quoted
from lacp.picture.model import LagView, PortView

_Command = Callable[[str], str]


def _by_source(commands: Mapping[str, _Command], lag: LagView) -> tuple[str, ...]:
    """The command of the LAG's source, where there is one."""
    command = commands.get(lag.source)
    return () if command is None else (command(quoted(lag.name)),)


_TEAMD = "in teamd's configuration of {name}, then restart teamd: {what}"


def _teamd(what: str) -> _Command:
    return lambda name: _TEAMD.format(name=name, what=what)


def _while_down(name: str, option: str) -> str:
    """An option that the bonding driver takes only while the bond is down."""
    return (
        f"ip link set dev {name} down && ip link set dev {name} type bond {option}"
        f" && ip link set dev {name} up"
    )


_ACTIVE: Mapping[str, _Command] = {
    "lacpd": lambda name: f"lacpctl set {name}.runner.active true",
    "bond": lambda name: _while_down(name, "lacp_active on"),
    "teamd": _teamd('"runner": {"active": true}'),
    "ovs": lambda name: f"ovs-vsctl set port {name} lacp=active",
}
_FAST: Mapping[str, _Command] = {
    "lacpd": lambda name: f"lacpctl set {name}.runner.fast_rate true",
    "bond": lambda name: _while_down(name, "lacp_rate fast"),
    "teamd": _teamd('"runner": {"fast_rate": true}'),
    "ovs": lambda name: f"ovs-vsctl set port {name} other_config:lacp-time=fast",
}
_MIN_PORTS: Mapping[str, _Command] = {
    "lacpd": lambda name: f"lacpctl set {name}.runner.min_ports 1",
    "bond": lambda name: f"ip link set dev {name} type bond min_links 1",
    "teamd": _teamd('"runner": {"min_ports": 1}'),
}
_SYSTEM: Mapping[str, _Command] = {
    "lacpd": lambda name: f"lacpctl set {name}.runner.system MAC",
    "bond": lambda name: f"ip link set dev {name} type bond ad_actor_system MAC",
    "teamd": lambda name: f"ip link set dev {name} address MAC",
    "ovs": lambda name: f"ovs-vsctl set port {name} other_config:lacp-system-id=MAC",
}


def speak_first(lag: LagView) -> tuple[str, ...]:
    """Make this end active."""
    return _by_source(_ACTIVE, lag)


def ask_fast(lag: LagView) -> tuple[str, ...]:
    """Ask the partner for a LACPDU each second."""
    return _by_source(_FAST, lag)


def one_port_is_enough(lag: LagView) -> tuple[str, ...]:
    """Take the limit away."""
    return _by_source(_MIN_PORTS, lag)


def another_system(lag: LagView) -> tuple[str, ...]:
    """Give this end a system identifier of its own."""
    return _by_source(_SYSTEM, lag)


def key_of(lag: LagView, port: PortView, key: object) -> tuple[str, ...]:
    """Give a port of ours this key."""
    name, its = quoted(lag.name), quoted(port.name)
    if lag.source == "lacpd":
        return (f"lacpctl set {name}.ports.{its}.lacp_key {key}",)
    if lag.source == "teamd":
        return (_TEAMD.format(name=name, what=f'"ports": {{"{its}": {{"lacp_key": {key}}}}}'),)
    if lag.source == "ovs":
        return (f"ovs-vsctl set interface {its} other_config:lacp-aggregation-key={key}",)
    return ()


def listen(port: PortView) -> str:
    """Hear for oneself what comes in."""
    return f"tcpdump -eni {quoted(port.name)} ether proto 0x8809"
