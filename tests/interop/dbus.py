"""A message bus of our own, and nothing of the system's.

with system_bus() as bus, bus.addressed():
    ...
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import need_root, need_tool

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "contrib" / "dbus" / "lacpd-teamd.conf"
INTERFACE = "org.libteam.teamd"
TEAMD = "/org/libteam/teamd"
_ADDRESS = "DBUS_SYSTEM_BUS_ADDRESS"

#: A system bus as distributions have it: nobody owns a name or calls a method without a policy.
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <allow send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_interface="org.freedesktop.DBus.Peer"/>
  </policy>
  {policies}
</busconfig>
"""


class SystemBus:
    """A dbus-daemon in a directory of its own; made by `system_bus`."""

    def __init__(self, directory: Path, policies: str, socket: Path | None = None) -> None:
        self.socket = socket or directory / "bus"
        self.address = f"unix:path={self.socket}"
        self._config = directory / "bus.conf"
        self._config.write_text(_CONFIG.format(socket=self.socket, policies=policies))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """That of a process that is to find this bus."""
        return {**os.environ, _ADDRESS: self.address}

    @contextmanager
    def addressed(self) -> Iterator[None]:
        """This process finds this bus meanwhile."""
        before = os.environ.get(_ADDRESS)
        os.environ[_ADDRESS] = self.address
        try:
            yield
        finally:
            if before is None:
                del os.environ[_ADDRESS]
            else:
                os.environ[_ADDRESS] = before

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", "dbus-daemon", "--nofork", "--nosyslog"),
                f"--config-file={self._config}",
            ],
            stdin=subprocess.DEVNULL,
        )
        end = time.monotonic() + 10
        while not self.socket.exists():
            assert self._process.poll() is None, "dbus-daemon has ended"
            assert time.monotonic() < end
            time.sleep(0.02)

    def stop(self) -> None:
        """End it; nothing if it does not run."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None
        self.socket.unlink(missing_ok=True)

    def call(self, name: str, method: str, *arguments: str, path: str = TEAMD) -> str:
        """What a method returns; its error as an AssertionError.

        A method without an interface is one of teamd's. Arguments are strings, or ``uint32:7``.
        """
        command = ["dbus-send", "--system", "--print-reply=literal", "--reply-timeout=10000"]
        command += [f"--dest={name}", path, method if "." in method else f"{INTERFACE}.{method}"]
        command += [a if a.startswith("uint32:") else f"string:{a}" for a in arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextmanager
def system_bus(*policies: Path, socket: Path | None = None) -> Iterator[SystemBus]:
    """A bus with these policies beside the default one; nothing is left of it afterwards.

    It listens in a directory of its own, or on `socket`.
    """
    need_root()
    need_tool("dbus-daemon", "dbus-send", "setpriv")
    included = "\n  ".join(f"<include>{policy}</include>" for policy in policies)
    with tempfile.TemporaryDirectory(prefix="bus-") as directory:
        # As the real one, it can be reached by everybody.
        os.chmod(directory, 0o711)
        bus = SystemBus(Path(directory), included, socket)
        try:
            bus.start()
            yield bus
        finally:
            bus.stop()
