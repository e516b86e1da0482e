"""The conformance cases as data, one module for each group; how to write one is in `case`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from lacp.conformance.catalogue.case import Case

#: The groups in the order of the catalogue.
GROUPS = (
    "PDU", "RXV", "RXM", "NTT", "PER", "TX", "MUX", "SEL", "STB", "CHN", "MRK", "V2", "MGT", "ROB",
)  # fmt: skip


def _found() -> Iterator[Case]:
    for module in iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Case):
                    yield item


def _collected() -> Mapping[str, Case]:
    cases: dict[str, Case] = {}
    for item in sorted(_found(), key=lambda one: (GROUPS.index(one.group), one.number)):
        if cases.setdefault(item.id, item) is not item:
            raise ValueError(f"two cases are called {item.id}")
    return MappingProxyType(cases)


#: All cases by id, in the order of the catalogue.
CATALOGUE = _collected()
