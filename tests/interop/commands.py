"""lacpctl as a program, where a test wants it to look."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.interop.netns import Namespace
from tests.interop.ovs import OpenVSwitch


def lacpctl(
    here: Namespace, run_dir: Path, switch: OpenVSwitch, *arguments: str, nobody: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run it in a namespace where these daemons are the host's, as root or without any right."""
    environment = os.environ | {
        "COLUMNS": "80",
        "LACPD_RUN_DIR": str(run_dir),
        "OVS_RUNDIR": str(switch.directory),
    }
    rights = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if nobody else ()
    done = subprocess.run(
        here.command(*rights, sys.executable, "-m", "lacp.cli.lacpctl", *arguments),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done
