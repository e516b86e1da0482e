"""The tester on real wires: lacpd passes, and the others fail what they are known to fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lacp.cli.lacpctl import main
from tests.interop import guest
from tests.interop.tested import PROFILES, run
from tests.lab import need_netns, need_ovs

pytestmark = [pytest.mark.interop, pytest.mark.slow]

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
                assert outcome["timeline"], outcome["case"]
                assert outcome["remarks"], outcome["case"]


def test_interfaces_that_are_not_there_are_named(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["conformance", "run", "--interface", "nowhere0", "--select", "PDU-01"]) == 1
    said = capfd.readouterr().err
    assert said == "lacpctl: there is no interface 'nowhere0'\n"
