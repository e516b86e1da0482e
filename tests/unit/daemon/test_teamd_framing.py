"""The records of teamd's socket: what clients send is understood, whatever it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.daemon.teamd import framing

#: What a client may put into an argument; an empty one cannot be sent.
ARGUMENTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def escaped(argument: str) -> str:
    """As libteamdctl writes it."""
    return argument.replace("\\", "\\\\").replace("\n", "\\n")


def record(method: str, *arguments: str) -> bytes:
    """As libteamdctl sends it."""
    return "".join(f"{line}\n" for line in ("REQUEST", method, *map(escaped, arguments))).encode()


@given(st.lists(ARGUMENTS, max_size=3))
def test_what_is_sent_arrives(arguments: list[str]) -> None:
    request = framing.request(record("PortAdd", *arguments))
    assert request.method == "PortAdd"
    assert [framing.argument(line) for line in request.arguments] == arguments


@given(st.binary())
def test_whatever_is_sent_is_a_request_or_refused(octets: bytes) -> None:
    try:
        request = framing.request(octets)
        for line in request.arguments:
            framing.argument(line)
    except framing.FramingError:
        pass


def test_the_last_newline_may_be_missing_and_empty_lines_are_none() -> None:
    wanted = framing.Request("PortAdd", ("eth1",))
    for octets in (
        b"REQUEST\nPortAdd\neth1\n",
        b"REQUEST\nPortAdd\neth1",
        b"\n\nREQUEST\n\nPortAdd\n\neth1\n\n",
    ):
        assert framing.request(octets) == wanted


@pytest.mark.parametrize("octets", [b"", b"\n", b"REQUEST", b"REQUEST\n", b"request\nX\n", b"HI\n"])
def test_what_is_no_request(octets: bytes) -> None:
    with pytest.raises(framing.FramingError):
        framing.request(octets)


def test_escapes_next_to_each_other() -> None:
    # teamd itself leaves the second of two alone.
    assert framing.argument(r"{\n\n\"x\\n\\\\}".replace(r"\"", '"')) == '{\n\n"x\\n\\\\}'


@pytest.mark.parametrize("line", ["\\", "a\\", "\\t", "\\x41", "\\\\\\"])
def test_other_escapes_are_none(line: str) -> None:
    with pytest.raises(framing.FramingError):
        framing.argument(line)


def test_replies() -> None:
    assert framing.success(None) == b"REPLY_SUCCESS\n"
    assert framing.success("{\n}") == b"REPLY_SUCCESS\n{\n}"
    assert framing.error("NoSuchDev", "No such device.") == (
        b"REPLY_ERROR\nNoSuchDev\nNo such device.\n"
    )


def test_names_that_are_no_text_come_back_as_they_were() -> None:
    (name,) = framing.request(b"REQUEST\nPortAdd\ne\xff\n").arguments
    assert framing.success(name) == b"REPLY_SUCCESS\ne\xff"
    assert (
        framing.success("half a character: \ud800") == b"REPLY_SUCCESS\nhalf a character: \\ud800"
    )
