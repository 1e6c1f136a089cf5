"""What sessions asked for: done in order, not too much of it, and its end always."""

import asyncio
from functools import partial
from typing import cast

import pytest

from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.errands import Errands
from antiphon.protocols.xmpp.session import Session


async def test_the_end_of_a_session_is_done_however_much_waits() -> None:
    errands, done = Errands(waiting=2), list[int]()
    session, go = cast(Session, object()), asyncio.Event()

    async def wait() -> None:
        await go.wait()

    async def note(number: int) -> None:
        done.append(number)

    errands.add(session, wait)
    await asyncio.sleep(0)
    for number in range(2):
        errands.add(session, partial(note, number))
    with pytest.raises(Refused) as refused:
        errands.add(session, partial(note, 2))
    assert refused.value.reason is Reason.TOO_MANY
    errands.add(session, partial(note, 3), always=True)
    go.set()
    await errands.close()
    assert done == [0, 1, 3]
    assert not errands.busy
