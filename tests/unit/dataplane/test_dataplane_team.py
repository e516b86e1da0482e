"""The options of a team device: what is set, what is noticed, and what becomes of lost news."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lacp.dataplane.base import Burst, PortSetup, Setup, Trouble
from lacp.dataplane.team.options import ACTIVE, MODES, device_options, enabled, port_options
from lacp.dataplane.team.plane import TeamDataplane
from lacp.dataplane.team.table import OptionTable
from lacp.errors import BackendError, UsageError
from lacp.netlink.sockets import KernelRefused, Lost
from lacp.netlink.team import Key, Options, Value
from lacp.txhash import octets, program

DEVICE, E1, E2 = 4, 2, 3
NOTHING: frozenset[Key] = frozenset()


class Kernel:
    """A team device of its own: takes options and announces them, to the table and others."""

    def __init__(self) -> None:
        self.options_now: dict[Key, Value] = {
            Key("mode"): "activebackup",
            ACTIVE: 0,
            enabled(E1): True,
            enabled(E2): True,
        }
        self.sets: list[dict[Key, Value]] = []
        self.queue: list[Options] = []
        self.full = False
        self.refuses: KernelRefused | None = None
        self.here = True

    # What the table sees.

    def listen(self, device: int) -> Kernel:
        return self

    def options(self, device: int) -> dict[Key, Value]:
        if not self.here:
            raise KernelRefused(22)
        return dict(self.options_now)

    def set(self, device: int, options: Sequence[tuple[Key, Value]]) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.sets.append(dict(options))
        self.changed(dict(options))

    def read(self) -> list[Options]:
        if self.full:
            self.full = False
            raise Lost("No buffer space available")
        found, self.queue = self.queue, []
        return found

    def discard(self) -> None:
        self.full, self.queue = False, []

    # What others do.

    def changed(self, values: dict[Key, Value], removed: frozenset[Key] = NOTHING) -> None:
        self.options_now |= values
        for key in removed:
            self.options_now.pop(key, None)
        self.queue += [Options(DEVICE, {key: value}, NOTHING) for key, value in values.items()]
        if removed:
            self.queue.append(Options(DEVICE, {}, removed))


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def table(kernel: Kernel) -> OptionTable:
    ports = {"e1": SimpleNamespace(index=E1, name="e1"), "e2": SimpleNamespace(index=E2, name="e2")}
    links = SimpleNamespace(at=lambda index: object() if kernel.here else None)
    master = SimpleNamespace(name="team0", index=DEVICE, ports=ports, strangers=[], links=links)
    return OptionTable(cast(Any, kernel), cast(Any, master))


def test_only_what_differs_is_set_and_in_one_message(table: OptionTable, kernel: Kernel) -> None:
    table.change([(enabled(E1), True), (enabled(E2), False), (ACTIVE, E1)])
    assert kernel.sets == [{enabled(E2): False, ACTIVE: E1}]
    table.change([(enabled(E1), True), (enabled(E2), False), (ACTIVE, E1)])
    assert len(kernel.sets) == 1
    table.change([(enabled(E2), False)], always=True)
    assert kernel.sets[1:] == [{enabled(E2): False}]


def test_what_others_set_is_known(table: OptionTable, kernel: Kernel) -> None:
    kernel.changed({enabled(E1): False})
    table.read()
    table.change([(enabled(E1), True)])
    assert kernel.sets == [{enabled(E1): True}]


def test_a_refusal_says_where_what_and_why(table: OptionTable, kernel: Kernel) -> None:
    kernel.refuses = KernelRefused(2)
    with pytest.raises(BackendError) as error:
        table.change([(Key("queue_id", E1), 7), (enabled(E1), False), (ACTIVE, E2)])
    assert str(error.value) == (
        "team0: cannot set e1 queue_id to 7, e1 enabled to false, activeport to e2: "
        "No such file or directory: the port has gone, or carries no traffic"
    )
    # Nobody knows which of them were set: the next time all are.
    kernel.refuses = None
    table.change([(enabled(E1), True)])
    assert kernel.sets == [{enabled(E1): True}]


def test_a_refusal_because_the_device_is_gone(table: OptionTable, kernel: Kernel) -> None:
    kernel.refuses, kernel.here = KernelRefused(22), False
    with pytest.raises(BackendError, match="enabled to false: the device is gone"):
        table.change([(enabled(E1), False)])


def test_one_s_own_setting_is_no_reason_to_insist(table: OptionTable, kernel: Kernel) -> None:
    for on in (False, True, False):
        table.decide({enabled(E1): on})
    table.read()
    assert table.insist() == []
    assert len(kernel.sets) == 3


def test_what_was_decided_is_set_back(table: OptionTable, kernel: Kernel) -> None:
    table.decide({enabled(E1): False})
    kernel.changed({enabled(E1): True, enabled(E2): False})
    table.read()
    said = "team0: somebody has set e1 enabled to true: setting it back"
    assert table.insist() == [Trouble(said)]
    assert kernel.sets == [{enabled(E1): False}, {enabled(E1): False}]
    table.read()
    assert table.insist() == []


def test_nobody_is_fought_for_ever(table: OptionTable, kernel: Kernel) -> None:
    table.decide({ACTIVE: E1})
    said = []
    for _ in range(30):
        kernel.changed({ACTIVE: E2})
        table.read()
        said += table.insist()
    assert len(kernel.sets) == 1 + 10
    assert len(said) == 11
    assert said[-1] == Trouble(
        "team0: somebody has set activeport to e2 again and again: leaving it"
    )
    # A new decision counts anew.
    table.decide({ACTIVE: E1})
    kernel.changed({ACTIVE: E2})
    table.read()
    assert len(table.insist()) == 1


def test_lost_news_is_asked_for(table: OptionTable, kernel: Kernel) -> None:
    table.decide({enabled(E1): False})
    # Something was said before the loss, and something else was lost.
    kernel.changed({enabled(E2): False})
    kernel.options_now |= {enabled(E1): True, enabled(E2): True, _statistics(9): _octets(5)}
    kernel.full = True
    table.read()
    assert table.get(enabled(E2)) is True
    assert table.loads == {9: 5}
    assert len(table.insist()) == 1
    assert kernel.options_now[enabled(E1)] is False
    # What was announced before the question is not believed after the answer.
    assert table.read() == set()
    assert table.get(enabled(E2)) is True


def test_lost_news_of_a_device_that_is_gone_is_an_error(table: OptionTable, kernel: Kernel) -> None:
    kernel.full, kernel.here = True, False
    with pytest.raises(BackendError):
        table.read()


def test_ports_that_lose_their_options_are_told_and_forgotten(
    table: OptionTable, kernel: Kernel
) -> None:
    table.decide({enabled(E1): True, ACTIVE: E1})
    kernel.changed({ACTIVE: 0}, frozenset({enabled(E1), Key("queue_id", E1)}))
    assert table.read() == {E1}
    table.forget_ports_but({E2})
    assert table.insist() == []
    assert len(kernel.sets) == 1


def test_loads_add_up_from_what_changed(table: OptionTable, kernel: Kernel) -> None:
    kernel.changed({_statistics(0): _octets(100), _statistics(7): _octets(1)})
    table.read()
    kernel.changed({_statistics(7): _octets(1 << 40)})
    table.read()
    assert table.loads == {0: 100, 7: 1 << 40}


def _statistics(hash: int) -> Key:
    return Key("lb_hash_stats", 0, hash)


def _octets(count: int) -> bytes:
    return struct.pack("=Q", count)


# Which options


def test_a_mode_without_a_hash_needs_no_options() -> None:
    for runner in ("broadcast", "roundrobin", "random", "activebackup"):
        assert device_options(Setup(device="team0", runner=runner)) == []


@pytest.mark.parametrize("runner", ["loadbalance", "lacp"])
def test_a_hash_is_a_program_and_a_method(runner: str) -> None:
    assert MODES[runner] == "loadbalance"
    setup = Setup(device="team0", runner=runner, tx_hash=("eth", "l4"))
    assert device_options(setup) == [
        # First: no value of the program may find a way that was told of another one's values.
        (Key("lb_tx_method"), "hash"),
        (Key("bpf_hash_func"), octets(program(("eth", "l4")))),
        (Key("lb_stats_refresh_interval"), 0),
    ]


@pytest.mark.parametrize(("seconds", "tenths"), [(5.0, 50), (0.1, 1), (0.01, 1), (0.26, 3)])
def test_balancing_wants_a_mapping_and_statistics(seconds: float, tenths: int) -> None:
    options = dict(device_options(Setup(device="t", runner="loadbalance", balancing=seconds)))
    assert options[Key("lb_tx_method")] == "hash_to_port_mapping"
    assert options[Key("lb_stats_refresh_interval")] == tenths


def test_announcements_are_set_where_they_are_wanted() -> None:
    setup = Setup(device="t", runner="random", notify_peers=Burst(count=2, interval=100))
    assert device_options(setup) == [
        (Key("notify_peers_count"), 2),
        (Key("notify_peers_interval"), 100),
    ]


def test_what_a_port_is_made_for() -> None:
    assert port_options(E1, PortSetup(prio=-3, queue_id=5, watched=True)) == [
        (Key("user_linkup_enabled", E1), True),
        (Key("priority", E1), -3),
        (Key("queue_id", E1), 5),
    ]
    assert (Key("queue_id", E1), 0) in port_options(E1, PortSetup())


# Without a device


def test_before_there_is_a_device() -> None:
    plane = TeamDataplane()
    assert (plane.address, plane.ports(), plane.filenos(), plane.read()) == (None, [], [], [])
    plane.destroy()
    with pytest.raises(UsageError, match="there is no team device"):
        plane.set_carrier(True)


def test_a_runner_that_it_does_not_know_is_refused() -> None:
    reason = TeamDataplane().refusal(Setup(device="t", runner="teleport"))
    assert reason == "it has no mode for runner teleport"
