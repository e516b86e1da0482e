"""The real teamdctl against sockets in a directory of the test's.

Its path is fixed, so that it runs with that directory in the place of /run/teamd. It wants an
interface of the team's name in its namespace, of whatever kind.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.interop.netns import Namespace

_IN_ITS_PLACE = """
mount -t tmpfs none /run && mkdir /run/teamd && mount --bind "$0" /run/teamd && exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What it printed, and its exit code."""

    code: int
    output: str
    errors: str

    @property
    def ok(self) -> str:
        """The output of a command that worked."""
        assert self.code == 0, self
        return self.output


@dataclass(frozen=True, slots=True)
class Teamdctl:
    """teamdctl for the sockets in `directory`; None for those that a system has."""

    namespace: Namespace
    directory: Path | None = None
    #: Before the name of the team.
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None

    def __call__(self, *arguments: str, team: str = "team0") -> Answer:
        """Run ``teamdctl TEAM ARGUMENTS``."""
        done = subprocess.run(
            self.command(["teamdctl", *self.options, team, *arguments]),
            env=None if self.environment is None else dict(self.environment),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def command(self, command: Sequence[str]) -> list[str]:
        """A command line in the namespace, that finds the directory."""
        if self.directory is None:
            return self.namespace.command(*command)
        covered = ["unshare", "--mount", "sh", "-c", _IN_ITS_PLACE, os.fspath(self.directory)]
        return self.namespace.command(*covered, *command)
