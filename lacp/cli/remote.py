"""Looking at other hosts: `--host` runs the same command there, by the system's ssh."""

from __future__ import annotations

import json
import os
import queue
import shlex
import subprocess
import threading
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from lacp.cli.command import PROGRAM, Failure
from lacp.cli.common import BAD, BAD_USAGE, DONE, complain
from lacp.cli.output import Screen
from lacp.text import plain

#: Commands that go on until they are interrupted.
_LIVE = frozenset({"watch", "monitor"})
#: What a shell says when there is no such program, and ssh when it does not get there.
_NO_PROGRAM, _NO_WAY = 127, 255
#: By itself ssh tries for minutes to get to a host that is gone, and never notices that one goes.
_PATIENCE = ("-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5")
#: Hosts that are asked at a time.
_AT_A_TIME = 16
#: Characters of an answer; thousands of ports fit.
_MOST = 64 << 20
#: Lines of streams that wait to be printed.
_WAITING = 1000


@dataclass(frozen=True, slots=True)
class _Said:
    """What came of the command on a host."""

    code: int
    out: str
    err: str


def elsewhere(args: Namespace, screen: Screen) -> int:
    """Run the command line on each host instead of here; returns the exit code.

    That is the one of the host, the highest one of several. Raises Failure.
    """
    hosts: list[str] = args.host
    for host in hosts:
        if (
            not host
            or host.startswith("-")
            or not host.isprintable()
            or any(map(str.isspace, host))
        ):
            raise Failure(f"--host: found {plain(host)!r}, expected USER@HOST", BAD_USAGE)
    words = without_hosts(args.words[1:])
    if args.command not in _LIVE:
        return _once(hosts, words, args.json, screen)
    if len(hosts) == 1:
        return _handed_over(hosts[0], words, screen)
    if args.command == "watch" and screen.live and not args.json:
        from lacp.cli.live import terminal

        terminal.run(args)
        return DONE
    return _streams(hosts, words, args.json, screen)


def without_hosts(words: Sequence[str]) -> list[str]:
    """The command line without `--host` and its values."""
    left: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            left.append(word)
            left.extend(rest)
        elif word == "--host":
            next(rest, None)
        elif not word.startswith("--host="):
            left.append(word)
    return left


def command(
    host: str, words: Sequence[str], *, width: int | None = None, terminal: bool = False
) -> list[str]:
    """The command line of ssh. The shell at the other end reads the last word of it."""
    # ssh does not say over there how wide the text may be.
    wide = [] if width is None else ["env", f"COLUMNS={width}"]
    said = shlex.join([*wide, PROGRAM, *words])
    return ["ssh", *_PATIENCE, *(["-t"] if terminal else []), "--", host, said]


def _once(hosts: Sequence[str], words: Sequence[str], as_json: bool, screen: Screen) -> int:
    """A command that ends: the hosts are asked at once, and stand one below the other."""
    codes = [DONE]
    running = _Running()
    with ThreadPoolExecutor(_AT_A_TIME) as pool, running:
        answers = pool.map(lambda host: _ask(host, words, screen, running), hosts)
        for number, (host, said) in enumerate(zip(hosts, answers, strict=True)):
            if len(hosts) > 1 and not as_json:
                if number:
                    screen.line()
                screen.line(screen.paint("title", f"{host}:"))
            # One host's document is as it came; several are one per line.
            lines = [_compact(said.out)] if as_json and len(hosts) > 1 else said.out.splitlines()
            for line in filter(None, lines) if as_json else lines:
                screen.line(plain(line))
            codes.append(_complaints(host, said, label=len(hosts) > 1))
    return max(codes)


class _Running:
    """What is asked at the moment: ended when the one who asked is, who else would wait for it."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        self._over = False

    def note(self, process: subprocess.Popen[str]) -> None:
        """One that has begun."""
        self._processes.append(process)
        if self._over:
            process.terminate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        for process in self._processes:
            process.terminate()


def _ask(host: str, words: Sequence[str], screen: Screen, running: _Running) -> _Said:
    errors: list[str] = []
    with _begun(host, words, screen, subprocess.PIPE) as process:
        running.note(process)

        def listen() -> None:
            assert process.stderr is not None
            errors.append(process.stderr.read(_MOST))
            _end_of(process, errors[0])

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        assert process.stdout is not None
        out = process.stdout.read(_MOST)
        _end_of(process, out)
        thread.join()
    return _Said(process.returncode, out, errors[0])


def _end_of(process: subprocess.Popen[str], said: str) -> None:
    """Listen no more to a host that does not stop."""
    if len(said) >= _MOST:
        process.kill()


def _complaints(host: str, said: _Said, *, label: bool) -> int:
    """Hand on what the host has to complain of; returns the exit code."""
    lines = [line for line in said.err.splitlines() if line.strip()]
    if said.code in (_NO_PROGRAM, _NO_WAY) or said.code < 0:
        return complain(PROGRAM, _why(host, said.code, lines), BAD)
    for line in lines:
        its = line.removeprefix(f"{PROGRAM}: ")
        complain(PROGRAM, f"{host}: {its}" if label else its, said.code)
    return said.code


def _why(host: str, code: int, lines: Sequence[str] = ()) -> str:
    if code == _NO_PROGRAM:
        return f"{host}: there is no {PROGRAM} in the PATH of a command that ssh runs there"
    if code < 0:
        return f"{host}: ssh was ended by signal {-code}"
    last = lines[-1].strip() if lines else "no connection"
    return f"{host}: {last if last.startswith('ssh: ') else f'ssh: {last}'}"


def _compact(out: str) -> str:
    """A document on one line; what is none is not handed on."""
    try:
        return json.dumps(json.loads(out), separators=(", ", ": "))
    except (ValueError, RecursionError):
        return ""


def _handed_over(host: str, words: Sequence[str], screen: Screen) -> int:
    """A command that goes on, with the terminal for its own."""
    try:
        code = subprocess.run(command(host, words, terminal=screen.live), check=False).returncode
    except OSError as error:
        raise _no_ssh(error) from None
    if code in (_NO_PROGRAM, _NO_WAY) or code < 0:
        return complain(PROGRAM, _why(host, code), BAD)
    return code


def _streams(hosts: Sequence[str], words: Sequence[str], as_json: bool, screen: Screen) -> int:
    """Commands that go on, on several hosts: each line says where it is from."""
    # Whoever reads may go away, which is not for the threads to be told.
    said: queue.Queue[tuple[str, str | int]] = queue.Queue(_WAITING)

    def follow(host: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        # A line without an end is none.
        for line in iter(partial(process.stdout.readline, _MOST), ""):
            said.put((host, line.rstrip("\n")))
        said.put((host, process.wait()))

    processes: list[subprocess.Popen[str]] = []
    try:
        for host in hosts:
            processes.append(_begun(host, words, screen))
            pair = host, processes[-1]
            threading.Thread(target=follow, args=pair, daemon=True).start()
        codes: list[int] = []
        while len(codes) < len(hosts):
            host, what = said.get()
            if isinstance(what, str):
                screen.line(_labelled(host, what, as_json))
            elif what in (_NO_PROGRAM, _NO_WAY) or what < 0:
                codes.append(complain(PROGRAM, _why(host, what), BAD))
            else:
                codes.append(what)
        return max(codes)
    finally:
        for process in processes:
            process.terminate()


def _begun(
    host: str, words: Sequence[str], screen: Screen, errors: int | None = None
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command(host, words, width=screen.width),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise _no_ssh(error) from None


def _labelled(host: str, line: str, as_json: bool) -> str:
    if not as_json:
        return f"{host}: {plain(line)}"
    try:
        found = json.loads(line)
        if isinstance(found, dict):
            # Python reads a little deeper than it writes.
            return _one_line({"host": host, **found})
    except (ValueError, RecursionError):
        pass
    return _one_line({"host": host, "error": plain(line)})


def _one_line(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(", ", ": "))


def _no_ssh(error: OSError) -> Failure:
    path = os.environ.get("PATH", "")
    if isinstance(error, FileNotFoundError):
        return Failure(f"--host: no ssh in {path or 'an empty PATH'}")
    return Failure(f"--host: ssh: {error.strerror}")
