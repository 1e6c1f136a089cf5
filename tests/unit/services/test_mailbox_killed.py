"""A writer that is killed (SIGKILL) under load loses nothing that it acknowledged."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from antiphon.core.message import Draft, Message
from antiphon.services.mailbox import Mailbox
from antiphon.stores.database import Database
from tests.support import message_writer
from tests.support.message_writer import ANN, ROOM

COUNT = 2000
KILLED_AFTER = (1, 100, 700)  # acknowledged messages


async def test_every_acknowledged_message_is_there_and_none_twice(database_url: str) -> None:
    acknowledged: dict[str, str] = {}
    for turn, enough in enumerate(KILLED_AFTER):
        acknowledged |= await _write_until_killed(database_url, turn, enough)
    assert len(acknowledged) >= sum(KILLED_AFTER)

    async with Database(database_url) as database:
        mailbox = Mailbox(database)
        stored = {message.origin_id: message.id for message in await _everything(mailbox)}
        assert {origin: stored.get(origin) for origin in acknowledged} == acknowledged

        # The senders come back and send all that they are not sure of, and more, again.
        origins = [f"{r}.{n}" for r in range(len(KILLED_AFTER)) for n in range(COUNT)]
        again = await asyncio.gather(
            *(
                mailbox.append(ROOM, ANN, "Ann", Draft(text=f"text of {o}", origin_id=o))
                for o in origins
            )
        )
        assert {o: m.id for o, (m, _) in zip(origins, again, strict=True)}.items() >= stored.items()
        assert sum(new for _, new in again) == len(origins) - len(stored)

        messages = await _everything(mailbox)
        assert sorted(str(m.origin_id) for m in messages) == sorted(origins)
        assert all(message.text == f"text of {message.origin_id}" for message in messages)
        ids = [message.id for message in messages]
        assert ids == sorted(set(ids))
        await mailbox.close()


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


async def _everything(mailbox: Mailbox) -> list[Message]:
    """All messages of the room, oldest first."""
    messages: list[Message] = []
    before, more = None, True
    while more:
        page, more = await mailbox.page(ROOM, before, limit=500)
        messages[:0] = page
        before = page[0].id if page else None
    return messages
