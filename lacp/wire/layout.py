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
        """The octets of `fields`; raises UsageError, with the field, when a number does not fit."""
        payload: bytes
        try:
            payload = self._compiled.build(fields)
        except struct.error:
            # Compiled code does not say which field it was; the interpreted layout does.
            from construct import ConstructError

            try:
                payload = self._declare().build(fields)
            except ConstructError as error:
                why = " ".join(str(error).split())
                raise UsageError(f"{self._name} does not encode: {why}") from None
        return payload

    def prepare(self) -> None:
        """Do now what else the first frame would wait for."""
        _ = self._compiled

    @cached_property
    def _compiled(self) -> Any:
        return self._declare().compile()
