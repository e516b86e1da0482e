"""`lacpctl show --format`: one picture in the shapes that others read."""

import json
import socket
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lacp.cli.lacpctl import main
from tests import yang
from tests.unit.cli.documents import ACTIVEBACKUP, FULL
from tests.unit.cli.documents import MIXED as TOLD
from tests.unit.cli.fake_lacpd import answering, fake_lacpd, line

MIXED = {**TOLD, "lacp": True}


pytestmark = pytest.mark.usefixtures("run_dir")


def test_models_of_yang(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_lacpd(run_dir / "team0.sock", answering(MIXED)):
        for name, schema in (("openconfig", yang.OPENCONFIG), ("ieee", yang.IEEE)):
            assert main(["show", "--format", name]) == 0
            out, err = capsys.readouterr()
            assert err == ""
            document = json.loads(out)
            assert yang.findings(document, schema) == []
            ports = [port["name"] for port in MIXED["ports"]]
            every = f"{next(each for each in document if 'interfaces' in each)}/interface/name"
            assert yang.values(document, every) == ["team0", *ports]


def test_the_history_is_asked_for_where_a_model_has_a_use_for_it(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def serve(connection: socket.socket) -> None:
        with connection.makefile("rwb") as stream:
            asked.append(json.loads(stream.readline()).get("verbose"))
            stream.write(line({"version": 1, "ok": True, "lag": FULL}))

    with fake_lacpd(run_dir / "team0.sock", serve):
        for form in ("text", "openconfig"):
            assert main(["show", "--format", form]) == 0
    assert asked == [False, True]


def test_only_what_is_named(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = MIXED["ports"][0]["name"]
    with fake_lacpd(run_dir / "team0.sock", answering(MIXED)):
        assert main(["show", port, "--format", "openconfig"]) == 0
        document = json.loads(capsys.readouterr().out)
        members = "openconfig-lacp:lacp/interfaces/interface/members/member/interface"
        assert yang.values(document, members) == [port]
        assert main(["show", "eth99", "--format", "openconfig"]) == 1
        assert "nothing here is called eth99" in capsys.readouterr().err


def test_what_a_model_has_no_room_for_is_told(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = ACTIVEBACKUP["name"]
    with fake_lacpd(run_dir / f"{name}.sock", answering({**ACTIVEBACKUP, "lacp": False})):
        assert main(["show", "--format", "ieee"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["ieee802-dot1ax-linkagg:linkagg"]["key-group"] == []
        assert err == f"lacpctl: {name} is left out: it speaks no LACP\n"


def test_metrics(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_lacpd(run_dir / "team0.sock", answering(MIXED)):
        assert main(["show", "--format", "prometheus"]) == 0
        out, err = capsys.readouterr()
    assert err == ""
    samples = {
        (each.name, *(value for _, value in sorted(each.labels.items()))): each.value
        for family in text_string_to_metric_families(out)
        for each in family.samples
    }
    assert samples["lacp_lag_up", "team0"] == 1
    for port in MIXED["ports"]:
        up = samples["lacp_port_link_up", "team0", port["name"]]
        assert up == port["link"]["up"]
    assert any(name[0] == "lacp_finding" for name in samples)
    # There is no daemon to speak of.
    assert not [name for name in samples if not name[0].startswith("lacp_")]
    assert out.endswith("\n")
    assert "\n\n" not in out


def test_metrics_of_nothing_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--format", "prometheus"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("lacpctl: no LAG here: ")


def test_as_in_proc(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = {**MIXED, "name": "team1", "ifindex": 99}
    with (
        fake_lacpd(run_dir / "team0.sock", answering(MIXED)),
        fake_lacpd(run_dir / "team1.sock", answering(other)),
    ):
        assert main(["show", "team1", "--format", "proc"]) == 0
        one = capsys.readouterr().out
        assert one.startswith("Ethernet Channel Bonding Driver: ")
        assert "\n\nSlave Interface: " in one
        assert main(["show", "--format=proc"]) == 0
        both = capsys.readouterr().out
    # As `head` prints several files.
    assert both.startswith("==> team0 <==\nEthernet Channel Bonding Driver: ")
    assert both.endswith(f"\n\n==> team1 <==\n{one}")


def test_json_is_the_same_as_the_option(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    with fake_lacpd(run_dir / "team0.sock", answering(MIXED)):
        for options in (["--json"], ["--format", "json"], ["--json", "--format", "json"]):
            assert main(["show", *options]) == 0
            said.append(json.loads(capsys.readouterr().out)["lags"])
    assert said[0] == said[1] == said[2]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--json", "show", "--format", "text"], "expected --json or --format text, found both"),
        (["show", "--format", "ieee", "--json"], "expected --json or --format ieee, found both"),
        (["show", "--json", "--format=proc"], "expected --json or --format proc, found both"),
        (["show", "-v", "--format", "openconfig"], "-v is for text and json, found --format"),
        (["show", "-v", "--format", "proc"], "-v is for text and json, found --format proc"),
        (["show", "-v", "--format", "prometheus"], "-v is for text and json, found --format"),
        (["show", "-p", "--format", "json"], "-p is for text, found --format json"),
        (
            ["show", "--format", "xml"],
            "expected text, json, openconfig, ieee, prometheus or",
        ),
        # It is said here, and not by each of the hosts.
        (["show", "--host=::", "--json", "--format", "proc"], "expected --json or --format proc"),
    ],
)
def test_options_that_contradict_each_other(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.startswith("lacpctl")
    assert err.count("\n") == 1
