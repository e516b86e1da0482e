"""How the benchmarks time and print."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median


def microseconds(call: Callable[[], object], number: int = 1000, repeat: int = 7) -> float:
    """Median over `repeat` runs of the CPU time of one `call`, in µs."""
    call()
    runs = []
    gc.collect()
    for _ in range(repeat):
        start = time.process_time()
        for _ in range(number):
            call()
        runs.append((time.process_time() - start) / number * 1e6)
    return median(runs)


def row(what: str, figure: float, unit: str, reference: float, named: str) -> None:
    """One line: our figure, the reference's, and how they compare."""
    ratio = figure / reference if reference else float("nan")
    print(f"{what:<44}{figure:>12.4g} {unit:<14}{reference:>12.4g}  x{ratio:<8.3g}{named}")


def head(title: str) -> None:
    """The head of a table."""
    print(f"{title:<44}{'ours':>12} {'':<14}{'reference':>12}  ratio    which")
