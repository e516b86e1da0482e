"""LACP (IEEE 802.1AX) as an engine: no sockets, no clock, no threads."""

# The public names are imported when they are first used: a command that needs a part of the
# package must not wait for the whole engine.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from lacp.address import Mac
    from lacp.errors import (
        BackendError,
        ConfigError,
        DecodeError,
        LacpError,
        UnknownSubtypeError,
        UsageError,
    )
    from lacp.info import PortInfo, PortState
    from lacp.link import Duplex, Link
    from lacp.protocol.config import PortConfig, SystemConfig
    from lacp.protocol.edition import EDITIONS, Edition
    from lacp.protocol.engine import Engine
    from lacp.protocol.events import (
        Event,
        FrameDropped,
        LinkChanged,
        MarkerAnswered,
        MarkerLost,
        MuxChanged,
        PartnerChanged,
        PortAdded,
        PortRemoved,
        StateChanged,
        Transmit,
    )
    from lacp.protocol.system import System
    from lacp.protocol.variables import AggSelectPolicy, Control, Fallback, Selected

__all__ = [
    "EDITIONS",
    "AggSelectPolicy",
    "BackendError",
    "ConfigError",
    "Control",
    "DecodeError",
    "Duplex",
    "Edition",
    "Engine",
    "Event",
    "Fallback",
    "FrameDropped",
    "LacpError",
    "Link",
    "LinkChanged",
    "Mac",
    "MarkerAnswered",
    "MarkerLost",
    "MuxChanged",
    "PartnerChanged",
    "PortAdded",
    "PortConfig",
    "PortInfo",
    "PortRemoved",
    "PortState",
    "Selected",
    "StateChanged",
    "System",
    "SystemConfig",
    "Transmit",
    "UnknownSubtypeError",
    "UsageError",
]

#: Where the public names live.
_HOMES = {
    "AggSelectPolicy": "lacp.protocol.variables",
    "BackendError": "lacp.errors",
    "ConfigError": "lacp.errors",
    "Control": "lacp.protocol.variables",
    "DecodeError": "lacp.errors",
    "Duplex": "lacp.link",
    "EDITIONS": "lacp.protocol.edition",
    "Edition": "lacp.protocol.edition",
    "Engine": "lacp.protocol.engine",
    "Event": "lacp.protocol.events",
    "Fallback": "lacp.protocol.variables",
    "FrameDropped": "lacp.protocol.events",
    "LacpError": "lacp.errors",
    "Link": "lacp.link",
    "LinkChanged": "lacp.protocol.events",
    "Mac": "lacp.address",
    "MarkerAnswered": "lacp.protocol.events",
    "MarkerLost": "lacp.protocol.events",
    "MuxChanged": "lacp.protocol.events",
    "PartnerChanged": "lacp.protocol.events",
    "PortAdded": "lacp.protocol.events",
    "PortConfig": "lacp.protocol.config",
    "PortInfo": "lacp.info",
    "PortRemoved": "lacp.protocol.events",
    "PortState": "lacp.info",
    "Selected": "lacp.protocol.variables",
    "StateChanged": "lacp.protocol.events",
    "System": "lacp.protocol.system",
    "SystemConfig": "lacp.protocol.config",
    "Transmit": "lacp.protocol.events",
    "UnknownSubtypeError": "lacp.errors",
    "UsageError": "lacp.errors",
}

if not TYPE_CHECKING:
    # Unseen by a type checker, which would take any name for one of these.

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = getattr(import_module(_HOMES[name]), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
