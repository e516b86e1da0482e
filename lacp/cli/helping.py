"""What --help prints, and what a manual page is made of."""

from __future__ import annotations

import textwrap
from argparse import SUPPRESS, Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lacp.cli.command import CommandParser
from lacp.cli.manual import MANUAL, Section

#: What argparse calls its own groups, and what we do.
_TITLES = {"positional arguments": "arguments"}
#: Columns of a term that stands on a line with what it means.
_TERM = 34


@dataclass(frozen=True, slots=True)
class Group:
    """Arguments under one title."""

    title: str
    actions: tuple[Action, ...]


def usage(parser: ArgumentParser) -> str:
    """The usage line: what there must be; what there may be is listed below it anyway."""
    required = [each for each in parser._actions if each.required or not each.option_strings]
    groups = [each for each in parser._mutually_exclusive_groups if each.required]
    required += [each for group in groups for each in group._group_actions]
    options = Action([], "options", nargs="*", metavar="OPTION")
    formatter = parser.formatter_class(prog=parser.prog)
    formatter.add_usage(None, [options, *_once(required)], groups, prefix="")
    return " ".join(formatter.format_help().split())


def _once(actions: Sequence[Action]) -> Iterator[Action]:
    """Options before arguments, each once."""
    yield from sorted(dict.fromkeys(actions), key=lambda each: not each.option_strings)


def groups(parser: ArgumentParser) -> list[Group]:
    """The arguments as --help groups them, without those that are not to be seen."""
    if isinstance(parser, CommandParser):
        parser.fill()
    found: list[Group] = []
    for group in parser._action_groups:
        title = _TITLES.get(str(group.title), str(group.title))
        actions = [each for each in group._group_actions if each.help != SUPPRESS]
        for each in actions:
            if isinstance(each, _SubParsersAction):
                actions = list(each._get_subactions())
        if actions:
            found.append(Group(title, tuple(actions)))
    # Commands first: they are what is looked for.
    return sorted(found, key=lambda each: bool(each.actions[0].option_strings))


def commands(parser: ArgumentParser) -> dict[str, CommandParser]:
    """The parsers of the commands by their names; none where there are no commands."""
    found: dict[str, CommandParser] = {}
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            found.update(action.choices)
    for each in found.values():
        each.fill()
    return found


def sections(parser: ArgumentParser) -> tuple[Section, ...]:
    """What there is to say beside the arguments."""
    return MANUAL.get(parser.prog, ())


def help_text(parser: ArgumentParser) -> str:
    """What --help prints."""
    if isinstance(parser, CommandParser):
        parser.fill()
    formatter = parser.formatter_class(prog=parser.prog)
    formatter.add_usage(usage(parser), [], [])
    formatter.add_text(parser.description)
    for group in groups(parser):
        formatter.start_section(group.title)
        formatter.add_arguments(group.actions)
        formatter.end_section()
    formatter.add_text(parser.epilog)
    width = formatter._width
    said = [formatter.format_help()]
    said += ["\n".join(_lines(each, width)) + "\n" for each in sections(parser) if each.brief]
    return "\n".join(said)


def _lines(section: Section, width: int) -> Iterator[str]:
    yield f"{section.title.lower()}:"
    term_width = min(_TERM, max(len(each.term) for each in section.entries))
    for each in section.entries:
        front = f"  {each.term:{term_width}}  "
        hanging = " " * (term_width + 4)
        if len(each.term) > term_width:
            yield f"  {each.term}"
            front = hanging
        yield from textwrap.wrap(each.text, width, initial_indent=front, subsequent_indent=hanging)
