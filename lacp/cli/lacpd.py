"""`lacpd`: runs teams. Everything that costs time to import is imported when it is needed."""

from __future__ import annotations

import gc
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING

from lacp.cli.common import BAD, BAD_USAGE, DONE, INTERRUPTED, Parser, complain
from lacp.cli.lacpd_parser import LACPD, OUTPUTS, TEAMD, build_parser, expand

if TYPE_CHECKING:
    from lacp.daemon.metrics.address import Address
    from lacp.daemon.options import Options
    from lacp.daemon.service import Service
    from lacp.daemon.sources import Reading, Sources
    from lacp.errors import ConfigError

#: The teamd whose command line, protocols and documents these are.
_TEAMD_VERSION = "1.31"
#: What teamd ends with when it fails after its start.
_LOOP_FAILED = 2


def run(args: Namespace, parser: Parser) -> int:
    """Do what the command line asks; returns the exit code."""
    if args.version:
        print(_version(parser.prog))
        return DONE
    _check_usage(args, parser)
    args.run_dir = os.path.abspath(args.run_dir)
    args.teamd_run_dir = os.path.abspath(args.teamd_run_dir)
    args.pid_file = args.pid_file and os.path.abspath(args.pid_file)
    if args.do in ("kill", "running"):
        return _ask_process(args, parser)
    sources = _sources(args)
    reading = sources.read()
    code = _report(args, parser, reading)
    if code is not None:
        return code
    return DONE if args.do == "check" else _serve(args, parser, sources, reading)


def main(argv: Sequence[str] | None = None, program: str | None = None) -> int:
    """The command; returns the exit code. Under the name of teamd it is that."""
    name = os.path.basename(sys.argv[0]) if program is None else program
    teamd = name == TEAMD
    parser = build_parser(TEAMD if teamd else LACPD)
    words = sys.argv[1:] if argv is None else argv
    try:
        code = run(parser.parse_args(expand(words) if teamd else words), parser)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # Nobody reads what --version or --help says.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = BAD
    return code


def _version(program: str) -> str:
    own = f"{LACPD} {_installed() or '(not installed)'}"
    return f"{TEAMD} {_TEAMD_VERSION} ({own})" if program == TEAMD else own


def _installed() -> str:
    """The version of this program; empty when it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("lacp")
    except PackageNotFoundError:
        return ""


# What the options say together.


def _check_usage(args: Namespace, parser: Parser) -> None:
    """End with one line when they contradict each other; fill in what they leave open."""
    teamd = parser.prog == TEAMD
    if teamd:
        args.config_dir = None
        # The last one counts.
        args.files = args.files[-1:]
    if args.zmq is not None:
        parser.error("-Z: there is no ZeroMQ interface, but teamd's socket (-U) and D-Bus (-D)")
    nothing = not (args.files or args.config_dir or args.config is not None)
    if nothing and not teamd and args.device is None:
        parser.error("nothing to run: expected -f FILE, --config-dir DIR, -c TEXT or -t NAME")
    if args.config is not None and args.files:
        complain(parser.prog, "-c is given: ignoring -f", DONE)
        args.files = []
    one = not args.config_dir and len(args.files) + (args.config is not None) <= 1
    for option, given in (
        ("-t", args.device is not None),
        ("-p", args.pid_file is not None),
        ("-k and -e", args.do in ("kill", "running")),
    ):
        if given and not one:
            are = "are" if " " in option else "is"
            parser.error(f"{option} {are} for one team, not for several")
    if args.take_over and args.force_recreate:
        complain(parser.prog, "-o is given: ignoring -r", DONE)
        args.force_recreate = False
    if args.device is not None and not _name_is_good(args.device):
        parser.error(f"-t: {args.device!r} cannot be the name of a team")
    if nothing:
        args.config = "{}"


def _name_is_good(name: str) -> bool:
    from lacp.config.teamd import valid_name

    return valid_name(name)


def _options(args: Namespace) -> Options:
    from lacp.daemon.options import Options

    return Options(
        run_dir=args.run_dir,
        teamd_run_dir=args.teamd_run_dir,
        dataplane=args.dataplane,
        pid_file=args.pid_file,
        take_over=args.take_over,
        recreate=args.force_recreate,
        keep=args.no_quit_destroy,
        no_ports=args.no_ports,
        usock=args.usock,
        dbus=args.dbus,
        daemonized=args.daemonize,
        debug_level=args.debug,
        metrics=args.metrics,
    )


# Configurations.


def _sources(args: Namespace) -> Sources:
    from lacp.cli.running import owner
    from lacp.daemon.sources import Sources

    options = _options(args)
    return Sources(
        # Absolute, for a daemon in the background stands elsewhere when it reads them again.
        files=tuple(os.path.abspath(path) if args.daemonize else path for path in args.files),
        directory=args.config_dir and os.path.abspath(args.config_dir),
        text=args.config,
        device=args.device,
        in_use=lambda name: owner(options, name) is not None or _exists(name),
    )


def _report(args: Namespace, parser: Parser, reading: Reading) -> int | None:
    """Complain of what is wrong with the configurations; the exit code, None to go on.

    What is wrong with one team does not stop the others.
    """
    from lacp.config.document import UnreadableError

    def severity(error: ConfigError) -> int:
        unreadable = isinstance(error, UnreadableError) and parser.prog != TEAMD
        return BAD_USAGE if unreadable else BAD

    for warning in reading.warnings:
        complain(parser.prog, warning, DONE)
    for wrong in (*map(str, reading.errors.values()), *reading.refused):
        complain(parser.prog, wrong, BAD)
    if not reading.configs and not reading.errors:
        return complain(parser.prog, f"{args.config_dir}: found no *.conf, expected some", BAD)
    codes = [severity(error) for error in reading.errors.values()] + [BAD] * bool(reading.refused)
    fatal = args.do == "check" or not reading.configs
    return max(codes) if codes and fatal else None


# The daemon that runs already.


def _ask_process(args: Namespace, parser: Parser) -> int:
    """``-e`` and ``-k``."""
    from lacp.cli.running import configured_name, kill, owner
    from lacp.errors import LacpError

    teamd = parser.prog == TEAMD
    try:
        name = args.device or configured_name(args.files, args.config)
    except LacpError as error:
        return complain(parser.prog, str(error), BAD if teamd else BAD_USAGE)
    if name is None:
        return complain(parser.prog, "found no name of a team, expected -t NAME or `device`", BAD)
    options = _options(args)
    pid = owner(options, name)
    if pid is None:
        if teamd:
            if args.do == "kill":
                print("Daemon not running", file=sys.stderr)
            return BAD
        return complain(parser.prog, f"no lacpd runs {name}", BAD)
    if args.do == "running":
        return DONE
    try:
        kill(options, name, pid, lambda said: complain(parser.prog, said, DONE))
    except LacpError as error:
        return complain(parser.prog, str(error), BAD)
    return DONE


# The daemon itself.


def _serve(args: Namespace, parser: Parser, sources: Sources, reading: Reading) -> int:
    import logging

    from lacp.daemon.process.background import Parent, daemonize
    from lacp.daemon.process.limits import allow_descriptors
    from lacp.daemon.process.logs import logging_to
    from lacp.errors import LacpError

    log = logging.getLogger("lacp.cli")

    def nothing() -> None:
        pass

    teamd = parser.prog == TEAMD
    try:
        told = daemonize() if args.daemonize else nothing
    except Parent as parent:
        return parent.code
    running = False

    def started() -> None:
        nonlocal running
        running = True
        # What teams are made of stays: to look for garbage among it again and again takes tens of
        # milliseconds, in which nothing else is done.
        gc.collect()
        gc.freeze()
        if teamd:
            log.info("%s successfully started.", _TEAMD_VERSION)
        told()

    verbose = args.debug or any(config.debug_level > 0 for config in reading.configs.values())
    level = args.log_level or ("debug" if verbose else "info")
    output = _log_output(args, teamd)
    # Under the name that those who search the log for one team know.
    ident = f"{TEAMD}_{next(iter(reading.configs))}" if teamd else LACPD
    try:
        with logging_to(output, args.log_format, level, ident):
            import asyncio

            allow_descriptors(len(reading.configs))
            interrupted = asyncio.run(_drive(_options(args), sources, reading, started))
    except LacpError as error:
        return complain(parser.prog, str(error), _LOOP_FAILED if teamd and running else BAD)
    return INTERRUPTED if interrupted and not teamd else DONE


def _log_output(args: Namespace, teamd: bool) -> str:
    """Where the log goes. Only an output that lacpd was given as an option must be there."""
    from lacp.daemon.process.logs import default_output

    asked = args.log_output or os.environ.get("TEAM_LOG_OUTPUT")
    if asked not in OUTPUTS:
        return default_output(args.daemonize)
    if asked == "syslog" and (teamd or args.log_output is None):
        return default_output(background=True)
    return str(asked)


async def _drive(
    options: Options, sources: Sources, reading: Reading, started: Callable[[], None]
) -> bool:
    """Run until told to end; whether SIGINT told."""
    from lacp.backends.packet import PacketBackend
    from lacp.daemon.host import this_host
    from lacp.daemon.loop import Loop, monotonic_clock
    from lacp.daemon.service import Service

    clock = monotonic_clock()
    with PacketBackend() as backend, this_host() as host:
        service = Service(backend, sources, clock, options, host=host)
        loop = Loop(service)
        # An address that cannot be had is told before anything is done to a device.
        with nullcontext() if options.metrics is None else _served(service, options.metrics):
            service.start(reading.configs, clock.now())
            try:
                await loop.run(started)
            finally:
                gc.unfreeze()
        return loop.interrupted


@contextmanager
def _served(service: Service, where: Address) -> Iterator[None]:
    """The metrics of a service, at an address. Raises BackendError when it cannot be had."""
    from lacp.daemon.metrics.address import listen
    from lacp.daemon.metrics.endpoint import Endpoint
    from lacp.daemon.metrics.teams import itself, observe

    version = _installed()
    endpoint = Endpoint(listen(where), lambda: observe(service), lambda: itself(service, version))
    with closing(endpoint):
        yield


def _exists(name: str) -> bool:
    """Whether there is an interface of this name."""
    from lacp.daemon.host import this_host

    with this_host() as host:
        return host.ifindex(name) is not None


if __name__ == "__main__":
    sys.exit(main())
