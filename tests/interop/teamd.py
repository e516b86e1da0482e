"""teamd with its lacp runner over the kernel's team driver, and its own view.

    with namespace() as there, teamd(there, ["e0", "e1"], fast_rate=True) as team:
        team.until(lambda: team.current() == ["e0", "e1"])

It needs a kernel that has the driver; `guest` has one. The directory of its sockets is fixed, so
that two teams at a time need two names, whatever their namespaces.
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.interop.netns import Namespace, need_link
from tests.lab import need_teamd, need_tool
from tests.waiting import until


class Teamd:
    """A teamd that runs one team; made by `teamd`."""

    def __init__(
        self, namespace: Namespace, name: str, ports: Sequence[str], config: str, log: Path
    ) -> None:
        self.namespace = namespace
        self.name = name
        self.ports = tuple(ports)
        self._config = config
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Start it, and wait until it answers and has all its ports.

        A team that was left by one that was killed is made anew.
        """
        for port in self.ports:
            # The driver takes no port that is up.
            self.namespace.ip(f"link set {port} down")
        self.launch()
        self.namespace.ip(f"link set {self.name} up")

    def launch(self) -> None:
        """The same over ports that are down; the team stays down."""
        command = ("teamd", "-r", "-t", self.name, "-c", self._config)
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.namespace.command(*command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.until(lambda: set(self.state().get("ports", {})) == set(self.ports))

    def end(self) -> None:
        """An orderly end: it removes the team."""
        self.process.terminate()
        self.process.wait(10)
        self._process = None

    def kill(self) -> None:
        """End it without a word; the team and its ports stay. Nothing if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def said(self) -> str:
        """Its log."""
        return self._log.read_text()

    def state(self) -> dict[str, Any]:
        """What `teamdctl state dump` says; empty while it does not answer.

        Asked at its socket, since every look at it would be a program.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.settimeout(10)
            try:
                sock.connect(f"/run/teamd/{self.name}.sock")
                sock.send(b"REQUEST\nStateDump\n")
                tag, _, text = sock.recv(1 << 20).decode().partition("\n")
            except OSError:
                return {}
        answer = json.loads(text) if tag == "REPLY_SUCCESS" else {}
        assert isinstance(answer, dict)
        return answer

    def runner(self, port: str) -> dict[str, Any]:
        """The lacp runner's view of a port."""
        found = self.state()["ports"][port]["runner"]
        assert isinstance(found, dict)
        return found

    def current(self) -> list[str]:
        """The ports that hear their partner and are in the selected aggregator."""
        ports = self.state().get("ports", {})
        return [
            port
            for port in self.ports
            if port in ports
            and ports[port]["runner"]["state"] == "current"
            and ports[port]["runner"]["aggregator"]["selected"]
        ]

    def until(self, done: Callable[[], Any], seconds: float = 20) -> None:
        """Ask again until `done`."""

        def answer() -> Any:
            running = self._process is not None and self._process.poll() is None
            assert running, f"teamd has ended:\n{self._log.read_text()[-3000:]}"
            return done()

        until(
            answer, seconds, lambda: f"{self.state()}\n{self._log.read_text()[-3000:]}", every=0.05
        )


@contextmanager
def teamd(
    namespace: Namespace, ports: Sequence[str], *, name: str = "team0", **runner: object
) -> Iterator[Teamd]:
    """A running team; `runner` are the members of the configuration's runner."""
    with prepared(namespace, ports, name=name, **runner) as team:
        team.start()
        yield team


@contextmanager
def prepared(
    namespace: Namespace, ports: Sequence[str], *, name: str = "team0", **runner: object
) -> Iterator[Teamd]:
    """The same, yet to be started."""
    members = {"name": "lacp", **runner}
    document = {"device": name, "runner": members, "ports": {port: {} for port in ports}}
    with configured(namespace, json.dumps(document)) as team:
        yield team


@contextmanager
def configured(namespace: Namespace, text: str) -> Iterator[Teamd]:
    """A team of any configuration, yet to be started."""
    need_teamd()
    need_tool("setpriv", "nsenter")
    need_link(namespace, "team", "the kernel's team driver")
    document = json.loads(text)
    with tempfile.NamedTemporaryFile(prefix="teamd-") as log:
        team = Teamd(namespace, document["device"], list(document["ports"]), text, Path(log.name))
        try:
            yield team
        finally:
            if team._process is not None and team._process.poll() is None:
                team.end()
