"""The live table: what a page says, what keys do, and what is remembered between looks."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from lacp.cli.live.choice import Choice, keys
from lacp.cli.live.memory import Memory
from lacp.cli.live.page import page
from lacp.cli.output import columns_of
from lacp.picture.model import LagView, LinkView, Machines, PortView, counted
from tests.unit.cli import made


def text(memory: Memory, choice: Choice, width: int = 80, height: int = 24) -> list[str]:
    lines = page(memory, choice, "host  12:00:00", width, height)
    return ["".join(cell.text for cell in line).rstrip() for line in lines]


def looked(*lags: LagView, complaints: Iterable[str] = ()) -> Memory:
    memory = Memory()
    memory.look(map(counted, lags), complaints, 0.0)
    return memory


def bond(*ports: PortView, name: str = "bond0") -> LagView:
    return counted(replace(made.BOND, name=name, ports=ports))


HUNDRED = [made.bond_port(f"eth{number}") for number in range(100)]


# A page.


@pytest.mark.parametrize("height", [1, 2, 5, 24, 300])
@pytest.mark.parametrize("width", [1, 20, 40, 80, 250])
def test_a_page_fills_any_terminal_and_no_more(width: int, height: int) -> None:
    memory = looked(*made.ALL, bond(*HUNDRED, name="big"), complaints=["網路" * 50])
    lines = page(memory, Choice(), "a host with a long name", width, height)
    assert len(lines) == height
    assert all(sum(columns_of(cell.text) for cell in line) <= width for line in lines)


def test_what_is_worst_is_first() -> None:
    well, wrong = made.bond_port("eth0"), made.bond_port("eth1", problems=("something",))
    idle = made.bond_port("eth2", distributing=False)
    memory = looked(bond(well, name="a"), bond(well, idle, wrong, name="b"))
    lines = text(memory, Choice())
    names = [line.split()[0] for line in lines if line.startswith("  eth")]
    assert names == ["eth1", "eth2", "eth0", "eth0"]
    assert lines[2].startswith("b: ")
    assert next(line for line in lines if "something" in line) == "    ! something"


def test_nothing_is_said_to_be_well_that_is_not_seen() -> None:
    well = bond(made.bond_port("eth1"))
    assert text(looked(well), Choice())[0].endswith("  nothing wrong, 1 LAG, 1 of 1 port in use")
    wrong = replace(well, problems=("the device is administratively down",))
    assert text(looked(wrong), Choice())[0].split("  ")[2].startswith("1 with problems, ")
    for memory in (looked(well, complaints=["ovs: no answer"]), looked()):
        assert "wrong" not in text(memory, Choice())[0]
    memory = looked(well, bond(name="bond1"))
    memory.look([well], (), 1.0)
    assert "wrong" not in text(memory, Choice())[0]


def test_what_is_not_seen_is_said_below_the_lag() -> None:
    lines = text(looked(made.UNPRIVILEGED), Choice())
    assert lines[5].startswith("  not seen: partner details")


def test_ports_that_stand_by_as_they_should_are_nothing_bad() -> None:
    spare = replace(made.BACKUP, up=True, admin_up=True, ports=made.BACKUP.ports[:2])
    bad = bond(made.bond_port("eth1", problems=("x",)), name="z")
    lines = text(looked(spare, bad), Choice())
    assert lines[2].startswith("z: ")


def test_columns_do_not_move_when_values_do() -> None:
    port = made.bond_port("eth0", last_rx_age=0.1)
    titles = text(looked(bond(port)), Choice())[1]
    later = replace(
        port, last_rx_age=123456.0, distributing=False, machines=Machines(mux="WAITING")
    )
    assert text(looked(bond(later)), Choice())[1] == titles


def test_only_what_is_on_the_screen_is_scrolled_through() -> None:
    memory, choice = looked(bond(*HUNDRED)), Choice(order="name")
    choice.top = 10_000
    lines = text(memory, choice)
    assert lines[-2].split()[0] == "eth99"
    assert lines[2].startswith("bond0: ")
    assert "end" in lines[-1]
    choice.press("g", 20)
    lines = text(memory, choice)
    assert [line.split()[0] for line in lines[3:6]] == ["eth0", "eth1", "eth2"]
    assert "more below" in lines[-1]


def test_sorted_by_name_as_people_count() -> None:
    names = ["eth10", "eth9", "enp2s0f1", "enp2s0f0", "enp10s0"]
    memory = looked(bond(*map(made.bond_port, names)))
    lines = text(memory, Choice(order="name"))
    shown = [line.split()[0] for line in lines if line.startswith("  e")]
    assert shown == ["enp2s0f0", "enp2s0f1", "enp10s0", "eth9", "eth10"]


def test_sorted_by_what_was_heard_longest_ago_and_by_what_changed_last() -> None:
    ages = {"eth0": 1.0, "eth1": None, "eth2": 30.0}
    ports = [made.bond_port(n, last_rx_age=a, changed_age=a) for n, a in ages.items()]
    memory = looked(bond(*ports))
    for order, expected in (
        ("heard", ["eth1", "eth2", "eth0"]),
        ("changed", ["eth0", "eth2", "eth1"]),
    ):
        lines = text(memory, Choice(order=order))
        assert [line.split()[0] for line in lines if line.startswith("  eth")] == expected


def test_nothing_there_is_said() -> None:
    assert "no LAG here" in text(looked(), Choice())[2]
    assert "nothing has such a name" in text(looked(made.BOND), Choice(wanted="x"))[2]
    well = Choice(wanted="eth1", only_problems=True)
    assert "nothing of such a name has problems" in text(looked(made.BOND), well)[2]


# Keys.

TYPED = {
    "jk": ["j", "k"],
    "\x1b[A\x1bOB": ["up", "down"],
    "\x1b[5~\x1b[6~": ["page up", "page down"],
    "\x1b": ["escape"],
    "\x1b[1;5C": [],
    "\x1b[<64;1;1M": [],
    "\x1b[": [],
    "/é\r\x7f": ["/", "é", "enter", "rubout"],
}


@pytest.mark.parametrize("typed", TYPED)
def test_keys_come_as_octets(typed: str) -> None:
    assert keys(typed) == TYPED[typed]


def pressed(typed: str) -> Choice:
    choice = Choice()
    for key in keys(typed):
        choice.press(key, 20)
    return choice


def test_keys_move() -> None:
    assert pressed("jjk").top == 1
    assert pressed(" b\x1b[A").top == 0
    assert pressed("  ").top == 40
    assert pressed("Gg").top == 0


def test_a_filter_is_typed() -> None:
    choice = pressed("/etq\x7fh\r")
    assert (choice.wanted, choice.typing, choice.over) == ("eth", None, False)
    assert choice.shows("ETH1")
    assert not choice.shows("enp1")
    choice.press("escape", 20)
    assert choice.wanted == ""
    assert pressed("/abc\x1b").wanted == ""
    assert "filter: ab_" in text(looked(), pressed("/ab"))[-1]


def test_other_keys() -> None:
    assert pressed("q").over
    assert pressed("p").only_problems
    assert not pressed("pp").only_problems
    assert pressed("s").order == "name"
    assert pressed("ssss").order == "worst"


# What is remembered.


def test_rates_are_of_the_last_seconds() -> None:
    memory = Memory()
    lag = bond()
    for second in range(30):
        # One a second in all that time, and a storm at the end.
        rx = second if second < 28 else second * 100
        port = made.bond_port("eth1", counters={"lacpdus_rx": rx, "lacpdus_tx": second})
        lag = bond(port)
        memory.look([lag], (), float(second))
        if second == 20:
            assert memory.life(lag, port).rates == (1.0, 1.0)
    rates = memory.life(lag, lag.ports[0]).rates
    assert rates is not None
    assert rates[0] > 200
    assert rates[1] == 1.0


def test_counters_that_begin_again_make_no_negative_rate() -> None:
    memory = Memory()
    for now, rx in enumerate((100, 101, 0)):
        port = made.bond_port("eth1", counters={"lacpdus_rx": rx, "lacpdus_tx": rx})
        lag = bond(port)
        memory.look([lag], (), float(now))
    assert memory.life(lag, port).rates is None


def test_the_last_change_is_told_by_its_nearest_cause() -> None:
    memory = Memory()
    port = made.bond_port("eth1", changed_age=500.0)
    memory.look([bond(port)], (), 0.0)
    # Before anything was seen the source may know when it was.
    assert memory.last_change(bond(port), port) == (500.0, "")
    gone = replace(port, link=LinkView(up=False), distributing=False, selected="UNSELECTED")
    memory.look([bond(gone)], (), 10.0)
    memory.look([bond(gone)], (), 14.0)
    assert memory.last_change(bond(gone), gone) == (4.0, "link down")
    assert any("4.0 s link down" in line for line in text(memory, Choice(), width=120))


def test_lags_come_and_go() -> None:
    memory = looked(bond())
    memory.look([], ["lacpd: no answer"], 1.0)
    lines = text(memory, Choice())
    assert lines[1:3] == ["! lacpd: no answer", "! bond0 is gone"]
    assert any(line.startswith("bond0: GONE for 0.0 s") for line in lines)
    memory.look([bond(), bond(name="bond1")], (), 20.0)
    said = memory.recent_news()
    assert {"bond0 is back", "bond1 is new"} < set(said)
    memory.look([bond(), bond(name="bond1")], (), 100.0)
    assert memory.recent_news() == []
    memory.look([], (), 101.0)
    memory.look([], (), 1000.0)
    assert "no LAG here" in text(memory, Choice())[2]
