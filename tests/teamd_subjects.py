"""A team of nothing but what teamd's clients see of it."""

from __future__ import annotations

import json

from lacp.config.document import Json
from lacp.config.dump import text
from lacp.errors import BackendError


class FakeTeam:
    """Does what it is told, and keeps the order of it."""

    def __init__(self, name: str = "team0", ports: tuple[str, ...] = ("eth1", "eth10")) -> None:
        self.name = name
        self.there = {*ports, "eth2"}
        self.document: dict[str, Json] = {"device": name, "ports": {port: {} for port in ports}}
        self.members = list(ports)
        self.debug_level = 0
        self.active = ""
        self.done: list[tuple[str, ...]] = []
        #: What every change answers with; empty when it works.
        self.refusal = ""

    @property
    def ports(self) -> list[str]:
        return self.members

    def exists(self, interface: str) -> bool:
        return interface in self.there

    def config(self) -> str:
        return text(self.document)

    def actual_config(self) -> str:
        return text({"device": self.name, "ports": {port: {} for port in self.members}})

    def port_config(self, port: str) -> str:
        ports = self.document["ports"]
        assert isinstance(ports, dict)
        found = ports.get(port, {})
        assert isinstance(found, dict)
        return text(found)

    def state(self) -> dict[str, Json]:
        ports: dict[str, Json] = {
            port: {
                "link": {"up": True, "speed": 10000 + number, "duplex": "full"},
                "runner": {"aggregator": {"id": 7, "selected": False}},
            }
            for number, port in enumerate(self.members)
        }
        setup: dict[str, Json] = {"debug_level": self.debug_level, "pid": 1}
        runner: dict[str, Json] = {"active_port": self.active}
        return {"setup": setup, "runner": runner, "ports": ports}

    def add_port(self, port: str) -> None:
        self._do("add", port)
        self.members.append(port)

    def remove_port(self, port: str) -> None:
        self._do("remove", port)
        self.members.remove(port)

    def update_port_config(self, port: str, text: str) -> None:
        self._do("update", port, text)
        ports = self.document["ports"]
        assert isinstance(ports, dict)
        ports[port] = json.loads(text)

    def set_debug_level(self, level: int) -> None:
        self._do("debug", str(level))
        self.debug_level = level

    def activate(self, port: str) -> None:
        self._do("activate", port)
        self.active = port

    def _do(self, *what: str) -> None:
        if self.refusal:
            raise BackendError(self.refusal)
        self.done.append(what)
