"""Passing traffic by for the few LACPDUs in it, beside tshark and tcpdump in the same run.

The files are made for the run in a temporary directory, from frames made here, and deleted. Figures
are per second of CPU time, references are the peers on the same file.
"""

from __future__ import annotations

import gzip
import random
import resource
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

from benchmarks._figures import Absent, Figure, Found, in_full, main
from lacp.capture.reader import open_capture

_SIZES = (64, 590, 1500)
_LACPDU = bytes.fromhex("0180c20000020200000000018809") + bytes([1, 1]) + bytes(108)
#: Frames in a batch that is written again and again, the last of them a LACPDU.
_BATCH = 1000


def frames(sizes: tuple[int, ...]) -> list[bytes]:
    """IPv4 frames of these sizes in turn, and a LACPDU."""
    dice = random.Random(1)
    head = bytes.fromhex("020000000002020000000001080045")
    return [head + dice.randbytes(sizes[at % len(sizes)] - len(head)) for at in range(_BATCH)] + [
        _LACPDU
    ]


def pcap(frame: bytes) -> bytes:
    return struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame


def pcapng(frame: bytes) -> bytes:
    body = struct.pack("<IIIII", 0, 0, 1, len(frame), len(frame)) + frame + bytes(-len(frame) % 4)
    return block(6, body)


def block(kind: int, body: bytes) -> bytes:
    around = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + around + body + around


_HEADS: dict[Callable[[bytes], bytes], bytes] = {
    pcap: struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1),
    pcapng: block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    + block(1, struct.pack("<HHI", 1, 0, 0)),
}


def write(path: Path, record: Callable[[bytes], bytes], sizes: tuple[int, ...], size: int) -> None:
    """A file of about `size` octets; gzip, in members of a batch each, when its name says so."""
    batch = b"".join(map(record, frames(sizes)))
    head, times = _HEADS[record], size // len(batch)
    if path.suffix == ".gz":
        head, batch = gzip.compress(head), gzip.compress(batch, 6)
    with path.open("wb") as stream:
        stream.write(head)
        stream.writelines(repeat(batch, times))


def files(folder: Path, size: int) -> Iterator[tuple[str, Path, int]]:
    """What is in it, the file, and the size of what is in it."""
    for name, record, sizes, packed in (
        ("pcap, mixed frames", pcap, _SIZES, False),
        ("pcap, 64 octets", pcap, (64,), False),
        ("pcapng, mixed frames", pcapng, _SIZES, False),
        ("pcapng, 64 octets", pcapng, (64,), False),
        ("pcap in gzip, mixed frames", pcap, _SIZES, True),
    ):
        path = folder / ("capture.gz" if packed else "capture")
        write(path, record, sizes, size)
        yield name, path, size
        path.unlink()


def ours(path: Path) -> int:
    """Read it; returns the number of frames."""
    with open_capture(path) as capture:
        found = sum(1 for _ in capture)
        assert capture.damage is None
        assert found == capture.total // (_BATCH + 1), "a LACPDU was missed"
        return capture.total


PEERS = {
    "tshark -Y slow": ["tshark", "-n", "-Y", "slow", "-r"],
    "tcpdump ether proto 0x8809": ["tcpdump", "-n", "ether", "proto", "0x8809", "-r"],
}


def seconds(call: Callable[[], object]) -> float:
    """CPU time of ours, as of the peers: what else runs on the machine does not count."""
    start = time.process_time()
    call()
    return time.process_time() - start


def of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak() -> int:
    """The most memory that this process ever had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def compare(name: str, path: Path, size: int) -> Iterator[Figure]:
    before = peak()
    total = ours(path)
    took = min(seconds(lambda: ours(path)) for _ in range(2))
    grown = peak() - before
    rate = size / took / 1e6
    for peer, command in PEERS.items():
        theirs = asked(command, path) if shutil.which(command[0]) else None
        if theirs is not None:
            yield Figure(name, rate, "MB/s", size / theirs / 1e6, peer)
    yield Figure(name, total / took / 1e6, "M frames/s", None, f"{grown} KiB more at the peak")


def asked(command: list[str], path: Path) -> float | None:
    """Seconds of CPU time of a peer; None if it does not read such files."""
    start = of_children()
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    return None if done.returncode else of_children() - start


def figures() -> Iterator[Found]:
    for peer, (program, *_) in PEERS.items():
        if not shutil.which(program):
            yield Absent(peer, "it is not installed")
    size = (300 if in_full() else 30) * 10**6
    with tempfile.TemporaryDirectory() as folder:
        for name, path, octets in files(Path(folder), size):
            yield from compare(name, path, octets)


if __name__ == "__main__":
    main(figures)
