"""Differences between pictures, applied to the old one, give the new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lacp.address import Mac
from lacp.info import PORT_STATES
from lacp.link import Duplex
from lacp.picture.differences import applied, differences
from lacp.picture.model import End, LagView, LinkView, Machines, PortView, SystemId

FLAG = st.booleans()
NUMBER = st.integers(0, 3)
MAC = st.integers(1, 3).map(lambda number: Mac(bytes(5) + bytes([number])))


def maybe(each: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | each


LINK = st.builds(
    LinkView,
    up=FLAG,
    speed=maybe(st.sampled_from((100, 10000))),
    duplex=maybe(st.sampled_from((Duplex.FULL, Duplex.HALF))),
    admin_up=FLAG,
)


def end(known: bool) -> st.SearchStrategy[End]:
    state = st.sampled_from(PORT_STATES)
    return st.builds(
        End,
        system_priority=NUMBER,
        system=MAC,
        key=NUMBER,
        port_priority=NUMBER,
        port=NUMBER,
        state=state if known else st.none(),
    )


STATE = st.sampled_from(("A", "B"))
MACHINES = st.builds(
    Machines, receive=STATE, periodic=STATE, mux=STATE, actor_churn=STATE, partner_churn=STATE
)


def port(name: str, octets: bool) -> st.SearchStrategy[PortView]:
    return st.builds(
        PortView,
        name=st.just(name),
        link=LINK,
        selected=st.sampled_from(("SELECTED", "STANDBY", "UNSELECTED")),
        aggregator=maybe(NUMBER),
        collecting=maybe(FLAG),
        distributing=maybe(FLAG),
        partner=end(octets),
        actor=end(octets).map(lambda one: End(state=one.state)),
        machines=MACHINES,
        usable=FLAG,
    )


def lag(source: str, octets: bool) -> st.SearchStrategy[LagView]:
    names = st.lists(st.sampled_from("abc"), unique=True)
    ports = names.flatmap(lambda some: st.tuples(*(port(name, octets) for name in some)))
    return st.builds(
        LagView,
        name=st.just("lag"),
        source=st.just(source),
        mode=STATE,
        up=FLAG,
        active_port=maybe(st.sampled_from("abc")),
        aggregator=maybe(NUMBER),
        partner=st.builds(SystemId, system_priority=NUMBER, system=MAC, key=NUMBER),
        ports=ports,
    )


def ordered(view: LagView) -> LagView:
    return replace(view, ports=tuple(sorted(view.ports, key=lambda each: each.name)))


def pairs(source: str) -> st.SearchStrategy[tuple[LagView, LagView]]:
    return st.tuples(lag(source, True), lag(source, True))


def check(old: LagView, new: LagView, forget: Callable[[PortView], PortView]) -> None:
    view = old
    for event in differences(old, new):
        view = applied(view, event)
    known = {each.name for each in old.ports}
    # What a port that is new says of itself in state octets stands in no event.
    for each in (view, new):
        ports = tuple(one if one.name in known else forget(one) for one in each.ports)
        if each is view:
            view = replace(each, ports=ports)
        else:
            new = replace(each, ports=ports)
    assert ordered(view) == ordered(new)
    assert differences(view, new) == []


def without_octets(one: PortView) -> PortView:
    partner = one.partner and replace(one.partner, state=None)
    return replace(one, partner=partner, actor=None)


@given(pairs("bond"))
def test_of_the_kernel(pair: tuple[LagView, LagView]) -> None:
    check(*pair, without_octets)


@given(pairs("lacpd"))
def test_of_lacpd(pair: tuple[LagView, LagView]) -> None:
    check(*pair, without_octets)
