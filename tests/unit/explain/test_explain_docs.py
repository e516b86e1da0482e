"""The page of the diagnoses and the table of rules tell of the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lacp.picture.explain import table
from lacp.picture.explain.limits import shared_key

PAGE = Path(__file__).parents[3] / "docs" / "explain.md"
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.M)


def rules() -> Iterator[Any]:
    """All rules, each once, in the order of the page."""
    of_ports = [rule for group in (*table.WITH_LACP, *table.WITHOUT_LACP) for rule in group[0]]
    of_lags: list[Any] = [*table.OF_LAG, shared_key]
    yield from {rule.__name__: rule for rule in (*of_lags, *of_ports, *table.ODDITIES)}.values()


def test_each_code_has_a_row_that_says_what_its_rule_says() -> None:
    written = {
        code: what
        for code, what, _, _ in ROW.findall(PAGE.read_text())
        if code not in ("fault", "oddity", "note")
    }
    said = {rule.__name__: str(rule.__doc__).splitlines()[0].rstrip(".") for rule in rules()}
    assert list(written) == list(said)
    assert written == said


def test_a_code_is_the_name_of_its_rule() -> None:
    folder = Path(str(table.__file__)).parent
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    codes = set(re.findall(r'code="(\w+)"', source)) | set(
        re.findall(r'_(?:gone|deaf)\(\s*(?:port, \w+, )?"(\w+)"', source)
    )
    assert codes == {rule.__name__ for rule in rules()}
