"""NetworkManager in a guest, with nothing of the host's, and lacpd where it looks for teamd.

Everything here changes the machine it runs on: it is for guests alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.interop.dbus import POLICY, system_bus
from tests.interop.netns import Namespace, namespace, veth
from tests.lab import need_tool
from tests.waiting import until

_BUS = Path("/run/dbus/system_bus_socket")
_POLICY = Path("/usr/share/dbus-1/system.d/org.freedesktop.NetworkManager.conf")
_TEAMD = Path("/usr/bin/teamd")
#: The console script: under this name it is teamd.
_LACPD = Path(sys.executable).parent / "lacpd"
_CONFIG = """[main]
plugins=keyfile
no-auto-default=*
dns=none
rc-manager=unmanaged
auth-polkit=false

[keyfile]
path=/run/nm-connections
unmanaged-devices=*,except:interface-name:team0,except:interface-name:e0,except:interface-name:e1

[connectivity]
enabled=false
"""
_PARTNER = "192.0.2.1"


class Manager:
    """A NetworkManager that runs; made by `manager`."""

    def __init__(self, here: Namespace, log: Path) -> None:
        self.here = here
        self.log = log

    def nmcli(self, *arguments: str) -> str:
        """One nmcli command; its failure is the test's."""
        done = subprocess.run(
            ["nmcli", "--wait", "40", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stderr}\n{self.said()[-6000:]}"
        return done.stdout

    def said(self) -> str:
        return self.log.read_text()

    def until(self, done: Callable[[], Any], seconds: float = 30) -> None:
        """Ask again until `done`."""
        until(done, seconds, lambda: self.said()[-8000:], every=0.05)


@contextmanager
def manager(here: Namespace) -> Iterator[Manager]:
    """NetworkManager on a bus of its own, with lacpd in the place of teamd."""
    need_tool("NetworkManager", "nmcli", "dbus-daemon", "teamd")
    for directory in ("/run/dbus", "/run/nm-connections", "/run/nm-nothing"):
        os.makedirs(directory, mode=0o700, exist_ok=True)
    os.chmod("/run/dbus", 0o755)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/var/lib/NetworkManager"], check=True)
    subprocess.run(["mount", "--bind", _LACPD, _TEAMD], check=True)
    config = Path("/run/nm.conf")
    config.write_text(_CONFIG)
    log = Path("/run/nm.log")
    with system_bus(POLICY, _POLICY, socket=_BUS), log.open("wb") as output:
        process = subprocess.Popen(
            [
                # Where /sys cannot be written it expects no udev.
                *("unshare", "--mount", "sh", "-c", 'mount -o remount,ro,bind /sys && exec "$@"'),
                *("sh", "NetworkManager", "--debug", f"--config={config}"),
                *("--config-dir=/run/nm-nothing", "--system-config-dir=/run/nm-nothing"),
                *("--intern-config=/run/nm-intern.conf", "--log-level=DEBUG"),
                "--log-domains=TEAM,DEVICE",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        made = Manager(here, log)
        try:
            made.until(lambda: "running" in _quietly("nmcli", "-t", "-f", "RUNNING", "general"))
            yield made
        finally:
            process.terminate()
            process.wait(20)


def _quietly(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def bring_up(configs: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """For each configuration a connection with two ports: brought up, used, and taken down."""
    here = Namespace(os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
    found = {}
    with namespace() as there:
        for number in (0, 1):
            veth(here, f"e{number}", there, f"p{number}")
        own = {port: _address(here, port) for port in ("e0", "e1")}
        with manager(here) as nm:
            for name, config in configs.items():
                with _partner(there, config["runner"]["name"]):
                    found[name] = {"own": own, **_bring_up(nm, name, config)}
    return found


def _address(here: Namespace, port: str) -> str:
    (link,) = json.loads(here.ip(f"-j link show {port}"))
    return str(link["address"])


@contextmanager
def _partner(there: Namespace, runner: str) -> Iterator[None]:
    """Somebody at the other end of the cables who answers pings."""
    if runner != "lacp":
        there.ip("link add br0 type bridge")
        there.ip(f"address add {_PARTNER}/24 dev br0")
        there.ip("link set br0 up")
        for port in ("p0", "p1"):
            there.ip(f"link set {port} master br0")
        yield
        there.ip("link del br0")
        return
    text = json.dumps(
        {"runner": {"name": "lacp", "fast_rate": True}, "ports": {"p0": {}, "p1": {}}}
    )
    for port in ("p0", "p1"):
        there.ip(f"link set {port} down")
    command = there.command(str(_LACPD), "-t", "team1", "-c", text, "--run-dir", "/run/partner")
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command, "--teamd-run-dir", "/run/partner-teamd"],
        stdin=subprocess.DEVNULL,
    )
    try:
        while "team1" not in there.ip("-br link"):
            assert process.poll() is None
            time.sleep(0.05)
        there.ip(f"address add {_PARTNER}/24 dev team1")
        there.ip("link set team1 up")
        yield
    finally:
        process.terminate()
        process.wait(20)


def _bring_up(nm: Manager, name: str, config: dict[str, Any]) -> dict[str, Any]:
    add = ("connection", "add", "autoconnect", "no")
    ports = [f"{name}-e{number}" for number in (0, 1)]
    nm.nmcli(
        *(*add, "type", "team", "ifname", "team0", "con-name", name),
        *("team.config", json.dumps(config), "ipv6.method", "disabled"),
        *("ipv4.method", "manual", "ipv4.addresses", "192.0.2.2/24"),
    )
    for number, port in enumerate(ports):
        prio = json.dumps({"prio": 100 - number})
        nm.nmcli(
            *(*add, "type", "ethernet", "slave-type", "team", "master", name),
            *("ifname", f"e{number}", "con-name", port, "team-port.config", prio),
        )
    nm.nmcli("connection", "up", name)
    for port in ports:
        nm.nmcli("connection", "up", port)
    pings = nm.here.run("ping", "-c", "5", "-i", "0.2", "-w", "30", _PARTNER)
    state = _state()
    pid = state["setup"]["pid"]
    found = {
        "command": Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[1:-1],
        "state": state,
        "config": json.loads(nm.here.run("teamdctl", "team0", "config", "dump", "actual")),
        "devices": nm.nmcli("-t", "-f", "DEVICE,STATE", "device"),
        "pings": pings,
    }
    nm.nmcli("connection", "down", ports[0])
    found["without e0"] = _state()
    nm.nmcli("connection", "up", ports[0])
    found["with e0"] = _state()
    nm.nmcli("connection", "down", name)
    nm.until(lambda: not Path(f"/proc/{pid}").exists())
    nm.until(lambda: "team0" not in nm.here.ip("-br link"))
    found["left"] = sorted(path.name for path in Path("/run/teamd").iterdir())
    found["addresses"] = {port: _address(nm.here, port) for port in ("e0", "e1")}
    found["log"] = nm.said()
    return found


def _state() -> dict[str, Any]:
    done = subprocess.run(
        ["teamdctl", "team0", "state", "dump"], capture_output=True, text=True, check=True
    )
    state = json.loads(done.stdout)
    assert isinstance(state, dict)
    return state
