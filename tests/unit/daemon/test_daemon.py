"""The daemon in virtual time: order of frames and timers, reload, numbers, floods, farewells."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.address import Mac
from lacp.backends.base import FrameLost, FrameReceived
from lacp.backends.memory import MemoryBackend
from lacp.daemon.files import SavedState, TeamFiles
from lacp.daemon.throttle import Throttle
from lacp.errors import BackendError, ConfigError, UsageError
from lacp.text import timestamp
from tests.daemons import EPOCH, Host, World, conf, lacp, world

DISTRIBUTING = ["DISTRIBUTING", "DISTRIBUTING"]


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "lacp.daemon")
    return caplog


def events(host: Host, name: str = "team0") -> list[dict[str, object]]:
    """What is published from now on."""
    found: list[dict[str, object]] = []
    host.team(name).journal.subscribe(found.append)
    return found


# Up, and what is carried out.


def test_two_daemons_come_up_and_tell_their_dataplanes(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(2.5)
    for host in (left, right):
        assert host.mux() == DISTRIBUTING
        plane = host.plane()
        assert plane.carrier
        assert plane.device == "team0"
        assert all(use.collecting and use.distributing for use in plane.uses.values())
    assert str(left.plane().address) == left.show()["actor"]["system"]


def test_documents(hosts: World) -> None:
    left, right, _ = hosts.pair(sys_prio=7, fast_rate=True)
    hosts.run(5.25)
    lag = left.show()
    assert json.loads(json.dumps(lag)) == lag
    system = str(lacp(left.team()).config.system)
    assert lag["actor"] == {"system_priority": 7, "system": system, "key": 0}
    assert lag["partner"]["system"] == right.show()["actor"]["system"]
    assert (lag["up"], lag["mode"], lag["source"], lag["dataplane"]) == (
        True,
        "lacp",
        "lacpd",
        "memory",
    )
    port = left.port("a2")
    assert port["ifindex"] is None
    assert port["link"] == {"up": True, "speed": 10000, "duplex": "full", "admin_up": True}
    assert port["actor"]["port"] == 2
    assert port["actor"]["state"] == 63
    assert port["actor"]["flags"][1] == "short_timeout"
    assert port["machines"]["mux"] == "DISTRIBUTING"
    assert port["last_rx_age"] < 1.01
    assert (port["timers"], port["history"]) == (None, None)
    verbose = left.show(verbose=True)["ports"][0]
    assert 0 < verbose["timers"]["current_while"] <= 3
    (moved,) = (each for each in verbose["history"] if each["new"] == "DISTRIBUTING")
    assert moved["time"] == "2026-01-01T00:00:02.000Z"


def test_many_teams_in_one_process(hosts: World) -> None:
    left, right = hosts.host("a"), hosts.host("b")
    for number in range(1, 5):
        hosts.cable(left, f"a{number}", right, f"b{number}")
    for host, letter in ((left, "a"), (right, "b")):
        host.write(conf("team0", [f"{letter}1", f"{letter}2"]), "0.conf")
        host.write(conf("team1", [f"{letter}3", f"{letter}4"]), "1.conf")
        host.start()
    hosts.run(3)
    assert left.mux("team0") == left.mux("team1") == DISTRIBUTING
    systems = {left.show(name)["actor"]["system"] for name in ("team0", "team1")}
    assert len(systems) == 2


def test_events_as_documents(hosts: World) -> None:
    left, right, _ = hosts.pair()
    found = events(left)
    hosts.run(3)
    mux = [e for e in found if e["event"] == "state_changed" and e["machine"] == "mux"]
    assert mux[-1] == {
        "time": "2026-01-01T00:00:02.000Z",
        "lag": "team0",
        "port": mux[-1]["port"],
        "event": "state_changed",
        "machine": "mux",
        "old": "COLLECTING",
        "new": "DISTRIBUTING",
        "reason": "selected and partner_sync and partner_collecting",
    }
    names = {str(event["event"]) for event in found}
    assert names >= {"link_changed", "partner_changed", "mux_changed", "port_enabled"}
    assert "transmit" not in names
    assert {"carrier_changed"} <= names
    json.dumps(found)
    assert right.show()["up"]


# Who we are.


def test_the_system_is_the_address_of_the_first_port_of_the_configuration(hosts: World) -> None:
    left, right = hosts.host("a"), hosts.host("b")
    hosts.cable(left, "a1", right, "b1")
    hosts.cable(left, "a2", right, "b2")
    team = left.start(conf(ports=["a2", "a1"]))
    assert left.show()["actor"]["system"] is None
    hosts.run(0)
    assert team.saved.system_from == "a2"
    assert left.show()["actor"]["system"] == str(lacp(team).ports["a2"].link.address)


def test_numbers_and_system_survive_a_restart(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(3)
    before = left.show()["actor"]["system"]
    left.service.close()
    assert sorted(p.suffix for p in left.directory.iterdir()) == [".conf", ".state"]
    team = left.start(conf(ports=["a2", "a1"]))
    assert left.show()["actor"]["system"] == before
    assert {n: p.number for n, p in lacp(team).ports.items()} == {"a1": 1, "a2": 2}
    hosts.run(3)
    assert left.mux() == DISTRIBUTING


def test_the_system_goes_with_the_port_that_it_was_taken_from(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(3)
    before = left.show()["actor"]["system"]
    left.reload(conf(ports=["a2"]))
    assert left.show()["actor"]["system"] == before
    left.service.close()
    team = left.start()
    hosts.run(3)
    assert left.show()["actor"]["system"] != before
    assert team.saved.system_from == "a2"


def test_a_configured_system_waits_for_nobody(hosts: World) -> None:
    left = hosts.host("a")
    left.start(conf(hwaddr="02:00:00:00:00:99"))
    assert left.show()["actor"]["system"] == "02:00:00:00:00:99"
    assert left.plane().address == Mac.parse("02:00:00:00:00:99")


def test_port_numbers_are_never_given_to_another_port() -> None:
    saved = SavedState()
    assert [saved.number(p) for p in ("x", "y", "x", "z")] == [1, 2, 1, 3]
    saved = SavedState({f"p{n}": n for n in range(1, 0x10000)})
    with pytest.raises(ValueError, match="no port number is left"):
        saved.number("another")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"ports": {"a": 1, "b": 1}, "system": null, "system_from": ""}',
        '{"ports": {"a": 0}, "system": null, "system_from": ""}',
        '{"ports": {"a": "x"}, "system": null, "system_from": ""}',
        '{"ports": {}, "system": "x", "system_from": ""}',
        '{"ports": [], "system": null, "system_from": ""}',
        "\xff",
    ],
)
def test_a_spoilt_memory_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.state").write_text(text, encoding="latin-1")
    assert SavedState.load(tmp_path / "x.state") == SavedState()


# Time.


def test_a_host_that_stood_still_reads_before_it_counts(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left, right, _ = hosts.pair(fast_rate=True)
    hosts.run(5)
    found = events(left)
    # The left one sleeps for ten seconds while the right one goes on and its frames are kept.
    hosts.hosts.remove(left)
    hosts.run(10)
    hosts.hosts.append(left)
    # The right one gave up on it; but nobody on the left may have missed anything.
    left.service.driver.poll(hosts.now)
    machines = [e["new"] for e in found if e.get("machine") == "receive"]
    assert machines == []
    assert "woke 9" in said.text or "woke 10" in said.text
    hosts.run(5)
    assert left.mux() == right.mux() == DISTRIBUTING


def test_frames_that_the_interface_layer_refuses_are_counted_told_and_named(
    hosts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, _, cables = hosts.pair()
    cables[0].silent = True
    found = events(left)
    tagged = [[FrameLost("a1", "tagged")] * 5, []]
    monkeypatch.setattr(left.backend, "read", lambda: tagged.pop(0) if tagged else [])
    left.service.driver.poll(hosts.now)
    assert left.port("a1")["counters"]["refused_rx"] == 5
    assert "5 frames were refused: tagged" in left.port("a1")["problems"]
    assert left.port("a2")["counters"]["refused_rx"] == 0
    (dropped,) = (event for event in found if event["event"] == "frame_dropped")
    assert (dropped["port"], dropped["reason"]) == ("a1", "tagged")
    left.service.reset_counters(left.team(), ["a1"])
    assert left.port("a1")["counters"]["refused_rx"] == 0
    assert not [said for said in left.port("a1")["problems"] if "refused" in said]


def test_a_flood_delays_no_timer_for_ever(hosts: World, monkeypatch: pytest.MonkeyPatch) -> None:
    left, _, _ = hosts.pair(fast_rate=True)
    hosts.run(5)
    junk = bytes.fromhex("0180c2000002 020000000001 8809 01") + bytes(109)
    monkeypatch.setattr(left.backend, "read", lambda: [FrameReceived("a1", junk)] * 512)
    # It comes back although there is always more, and a2 is missed in time.
    for _ in range(5):
        hosts.now += 1
        left.service.driver.poll(hosts.now)
    assert left.port("a2")["machines"]["receive"] == "EXPIRED"
    assert left.port("a1")["counters"]["flooded_rx"] > 50_000
    assert left.port("a1")["counters"]["illegal_rx"] <= 5 * 200


def test_a_flood_on_one_port_is_said_once_and_leaves_the_others_alone(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left, right, _ = hosts.pair(fast_rate=True)
    hosts.run(5)
    said.clear()
    found = events(left)
    junk = bytes.fromhex("0180c2000002 020000000001 8809 63") + bytes(50)
    for _ in range(20):
        for _ in range(1000):
            right.backend.send("b1", junk)
        hosts.run(0.25)
    assert left.mux()[1] == "DISTRIBUTING"
    assert sum("flooded" in line for line in said.messages) == 1
    assert sum("frame dropped" in line for line in said.messages) == 1
    dropped = [event for event in found if event["event"] == "frame_dropped"]
    assert 4 <= len(dropped) <= 6
    assert 190 < int(str(dropped[1]["suppressed"])) < 200
    # Most of it never came as far as the daemon.
    assert 3_000 < left.port("a1")["counters"]["flooded_rx"] < 6_000
    hosts.run(10)
    assert left.mux() == DISTRIBUTING


def test_throttle() -> None:
    throttle = Throttle(1.0)
    assert [throttle.admit("a", t) for t in (0.0, 0.5, 0.9, 1.0)] == [0, None, None, 2]
    assert throttle.admit("b", 1.0) == 0
    throttle.forget("b")
    assert throttle.admit("b", 1.0) == 0


def test_times_as_text() -> None:
    assert timestamp(EPOCH + 0.1234) == "2026-01-01T00:00:00.123Z"


# Transmission.


def test_what_the_interface_refuses_is_sent_again(
    hosts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, right, _ = hosts.pair()
    sending = MemoryBackend.send
    refused: list[str] = []

    def send(backend: MemoryBackend, port: str, frame: bytes) -> bool:
        if backend is left.backend and len(refused) < 4:
            refused.append(port)
            return False
        return sending(backend, port, frame)

    monkeypatch.setattr(MemoryBackend, "send", send)
    hosts.run(4)
    assert left.mux() == right.mux() == DISTRIBUTING
    counters = [port["counters"] for port in left.show()["ports"]]
    assert sum(each["tx_errors"] for each in counters) == 4
    received = [port["counters"]["lacpdus_rx"] for port in right.show()["ports"]]
    assert [each["lacpdus_tx"] for each in counters] == received


def test_why_the_interface_refuses_is_shown(hosts: World, monkeypatch: pytest.MonkeyPatch) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    monkeypatch.setattr(left.backend, "send", lambda port, frame: False)
    monkeypatch.setattr(left.backend, "failure", lambda port: "ENOBUFS")
    hosts.run(30.1)
    (problem,) = left.port("a1")["problems"]
    assert re.fullmatch(r"the interface refuses our LACPDUs \(\d+ so far\): ENOBUFS", problem)


# The end.


def test_withdrawn_ports_tell_their_partners_at_once(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    left.service.withdraw(hosts.now)
    assert left.service.quiet()
    hosts.settle()
    assert not right.plane().carrier
    assert "DISTRIBUTING" not in right.mux()


def test_the_end_waits_for_what_the_rate_limit_holds_back(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    for priority in (1, 2, 3):
        left.service.set(left.team(), "ports.a1.lacp_prio", priority, hosts.now)
    left.service.withdraw(hosts.now)
    assert not left.service.quiet()
    hosts.run(1.1, until=left.service.quiet)
    assert left.service.quiet()
    assert not right.plane().carrier


# Reload.


def test_a_reload_that_changes_nothing_disturbs_nothing(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    found = events(left) + events(right)
    left.reload()
    hosts.run(0.5)
    assert found == []


def test_rates_limits_and_priorities_change_without_a_flap(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    found = events(right)
    left.reload(conf(fast_rate=True, aggregate_wait=0, max_ports=2, collector_max_delay=5))
    hosts.run(5)
    assert right.port("b1")["machines"]["periodic"] == "FAST_PERIODIC"
    assert [e for e in found if e["event"] == "port_enabled"] == []
    assert left.mux() == right.mux() == DISTRIBUTING


def test_ports_come_and_go_and_the_others_carry_on(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.cable(left, "a3", right, "b3")
    hosts.run(5)
    found = events(left)
    left.reload(conf(ports=["a2", "a3"]))
    right.reload(conf(ports=["b1", "b2", "b3"]))
    assert "DISTRIBUTING" not in right.mux()[0]
    hosts.run(5)
    assert left.mux() == DISTRIBUTING
    assert left.port("a3")["actor"]["port"] == 3
    assert left.plane().ports() == ["a2", "a3"]
    assert {e["port"] for e in found if e["event"] == "port_enabled"} == {"a1", "a3"}
    assert left.plane().carrier
    left.reload(conf(ports=["a1", "a2", "a3"]))
    assert left.port("a1")["actor"]["port"] == 1


def test_teams_come_and_go(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    left.write(conf("team1", ["a2"]), "team1.conf")
    left.reload(conf(ports=["a1"]))
    assert list(left.service.driver.teams) == ["team0", "team1"]
    hosts.run(5)
    assert left.show("team1")["ports"][0]["machines"]["receive"] == "CURRENT"
    (left.directory / "team.conf").unlink()
    left.reload()
    assert list(left.service.driver.teams) == ["team1"]
    assert not (left.directory / "team0.lock").exists()
    # The right one has one aggregator, and gives it away when it has missed team0 for 90 s.
    hosts.run(100)
    assert left.mux("team1") == ["DISTRIBUTING"]
    assert right.mux()[1] == "DISTRIBUTING"


def test_a_bad_file_keeps_what_runs(hosts: World, said: pytest.LogCaptureFixture) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    said.clear()
    left.reload("{")
    left.reload(conf(min_ports=3, max_ports=2))
    left.reload(conf(control="coupled", edition="2020", debug_level=1))
    assert left.mux() == DISTRIBUTING
    lines = [line for line in said.messages if "->" not in line]
    assert "not reloaded" in lines[0]
    assert "expected a key" in lines[0]
    assert "$.runner.max_ports: found 2, expected at least min_ports, 3" in lines[1]
    assert "team0: changing debug_level to 1" in lines[-3]
    assert "team0: runner.control stays independent until the next start" in lines[-2]
    assert "team0: runner.edition stays 2014 until the next start" in lines[-1]


def test_a_port_that_is_in_two_teams_stays_in_the_first(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left = hosts.host("a")
    left.write(conf("team0"), "0.conf")
    left.write(conf("team1", ["b1", "a1"]), "1.conf")
    left.write(conf("team0", ["x"]), "2.conf")
    reading = left.service.sources.read()
    assert {name: list(it.ports) for name, it in reading.configs.items()} == {
        "team0": ["a1", "a2"],
        "team1": ["b1"],
    }
    (error,) = map(str, reading.errors.values())
    assert error.partition(": ")[2].startswith('$.device: found "team0", which ')
    (refused,) = reading.refused
    expected = "found a1, which is in team0 already, expected each port in one team: it stays there"
    assert refused.partition(": ")[2] == f"$.ports: {expected}"
    left.service.start(reading.configs, hosts.now)
    said.clear()
    left.reload()
    assert list(left.team("team1").members) == ["b1"]
    assert any(expected in line for line in said.messages)


def test_a_team_is_no_port_of_its_own(hosts: World) -> None:
    left = hosts.host("a")
    left.write(conf("a1", ["a1", "a2"]), "0.conf")
    left.write('{"ports": {"team0": {}, "a2": {}}}', "1.conf")
    reading = left.service.sources.read()
    (error,) = map(str, reading.errors.values())
    said = "found a1, the name of the team itself, expected other interfaces"
    assert error.partition(": ")[2] == f"$.ports: {said}"
    assert list(reading.configs) == ["team1"]


def test_a_team_without_a_name_takes_the_first_free_one_and_keeps_it(hosts: World) -> None:
    left = hosts.host("a")
    left.service.sources.in_use = lambda name: name == "team0"
    nameless = '{"runner": {"name": "lacp"}, "ports": {"%s": {}}}'
    left.write(nameless % "x", "a.conf")
    left.write(nameless % "y", "b.conf")
    assert list(left.service.sources.read().configs) == ["team1", "team2"]
    left.service.sources.in_use = lambda _: True
    assert list(left.service.sources.read().configs) == ["team1", "team2"]


# Setting.


def test_set(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    team, service = left.team(), left.service
    service.set(team, "team0.runner.fast_rate", True, hosts.now)
    service.set(team, "ports.a1.lacp_prio", 100, hosts.now)
    hosts.run(5)
    assert right.port("b1")["machines"]["periodic"] == "FAST_PERIODIC"
    assert left.port("a1")["actor"]["port_priority"] == 100
    assert left.mux() == DISTRIBUTING
    left.reload()
    assert left.port("a1")["actor"]["port_priority"] == 255


def test_what_cannot_be_set(hosts: World) -> None:
    left, _, _ = hosts.pair()
    team, service = left.team(), left.service
    for path, value, error, message in (
        ("runner.edition", "2020", UsageError, "cannot be set: it holds as long as the team runs"),
        ("runner.revertive", True, UsageError, "edition 2020 has it"),
        ("ports.a9.lacp_prio", 1, UsageError, "no port 'a9' in team0, there are a1, a2"),
        ("ports.a1.prio", 1, UsageError, "cannot be set: only activebackup, and lacp with"),
        ("ports.a1.name", 1, UsageError, "cannot be set; there are lacp_prio, lacp_key"),
        ("ports.a1", {}, UsageError, "'ports.a1' cannot be set: expected ports.NAME.KEY"),
        ("ports", {}, UsageError, "'ports' cannot be set: expected ports.NAME.KEY"),
        ("device", "x", UsageError, "expected runner.KEY, ports.NAME.KEY, hwaddr"),
        ("runner.active", 1, ConfigError, "found 1, expected true or false"),
        ("runner.min_ports", 0, ConfigError, "found 0, expected an integer"),
    ):
        with pytest.raises(error, match=message):
            service.set(team, path, value, hosts.now)


# One daemon per team.


def test_a_second_daemon_is_refused_and_a_dead_one_is_not_in_the_way(tmp_path: Path) -> None:
    first, second = TeamFiles(tmp_path, "team0"), TeamFiles(tmp_path, "team0")
    assert second.owner() is None
    first.acquire()
    owner = second.owner()
    assert owner is not None
    with pytest.raises(BackendError, match=f"lacpd runs this team already, as process {owner}"):
        second.acquire()
    assert first.pid.read_text() == f"{owner}\n"
    first.release()
    assert list(tmp_path.iterdir()) == []
    for name in ("lock", "pid", "sock", "state"):
        (tmp_path / f"team0.{name}").write_text("4711\n")
    assert second.owner() is None
    second.acquire()
    second.release()
    assert [path.name for path in tmp_path.iterdir()] == ["team0.state"]


def test_a_run_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackendError, match="file: "):
        TeamFiles(tmp_path / "file", "team0").acquire()
    with pytest.raises(BackendError, match="No such file or directory"):
        TeamFiles(tmp_path, "team0", tmp_path / "none" / "x.pid").acquire()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_team_that_cannot_start_leaves_nothing_and_stops_no_other(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left = hosts.host("a")
    (left.directory / "team1.pid").mkdir()
    left.write(conf("team0", ["a1"]), "0.conf")
    left.write(conf("team1", ["a2"]), "1.conf")
    left.start()
    assert list(left.service.driver.teams) == ["team0"]
    assert sum("Is a directory" in line for line in said.messages) == 1
    assert not (left.directory / "team1.lock").exists()
    left.service.close()
    (left.directory / "0.conf").unlink()
    with pytest.raises(BackendError, match="Is a directory"):
        left.start()
    (left.directory / "team1.pid").rmdir()
    assert left.start().name == "team1"
