"""What the kernel lets a process have."""

from __future__ import annotations

import logging
import resource

log = logging.getLogger("lacp.daemon")

#: Descriptors of a team: its lock, its control socket, teamd's socket, its device.
_OF_TEAM = 4
#: Of the process: frames, news of links, the log, clients.
_OF_PROCESS = 64


def allow_descriptors(teams: int) -> None:
    """Have as many descriptors open as may be: the usual 1,024 are used up by 400 teams.

    It is logged when that is more, and when it is not enough for so many teams.
    """
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if least != most:
        log.info("open files: raising the limit from %d to the most there may be, %d", least, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    wanted = _OF_PROCESS + teams * _OF_TEAM
    if most != resource.RLIM_INFINITY and wanted > most:
        log.warning(
            "open files: %d teams take up to %d, the limit is %d: a team without its sockets does "
            "not start, the others do; raise the hard limit (LimitNOFILE= of the service, "
            "ulimit -Hn)",
            *(teams, wanted, most),
        )
