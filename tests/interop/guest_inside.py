"""Inside a guest: calls the function that `guest.run` was given, and keeps what it returns."""

from __future__ import annotations

import faulthandler
import json
from importlib import import_module
from pathlib import Path

import pytest

#: The directory that a guest shares with whoever runs it.
HOME = "/run/guest"
CALL = "call.json"
RESULT = "result.json"
SKIPPED = "skipped"


def main() -> None:
    """Call it; an exception is the guest's failure, and a test that is skipped is no failure."""
    home = Path(HOME)
    call = json.loads((home / CALL).read_text())
    faulthandler.dump_traceback_later(call["patience"])
    function = getattr(import_module(call["module"]), call["name"])
    try:
        answer = {"result": function(**call["arguments"])}
    except pytest.skip.Exception as reason:
        answer = {SKIPPED: str(reason)}
    (home / RESULT).write_text(json.dumps(answer))
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
