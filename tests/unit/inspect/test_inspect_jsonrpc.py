"""The protocol of the sockets of Open vSwitch."""

import pytest

from lacp.errors import BackendError
from lacp.inspect import jsonrpc


def whole(text: str, calls: int = 2) -> list[jsonrpc.Reply] | None:
    return jsonrpc.replies(calls)([text.encode()])


def test_replies_are_told_apart_by_their_numbers() -> None:
    text = '{"id":1,"result":"b","error":null} {"id":0,"result":null,"error":"no"}\n'
    assert whole(text) == [jsonrpc.Reply(None, "no"), jsonrpc.Reply("b", None)]
    echo = '{"id":0,"method":"echo","params":[]}'
    assert whole(echo + text) == whole(text)


def test_an_answer_cut_anywhere_is_not_whole_yet() -> None:
    text = '{"id":1,"result":"b\\n\\u00e4}","error":null}{"id":0,"result":[true,{"a":-1.5e3}]}'
    assert whole(text) is not None
    for cut in range(len(text)):
        assert whole(text[:cut]) is None


DEEP = ["[" * 100_000, '{"a":' * 100_000]


@pytest.mark.parametrize(
    "text", ["hello, what do you want?", "[1]", "{]   this goes on", "9" * 5000, *DEEP]
)
def test_garbage_is_called_that(text: str) -> None:
    with pytest.raises(BackendError, match="not Open vSwitch's protocol"):
        whole(text)
