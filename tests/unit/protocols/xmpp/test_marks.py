"""Marks wait in lanes, one for each account."""

import asyncio

from antiphon.core.address import Address
from antiphon.core.message import Mark, Original
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.marks import AT_ONCE, WAITING, Marks
from tests.support.fakes import account

ANN, BOB = account("ann"), account("bob")


class Slow:
    """Stores one at a time, when it is let."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, str]] = []
        self.free = asyncio.Event()
        self.at_once = self.most = 0

    async def mark(
        self,
        caller: Caller,
        to: Address,
        mark: Mark,
        reference: str,
        original: Original | None = None,
    ) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.free.wait()
        self.at_once -= 1
        self.stored.append((caller.address.local, reference))
        if reference == "unknown":
            raise Refused(Reason.NOT_FOUND, "no such message")


def peer(number: int) -> Address:
    return account(f"peer{number}").address


async def test_who_marks_much_keeps_nobody_else_waiting() -> None:
    slow = Slow()
    marks = Marks(slow)
    for number in range(WAITING + 50):
        marks.add(ANN, peer(number), Mark.DISPLAYED, f"a{number}", None)
    assert marks.dropped == 50
    marks.add(BOB, peer(0), Mark.DISPLAYED, "b0", None)
    assert marks.dropped == 50, "what others mark has a place of its own"
    slow.free.set()
    await marks.close()
    assert slow.stored.index(("bob", "b0")) <= 2
    assert len(slow.stored) == WAITING + 1


async def test_of_one_account_one_after_the_other_and_the_last_says_it_all() -> None:
    slow = Slow()
    marks = Marks(slow)
    marks.add(ANN, peer(1), Mark.DISPLAYED, "first", None)
    await asyncio.sleep(0)
    for reference in ("second", "third", "unknown", "last"):
        marks.add(ANN, peer(1), Mark.DISPLAYED, reference, None)
    slow.free.set()
    await marks.close()
    assert slow.stored == [("ann", "first"), ("ann", "last")]
    assert slow.most == 1


async def test_a_few_accounts_at_once() -> None:
    slow = Slow()
    marks = Marks(slow)
    for number in range(3 * AT_ONCE):
        marks.add(account(f"x{number}"), peer(1), Mark.RECEIVED, "unknown", None)
    for _ in range(3):
        await asyncio.sleep(0)
    assert slow.at_once == AT_ONCE
    slow.free.set()
    await marks.close()
    assert len(slow.stored) == 3 * AT_ONCE
