"""What a lacpd of many teams must be allowed."""

from __future__ import annotations

import subprocess
import sys


def test_a_process_may_have_as_many_descriptors_as_its_hard_limit_says() -> None:
    code = (
        "import resource\n"
        "from lacp.daemon.process.limits import allow_descriptors\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 200))\n"
        "allow_descriptors()\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(200, 200)\n"
