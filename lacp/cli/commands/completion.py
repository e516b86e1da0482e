"""`lacpctl completion`: what a shell has to read to complete our command lines."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from lacp.cli.command import Answer, Command
from lacp.cli.completing.scripts import SHELLS, script
from lacp.cli.output import Screen


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("shell", choices=SHELLS, metavar="|".join(SHELLS), help="for which shell")


def run(args: Namespace) -> Answer:
    """Write the script."""
    lines = script(args.shell).splitlines()
    return Answer({"version": 1, "shell": args.shell, "script": lines})


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """The script and nothing else."""
    lines: list[str] = data["script"]
    return lines


COMMAND = Command(
    arguments,
    run,
    text,
    notes=(
        "For lacpctl, lacpd and pcap-replay: commands, options and their values, the\n"
        "names of LAGs and ports, what can be set. For this shell, or for every one to\n"
        "come:\n\n"
        "  source <(lacpctl completion bash)\n"
        "  lacpctl completion bash > /etc/bash_completion.d/lacpctl\n"
        "  lacpctl completion zsh > /usr/local/share/zsh/site-functions/_lacpctl\n"
        "  lacpctl completion fish > ~/.config/fish/conf.d/lacpctl.fish"
    ),
    asks=False,
)
