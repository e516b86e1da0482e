"""`lacpctl watch` on a terminal: keys, size, what comes and goes, and every way out."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.documents import ACTIVEBACKUP, MIXED, half_way, lag, port
from tests.unit.cli.fake_lacpd import answering, fake_lacpd
from tests.unit.cli.on_terminal import Terminal, on_terminal

ROOT = Path(__file__).parents[3]
WATCH = [sys.executable, "-m", "lacp.cli.lacpctl", "watch", "--source", "lacpd", "-n", "0.1"]

#: The last of a hundred ports is the one with a problem.
HUNDRED = lag("big", *(port(f"eth{i}", i) for i in range(1, 100)), half_way("eth100", 100))


@contextmanager
def watching(
    run_dir: Path, *lags: dict[str, Any], command: Sequence[str] = WATCH, **environ: str
) -> Iterator[Terminal]:
    """`lacpctl watch` on a terminal of 80 columns and 24 lines, and daemons with these LAGs."""
    with ExitStack() as stack:
        for each in lags:
            stack.enter_context(fake_lacpd(run_dir / f"{each['name']}.sock", answering(each)))
        environ = {"TZ": "UTC", "PYTHONPATH": str(ROOT), "LACPD_RUN_DIR": str(run_dir), **environ}
        with on_terminal(command, environ, 80, 24) as terminal:
            yield terminal


def test_a_hundred_ports_on_a_small_terminal(tmp_path: Path) -> None:
    # A variable that a shell exports does not follow the terminal.
    with watching(tmp_path, HUNDRED, MIXED, LINES="24") as terminal:
        page = terminal.wait("more below")
        assert len(page) == 24
        assert all(len(line) <= 80 for line in page)
        assert "2 LAGs, 100 of 104 ports in use" in page[0]
        # What is worst is seen first, and with it why.
        assert page[2].startswith("big: up, 99 of 100 in use")
        assert next(line for line in page if "eth" in line).split()[0] == "eth100"
        assert any("! partner does not collect" in line for line in page)

        terminal.press("s")
        page = terminal.wait("sort name")
        names = [line.split()[0] for line in page if line.startswith("  eth")]
        assert names[:11] == [f"eth{i}" for i in range(1, 12)]

        terminal.press(" ")
        terminal.wait("eth20 ")
        terminal.press("\x1b[6~G")
        page = terminal.wait("enp129s0f0np0v1")
        # Whose ports these are stands above them, however far they are.
        assert page[2].startswith(("big: ", "team0: "))

        terminal.press("p")
        page = terminal.wait("99 in use with nothing wrong")
        assert not any(line.startswith("  eth1 ") and "99" in line for line in page)

        terminal.press("/eth3\r")
        page = terminal.wait("filter eth3")
        assert {line.split()[0] for line in page if line.startswith("  e")} == {"eth3"}

        terminal.resize(120, 10)
        # What is being drawn while the size changes may be of either.
        terminal.wait("PARTNER SYSTEM", lines=10)

        terminal.press("q")
        assert terminal.ended() == 0
        restored(terminal)


def restored(terminal: Terminal) -> None:
    """The shell's screen is back, with a cursor, and shows what is typed."""
    assert terminal.raw.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in terminal.raw[-30:]
    assert "\x1b[?1049l" in terminal.raw[-60:]
    assert terminal.echoes()
    assert "Traceback" not in terminal.raw


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_the_terminal_as_it_was(tmp_path: Path, number: signal.Signals) -> None:
    with watching(tmp_path, MIXED) as terminal:
        terminal.wait("eth3")
        assert not terminal.echoes()
        if number == signal.SIGINT:
            terminal.press("\x03")
        else:
            terminal.process.send_signal(number)
        assert terminal.ended() == (130 if number == signal.SIGINT else -number)
        restored(terminal)


def test_it_can_be_suspended(tmp_path: Path) -> None:
    # A shell that goes on with its next line when the program stops.
    script = f"{shlex.join(WATCH)}; echo at the shell; read line; fg"
    with watching(tmp_path, MIXED, command=["sh", "-mc", script]) as terminal:
        terminal.wait("eth3")
        terminal.press("\x1a")
        terminal.wait("at the shell")
        assert terminal.echoes()
        assert "\x1b[?1049l" in terminal.raw
        terminal.raw = ""
        terminal.press("\n")
        terminal.wait("eth3")
        assert not terminal.echoes()
        terminal.press("q")
        assert terminal.ended() == 0
        restored(terminal)


def test_daemons_come_and_go(tmp_path: Path) -> None:
    with watching(tmp_path, MIXED) as terminal:
        terminal.wait("eth3")
        with fake_lacpd(tmp_path / "team1.sock", answering(ACTIVEBACKUP)):
            terminal.wait("! team1 is new")
        page = terminal.wait("team1: GONE for")
        assert any(line.startswith("team0: up") for line in page)
        with fake_lacpd(tmp_path / "team1.sock", answering(ACTIVEBACKUP)):
            terminal.wait("! team1 is back")
            terminal.wait("team1: up, 1 of 4 in use")
        terminal.press("q")
        assert terminal.ended() == 0


def test_names_cannot_move_the_cursor_and_colours_can_be_off(tmp_path: Path) -> None:
    evil = lag("team0", port("\x1b[2Jeth\n1", problems=["a\rb\x1b]0;x\x07"]), port("網路介面網路"))
    with watching(tmp_path, evil, NO_COLOR="1") as terminal:
        page = terminal.wait("網路")
        assert any("?[2Jeth?1" in line for line in page)
        assert "\x1b]" not in terminal.raw
        assert "\x1b[2J" not in terminal.raw.partition("eth?1")[2]
        assert not any(f"\x1b[{colour}m" in terminal.raw for colour in (31, 32, 33))
        terminal.press("q")
        assert terminal.ended() == 0


def test_without_a_terminal_it_ends_with_its_reader(tmp_path: Path) -> None:
    read, write = os.pipe()
    with fake_lacpd(tmp_path / "team0.sock", answering(MIXED)):
        watch = subprocess.Popen(
            [*WATCH, "--json", "--run-dir", str(tmp_path)], stdout=write, stderr=subprocess.PIPE
        )
        os.close(write)
        with os.fdopen(read) as stream:
            first = stream.readline()
        _, err = watch.communicate(timeout=20)
    assert first.startswith('{"version": 1, "host"')
    assert (watch.returncode, err) == (0, b"")


def test_a_terminal_that_goes_away_ends_it(tmp_path: Path) -> None:
    with watching(tmp_path, MIXED) as terminal:
        terminal.wait("eth3")
        terminal.hang_up()
        assert terminal.process.wait(20) == -signal.SIGHUP


FAILING = """
import sys
from lacp.cli import lacpctl
from lacp.cli.live import looking
looks = iter([looking.look])
def look(*arguments):
    for first in looks:
        return first(*arguments)
    raise {error}
looking.look = look
sys.exit(lacpctl.main(sys.argv[1:]))
"""


def test_an_error_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    for error, status in (("OSError(5, 'no luck')", 1), ("ZeroDivisionError('a bug')", 1)):
        command = [sys.executable, "-c", FAILING.format(error=error), *WATCH[3:]]
        with watching(tmp_path, MIXED, command=command) as terminal:
            assert terminal.ended() == status
            before, _, after = terminal.raw.rpartition("\x1b[?1049l")
            assert "\x1b[?1049h" in before
            # What is said of it stands on the shell's screen.
            assert ("no luck" in after) or ("a bug" in after)
            assert terminal.echoes()
