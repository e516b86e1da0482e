"""The methods that teamd's clients call, over the Unix socket and D-Bus alike (teamd_ctl.c).

Codes and messages of errors are teamd's to the letter. Its messages say little, so what is wrong
goes to the log.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from lacp.config.document import Document
from lacp.config.dump import text
from lacp.daemon.teamd import items
from lacp.errors import LacpError

log = logging.getLogger("lacp.daemon")

_INTEGER = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]+")
_INT_MAX = 0x7FFFFFFF


class MethodError(LacpError):
    """The method failed; the client is told a code and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Subject(Protocol):
    """The team that is asked about and changed. What it refuses is a LacpError."""

    name: str

    @property
    def ports(self) -> Collection[str]:
        """The names of the ports that it has now."""

    def exists(self, interface: str) -> bool:
        """Whether there is a network interface of this name."""

    def config(self) -> str:
        """The configuration as a text."""

    def actual_config(self) -> str:
        """The configuration as a text, of the ports only those that it has now."""

    def port_config(self, port: str) -> str:
        """What the configuration says of one port, as a text."""

    def state(self) -> Document:
        """The document of `StateDump`."""

    def add_port(self, port: str) -> None:
        """Make an interface a port."""

    def remove_port(self, port: str) -> None:
        """Let go of a port."""

    def update_port_config(self, port: str, text: str) -> None:
        """Replace what the configuration says of a port, which the team need not have."""

    def set_debug_level(self, level: int) -> None:
        """Change how much is logged."""

    def activate(self, port: str) -> None:
        """Make a port, or the aggregator that it is in, the active one."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method, with the names of its arguments, all of them strings."""

    arguments: tuple[str, ...]
    #: What it returns; None for nothing.
    result: str | None
    #: Code and message when it fails for a reason that has no code of its own.
    failure: tuple[str, str]
    call: Callable[..., str | None]


def call(subject: Subject, name: str, arguments: Sequence[str]) -> str | None:
    """Call the method of this name; more arguments than it takes are ignored.

    Raises MethodError, and KeyError when there is no such method.
    """
    method = METHODS[name]
    if len(arguments) < len(method.arguments):
        raise invalid_arguments()
    asked = " ".join([name, *(repr(argument[:64]) for argument in arguments)])
    changes = method.result is None
    if changes:
        log.info("%s: asked by a client of teamd: %s", subject.name, asked)
    try:
        return method.call(subject, *arguments[: len(method.arguments)])
    except LacpError as error:
        # Who asks for what is not there may do so each second.
        log.log(
            logging.WARNING if changes else logging.DEBUG, "%s: %s: %s", subject.name, asked, error
        )
        if isinstance(error, MethodError):
            raise
        raise MethodError(*method.failure) from error


def invalid_arguments() -> MethodError:
    """Too few arguments, or one that cannot be read."""
    return MethodError("InvalidArgs", "Did not receive correct message arguments.")


def _no_device() -> MethodError:
    return MethodError("NoSuchDev", "No such device.")


def _config_dump(subject: Subject) -> str:
    return subject.config()


def _config_dump_actual(subject: Subject) -> str:
    return subject.actual_config()


def _state_dump(subject: Subject) -> str:
    return text(subject.state())


def _state_item_value_get(subject: Subject, path: str) -> str:
    return items.text(_item(subject, path).value)


def _state_item_value_set(subject: Subject, path: str, value: str) -> None:
    keys = _item(subject, path).keys
    match keys:
        case ("setup", "debug_level"):
            subject.set_debug_level(_natural(value))
        case ("runner", "active_port"):
            _activate(subject, value)
        case ("ports", port, "runner", "aggregator", "selected"):
            if not _boolean(value):
                raise _unsupported()
            _activate(subject, port)
        case _:
            raise _unsupported()


def _item(subject: Subject, path: str) -> items.Item:
    found = items.find(subject.state(), path)
    if found is None:
        raise MethodError("PathDoesNotExist", "Item path does not exist.")
    return found


def _unsupported() -> MethodError:
    return MethodError("OpNotSupp", "Operation not supported.")


def _activate(subject: Subject, port: str) -> None:
    if port not in subject.ports:
        raise LacpError(f"{port!r} is no port of {subject.name}")
    subject.activate(port)


def _natural(text: str) -> int:
    if not _INTEGER.fullmatch(text) or not 0 <= int(text) <= _INT_MAX:
        raise LacpError(f"found {text[:40]!r}, expected an integer from 0 on")
    return int(text)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise LacpError(f"found {text[:40]!r}, expected true or false")
    return text.lower() == "true"


def _port_add(subject: Subject, port: str) -> None:
    if not subject.exists(port):
        raise _no_device()
    if port not in subject.ports:
        subject.add_port(port)


def _port_remove(subject: Subject, port: str) -> None:
    if port not in subject.ports:
        raise _no_device()
    subject.remove_port(port)


def _port_config_update(subject: Subject, port: str, text: str) -> None:
    if not subject.exists(port):
        raise _no_device()
    subject.update_port_config(port, text)


def _port_config_dump(subject: Subject, port: str) -> str:
    if not subject.exists(port):
        raise _no_device()
    if port not in subject.ports:
        raise LacpError(f"{port} is no port of {subject.name}")
    return subject.port_config(port)


_PORT = ("port_devname",)
_PATH = ("state_item_path",)
_NO_CONFIG = ("ConfigDumpFail", "Failed to dump config.")

METHODS = {
    "ConfigDump": Method((), "config", _NO_CONFIG, _config_dump),
    "ConfigDumpActual": Method(
        (), "config", ("ConfigDumpActualFail", "Failed to dump actual config."), _config_dump_actual
    ),
    "StateDump": Method((), "state", ("StateDumpFail", "Failed to dump state."), _state_dump),
    "StateItemValueGet": Method(
        _PATH, "value", ("ItemValueGetFail", "Failed to get item value."), _state_item_value_get
    ),
    "StateItemValueSet": Method(
        (*_PATH, "value"),
        None,
        ("ItemValueSetFail", "Failed to set item value."),
        _state_item_value_set,
    ),
    "PortAdd": Method(_PORT, None, ("PortAddFail", "Failed to add port."), _port_add),
    "PortRemove": Method(_PORT, None, ("PortRemoveFail", "Failed to del port."), _port_remove),
    "PortConfigUpdate": Method(
        (*_PORT, "port_config"),
        None,
        ("ConfigUpdateFail", "Failed to update config."),
        _port_config_update,
    ),
    "PortConfigDump": Method(_PORT, "config", _NO_CONFIG, _port_config_dump),
}
