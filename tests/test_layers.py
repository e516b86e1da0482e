"""Who may import whom, read from the imports themselves.

Only what exists is checked, but a package without a rule here is a finding: whoever adds one says
first where it stands. Values are at the bottom and open to all; arrows point down only.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(path.relative_to(ROOT) for path in (ROOT / "lacp").rglob("*.py"))

VALUES = frozenset({"errors", "address", "info", "link", "text", "rundir"})
ENGINE = frozenset({"wire", "protocol", "runners", "watch", "txhash", "config"})
BLOCKING = frozenset({"backends", "dataplane", "daemon", "inspect", "netlink", "cli"})

MAY_IMPORT: dict[str, frozenset[str]] = {
    **dict.fromkeys(VALUES, VALUES),
    "wire": VALUES,
    "protocol": VALUES | {"wire", "picture"},
    "runners": VALUES | {"wire", "protocol"},
    "watch": VALUES,
    "txhash": VALUES,
    "config": VALUES | {"watch"},
    "backends": VALUES | {"netlink"},
    "dataplane": VALUES | {"txhash", "netlink"},
    "picture": VALUES,
    "inspect": VALUES | {"netlink", "picture"},
    "netlink": VALUES | {"txhash"},
    "capture": VALUES,
    "sim": VALUES | {"wire", "protocol", "runners", "watch"},
    "conformance": VALUES | {"wire", "capture", "protocol"},
    "daemon": VALUES | ENGINE | {"backends", "dataplane", "netlink", "picture"},
    "cli": VALUES | ENGINE | BLOCKING | {"capture", "sim", "conformance", "picture"},
    "__init__": VALUES | ENGINE,
    "__main__": frozenset({"cli"}),
}

# The world outside: only where blocking is the job.
# fmt: off
OUTSIDE = frozenset({
    "asyncio", "multiprocessing", "pyroute2", "sched", "select", "selectors", "signal", "socket",
    "socketserver", "ssl", "subprocess", "threading", "time",
})
# fmt: on
#: What takes tenths of a second to import.
DEAR = frozenset({"dbus_fast", "pyroute2"})
#: Libraries that one module uses, which is imported itself only when it is needed.
USED_IN = {"prometheus_client": "lacp/daemon/metrics/exposition.py"}
UNSEEDED = frozenset({"secrets", "uuid"})
CLOCK_CALLS = frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today"})


def package_of(module: Path) -> str:
    """The part of lacp that a module belongs to: its package, or itself at the top."""
    part = module.parts[1]
    return part.removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name imported anywhere, `from a import b` as a.b, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def run_at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that importing the module executes: no function body, no `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from run_at_import(node)


def import_findings(module: Path, line: int, name: str) -> Iterator[str]:
    package = package_of(module)
    top, _, rest = name.partition(".")
    if top == "":
        yield f"{line}: relative import {name}"
    elif top == "lacp":
        target = rest.split(".")[0]
        if target not in MAY_IMPORT:
            target = "__init__"
        # The public names are for users, and for the version that the commands print.
        allowed = MAY_IMPORT[package] | {package} | ({"__init__"} if package == "cli" else set())
        if target not in allowed:
            yield f"{line}: {package} may not import {name}"
    elif top in OUTSIDE and package not in BLOCKING:
        yield f"{line}: {top} below the daemon"
    elif top in UNSEEDED and package not in BLOCKING:
        yield f"{line}: {top} is randomness without a seed"
    elif top == "random" and rest not in ("", "Random") and package not in BLOCKING:
        yield f"{line}: {name} is randomness without a seed"
    elif top == "dbus_fast" and module != Path("lacp/daemon/teamd/bus.py"):
        yield f"{line}: dbus_fast outside lacp/daemon/teamd/bus.py"
    elif top in USED_IN and module != Path(USED_IN[top]):
        yield f"{line}: {top} outside {USED_IN[top]}"
    elif top == "construct" and package != "wire":
        yield f"{line}: construct outside wire/"
    elif top == "transitions" and module != Path("lacp/protocol/machine.py"):
        yield f"{line}: transitions outside lacp/protocol/machine.py"


def call_findings(node: ast.Call) -> Iterator[str]:
    """A clock read, or randomness that no seed governs."""
    called = ast.unparse(node.func)
    short = ".".join(called.split(".")[-2:])
    if short in CLOCK_CALLS:
        yield f"{node.lineno}: {called}() reads a clock"
    elif called in ("random.Random", "Random"):
        if not node.args and not node.keywords:
            yield f"{node.lineno}: {called}() has no seed"
    elif re.fullmatch(r"random\.\w+|os\.urandom", called):
        yield f"{node.lineno}: {called}() is randomness without a seed"


def findings(module: Path, source: str) -> list[str]:
    """What is wrong with the imports of a module (its path begins with lacp/)."""
    package = package_of(module)
    if package not in MAY_IMPORT:
        return [f"{package} has no rule in tests/test_layers.py"]
    tree = ast.parse(source)
    found = [said for line, name in imports(tree) for said in import_findings(module, line, name)]
    if package not in BLOCKING:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found += call_findings(node)
    found += [
        f"{line}: {dear} at the top costs every command its start; import it where it is used"
        for node in run_at_import(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line, name in imports(ast.Module([node], []))
        if (dear := name.split(".")[0]) in DEAR
    ]
    return found


def says_something(path: Path) -> bool:
    """More than a docstring stands in this module."""
    body = ast.parse(path.read_text()).body
    return any(
        not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in body
    )


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_keeps_to_its_layer(module: Path) -> None:
    assert findings(module, (ROOT / module).read_text()) == []


def test_every_part_stands_once_on_the_map() -> None:
    lines = (ROOT / "docs" / "architecture.md").read_text().splitlines()
    first = [line.split(" | ")[0] for line in lines if line.startswith("| `lacp/")]
    named = re.findall(r"`lacp/(\w+)", " ".join(first))
    parts = {package_of(module) for module in MODULES}
    assert sorted(named) == sorted(parts - {"__init__", "__main__"})


def test_no_module_is_a_placeholder_and_no_package_is_empty() -> None:
    empty = [
        str(module)
        for module in MODULES
        if module.name != "__init__.py" and not says_something(ROOT / module)
    ]
    for folder in sorted({path.parent for path in (ROOT / "lacp").rglob("__init__.py")}):
        alone = [path.name for path in folder.rglob("*.py")] == ["__init__.py"]
        if alone and not says_something(folder / "__init__.py"):
            empty.append(str(folder.relative_to(ROOT)))
    assert empty == []


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {module.parent for module in MODULES}
    assert [str(one) for one in sorted(folders) if not (ROOT / one / "__init__.py").exists()] == []


def test_importing_lacp_opens_no_way_to_the_outside() -> None:
    code = (
        "import sys; before = set(sys.modules); from lacp import *; "
        "print(*sorted({'asyncio', 'pyroute2', 'select', 'socket'} & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


# What the rules catch, one line each: a rule that never fires is no rule.
CAUGHT = {
    ("lacp/wire/x.py", "from lacp.protocol.port import Port"): "wire may not import",
    ("lacp/wire/x.py", "from lacp import protocol"): "wire may not import",
    ("lacp/wire/x.py", "from lacp import Mac"): "wire may not import",
    ("lacp/wire/x.py", "from ..protocol import port"): "relative import",
    ("lacp/protocol/x.py", "import lacp.sim.network"): "protocol may not import",
    ("lacp/inspect/x.py", "from lacp.daemon import client"): "inspect may not import",
    ("lacp/protocol/x.py", "def f() -> None:\n    import socket"): "socket below the daemon",
    ("lacp/conformance/x.py", "from lacp.sim.network import Network"): "conformance may not import",
    ("lacp/sim/x.py", "from time import monotonic"): "time below the daemon",
    ("lacp/sim/x.py", "import random\nrandom.random()"): "random.random() is randomness",
    ("lacp/sim/x.py", "import random\nrandom.Random()"): "has no seed",
    ("lacp/sim/x.py", "from random import choice"): "random.choice is randomness",
    ("lacp/conformance/x.py", "import datetime\ndatetime.datetime.now()"): "reads a clock",
    ("lacp/protocol/x.py", "import construct"): "construct outside",
    ("lacp/daemon/control.py", "import construct"): "construct outside",
    ("lacp/protocol/mux.py", "from transitions import Machine"): "transitions outside",
    ("lacp/backends/x.py", "from pyroute2 import IPRoute"): "pyroute2 at the top",
    ("lacp/daemon/teamd/bus.py", "import dbus_fast"): "dbus_fast at the top",
    ("lacp/daemon/x.py", "def f() -> None:\n    import dbus_fast"): "dbus_fast outside",
    ("lacp/daemon/x.py", "from prometheus_client import Metric"): "prometheus_client outside",
    ("lacp/backends/x.py", "try:\n    import pyroute2.netlink\nfinally:\n    pass"): "at the top",
    ("lacp/novelty/x.py", ""): "no rule",
    ("lacp/novelty.py", ""): "no rule",
}


@pytest.mark.parametrize(("module", "source"), CAUGHT)
def test_what_the_rules_catch(module: str, source: str) -> None:
    (found,) = findings(Path(module), source)
    assert CAUGHT[module, source] in found


ALLOWED = [
    ("lacp/protocol/x.py", "from lacp.wire.lacpdu import Lacpdu\nfrom lacp import errors"),
    ("lacp/protocol/machine.py", "from transitions import Machine"),
    (
        "lacp/backends/packet.py",
        "import socket\ndef f() -> None:\n    from pyroute2 import IPRoute",
    ),
    ("lacp/backends/x.py", "if TYPE_CHECKING:\n    from pyroute2 import IPRoute"),
    ("lacp/wire/x.py", "import construct"),
    ("lacp/sim/x.py", "import random\nrandom.Random(7).random()"),
    ("lacp/cli/x.py", "from lacp import __version__\nimport asyncio"),
    ("lacp/__init__.py", "from lacp.address import Mac\nfrom lacp.protocol.system import System"),
]


@pytest.mark.parametrize(("module", "source"), ALLOWED)
def test_what_the_rules_allow(module: str, source: str) -> None:
    assert findings(Path(module), source) == []
