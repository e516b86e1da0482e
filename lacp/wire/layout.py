"""What the codecs share: where a payload begins, and layouts that cost nothing until used."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from lacp.errors import UsageError

#: Octets of destination, source and EtherType, after which the payload begins.
HEADER = 14


class Layout:
    """A flat `construct.Struct`, compiled: a nested one costs twice, an interpreted one six times.

    Importing construct and compiling take some 80 ms, so both wait for the first frame: a command
    that sees none does not pay.
    """

    def __init__(self, name: str, declare: Callable[[], Any]) -> None:
        self._name = name
        self._declare = declare

    def parse(self, payload: bytes) -> Mapping[str, Any]:
        """The fields of `payload`, which must hold all of them: compiled code does not check."""
        fields: Mapping[str, Any] = self._compiled.parse(payload)
        return fields

    def build(self, fields: Mapping[str, Any]) -> bytes:
        """The octets of `fields`; raises UsageError when a number does not fit."""
        try:
            payload: bytes = self._compiled.build(fields)
        except struct.error:
            raise UsageError(f"{self._name} does not encode: {self._misfit(fields)}") from None
        return payload

    @cached_property
    def _compiled(self) -> Any:
        return self._declare().compile()

    def _misfit(self, fields: Mapping[str, Any]) -> str:
        """Which field does not fit: the interpreted layout can tell, the compiled one cannot."""
        from construct import ConstructError

        try:
            self._declare().build(fields)
        except ConstructError as error:
            return " ".join(str(error).split())
        raise AssertionError("the interpreted layout took what the compiled one refused")
