"""A writer that is killed (SIGKILL) under load loses nothing that it acknowledged."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from antiphon.core.address import Address
from antiphon.core.message import Message, Span
from antiphon.services.mailbox import Mailbox
from antiphon.stores.database import Database
from tests.support import message_writer
from tests.support.message_writer import SENDERS, archives_of, post

COUNT = 1600
KILLED_AFTER = (1, 100, 700)  # acknowledged messages


async def test_every_acknowledged_message_is_there_and_none_twice(database_url: str) -> None:
    for turn, enough in enumerate(KILLED_AFTER):
        acknowledged = await _write_until_killed(database_url, turn, enough)
        assert len(acknowledged) >= enough
        async with Database(database_url) as database:
            mailbox = Mailbox(database)
            await _check(mailbox, str(turn), acknowledged)
            await mailbox.close()


async def _check(mailbox: Mailbox, turn: str, acknowledged: dict[str, str]) -> None:
    for archives in map(archives_of, range(SENDERS)):
        stored = [await _everything(mailbox, archive) for archive in archives]
        assert stored[0] == stored[-1], "both accounts have it, or none"
    before = {m.origin_id: m.id for m in await _of_turn(mailbox, turn)}
    assert before.items() >= acknowledged.items()

    # The senders come back and send again what they are not sure of, and more.
    again = await asyncio.gather(*(post(mailbox, turn, number) for number in range(COUNT)))
    assert {m.origin_id: m.id for m, _ in again}.items() >= before.items()
    assert sum(new for _, new in again) == COUNT - len(before)

    messages = await _of_turn(mailbox, turn)
    assert sorted(str(m.origin_id) for m in messages) == sorted(f"{turn}.{n}" for n in range(COUNT))
    assert all(message.text == f"text of {message.origin_id}" for message in messages)
    assert len({message.id for message in messages}) == COUNT


async def _write_until_killed(url: str, turn: int, enough: int) -> dict[str, str]:
    """Start a writer, kill it after `enough` acknowledgements; all that it acknowledged."""
    root = Path(__file__).parents[3]
    writer = await asyncio.create_subprocess_exec(
        *(sys.executable, message_writer.__file__, url, str(turn), str(COUNT)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
    )
    assert writer.stdout is not None
    lines = []
    while line := await writer.stdout.readline():
        lines.append(line.decode())
        if len(lines) == enough:
            writer.kill()
    assert await writer.wait() == -signal.SIGKILL, "it was killed while it was writing"
    assert len(lines) < COUNT
    return dict(line.split() for line in lines if line.endswith("\n"))


async def _of_turn(mailbox: Mailbox, turn: str) -> list[Message]:
    """All messages of one turn, by their senders' archives and the room's."""
    found = [await _everything(mailbox, archives_of(sender)[0]) for sender in range(SENDERS)]
    every = [message for archive in found for message in archive]
    return [message for message in every if message.text.startswith(f"text of {turn}.")]


async def _everything(mailbox: Mailbox, archive: Address) -> list[Message]:
    """All messages of an archive, oldest first."""
    messages: list[Message] = []
    after, more = None, True
    while more:
        page = await mailbox.read(archive, Span(after=after, latest=False, limit=500))
        messages += page.messages
        after, more = messages[-1].id if messages else None, page.more
    return messages
