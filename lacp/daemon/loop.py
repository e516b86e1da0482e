"""The asyncio shell around the service: descriptors, one timer, signals. All waiting is here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from lacp.daemon.clock import Clock
from lacp.daemon.control import Control
from lacp.daemon.files import TeamFiles
from lacp.daemon.pace import Pace
from lacp.daemon.process import notify
from lacp.daemon.resolver import Resolver
from lacp.daemon.service import Service
from lacp.daemon.team.member import Member
from lacp.daemon.team.team import Team
from lacp.daemon.teamd.endpoints import Endpoints
from lacp.errors import BackendError
from lacp.watch.base import Resolve
from lacp.watch.hosts import Host
from lacp.wire import lacpdu

log = logging.getLogger("lacp.daemon")

#: Seconds that LACPDUs which the rate limit holds back may delay the end.
FAREWELL = 1.0


def monotonic_clock() -> Clock:
    """The clock of real life."""
    return Clock(time.monotonic, time.time)


def _log_bug(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception that nobody expected: say where, and go on."""
    log.error("this is a bug: %s", context["message"], exc_info=context.get("exception"))


class Loop:
    """Runs a service until it is told to stop."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._driver = service.driver
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed: float | None = None
        #: What to wait on: of the backend (no team), and of the devices that teams have.
        self._descriptors: dict[int, Team | None] = {}
        #: Of these, those that are not put off when the process wakes up too often.
        self._urgent: set[int] = set()
        self._pace = Pace()
        #: Until when frames and timers are put off.
        self._put_off: float | None = None
        self._resolver = Resolver(self._loop)
        self._controls: dict[Team, Control] = {}
        self._endpoints: dict[Team, Endpoints] = {}
        #: Names on D-Bus that are being given back.
        self._farewells: set[asyncio.Task[None]] = set()
        #: Whether SIGINT was what ended `run`.
        self.interrupted = False
        self._closed = False
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        service.opened = self._opened
        service.closed = self._closed_team
        service.deserted = self.stop
        self._driver.resolve_with(self._resolve)

    async def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Drive the started service until SIGTERM, SIGINT or SIGQUIT, then quit orderly.

        `started` is called when everything runs. Raises BackendError when teams are to be on D-Bus
        and none of them can.
        """
        stops = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
        for number in stops:
            self._loop.add_signal_handler(number, self._signalled, number)
        self._loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        self._loop.set_exception_handler(_log_bug)
        self._descriptors |= dict.fromkeys(self._driver.backend.filenos())
        self._urgent |= set(self._driver.backend.urgent())
        for descriptor in self._descriptors:
            self._listen(descriptor)
        try:
            self._poll()
            for team in self._driver.teams.values():
                self.service.save(team)
            await self._publish()
            if any(team.runner.name == "lacp" for team in self._driver.teams.values()):
                lacpdu.prepare()
            started()
            notify.ready()
            log.info("running %s", ", ".join(self._driver.teams) or "no team")
            reloads = asyncio.create_task(self._serve_reloads())
            await self._stop.wait()
            reloads.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reloads
            await self._quit()
        finally:
            self._closed = True
            for descriptor in self._descriptors:
                self._loop.remove_reader(descriptor)
            self._disarm()
            self.service.close()
            self._driver.tell_all()
            await self._until(lambda: not self._farewells)
            for number in (*stops, signal.SIGHUP):
                self._loop.remove_signal_handler(number)

    def _signalled(self, number: signal.Signals) -> None:
        self.interrupted = number is signal.SIGINT
        self._stop.set()

    def stop(self) -> None:
        """End `run`, as SIGTERM does."""
        self._stop.set()

    def reload(self) -> None:
        """Read the configurations again, as SIGHUP does."""
        self._reload.set()

    # Driving.

    def _poll(self) -> None:
        now = self.service.clock.now()
        busy = True
        try:
            busy = self._driver.poll(now)
        finally:
            # Whatever went wrong with one port, the timers of the others go on.
            if self._driver.behind:
                self._wait(now)
            else:
                self._wait(self._pace.woke(now) if busy else None)

    def _wait(self, put_off: float | None) -> None:
        """Wait for the next deadline and for descriptors, till `put_off` only for urgent ones."""
        if (put_off is None) is not (self._put_off is None):
            for descriptor in self._descriptors.keys() - self._urgent:
                if put_off is None:
                    self._listen(descriptor)
                else:
                    self._loop.remove_reader(descriptor)
        self._put_off = put_off
        self._arm()

    def _arm(self) -> None:
        """Arm the timer for the next look, if it is another one."""
        put_off = self._put_off
        deadline = self._driver.next_deadline() if put_off is None else put_off
        if deadline == self._armed and self._timer is not None:
            return
        self._disarm()
        if deadline is not None:
            self._armed = deadline
            delay = max(0.0, deadline - self.service.clock.now())
            self._timer = self._loop.call_later(delay, self._expired)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._armed = None

    def _expired(self) -> None:
        self._timer = self._armed = None
        self._poll()

    def _listen(self, descriptor: int) -> None:
        self._loop.add_reader(descriptor, self._heard, self._descriptors[descriptor])

    def _heard(self, team: Team | None) -> None:
        if team is not None:
            self._driver.speaks(team)
        self._poll()

    def _resolve(self, member: Member, wanted: Resolve) -> None:
        """Find the address that a link watcher needs."""
        watch = member.watch

        def found(host: Host, address: str | None) -> None:
            if self._closed or member.watch is not watch:
                return
            now = self.service.clock.now()
            watch.resolved(host, address, now)
            member.team.stirred[member] = None
            if self._driver.owner(member.name) is member.team:
                self._driver.touched(member.team, now)
                self._arm()

        self._resolver.look_up(wanted.host, found)

    # Orders.

    async def _serve_reloads(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            log.info("reading the configuration again")
            notify.reloading()
            reload = self.service.begin_reload(self.service.clock.now())
            self._arm()
            await self._until(partial(self.service.reload_quiet, reload))
            self.service.finish_reload(reload, self.service.clock.now())
            self._arm()
            for endpoints in tuple(self._endpoints.values()):
                await endpoints.publish(patient=True)
            notify.ready()

    async def _publish(self) -> None:
        """Take the names on D-Bus; a team that cannot have its own is stopped."""
        every = tuple(self._endpoints.values())
        errors: list[BackendError] = []
        for endpoints, publishing in [(e, asyncio.create_task(e.publish())) for e in every]:
            try:
                await publishing
            except BackendError as error:
                errors.append(error)
                if len(every) > 1:
                    log.error("%s", error)
                if endpoints.team in self._endpoints:
                    self.service.stop_team(endpoints.team, self.service.clock.now())
        if errors and not self._endpoints:
            raise errors[0]

    async def _quit(self) -> None:
        notify.stopping()
        log.info("quitting")
        self.service.withdraw(self.service.clock.now())
        self._arm()
        await self._until(self.service.quiet)

    async def _until(self, done: Callable[[], bool]) -> None:
        """Wait until it is so, but not for ever."""
        end = self._loop.time() + FAREWELL
        while not done() and self._loop.time() < end:
            await asyncio.sleep(0.01)

    def _opened(self, team: Team, files: TeamFiles) -> None:
        control = Control(self.service, team, files.socket, self._arm)
        try:
            self._endpoints[team] = Endpoints(self.service, team, self._arm)
        except BaseException:
            control.close()
            raise
        self._controls[team] = control
        for descriptor in team.dataplane.filenos():
            self._descriptors[descriptor] = team
            self._urgent.add(descriptor)
            self._listen(descriptor)

    def _closed_team(self, team: Team) -> None:
        for descriptor in [fd for fd, owner in self._descriptors.items() if owner is team]:
            del self._descriptors[descriptor]
            self._urgent.discard(descriptor)
            self._loop.remove_reader(descriptor)
        control = self._controls.pop(team, None)
        if control is not None:
            control.close()
        endpoints = self._endpoints.pop(team, None)
        if endpoints is not None:
            endpoints.close()
            farewell = self._loop.create_task(endpoints.withdraw())
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)
