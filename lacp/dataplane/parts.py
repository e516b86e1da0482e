"""A part of a package without the rest of it: pyroute2's declarations cost a tenth of pyroute2."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType


def part(package: str, name: str) -> ModuleType:
    """Import a module of a package whose own file imports everything that there is.

    The package stands empty meanwhile; whoever imports it later finds all of it. A part that needs
    more than other parts is imported as usual.
    """
    whole = f"{package}.{name}"
    if package not in sys.modules and (spec := importlib.util.find_spec(package)) is not None:
        sys.modules[package] = importlib.util.module_from_spec(spec)
        try:
            return importlib.import_module(whole)
        except ImportError:
            pass
        finally:
            del sys.modules[package]
    return importlib.import_module(whole)
