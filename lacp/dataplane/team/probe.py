"""Whether this machine's kernel has the team driver, and what a runner needs of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from lacp.dataplane.base import Setup
from lacp.dataplane.team.client import TeamClient
from lacp.dataplane.team.options import MODE, MODES
from lacp.errors import BackendError
from lacp.netlink.links import Links
from lacp.netlink.sockets import KernelRefused

_MODULES = Path("/sys/module")


def refusal(setup: Setup) -> str | None:
    """Why there can be no team device for this runner; None when there can."""
    if setup.runner not in MODES:
        return f"it has no mode for runner {setup.runner}"
    client: TeamClient | None = None
    links: Links | None = None
    try:
        client, links = TeamClient(), Links()
        if not client.find():
            return "the kernel has no team driver (CONFIG_NET_TEAM)"
        if not links.permitted():
            return "changing network interfaces needs CAP_NET_ADMIN"
        return _mode_refusal(client, links, MODES[setup.runner])
    except BackendError as error:
        return str(error)
    finally:
        for one in (client, links):
            if one is not None:
                one.close()


def _mode_refusal(client: TeamClient, links: Links, mode: str) -> str | None:
    """The module of a mode is loaded when a device is to have it, so there has to be one."""
    if (_MODULES / f"team_mode_{mode}").exists():
        return None
    device = links.create(f"probe{os.getpid()}", "team")
    try:
        client.set(device.index, [(MODE, mode)])
    except KernelRefused as refused:
        if refused.number == errno.EINVAL:
            return f"the kernel's team driver has no mode {mode} (module team_mode_{mode})"
        raise
    finally:
        links.delete(device)
    return None
