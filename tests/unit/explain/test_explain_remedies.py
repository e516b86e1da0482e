"""Commands that are told can be typed."""

from __future__ import annotations

import shlex

import pytest

from lacp.daemon.setting.settable import keys_of
from lacp.picture.explain import remedy
from lacp.picture.model import LagView, PortView
from tests.daemons import config

_PORT = PortView(name="a1")


def lacpd(name: str = "team0") -> LagView:
    return LagView(name=name, source="lacpd")


COMMANDS = {
    "active": remedy.speak_first(lacpd()),
    "fast_rate": remedy.ask_fast(lacpd()),
    "min_ports": remedy.one_port_is_enough(lacpd()),
    "system": remedy.another_system(lacpd()),
    "lacp_key": remedy.key_of(lacpd(), _PORT, 5),
}


@pytest.mark.parametrize("key", COMMANDS)
def test_lacpd_takes_what_lacpctl_set_is_told(key: str) -> None:
    (command,) = COMMANDS[key]
    program, verb, path, value = shlex.split(command)
    assert (program, verb) == ("lacpctl", "set")
    assert path.startswith("team0.")
    assert value in ("true", "1", "5", "MAC")
    assert keys_of("team0", config(), path)[-1] == key


def test_a_name_is_one_word_for_a_shell() -> None:
    (command,) = remedy.speak_first(lacpd("it's; reboot"))
    assert shlex.split(command) == ["lacpctl", "set", "it's; reboot.runner.active", "true"]


def test_a_kernel_team_has_no_daemon_to_be_told() -> None:
    kernel = LagView(name="team0", source="team")
    assert remedy.speak_first(kernel) == remedy.key_of(kernel, _PORT, 5) == ()
