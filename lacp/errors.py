"""Every exception of the package, by who is at fault."""


class LacpError(Exception):
    """Base of all errors of this package."""


class UsageError(LacpError):
    """The caller broke the contract: an unknown port, time going back, a value out of range."""


class ConfigError(LacpError):
    """The configuration is wrong: says file, path, what was found and what was expected."""


class BackendError(LacpError):
    """The environment refused: no such interface, no privilege, a socket that failed."""


class DecodeError(LacpError):
    """The octets are not the PDU that was asked for. Raised by the codecs alone."""


class UnknownSubtypeError(DecodeError):
    """A well-formed slow-protocol frame of a protocol that is not LACP or Marker."""


class CaptureError(LacpError):
    """No capture that can be read: says which file, what was found and what was expected."""
