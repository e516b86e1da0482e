"""Many ports of real lacpds at once: come up, come back, and bear a flood on one of them.

How fast that is say `benchmarks/load_*.py`; here it is what nobody may notice.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from benchmarks._confs import confs
from benchmarks._flooding import flood
from benchmarks._recorded import Recorder, recorder
from benchmarks._rig import Cables, Lacpd, cabled, lacpd, lacpds
from lacp.inspect import lacpd as client
from tests.waiting import until

pytestmark = pytest.mark.netns

#: Links between the two, in LAGs of two.
LINKS = 30
#: LACPDUs in any second (6.4.16).
LIMIT = 3


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def cables(stack: ExitStack) -> Cables:
    return stack.enter_context(cabled(LINKS))


@pytest.fixture
def heard(stack: ExitStack, cables: Cables) -> tuple[Recorder, Recorder]:
    """What hears the lacpd at the left, and the one at the right."""
    return (
        stack.enter_context(recorder(cables.right)),
        stack.enter_context(recorder(cables.left)),
    )


def set_all(cables: Cables, state: str) -> None:
    cables.right.ip_batch([f"link set b{at} {state}" for at in range(LINKS)])


def until_all_carry(*heard: Recorder) -> None:
    def hear() -> None:
        for one in heard:
            one.listen(0.1)

    until(lambda: all(one.carrying == LINKS for one in heard), 20, between=hear)


def counters(daemon: Lacpd) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for path in client.sockets(daemon.directory):
        found |= client.ask(path, "counters")["counters"]
    return found


def test_links_that_flap_together_come_back_within_the_limit(
    stack: ExitStack, cables: Cables, heard: tuple[Recorder, Recorder]
) -> None:
    stack.enter_context(lacpds(cables))
    until_all_carry(*heard)
    for _ in range(2):
        set_all(cables, "down")
        set_all(cables, "up")
        for one in heard:
            one.listen(0.3)
    until_all_carry(*heard)
    for one in heard:
        one.listen(1.0)
        assert one.carrying == LINKS
        assert one.most_in_a_second() <= LIMIT


@pytest.mark.slow
def test_a_partner_that_starts_again_is_back_within_the_limit(
    stack: ExitStack, cables: Cables, heard: tuple[Recorder, Recorder]
) -> None:
    left = stack.enter_context(lacpd(cables.left, confs("a", LINKS, 2), wait=False))
    with lacpd(cables.right, confs("b", LINKS, 2)):
        left.until_ready()
        until_all_carry(*heard)
    for one in heard:
        one.afresh(0.0)
    stack.enter_context(lacpd(cables.right, confs("b", LINKS, 2)))
    of_left, _ = heard
    until(lambda: of_left.carrying == 0, 10, between=lambda: of_left.listen(0.1))
    until_all_carry(*heard)
    for one in heard:
        one.listen(1.0)
        assert one.carrying == LINKS
        assert one.most_in_a_second() <= LIMIT


def test_a_flood_on_one_port_concerns_no_other(
    stack: ExitStack, cables: Cables, heard: tuple[Recorder, Recorder]
) -> None:
    left, _ = stack.enter_context(lacpds(cables))
    until_all_carry(*heard)
    with cables.left.wire("a0") as wire:
        partner = next(f for f in iter(lambda: wire.recv(2048), b"") if f[12:15] == b"\x88\x09\x01")
    # Its partner says in turn that it is in sync, and that it is not: the dearest that can be.
    state = partner[32]
    changed = partner[:32] + bytes([state ^ 8]) + partner[33:]
    for one in heard:
        one.afresh(0.0)
    before = counters(left)

    def rush() -> None:
        with cables.right.entered():
            flood([partner, changed], ["b0"], 10_000, 2.0)

    flooding = threading.Thread(target=rush)
    flooding.start()
    of_left, of_right = heard
    while flooding.is_alive():
        of_left.listen(0.1)
    of_left.listen(1.5)
    of_right.read()
    after = counters(left)
    # The partner's ports, too, have been heard all the time.
    assert [name for name, sender in of_left.ports.items() if sender.lost and name != "b0"] == []
    assert all(of_left.ports[f"b{at}"].carries for at in range(1, LINKS))
    for at in range(1, LINKS):
        # One may have come while they were asked.
        received = after[f"a{at}"]["lacpdus_rx"] - before[f"a{at}"]["lacpdus_rx"]
        assert received >= len(of_right.spoken[f"a{at}"].times) - 1
    assert after["a0"]["flooded_rx"] > 0
    assert "overrun" not in left.log.read_text()
    said = [line for line in left.log.read_text().splitlines() if "flooded:" in line]
    assert len(said) == 1
    assert "a0: flooded: more than" in said[0]
    until_all_carry(of_left, of_right)
