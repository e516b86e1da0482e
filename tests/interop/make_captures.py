"""Record the conversations anew: python -m tests.interop.make_captures [NAME ...] [--list]

Each takes up to a minute and a half of real time; several run at a time. As root, on a machine
prepared with `make lab`.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.interop import guest
from tests.interop.conversations import CONVERSATIONS, Conversation, record

CAPTURES = Path(__file__).parents[1] / "conformance" / "captures"


def make(conversation: Conversation, directory: Path) -> str:
    """Record one; returns a line about it."""
    arguments = {"name": conversation.name, "directory": str(directory)}
    modules = conversation.modules
    try:
        if conversation.native:
            facts = record(**arguments)
        else:
            facts = guest.run(
                record, arguments, modules=modules, writable=[directory], timeout=180
            ).result
    except (guest.GuestError, AssertionError) as error:
        return f"{conversation.name}: failed\n{error}"
    return f"{conversation.name}: {facts['frames']} frames"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("names", metavar="NAME", nargs="*", help="which; all without it")
    parser.add_argument("--list", action="store_true", help="name the conversations and end")
    parser.add_argument("--directory", type=Path, default=CAPTURES, help="where to leave them")
    parser.add_argument("--at-a-time", type=int, default=4, metavar="N", help="default %(default)s")
    args = parser.parse_args()
    unknown = set(args.names) - {each.name for each in CONVERSATIONS}
    if unknown:
        parser.error(f"no conversation {', '.join(sorted(unknown))}; --list names them")
    chosen = [each for each in CONVERSATIONS if not args.names or each.name in args.names]
    if args.list:
        sys.stdout.writelines(f"{each.name}\n" for each in chosen)
        return 0
    args.directory.mkdir(exist_ok=True)
    failed = 0
    with ThreadPoolExecutor(args.at_a_time) as pool:
        for line in pool.map(lambda each: make(each, args.directory), chosen):
            failed |= "failed" in line
            sys.stdout.write(f"{line}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
