"""A command line as far as it is typed, read by the parser that will parse it."""

from __future__ import annotations

from argparse import REMAINDER, SUPPRESS, Action, ArgumentParser, _SubParsersAction
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from lacp.cli.command import CommandParser

_MANY = ("*", "+", REMAINDER)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that fits, and what it is."""

    text: str
    help: str = ""


@dataclass(slots=True)
class Fitting:
    """What fits the word at the cursor."""

    candidates: list[Candidate] = field(default_factory=list)
    #: What the shell is to add, which knows best: files, dirs or hosts; words for nothing.
    shell: str = "words"


#: What the value of an argument may be.
Values = Callable[[Action, "Line"], Fitting]


class Line:
    """What is known after so many words: `given` values by the names that the parser uses."""

    def __init__(self, parser: ArgumentParser) -> None:
        self.given: dict[str, list[str]] = {}
        #: What is typed so far of the word that is yet to be completed.
        self.begun = ""
        self._enter(parser)

    def _enter(self, parser: ArgumentParser) -> None:
        if isinstance(parser, CommandParser):
            parser.fill()
        self.parser = parser
        self._options = {name: each for each in parser._actions for name in each.option_strings}
        self._positionals = [each for each in parser._actions if not each.option_strings]
        self._used: set[Action] = set()
        self._awaited: Action | None = None
        self._words_only = False

    def take(self, words: Iterable[str]) -> None:
        """Read words that are complete."""
        for word in words:
            awaited, self._awaited = self._awaits(word), None
            if awaited is not None:
                self._give(awaited, word)
            elif word == "--" and not self._words_only:
                self._words_only = True
            elif word.startswith("-") and word != "-" and not self._words_only:
                self._take_option(word)
            elif self._positionals:
                self._take_positional(self._positionals[0], word)

    def _awaits(self, word: str) -> Action | None:
        """Whose value the word is; what need not have one gets none that looks like an option."""
        if self._awaited is not None and self._awaited.nargs == "?" and word.startswith("-"):
            return None
        return self._awaited

    def _take_option(self, word: str) -> None:
        name, assigned, value = word.partition("=")
        action = self._options.get(name)
        if action is None:
            return
        self._used.add(action)
        if assigned:
            self._give(action, value)
        elif action.nargs != 0:
            self._awaited = action

    def _take_positional(self, action: Action, word: str) -> None:
        self._give(action, word)
        if isinstance(action, _SubParsersAction) and word in action.choices:
            self._enter(action.choices[word])
        elif action.nargs not in _MANY:
            self._positionals.pop(0)

    def _give(self, action: Action, value: str) -> None:
        self.given.setdefault(action.dest, []).append(value)

    def fitting(self, word: str, values: Values) -> Fitting:
        """What may become of `word`, the last one, which is yet to be completed."""
        self.begun = word
        if (awaited := self._awaits(word)) is not None:
            return _matching(self._fitting(awaited, values), word)
        if word.startswith("-") and not self._words_only:
            name, assigned, value = word.partition("=")
            action = self._options.get(name)
            if assigned:
                found = Fitting() if action is None else self._fitting(action, values)
                return _matching(found, value, f"{name}=")
            return Fitting(list(self._option_names(word)))
        if self._positionals:
            return _matching(self._fitting(self._positionals[0], values), word)
        return Fitting([] if word else list(self._option_names("-")))

    def _fitting(self, action: Action, values: Values) -> Fitting:
        if isinstance(action, _SubParsersAction):
            commands = action._get_subactions()
            return Fitting([Candidate(each.dest, each.help or "") for each in commands])
        if action.choices is not None:
            return Fitting([Candidate(str(choice)) for choice in action.choices])
        return values(action, self)

    def _option_names(self, word: str) -> Iterator[Candidate]:
        """The options that begin so and can still be given, by their long names."""
        excluded = {each for each in self._used if each.nargs == 0}
        for group in self.parser._mutually_exclusive_groups:
            if self._used.intersection(group._group_actions):
                excluded.update(group._group_actions)
        for action in self.parser._actions:
            names = [name for name in action.option_strings if name.startswith(word)]
            if names and action not in excluded and action.help != SUPPRESS:
                yield Candidate(max(names, key=len), _help(action))


def _matching(found: Fitting, word: str, front: str = "") -> Fitting:
    """Those that begin with `word`, each with `front` before it."""
    return Fitting(
        [
            Candidate(front + each.text, each.help)
            for each in found.candidates
            if each.text.startswith(word)
        ],
        found.shell,
    )


def _help(action: Action) -> str:
    """What --help says, without what it fills in."""
    return (action.help or "").partition(" (default %(")[0].replace("%%", "%")
