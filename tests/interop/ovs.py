"""A private Open vSwitch in a namespace: its own database, its own sockets, the userspace datapath.

    with namespace() as there, open_vswitch(there) as switch:
        switch.bond("bond0", ["e0", "e1"], fast=True)
        switch.until(lambda: switch.lacp_show("bond0").negotiated)

Both daemons are our children, are ended by their process ids and die with the test in any case.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lacp.address import Mac
from lacp.info import PortInfo, PortState
from tests.interop.netns import Namespace
from tests.lab import need_ovs, need_tool
from tests.waiting import until

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"

#: Open vSwitch's words for the bits of the state octet.
STATES = {
    "activity": PortState.ACTIVITY,
    "timeout": PortState.SHORT_TIMEOUT,
    "aggregation": PortState.AGGREGATION,
    "synchronized": PortState.SYNCHRONIZATION,
    "collecting": PortState.COLLECTING,
    "distributing": PortState.DISTRIBUTING,
    "defaulted": PortState.DEFAULTED,
    "expired": PortState.EXPIRED,
}


@dataclass(frozen=True)
class Member:
    """One port of a bond, from `lacp/show` (lib/lacp.c, lacp_print_details)."""

    #: ``current``, ``expired`` or ``defaulted``: the receive machine.
    status: str
    attached: bool
    may_enable: bool
    actor: PortInfo
    partner: PortInfo


@dataclass(frozen=True)
class Bond:
    """One bond, from `lacp/show`."""

    active: bool
    #: Whether any partner has been heard.
    negotiated: bool
    system: Mac
    system_priority: int
    key: int
    fast: bool
    members: dict[str, Member]


def parse_show(text: str) -> Bond:
    """What `lacp/show BOND` says."""
    head, *rest = re.split(r"^member: ", text, flags=re.MULTILINE)
    fields = _fields(head)
    status = fields["status"].split()
    members = {}
    for part in rest:
        title, _, body = part.partition("\n")
        name, _, words = title.partition(": ")
        values = _fields(body)
        members[name] = Member(
            status=words.split()[0],
            attached="attached" in words.split(),
            may_enable=values["may_enable"] == "true",
            actor=_info(values, "actor"),
            partner=_info(values, "partner"),
        )
    return Bond(
        active=status[0] == "active",
        negotiated="negotiated" in status,
        system=Mac.parse(fields["sys_id"]),
        system_priority=int(fields["sys_priority"]),
        key=int(fields["aggregation key"]),
        fast=fields["lacp_time"] == "fast",
        members=members,
    )


def parse_stats(text: str) -> dict[str, dict[str, int]]:
    """What `lacp/show-stats BOND` says: counters by their names, by member."""
    _, *rest = re.split(r"^member: ", text, flags=re.MULTILINE)
    found = {}
    for part in rest:
        title, _, body = part.partition("\n")
        found[title.rstrip(":")] = {name: int(value) for name, value in _fields(body).items()}
    return found


def _fields(text: str) -> dict[str, str]:
    pairs = (line.strip().partition(": ") for line in text.splitlines())
    # "actor state:" has nothing behind it when no bit is set, and its blank is stripped.
    return {name.rstrip(":"): value for name, _, value in pairs if name}


def _info(values: dict[str, str], role: str) -> PortInfo:
    state = PortState(0)
    for word in values[f"{role} state"].split():
        state |= STATES[word]
    return PortInfo(
        system_priority=int(values[f"{role} sys_priority"]),
        system=Mac.parse(values[f"{role} sys_id"]),
        key=int(values[f"{role} key"]),
        port_priority=int(values[f"{role} port_priority"]),
        port=int(values[f"{role} port_id"]),
        state=state,
    )


class OpenVSwitch:
    """A running switch with one bridge, ``ovsbr``; made by `open_vswitch`."""

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        self.namespace = namespace
        self.directory = directory
        self._environment = os.environ | {
            name: str(directory) for name in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR")
        }
        self._database: subprocess.Popen[bytes] | None = None
        self._switch: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The switch daemon."""
        assert self._switch is not None
        return self._switch

    # Running it

    def boot(self) -> None:
        """Make the database, start both daemons, and make the bridge."""
        self._run("ovsdb-tool", "create", f"{self.directory}/conf.db", SCHEMA)
        self._database = self._spawn(
            "ovsdb-server", f"{self.directory}/conf.db", f"--remote=punix:{self._db}"
        )
        self.vsctl("--no-wait", "init")
        self.start()
        self.vsctl("add-br", "ovsbr", "--", "set", "bridge", "ovsbr", "datapath_type=netdev")

    def start(self) -> None:
        """Start the switch daemon; it takes up the bonds that the database has."""
        assert self._switch is None
        self._switch = self._spawn("ovs-vswitchd", f"unix:{self._db}", "--disable-system")

    def kill(self) -> None:
        """End the switch without a word; its ports stay up."""
        if self._switch is not None:
            _end(self._switch)
            self._switch = None

    def freeze(self) -> None:
        """Stop the switch where it stands; `thaw` lets it go on."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen switch go on."""
        self.process.send_signal(signal.SIGCONT)

    def shut(self) -> None:
        """End everything."""
        self.kill()
        if self._database is not None:
            _end(self._database)
            self._database = None

    # Talking to it

    def vsctl(self, *arguments: str) -> str:
        """Change or read the configuration; waits until the switch has taken it."""
        return self._run("ovs-vsctl", f"--db=unix:{self._db}", "--retry", "-t", "10", *arguments)

    def appctl(self, *arguments: str) -> str:
        """Ask the switch daemon."""
        return self._run("ovs-appctl", "-t", f"{self.directory}/ovs-vswitchd.ctl", *arguments)

    def bond(
        self,
        name: str,
        ports: Sequence[str],
        *,
        active: bool = True,
        fast: bool = True,
        mode: str = "balance-slb",
        **other: object,
    ) -> None:
        """Bundle interfaces of the namespace; `other` goes to other_config, _ standing for -.

        One port makes a bond as well: a bridge port that speaks LACP.
        """
        options: dict[str, object] = {"lacp-time": "fast" if fast else "slow"}
        options |= {key.replace("_", "-"): value for key, value in other.items()}
        settings = [
            f"lacp={'active' if active else 'passive'}",
            *(f"other_config:{key}={_quoted(value)}" for key, value in options.items()),
        ]
        if len(ports) == 1:
            # ovs-vsctl wants two interfaces for a bond; the port's name is then the interface's.
            interface = ["--", "--id=@member", "create", "interface", f"name={ports[0]}"]
            port = ["--", "--id=@bond", "create", "port", f"name={name}", "interfaces=@member"]
            self.vsctl(
                *interface, *port, *settings, "--", "add", "bridge", "ovsbr", "ports", "@bond"
            )
        else:
            self.vsctl("add-bond", "ovsbr", name, *ports, f"bond_mode={mode}", *settings)

    def set_bond(self, name: str, *, active: bool | None = None, fast: bool | None = None) -> None:
        """Change a bond while it runs."""
        settings = []
        if active is not None:
            settings.append(f"lacp={'active' if active else 'passive'}")
        if fast is not None:
            settings.append(f"other_config:lacp-time={'fast' if fast else 'slow'}")
        self.vsctl("set", "port", name, *settings)

    def lacp_show(self, bond: str) -> Bond:
        """Its own view of a bond."""
        return parse_show(self.appctl("lacp/show", bond))

    def lacp_stats(self, bond: str) -> dict[str, dict[str, int]]:
        """Its own counters of a bond, such as ``TX PDUs``, by member."""
        return parse_stats(self.appctl("lacp/show-stats", bond))

    def until(self, done: Callable[[], Any], seconds: float = 10) -> None:
        """Ask again until `done`; there is no descriptor to wait on."""
        until(done, seconds, lambda: self.appctl("lacp/show"))

    # Processes

    @property
    def _db(self) -> Path:
        return self.directory / "db.sock"

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        control = f"--unixctl={self.directory}/{program}.ctl"
        inside = self.namespace.command(program, *arguments, control, "--no-chdir")
        with (self.directory / f"{program}.log").open("ab") as output:
            # Each command here becomes the next one, so that the child is the daemon itself.
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *inside],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}{self._last_words()}"
        return done.stdout

    def _last_words(self) -> str:
        logs = sorted(self.directory.glob("*.log"))
        return "".join(f"\n{log.name}:\n{log.read_text()[-1000:]}" for log in logs)


@contextmanager
def open_vswitch(namespace: Namespace) -> Iterator[OpenVSwitch]:
    """A switch of its own in this namespace, with the bridge ``ovsbr`` and no bond yet."""
    need_ovs()
    need_tool("setpriv", "nsenter")
    # Not below pytest's own directory: the path of a Unix socket has 107 octets at most.
    with tempfile.TemporaryDirectory(prefix="ovs-") as directory:
        switch = OpenVSwitch(namespace, Path(directory))
        try:
            switch.boot()
            yield switch
        finally:
            switch.shut()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(10)


def _quoted(value: object) -> str:
    """Octets with colons need quotes in the language of the database."""
    return f'"{value}"'
