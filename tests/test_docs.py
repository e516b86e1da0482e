"""What tools/check-docs catches, in a small project of one page."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def check(tmp_path: Path, page: str, *options: str) -> subprocess.CompletedProcess[str]:
    tools, lacp = tmp_path / "tools", tmp_path / "lacp" / "protocol"
    tools.mkdir()
    lacp.mkdir(parents=True)
    script = shutil.copy(ROOT / "tools/check-docs", tools)
    for package in (lacp.parent, lacp):
        (package / "__init__.py").touch()
    (lacp / "machine.py").write_text("BOXES = 3\n")
    (tools / "draw-machines").write_text("print('# Machines')\n")
    (tmp_path / "Makefile").write_text(".PHONY: test\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "machines.md").write_text("# Machines\n")
    (tmp_path / "README.md").write_text(page)
    return subprocess.run(
        [sys.executable, "-I", script, *options], capture_output=True, text=True, check=False
    )


GOOD = """# A page

[here](#a-page), [there](docs/machines.md#machines), [away](https://example.org/x#y), `make test`,
`lacp/protocol/machine.py`, `lacp.protocol.machine.BOXES`, `[not](a-link)`.

```python
from lacp.protocol.machine import BOXES
```
"""

CAUGHT = {
    "[x](docs/none.md)": "link to docs/none.md: no such file",
    "[x](#nowhere)": "link to #nowhere: no such heading",
    "[x](docs/machines.md#nowhere)": "link to docs/machines.md#nowhere: no such heading",
    "[x](../..)": "link to ../..: outside the project",
    "`lacp/none.py`": "`lacp/none.py`: no such file",
    "`lacp.protocol.machine.CIRCLES`": "`lacp.protocol.machine.CIRCLES`: no such name",
    "`make haste`": "make haste: no such target",
    "```sh\nmake haste\n```": "make haste: no such target",
    "```python\nfrom lacp.protocol.machine import CIRCLES\n```": "no lacp.protocol.machine.CIRC",
    "```python\n1 +\n```": "Python example, line 1: invalid syntax",
}


def test_a_good_page_passes(tmp_path: Path) -> None:
    done = check(tmp_path, GOOD)
    assert (done.stdout, done.returncode) == ("docs: 2 pages, no findings\n", 0), done.stderr


@pytest.mark.parametrize("page", CAUGHT)
def test_what_is_caught(tmp_path: Path, page: str) -> None:
    done = check(tmp_path, page + "\n")
    assert CAUGHT[page] in done.stdout
    assert (done.stdout.splitlines()[-1], done.returncode) == ("docs: 2 pages, 1 findings", 1)


def test_a_generated_page_out_of_date_is_caught_and_rewritten(tmp_path: Path) -> None:
    assert check(tmp_path, "").returncode == 0
    (tmp_path / "docs" / "machines.md").write_text("old")
    script = [sys.executable, "-I", str(tmp_path / "tools/check-docs")]
    assert subprocess.run(script, capture_output=True, check=False).returncode == 1
    assert subprocess.run([*script, "--write"], capture_output=True, check=False).returncode == 0
    assert (tmp_path / "docs" / "machines.md").read_text() == "# Machines\n"
