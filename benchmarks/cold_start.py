"""What one look costs, from the start of the program to its end, beside what else one types."""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import sys
import tempfile
from math import nan
from pathlib import Path

from benchmarks import _processes
from benchmarks._measure import head, row
from benchmarks._processes import LACPCTL, NOTHING, Lacpd, in_turns
from lacp.info import PortInfo
from lacp.wire.lacpdu import Lacpdu
from tests.interop import guest

_LACPDU = Lacpdu(PortInfo(), PortInfo()).encode().hex()
#: Milliseconds of CPU that were promised: with lacpd alone, and where kernel devices are read.
_ALONE, _KERNEL = 150, 450
_UNIT = "ms of CPU"
_NOTHING = "python -c pass"


def here(runs: int) -> None:
    """Print what it costs here, with a lacpd of two teams."""
    with tempfile.TemporaryDirectory(prefix="cold-") as name, Lacpd(Path(name)):
        where = ("--run-dir", name)
        commands = {
            "lacpctl show, lacpd answers": (*LACPCTL, "show", *where),
            "lacpctl show --source lacpd": (*LACPCTL, "show", *where, "--source", "lacpd"),
            "lacpctl show --json": (*LACPCTL, "show", "--json", *where),
            "lacpctl explain": (*LACPCTL, "explain", *where),
            "lacpctl --help": (*LACPCTL, "--help"),
            "lacpctl show, a TAB": (*LACPCTL, "__complete", "lacpctl", "show", *where, ""),
            "lacpctl decode": (*LACPCTL, "decode", _LACPDU),
            "lacpd --help": (sys.executable, "-m", "lacp.cli.lacpd", "--help"),
            "python -c 'import pyroute2'": (sys.executable, "-c", "import pyroute2"),
            _NOTHING: NOTHING,
        }
        if shutil.which("teamdctl"):
            commands["teamdctl --help"] = ("teamdctl", "--help")
        if shutil.which("ip"):
            commands["ip -d link"] = ("ip", "-d", "link")
        found = in_turns(commands, runs)
    _print("here", found)
    row("lacpctl show, lacpd answers", found["lacpctl show, lacpd answers"] or nan, _UNIT,
        _ALONE, "the promise")  # fmt: skip


def with_kernel_devices(runs: int) -> None:
    """Print what it costs where there are a bond and a team.

    A guest is several times as slow, so that the promise is kept here by far if it is there.
    """
    reason = guest.missing()
    if reason is not None:
        print(f"kernel devices: skipped, no guest of user-mode Linux here for want of {reason}")
        return
    # A guest cannot write what has been compiled, and would do it again at each start.
    compileall.compile_dir(guest.ROOT / "lacp", quiet=1)
    done = guest.run(
        _processes.beside_kernel_devices,
        {"runs": runs},
        modules=(*guest.BONDING_MODULES, *guest.TEAM_MODULES),
        timeout=600,
    )
    print()
    _print("with a bond and a team, in a guest", done.result)
    row("lacpctl show", done.result["lacpctl show"], _UNIT, _KERNEL, "the promise")


def _print(title: str, found: dict[str, float | None]) -> None:
    head(f"cold start, {title}")
    for name, figure in found.items():
        if figure is None:
            print(f"{name:<44}{'fails':>12}")
            continue
        row(name, figure, _UNIT, found[_NOTHING] or nan, _NOTHING)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="of each command in each of 3 turns")
    parser.add_argument("--no-guest", action="store_true", help="only what is measured here")
    args = parser.parse_args()
    os.environ.pop("LACPD_RUN_DIR", None)
    here(args.runs)
    if not args.no_guest:
        with_kernel_devices(args.runs)


if __name__ == "__main__":
    main()
