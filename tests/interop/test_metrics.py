"""The metrics of lacpd as a process, and what others make of its picture, over a real partner."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import Any

import pytest
from prometheus_client.openmetrics import parser

from tests import yang
from tests.daemons import conf
from tests.interop.daemon import COMMAND, ROOT, Daemon, apart, lacpd
from tests.interop.netns import Namespace, namespaces, veth

pytestmark = pytest.mark.netns

WHERE = "127.0.0.1:9100"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def scrape(namespace: Namespace) -> dict[str, float]:
    """Every sample by its name and the values of its labels."""
    with namespace.entered():
        connection = HTTPConnection(WHERE, timeout=5)
        connection.connect()
    try:
        connection.request("GET", "/metrics", headers={"Accept": "application/openmetrics-text"})
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    parse: Any = parser.text_string_to_metric_families
    return {
        " ".join([each.name, *(value for _, value in sorted(each.labels.items()))]): each.value
        for family in parse(text)
        for each in family.samples
    }


def carrying(stack: ExitStack) -> tuple[Namespace, Daemon, Daemon]:
    """Two daemons on two cables; the first has metrics."""
    here, there = stack.enter_context(namespaces(2))
    here.ip("link set lo up")
    for port in ("e0", "e1"):
        veth(here, port, there, port)
    text = conf("team0", ["e0", "e1"], fast_rate=True, aggregate_wait=0)
    left = stack.enter_context(lacpd(here, text, "--metrics", WHERE))
    right = stack.enter_context(lacpd(there, text))
    for daemon in (left, right):
        daemon.until_distributing(["e0", "e1"])
    return here, left, right


def test_a_lag_that_carries_and_a_partner_that_goes_away(stack: ExitStack) -> None:
    here, left, right = carrying(stack)
    _models_of_yang(here, left)
    assert f"metrics at http://{WHERE}/metrics" in left.said()
    found = scrape(here)
    assert found["lacp_lag_up team0"] == 1
    assert found["lacp_port_distributing team0 e1"] == 1
    assert found["lacp_port_speed_bits_per_second team0 e0"] == 10e9
    assert found["lacp_port_lacpdus_received_total team0 e0"] > 0
    assert not [name for name in found if name.startswith("lacp_finding ") and "fault" in name]
    _flooded(here, left)
    right.kill()

    def silent() -> bool:
        found = scrape(here)
        return (
            found["lacp_port_last_lacpdu_age_seconds team0 e0"] > 3
            and found["lacp_lag_up team0"] == 0
            and found["lacp_port_problems team0 e0"] > 0
        )

    left.until(silent)
    # A second one there is refused, and has done nothing before.
    second = [*COMMAND, "-t", "team1", *apart(left.directory), "--metrics", WHERE]
    done = subprocess.run(
        here.command(*second), cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"lacpd: metrics: cannot listen on {WHERE}: Address already in use\n"
    assert left.end() == 0


def _flooded(here: Namespace, left: Daemon) -> None:
    """Who asks without end, or nothing that makes sense, holds up neither LACP nor Prometheus."""
    # Longer than a partner who is not heard would be waited for.
    end = time.monotonic() + 3.5
    before = left.ask("history")["history"]

    def flood(said: bytes) -> None:
        with here.entered():
            while time.monotonic() < end:
                with socket.socket() as client, contextlib.suppress(OSError):
                    client.settimeout(1)
                    client.connect(("127.0.0.1", 9100))
                    client.sendall(said)
                    while client.recv(65536):
                        pass

    said = (b"GET /metrics HTTP/1.1\r\n\r\n", b"\xff" * 9000, b"G")
    threads = [threading.Thread(target=flood, args=(each,)) for each in said * 2]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        assert scrape(here)["lacp_lag_active_ports team0"] == 2
    for thread in threads:
        thread.join()
    assert left.ask("history")["history"] == before


def _models_of_yang(here: Namespace, left: Daemon) -> None:
    its = left.lag()

    def show(form: str) -> Any:
        command = [sys.executable, "-m", "lacp.cli.lacpctl", "--run-dir", str(left.directory)]
        said = here.run(*command, "--source", "lacpd", "show", "--format", form)
        return json.loads(said)

    document = show("openconfig")
    assert yang.findings(document, yang.OPENCONFIG) == []
    members = "openconfig-lacp:lacp/interfaces/interface/members/member/state"
    for port, state in zip(its["ports"], yang.values(document, members), strict=True):
        assert state["interface"] == port["name"]
        assert (state["collecting"], state["distributing"]) == (True, True)
        assert (state["partner-id"], state["partner-port-num"]) == (
            port["partner"]["system"],
            port["partner"]["port"],
        )
        # It has heard its partner, which it had not before.
        assert int(state["last-change"]) > 1_600_000_000 * 10**9
        assert int(state["counters"]["lacp-in-pkts"]) >= port["counters"]["lacpdus_rx"] > 0
    document = show("ieee")
    assert yang.findings(document, yang.IEEE) == []
    aggport = "ietf-interfaces:interfaces/interface/ieee802-dot1ax-linkagg:aggport/lacp"
    for port, lacp in zip(its["ports"], yang.values(document, aggport), strict=True):
        assert lacp["actor-oper-state"].split()[-1] == "distributing"
        assert lacp["partner-oper-system"] == port["partner"]["system"].upper().replace(":", "-")
