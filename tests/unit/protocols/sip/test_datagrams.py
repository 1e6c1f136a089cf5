"""When a socket of datagrams is read: at once, or under load by the clock."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from antiphon.protocols.sip.datagrams import IDLE, PAUSE, TURNS, WITHIN, Datagrams


class Timer:
    def __init__(self, when: float, act: Callable[[], None]) -> None:
        self.when, self.act, self.cancelled = when, act, False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Those parts of an event loop that are needed, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.reader: Callable[[], None] | None = None
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def add_reader(self, _: object, act: Callable[[], None]) -> None:
        self.reader = act

    def remove_reader(self, _: object) -> bool:
        was, self.reader = self.reader, None
        return was is not None

    def call_later(self, delay: float, act: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.now + delay, act))
        return self.timers[-1]

    def tick(self) -> None:
        """Until the next timer."""
        self.timers = [one for one in self.timers if not one.cancelled]
        timer = self.timers.pop(0)
        self.now = timer.when
        timer.act()


class Stand:
    def __init__(self) -> None:
        self.loop, self.polls, self.waiting = Loop(), 0, 0
        self.fails = self.ends = False
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams = Datagrams(opened, self.poll, cast(asyncio.AbstractEventLoop, self.loop))
        self.datagrams.start()

    def poll(self, now: float) -> int:
        assert now == self.loop.now
        self.polls += 1
        if self.fails:
            raise OSError("a socket that fails")
        if self.ends:
            self.datagrams.close()
        found, self.waiting = self.waiting, 0
        return found

    def come(self, apart: float, count: int = 1) -> None:
        """So many datagrams, each so long after the one before; read if somebody waits for them."""
        for _ in range(count):
            self.loop.now += apart
            self.waiting += 1
            if self.loop.reader is not None:
                self.loop.reader()


@pytest.fixture
def stand() -> Iterator[Stand]:
    made = Stand()
    yield made
    made.datagrams.close()


def test_what_comes_now_and_then_is_read_at_once(stand: Stand) -> None:
    stand.come(WITHIN / (TURNS - 2), 50)
    assert (stand.polls, stand.waiting, stand.datagrams.is_loaded) == (50, 0, False)


def test_under_load_one_turn_reads_many_until_nothing_comes(stand: Stand) -> None:
    stand.come(WITHIN / TURNS / 2, TURNS)
    assert (stand.polls, stand.waiting, stand.datagrams.is_loaded) == (TURNS, 0, True)
    stand.come(PAUSE / 100, 50)
    assert (stand.polls, stand.waiting) == (TURNS, 50), "nobody was woken for each"
    before = stand.loop.now
    stand.loop.tick()
    assert (stand.polls, stand.waiting) == (TURNS + 1, 0)
    assert stand.loop.now - before <= PAUSE
    for turn in range(IDLE):
        assert stand.datagrams.is_loaded, turn
        stand.loop.tick()
    assert not stand.datagrams.is_loaded
    stand.come(1.0)
    assert stand.waiting == 0, "it is read at once again"


def test_a_turn_that_fails_is_not_the_last(stand: Stand) -> None:
    stand.come(0.0, TURNS)
    stand.fails = True
    with pytest.raises(OSError, match="fails"):
        stand.loop.tick()
    stand.fails = False
    stand.come(0.0)
    stand.loop.tick()
    assert stand.waiting == 0


def test_a_closed_one_is_not_read_again(stand: Stand) -> None:
    stand.come(0.0, TURNS)
    stand.datagrams.close()
    assert stand.loop.reader is None
    assert all(timer.cancelled for timer in stand.loop.timers)


def test_what_ends_while_it_is_read_is_not_read_again(stand: Stand) -> None:
    stand.come(0.0001, TURNS)
    for _ in range(IDLE - 1):
        stand.loop.tick()
    # The last turn before it would be calm is the one that ends it.
    stand.ends = True
    stand.loop.tick()
    assert stand.loop.reader is None
    assert not stand.datagrams.is_loaded
    assert all(timer.cancelled for timer in stand.loop.timers)
