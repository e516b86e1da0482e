"""Where a program's CPU time goes, by sampling: a few hundred looks a second, nothing between them.

Run as a program: `_profile FILE MODULE ARGUMENT...` runs the module as `python -m` does. At each
SIGUSR1 what was seen since the last one is appended to the file, a line of JSON: how often each
function, as `file:line name`, was the one that ran, and the seconds of CPU time spent in Python and
in the kernel. A function of the library counts for who called it: what it does is for him.
"""

from __future__ import annotations

import json
import resource
import runpy
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

_ROOT = Path(__file__).parents[1]
#: Seconds of CPU time between two looks; the kernel does not look more often than its clock ticks.
_PERIOD = 0.001


@dataclass(slots=True)
class Sampler:
    """Counts what runs, and tells it on a signal."""

    file: Path
    seen: Counter[str] = field(default_factory=Counter)
    user: float = 0.0
    system: float = 0.0

    def start(self) -> None:
        signal.signal(signal.SIGPROF, self.look)
        signal.signal(signal.SIGUSR1, self.tell)
        # System calls that it interrupts go on by themselves.
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, _PERIOD, _PERIOD)

    def look(self, _: int, frame: FrameType | None) -> None:
        inner = frame
        while frame is not None and not frame.f_code.co_filename.startswith(f"{_ROOT}/"):
            frame = frame.f_back
        frame = frame or inner
        if frame is not None:
            self.seen[place(frame)] += 1

    def tell(self, *_: object) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        told = {
            "user": used.ru_utime - self.user,
            "system": used.ru_stime - self.system,
            "seen": self.seen,
        }
        with self.file.open("a") as stream:
            stream.write(json.dumps(told) + "\n")
        self.user, self.system = used.ru_utime, used.ru_stime
        self.seen.clear()


def place(frame: FrameType) -> str:
    """Where a frame is."""
    code = frame.f_code
    file = code.co_filename.removeprefix(f"{_ROOT}/")
    return f"{file}:{frame.f_lineno} {code.co_qualname}"


def main() -> None:
    file, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    Sampler(Path(file)).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
