"""The methods of teamd's clients: results, and codes and messages of errors, as teamd has them."""

import json
import logging

import pytest

from lacp.daemon.teamd import methods
from tests.teamd_subjects import FakeTeam

NO_ARGUMENTS = ("InvalidArgs", "Did not receive correct message arguments.")
NO_DEVICE = ("NoSuchDev", "No such device.")
NO_PATH = ("PathDoesNotExist", "Item path does not exist.")
UNSUPPORTED = ("OpNotSupp", "Operation not supported.")
NOT_SET = ("ItemValueSetFail", "Failed to set item value.")


def call(team: FakeTeam, name: str, *arguments: str) -> str | None:
    return methods.call(team, name, arguments)


def failure(team: FakeTeam, name: str, *arguments: str) -> tuple[str, str]:
    before = list(team.done)
    with pytest.raises(methods.MethodError) as raised:
        call(team, name, *arguments)
    assert team.done == before
    return raised.value.code, raised.value.message


def test_the_methods_are_those_of_teamd() -> None:
    signatures = {name: len(method.arguments) for name, method in methods.METHODS.items()}
    assert signatures == {
        "ConfigDump": 0,
        "ConfigDumpActual": 0,
        "StateDump": 0,
        "StateItemValueGet": 1,
        "StateItemValueSet": 2,
        "PortAdd": 1,
        "PortRemove": 1,
        "PortConfigUpdate": 2,
        "PortConfigDump": 1,
    }


@pytest.mark.parametrize("name", [n for n, method in methods.METHODS.items() if method.arguments])
def test_too_few_arguments(name: str) -> None:
    given = ["eth1"] * (len(methods.METHODS[name].arguments) - 1)
    assert failure(FakeTeam(), name, *given) == NO_ARGUMENTS


def test_too_many_arguments_are_ignored() -> None:
    assert call(FakeTeam(), "StateItemValueGet", "setup.pid", "and", "more") == "1"


def test_dumps() -> None:
    team = FakeTeam()
    assert call(team, "ConfigDump") == team.config()
    assert call(team, "ConfigDumpActual") == team.actual_config()
    state = call(team, "StateDump")
    assert state == json.dumps(team.state(), indent=4, sort_keys=True)


def test_an_item_is_read() -> None:
    team = FakeTeam(ports=("eth1", "eth10", "eth1.100"))
    assert call(team, "StateItemValueGet", "ports.eth1.link.speed") == "10000"
    assert call(team, "StateItemValueGet", "ports.eth10.link.speed") == "10001"
    assert call(team, "StateItemValueGet", "ports.eth1.100.link.speed") == "10002"
    assert call(team, "StateItemValueGet", 'ports."eth1.100".link.duplex') == "full"
    assert call(team, "StateItemValueGet", "ports.eth1.link.up") == "true"
    assert call(team, "StateItemValueGet", "runner.active_port") == ""


@pytest.mark.parametrize(
    "path", ["", "nothing", "setup", "setup.pid.x", "setup.pid.", "ports.e.link.up", "ports"]
)
@pytest.mark.parametrize("name", ["StateItemValueGet", "StateItemValueSet"])
def test_an_item_that_is_not_there(name: str, path: str) -> None:
    assert failure(FakeTeam(), name, path, "1") == NO_PATH


@pytest.mark.parametrize("path", ["ports.eth1", 'ports."eth1"', "ports.nobody", 'ports."eth1.link'])
def test_a_path_that_ends_with_the_port(path: str) -> None:
    assert failure(FakeTeam(), "StateItemValueGet", path) == (
        "ItemValueGetFail",
        "Failed to get item value.",
    )
    assert failure(FakeTeam(), "StateItemValueSet", path, "1") == NOT_SET


def test_the_debug_level_is_set() -> None:
    team = FakeTeam()
    assert call(team, "StateItemValueSet", "setup.debug_level", "2") is None
    assert call(team, "StateItemValueGet", "setup.debug_level") == "2"
    for wrong in ("-1", "2x", "", "1.0", "true", "99999999999", "\u0662"):
        assert failure(team, "StateItemValueSet", "setup.debug_level", wrong) == NOT_SET


def test_the_active_port_is_set() -> None:
    team = FakeTeam()
    assert call(team, "StateItemValueSet", "runner.active_port", "eth10") is None
    assert team.done == [("activate", "eth10")]
    assert failure(team, "StateItemValueSet", "runner.active_port", "eth2") == NOT_SET
    team.refusal = "its link is down"
    assert failure(team, "StateItemValueSet", "runner.active_port", "eth1") == NOT_SET


def test_an_aggregator_is_selected_and_never_deselected() -> None:
    team = FakeTeam()
    path = "ports.eth1.runner.aggregator.selected"
    assert failure(team, "StateItemValueSet", path, "false") == UNSUPPORTED
    assert failure(team, "StateItemValueSet", path, "1") == NOT_SET
    assert call(team, "StateItemValueSet", path, "TRUE") is None
    assert team.done == [("activate", "eth1")]


def test_nothing_else_can_be_set() -> None:
    for path in ("setup.pid", "ports.eth1.link.up", "ports.eth1.runner.aggregator.id"):
        assert failure(FakeTeam(), "StateItemValueSet", path, "1") == UNSUPPORTED


def test_a_port_is_added() -> None:
    team = FakeTeam()
    assert failure(team, "PortAdd", "eth3") == NO_DEVICE
    assert call(team, "PortAdd", "eth2") is None
    assert team.done == [("add", "eth2")]
    # As `ip link set master` has it: who is in the team may be put there again.
    assert call(team, "PortAdd", "eth2") is None
    assert team.done == [("add", "eth2")]


def test_a_port_is_removed() -> None:
    team = FakeTeam()
    assert failure(team, "PortRemove", "eth2") == NO_DEVICE
    assert call(team, "PortRemove", "eth1") is None
    assert team.done == [("remove", "eth1")]


def test_what_the_system_refuses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    team = FakeTeam()
    team.refusal = "eth2: it is up, expected down"
    assert failure(team, "PortAdd", "eth2") == ("PortAddFail", "Failed to add port.")
    assert "team0: PortAdd 'eth2': eth2: it is up, expected down" in caplog.text
    assert failure(team, "PortRemove", "eth1") == ("PortRemoveFail", "Failed to del port.")
    assert failure(team, "PortConfigUpdate", "eth1", "{") == (
        "ConfigUpdateFail",
        "Failed to update config.",
    )


def test_what_will_be_changed_is_logged_before_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    team = FakeTeam()
    call(team, "StateDump")
    assert not caplog.messages
    call(team, "PortRemove", "eth1")
    assert caplog.messages == ["team0: asked by a client of teamd: PortRemove 'eth1'"]


def test_the_configuration_of_a_port() -> None:
    team = FakeTeam()
    assert failure(team, "PortConfigUpdate", "eth3", "{}") == NO_DEVICE
    assert call(team, "PortConfigUpdate", "eth1", '{"prio": 3}') is None
    assert call(team, "PortConfigDump", "eth1") == '{\n    "prio": 3\n}'
    # One that is no port yet: what NetworkManager does before it enslaves an interface.
    assert call(team, "PortConfigUpdate", "eth2", '{"prio": 4}') is None
    assert failure(team, "PortConfigDump", "eth3") == NO_DEVICE
    assert failure(team, "PortConfigDump", "eth2") == ("ConfigDumpFail", "Failed to dump config.")
