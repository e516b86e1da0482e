"""What is said of a name that something bears already: only what can be done with that."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from lacp.dataplane.refusals import taken
from lacp.netlink.codec import Interface


def interface(kind: str) -> Interface:
    its: dict[str, Any] = {each.name: None for each in fields(Interface)}
    return Interface(**{**its, "name": "team0", "kind": kind})


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("tun", "team0: exists already: -o takes it over, -r makes it anew"),
        ("bond", "team0: a bond device exists already: -r makes it anew"),
        (
            "bridge",
            (
                "team0: a bridge device has this name, and is nothing to take over or make anew: "
                "expected another name"
            ),
        ),
        (
            "",
            (
                "team0: an interface that is no device has this name, and is nothing to take over "
                "or make anew: expected another name"
            ),
        ),
    ],
)
def test_what_can_be_done_with_what_is_there(kind: str, said: str) -> None:
    assert str(taken(interface(kind), "tun", ("tun", "bond"))) == said
