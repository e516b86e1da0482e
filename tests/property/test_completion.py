"""Completion of any command line, however wrong: nothing raises, and what is offered fits."""

from argparse import Action

from hypothesis import given
from hypothesis import strategies as st

from lacp.cli import lacpctl, lacpd_parser, pcap_replay
from lacp.cli.completing.line import Candidate, Fitting, Line

PARSERS = {
    "lacpctl": lacpctl.build_parser,
    "lacpd": lacpd_parser.build_parser,
    "pcap-replay": pcap_replay.build_parser,
}
WORDS = [
    *("show", "set", "conformance", "run", "list", "simulate", "completion", "explain", "watch"),
    *("--", "-", "", "--json", "-v", "-n", "--edition", "--edition=2014", "--edition=", "--list"),
    *("--run-dir", "--interface", "--engine", "-k", "-f", "--dataplane", "team0", "=", "--=", "x"),
]

words = st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=6)


def values(action: Action, line: Line) -> Fitting:
    """A world of three names."""
    return Fitting([Candidate(name) for name in ("team0", "eth1", "2014")])


@given(st.sampled_from(list(PARSERS)), words, st.sampled_from(WORDS) | st.text(max_size=6))
def test_what_is_offered_goes_on_with_what_is_typed(
    program: str, before: list[str], word: str
) -> None:
    line = Line(PARSERS[program]())
    line.take(before)
    found = line.fitting(word, values)
    texts = [each.text for each in found.candidates]
    assert len(texts) == len(set(texts))
    assert all(text.startswith(word) for text in texts)
    assert not any("\n" in each.text or "\t" in each.text for each in found.candidates)
