"""Thousands of ports at the fast rate: CPU time, the times of LACPDUs, memory.

On veth pairs a lacpd at one end is measured while another one is its partner; in memory one lacpd
has both ends of every link. LAGs have two ports, which is dearer than a few large ones.
`--profile` shows where the CPU time goes instead, by layer: of 10,000 ports in memory and of 1,000
on veth pairs, at rest and from the start until all carry traffic.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks._figures import (
    Absent,
    Figure,
    Found,
    arguments,
    in_full,
)
from benchmarks._figures import main as measure
from benchmarks._idle import Load, bare, in_memory, links_alone, on_veth
from benchmarks._rig import cabled

#: What a port of a prototype of the same design took, KiB.
_PROTOTYPE = 6.9
#: The standard's tolerance of a periodic transmission, ms.
_TOLERANCE = 250
_MEGABYTE = 1e6


def figures() -> Iterator[Found]:
    yield from of_memory()
    try:
        yield from of_veth()
    except pytest.skip.Exception as missing:
        yield Absent("ports on veth pairs", str(missing))


def of_memory() -> Iterator[Figure]:
    """10,000 ports beside 1,000."""
    few, many = in_memory(1000), in_memory(10_000)
    where = "in memory"
    yield cpu(many, where, links_alone(many.ports), "links alone, no lacpd", 10)
    yield Figure(
        "10,000 ports in memory: CPU per port, in terms of that of 1,000",
        many.cpu / few.cpu,
        "",
        few.cpu / few.cpu,
        "1,000 ports",
        at_most=1.2,
    )
    yield from kept(many, where, few)
    yield growth(few, many, where)
    large = in_memory(few.ports, 500)
    yield cpu(large, "in memory, LAGs of 500", few.cpu, "LAGs of two", None)


def of_veth() -> Iterator[Figure]:
    """1,000 and 5,000 ports, each beside the bare system calls on the same interfaces."""
    where = "on veth"
    with cabled(1000) as cables:
        few = on_veth(cables)
        yield cpu(few, where, bare(cables), "bare send and recv", 20)
        yield from kept(few, where, None)
        yield Figure(
            "1,000 ports on veth: resident size",
            few.memory / _MEGABYTE,
            "MB",
            260,
            "published: SONiC's unified teamd, 512 LAGs",
            at_most=60,
        )
        if in_full():
            large = on_veth(cables, 500)
            yield cpu(large, "on veth, LAGs of 500", few.cpu, "LAGs of two", None)
    with cabled(5000) as cables:
        many = on_veth(cables)
        yield cpu(many, where, bare(cables), "bare send and recv", 12)
    yield from kept(many, where, few)
    yield growth(few, many, where)


def cpu(load: Load, where: str, reference: float, named: str, target: float | None) -> Figure:
    what = f"{load.ports:,} ports {where}: CPU per port-second"
    return Figure(what, load.cpu, "µs", reference, named, at_most=target)


def kept(load: Load, where: str, few: Load | None) -> Iterator[Figure]:
    """That nothing is late and nobody is lost."""
    what = f"{load.ports:,} ports {where}"
    late, named = (None, "") if few is None else (few.late, f"{few.ports:,} ports")
    yield Figure(f"{what}: latest LACPDU", load.late, "ms", late, named, at_most=_TOLERANCE)
    yield Figure(f"{what}: partners that expired", load.expired, "", None, "", at_most=0)


def growth(few: Load, many: Load, where: str) -> Figure:
    """Memory for each further port."""
    further = (many.memory - few.memory) / (many.ports - few.ports)
    return Figure(
        f"memory of each port {where} between {few.ports:,} and {many.ports:,}",
        further / 1024,
        "KiB",
        _PROTOTYPE,
        "published: best prototype",
        at_most=6,
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--profile", action="store_true", help="where the CPU time goes, instead")
    args = parser.parse_args()
    if args.profile:
        from benchmarks._layers import profile

        profile()
        return
    measure(figures, args)


if __name__ == "__main__":
    main()
