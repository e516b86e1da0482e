"""What the start of lacpctl does for speed, and what it must not do."""

import gc
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.cli.command import Answer, Command
from lacp.cli.commands import show
from lacp.cli.lacpctl import main, run
from lacp.cli.output import Screen
from tests.unit.cli.documents import MIXED
from tests.unit.cli.fake_lacpd import answering, fake_lacpd

#: What costs milliseconds and more, and no look has a use for.
DEAR = {
    *("asyncio", "bz2", "concurrent", "construct", "ctypes", "email", "ipaddress", "logging"),
    *("lzma", "pathlib", "pyroute2", "random", "shutil", "subprocess", "tempfile", "transitions"),
    *("urllib", "uuid"),
}
#: Parts of lacp that only other commands need.
OTHERS = {
    *("backends", "capture", "config", "conformance", "daemon", "dataplane", "protocol"),
    *("runners", "sim", "txhash", "watch"),
}


@pytest.mark.parametrize(
    ("words", "own", "netlink"),
    [
        ("--help", "", False),
        ("show --help", "show", False),
        ("show --source lacpd", "show", False),
        ("show --source bond,team", "show", True),
        ("neighbors --json --source lacpd", "neighbors", False),
        ("shwo", "", False),
    ],
)
def test_a_command_pays_for_what_it_uses_only(
    words: str, own: str, netlink: bool, tmp_path: Path
) -> None:
    code = (
        "import sys; before = set(sys.modules); from lacp.cli.lacpctl import main; "
        f"main({words.split()!r}); print(*sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    with fake_lacpd(tmp_path / "team0.sock", answering(MIXED)):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"LACPD_RUN_DIR": str(tmp_path)},
        )
    modules = set(done.stderr.splitlines()[-1].split())
    commands = {name for name in modules if name.startswith("lacp.cli.commands.")}
    assert commands == ({f"lacp.cli.commands.{own}"} if own else set())
    assert {name.split(".")[0] for name in modules} & DEAR == set()
    parts = {name.split(".")[1] for name in modules if name.startswith("lacp.")}
    assert parts & OTHERS == set()
    assert ("netlink" in parts) == netlink


def test_a_command_that_goes_on_collects_its_garbage(capsys: pytest.CaptureFixture[str]) -> None:
    args = Namespace(json=True, host=None, netns=None)
    seen = []

    def events() -> Iterator[dict[str, int]]:
        seen.append(gc.isenabled())
        yield {}

    args.row = Command(show.arguments, lambda _: Answer(events()), show.text)
    gc.disable()
    try:
        assert run(args, Screen()) == 0
    finally:
        gc.enable()
    assert seen == [True]


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    out, err = capsys.readouterr()
    assert (out.split()[0], out.count("\n"), err) == ("lacpctl", 1, "")


@pytest.mark.parametrize("words", ["", "show", "conformance run"])
def test_help_is_a_word_as_well(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words.split(), "--help"]) == 0
    expected = capsys.readouterr()
    assert main(["help", *words.split()]) == 0
    assert capsys.readouterr() == expected


@pytest.mark.parametrize("columns", ["1", "2", "40", "9999", "x", ""])
def test_help_on_any_screen(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) in range(38, 101)
