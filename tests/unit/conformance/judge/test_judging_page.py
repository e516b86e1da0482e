"""The table of docs/judging.md against the rules."""

from __future__ import annotations

from pathlib import Path

from lacp.conformance.judge.rules import RULES

PAGE = Path(__file__).parents[4] / "docs" / "judging.md"


def table() -> str:
    rows = [f"| {rule.id} | {rule.clause} | {rule.title} |" for rule in RULES.values()]
    return "\n".join(("| rule | clause | what a conforming actor does |", "|---|---|---|", *rows))


def test_the_page_has_every_rule_as_it_is() -> None:
    assert PAGE.read_text().endswith(f"<!-- rules -->\n\n{table()}\n"), table()
