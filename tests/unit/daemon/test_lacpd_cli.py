"""lacpd's command line, as far as it goes without an interface: one clear line, the right code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lacp.cli.lacpd import main
from tests.daemons import conf

ROOT = Path(__file__).parents[3]


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code, and what standard error says."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(str(end.code))
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to run: expected -f FILE, --config-dir DIR, -c TEXT or -t NAME"),
        (("-x",), "no option -x"),
        (("-f",), "argument -f/--config-file: expected one argument"),
        (("-f", "a", "extra"), "unexpected 'extra'"),
        (("-f", "a", "--dataplane", "dpdk"), "argument --dataplane: 'dpdk', expected auto, none, "),
        (("-f", "a", "-l", "printer"), "'printer', expected stdout, stderr or syslog"),
        (("-f", "a", "--log-level", "loud"), "'loud', expected debug, info, warning or error"),
        (("-f", "a", "-f", "b", "-t", "x"), "-t is for one team, not for several"),
        (("--config-dir", "a", "-p", "x"), "-p is for one team, not for several"),
        (("-f", "a", "-t", "a/b"), "-t: 'a/b' cannot be the name of a team"),
        (("-k", "-e", "-t", "x"), "argument -e: not allowed with argument -k/--kill"),
        (("-k", "-f", "a", "-f", "b"), "-k and -e are for one team, not for several"),
        (("-f", "a", "-Z", "tcp://*:5555"), "-Z: there is no ZeroMQ interface, but teamd's socket"),
        # An abbreviation may mean something else in the next version.
        (("--config-fi", "a"), "no option --config-fi; did you mean --config-file?"),
    ],
)
def test_wrong_usage(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    code, error = call(capsys, *arguments)
    assert code == 2
    assert error.startswith("lacpd: ")
    assert said in error
    assert error.count("\n") == 1


def test_input_that_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = {"latin": b'{"device": "\xff"}', "json": b'{"device": }', "array": b"[]", "empty": b""}
    for name, octets in files.items():
        (tmp_path / name).write_bytes(octets)
    for path, said in (
        (tmp_path / "none", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (tmp_path / "latin", "found octet 0xff, expected UTF-8"),
        (tmp_path / "json", "line 1, column 12: found '}', expected a value"),
        (tmp_path / "array", "$: found an array, expected an object"),
        (tmp_path / "empty", "found the end of the text, expected a JSON object"),
    ):
        for options in (("--check",), ()):
            code, error = call(capsys, "-f", str(path), *options)
            assert (code, error.count("\n")) == (2, 1)
            assert error.startswith(f"lacpd: {path}: ")
            assert said in error


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "x.conf"
    file.touch(mode=0)
    code, error = call(capsys, "-f", str(file), "--check")
    assert (code, error) == (2, f"lacpd: {file}: Permission denied\n")


def test_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "team.conf"
    file.write_text(conf())
    assert call(capsys, "-f", str(file), "--check") == (0, "")
    file.write_text(conf(foo=1))
    warning = f"lacpd: {file}: $.runner.foo: unknown key, kept and ignored\n"
    assert call(capsys, "-f", str(file), "--check") == (0, warning)
    file.write_text(conf(active=1))
    said = f"lacpd: {file}: $.runner.active: found 1, expected true or false\n"
    assert call(capsys, "-f", str(file), "--check") == (1, said)
    # What would be refused anyway is refused before anything is started.
    assert call(capsys, "-f", str(file)) == (1, said)
    assert call(capsys, "-c", conf(), "--check") == (0, "")
    code, error = call(capsys, "-c", conf(), "-f", str(file), "--check")
    assert (code, error) == (0, "lacpd: -c is given: ignoring -f\n")
    code, error = call(capsys, "-c", "{", "--check")
    assert code == 2
    assert error.startswith("lacpd: command line: line 1, column 2: ")


def test_check_of_many(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert call(capsys, "--config-dir", str(tmp_path), "--check") == (
        1,
        f"lacpd: {tmp_path}: found no *.conf, expected some\n",
    )
    for name, text in (
        ("a.conf", conf("team0")),
        ("b.conf", conf("team1", ["b1"])),
        ("c.conf", conf("team2", ["a2"])),
        ("d.conf", conf("team1", ["d1"])),
        ("e.txt", "{"),
    ):
        (tmp_path / name).write_text(text)
    code, error = call(capsys, "--config-dir", str(tmp_path), "--check")
    assert code == 1
    twice = "$.ports: found a2, which is in team0 already, expected each port in one team"
    taken = (
        f'$.device: found "team1", which {tmp_path}/b.conf is already, expected a name of its own'
    )
    assert error.splitlines() == [
        f"lacpd: {tmp_path}/d.conf: {taken}",
        f"lacpd: {tmp_path}/c.conf: {twice}: it stays there",
    ]
    code, error = call(capsys, "--config-dir", str(tmp_path / "none"), "--check")
    assert (code, error) == (2, f"lacpd: {tmp_path}/none: No such file or directory\n")


def test_running_or_not(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for option in ("-e", "-k"):
        for team in (("-t", "team0"), ("-c", conf("team0"))):
            answer = call(capsys, option, *team, "--run-dir", str(tmp_path))
            assert answer == (1, "lacpd: no lacpd runs team0\n")
    # Whatever else is wrong with a configuration, its team can be ended.
    broken = '{"device": "team0", "runner": 1}'
    assert call(capsys, "-k", "-c", broken, "--run-dir", str(tmp_path))[1] == (
        "lacpd: no lacpd runs team0\n"
    )
    nameless = (1, "lacpd: found no name of a team, expected -t NAME or `device`\n")
    assert call(capsys, "-k", "-c", "{}") == nameless
    code, error = call(capsys, "-k", "-c", "{")
    assert code == 2
    assert error.startswith("lacpd: command line: line 1, column 2: ")


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-v"]) == 0
    assert capsys.readouterr().out.startswith("lacpd ")
    with pytest.raises(SystemExit) as end:
        main(["-h"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    for option in ("--config-file", "--check", "--run-dir", "--log-format", "--dataplane", "-k"):
        assert option in said


def test_help_is_quick_and_imports_nothing_dear() -> None:
    code = (
        "import sys; from lacp.cli.lacpd import build_parser; build_parser().format_help(); "
        "print(*sorted({'asyncio', 'pyroute2', 'logging'} & set(sys.modules)))"
    )
    quickest = 9.0
    for _ in range(3):
        before = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        quickest = min(quickest, time.monotonic() - before)
        assert "asyncio" not in done.stdout
        assert "pyroute2" not in done.stdout
    # 0.09 s on the machine where this was written; the bound is for slow ones.
    assert quickest < 1.0


def test_the_run_directory_of_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LACPD_RUN_DIR", str(tmp_path / "here"))
    with pytest.raises(SystemExit):
        main(["--help"])
    assert str(tmp_path / "here") in capsys.readouterr().out.replace("\n", "").replace(" ", "")
