"""Work in turns: who asks for much holds up neither the loop nor the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from lacp.daemon import turns


@pytest.fixture(autouse=True)
def _a_step_is_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN", 0.0)


def work(name: str, steps: int, done: list[str]) -> turns.Work:
    for _ in range(steps):
        done.append(name)
        yield
    done.append(f"{name} is done")


def play(*works: tuple[str, int]) -> list[str]:
    done: list[str] = []

    async def story() -> None:
        for name, steps in works:
            turns.turns().add(work(name, steps, done))
        while len(done) < sum(steps + 1 for _, steps in works):
            done.append("loop")
            await asyncio.sleep(0)
            done.remove("loop")

    asyncio.run(asyncio.wait_for(story(), 10))
    return done


def test_little_is_done_before_much() -> None:
    assert play(("much", 3), ("little", 1)) == [
        *("much", "little", "much", "little is done", "much", "much is done")
    ]


def test_the_loop_has_its_turn_between_any_two_steps() -> None:
    seen: list[int] = []
    done: list[str] = []

    async def story() -> None:
        turns.turns().add(work("it", 5, done))
        while len(done) < 6:
            await asyncio.sleep(0)
            seen.append(len(done))

    asyncio.run(asyncio.wait_for(story(), 10))
    assert seen == [1, 2, 3, 4, 5, 6]


def test_what_is_dropped_is_not_done() -> None:
    done: list[str] = []

    async def story() -> None:
        mine = turns.turns()
        one, other = work("one", 3, done), work("other", 3, done)
        mine.add(one)
        mine.add(other)
        mine.drop(one)
        mine.drop(one)
        while len(done) < 4:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(story(), 10))
    assert done == ["other", "other", "other", "other is done"]


def test_a_bug_in_one_stops_no_other() -> None:
    done: list[str] = []
    said: list[str] = []

    def wrong() -> Iterator[None]:
        yield
        raise ValueError("a bug")

    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: said.append(str(context["exception"])))
        turns.turns().add(wrong())
        turns.turns().add(work("other", 3, done))
        while len(done) < 4:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(story(), 10))
    assert said == ["a bug"]
    assert done[-1] == "other is done"


def test_each_loop_has_its_own() -> None:
    async def mine() -> turns.Turns:
        assert turns.turns() is turns.turns()
        return turns.turns()

    assert asyncio.run(mine()) is not asyncio.run(mine())
