"""`kill -9` while people write in XMPP: what was acknowledged is there, once."""

import asyncio
import re
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from tests.support.node import Node, run_node
from tests.support.telephony import make_account
from tests.support.xmpp_raw import MANAGED, Ended, Wire, chat, wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WRITERS = 4
MESSAGES = 400


class Writer:
    """Writes to Zoe, counts what was acknowledged (XEP-0198), and sends the rest again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent: list[str] = []
        self.acknowledged = 0

    async def write(self, client: Wire) -> None:
        """One message after the other until the node is gone."""
        await client.login(self.name)
        await client.send(f"<enable xmlns='{MANAGED}'/>")
        await client.until("<enabled[^>]*>")
        reading = asyncio.create_task(self._read(client))
        for number in range(MESSAGES):
            id = f"{self.name}-{number}"
            self.sent.append(id)
            await client.send(chat("zoe@localhost", id, id) + f"<r xmlns='{MANAGED}'/>")
            await asyncio.sleep(0.002)
        await reading

    async def _read(self, client: Wire) -> None:
        with suppress(Ended):
            while self.acknowledged < MESSAGES:
                found = await client.until(r"<a [^>]*h=['\"](\d+)['\"]")
                self.acknowledged = int(found[1])

    async def again(self, client: Wire) -> None:
        """Send again what was not acknowledged, and wait until it is."""
        await client.login(self.name)
        await client.send(f"<enable xmlns='{MANAGED}'/>")
        await client.until("<enabled[^>]*>")
        rest = self.sent[self.acknowledged :]
        for id in rest:
            await client.send(chat("zoe@localhost", id, id))
        await client.send(f"<r xmlns='{MANAGED}'/>")
        await client.until(rf"<a [^>]*h=['\"]{len(rest)}['\"]")


async def archive(client: Wire) -> list[str]:
    """The texts of Zoe's archive, page by page (XEP-0313)."""
    found: list[str] = []
    after = ""
    while True:
        page = f"<set xmlns='http://jabber.org/protocol/rsm'><max>50</max>{after}</set>"
        await client.send(
            f"<iq type='set' id='page'><query xmlns='urn:xmpp:mam:2'>{page}</query></iq>"
        )
        text = (await client.until(r".*?<iq [^>]*id=['\"]page['\"].*?</iq>"))[0]
        found += re.findall(r"<body>([^<]+)</body>", text)
        last = re.search(r"<last>([^<]+)</last>", text)
        if last is None or re.search(r"<fin [^>]*complete=['\"]true", text):
            return found
        after = f"<after>{last[1]}</after>"


async def test_acknowledged_messages_outlive_a_kill_and_none_is_doubled(
    tmp_path: Path, artifacts: Path
) -> None:
    data, log = tmp_path / "data", artifacts / "node.log"
    data.mkdir()
    writers = [Writer(f"writer{number}") for number in range(WRITERS)]
    async with run_node(data, log) as node:
        for name in ("zoe", *(writer.name for writer in writers)):
            await make_account(node, name)
        await killed_while_they_write(node, writers)
    assert 0 < sum(writer.acknowledged for writer in writers) < WRITERS * MESSAGES

    async with run_node(data, log) as node, wire(node) as zoe:
        await zoe.login("zoe", available=False)
        found = await archive(zoe)
        for writer in writers:
            assert set(writer.sent[: writer.acknowledged]) <= set(found)
        assert len(found) == len(set(found))
        async with AsyncExitStack() as stack:
            for writer in writers:
                await writer.again(await stack.enter_async_context(wire(node)))
        everything = await archive(zoe)
        assert sorted(everything) == sorted(id for writer in writers for id in writer.sent)


async def killed_while_they_write(node: Node, writers: list[Writer]) -> None:
    async with AsyncExitStack() as stack:
        writing = [
            asyncio.create_task(writer.write(await stack.enter_async_context(wire(node))))
            for writer in writers
        ]
        while sum(writer.acknowledged for writer in writers) < WRITERS * MESSAGES // 3:
            await asyncio.sleep(0.005)
        await node.kill()
        await asyncio.gather(*writing, return_exceptions=True)
