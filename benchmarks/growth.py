"""From one port to ten thousand, at the fast rate: CPU time per port, memory, the latest LACPDU.

Told for a few sizes; `--write` measures all of them in some minutes, keeps the figures in
docs/growth.json and draws docs/growth.png and docs/growth.svg from them, which `--draw` does alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from benchmarks._figures import Figure, arguments
from benchmarks._figures import main as measure
from benchmarks._idle import Load, in_memory, on_veth
from benchmarks._machine import machine
from benchmarks._rig import cabled

FILE = Path(__file__).parents[1] / "docs" / "growth.json"
#: In memory both ends of a link are ports of the one lacpd.
IN_MEMORY = (2, 4, 10, 20, 40, 100, 200, 400, 1000, 2000, 4000, 10_000)
ON_VETH = (1, 2, 4, 10, 20, 40, 100, 200, 400, 1000, 2000, 5000)
_FEW = (2, 10, 100)
_MEGABYTE = 1e6
#: Seconds that are measured of each size.
_WINDOW = 4.0


@dataclass(frozen=True, slots=True)
class Growth:
    """The sizes that were measured, and on what."""

    machine: str
    memory: tuple[Load, ...]
    veth: tuple[Load, ...]


def figures() -> Iterator[Figure]:
    """A few sizes; `benchmarks.scale` has the large ones."""
    least, *more = [in_memory(ports, window=_WINDOW) for ports in _FEW]
    named = f"{least.ports} ports"
    for load in more:
        what = f"{load.ports} ports in memory"
        yield Figure(f"{what}: CPU per port-second", load.cpu, "µs", least.cpu, named)
        size, other = load.memory / _MEGABYTE, least.memory / _MEGABYTE
        yield Figure(f"{what}: resident size", size, "MB", other, named)
        yield Figure(f"{what}: latest LACPDU", load.late, "ms", least.late, named)


def measured() -> Growth:
    """All sizes, each said as it is known."""
    memory = tuple(said("in memory", in_memory(ports, window=_WINDOW)) for ports in IN_MEMORY)
    veth: list[Load] = []
    try:
        for ports in ON_VETH:
            with cabled(ports) as cables:
                veth.append(said("on veth", on_veth(cables, window=_WINDOW)))
    except pytest.skip.Exception as missing:
        print(f"not measured here: ports on veth pairs: {missing}")
    return Growth(machine(), memory, tuple(veth))


def said(where: str, load: Load) -> Load:
    print(
        f"{load.ports:>6} ports {where}: {load.cpu:.1f} µs per port-second,"
        f" {load.memory / _MEGABYTE:.1f} MB, latest LACPDU {load.late:.0f} ms",
        flush=True,
    )
    return load


def write(growth: Growth) -> None:
    """Keep the figures."""
    FILE.write_text(json.dumps(asdict(growth), indent=1) + "\n")


def read() -> Growth:
    """What was kept."""
    kept = json.loads(FILE.read_text())

    def loads(found: Iterable[dict[str, float]]) -> tuple[Load, ...]:
        return tuple(Load(int(each.pop("ports")), **each) for each in found)

    return Growth(kept["machine"], loads(kept["memory"]), loads(kept["veth"]))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--write", action="store_true", help="measure every size, keep it, draw it")
    parser.add_argument("--draw", action="store_true", help="draw what was kept")
    args = parser.parse_args()
    if args.write:
        write(measured())
    if args.write or args.draw:
        # The library takes its time, and whoever wants figures only may do without.
        from benchmarks._drawing import draw

        for path in draw(read(), FILE.with_suffix("")):
            print(path)
        return
    measure(figures, args)


if __name__ == "__main__":
    main()
