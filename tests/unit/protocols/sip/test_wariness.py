"""Failed log-ins: when one must wait, and that answers leave together."""

import asyncio
from collections.abc import Callable
from typing import Any

from antiphon.protocols.sip.wariness import MAX_NAME, MAX_SOURCES, NETWORK_FACTOR, Wariness


class _Handle(asyncio.TimerHandle):
    def __init__(self) -> None:
        """Of no loop."""


class Clock:
    """Time that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.due: list[tuple[float, Callable[[], Any]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], Any], /) -> asyncio.TimerHandle:
        self.due.append((when, callback))
        return _Handle()

    def strike(self) -> None:
        (when, callback), self.due = self.due[0], self.due[1:]
        self.now = max(self.now, when)
        callback()


def test_failures_of_one_account_from_one_address() -> None:
    clock = Clock()
    wary = Wariness(3, 60.0, loop=clock)
    assert wary.must_wait("192.0.2.1", "alice") == 0
    for _ in range(3):
        wary.failed("192.0.2.1", "alice")
    assert 0 < wary.must_wait("192.0.2.1", "alice") <= 61
    # Neither others nor elsewhere.
    assert wary.must_wait("192.0.2.1", "bob") == 0
    assert wary.must_wait("192.0.2.2", "alice") == 0
    clock.now += wary.must_wait("192.0.2.1", "alice")
    assert wary.must_wait("192.0.2.1", "alice") == 0
    wary.failed("192.0.2.1", "alice")
    assert wary.must_wait("192.0.2.1", "alice") > 0
    assert wary.counters["failed"] == 4


def test_success_forgives_the_account_but_not_the_network() -> None:
    wary = Wariness(2, 60.0, loop=Clock())
    for number in range(2 * NETWORK_FACTOR):
        wary.failed("192.0.2.1", f"user{number}")
        wary.succeeded("192.0.2.1", f"user{number}")
    assert wary.must_wait("192.0.2.1", "alice") > 0
    assert wary.must_wait("192.0.2.2", "alice") == 0


def test_an_ipv6_customer_is_one_source() -> None:
    wary = Wariness(1, 60.0, loop=Clock())
    wary.failed("2001:db8::1", "alice")
    assert wary.must_wait("2001:db8::2", "alice") > 0
    assert wary.must_wait("2001:db8:0:1::2", "alice") == 0


def test_a_botnet_does_not_fill_the_memory() -> None:
    wary = Wariness(3, 60.0, loop=Clock())
    for number in range(MAX_SOURCES):
        wary.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "alice")
    assert len(wary._failed) <= MAX_SOURCES


def test_long_names_are_kept_short() -> None:
    wary = Wariness(1, 60.0, loop=Clock())
    one, other = "a" * 5000, "a" * 4999
    wary.failed("192.0.2.1", one)
    assert wary.must_wait("192.0.2.1", one) > 0
    assert wary.must_wait("192.0.2.1", other) == 0
    assert all(len(user) <= MAX_NAME for _, user in wary._failed)
    wary.succeeded("192.0.2.1", one)
    assert wary.must_wait("192.0.2.1", one) == 0


def test_it_is_calm_again_after_a_while() -> None:
    clock = Clock()
    wary = Wariness(3, 60.0, loop=clock)
    seen = [wary.is_calm]
    wary.failed("192.0.2.1", "alice")
    seen.append(wary.is_calm)
    clock.now += 60
    seen.append(wary.is_calm)
    assert seen == [True, False, True]


def test_answers_leave_on_the_strokes() -> None:
    clock = Clock()
    wary = Wariness(3, 60.0, loop=clock)
    done: list[str] = []
    clock.now = 1000.012
    wary.answer(lambda: done.append("early"))
    clock.now = 1000.041
    wary.answer(lambda: done.append("late"))
    assert not done
    assert len(clock.due) == 1
    assert clock.due[0][0] - 1000.012 >= 0.05
    clock.strike()
    assert done == ["early", "late"]
