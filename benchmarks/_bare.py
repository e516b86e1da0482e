"""The two system calls that a port costs at the least: a LACPDU sent and one received each second.

Run as a program: `_bare END PORTS SECONDS`. Sends from the interfaces END0, END1, ... as often as
ports at the fast rate do, reads what arrives in batches and looks at none of it, and says in a line
of JSON how many seconds of CPU it took per second, and how many frames it read.
"""

from __future__ import annotations

import json
import resource
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from lacp.info import PortInfo
from lacp.wire.lacpdu import Lacpdu

_ETH_P_SLOW = 0x8809
_SO_RCVBUFFORCE = 33
#: Turns in a second.
_TURNS = 20
_CLOSERS = 200
#: Sockets closed at a time.
_CLOSERS = 200


def frame() -> bytes:
    """A LACPDU from nobody to nobody."""
    destination = bytes.fromhex("0180c2000002")
    return destination + bytes(6) + b"\x88\x09" + Lacpdu(PortInfo(), PortInfo()).encode()


def main(end: str, ports: int, seconds: float) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    senders = []
    for port in range(ports):
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sender.bind((f"{end}{port}", 0))
        senders.append(sender)
    receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_SLOW))
    receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 24)
    receiver.setblocking(False)
    octets = frame()
    received = 0
    start, before = time.monotonic(), time.process_time()
    for turn in range(round(seconds * _TURNS)):
        time.sleep(max(0.0, start + turn / _TURNS - time.monotonic()))
        for sender in senders[turn % _TURNS :: _TURNS]:
            sender.send(octets)
        try:
            while True:
                receiver.recv(256)
                received += 1
        except BlockingIOError:
            pass
    spent = (time.process_time() - before) / (time.monotonic() - start)
    print(json.dumps({"cpu": spent, "received": received}), flush=True)
    # Closing a packet socket takes the kernel 10 ms, in which any number can be closed.
    with ThreadPoolExecutor(_CLOSERS) as pool:
        for sender in senders:
            pool.submit(sender.close)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
