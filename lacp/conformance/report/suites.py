"""XML for JUnit readers, well-formed whatever the text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

#: What XML 1.0 has no way to write, not even escaped.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """`text` with a mark in the place of each character that XML cannot carry."""
    return _UNWRITABLE.sub("\ufffd", text)


def add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """A new element at the end of `parent`."""
    element = SubElement(parent, tag, {key: clean(value) for key, value in attributes.items()})
    element.text = None if text is None else clean(text)
    return element


def testsuite(root: Element, name: str) -> Element:
    """A new suite; `totals` counts its cases when they are in."""
    return add(root, "testsuite", name=name)


def totals(root: Element) -> None:
    """Write the counts of cases, failures, errors and skips on every suite and on the root."""
    suites = list(root.iter("testsuite"))
    for element in (*suites, root):
        for name, tag in _COUNTED.items():
            element.set(name, str(sum(1 for _ in element.iter(tag))))


_COUNTED = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def new_root(name: str) -> Element:
    """The root of a JUnit document."""
    return Element("testsuites", {"name": clean(name)})


def written(root: Element) -> str:
    """The document as text, ending in a newline."""
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def properties(parent: Element, pairs: Iterable[tuple[str, object]]) -> None:
    """Name and value, a property each."""
    element = add(parent, "properties")
    for name, value in pairs:
        add(element, "property", name=name, value=str(value))
