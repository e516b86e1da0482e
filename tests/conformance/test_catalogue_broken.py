"""The cases find what they are about: each fails some broken device, and for the right reason."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from lacp.conformance.catalogue import CATALOGUE
from lacp.conformance.tester.virtual import profile_for, run_case
from tests.conformance.broken import Broken

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("broken_*.py"))
BROKEN: list[Broken] = [
    item for name in MODULES for item in import_module(f"tests.conformance.{name}").BROKEN
]
PAIRS = [(item, id) for item in BROKEN for id in item.fails]


@pytest.mark.parametrize(
    ("broken", "id"), PAIRS, ids=[f"{id}-{item.name.replace(' ', '_')}" for item, id in PAIRS]
)
def test_a_broken_device_is_found(broken: Broken, id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CATALOGUE[id]
    broken.patch(monkeypatch)
    profile = profile_for(case, broken.edition, broken.control, **broken.device)
    outcome = run_case(case, profile, broken.factory)
    assert outcome.verdict is broken.verdict, outcome.remarks
    assert broken.fails[id] in outcome.reason


@pytest.mark.parametrize("id", CATALOGUE)
def test_some_broken_device_fails_each_case(id: str) -> None:
    assert any(id in item.fails for item in BROKEN)
