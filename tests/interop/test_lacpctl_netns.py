"""`lacpctl --netns`: what is seen is that namespace and no other."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.interop import guest
from tests.interop.netns import Namespace, namespaces, veth
from tests.lab import need_tool
from tests.unit.cli.documents import lag, port
from tests.unit.cli.fake_lacpd import answering, fake_lacpd
from tests.unit.cli.on_terminal import on_terminal

LACPCTL = [sys.executable, "-m", "lacp.cli.lacpctl"]


def number(netns: Namespace) -> int:
    return os.stat(netns.path).st_ino


def ctl(*arguments: str, through: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*through, *LACPCTL, *arguments], capture_output=True, text=True, check=False, timeout=30
    )


def names(done: subprocess.CompletedProcess[str]) -> list[Any]:
    assert done.stderr == ""
    return [each["name"] for each in json.loads(done.stdout)["lags"]]


@pytest.mark.netns
def test_a_lacpd_is_shown_in_its_own_namespace_only(tmp_path: Path) -> None:
    with namespaces(2) as (here, there):
        mine = lag("team0", port("eth1"), netns=number(here))
        other = lag("team1", port("eth1"), netns=number(there))
        with (
            fake_lacpd(tmp_path / "team0.sock", answering(mine)),
            fake_lacpd(tmp_path / "team1.sock", answering(other)),
            subprocess.Popen(there.command("sleep", "60")) as process,
        ):
            show = ("show", "--json", "--source", "lacpd", "--run-dir", str(tmp_path))
            try:
                assert names(ctl(*show, "--netns", here.path)) == ["team0"]
                assert names(ctl(*show, "--netns", there.path)) == ["team1"]
                # nsenter becomes the program that it runs.
                while os.readlink(f"/proc/{process.pid}/exe").endswith("nsenter"):
                    assert process.poll() is None
                assert names(ctl(*show, "--netns", str(process.pid))) == ["team1"]
                # Whoever asks for no namespace sees every lacpd whose socket can be reached.
                assert names(ctl(*show)) == ["team0", "team1"]
            finally:
                process.kill()


@pytest.mark.netns
def test_the_socket_of_a_lacpd_elsewhere_is_not_left_over(tmp_path: Path) -> None:
    with namespaces(2) as (here, there):
        other = lag("team0", port("eth1"), netns=number(there))
        with fake_lacpd(tmp_path / "team0.sock", answering(other)):
            for command in ("show", "explain"):
                asked = (command, "--run-dir", str(tmp_path), "--netns", here.path)
                done = ctl(*asked)
                assert (done.returncode, done.stdout) == (0, "")
                assert done.stderr.startswith(
                    f"lacpctl: no LAG here: no lacpd in {tmp_path} that is in this namespace, "
                )
                done = ctl(*asked, "--source", "lacpd")
                assert (done.returncode, done.stdout) == (1, "")
                assert done.stderr == (
                    f"lacpctl: no lacpd in this namespace: that in {tmp_path} is in another\n"
                )


@pytest.mark.netns
def test_a_namespace_that_cannot_be_entered_is_one_line() -> None:
    need_tool("setpriv")
    with namespaces(1) as (here,):
        unprivileged = ("setpriv", "--bounding-set", "-sys_admin")
        cases = {
            ("no-such", ()): "no namespace /run/netns/no-such",
            ("4194305", ()): "and no process 4194305",
            ("/etc/passwd", ()): "/etc/passwd is no network namespace",
            (here.path, unprivileged): "needs root (CAP_SYS_ADMIN)",
        }
        for (name, through), words in cases.items():
            done = ctl("show", "--netns", name, through=through)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith(f"lacpctl: --netns {name}: ")
            assert done.stderr.count("\n") == 1
            assert words in done.stderr


def bonds_of_two_namespaces() -> dict[str, Any]:
    """In a guest: a bond of the same name in each, looked at from a third, and then watched."""
    with namespaces(2) as (here, there):
        veth(here, "e1", there, "e1")
        for where, mode in ((here, "active-backup"), (there, "802.3ad")):
            where.ip(f"link add bond0 up type bond mode {mode} miimon 100")
            where.ip("link set e1 down")
            where.ip("link set e1 master bond0")
        shown = {
            name: ctl("show", "--json", *options).stdout
            for name, options in {
                "own": (),
                "here": ("--netns", here.path),
                "there": ("--netns", there.path),
            }.items()
        }
        watch = [*LACPCTL, "watch", "-n", "0.1", "--netns", here.path]
        with on_terminal(watch, {}) as terminal:
            first = terminal.wait("bond0: up")
            here.ip("link del bond0")
            gone = terminal.wait("bond0: GONE")
            terminal.press("q")
            status = terminal.ended()
        return {"shown": shown, "pages": [first, gone], "status": status}


@pytest.mark.guest
@pytest.mark.slow
@pytest.mark.interop
def test_bonds_are_those_of_the_namespace() -> None:
    found = guest.run(bonds_of_two_namespaces, modules=guest.BONDING_MODULES).result
    lags = {name: json.loads(text)["lags"] for name, text in found["shown"].items()}
    assert lags["own"] == []
    assert [(lag["name"], lag["mode"]) for lag in lags["here"]] == [("bond0", "active-backup")]
    assert [(lag["name"], lag["mode"]) for lag in lags["there"]] == [("bond0", "802.3ad")]
    # What stands in /proc is of that namespace, too.
    assert lags["there"][0]["actor"]["system"] is not None
    assert not any("not seen" in line for line in found["pages"][0])
    assert any(line.lstrip().startswith("e1") for line in found["pages"][0])
    assert found["status"] == 0
