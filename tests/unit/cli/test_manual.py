"""The manual pages: every command and option is in them, and what prints them has no complaint."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from lacp.cli import helping, lacpctl, lacpd_parser, pcap_replay
from lacp.cli.common import Parser
from lacp.cli.manual import MANUAL, NAMES
from tests.lab import need_tool

SHARE = Path(__file__).parent.parent.parent.parent / "contrib" / "share"
PAGES = sorted((SHARE / "man").rglob("*.[18]"))
PARSERS: dict[str, Parser] = {
    "lacpctl": lacpctl.build_parser(),
    "lacpd": lacpd_parser.build_parser(),
    "pcap-replay": pcap_replay.build_parser(),
}


def test_each_program_has_a_page() -> None:
    assert {page.stem for page in PAGES} == set(PARSERS) == set(NAMES)


def test_what_is_said_is_said_of_something_that_there_is() -> None:
    commands = {f"lacpctl {name}" for name in helping.commands(PARSERS["lacpctl"])}
    assert set(PARSERS) <= set(MANUAL) <= {*PARSERS, *commands}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
@pytest.mark.parametrize(
    "reader",
    [("groff", "-man", "-Tutf8", "-ww", "-z"), ("mandoc", "-Tlint", "-W", "warning")],
    ids=lambda reader: str(reader[0]),
)
def test_who_prints_it_has_no_complaint(reader: tuple[str, ...], page: Path) -> None:
    need_tool(reader[0])
    done = subprocess.run([*reader, page], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_it_has_the_sections_that_a_page_has(page: Path) -> None:
    found = re.findall(r'^\.SH "?([A-Z ]+)"?$', page.read_text(), re.M)
    assert found[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert set(found) >= {"OPTIONS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "SEE ALSO"}
    assert found[-1] == "SEE ALSO"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_commands_and_their_examples_are_in_it(page: Path) -> None:
    said = page.read_text().replace("\\-", "-")
    program = PARSERS[page.stem]
    for name, command in helping.commands(program).items():
        assert f'\n.SS "{name}"\n' in said
        for part in helping.commands(command):
            assert f'\n.SS "{name} {part}"\n' in said
    for name, sections in MANUAL.items():
        if name.split()[0] == page.stem:
            assert all(entry.term in said for section in sections for entry in section.entries)


@pytest.mark.parametrize("name", PARSERS)
def test_help_fits_a_small_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = PARSERS[name].format_help()
    assert [line for line in said.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("name", MANUAL)
def test_examples_are_lines_that_the_parsers_take(name: str) -> None:
    program = name.split(maxsplit=1)[0]
    parsed = 0
    for section in MANUAL[name]:
        for entry in section.entries if section.title == "Examples" else ():
            words = shlex.split(entry.term.partition(" | ")[0])
            if words[0] == program:
                PARSERS[program].parse_args(words[1:])
                parsed += 1
    assert parsed >= 2
