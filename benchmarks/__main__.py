"""Every benchmark, one after another, each in a process of its own; then one table of the targets.

The exit status says whether all of them ran, not whether every target was met.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._figures import (
    Absent,
    Figure,
    Found,
    arguments,
    end_in_order,
    load,
    markdown,
    save,
    show,
)
from benchmarks._machine import machine

HERE = Path(__file__).parent
#: What the targets are about comes first; the others follow by name.
FIRST = ("scale", "growth", "simulation")
#: Seconds after which a module hangs, unless everything was asked for.
PATIENCE = 300


def names() -> list[str]:
    """Every module that measures."""
    found = sorted(path.stem for path in HERE.glob("*.py") if not path.name.startswith("_"))
    return sorted(found, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))


def run(name: str, options: list[str], patience: float | None) -> tuple[list[Found], str | None]:
    """What a module found, and why it failed if it did."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder, "figures.json")
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(path), *options]
        process = subprocess.Popen(command)
        try:
            status = process.wait(patience)
            failure = f"ended with {status}" if status else None
        except subprocess.TimeoutExpired:
            failure = f"was still busy after {patience:.0f} s"
        finally:
            _end(process)
        return load(path) if path.exists() else [], failure


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let a module that still runs put its things away."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def asked() -> argparse.Namespace:
    parser = arguments(description=__doc__)
    parser.prog = "python -m benchmarks"
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the last table there")
    args = parser.parse_args()
    unknown = set(args.names) - set(names())
    if unknown:
        parser.error(f"found {', '.join(sorted(unknown))}, expected some of {', '.join(names())}")
    return args


def main() -> int:
    end_in_order()
    args = asked()
    options = ["--long"] if args.long else []
    every: list[Found] = []
    failures: dict[str, str] = {}
    began = time.monotonic()
    for name in args.names or names():
        print(f"== {name}", flush=True)
        start = time.monotonic()
        found, failure = run(name, options, None if args.long else PATIENCE)
        every += found
        print(f"   {name} took {time.monotonic() - start:.0f} s\n", flush=True)
        if failure is not None:
            failures[name] = failure
    targets = [each for each in every if isinstance(each, Figure) and each.is_target]
    show([*targets, *(each for each in every if isinstance(each, Absent))], f"All: {machine()}")
    for name, failure in failures.items():
        print(f"failed: {name} {failure}")
    met = sum(each.met for each in targets)
    print(f"{met} of {len(targets)} targets met, in {time.monotonic() - began:.0f} s")
    if args.json is not None:
        save(every, args.json)
    if args.markdown is not None:
        args.markdown.write_text(markdown(targets))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
