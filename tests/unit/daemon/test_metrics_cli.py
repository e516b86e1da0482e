"""`lacpd --metrics`: the option, under both names of the program, and what it costs others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lacp.cli import lacpd
from lacp.daemon.metrics.address import Address
from lacp.daemon.options import Options
from lacp.daemon.sources import Reading, Sources

NAMES = ("lacpd", "teamd")


def call(program: str, directory: Path, *words: str) -> int:
    where = ("--run-dir", str(directory), "--teamd-run-dir", str(directory / "teamd"))
    try:
        return lacpd.main([*where, *words], program)
    except SystemExit as end:
        return int(str(end.code))


@pytest.mark.parametrize("program", NAMES)
@pytest.mark.parametrize("text", [":9100", "localhost:9100", "127.0.0.1", "[::1:9100"])
def test_what_is_no_address_is_wrong_usage(
    program: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (("--metrics", text), (f"--metrics={text}",)):
        assert call(program, tmp_path, "-t", "x", *words) == (1 if program == "teamd" else 2)
        error = capsys.readouterr().err
        assert error.startswith(f"{program}: argument --metrics: ")
        assert f"{text!r}, expected an IP address and a port, as in 127.0.0.1:9100" in error
        assert error.count("\n") == 1


def test_check_reads_the_option_and_listens_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # TEST-NET-1 is no address of this host.
    assert call("lacpd", tmp_path, "-t", "x", "--check", "--metrics", "192.0.2.1:9100") == 0
    assert call("lacpd", tmp_path, "-t", "x", "--check", "--metrics", "192.0.2.1:x") == 2
    assert "argument --metrics" in capsys.readouterr().err


@pytest.mark.parametrize("program", NAMES)
def test_the_daemon_is_told_where(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []

    async def drive(
        options: Options, sources: Sources, reading: Reading, started: Callable[[], None]
    ) -> bool:
        told.append(options.metrics)
        return False

    monkeypatch.setattr(lacpd, "_drive", drive)
    assert call(program, tmp_path, "-t", "x", "--metrics", "[::]:9100") == 0
    assert call(program, tmp_path, "-t", "x") == 0
    assert told == [Address("::", 9100), None]


def test_who_has_it_not_pays_nothing_for_it() -> None:
    code = (
        "import sys\n"
        "import lacp.cli.lacpd, lacp.daemon.loop, lacp.daemon.service\n"
        "lacp.cli.lacpd.build_parser().parse_args(['-t', 'x'])\n"
        "print(*(name for name in sys.modules if 'prometheus' in name or 'metrics' in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
