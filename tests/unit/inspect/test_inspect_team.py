"""Teams, over a kernel that is made up: what is said when it, or teamd, is silent."""

import copy
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from lacp.address import Mac
from lacp.errors import BackendError
from lacp.inspect import team
from lacp.inspect.devices import Device
from lacp.inspect.netns import netns_inode
from lacp.inspect.survey import BUSY_PATIENCE, Places
from lacp.link import Duplex
from lacp.netlink.codec import IFF_LOWER_UP, IFF_RUNNING, IFF_UP, Interface
from lacp.netlink.team import Key, Value
from lacp.picture.model import LagView, LinkView
from tests import hostile
from tests.hostile import listening
from tests.unit.inspect.teams import CONFIG, STATE, Document


class Kernel:
    """What rtnetlink and the driver would say."""

    def __init__(self) -> None:
        self.teams: list[Device] = []
        self.ports: dict[int, list[Device]] = {}
        #: None as for somebody without rights.
        self.told: Mapping[Key, Value] | None = None

    def add(self, name: str, index: int, *ports: tuple[str, int]) -> None:
        self.teams.append(_device(name, index))
        self.ports[index] = [_device(port, number, index) for port, number in ports]

    # As Devices and Driver are used.

    def __call__(self, deadline: float) -> "Kernel":
        return self

    def __enter__(self) -> "Kernel":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def of_kind(self, kind: str) -> list[Device]:
        return self.teams if kind == "team" else []

    def below(self, index: int) -> list[Device]:
        return self.ports[index]

    def link(self, device: Device) -> LinkView:
        return LinkView(up=True, speed=25000, duplex=Duplex.FULL, admin_up=True)

    def options(self, device: int) -> Mapping[Key, Value]:
        if self.told is None:
            raise BackendError("needs CAP_NET_ADMIN; run as root")
        return self.told


def _device(name: str, index: int, master: int = 0) -> Device:
    flags = IFF_UP | IFF_RUNNING | IFF_LOWER_UP
    address, built = Mac.parse("02:00:00:00:00:77"), Mac(bytes([2, 0, 0, 0, 1, index]))
    return Device(Interface(index, name, flags, address, built, master, None, 6), 9000, {}, {})


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(team, "Devices", made)
    monkeypatch.setattr(team, "Driver", made)
    return made


@pytest.fixture
def teamd(tmp_path: Path) -> Iterator["Sockets"]:
    with ExitStack() as stack:
        yield Sockets(tmp_path, stack)


class Sockets:
    """teamd's run directory."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack

    def answers(self, name: str, state: Document = STATE, config: Document = CONFIG) -> None:
        records = [b"REPLY_SUCCESS\n" + json.dumps(each).encode() for each in (config, state)]
        self.behaves(name, hostile.answer(*records))

    def behaves(self, name: str, behave: hostile.Behaviour) -> None:
        path = self.directory / f"{name}.sock"
        self._stack.enter_context(listening(path, socket.SOCK_SEQPACKET, behave))

    def read(
        self, seconds: float = 5, places: Places | None = None
    ) -> tuple[dict[str, LagView], list[str]]:
        places = places or Places(teamd_run_dir=str(self.directory))
        found = list(team.read(places, time.monotonic() + seconds * BUSY_PATIENCE))
        lags = [one for one in found if isinstance(one, LagView)]
        assert len({lag.name for lag in lags}) == len(lags)
        return {lag.name: lag for lag in lags}, [one for one in found if isinstance(one, str)]


def options(mode: str = "loadbalance", **ports: bool) -> dict[Key, Value]:
    found: dict[Key, Value] = {Key("mode"): mode, Key("lb_tx_method"): "hash"}
    for name, enabled in ports.items():
        found[Key("enabled", int(name[1:]))] = enabled
    return found


def test_the_kernel_adds_what_teamd_does_not_say(kernel: Kernel, teamd: Sockets) -> None:
    kernel.add("team0", 9, ("eth1", 3), ("eth2", 4), ("eth9", 8))
    kernel.told = options(p3=True, p4=False, p8=True)
    teamd.answers("team0")
    lags, complaints = teamd.read()
    assert complaints == []
    lag = lags["team0"]
    assert (lag.source, lag.up, lag.admin_up, lag.mtu) == ("teamd", True, True, 9000)
    assert (lag.netns, lag.unseen) == (netns_inode(), ())
    assert lag.settings["lb_tx_method"] == "hash"
    eth1, eth2, eth3, eth9 = lag.ports
    # What the driver does goes before what teamd ought to have told it.
    assert [one.distributing for one in lag.ports] == [True, False, False, True]
    assert (eth1.mtu, eth1.permanent_address) == (9000, Mac(bytes([2, 0, 0, 0, 1, 3])))
    assert eth1.link == LinkView(up=True, speed=10000, duplex=Duplex.FULL, admin_up=True)
    assert eth2.settings["enabled"] is False
    # The word of teamd's watcher of the link, and of the kernel where it has none.
    assert [one.link_downs for one in lag.ports] == [3, 3, 3, 6]
    # teamd has one that has left the device, and does not know yet of one that came.
    assert (eth3.name, eth3.mtu) == ("eth3", None)
    assert (eth9.name, eth9.selected) == ("eth9", None)


def test_a_device_without_a_daemon_says_why(kernel: Kernel, teamd: Sockets) -> None:
    kernel.add("alone", 9, ("eth1", 3), ("eth2", 4))
    kernel.add("killed", 19)
    kernel.told = {
        **options("activebackup", p3=True, p4=True),
        Key("activeport"): 4,
        Key("queue_id", 3): 5,
        Key("priority", 3): -7,
    }
    hostile.stale(teamd.directory / "killed.sock", socket.SOCK_SEQPACKET)
    lags, complaints = teamd.read()
    assert complaints == []
    alone, killed = lags["alone"], lags["killed"]
    assert (alone.source, alone.mode, alone.lacp) == ("team", "activebackup", None)
    assert alone.active_port == "eth2"
    assert [one.distributing for one in alone.ports] == [False, True]
    assert (alone.ports[0].prio, alone.ports[0].queue_id) == (-7, 5)
    assert alone.ports[0].link_downs == 6
    at = f"what its daemon knows: {teamd.directory}"
    assert alone.unseen == (f"{at}/alone.sock: no such socket",)
    assert killed.unseen == (f"{at}/killed.sock: nobody listens here any more",)


def test_a_daemon_that_hangs_is_said_at_its_team_and_costs_no_other(
    kernel: Kernel, teamd: Sockets
) -> None:
    kernel.add("hangs", 7, ("eth7", 17))
    kernel.add("team0", 9, ("eth1", 3))
    kernel.told = options(p3=True, p17=True)
    teamd.answers("team0")
    for name in ("hangs", "hangs0"):
        teamd.behaves(name, hostile.hang)
    lags, complaints = teamd.read(seconds=0.3)
    assert lags["team0"].source == "teamd"
    assert lags["hangs"].unseen == (
        f"what its daemon knows: {teamd.directory}/hangs.sock: no answer of teamd within 0.2 s",
    )
    # This one has no device here.
    assert complaints == [f"{teamd.directory}/hangs0.sock: no answer of teamd within 0.2 s"]


def test_without_the_right_to_ask_the_driver(kernel: Kernel, teamd: Sockets) -> None:
    kernel.add("team0", 9, ("eth1", 3))
    lags, _ = teamd.read()
    assert lags["team0"].mode is None
    assert lags["team0"].unseen[0] == "the driver's options: needs CAP_NET_ADMIN; run as root"
    assert lags["team0"].ports[0].distributing is None
    teamd.answers("team0")
    lags, _ = teamd.read()
    assert lags["team0"].source == "teamd"
    assert lags["team0"].ports[0].distributing is True


@pytest.mark.parametrize("change", [{"ifindex": 10}, {"ifname": "team1"}])
def test_a_socket_of_another_namespace_is_told_from_the_device_here(
    kernel: Kernel, teamd: Sockets, change: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.add("other", 9, ("eth1", 3))
    monkeypatch.setattr(team, "netns_inode", lambda: 1)
    state = copy.deepcopy(STATE)
    state["team_device"]["ifinfo"] |= change
    teamd.answers("team0", state)
    lags, complaints = teamd.read()
    assert complaints == []
    assert set(lags) == {"other", change.get("ifname", "team0")}
    (said,) = lags[change.get("ifname", "team0")].unseen
    assert said == f"its device: in network namespace number {netns_inode()}"


def test_the_same_name_and_index_elsewhere_is_another_team(
    kernel: Kernel, teamd: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.add("team0", 9, ("eth1", 3))
    monkeypatch.setattr(team, "netns_inode", lambda: 1)
    teamd.answers("team0")
    places = Places(teamd_run_dir=str(teamd.directory))
    found = list(team.read(places, time.monotonic() + 5))
    assert [one.source for one in found if isinstance(one, LagView)] == ["teamd", "team"]


def test_a_team_of_lacpd_without_a_device_of_the_driver(kernel: Kernel, teamd: Sockets) -> None:
    state = copy.deepcopy(STATE)
    state["team_device"]["ifinfo"]["ifindex"] = 0
    teamd.answers("team0", state)
    lags, complaints = teamd.read()
    assert complaints == []
    assert (lags["team0"].ifindex, lags["team0"].unseen) == (None, ())
    assert lags["team0"].netns == netns_inode()


def test_a_run_directory_that_may_not_be_read(
    kernel: Kernel, teamd: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.add("team0", 9)

    def refuse(path: str) -> list[str]:
        raise PermissionError

    monkeypatch.setattr(os, "listdir", refuse)
    lags, complaints = teamd.read()
    assert set(lags) == {"team0"}
    assert len(complaints) == 1
    assert complaints[0].startswith(f"{teamd.directory}: may not be read")


@pytest.mark.parametrize(
    ("owner", "sources", "asked"),
    [
        (os.getpid(), None, False),
        (os.getpid(), frozenset({"lacpd", "team"}), False),
        # Nobody asks the lacpd, or it is another one that runs the team by now.
        (os.getpid(), frozenset({"team"}), True),
        (1, None, True),
        (None, None, True),
    ],
    ids=["ours", "both", "team alone", "another", "nobody"],
)
def test_what_is_asked_as_lacpd_is_not_asked_as_teamd_again(
    kernel: Kernel,
    teamd: Sockets,
    tmp_path: Path,
    owner: int | None,
    sources: frozenset[str] | None,
    asked: bool,
) -> None:
    kernel.add("team0", 9)
    run_dir = tmp_path / "lacpd"
    run_dir.mkdir()
    teamd.answers("team0")
    (tmp_path / "team0.pid").write_text(f"{os.getpid()}\n")
    if owner is not None:
        (run_dir / "team0.lock").write_text(f"{owner}\n")
    places = Places(teamd_run_dir=str(tmp_path), run_dir=str(run_dir), sources=sources)
    lags, complaints = teamd.read(places=places)
    unseen = " ".join(lags["team0"].unseen)
    said = f"lacpd runs this team, and is asked at {run_dir}/team0.sock"
    assert (said not in unseen, complaints) == (asked, [])
