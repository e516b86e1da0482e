"""The public names: imported when they are used, and exactly what a type checker sees."""

import ast
import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import lacp

#: Name and module, as the imports for type checkers have them.
DECLARED = {
    alias.name: node.module
    for node in ast.walk(ast.parse(Path(lacp.__file__).read_text()))
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lacp.")
    for alias in node.names
}


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_what_is_declared_is_what_is_public() -> None:
    assert sorted(DECLARED) == sorted(lacp.__all__)
    assert len(set(lacp.__all__)) == len(lacp.__all__)


@pytest.mark.parametrize("name", lacp.__all__)
def test_a_public_name_is_what_its_module_has(name: str) -> None:
    home = importlib.import_module(DECLARED[name] or "")
    assert getattr(lacp, name) is getattr(home, name)
    assert name in dir(lacp)


def test_a_star_brings_every_name() -> None:
    names = python("from lacp import *; print(*sorted(n for n in dir() if n[0] != '_'))").split()
    assert names == sorted(lacp.__all__)


def test_what_is_not_there_is_said_as_python_says_it() -> None:
    absent = "Nothing"
    with pytest.raises(AttributeError, match="module 'lacp' has no attribute 'Nothing'"):
        getattr(lacp, absent)
    # A module below is still found by its name.
    assert python("from lacp import text; print(text.count(2, 'port'))") == "2 ports"


def test_a_name_is_looked_up_once() -> None:
    found = "import lacp; lacp.Mac; print('Mac' in vars(lacp), 'Link' in vars(lacp))"
    assert python(found) == "True False"


def test_values_travel_by_pickle() -> None:
    assert pickle.loads(pickle.dumps(lacp.Mac(bytes(6)))) == lacp.Mac(bytes(6))


def test_importing_lacp_costs_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import lacp; "
        "print(*sorted(set(sys.modules) - before))"
    )
    assert python(code) == "lacp"
