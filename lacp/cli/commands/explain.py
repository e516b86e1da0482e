"""`lacpctl explain`: what is wrong with each LAG of this host, how that is known, what to do."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lacp.cli.command import Answer, Command
from lacp.cli.common import BAD, DONE
from lacp.cli.output import Screen
from lacp.picture.findings import Finding, Gravity
from lacp.picture.model import LagView

#: The worst first.
_ORDER = tuple(Gravity)
_WORDS = {
    Gravity.FAULT: ("FAULT", "bad"),
    Gravity.ODDITY: ("ODDITY", "warn"),
    Gravity.NOTE: ("note", "dim"),
}
#: More findings of one code than this are told in one block, also when their remedies differ.
_FEW = 3
#: What a duration ends with.
_UNITS = frozenset(("s", "min", "h", "d", "s,", "min,", "h,", "d,"))
#: What a command to type begins with: it stands on a line of its own, however long.
_COMMANDS = (
    "ip ",
    "ethtool ",
    "lacpctl ",
    "ovs-vsctl ",
    "teamdctl ",
    "tcpdump ",
    "tc ",
    "arping ",
    "dmesg ",
    "systemctl ",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLag:
    """What there is to say about a LAG."""

    name: str
    source: str
    #: The worst first.
    findings: tuple[Finding, ...]
    #: What the source did not let us see, so that nothing could be said of it.
    unseen: tuple[str, ...]
    #: The ports that were asked about; empty for the whole LAG.
    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What `lacpctl explain` says; its JSON has these members."""

    version: int = 1
    lags: tuple[ExplainedLag, ...]


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")


def run(args: Namespace) -> Answer:
    """Look at every LAG, and say what is wrong."""
    from lacp.cli import source

    shown, complaints = source.look(args, [], verbose=True)
    asked, code = shown.lags, DONE
    if args.names and (asked or not complaints):
        selected, unknown = source.select(asked, args.names)
        asked, complaints = tuple(selected), [*complaints, *unknown]
    if complaints:
        code = BAD
    elif not asked:
        code, said = source.nothing(args)
        complaints = [said]
    told = explained(shown.lags, asked, args.names)
    wrong = any(each.gravity is not Gravity.NOTE for lag in told for each in lag.findings)
    return Answer(Explained(lags=tuple(told)), BAD if wrong else code, complaints)


def explained(
    lags: Sequence[LagView], asked: Sequence[LagView], names: Sequence[str]
) -> list[ExplainedLag]:
    """The findings of what was asked about; each is made from the whole picture."""
    from lacp.picture.explain import diagnosed

    wanted = {(lag.name, lag.source): lag for lag in asked}
    answer = []
    for lag, findings in diagnosed(lags):
        its = wanted.get((lag.name, lag.source))
        if its is None:
            continue
        ports = () if lag.name in names or not names else tuple(p.name for p in its.ports)
        told = [each for each in findings if not ports or each.port is None or each.port in ports]
        told.sort(key=lambda each: _ORDER.index(each.gravity))
        answer.append(
            ExplainedLag(
                name=lag.name,
                source=lag.source,
                findings=tuple(told),
                unseen=lag.unseen,
                ports=ports,
            )
        )
    answer.sort(key=_worst)
    return answer


def _worst(lag: ExplainedLag) -> int:
    return _ORDER.index(lag.findings[0].gravity) if lag.findings else len(_ORDER)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A block for each finding, under the LAG that it is about."""
    for number, lag in enumerate(data.lags):
        if number and (lag.findings or data.lags[number - 1].findings):
            yield ""
        yield from _lag(lag, screen)


def _lag(lag: ExplainedLag, screen: Screen) -> Iterator[str]:
    name = " ".join((lag.name, *lag.ports))
    said = _count(lag.findings) or screen.paint("good", "nothing is wrong")
    yield f"{screen.paint('bold', name)}: {said}"
    for group in _grouped(lag.findings):
        yield ""
        yield from _block(lag, group, screen)
    for each in lag.unseen:
        yield from screen.wrap(f"not seen: {each}", "  ", "    ")


def _count(findings: Sequence[Finding]) -> str:
    from lacp.text import count

    words = {
        Gravity.FAULT: ("fault",),
        Gravity.ODDITY: ("oddity", "oddities"),
        Gravity.NOTE: ("note",),
    }
    counts = {kind: sum(each.gravity is kind for each in findings) for kind in _ORDER}
    return ", ".join(count(number, *words[kind]) for kind, number in counts.items() if number)


def _grouped(findings: Sequence[Finding]) -> list[list[Finding]]:
    """The same of several ports is told once."""
    kinds: dict[tuple[Gravity, str], list[Finding]] = {}
    for each in findings:
        kinds.setdefault((each.gravity, each.code), []).append(each)
    told: list[list[Finding]] = []
    for kind in kinds.values():
        if len(kind) > _FEW:
            told.append(kind)
            continue
        alike: dict[tuple[object, ...], list[Finding]] = {}
        for each in kind:
            remedy = (each.where, *(_anonymous(line, each.port) for line in each.remedy))
            alike.setdefault(remedy, []).append(each)
        told += alike.values()
    return told


def _anonymous(said: str, port: str | None) -> tuple[str, ...]:
    """The words of a sentence, without the port that it is about and without how long it is so."""
    words = said.split(" ")
    for at, word in enumerate(words):
        if word == port or (words[at + 1 : at + 2] and words[at + 1] in _UNITS):
            words[at] = ""
    return tuple(words)


def _block(lag: ExplainedLag, group: Sequence[Finding], screen: Screen) -> Iterator[str]:
    finding = group[0]
    word, style = _WORDS[finding.gravity]
    front = f"{word} {finding.port or lag.name}: "
    first, *more = screen.wrap(front + finding.said, "  ", "    ")
    yield first.replace(word, screen.paint(style, word), 1)
    yield from more
    yield from _facts("also", tuple(_others(lag, group)), screen)
    yield from _facts("seen", finding.evidence, screen)
    yield from _facts("do", finding.remedy, screen)
    yield from _facts("where", (finding.where,), screen)


def _others(lag: ExplainedLag, group: Sequence[Finding]) -> Iterator[str]:
    """Of whom else it is told; of those that differ in more than how long, in what."""
    names: dict[tuple[str, ...], list[str]] = {}
    sentences: dict[tuple[str, ...], str] = {}
    for each in group:
        words = _anonymous(each.said, each.port)
        names.setdefault(words, []).append(each.port or lag.name)
        sentences.setdefault(words, each.said)
    first, *others = names
    if same := names[first][1:]:
        yield ", ".join(same)
    for words in others:
        yield f"{', '.join(names[words])}: {sentences[words]}"


def _facts(title: str, facts: Sequence[str], screen: Screen) -> Iterator[str]:
    """Facts one below the other beside their title."""
    margin, hanging = f"    {title:6}", " " * 10
    for fact in facts:
        if fact.startswith(_COMMANDS):
            # Not broken: it is there to be copied.
            lines = [f"{margin}$ {screen.paint('bold', fact)}"]
        else:
            lines = screen.wrap(fact, margin, hanging + "  ")
        yield lines[0].replace(title, screen.paint("dim", title), 1) if margin.strip() else lines[0]
        yield from lines[1:]
        margin = hanging


COMMAND = Command(
    arguments,
    run,
    text,
    notes="\n".join(
        (
            "FAULT   keeps a port, or the LAG, from carrying traffic",
            "ODDITY  traffic passes, but not as it should, or not for long",
            "note    as it was asked for, and worth knowing: a port that stands by",
            "",
            "seen is how it is known, do is what to do about it, where is at which end.",
            "State octets are in letters: A active, T short timeout, G aggregation,",
            "S in sync, C collecting, D distributing, F defaulted (no partner heard),",
            "E expired.",
            "",
            "Exit code 0 when nothing is wrong, notes apart; 1 for a fault or an oddity, or",
            "when a source cannot be asked: fit for a health check.",
        )
    ),
)
