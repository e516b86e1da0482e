"""The command line of `lacpd`, and of `teamd`, which is the same program under another name."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from lacp import rundir
from lacp.cli.common import BAD, Parser
from lacp.config.words import DATAPLANES, RUNNERS

if TYPE_CHECKING:
    from lacp.daemon.metrics.address import Address

LACPD = "lacpd"
#: Called under this name, the options, the words and the exit codes are teamd's.
TEAMD = "teamd"
OUTPUTS = ("stdout", "stderr", "syslog")

_TEAMD_EPILOG = (
    f"Available runners: {', '.join(RUNNERS)}\n"
    "Exit codes: 0 done; 1 it did not start; 2 it failed later.\n"
    "This is lacpd under the name of teamd; lacpd --check says what is wrong with a\n"
    "file."
)


class _TeamdParser(Parser):
    """Wrong usage ends with teamd's code."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end."""
        self.exit(BAD, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser(program: str = LACPD) -> Parser:
    """The parser of the command line of `lacpd` or `teamd`."""
    teamd = program == TEAMD
    parser = (_TeamdParser if teamd else Parser)(
        program,
        description="Run one or many teams: LACP, and every other runner of teamd.",
        epilog=_TEAMD_EPILOG if teamd else None,
        add_help=False,
    )
    add = parser.add_argument
    add("-h", "--help", action="help", help="show this and exit")
    add("-v", "--version", action="store_true", help="show the version and exit")
    _what(parser, teamd)
    _instead(parser, teamd)
    _device(parser)
    _ways(parser)
    _how(parser, teamd)
    return parser


def expand(arguments: Sequence[str]) -> list[str]:
    """The arguments with abbreviated long options written out, as getopt_long takes them.

    Only those of teamd can be abbreviated.
    """
    found = list(arguments)
    end = found.index("--") if "--" in found else len(found)
    for place, word in enumerate(found[:end]):
        name, sep, value = word.partition("=")
        if not name.startswith("--") or name in _TEAMD_LONG:
            continue
        meant = [long for long in _TEAMD_LONG if long.startswith(name)]
        if len(meant) == 1:
            found[place] = f"{meant[0]}{sep}{value}"
    return found


_TEAMD_LONG = (
    "--help",
    "--daemonize",
    "--kill",
    "--check",
    "--version",
    "--force-recreate",
    "--take-over",
    "--no-quit-destroy",
    "--no-ports",
    "--dbus-enable",
    "--zmq-enable",
    "--usock-enable",
    "--usock-disable",
    "--config-file",
    "--config",
    "--pid-file",
    "--debug",
    "--log-output",
    "--team-dev",
)


def _what(parser: Parser, teamd: bool) -> None:
    add = parser.add_argument_group("what to run").add_argument
    several = "" if teamd else "; may be repeated, one team each"
    add("-f", "--config-file", metavar="FILE", action="append", default=[], dest="files",
        help=f"a teamd.conf{several}")  # fmt: skip
    if not teamd:
        add("--config-dir", metavar="DIR", help="every *.conf in it is a team")
    add("-c", "--config", metavar="TEXT", help="the text of a teamd.conf, instead of -f")
    add("-t", "--team-dev", metavar="NAME", dest="device",
        help="name of the team, instead of `device`; alone, one without ports")  # fmt: skip
    add("-n", "--no-ports", action="store_true",
        help="start without the ports of the configuration")  # fmt: skip


def _instead(parser: Parser, teamd: bool) -> None:
    group = parser.add_argument_group("what to do instead")
    # The last one counts with teamd.
    add = (group if teamd else group.add_mutually_exclusive_group()).add_argument
    add("-k", "--kill", action="store_const", const="kill", dest="do",
        help="end the daemon that runs the team, and wait for its end")  # fmt: skip
    running = ("-e", "--check") if teamd else ("-e",)
    add(*running, action="store_const", const="running", dest="do",
        help="exit with 0 if a daemon runs the team, else with 1")  # fmt: skip
    if not teamd:
        add("--check", action="store_const", const="check", dest="do",
            help="check the configurations and exit")  # fmt: skip


def _device(parser: Parser) -> None:
    add = parser.add_argument_group("the device").add_argument
    add("--dataplane", choices=DATAPLANES,
        help="what moves user frames, instead of `dataplane`: the kernel's team or bonding driver, "
             "a tap device, nothing, memory for tests, or auto, the best that is there "
             "(default auto)")  # fmt: skip
    add("-o", "--take-over", action="store_true", help="use the device if there is one already")
    add("-r", "--force-recreate", action="store_true",
        help="remove the device if there is one already, and make a new one")  # fmt: skip
    add("-N", "--no-quit-destroy", action="store_true",
        help="leave the device and its ports as they are at the end")  # fmt: skip


def _ways(parser: Parser) -> None:
    add = parser.add_argument_group("ways in").add_argument
    add("-U", "--usock-enable", action="store_true", default=True, dest="usock",
        help="offer the socket that teamdctl asks (this is the default)")  # fmt: skip
    add("-u", "--usock-disable", action="store_false", dest="usock", help="do not offer it")
    add(
        "-D",
        "--dbus-enable",
        action="store_true",
        dest="dbus",
        help="offer teamd's D-Bus interface",
    )
    add(
        "-Z",
        "--zmq-enable",
        metavar="ADDR",
        dest="zmq",
        help="refused: there is no ZeroMQ interface",
    )
    add("--metrics", metavar="ADDR:PORT", type=_address,
        help="serve metrics for Prometheus there, at /metrics, to all who can connect")  # fmt: skip


def _address(text: str) -> Address:
    from lacp.daemon.metrics.address import address
    from lacp.errors import UsageError

    try:
        return address(text)
    except UsageError as error:
        raise ArgumentTypeError(str(error)) from None


def _how(parser: Parser, teamd: bool) -> None:
    add = parser.add_argument_group("how to run").add_argument
    add("-d", "--daemonize", action="store_true", help="go into the background once it runs")
    add("-p", "--pid-file", metavar="FILE",
        help="PID file (default NAME.pid in teamd's run directory)")  # fmt: skip
    add("--run-dir", metavar="DIR", default=rundir.of_lacpd(),
        help="own sockets, locks and PID files (default %(default)s)")  # fmt: skip
    add("--teamd-run-dir", metavar="DIR", default=rundir.TEAMD,
        help="sockets and PID files for clients of teamd (default %(default)s)")  # fmt: skip
    add("-g", "--debug", action="count", default=0, help="the same as --log-level debug")
    add("-l", "--log-output", metavar="|".join(OUTPUTS), choices=None if teamd else OUTPUTS,
        help="where the log goes (default stderr, or syslog with -d)")  # fmt: skip
    add("--log-level", choices=("debug", "info", "warning", "error"), help="default info")
    add("--log-format", choices=("text", "json"), default="text", help="default %(default)s")
