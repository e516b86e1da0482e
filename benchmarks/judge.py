"""Judging LACPDUs, and finding them in a file of other traffic, beside tshark on the same file.

That file has 150 MB. Figures are per second of CPU time.
"""

from __future__ import annotations

import random
import resource
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks._figures import Figure, main
from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.capture.frame import Frame
from lacp.capture.reader import open_capture
from lacp.conformance.judge.judge import Judge
from lacp.info import PORT_STATES, PortInfo
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu

_GOAL = 20_000
_SIZE = 150
_ALL_UP = PORT_STATES[0x3F]


def _end(system: int, port: int, priority: int = 0x8000) -> PortInfo:
    return PortInfo(0x8000, _address(system), 1, priority, port, _ALL_UP)


def _address(system: int, port: int = 0) -> Mac:
    return Mac(bytes((2, 0, 0, system)) + port.to_bytes(2, "big"))


def _frame(actor: PortInfo, partner: PortInfo) -> bytes:
    source = _address(actor.system[3], actor.port)
    return slow.ethernet(SLOW_PROTOCOLS_MULTICAST, source, Lacpdu(actor, partner).encode())


def steady(links: int, number: int) -> list[Frame]:
    """Both ends of that many links, a LACPDU from each end each second."""
    ends = [(_end(1, port), _end(2, port)) for port in range(1, links + 1)]
    said = [_frame(one, two) for one, two in ends] + [_frame(two, one) for one, two in ends]
    frames = []
    for at in range(number):
        second, place = divmod(at, len(said))
        octets = bytes(bytearray(said[place]))
        frames.append(Frame(at + 1, second + place / len(said), octets, len(octets)))
    return frames


def different(number: int) -> list[Frame]:
    """One end that says something else each time."""
    frames = []
    for at in range(number):
        octets = _frame(_end(1, 1, at % 0x10000), _end(2, 1))
        frames.append(Frame(at + 1, at * 0.9, octets, len(octets)))
    return frames


def judged(frames: Iterable[Frame]) -> tuple[float, int]:
    """Seconds of CPU time, and LACPDUs."""
    judge = Judge("benchmark")
    start = time.process_time()
    for frame in frames:
        judge.frame(frame)
    report = judge.report()
    return time.process_time() - start, report.frames.lacpdu


def write(path: Path, megabytes: int) -> None:
    """IPv4 frames of common sizes, every thousandth frame a LACPDU of a steady conversation."""
    dice = random.Random(1)
    top = bytes.fromhex("020000000002020000000001080045")
    others = [top + dice.randbytes(size - len(top)) for size in (64, 590, 1500)]
    ends = _frame(_end(1, 1), _end(2, 1)), _frame(_end(2, 1), _end(1, 1))
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        half = 0
        while file.tell() < megabytes * 1_000_000:
            second, part = divmod(half, 2)
            stamp = struct.pack("<II", second, part * 500_000)
            batch = [others[at % 3] for at in range(999)] + [ends[part]]
            file.write(b"".join(stamp + struct.pack("<II", len(f), len(f)) + f for f in batch))
            half += 1


def read(path: Path) -> Iterator[Frame]:
    with open_capture(path) as capture:
        yield from capture


def tshark(path: Path) -> float:
    """Seconds of CPU time that tshark takes for the LACPDUs of the file; nothing without it."""
    program = shutil.which("tshark")
    if program is None:
        return float("nan")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [program, "-r", str(path), "-Y", "lacp"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def figures() -> Iterator[Figure]:
    number = 40_000
    for what, frames in (
        ("LACPDUs of two steady links", steady(2, number)),
        ("LACPDUs of 500 links, interleaved", steady(500, number)),
        ("LACPDUs that all differ", different(number)),
    ):
        seconds, lacpdus = judged(frames)
        yield Figure(what, lacpdus / seconds, "LACPDUs/s", None, "", at_least=_GOAL)
        del frames
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "traffic.pcap")
        write(path, _SIZE)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds, lacpdus = judged(read(path))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        megabytes = path.stat().st_size / 1e6
        theirs = tshark(path)
        named = "tshark -r FILE -Y lacp"
        yield Figure(
            f"read {megabytes:.0f} MB of other traffic and judge {lacpdus} LACPDUs in it",
            megabytes / seconds,
            "MB/s",
            megabytes / theirs,
            named,
        )
        yield Figure("memory that grew meanwhile", (after - before) / 1024, "MB", None, "")


if __name__ == "__main__":
    main(figures)
