"""Words that every layer has a use for."""

from __future__ import annotations

from lacp.text import count, plain


def test_nothing_on_a_terminal_moves_its_cursor() -> None:
    assert plain("a\x1b[31m\r\nb\u202e") == "a?[31m??b?"
    assert plain("±0.25 s") == "±0.25 s"


def test_numbers_have_their_nouns() -> None:
    assert [count(number, "port") for number in (0, 1, 2)] == ["0 ports", "1 port", "2 ports"]
    assert count(1200, "frame of it", "frames of it") == "1,200 frames of it"
