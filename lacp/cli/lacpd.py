"""`lacpd`: runs teams. Everything that costs time to import is imported when it is needed."""

from __future__ import annotations

import os
import signal
import sys
from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lacp.cli.common import BAD, BAD_USAGE, DONE, INTERRUPTED, Parser, complain, default_run_dir
from lacp.config.model import DATAPLANES

if TYPE_CHECKING:
    from lacp.daemon.sources import Reading, Sources
    from lacp.errors import ConfigError

_PROGRAM = "lacpd"
#: Seconds that ``-k`` waits for the daemon to end.
_KILL_WAIT = 5.0


def build_parser() -> Parser:
    """The parser of the command line."""
    parser = Parser(
        _PROGRAM,
        description="Run LACP on the ports of one or many teams.",
        epilog=(
            "Signals: SIGTERM, SIGINT and SIGQUIT take every port out of its LAG, tell the\n"
            "partners and end; SIGHUP reads the configurations again without a flap.\n"
            "Exit codes: 0 done; 1 the configuration is bad, the team runs already, or the system\n"
            "refuses; 2 wrong usage or unreadable input; 130 interrupted.\n"
            "LACPD_RUN_DIR sets the default of --run-dir."
        ),
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    add = parser.add_argument
    add("-h", "--help", action="help", help="show this and exit")
    add("-v", "--version", action="store_true", help="show the version and exit")
    what = parser.add_argument_group("what to run")
    add = what.add_argument
    add("-f", "--config-file", metavar="FILE", action="append", default=[], dest="files",
        help="a teamd.conf; may be repeated, one team each")  # fmt: skip
    add("--config-dir", metavar="DIR", help="every *.conf in it is a team")
    add("-c", "--config", metavar="TEXT", help="the text of a teamd.conf, instead of -f")
    add("-t", "--team-dev", metavar="NAME", dest="device",
        help="name of the team, instead of `device`")  # fmt: skip
    add("--dataplane", choices=DATAPLANES,
        help="what moves user frames, instead of `dataplane`; both move none yet, memory only "
             "keeps what a dataplane would have to do, for tests (default none)")  # fmt: skip
    do = parser.add_argument_group("what to do instead")
    alternatives = do.add_mutually_exclusive_group()
    add = alternatives.add_argument
    add("--check", action="store_true", help="check the configurations and exit")
    add("-k", "--kill", action="store_true", help="end the lacpd that runs the team")
    add("-e", action="store_true", dest="running",
        help="exit with 0 if a lacpd runs the team, else with 1")  # fmt: skip
    how = parser.add_argument_group("how to run")
    add = how.add_argument
    add("-d", "--daemonize", action="store_true", help="go into the background once it runs")
    add("-p", "--pid-file", metavar="FILE", help="PID file (default NAME.pid in the run directory)")
    add("--run-dir", metavar="DIR", default=default_run_dir(),
        help="sockets, locks and PID files (default %(default)s)")  # fmt: skip
    add("-g", "--debug", action="count", default=0, help="the same as --log-level debug")
    add("-l", "--log-output", choices=("stdout", "stderr", "syslog"),
        help="where the log goes (default stderr, or syslog with -d)")  # fmt: skip
    add("--log-level", choices=("debug", "info", "warning", "error"), help="default info")
    add("--log-format", choices=("text", "json"), default="text", help="default %(default)s")
    return parser


def run(args: Namespace, parser: Parser) -> int:
    """Do what the command line asks; returns the exit code."""
    if args.version:
        print(f"{_PROGRAM} {_version()}")
        return DONE
    if not (args.files or args.config_dir or args.config is not None or _named(args)):
        parser.error("nothing to run: expected -f FILE, --config-dir DIR or -c TEXT")
    if args.config is not None and args.files:
        complain(_PROGRAM, "-c is given: ignoring -f", DONE)
        args.files = []
    one = not args.config_dir and len(args.files) + (args.config is not None) <= 1
    for option, given in (("-t", args.device is not None), ("-p", args.pid_file is not None)):
        if given and not one:
            parser.error(f"{option} is for one team, not for several")
    if args.device is not None and not _name_is_good(args.device):
        parser.error(f"-t: {args.device!r} cannot be the name of a team")
    if _named(args) and args.device is not None:
        return _signal_team(args, args.device)
    args.run_dir = os.path.abspath(args.run_dir)
    args.pid_file = args.pid_file and os.path.abspath(args.pid_file)
    sources = _sources(args)
    reading = sources.read()
    for warning in reading.warnings:
        complain(_PROGRAM, warning, DONE)
    code = _report(args, reading)
    if code is not None:
        return code
    if args.check:
        return DONE
    if _named(args):
        if len(reading.configs) != 1:
            parser.error("-k and -e are for one team, not for several")
        return _signal_team(args, next(iter(reading.configs)))
    return _serve(args, sources, reading)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = build_parser()
    try:
        return run(parser.parse_args(argv), parser)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Nobody reads what --version or --help says.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BAD


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("lacp")
    except PackageNotFoundError:
        return "(not installed)"


def _named(args: Namespace) -> bool:
    return bool(args.kill or args.running)


def _name_is_good(name: str) -> bool:
    from lacp.config.teamd import valid_name

    return valid_name(name)


def _sources(args: Namespace) -> Sources:
    from lacp.daemon.files import TeamFiles
    from lacp.daemon.sources import Sources

    return Sources(
        # Absolute, for a daemon in the background stands elsewhere when it reads them again.
        files=tuple(os.path.abspath(path) if args.daemonize else path for path in args.files),
        directory=args.config_dir and os.path.abspath(args.config_dir),
        text=args.config,
        device=args.device,
        in_use=lambda name: TeamFiles(args.run_dir, name).owner() is not None,
    )


def _report(args: Namespace, reading: Reading) -> int | None:
    """Complain of what is wrong with the configurations; the exit code, None to go on.

    One bad file of a directory does not stop the teams of the others.
    """
    from lacp.config.document import UnreadableError

    def severity(error: ConfigError) -> int:
        return BAD_USAGE if isinstance(error, UnreadableError) else BAD

    for error in reading.errors.values():
        complain(_PROGRAM, str(error), BAD)
    in_directory = {e for e in reading.errors if _is_in(e, args.config_dir)}
    fatal = args.check or not reading.configs or reading.errors.keys() - in_directory
    if reading.errors and fatal:
        return max(severity(error) for error in reading.errors.values())
    if not reading.configs:
        return complain(_PROGRAM, f"{args.config_dir}: found no *.conf, expected some", BAD)
    return None


def _is_in(source: str, directory: str | None) -> bool:
    return directory is not None and os.path.dirname(source) == os.path.abspath(directory)


def _signal_team(args: Namespace, name: str) -> int:
    """``-e`` and ``-k``: the lock says who runs the team, whatever a PID file says."""
    import time

    from lacp.daemon.files import TeamFiles

    files = TeamFiles(args.run_dir, name)
    owner = files.owner()
    if owner is None:
        return complain(_PROGRAM, f"no lacpd runs {name}", BAD)
    if args.running:
        return DONE
    try:
        os.kill(owner, signal.SIGTERM)
    except OSError as error:
        return complain(_PROGRAM, f"{name}: cannot end process {owner}: {error.strerror}", BAD)
    end = time.monotonic() + _KILL_WAIT
    while files.owner() == owner:
        if time.monotonic() > end:
            said = f"{name}: process {owner} has not ended within {_KILL_WAIT:g} s"
            return complain(_PROGRAM, said, BAD)
        time.sleep(0.02)
    return DONE


def _serve(args: Namespace, sources: Sources, reading: Reading) -> int:
    from lacp.daemon.background import Parent, daemonize
    from lacp.daemon.logs import default_output, logging_to
    from lacp.errors import LacpError

    def nothing() -> None:
        pass

    try:
        started = daemonize() if args.daemonize else nothing
    except Parent as parent:
        return parent.code
    verbose = args.debug or any(config.debug_level > 0 for config in reading.configs.values())
    level = args.log_level or ("debug" if verbose else "info")
    output = args.log_output or default_output(args.daemonize)
    try:
        with logging_to(output, args.log_format, level):
            import asyncio

            return asyncio.run(_drive(args, sources, reading, started))
    except LacpError as error:
        return complain(_PROGRAM, str(error), BAD)


async def _drive(
    args: Namespace, sources: Sources, reading: Reading, started: Callable[[], None]
) -> int:
    from lacp.backends.packet import PacketBackend
    from lacp.daemon.loop import Loop, monotonic_clock
    from lacp.daemon.service import Service

    clock = monotonic_clock()
    with PacketBackend() as backend:
        service = Service(
            backend,
            sources,
            clock,
            args.run_dir,
            dataplane=args.dataplane,
            pid_file=args.pid_file,
            ifindex=_ifindex,
        )
        loop = Loop(service)
        service.start(reading.configs, clock.now())
        await loop.run(started)
        return INTERRUPTED if loop.interrupted else DONE


def _ifindex(name: str) -> int | None:
    import socket

    try:
        return socket.if_nametoindex(name)
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main())
