"""Whether this machine's kernel has the bonding driver, and whether a bond can be what is asked."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

from lacp.dataplane.base import Setup
from lacp.dataplane.bond.options import inability
from lacp.errors import BackendError
from lacp.netlink.links import Links
from lacp.netlink.sockets import KernelRefused

log = logging.getLogger(__name__)

_MODULE = Path("/sys/module/bonding")
#: What the driver makes by itself when it is loaded.
_UNASKED = "bond0"


def refusal(setup: Setup) -> str | None:
    """Why there can be no bond for this; None when there can."""
    reason = inability(setup)
    if reason is not None:
        return reason
    try:
        links = Links()
    except BackendError as error:
        return str(error)
    try:
        if not links.permitted():
            return "changing network interfaces needs CAP_NET_ADMIN"
        if not _MODULE.exists():
            _load(links)
    except KernelRefused as refused:
        if refused.number in (errno.EOPNOTSUPP, errno.ENODEV):
            return "the kernel has no bonding driver (CONFIG_BONDING)"
        return f"no bond can be made: {refused}"
    except BackendError as error:
        return str(error)
    finally:
        links.close()
    return None


def _load(links: Links) -> None:
    """The kernel loads the driver when a bond is made."""
    unasked = links.named(_UNASKED) is None
    links.delete(links.create(f"probe{os.getpid()}", "bond"))
    made = links.named(_UNASKED) if unasked else None
    if made is not None and made.kind == "bond":
        log.info("the bonding driver was loaded, and has made %s, which nobody wanted", _UNASKED)
        links.delete(made)
