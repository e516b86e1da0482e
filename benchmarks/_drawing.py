"""The growth of what ports cost, as a picture of three panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks._idle import Load

if TYPE_CHECKING:
    from benchmarks.growth import Growth

#: Inches, and dots of each: 800 wide, as a page shows it.
_SIZE, _DOTS = (8.0, 9.6), 100
_GREY = "#555555"


@dataclass(frozen=True, slots=True)
class Style:
    """What tells one kind from another, also without colours."""

    label: str
    color: str
    marker: str
    filled: bool


_MEMORY = Style("links in memory", "#0b4f8a", "o", filled=True)
_VETH = Style("veth pairs", "#c2571a", "s", filled=False)
#: Targets: ports at which they hold, µs, words, and how far above the line these stand, in points.
_CPU = (
    (1000, 20.0, "target: veth, 1,000 ports, 20 µs", 0),
    (5000, 12.0, "veth, 5,000 ports, 12 µs", 4),
    (10_000, 10.0, "memory, 10,000 ports, 10 µs", -5),
)
_RESIDENT = 60.0
_FURTHER = 6 * 1024 / 1e6
_LATE = 250.0


def draw(growth: Growth, path: Path) -> list[Path]:
    """Write `path`.png and `path`.svg."""
    # The same figures make the same file.
    mpl.rcParams.update({"svg.hashsalt": "growth", "font.size": 10})
    figure = Figure(figsize=_SIZE, dpi=_DOTS, layout="constrained")
    cpu, memory, late = figure.subplots(3, 1, sharex=True)
    plot(cpu, growth, lambda load: load.cpu)
    plot(memory, growth, lambda load: load.memory / 1e6)
    plot(late, growth, lambda load: load.late)
    for axes, title, unit in (
        (cpu, "CPU time of one port", "µs per port and second"),
        (memory, "Memory of the whole process", "resident size, MB"),
        (late, "The latest LACPDU of any port", "ms after its second"),
    ):
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
        axes.set_ylabel(unit)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.grid(visible=True, which="major", color="#dddddd")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
            axis.set_minor_formatter(FuncFormatter(lambda _value, _at: ""))
    for ports, target, what, above in _CPU:
        cpu.plot([ports / 2, ports * 1.5], [target, target], "--", color=_GREY)
        note(cpu, what, (ports / 2, target), (-6, above - 3), right=True)
    ticks(cpu, (5, 10, 20, 50, 100, 200, 500, 1000))
    bound = sorted({1, 1000, *range(1000, 10_001, 250)})
    allowed = [_RESIDENT + max(0, at - 1000) * _FURTHER for at in bound]
    memory.plot(bound, allowed, "--", color=_GREY)
    note(memory, "target: 60 MB at 1,000 ports, then 6 KiB a port", (1, _RESIDENT), (0, 4))
    ticks(memory, (20, 30, 50, 100, 150, 200))
    late.axhline(_LATE, linestyle="--", color=_GREY)
    note(late, "the standard's tolerance: 250 ms", (1, _LATE), (0, -12))
    ticks(late, (1, 2, 5, 10, 20, 50, 100, 200, 500))
    late.set_xlabel(f"ports at the fast rate in one lacpd, in LAGs of two  ({growth.machine})")
    cpu.legend(frameon=False, loc="upper right")
    paths = [path.with_suffix(".png"), path.with_suffix(".svg")]
    figure.savefig(paths[0])
    figure.savefig(paths[1], metadata={"Date": None})
    return paths


def plot(axes: Axes, growth: Growth, of: Callable[[Load], float]) -> None:
    for loads, style in ((growth.memory, _MEMORY), (growth.veth, _VETH)):
        line(axes, loads, of, style)


def line(axes: Axes, loads: Sequence[Load], of: Callable[[Load], float], style: Style) -> None:
    axes.plot(
        [load.ports for load in loads],
        [of(load) for load in loads],
        color=style.color,
        marker=style.marker,
        markerfacecolor=style.color if style.filled else "white",
        label=style.label,
        markersize=5,
        linewidth=1.6,
    )


def ticks(axes: Axes, values: Sequence[float]) -> None:
    """Name these values on the vertical axis, and no others."""
    axes.set_yticks(values)
    axes.set_ylim(values[0], values[-1])


def note(
    axes: Axes,
    what: str,
    at: tuple[float, float],
    away: tuple[float, float],
    *,
    right: bool = False,
) -> None:
    """Words about a line, `away` points from it."""
    axes.annotate(
        what,
        at,
        xytext=away,
        textcoords="offset points",
        ha="right" if right else "left",
        color=_GREY,
        fontsize=9,
    )
