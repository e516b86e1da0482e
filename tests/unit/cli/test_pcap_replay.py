"""`pcap-replay`: what it says and writes, its exit codes, and files it does not touch."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from lacp.cli.pcap_replay import main
from lacp.sim.network import Network
from tests.capture_files import pcap_header
from tests.unit.conformance.report.conversations import calm

ROOT = Path(__file__).parent.parent.parent.parent
LEFT = "02:00:00:01:00:00#1"
RIGHT = "02:00:00:02:00:00#1"

Say = Callable[..., tuple[int, str, str]]


def capture(network: Network, spoil: Callable[[bytearray], object] = bytes) -> bytes:
    """A capture of a conversation; each frame of the left end may be spoilt."""
    records = []
    for flight in network.frames:
        octets = bytearray(flight.frame)
        if flight.source[0] == "left":
            spoil(octets)
        seconds = int(flight.sent_at)
        micro = round((flight.sent_at - seconds) * 1e6)
        stamp = seconds.to_bytes(4, "little") + micro.to_bytes(4, "little")
        records.append(stamp + len(octets).to_bytes(4, "little") * 2 + bytes(octets))
    return pcap_header() + b"".join(records)


def reserved(octets: bytearray) -> None:
    octets[33] = 1


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "good.pcap"
    path.write_bytes(capture(calm()))
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.pcap"
    path.write_bytes(capture(calm(), reserved))
    return str(path)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def call(*args: str) -> tuple[int, str, str]:
        code = main(args)
        out, err = capsys.readouterr()
        return code, out, err

    return call


# Verdicts.


def test_a_healthy_conversation(good: str, say: Say) -> None:
    code, out, err = say(good)
    assert (code, err) == (0, "")
    assert out.replace("\n", " ").startswith(f"{good}: 48 frames: 48 LACPDUs")
    assert f"Link {LEFT} <-> {RIGHT}" in out
    assert out.splitlines()[-1].startswith("nothing violated")
    assert max(map(len, out.splitlines())) <= max(80, len(good) + 1)


def test_a_violation_is_told_with_rule_clause_actor_and_title(bad: str, say: Say) -> None:
    code, out, err = say(bad)
    assert (code, err) == (1, "")
    assert out.splitlines()[-1] == f"1 rule violated, by {LEFT} (PDU-06)"
    (line,) = (line for line in out.splitlines() if "FAIL  " in line and LEFT in line)
    assert line.split()[-4:] == ["PDU-06", "6.4.2.3", "FAIL", LEFT]
    assert "Reserved octets are zero" in out


def test_several_captures_have_one_verdict(good: str, bad: str, say: Say) -> None:
    code, out, _ = say(good, bad)
    assert code == 1
    assert out.count("Link ") == 2
    assert out.splitlines()[-1] == f"1 rule violated, by {LEFT} (PDU-06)"


def test_one_unreadable_capture_does_not_keep_the_others(
    good: str, bad: str, tmp_path: Path, say: Say
) -> None:
    (tmp_path / "none.pcap").write_text("not a capture")
    code, out, err = say(good, str(tmp_path / "none.pcap"), str(tmp_path / "absent"), bad)
    assert code == 2
    first, second = err.splitlines()
    assert first.startswith(f"pcap-replay: {tmp_path}/none.pcap: starts with 6e 6f 74 20")
    assert second.startswith(f"pcap-replay: {tmp_path}/absent: No such file or directory")
    assert out.splitlines()[-1] == f"1 rule violated, by {LEFT} (PDU-06)"


def test_a_directory_is_no_capture(tmp_path: Path, say: Say) -> None:
    code, out, err = say(str(tmp_path))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_a_damaged_capture_is_judged_up_to_there(good: str, say: Say) -> None:
    octets = Path(good).read_bytes()
    Path(good).write_bytes(octets[:-60])
    code, out, _ = say(good)
    assert code == 0
    assert "  damaged: " in out
    assert "47 LACPDUs" in out


def test_standard_input(good: str, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(Path(good).read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    code, out, _ = say("-")
    assert code == 0
    assert out.startswith("standard input: 48 frames")


def test_closed_standard_input(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert say("-") == (2, "", "pcap-replay: standard input: is closed, expected a capture\n")


def test_one_actor(bad: str, say: Say) -> None:
    assert say(bad, "--actor", RIGHT)[0] == 0
    assert say(bad, "--actor", LEFT.replace(":", "-"))[0] == 1
    code, _, err = say(bad, "--actor", "02:00:00:00:00:99#7")
    assert code == 2
    assert err == "pcap-replay: no LACPDU of 02:00:00:00:00:99#7 in what was read\n"


def test_the_edition_decides_how_many_a_second(tmp_path: Path, say: Say) -> None:
    network = calm()
    last = network.frames[-2]
    network.frames.extend(replace(last, sent_at=20.1 + 0.05 * n) for n in range(9))
    path = tmp_path / "burst.pcap"
    path.write_bytes(capture(network))
    assert "TX-01" in say(str(path))[1].splitlines()[-1]
    assert "TX-01" not in say(str(path), "--edition", "2020")[1].splitlines()[-1]


# What is written.


def test_quiet_says_nothing(bad: str, say: Say) -> None:
    assert say(bad, "--quiet") == (1, "", "")


def test_json_on_standard_output_and_nothing_else(good: str, bad: str, say: Say) -> None:
    code, out, err = say(good, bad, "--json", "-")
    assert (code, err) == (1, "")
    said = json.loads(out)
    assert [each["file"] for each in said["captures"]] == [good, bad]
    assert {each["rule"] for each in said["captures"][1]["findings"]} == {"PDU-06"}


def test_files(bad: str, tmp_path: Path, say: Say) -> None:
    files = {name: tmp_path / f"out.{name}" for name in ("json", "html", "junit")}
    options = [text for name, path in files.items() for text in (f"--{name}", str(path))]
    code, out, err = say(bad, *options)
    assert (code, err) == (1, "")
    assert out
    assert json.loads(files["json"].read_text())["captures"][0]["frames"]["lacpdu"] == 48
    assert fromstring(files["junit"].read_text()).get("failures") == "1"
    assert files["html"].read_text().startswith("<!doctype html>")
    assert sorted(os.listdir(tmp_path)) == ["bad.pcap", "out.html", "out.json", "out.junit"]
    assert files["json"].stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_keeps_its_permissions_and_its_link(good: str, tmp_path: Path, say: Say) -> None:
    real = tmp_path / "real.json"
    real.touch(mode=0o600)
    link = tmp_path / "link.json"
    link.symlink_to(real)
    assert say(good, "--json", str(link))[0] == 0
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert json.loads(real.read_text())["version"] == 1


def test_a_pipe_is_written_to(good: str, say: Say) -> None:
    assert say(good, "--quiet", "--json", "/dev/null", "--junit", "/dev/null") == (0, "", "")


def test_no_input_is_ever_overwritten(good: str, tmp_path: Path, say: Say) -> None:
    before = Path(good).read_bytes()
    link = tmp_path / "link"
    link.symlink_to(good)
    for path in (good, str(link), f"{tmp_path}/./good.pcap"):
        code, out, err = say(good, "--html", path)
        assert (code, out) == (2, "")
        assert "is a file to read, it will not be overwritten" in err
    assert Path(good).read_bytes() == before


def test_what_cannot_be_written(good: str, tmp_path: Path, say: Say) -> None:
    code, out, err = say(good, "--json", str(tmp_path / "nowhere" / "x.json"))
    assert (code, out) == (2, "")
    assert "there is no directory for it" in err


MISUSES = {
    "--edition 1999 x": "--edition: '1999', expected 2008, 2014, 2014-cor1 or 2020",
    "--actor here x": "--actor: 'here', expected one like 00:13:c4:12:0f:00#22",
    "--actor 00:13:c4:12:0f:00#65536 x": "expected one like",
    "--html - x": "--html: '-' is no file name",
    "--html a --junit a x": "--junit: a is that of --html too",
    "--json / x": "--json: / is a directory",
    "- -": "standard input can be read once only",
    "": "the following arguments are required: CAPTURE",
}


@pytest.mark.parametrize("line", MISUSES)
def test_misuse_is_one_line(line: str, say: Say) -> None:
    code, out, err = say(*line.split())
    assert (code, out) == (2, "")
    assert err.startswith("pcap-replay: ")
    assert MISUSES[line] in err
    assert err.count("\n") == 1


def test_help_and_version(say: Say) -> None:
    code, out, _ = say("--help")
    assert code == 0
    for option in ("--json", "--html", "--junit", "--edition", "--actor", "--quiet"):
        assert option in out
    assert say("--version")[1].startswith("pcap-replay ")


def test_interrupted(good: str, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lacp.cli.pcap_replay.run", interrupt)
    assert say(good)[0] == 130


# As a program.


def test_a_reader_who_leaves_early_changes_no_verdict(bad: str) -> None:
    command = [sys.executable, "-m", "lacp.cli.pcap_replay", *[bad] * 30]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def replay(redirection: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    """The program with its streams redirected by the shell."""
    script = f'exec "$0" -m lacp.cli.pcap_replay "$@" {redirection}'
    command = ["sh", "-c", script, sys.executable, *args]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


def test_closed_streams(bad: str) -> None:
    done = replay(">&-", bad)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    done = replay("2>&-", "--json", "-", bad, "/nowhere.pcap")
    assert done.returncode == 2
    assert json.loads(done.stdout)["unreadable"][0]["file"] == "/nowhere.pcap"


def test_a_full_disk(bad: str) -> None:
    done = replay(">/dev/full", bad)
    said = b"pcap-replay: standard output: No space left on device\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", said)


def test_a_file_name_that_is_no_text(bad: str, tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff\xe9\x1b[2J.pcap"
    os.link(bad, odd)
    files = [tmp_path / name for name in ("json", "html", "xml")]
    options = [f"--json={files[0]}", f"--html={files[1]}", f"--junit={files[2]}"]
    for encoding in ("utf-8", "ascii"):
        done = subprocess.run(
            [sys.executable, "-m", "lacp.cli.pcap_replay", odd, *options],
            cwd=ROOT,
            env=os.environ | {"PYTHONIOENCODING": encoding},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (1, b"")
        assert b"\x1b" not in done.stdout
        assert json.loads(files[0].read_text())["captures"][0]["file"] == os.fsdecode(odd)
        fromstring(files[2].read_text())


def test_launcher_from_anywhere_through_a_link(good: str, tmp_path: Path) -> None:
    # What lies beside the capture is not imported.
    (tmp_path / "lacp").mkdir()
    (tmp_path / "json.py").write_text("raise SystemExit(99)")
    link = tmp_path / "replay"
    link.symlink_to(os.path.relpath(ROOT / "tools" / "pcap-replay", tmp_path))
    with open(good, "rb") as stdin:
        done = subprocess.run(
            [link, "-", "--json", "-"], cwd=tmp_path, stdin=stdin, capture_output=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["captures"][0]["frames"]["lacpdu"] == 48


def test_launcher_sets_up_what_is_missing(tmp_path: Path) -> None:
    checkout = tmp_path / "a checkout"
    (checkout / "tools").mkdir(parents=True)
    launcher = checkout / "tools" / "pcap-replay"
    launcher.write_bytes((ROOT / "tools" / "pcap-replay").read_bytes())
    setup = checkout / "tools" / "setup"
    setup.write_text(
        "#!/bin/sh\n"
        'cd "$(dirname "$0")/.." && cat && echo setting up && mkdir -p .venv/bin\n'
        "printf '#!/bin/sh\\necho \"$@\"; cat\\n' >.venv/bin/python && chmod +x .venv/bin/python\n"
    )
    for path in (launcher, setup):
        path.chmod(0o755)
    for said in (b"setting up\n", b""):
        done = subprocess.run(
            [launcher, "a b"], cwd=tmp_path, input=b"octets", capture_output=True, check=True
        )
        assert done.stdout == b"-P -m lacp.cli.pcap_replay a b\noctets"
        assert done.stderr == said
