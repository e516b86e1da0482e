"""What is shipped for others to install: units that start lacpd, and the policy of its bus name."""

import configparser
import shlex
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from lacp.cli.lacpd_parser import build_parser
from lacp.daemon.teamd.bus import INTERFACE

CONTRIB = Path(__file__).parents[2] / "contrib"
UNITS = sorted((CONTRIB / "systemd").iterdir())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.name))
def test_units_start_lacpd_with_options_that_it_has(unit: Path) -> None:
    read = configparser.ConfigParser(interpolation=None, strict=True)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read_string(unit.read_text())
    program, *options = shlex.split(read["Service"]["ExecStart"].replace("%i", "team0"))
    assert program == "/usr/bin/lacpd"
    args = build_parser("lacpd").parse_args(options)
    assert args.dbus
    assert args.take_over


def test_the_policy_lets_root_own_the_names_and_nobody_else() -> None:
    policies = ElementTree.parse(CONTRIB / "dbus" / "lacpd-teamd.conf").getroot().findall("policy")
    root, others = policies
    assert root.attrib == {"user": "root"}
    assert others.attrib == {"context": "default"}
    for policy, word in ((root, "allow"), (others, "deny")):
        assert [rule.tag for rule in policy] == [word, word]
        assert [rule.attrib for rule in policy] == [
            {"own_prefix": INTERFACE},
            {"send_interface": INTERFACE},
        ]
