"""What a lacpd of many teams must be allowed."""

from __future__ import annotations

import subprocess
import sys

_CODE = """
import logging, resource, sys
from lacp.daemon.process.limits import allow_descriptors
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 200))
allow_descriptors(30)
allow_descriptors(40)
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_a_process_may_have_as_many_descriptors_as_its_hard_limit_says() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True)
    raised, warned, limits = done.stdout.splitlines()
    assert raised == "INFO open files: raising the limit from 64 to the most there may be, 200"
    # What is missing is said, and what comes of it.
    assert warned.startswith(
        "WARNING open files: 40 teams take up to 224, the limit is 200: a team"
    )
    assert limits == "(200, 200)"
