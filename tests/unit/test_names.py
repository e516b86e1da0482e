"""Addresses of names, found without waiting."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import Any

import pytest

from lacp.backends.names import address_of, look_up


@pytest.mark.parametrize(
    ("name", "version", "address"),
    [("127.0.0.1", 4, "127.0.0.1"), ("::1", 6, "::1"), ("10.1", 4, "10.0.0.1")],
)
def test_an_address_is_its_own_address(name: str, version: int, address: str) -> None:
    assert look_up(name, version) == address


@pytest.mark.parametrize(("name", "version"), [("::1", 4), ("127.0.0.1", 6), ("a" * 70 + ".", 4)])
def test_what_has_no_address_is_one_line(
    name: str, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert look_up(name, version) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"no IPv{version} address for {name}: ")


def test_the_first_of_several_addresses_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(name: str, port: None, family: int, kind: int) -> list[Any]:
        assert (name, family) == ("gateway", socket.AF_INET6)
        return [(family, kind, 17, "", (text, 0, 0, 0)) for text in ("fd00::1", "fd00::2")]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert look_up("gateway", 6) == "fd00::1"


def test_others_go_on_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(name: str, *_: object) -> list[Any]:
        asked.set()
        assert go_on.wait(10)
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.168.23.1", 0))]

    async def program() -> str | None:
        task = asyncio.create_task(address_of("gateway", 4))
        while not asked.is_set():
            await asyncio.sleep(0)
        go_on.set()
        return await task

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    assert asyncio.run(program()) == "192.168.23.1"


def test_a_program_that_ends_does_not_wait_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def never(*_: object) -> list[Any]:
        asked.set()
        assert go_on.wait(10)
        return []

    async def program() -> None:
        task = asyncio.create_task(address_of("gateway", 4))
        while not asked.is_set():
            await asyncio.sleep(0)
        task.cancel()

    monkeypatch.setattr(socket, "getaddrinfo", never)
    asyncio.run(program())
    assert not go_on.is_set()
    late = [it for it in threading.enumerate() if it.name == "address of gateway"]
    go_on.set()
    for thread in late:
        thread.join(10)
    assert [it.daemon for it in late] == [True]
