"""A configuration as teamd tells it: what was read, what was changed, and some of its defaults.

The documents of `teamdctl config dump`, `config dump actual` and `port config dump`. teamd writes a
few defaults into the document that it has read, and no others; clients look for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from lacp.config.document import Document, Json
from lacp.config.model import ActivebackupConfig, LacpConfig, LoadbalanceConfig, TeamConfig

_ESCAPES = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
#: What each runner tells the neighbours of an enabled port, unless the document says otherwise.
_BURSTS = ("notify_peers", "mcast_rejoin")


def dump(config: TeamConfig, joined: Iterable[str] | None = None) -> Document:
    """The document with the defaults that teamd puts into it.

    `joined` are the ports that are, or were, in the team: these have a link watcher. None takes
    those of the configuration.
    """
    found: Document = json.loads(config.text)
    found["device"] = config.device
    runner = _inner(found, "runner")
    runner.setdefault("name", config.runner.name)
    if isinstance(config.runner, LoadbalanceConfig | LacpConfig):
        runner.setdefault("tx_hash", list(config.runner.tx_hash))
    if isinstance(config.runner, ActivebackupConfig):
        for key in _BURSTS:
            _inner(found, key).setdefault("count", 1)
    if not config.link_watch:
        for name in config.ports if joined is None else joined:
            port = _inner(_inner(found, "ports"), name)
            if not port.get("link_watch"):
                port["link_watch"] = {"name": "ethtool"}
    return found


def dump_actual(config: TeamConfig, present: Iterable[str]) -> Document:
    """`dump` with exactly the ports that are in the team."""
    names = tuple(present)
    found = dump(config, names)
    if names or "ports" in found:
        ports = _inner(found, "ports")
        found["ports"] = {name: ports.get(name, {}) for name in names}
    return found


def port_dump(config: TeamConfig, port: str) -> Document:
    """What `dump` says of a port that is in the team; empty when it says nothing."""
    return _inner(_inner(dump(config, (port,)), "ports"), port)


def text(document: Mapping[str, Json]) -> str:
    """The document as jansson writes it for teamd: sorted, four spaces a level, ASCII."""
    written = json.dumps(document, indent=4, sort_keys=True)
    return _ESCAPES.sub(_escape, written)


def _escape(match: re.Match[str]) -> str:
    """jansson writes hexadecimal digits large, and DEL as it is."""
    escape = match[0]
    if escape == r"\u007f":
        return "\x7f"
    return escape[:2] + escape[2:].upper()


def _inner(found: Document, key: str) -> Document:
    """The object under `key`, made if there is none."""
    inner = found.setdefault(key, {})
    assert isinstance(inner, dict)
    return inner
