"""Which cases are meant: ids, groups and patterns, as `--select` and `list` take them."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from lacp.cli.command import Failure
from lacp.cli.common import BAD_USAGE

if TYPE_CHECKING:
    from lacp.conformance.catalogue.case import Case


def chosen(patterns: Iterable[str]) -> list[Case]:
    """The cases in the order of the catalogue; all, when no pattern is given.

    A pattern is an id (RXM-06), a group (RXM) or has * and ? in it, in any case of letters; one
    word may hold several with commas between them. Raises Failure when one means no case.
    """
    from lacp.conformance.catalogue import CATALOGUE, GROUPS

    wanted = [word for each in patterns for word in each.upper().split(",") if word]
    for word in wanted:
        if not any(_means(word, case) for case in CATALOGUE.values()):
            raise Failure(
                f"no case is called {word}, expected a group ({' '.join(GROUPS)}), an id like"
                " RXM-06 or a pattern like RXM-0*",
                BAD_USAGE,
            )
    if not wanted:
        return list(CATALOGUE.values())
    return [case for case in CATALOGUE.values() if any(_means(word, case) for word in wanted)]


def _means(word: str, case: Case) -> bool:
    return word == case.group or fnmatchcase(case.id, word)
