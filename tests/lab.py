"""What a test needs beyond Python: a tool, a right, a real peer. Missing, it skips and says why.

With LACP_REQUIRE_LAB=1 in the environment a missing need fails the test instead: a machine that
was prepared with `make lab` must run everything.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["need", "need_netns", "need_ovs", "need_root", "need_teamd", "need_tool", "need_uml"]

UML_MODULES = Path("/usr/lib/uml/modules")


def need(what: str, present: bool, remedy: str = "make lab") -> None:
    """Skip the test, or the whole module when called at its top, unless `present`."""
    __tracebackhide__ = True
    if present:
        return
    reason = f"needs {what} ({remedy})"
    if os.environ.get("LACP_REQUIRE_LAB") == "1":
        pytest.fail(f"{reason}; LACP_REQUIRE_LAB=1 allows no skip", pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def need_tool(*names: str) -> None:
    """Every one of these programs is on the PATH."""
    __tracebackhide__ = True
    for name in names:
        need(name, shutil.which(name) is not None)


def need_root() -> None:
    __tracebackhide__ = True
    need("root", os.geteuid() == 0, "run as root")


def need_netns() -> None:
    """Network namespaces can be made here: root, and a kernel or container that allows it."""
    __tracebackhide__ = True
    need_root()
    need_tool("ip", "unshare")
    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    need("network namespaces", probe.returncode == 0, "a kernel or container that allows them")


def need_ovs() -> None:
    """Open vSwitch in namespaces of our own: its programs, no service."""
    __tracebackhide__ = True
    need_netns()
    need_tool("ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-appctl")


def need_teamd() -> None:
    __tracebackhide__ = True
    need_tool("teamd", "teamdctl", "teamnl")


def need_uml() -> None:
    """User-mode Linux and its modules, for the kernel's bonding and team drivers."""
    __tracebackhide__ = True
    need_root()
    need_tool("linux.uml")
    need("the modules of user-mode Linux", UML_MODULES.is_dir())
