"""Layouts wait for their first use."""

import subprocess
import sys

import pytest

from lacp.errors import UsageError
from lacp.wire.layout import Layout


def test_importing_the_codecs_does_not_import_construct() -> None:
    program = "import sys, lacp.wire.slow, lacp.wire.validate; print('construct' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"False"]


def test_a_field_that_does_not_fit_is_named() -> None:
    def declare() -> object:
        from construct import Int8ub, Int16ub, Struct

        return Struct("small" / Int8ub, "large" / Int16ub)

    layout = Layout("thing", declare)
    assert layout.build({"small": 1, "large": 2}) == b"\x01\x00\x02"
    assert layout.parse(b"\x01\x00\x02")["large"] == 2
    with pytest.raises(UsageError, match=r"thing does not encode: .*small.*256"):
        layout.build({"small": 256, "large": 2})
