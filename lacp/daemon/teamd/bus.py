"""teamd's D-Bus interface: one connection to the system bus, and one name on it, for each team.

The name is requested last: whoever waits for it, as systemd and NetworkManager do, finds a team
that runs. A bus that goes away is waited for; the team runs on meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from lacp.daemon.teamd import methods
from lacp.errors import BackendError

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus
    from dbus_fast.message import Message

log = logging.getLogger("lacp.daemon")

INTERFACE = "org.libteam.teamd"
PATH = "/org/libteam/teamd"
_INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
#: Seconds that the bus has for letting us in.
_PATIENCE = 5.0
#: Seconds before the first attempt to come back to a bus that went away, and at most before others.
_RETRY = 0.5
_RETRY_MAX = 30.0


class Bus:
    """A team on the system bus.

    `changed` is called after a method that may have changed when the team must be driven next.
    Raises BackendError for a team whose name cannot be part of a bus name.
    """

    def __init__(
        self, subject: methods.Subject, changed: Callable[[], None] = lambda: None
    ) -> None:
        from dbus_fast.validators import is_bus_name_valid

        self.subject = subject
        self.changed = changed
        self.name = f"{INTERFACE}.{subject.name}"
        if not is_bus_name_valid(self.name):
            raise BackendError(
                f"{subject.name}: no name for D-Bus: {self.name!r} cannot be a bus name, which is "
                "made of letters, digits, - and _, with no digit behind a dot"
            )
        self._bus: MessageBus | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the team has its name now."""
        return self._bus is not None and self._bus.connected

    async def open(self, patient: bool = False) -> None:
        """Take the name, and from then on take it again whenever the bus comes back.

        Raises BackendError when the bus cannot be reached or refuses the name, unless it is
        `patient` and goes on trying.
        """
        try:
            self._bus = await self._connect()
        except BackendError as error:
            if not patient:
                raise
            log.warning("%s", error)
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Give the name back."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        if self.connected and self._bus is not None:
            self._bus.disconnect()
        else:
            keeper.cancel()
        await asyncio.wait([keeper])
        self._bus = None

    # The connection.

    async def _connect(self, level: int = logging.INFO) -> MessageBus:
        from dbus_fast import BusType, NameFlag, RequestNameReply
        from dbus_fast.aio import MessageBus
        from dbus_fast.errors import DBusFastError

        name = self.subject.name
        log.log(level, "%s: taking the name %s on the system bus", name, self.name)
        try:
            async with asyncio.timeout(_PATIENCE):
                bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        except (OSError, EOFError, DBusFastError) as error:
            raise self._error("cannot reach the system bus", error) from None
        try:
            bus.add_message_handler(partial(self._handle, bus))
            async with asyncio.timeout(_PATIENCE):
                reply = await bus.request_name(self.name, NameFlag.DO_NOT_QUEUE)
        except (OSError, EOFError, DBusFastError) as error:
            await _disconnect(bus)
            raise self._error("the system bus does not give it", error) from None
        except BaseException:
            await _disconnect(bus)
            raise
        if reply is not RequestNameReply.PRIMARY_OWNER:
            await _disconnect(bus)
            raise self._error("another process has it")
        return bus

    def _error(self, what: str, why: Exception | None = None) -> BackendError:
        said = f"{self.subject.name}: D-Bus name {self.name}: {what}"
        if why is not None:
            said += f": {getattr(why, 'strerror', None) or str(why) or type(why).__name__}"
        return BackendError(said)

    async def _keep(self) -> None:
        """Wait for the end of the connection, and make another one, until `close`."""
        while True:
            if self._bus is None:
                self._bus = await self._come_back()
            await _disconnected(self._bus)
            if self._keeper is None:
                return
            log.warning("%s: the system bus went away, waiting for it", self.subject.name)
            self._bus = None

    async def _come_back(self) -> MessageBus:
        pause, said = _RETRY, ""
        while True:
            await asyncio.sleep(pause)
            try:
                # Once is enough to say what is tried again and again.
                return await self._connect(logging.DEBUG if said else logging.INFO)
            except BackendError as error:
                if str(error) != said:
                    log.warning("%s", error)
                said = str(error)
                pause = min(2 * pause, _RETRY_MAX)

    # Messages.

    def _handle(self, bus: MessageBus, message: Message) -> bool:
        """Answer a message, or leave it to the library, which knows what every object must."""
        from dbus_fast import MessageType

        if message.message_type is not MessageType.METHOD_CALL:
            return False
        if message.interface == _INTROSPECTABLE and message.member == "Introspect":
            return self._reply(bus, message, introspection(message.path or "/"))
        if message.path != PATH or message.interface not in (INTERFACE, None):
            return False
        method = methods.METHODS.get(message.member or "")
        if method is None:
            return False
        wanted = len(method.arguments)
        try:
            if message.signature[:wanted] != "s" * wanted:
                raise methods.invalid_arguments()
            result = methods.call(self.subject, message.member or "", message.body)
        except methods.MethodError as error:
            return self._fail(bus, message, error)
        finally:
            self.changed()
        return self._reply(bus, message, result)

    def _reply(self, bus: MessageBus, message: Message, result: str | None) -> bool:
        from dbus_fast.message import Message

        # No text of the bus holds half a character.
        text = [] if result is None else [result.encode(errors="replace").decode()]
        return self._send(bus, message, Message.new_method_return(message, "s" * len(text), text))

    def _fail(self, bus: MessageBus, message: Message, error: methods.MethodError) -> bool:
        from dbus_fast.message import Message

        # There is no dot in between: teamd's clients know the name as it is.
        name = f"{INTERFACE}{error.code}"
        return self._send(bus, message, Message.new_error(message, name, error.message))

    def _send(self, bus: MessageBus, message: Message, reply: Message) -> bool:
        from dbus_fast import MessageFlag

        if MessageFlag.NO_REPLY_EXPECTED not in message.flags:
            # A bus that goes away meanwhile is the keeper's business.
            bus.send(reply).add_done_callback(lambda sent: sent.exception())
        return True


async def _disconnected(bus: MessageBus) -> None:
    """Wait for the end of a connection, whatever ends it."""
    from dbus_fast.errors import DBusFastError

    with contextlib.suppress(OSError, EOFError, DBusFastError):
        # The library says no types here.
        wait: Callable[[], Awaitable[None]] = bus.wait_for_disconnect
        await wait()


async def _disconnect(bus: MessageBus) -> None:
    """End a connection."""
    if bus.connected:
        bus.disconnect()
        await _disconnected(bus)


def introspection(path: str) -> str:
    """The description of an object, or of what leads to ours (D-Bus introspection format)."""
    parts = [
        '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"',
        '"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">',
        "<node>",
    ]
    if path == PATH:
        introspect = '<method name="Introspect"><arg type="s" direction="out"/></method>'
        parts.append(f'<interface name="{_INTROSPECTABLE}">{introspect}</interface>')
        parts.append(f'<interface name="{INTERFACE}">')
        for name, method in methods.METHODS.items():
            parts.append(f'<method name="{name}">')
            parts += (f'<arg type="s" name="{a}" direction="in"/>' for a in method.arguments)
            if method.result is not None:
                parts.append(f'<arg type="s" name="{method.result}" direction="out"/>')
            parts.append("</method>")
        parts.append("</interface>")
    above = path.rstrip("/") + "/"
    if PATH.startswith(above):
        child = PATH.removeprefix(above).partition("/")[0]
        parts.append(f'<node name="{child}"/>')
    parts.append("</node>")
    return "\n".join(parts) + "\n"
