"""Sends frames on some interfaces, again and again, at a steady rate for some seconds.

    python -m benchmarks._flooding RATE SECONDS INTERFACE... < FRAMES

FRAMES are lines of hexadecimal digits. Prints how many frames a second were sent on each.
"""

from __future__ import annotations

import socket
import sys
import time
from contextlib import ExitStack

#: Seconds between two bursts.
_TICK = 0.001


def flood(frames: list[bytes], interfaces: list[str], rate: float, seconds: float) -> float:
    """Send the frames one after the other on each interface; returns the rate of each."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(_sending(interface)) for interface in interfaces]
        sent = 0
        start = time.monotonic()
        end = start + seconds
        while (now := time.monotonic()) < end:
            due = int((now - start) * rate) - sent
            for number in range(sent, sent + due):
                frame = frames[number % len(frames)]
                for sock in sockets:
                    sock.send(frame)
            sent += due
            time.sleep(max(0.0, now + _TICK - time.monotonic()))
        return sent / (time.monotonic() - start)


def _sending(interface: str) -> socket.socket:
    # Bound to no EtherType: it hears nothing.
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((interface, 0))
    return sock


if __name__ == "__main__":
    rate, seconds, *interfaces = sys.argv[1:]
    frames = [bytes.fromhex(line) for line in sys.stdin]
    print(flood(frames, interfaces, float(rate), float(seconds)))
