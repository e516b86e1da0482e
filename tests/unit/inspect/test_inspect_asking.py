"""Sockets are asked together, within a deadline, and none of them is trusted."""

import contextlib
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from lacp.errors import BackendError
from lacp.inspect import asking
from lacp.inspect.answering import Way
from lacp.inspect.asking import ask, listed
from tests import hostile
from tests.hostile import listening

STREAM, RECORDS = socket.SOCK_STREAM, socket.SOCK_SEQPACKET


def line(pieces: Sequence[bytes]) -> bytes | None:
    text = b"".join(pieces)
    if not text.startswith(b"good"):
        raise BackendError("not the protocol")
    return text


def two(pieces: Sequence[bytes]) -> tuple[bytes, ...] | None:
    return tuple(pieces) if len(pieces) == 2 and len(pieces[0]) == 1 else None


LINES = Way("lined", STREAM, (b"tell\n",), line, ending=b"\n")
PAIRS = Way("paired", RECORDS, (b"one", b"two"), two)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where paths are short enough for sockets."""
    monkeypatch.chdir(tmp_path)
    return Path()


def asked(way: Way[bytes], *paths: str, within: float = 0.3, named: bool = False) -> dict[str, str]:
    """What was found of each path."""
    start = time.monotonic()
    found = {}
    for one in ask(way, paths, start + within, named=named):
        if isinstance(one, str):
            path, _, said = one.partition(": ")
            found[path] = said
        else:
            found[one[0]] = one[1].decode().rstrip()
    # A busy machine makes late what takes no time; a second is what is promised.
    assert time.monotonic() - start < within + 0.6
    return found


def test_answers_of_several(here: Path) -> None:
    with (
        listening("a", STREAM, hostile.answer(b"good ", b"a\n")),
        listening("b", STREAM, hostile.answer(b"good b\n")),
    ):
        assert asked(LINES, "a", "b", within=5) == {"a": "good a", "b": "good b"}


def test_records_are_answers_each(here: Path) -> None:
    with listening("a", RECORDS, hostile.answer(b"1", b"2")):
        assert list(ask(PAIRS, ["a"], time.monotonic() + 5)) == [("a", (b"1", b"2"))]


def test_bad_ones_cost_a_line_each_and_good_ones_nothing(here: Path) -> None:
    hostile.stale("stale")
    os.mkdir("directory")
    os.symlink("loop", "loop")
    os.symlink("nowhere", "dangling")
    Path("file").write_text("good\n")
    with contextlib.ExitStack() as stack:
        for name, behave in {
            "good": hostile.answer(b"good\n"),
            "hang": hostile.hang,
            "close": hostile.close,
            "trickle": hostile.trickle(b"good\n"),
            "garbage": hostile.answer(b"\xff\x00\x1b[2J\n"),
        }.items():
            stack.enter_context(listening(name, STREAM, behave))
        stack.enter_context(listening("records", RECORDS, hostile.hang))
        stack.enter_context(hostile.unattended("unattended", STREAM))
        names = (*sorted(os.listdir()), "gone", "x" * 200)
        found = asked(LINES, *names)
    assert found == {
        "good": "good",
        "hang": "no answer of lined within 0.2 s",
        "close": "closed the connection without an answer",
        "trickle": "only a part of an answer (1 octet) within 0.2 s",
        "garbage": "not the protocol",
        "records": "a socket of another kind than that of lined",
        "unattended": "lined lets nobody in within 0.2 s",
        "directory": "no socket, expected that of lined",
        "file": "no socket, expected that of lined",
        "loop": "Too many levels of symbolic links",
        "dangling": "a link to nothing, expected the socket of lined",
        "x" * 200: "File name too long",
    }


def test_many_that_hang_do_not_add_up_and_are_counted(here: Path) -> None:
    names = [f"hang{number:02}" for number in range(40)]
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(listening(name, STREAM, hostile.hang))
        stack.enter_context(listening("good", STREAM, hostile.answer(b"good\n")))
        start = time.monotonic()
        found = list(ask(LINES, [*names, "good"], start + 0.4))
        assert time.monotonic() - start < 1
    assert ("good", b"good\n") in found
    lines = [one for one in found if isinstance(one, str)]
    assert len(lines) == 17
    assert lines[-1] == ": 24 more sockets of lined without a usable answer"


def test_what_was_named_must_be_there(here: Path) -> None:
    hostile.stale("stale")
    found = asked(LINES, "stale", "gone", named=True)
    assert found == {"stale": "no lined listens here any more", "gone": "no such socket"}


def test_a_flood_ends_at_the_limit(here: Path) -> None:
    with (
        listening("stream", STREAM, hostile.flood(100 << 20)),
        listening("records", RECORDS, hostile.flood(100 << 20, b"x" * 100_000)),
    ):
        found = asked(LINES, "stream", within=5)
        (said,) = ask(PAIRS, ["records"], 1e9)
    assert found == {"stream": "more than 8,388,608 octets, no answer of lined"}
    assert said == "records: too many pieces for an answer of paired"


def test_a_record_beyond_the_limit_is_no_answer(here: Path) -> None:
    with listening("a", RECORDS, hostile.answer(b"x" * 100_000)):
        way = Way("small", RECORDS, (b"?",), two, limit=1 << 16)
        assert list(ask(way, ["a"], time.monotonic() + 5)) == [
            "a: more than 65,536 octets, no answer of small"
        ]


def test_what_looks_like_an_end_is_looked_at_only_so_often(here: Path) -> None:
    looked = 0

    def never(pieces: Sequence[bytes]) -> None:
        nonlocal looked
        looked += sum(map(len, pieces))

    way: Way[bytes] = Way("lined", STREAM, (b"?",), never, ending=b"\n", limit=1 << 20)
    with listening("a", STREAM, hostile.flood(100 << 20, b"x" * 999 + b"\n")):
        (said,) = ask(way, ["a"], time.monotonic() + 5)
    assert said in (
        "a: too many pieces for an answer of lined",
        "a: more than 1,048,576 octets, no answer of lined",
    )
    assert looked <= 4 << 20


def test_thousands_of_stale_ones_cost_next_to_nothing(here: Path) -> None:
    for number in range(3000):
        hostile.stale(f"{number:04}.sock")
    with listening("zz.sock", STREAM, hostile.answer(b"good\n")):
        names = listed(".", ".sock")
        assert len(names) == 3001
        start = time.monotonic()
        assert list(ask(LINES, names, start + 5)) == [("./zz.sock", b"good\n")]
        assert time.monotonic() - start < 2


def test_no_more_descriptors_than_there_may_be(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_AT_A_TIME", 2)
    with contextlib.ExitStack() as stack:
        for number in range(7):
            stack.enter_context(listening(str(number), STREAM, hostile.answer(b"good\n")))
        found = asked(LINES, *map(str, range(7)), within=5)
    assert found == dict.fromkeys(map(str, range(7)), "good")


def test_who_may_not_read_is_told_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert listed("nowhere", ".sock") == []
    Path("file").touch()
    with pytest.raises(BackendError, match=r"^file: Not a directory$"):
        listed("file", ".sock")

    def refuse(path: str) -> list[str]:
        raise PermissionError

    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BackendError, match=r"^run: may not be read; run as root$"):
        listed("run", ".sock")
