"""The terminal of `lacpctl watch`: pages, keys, signals, and how it was before."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from queue import SimpleQueue
from time import monotonic
from types import FrameType
from typing import NoReturn

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from lacp.cli.live.choice import Choice, keys
from lacp.cli.live.looking import Looker, RemoteLooker, Sight
from lacp.cli.live.memory import Memory
from lacp.cli.live.page import Line, page
from lacp.cli.moments import time_of_day
from lacp.cli.remote import command, without_hosts
from lacp.picture.model import LagView

#: What colours mean here, as in `lacp.cli.output`.
_STYLES = {"good": "green", "warn": "yellow", "bad": "red", "dim": "dim", "bold": "bold"}


class _EndedError(BaseException):
    """A signal that ends the program; its number is the argument."""


def run(args: Namespace) -> None:
    """Show the live table until somebody ends it. The terminal is then as it was before.

    A signal that ends it does so after that. Raises KeyboardInterrupt for ^C.
    """
    try:
        with ExitStack() as stack:
            _Table(args, stack).run()
    except _EndedError as ended:
        number = ended.args[0]
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


class _Table:
    def __init__(self, args: Namespace, stack: ExitStack) -> None:
        self._args = args
        self._memory = Memory()
        #: By the host as it was asked for.
        self._sights: dict[str, Sight] = {}
        self._came: SimpleQueue[Sight] = SimpleQueue()
        self._choice = Choice()
        self._title = "..."
        # What LINES says was so when the shell began; the terminal knows its height now.
        environ = {name: value for name, value in os.environ.items() if name != "LINES"}
        self._console = Console(highlight=False, _environ=environ)
        self._live: Live | None = None
        self._stopped = False
        read, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        stack.callback(os.close, self._wake)
        stack.callback(os.close, read)
        self._woken = read
        self._stack = stack

    def run(self) -> None:
        self._stack.enter_context(_signals(self._wake, self._suspend))
        self._stack.callback(self._leave)
        self._enter()
        for looker in self._lookers():
            looker.start()
            self._stack.callback(looker.stop)
        ready = [self._woken, *([sys.stdin] if sys.stdin.isatty() else [])]
        while not self._choice.over:
            found, _, _ = select.select(ready, [], [])
            if sys.stdin in found:
                self._type()
            if self._woken in found:
                with suppress(BlockingIOError):
                    os.read(self._woken, 4096)
            if self._stopped:
                self._pause()
            self._take()
            self._draw()

    def _lookers(self) -> list[Looker]:
        """One for this host, or for each of the others."""
        if not self._args.host:
            return [Looker(self._args, self._came, self._wake)]
        words = [*without_hosts(self._args.words[1:]), "--json"]
        return [
            RemoteLooker(host, command(host, words), self._args, self._came, self._wake)
            for host in self._args.host
        ]

    def _take(self) -> None:
        """What was seen since the last drawing; the last sight of each host counts."""
        if self._came.empty():
            return
        while not self._came.empty():
            sight = self._came.get()
            if sight.failure is not None:
                raise sight.failure
            self._sights[sight.asked] = sight
        sights = self._sights.values()
        lags = [_of_host(lag, sight.asked) for sight in sights for lag in sight.lags]
        complaints = [each for sight in sights for each in sight.complaints]
        self._memory.look(lags, complaints, monotonic())
        hosts = ", ".join(sight.host or sight.asked for sight in sights)
        self._title = f"{hosts}  {time_of_day(sight.time)[:8]}"

    def _type(self) -> None:
        typed = os.read(sys.stdin.fileno(), 1024)
        if not typed:
            # The terminal is gone.
            raise _EndedError(signal.SIGHUP)
        height = self._console.size.height
        for key in keys(typed.decode("utf-8", "replace")):
            self._choice.press(key, max(1, height - 4))

    def _draw(self) -> None:
        assert self._live is not None
        width, height = self._console.size
        lines = page(self._memory, self._choice, self._title, width, height)
        self._live.update(Group(*map(_text, lines)), refresh=True)

    def _enter(self) -> None:
        """Take the terminal."""
        self._typing = ExitStack()
        if sys.stdin.isatty():
            self._typing.enter_context(_keys_at_once(sys.stdin.fileno()))
        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def _leave(self) -> None:
        """Give the terminal back, as far as it is still there."""
        live, self._live = self._live, None
        with suppress(OSError, termios.error):
            if live is not None:
                live.stop()
        with suppress(OSError, termios.error):
            self._typing.close()

    def _suspend(self) -> None:
        self._stopped = True

    def _pause(self) -> None:
        """^Z: give the terminal back, stop, and take it again."""
        self._stopped = False
        self._leave()
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)
        self._enter()


def _of_host(lag: LagView, host: str) -> LagView:
    """The LAG under the name of its host as well."""
    return replace(lag, name=f"{host} {lag.name}") if host else lag


def _text(line: Line) -> Text:
    text = Text(no_wrap=True, overflow="crop")
    for cell in line:
        text.append(cell.text, _STYLES.get(cell.style))
    return text


@contextmanager
def _keys_at_once(terminal: int) -> Iterator[None]:
    """Keys come as they are pressed, and are not shown."""
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@contextmanager
def _signals(wake: int, suspend: object) -> Iterator[None]:
    """A signal wakes the loop; one that ends the program does so by way of the exit."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise _EndedError(number)

    def stop(number: int, frame: FrameType | None) -> None:
        assert callable(suspend)
        suspend()

    def nothing(number: int, frame: FrameType | None) -> None:
        """The octet in the pipe is all."""

    handlers = {signal.SIGTERM: end, signal.SIGHUP: end, signal.SIGQUIT: end}
    taken = {**handlers, signal.SIGTSTP: stop, signal.SIGWINCH: nothing, signal.SIGCONT: nothing}
    before = {number: signal.signal(number, handler) for number, handler in taken.items()}
    waker = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(waker)
        for number, handler in before.items():
            signal.signal(number, handler)
