"""Messages of the kernel's team driver, from octets that one has sent (Linux 6.1)."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from lacp.address import Mac
from lacp.dataplane import netlink
from lacp.dataplane.links import link_filter, read_interface
from lacp.dataplane.netlink import (
    HEADER,
    Announcements,
    KernelRefused,
    Lost,
    Requests,
    attributes,
    messages,
)
from lacp.dataplane.team.messages import (
    Key,
    Options,
    Value,
    get_request,
    octets_sent,
    read_options,
    set_request,
    team_message,
)
from lacp.errors import BackendError

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the octets are little-endian")

CAPTURED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "captured" / "team_messages.json").read_text()
)
DEVICE, PORT = CAPTURED["device"], CAPTURED["port"]
EVENTS = ("mode_set", "port_joined", "port_options_set", "port_left", "statistics")

ENABLED = Key("enabled", PORT)
PRIORITY = Key("priority", PORT)


def captured(name: str) -> list[bytes]:
    found = CAPTURED[name]
    return [bytes.fromhex(one) for one in (found if isinstance(found, list) else [found])]


def options(name: str) -> list[Options]:
    return [found for one in captured(name) if (found := read_options(one))]


# Options


def test_a_request_is_what_the_kernel_took() -> None:
    wanted: list[tuple[Key, Value]] = [
        (Key("activeport"), PORT),
        (PRIORITY, -10),
        (ENABLED, True),
    ]
    assert set_request(DEVICE, wanted) == captured("set_request")[0]


def test_all_options_of_a_device() -> None:
    (found,) = options("all_options")
    assert found == Options(
        DEVICE,
        {
            Key("mode"): "activebackup",
            Key("notify_peers_count"): 2,
            Key("notify_peers_interval"): 0,
            Key("mcast_rejoin_count"): 0,
            Key("mcast_rejoin_interval"): 0,
            Key("activeport"): PORT,
            ENABLED: False,
            Key("user_linkup", PORT): False,
            Key("user_linkup_enabled", PORT): False,
            PRIORITY: -10,
            Key("queue_id", PORT): 0,
        },
        frozenset(),
    )


def test_options_that_were_set_are_announced_one_by_one() -> None:
    assert [found.values for found in options("port_options_set")] == [
        {Key("activeport"): PORT},
        {PRIORITY: -10},
        {ENABLED: False},
    ]


def test_a_port_that_leaves_takes_its_options_along() -> None:
    (found,) = options("port_left")
    assert found.values == {Key("activeport"): 0}
    assert {key.port for key in found.removed} == {PORT}
    assert {"enabled", "priority"} <= {key.name for key in found.removed}


def test_statistics_are_octets_by_hash() -> None:
    (found,) = options("statistics")
    (sent,) = (value for key, value in found.values.items() if key.name == "lb_hash_stats")
    # Five frames of 60 octets.
    assert octets_sent(sent) == 300


def test_what_says_nothing_of_options_is_none() -> None:
    kinds = [HEADER.unpack_from(one)[1] for one in captured("mode_set")]
    done = [one for one, kind in zip(captured("mode_set"), kinds, strict=True) if kind == 3]
    assert done
    assert [read_options(one) for one in done] == [None] * len(done)
    # A port, and DONE.
    assert [read_options(one) for one in captured("port_joined")[:2]] == [None, None]


@pytest.mark.parametrize("name", [*EVENTS, "all_options"])
def test_reading_by_hand_says_what_pyroute2_says(name: str) -> None:
    for octets in captured(name):
        mine = read_options(octets)
        if mine is None:
            continue
        message = team_message()(octets)
        message.decode()
        assert message.get_attr("TEAM_ATTR_TEAM_IFINDEX") == mine.device
        theirs = {}
        for item in message.get_attr("TEAM_ATTR_LIST_OPTION").get_attrs("TEAM_ATTR_ITEM_OPTION"):
            name, port, place = (
                item.get_attr(f"TEAM_ATTR_OPTION_{field}")
                for field in ("NAME", "PORT_IFINDEX", "ARRAY_INDEX")
            )
            theirs[Key(name, port or 0, place or 0)] = item
        assert theirs.keys() == mine.values.keys() | mine.removed
        for key, value in mine.values.items():
            data = theirs[key].get_attr("TEAM_ATTR_OPTION_DATA")
            match value:
                case bool():
                    assert value is (data is not None)
                case int():
                    assert value == int.from_bytes(data, "little", signed=value < 0)
                case str():
                    assert value.encode() + b"\0" == data
                case bytes():
                    assert value == data


def test_a_member_of_an_array_has_its_place() -> None:
    request = set_request(5, [(Key("lb_tx_hash_to_port_mapping", 0, 0), 7)])
    # Read as if the kernel had said it.
    header = HEADER.pack(HEADER.size + len(request), 30, 0, 0, 0)
    said = read_options(header + bytes([2]) + request[1:])
    assert said == Options(5, {Key("lb_tx_hash_to_port_mapping"): 7}, frozenset())
    assert (8, 7) in {(len(value) + 4, kind) for kind, value in _items(request)}


def _items(request: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes of the first option in a request."""
    (listed,) = (value for kind, value in attributes(request[4:]) if kind == 2)
    (item,) = (value for kind, value in attributes(listed) if kind == 1)
    return attributes(item)


def test_a_value_of_another_type_is_a_bug() -> None:
    with pytest.raises(TypeError, match="7 is no BOOL"):
        set_request(1, [(ENABLED, 7)])


def test_octets_that_make_no_sense_end_the_attributes() -> None:
    whole = captured("all_options")[0][20:]
    for end in range(len(whole)):
        assert sum(4 + len(value) for _, value in attributes(whole[:end])) <= end
    assert list(attributes(b"\0\0\1\0")) == []
    assert list(messages(b"\0" * 40)) == []


# Links


def test_an_interface() -> None:
    found = read_interface(captured("device_link")[0])
    assert (found.index, found.name, found.kind) == (DEVICE, "team0", "team")
    assert isinstance(found.address, Mac)
    assert (found.up, found.loopback, found.master, found.permanent) == (False, False, 0, None)


def test_an_interface_is_what_pyroute2_says() -> None:
    octets = captured("device_link")[0]
    message = ifinfmsg(octets)
    message.decode()
    found = read_interface(octets)
    assert found.name == message.get_attr("IFLA_IFNAME")
    assert str(found.address) == message.get_attr("IFLA_ADDRESS")
    assert found.kind == message.get_attr("IFLA_LINKINFO").get_attr("IFLA_INFO_KIND")
    assert found.index == message["index"]


def test_a_filter_for_too_many_ports_lets_everything_through() -> None:
    assert len(link_filter(1, range(2, 1000))) > 1000
    assert len(link_filter(1, range(2, 3000))) == 1


# Sockets


class FakeSocket:
    """Gives what it was told to give; numbers answers as the question was numbered."""

    def __init__(self) -> None:
        self.coming: list[bytes | OSError] = []
        self.sender = 0
        self._sequence = 0

    def settimeout(self, seconds: float) -> None:
        pass

    def setblocking(self, on: bool) -> None:
        pass

    def close(self) -> None:
        pass

    def send(self, octets: bytes) -> None:
        self._sequence = HEADER.unpack_from(octets)[3]

    def recvfrom(self, size: int) -> tuple[bytes, tuple[int, int]]:
        if not self.coming:
            raise BlockingIOError
        what = self.coming.pop(0)
        if isinstance(what, OSError):
            raise what
        numbered = b""
        for message in messages(what):
            length, kind, flags, _, port = HEADER.unpack_from(message)
            numbered += HEADER.pack(length, kind, flags, self._sequence, port)
            numbered += message[HEADER.size :].ljust((-length) % 4 + length - HEADER.size, b"\0")
        return numbered, (self.sender, 0)


@pytest.fixture
def sock(monkeypatch: pytest.MonkeyPatch) -> FakeSocket:
    fake = FakeSocket()
    monkeypatch.setattr(netlink, "_open", lambda protocol: fake)
    return fake


def test_an_answer_ends_with_the_acknowledgement_and_not_before(sock: FakeSocket) -> None:
    """The driver sends DONE, and then the acknowledgement: who stops at DONE is out of step."""
    requests = Requests(16)
    for _ in range(2):
        sock.coming = list(captured("whole_reply"))
        (answer,) = requests.ask(30, get_request(DEVICE))
        assert answer[20:] == captured("all_options")[0][20:]
        assert sock.coming == []


def test_a_refusal_has_the_kernels_number_and_words(sock: FakeSocket) -> None:
    requests = Requests(0)
    sock.coming = list(captured("refused_up"))
    with pytest.raises(KernelRefused) as error:
        requests.ask(16, b"")
    assert error.value.number == errno.EBUSY
    assert str(error.value) == "Device is up. Set it down before adding it as a team port"
    sock.coming = list(captured("refused_mode"))
    with pytest.raises(KernelRefused) as error:
        requests.ask(30, b"")
    assert error.value.number == errno.EBUSY
    assert str(error.value) == "Device or resource busy"


def test_an_answer_that_does_not_come_is_said(sock: FakeSocket) -> None:
    sock.coming = [TimeoutError()]
    with pytest.raises(BackendError, match="did not answer in 10 s"):
        Requests(0).ask(16, b"")


def test_who_is_not_the_kernel_is_not_heard(sock: FakeSocket) -> None:
    listener = Announcements(16)
    sock.sender = 4711
    sock.coming = list(captured("mode_set"))
    assert list(listener.read()) == []


def test_a_full_buffer_is_said_once_and_the_rest_can_be_read(sock: FakeSocket) -> None:
    listener = Announcements(16)
    sock.coming = [OSError(errno.ENOBUFS, "No buffer space available"), *captured("mode_set")]
    with pytest.raises(Lost):
        list(listener.read())
    assert len(list(listener.read())) == len(captured("mode_set"))


def test_a_flood_without_end_is_as_good_as_lost(sock: FakeSocket) -> None:
    listener = Announcements(16)
    sock.coming = [*captured("mode_set") * 4]
    with pytest.raises(Lost, match="flood"):
        list(listener.read(limit=5))
