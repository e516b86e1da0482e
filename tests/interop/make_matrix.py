"""Run the catalogue against the four devices of the lab: python -m tests.interop.make_matrix DIR

Leaves the result of each as DIR/NAME.json, and the page docs/matrix.md that compares them. Takes
half an hour of real time on a machine that has nothing else to do; as root, after `make lab`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lacp.conformance.report.matrix import markdown, matrix
from lacp.conformance.tester.results import RunReport
from tests.interop import guest
from tests.interop.tested import PROFILES, run

PAGE = Path(__file__).parents[2] / "docs" / "matrix.md"
MARK = "<!-- below: python -m tests.interop.make_matrix -->"

#: Seconds for the whole catalogue against one device.
PATIENCE = 5400


def test(name: str, directory: Path, arguments: Sequence[str]) -> str:
    """Test one device; returns a line about it."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        result = run(name, directory, arguments, links=4, timeout=PATIENCE)
    except (guest.GuestError, AssertionError) as error:
        return f"{name}: failed\n{error}"
    return f"{name}: {result['counts']}"


def page(results: Mapping[str, Path]) -> Iterator[str]:
    """What stands in the page above the mark, and the table below it."""
    yield from PAGE.read_text().partition(MARK)[0].splitlines()
    yield MARK
    yield ""
    reports = [RunReport.from_json(json.loads(p.read_text()), str(p)) for p in results.values()]
    for path, report in zip(results.values(), reports, strict=True):
        # Where the results lay, and who built the kernel, is nobody's business.
        report.command = report.command.replace(f"{path.parent}/", "")
        report.versions["linux"] = report.versions["linux"].partition("-")[0]
    yield from markdown(matrix(reports))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("directory", type=Path, help="where the results are left")
    parser.add_argument("--only", action="append", choices=list(PROFILES), help="may repeat")
    parser.add_argument("--select", action="append", default=[], help="only these cases")
    parser.add_argument("--page", action="store_true", help="only write the page, from DIR")
    args = parser.parse_args()
    names = args.only or list(PROFILES)
    failed = False
    if not args.page:
        chosen = [word for select in args.select for word in ("--select", select)]
        with ThreadPoolExecutor(len(names)) as pool:
            for line in pool.map(lambda name: test(name, args.directory, chosen), names):
                failed |= "failed" in line
                sys.stdout.write(f"{line}\n")
    if not failed and not args.select:
        results = {name: args.directory / f"{name}.json" for name in names}
        PAGE.write_text("\n".join(page(results)) + "\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
