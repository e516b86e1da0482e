"""A part of a package is imported without the package, if that can be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.dataplane.parts import part


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package whose own file imports all of it; forgotten afterwards."""
    name = "a_package_of_parts"
    files = {
        "__init__": f"from {name} import dear\nvalue = dear.value\n",
        "dear": "value = 7\n",
        "config": "",
        "lone": f"from {name} import config\n",
        "needy": f"from {name} import value\n",
    }
    (tmp_path / name).mkdir()
    for file, text in files.items():
        (tmp_path / name / f"{file}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield name
    for added in set(sys.modules) - before:
        if added.startswith(name):
            del sys.modules[added]


def test_the_package_is_not_imported_and_can_be_later(package: str) -> None:
    lone = part(package, "lone")
    assert lone.__name__ == f"{package}.lone"
    assert package not in sys.modules
    assert f"{package}.dear" not in sys.modules
    assert part(package, "config") is lone.config
    whole = __import__(package)
    assert whole.value == 7
    assert part(package, "lone") is lone


def test_a_part_that_needs_the_package_has_it(package: str) -> None:
    assert part(package, "needy").value == 7
    assert sys.modules[package].value == 7


def test_what_is_not_there_is_said(package: str) -> None:
    with pytest.raises(ImportError, match="no_such"):
        part(package, "no_such")
    with pytest.raises(ImportError, match="no_such_package"):
        part("no_such_package", "part")


def test_messages_are_declared_without_the_rest_of_pyroute2() -> None:
    program = """
import sys
from lacp.dataplane.links import _body
from lacp.dataplane.team.messages import get_request
body, request = _body(7, IFLA_MASTER=3), get_request(7)
assert "pyroute2" not in sys.modules and "pyroute2.ndb" not in sys.modules
from pyroute2 import IPRoute
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
assert (body, request) == (_body(7, IFLA_MASTER=3), get_request(7))
assert IPRoute and ifinfmsg
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
