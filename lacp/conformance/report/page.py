"""The report as one self-contained HTML page: no network, everything from a capture is hostile.

All text goes into the page as JSON, and from there into the document as text nodes. The policy in
its head allows the page's own script and style by their hashes, and no request to anywhere.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Any

from lacp.conformance.judge.report import CaptureReport
from lacp.conformance.report import words
from lacp.conformance.report.documents import Document, Unreadable, capture, document
from lacp.conformance.report.exhibits import Exhibition

_ASSETS = files("lacp.conformance.report") / "assets"
_SHARED = ("dom.js", "parts.js", "rows.js", "ladder.js", "pdu.js")


def page(
    captures: Sequence[CaptureReport],
    unreadable: Sequence[Unreadable] = (),
    titles: Mapping[str, str] | None = None,
) -> str:
    """The page about captures; `titles` says what each rule is about."""
    exhibition = Exhibition()
    said: Document = {
        **document(captures, unreadable),
        "verdict": words.verdict(captures),
        "titles": dict(titles or {}),
        "captures": [
            {
                **capture(each),
                "headline": words.frames_by_kind(each.frames),
                "exhibits": [exhibition.show(exhibit) for exhibit in each.exhibits],
            }
            for each in captures
        ],
    }
    said.update(exhibition.world())
    name = ", ".join(each.file for each in captures) or "no capture"
    return assemble(f"LACP conformance of {name}", words.verdict(captures), said, "judged.js")


def assemble(title: str, verdict: str, data: Document, script: str) -> str:
    """A page with this title and data, drawn by `script`; `verdict` is for who has no script."""
    code = "\n".join(asset(name) for name in (*_SHARED, script))
    # Strict, and in a scope of its own.
    code = f'(() => {{\n"use strict";\n{code}}})();\n'
    style = asset("page.css")
    policy = (
        f"default-src 'none'; script-src '{_hash(code)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": _text(title),
        "verdict": _text(verdict),
        "style": style,
        "data": embedded(data),
        "script": code,
    }
    # In one pass: what a part says is never taken for the name of another.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], asset("page.html"))


def asset(name: str) -> str:
    """A file of the page."""
    return (_ASSETS / name).read_text(encoding="utf-8")


def embedded(data: Any) -> str:
    """JSON that can stand in a script element: no `<`, no `&`, ASCII only."""
    said = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return said.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode())


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
