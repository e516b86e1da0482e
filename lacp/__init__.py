"""LACP (IEEE 802.1AX) as an engine: no sockets, no clock, no threads."""

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
from lacp.protocol.system import Engine, System
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
