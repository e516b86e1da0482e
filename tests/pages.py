"""Pages in a browser: how tests open them, what they ask of every one, and the worst of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lacp.wire.dissect import dissect
from tests.browser import Browser, Tab, browser

__all__ = ["EVIL", "ROWS", "Open", "chromium", "clean", "decoded", "open_page", "texts", "unfold"]

#: Opens a page: its HTML, the width of the window, whether it is night.
Open = Callable[..., Tab]

#: Ends whatever it stands in, if anything lets it.
EVIL = "</script><script>pwned=1</script><img src=x onerror=pwned=1>&lt;{{data}}\u2028\ud800\x1b\"'"

#: The fields that the dialog shows, as `decoded` has them.
ROWS = """[...document.querySelectorAll('#pdu tr[data-field]')].map(row => [
    +row.cells[0].textContent, row.dataset.field,
    row.cells[2].firstChild.textContent, row.cells[3].textContent.replaceAll(' ', '')])"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as it:
        yield it


@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    tabs: list[Tab] = []

    def call(text: str, width: int = 1440, dark: bool = False) -> Tab:
        path = tmp_path / f"page{len(tabs)}.html"
        path.write_text(text, encoding="utf-8")
        tabs.append(chromium.tab())
        return tabs[-1].open(path, width, dark=dark)

    yield call
    for tab in tabs:
        tab.close()


def clean(tab: Tab) -> None:
    """Nothing was complained of, nothing asked for, and the page is no wider than its window."""
    __tracebackhide__ = True
    assert tab.console == []
    assert [url for url in tab.requests[1:] if url != "data:,"] == []
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def unfold(tab: Tab) -> None:
    """Press on folds and ask for more until all is drawn."""
    more = "document.querySelector('.fold, .segments .more button')"
    while tab.evaluate(f"{more} !== null"):
        tab.evaluate(f"{more}.click()")


def texts(tab: Tab, selector: str) -> Any:
    """What is to be read in each such element."""
    return tab.evaluate(f"[...document.querySelectorAll('{selector}')].map(it => it.innerText)")


def decoded(octets: bytes) -> list[Any]:
    """Offset, section with name, value and octets of each field of a frame."""
    return [
        [each.offset, f"{each.section}.{each.name}", str(each.value), each.octets.hex()]
        for each in dissect(octets)
    ]
