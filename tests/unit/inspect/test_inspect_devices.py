"""Devices of one driver and their ports: what is asked for, and what is made of the answers."""

from __future__ import annotations

import errno
import socket
import time

import pytest

from lacp.errors import BackendError
from lacp.inspect import devices
from lacp.inspect.devices import Devices, read_device
from lacp.inspect.netns import netns_inode
from lacp.netlink.codec import (
    HEADER,
    IFF_UP,
    IFINFO,
    IFLA_LINKINFO,
    IFLA_MASTER,
    NLM_F_DUMP_INTR,
    integer,
    table,
    u32,
)
from lacp.netlink.sockets import KernelRefused
from tests.bonds import BOND_MAC, INDEX, bond_link, link, port_link


class Requests:
    """Answers what it was told to, and keeps the questions."""

    def __init__(self, *answers: list[bytes] | BackendError) -> None:
        self.asked: list[bytes] = []
        self.closed = False
        self._answers = list(answers)

    def __call__(self, protocol: int, patience: float) -> Requests:
        assert protocol == socket.NETLINK_ROUTE
        assert patience > 0
        return self

    def ask(self, kind: int, body: bytes, flags: int = 0, *, dump: bool = False) -> list[bytes]:
        self.asked.append(body)
        answer = self._answers.pop(0)
        if isinstance(answer, BackendError):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


def asking(
    monkeypatch: pytest.MonkeyPatch, *answers: list[bytes] | BackendError
) -> tuple[Devices, Requests]:
    requests = Requests(*answers)
    monkeypatch.setattr(devices, "Requests", requests)
    return Devices(time.monotonic() + 5), requests


def interrupted(message: bytes) -> bytes:
    length, kind, flags, sequence, port = HEADER.unpack_from(message)
    return HEADER.pack(length, kind, flags | NLM_F_DUMP_INTR, sequence, port) + message[16:]


def test_a_device_is_what_its_message_says() -> None:
    found = read_device(port_link(1, flags=IFF_UP))
    assert found is not None
    assert (found.name, found.index, found.mtu, found.interface.master) == (
        *("e1", INDEX + 1),
        *(1500, INDEX),
    )
    assert (found.interface.kind, found.interface.address) == ("veth", BOND_MAC)
    assert (found.interface.up, found.interface.carrier) == (True, False)
    assert (found.driver, integer(found.above[3])) == ({}, 2)


def test_what_the_kernel_did_not_select_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the name of a driver that is not loaded for no wish at all."""
    other = link(3, "eth0", {})
    with asking(monkeypatch, [other, bond_link("b1", index=9), bond_link(index=4)])[0] as found:
        assert [device.name for device in found.of_kind("bond")] == ["bond0", "b1"]


def test_ports_are_asked_for_by_their_master(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, requests = asking(monkeypatch, [port_link(2), port_link(1), port_link(3, master=99)])
    with asked:
        assert [port.name for port in asked.below(INDEX)] == ["e1", "e2"]
    (body,) = requests.asked
    said = table(body, IFINFO.size)
    assert said[IFLA_MASTER] == u32(INDEX)
    assert IFLA_LINKINFO not in said
    assert requests.closed


def test_a_dump_during_which_something_changed_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torn, whole = [interrupted(port_link(1))], [port_link(1), port_link(2)]
    asked, requests = asking(monkeypatch, torn, whole)
    with asked:
        assert len(asked.below(INDEX)) == 2
    # On a host where something changes all the time the last one has to do.
    asked, requests = asking(monkeypatch, *[torn] * 3)
    with asked:
        assert len(asked.below(INDEX)) == 1
    assert len(requests.asked) == 3


def test_one_that_is_gone_is_none_and_any_other_refusal_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusals = [KernelRefused(number) for number in (errno.ENODEV, errno.EPERM)]
    with asking(monkeypatch, *refusals)[0] as asked:
        assert asked.at(7) is None
        with pytest.raises(BackendError, match="not permitted"):
            asked.at(7)


def test_a_kernel_without_statistics_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with asking(monkeypatch, KernelRefused(errno.EOPNOTSUPP), [])[0] as asked:
        assert asked.statistics(7) == {}
        assert asked.statistics(7) == {}


def test_the_loopback_of_this_namespace() -> None:
    with Devices(time.monotonic() + 5) as asked:
        found = asked.at(1)
        assert found is not None
        assert (found.name, found.interface.loopback, found.interface.kind) == ("lo", True, None)
        assert asked.link(found).speed is None
    assert isinstance(netns_inode(), int)


def test_no_socket_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(BackendError, match="cannot open a socket: Too many open files"):
        Devices(time.monotonic() + 5)
