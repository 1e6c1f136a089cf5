import asyncio

from antiphon.protocols.sip.turns import Turns


async def test_one_after_the_other() -> None:
    done: list[str] = []
    turns = Turns(lambda: done.append("failed"))

    async def slow() -> None:
        await asyncio.sleep(0.01)
        done.append("slow")

    async def broken() -> None:
        raise RuntimeError

    async def quick() -> None:
        done.append("quick")
        turns.add(last)

    async def last() -> None:
        done.append("last")

    for work in (slow, broken, quick):
        turns.add(work)
    assert turns.waiting == 3
    await turns.done()
    assert done == ["slow", "failed", "quick", "last"]
    assert turns.waiting == 0
    turns.add(last)
    await turns.done()
    assert done[-1] == "last"


async def test_nothing_to_wait_for() -> None:
    await Turns(lambda: None).done()
