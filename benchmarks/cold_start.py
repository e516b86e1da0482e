"""What one look costs, from the start of the program to its end, beside what else one types.

`--long` also where the kernel has a bond and a team, in a guest.
"""

from __future__ import annotations

import compileall
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import _processes
from benchmarks._figures import Absent, Figure, Found, in_full, main
from benchmarks._processes import LACPCTL, NOTHING, in_turns, memory_lacpd
from lacp.info import PortInfo
from lacp.wire.lacpdu import Lacpdu
from tests.interop import guest

_LACPDU = Lacpdu(PortInfo(), PortInfo()).encode().hex()
#: Milliseconds of CPU that were promised: with lacpd alone, and where kernel devices are read.
_ALONE, _KERNEL = 150, 450
_UNIT = "ms of CPU"
_NOTHING = "python -c pass"


#: Runs of each command in each of three turns.
_RUNS = 3


def figures() -> Iterator[Found]:
    os.environ.pop("LACPD_RUN_DIR", None)
    yield from here()
    if in_full():
        yield from with_kernel_devices()


def here() -> Iterator[Found]:
    """What it costs here, with a lacpd of two teams."""
    with tempfile.TemporaryDirectory(prefix="cold-") as name, memory_lacpd(Path(name)):
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
        found = in_turns(commands, _RUNS)
    yield from _told(found, "", {"lacpctl show, lacpd answers": _ALONE})


def with_kernel_devices() -> Iterator[Found]:
    """What it costs where there are a bond and a team.

    A guest is several times as slow, so that the promise is kept here by far if it is there.
    """
    reason = guest.missing()
    if reason is not None:
        yield Absent("a look where there are kernel devices", f"no guest for want of {reason}")
        return
    # A guest cannot write what has been compiled, and would do it again at each start.
    compileall.compile_dir(guest.ROOT / "lacp", quiet=1)
    done = guest.run(
        _processes.beside_kernel_devices,
        {"runs": _RUNS},
        modules=(*guest.BONDING_MODULES, *guest.TEAM_MODULES),
        timeout=600,
    )
    yield from _told(done.result, ", a bond and a team in a guest", {"lacpctl show": _KERNEL})


def _told(
    found: dict[str, float | None], where: str, promised: dict[str, float]
) -> Iterator[Found]:
    for name, figure in found.items():
        what = f"{name}{where}"
        if figure is None:
            yield Absent(what, "it fails")
        else:
            limit = promised.get(name)
            yield Figure(what, figure, _UNIT, found[_NOTHING], _NOTHING, at_most=limit)


if __name__ == "__main__":
    main(figures)
