"""What to type, by who made the LAG."""

from __future__ import annotations

from lacp.picture import commands
from lacp.picture.model import LagView, PortView
from lacp.text import quoted

_TEAMD = "in teamd's configuration of {name}, then restart teamd: {what}"


def _of_runner(lag: LagView, key: str, value: bool | int | str) -> tuple[str, ...]:
    """Give a key of the runner this value, by what the LAG's source calls it."""
    name, word = quoted(lag.name), commands.word(value)
    match lag.source:
        case "lacpd":
            return (f"lacpctl set {name}.runner.{key} {word}",)
        case "bond":
            return (commands.of_bond(lag.name, "", key, value),)
        case "teamd":
            return (_TEAMD.format(name=name, what=f'"runner": {{"{key}": {word}}}'),)
        case "ovs":
            return (commands.of_ovs(lag.name, "", key, value),)
        case _:
            return ()


def speak_first(lag: LagView) -> tuple[str, ...]:
    """Make this end active."""
    return _of_runner(lag, "active", True)


def ask_fast(lag: LagView) -> tuple[str, ...]:
    """Ask the partner for a LACPDU each second."""
    return _of_runner(lag, "fast_rate", True)


def one_port_is_enough(lag: LagView) -> tuple[str, ...]:
    """Take the limit away, which Open vSwitch has not."""
    return () if lag.source == "ovs" else _of_runner(lag, "min_ports", 1)


def another_system(lag: LagView) -> tuple[str, ...]:
    """Give this end a system identifier of its own, which teamd takes from its device."""
    if lag.source == "teamd":
        return (f"ip link set dev {quoted(lag.name)} address MAC",)
    return _of_runner(lag, "system", "MAC")


def key_of(lag: LagView, port: PortView, key: object) -> tuple[str, ...]:
    """Give a port of ours this key."""
    name, its = quoted(lag.name), quoted(port.name)
    if lag.source == "lacpd":
        return (f"lacpctl set {name}.ports.{its}.lacp_key {key}",)
    if lag.source == "teamd":
        return (_TEAMD.format(name=name, what=f'"ports": {{"{its}": {{"lacp_key": {key}}}}}'),)
    if lag.source == "ovs":
        return (commands.of_ovs(lag.name, port.name, "lacp_key", key),)
    return ()


def listen(port: PortView) -> str:
    """Hear for oneself what comes in."""
    return f"tcpdump -eni {quoted(port.name)} ether proto 0x8809"
