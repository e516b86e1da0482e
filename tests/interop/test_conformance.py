"""The tester on real wires: lacpd passes, and the others fail what they are known to fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lacp.backends.wire import Wires
from lacp.cli.lacpctl import main
from lacp.errors import BackendError
from tests.interop import devices, guest
from tests.interop.netns import namespace, need_link
from tests.interop.tested import PROFILES, run
from tests.lab import need_netns, need_ovs

pytestmark = pytest.mark.interop

#: Cases of a few seconds each, and what each device is known to make of them.
CASES = (
    "PDU-05", "PDU-12", "RXM-05", "RXM-06", "RXM-14", "RXM-21", "RXM-25", "NTT-01", "NTT-10",
    "MUX-05", "MRK-01",
)  # fmt: skip
#: What each device does not simply pass; the profile waives what it is known for.
KNOWN: dict[str, set[str]] = {
    "lacpd": set(),
    "openvswitch": {"PDU-12", "RXM-14", "RXM-21", "RXM-25", "MUX-05", "MRK-01"},
    "bonding": {"RXM-21", "RXM-25"},
    "teamd": {"RXM-14", "RXM-21", "RXM-25", "NTT-10", "MRK-01"},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came of the cases, by device; all run at the same time."""
    need_netns()
    need_ovs()
    guest.need()
    folders = {name: tmp_path_factory.mktemp(name) for name in PROFILES}

    def tested(name: str) -> dict[str, Any]:
        return run(name, folders[name], ["--select", ",".join(CASES)], links=2)

    with ThreadPoolExecutor(len(PROFILES)) as pool:
        return dict(zip(PROFILES, pool.map(tested, PROFILES), strict=True))


def verdicts(result: dict[str, Any]) -> dict[str, str]:
    return {outcome["case"]: outcome["verdict"] for outcome in result["outcomes"]}


@pytest.mark.parametrize("name", PROFILES)
def test_the_tester_finds_what_a_device_is_known_for(
    results: dict[str, dict[str, Any]], name: str
) -> None:
    found = verdicts(results[name])
    assert tuple(found) == tuple(sorted(CASES, key=list(found).index))
    # A host that is too busy to keep time skips a case, and says so.
    judged = {case: verdict for case, verdict in found.items() if verdict != "skip"}
    assert len(judged) > len(CASES) // 2, results[name]["outcomes"]
    blamed = {case for case, verdict in judged.items() if verdict != "pass"}
    assert blamed == KNOWN[name] & judged.keys()


def test_a_failure_carries_its_frames(results: dict[str, dict[str, Any]]) -> None:
    for result in results.values():
        for outcome in result["outcomes"]:
            if outcome["verdict"] in ("warn", "fail"):
                assert outcome["frames"], outcome["case"]
                assert outcome["remarks"], outcome["case"]


def test_interfaces_that_are_not_there_are_named(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["conformance", "run", "--interface", "nowhere0", "--select", "PDU-01"]) == 1
    said = capfd.readouterr().err
    assert said == "lacpctl: there is no interface 'nowhere0'\n"


def test_an_interface_that_others_use_is_refused() -> None:
    with namespace() as here:
        need_link(here, "bridge", "a bridge")
        here.ip_batch(
            [
                "link add br0 type bridge",
                "link add t0 type veth peer name d0",
                "link set t0 master br0",
            ]
        )
        with here.entered(), pytest.raises(BackendError, match="t0 belongs to br0, expected an"):
            Wires(["t0"])
        with here.entered(), pytest.raises(BackendError, match="lo is not an Ethernet interface"):
            Wires(["lo"])


def test_a_link_that_was_taken_down_comes_up_again() -> None:
    with devices.wires(1) as cable, cable.here.entered():
        with Wires(["t1"]) as wires:
            wires.set_link(0, False)
            assert "state DOWN" in cable.here.ip("-o link show t1")
        assert "state DOWN" not in cable.here.ip("-o link show t1")
