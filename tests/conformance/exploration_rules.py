"""What holds in every state of every port, and of every move, whatever happened before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lacp.info import PortState
from lacp.protocol.port import Port
from lacp.protocol.timers import Timer
from lacp.protocol.variables import Selected
from tests.conformance.exploration_engine import Automaton, Kind, Move, Step

_MUX_BITS = PortState.SYNCHRONIZATION | PortState.COLLECTING | PortState.DISTRIBUTING
#: The bits that a box of a Mux figure stands for; those that are not named stand for none.
_BITS_OF = {
    "ATTACHED": PortState.SYNCHRONIZATION,
    "COLLECTING": PortState.SYNCHRONIZATION | PortState.COLLECTING,
    "DISTRIBUTING": _MUX_BITS,
    "COLLECTING_DISTRIBUTING": _MUX_BITS,
}


def _says(port: Port, flag: PortState) -> bool:
    return flag in port.actor.state


def _attached(port: Port) -> bool:
    return port.selected is Selected.SELECTED and port.attached is port.aggregator is not None


def _told(port: Port) -> bool:
    """NTT is not set, or a timer will see to it, or nothing may be sent."""
    silent = port.periodic.state.name in ("NO_PERIODIC", "NO_TX")
    return not port.ntt or silent or port.timers.deadline(Timer.TRANSMIT) is not None


def _ticks(port: Port) -> bool:
    """The periodic timer runs, or what it asked for waits for the transmit limit."""
    silent = port.periodic.state.name in ("NO_PERIODIC", "NO_TX")
    timers = port.timers
    if silent:
        return timers.stopped(Timer.PERIODIC)
    held_back = timers.deadline(Timer.TRANSMIT) is not None
    return timers.deadline(Timer.PERIODIC) is not None or held_back


#: For ports without a fallback: what is always so.
RULES: dict[str, Callable[[Port], bool]] = {
    "who distributes collects": lambda p: p.collecting or not p.distributing,
    "who collects is in sync": lambda p: _says(p, PortState.SYNCHRONIZATION) or not p.collecting,
    "who is in sync is attached to the aggregator it selected": lambda p: (
        _attached(p) or not _says(p, PortState.SYNCHRONIZATION)
    ),
    "who collects hears a partner in sync": lambda p: (
        not p.collecting
        or (p.receive.state.name == "CURRENT" and PortState.SYNCHRONIZATION in p.partner.state)
    ),
    "the bits of the Mux machine are those of its box": lambda p: (
        p.actor.state & _MUX_BITS == _BITS_OF.get(p.mux.state.name, PortState(0))
    ),
    # Figure 6-18 clears it with the next LACPDU or default, not when the link goes.
    "Expired is the box EXPIRED, and stays in PORT_DISABLED": lambda p: (
        p.receive.state.name == "PORT_DISABLED"
        or _says(p, PortState.EXPIRED) is (p.receive.state.name == "EXPIRED")
    ),
    "Defaulted is never CURRENT, and always DEFAULTED": lambda p: (
        p.receive.state.name not in ("CURRENT", "DEFAULTED")
        or p.defaulted is (p.receive.state.name == "DEFAULTED")
    ),
    "current_while runs in CURRENT and EXPIRED alone": lambda p: (
        (p.timers.deadline(Timer.CURRENT_WHILE) is not None)
        is (p.receive.state.name in ("CURRENT", "EXPIRED"))
    ),
    "PORT_DISABLED is a port without link": lambda p: (
        p.port_enabled is (p.receive.state.name != "PORT_DISABLED")
    ),
    "a LACPDU that is asked for leaves, or a timer will see to it": _told,
    "the periodic timer runs unless the machine is silent": _ticks,
}


def findings(automaton: Automaton) -> Iterator[str]:
    """What is wrong with a table, each with how its state is reached."""
    for state in range(len(automaton)):
        for port in automaton.system(state).ports.values():
            for rule, holds in RULES.items():
                if not holds(port):
                    yield _finding(automaton, f"port {port.name}: not {rule!r}", state)
    for state, move, step in automaton.known_steps():
        wrong = _wrong_step(automaton, state, move, step)
        if wrong:
            yield _finding(automaton, f"{automaton.tell(move, step.to)}: {wrong}", state)


def _finding(automaton: Automaton, wrong: str, state: int) -> str:
    return "\n  ".join([f"{automaton.name}: {wrong}, after", *automaton.path(state)])


def _wrong_step(automaton: Automaton, state: int, move: Move, step: Step) -> str:
    """What is wrong with one move; empty when nothing is."""
    if move.kind is Kind.GOODBYE:
        return ""
    if move.limited:
        free = automaton.step(state, Move(move.kind, move.port, move.frame, move.due))
        silent = [p for p, _ in free.sent if (p, Timer.TRANSMIT) not in automaton.running[step.to]]
        return f"what is held back is forgotten on {', '.join(silent)}" if silent else ""
    ports = automaton.system(step.to).ports if step.sent else {}
    for name, frame in step.sent:
        pdu, port = automaton.frames.lacpdu(frame), ports[name]
        if (pdu.actor, pdu.partner) != (port.actor, port.partner):
            return f"{name} sends {pdu.actor} {pdu.partner}, it is {port.actor} {port.partner}"
    return ""
