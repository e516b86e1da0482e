"""`lacpctl --netns`: what is seen is that namespace and no other."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.interop.netns import Namespace, namespaces
from tests.lab import need_tool
from tests.unit.cli.documents import lag, port
from tests.unit.cli.fake_lacpd import answering, fake_lacpd

pytestmark = pytest.mark.netns

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
