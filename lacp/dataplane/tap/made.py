"""What a team in user space is made of, between `create` and `destroy`."""

from __future__ import annotations

import os
import select

from lacp.address import Mac
from lacp.dataplane import ioctls
from lacp.dataplane.base import DeviceChanged, PlaneNews, Setup
from lacp.dataplane.tap.device import Tap
from lacp.dataplane.tap.mover import Mover
from lacp.netlink.codec import Interface
from lacp.netlink.links import LinkEvents, Links


class Made:
    """The device, the process that moves its frames, and what there is to hear of both."""

    def __init__(self, links: Links, tap: Tap, interface: Interface, setup: Setup) -> None:
        self.links = links
        self.tap = tap
        self.setup = setup
        self.index = interface.index
        #: Up and address, as the owner knows them.
        self.told: tuple[bool, Mac | None] = (False, None)
        self.mtu = ioctls.mtu(setup.device)
        self.mover = Mover(setup.device, tap.fileno())
        self.events = LinkEvents(interface.index)
        #: Readable while there is `news`, or orders that were not sent.
        self.stirred = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.news: list[PlaneNews] = []
        self.unsent = False
        self.epoll = select.epoll()
        for descriptor in (self.events.fileno(), self.mover.fileno(), self.stirred):
            self.epoll.register(descriptor, select.EPOLLIN)
        if interface.address is not None:
            self.told = (interface.up, interface.address)
            self.news.append(DeviceChanged(interface.up, interface.address))
            self.stir()

    def stir(self) -> None:
        """Have the owner read."""
        os.eventfd_write(self.stirred, 1)

    def close(self) -> None:
        """Give everything back; the device goes with it, unless it is to be kept."""
        self.events.close()
        self.epoll.close()
        os.close(self.stirred)
        self.mover.end()
        self.tap.close()
        self.links.close()
