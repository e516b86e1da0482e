"""`lacpctl` where nobody answers, or somebody strange."""

import json
import socket
import time
from pathlib import Path

import pytest

from lacp.cli.lacpctl import main
from lacp.inspect import lacpd
from tests import hostile
from tests.unit.cli.documents import MIXED, lag, port
from tests.unit.cli.fake_lacpd import Serve, answering, fake_lacpd, line, saying

#: What asks lacpd and nobody else, and ends.
ASKING = ("show --source lacpd", "neighbors --source lacpd", "counters --source lacpd")
CONTROL = ("set runner.x 1",)


@pytest.mark.parametrize("command", [*ASKING, *CONTROL])
def test_no_daemon(command: str, run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command.split()) == 1
    expected = f"lacpctl: no lacpd is running: no socket in {run_dir}\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("command", ["show", "neighbors", "counters", *CONTROL])
def test_a_host_without_a_lag(
    command: str, run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(command.split())
    out, err = capsys.readouterr()
    if command in CONTROL:
        assert (code, out) == (1, "")
        return
    assert (code, out) == (0, "")
    assert err == (
        f"lacpctl: no LAG here: no lacpd in {run_dir}, no kernel team, no kernel bond, "
        "no Open vSwitch bond in /var/run/openvswitch\n"
    )


@pytest.mark.parametrize("command", CONTROL)
def test_who_controls_needs_a_daemon_that_runs(
    command: str, run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile.stale(run_dir / "team0.sock")
    assert main(command.split()) == 1
    expected = f"lacpctl: no lacpd is running: the sockets in {run_dir} are left over\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("command", [*ASKING, "show", "explain"])
def test_a_killed_daemon(command: str, run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile.stale(run_dir / "team0.sock")
    assert main(command.split()) == 1
    expected = (
        f"lacpctl: {run_dir}/team0.sock: no lacpd listens here any more; "
        "start it again, or remove the socket\n"
    )
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("command", ["show", "explain"])
def test_a_killed_daemon_beside_one_that_runs(
    command: str, run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile.stale(run_dir / "team0.sock")
    hostile.stale(run_dir / "team1.sock")
    with fake_lacpd(run_dir / "team2.sock", answering(MIXED)):
        assert main([command, "--json"]) == 1
    out, err = capsys.readouterr()
    assert [lag["name"] for lag in json.loads(out)["lags"]] == [MIXED["name"]]
    assert err == (
        f"lacpctl: {run_dir}: no lacpd listens any more at team0.sock and team1.sock; "
        "start it again, or remove them\n"
    )


@pytest.mark.parametrize("command", [*ASKING, *CONTROL, "show", "monitor"])
def test_no_such_socket(command: str, run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run_dir / "no.sock"
    assert main(["--socket", str(path), *command.split()]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"lacpctl: {path}: ")
    assert err.count("\n") == 1


def test_a_socket_path_beyond_what_the_kernel_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--socket", "/" + "x" * 200, "show"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)


def sleeping(connection: socket.socket) -> None:
    """Takes the request and says nothing until the client goes."""
    while connection.recv(65536):
        pass


def dripping(connection: socket.socket) -> None:
    """Sends an octet now and then, and never an answer."""
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def closing(connection: socket.socket) -> None:
    """Goes at once."""


STRANGE: dict[str, Serve] = {
    "closing": closing,
    "sleeping": sleeping,
    "dripping": dripping,
    "no JSON": saying(b"hello\n"),
    "no text": saying(bytes(range(128, 256)) + b"\n"),
    "no object": saying(b"[1]\n"),
    "nested": saying(b"[" * 100_000 + b"\n"),
    "half an answer": saying(b'{"ok": true, "lag": {'),
    "refusal": saying(line({"version": 1, "ok": False, "error": "no\nthanks"})),
    "no lag": saying(line({"version": 1, "ok": True})),
    "wrong lag": answering({"name": "team0", "ports": 7}),
    "no name": answering({"name": None, "ports": []}),
    "wrong port": answering(lag("team0", {"name": "eth1", "link": "up"})),
    "wrong actor": answering(lag("team0", port("eth1", actor=[1]))),
    "wrong state": answering(lag("team0", port("eth1", actor={"state": "x"}))),
    "wrong age": answering(lag("team0", port("eth1", last_rx_age="long ago"))),
    "wrong history": answering(lag("team0", port("eth1", history=[1, {}]))),
    "wrong speed": answering(lag("team0", port("eth1", link={"up": True, "speed": "fast"}))),
    "unhashable": answering(lag("team0", port("eth1", selected={}, machines={"mux": []}))),
    "huge numbers": answering(lag("team0", port("eth1", last_rx_age=1e999))),
}


@pytest.mark.parametrize("command", ["show", "show -v", "neighbors", "counters"])
@pytest.mark.parametrize("strange", STRANGE)
def test_a_strange_daemon(
    strange: str,
    command: str,
    run_dir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lacpd, "TIMEOUT", 0.3)
    monkeypatch.setattr(lacpd.Connection.__init__, "__defaults__", (0.3,))
    monkeypatch.setattr(lacpd.ask, "__defaults__", (0.3,))
    with fake_lacpd(run_dir / "team0.sock", STRANGE[strange]):
        started = time.monotonic()
        code = main(command.split())
        assert time.monotonic() - started < 5
    err = capsys.readouterr().err
    assert code in (0, 1)
    assert (code == 0) == (err == "")
    assert all(each.startswith("lacpctl: ") for each in err.splitlines())


def test_a_daemon_that_gives_no_answer_is_not_said_to_have_no_such_lag(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_lacpd(run_dir / "team0.sock", saying(b"hello\n")):
        assert main(["show", "team0", "--run-dir", str(run_dir)]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "team0.sock" in err


def test_one_strange_daemon_does_not_hide_another(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        fake_lacpd(run_dir / "a.sock", saying(b"hello\n")),
        fake_lacpd(run_dir / "b.sock", answering(MIXED)),
    ):
        assert main(["show", "--json"]) == 1
    out, err = capsys.readouterr()
    assert [each["name"] for each in json.loads(out)["lags"]] == ["team0"]
    assert err == f"lacpctl: {run_dir}/a.sock: this is not lacpd's protocol\n"
