"""The conformance tester against the devices of the lab, on wires and in real time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.interop import guest
from tests.interop.devices import DEVICES, MODULES, NATIVE

#: The profile that each device is tested by.
PROFILES = {
    "lacpd": "lacpd",
    "openvswitch": "openvswitch",
    "bonding": "linux-bonding",
    "teamd": "teamd",
}


def tested(name: str, directory: str, arguments: Sequence[str], links: int) -> dict[str, Any]:
    """Run `lacpctl conformance run` with these arguments against the device; the saved result.

    The device has the short timeout and is active. `directory` is where the result is saved, as
    NAME.json; call it in a guest where the device needs a kernel's driver.
    """
    saved = Path(directory) / f"{name}.json"
    with DEVICES[name](links, fast=True) as device:
        command = device.wires.here.command(
            sys.executable, "-m", "lacp.cli.lacpctl", "conformance", "run",
            "--interface", ",".join(device.wires.interfaces),
            "--profile", PROFILES[name], "--timeout", "short", "--device", device.version,
            "--save", str(saved), *arguments,
        )  # fmt: skip
        done = subprocess.run(command, stdout=sys.stderr, check=False)
        assert done.returncode in (0, 1), f"lacpctl ended with {done.returncode}"
    result: dict[str, Any] = json.loads(saved.read_text())
    return result


def run(
    name: str, directory: Path, arguments: Sequence[str], links: int = 2, timeout: float = 300
) -> dict[str, Any]:
    """As `tested`, in a guest where the device needs one."""
    if name in NATIVE:
        return tested(name, str(directory), arguments, links)
    guest.run(
        tested,
        {"name": name, "directory": str(directory), "arguments": list(arguments), "links": links},
        modules=MODULES[name],
        writable=[directory],
        timeout=timeout,
    )
    result: dict[str, Any] = json.loads((directory / f"{name}.json").read_text())
    return result
