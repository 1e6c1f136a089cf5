"""People in a room who must notice nothing of what strangers do to the node elsewhere."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.support.node import Node
from tests.support.person import ANN, hue_distance
from tests.support.signalling import Signalling, joined
from tests.support.wait import until
from tests.support.whip import Session, playing, publishing

ROOM = "calm"
# Media comes every 20 ms. The machine is busy with the attack as well, and with this test's own
# encoders and decoders: what matters is that nothing stops.
LONGEST_GAP = 3.0
SLOWEST_MESSAGE = 5.0
MEMORY_GROWTH = 32 << 20


@dataclass
class Calm:
    """A publisher, a player and two who chat in one room of `node`."""

    node: Node
    player: Session
    writer: Signalling
    reader: Signalling
    memory: int
    delays: list[float] = field(default_factory=list)

    async def chat(self) -> None:
        """Write and read a message every now and then."""
        number = 0
        while True:
            number += 1
            text, began = f"message {number}", time.monotonic()
            reply = await self.writer.request("say", text=text, origin_id=text)
            assert reply["type"] == "accepted", reply
            assert (await self.reader.event("said"))["message"]["text"] == text
            self.delays.append(time.monotonic() - began)
            await asyncio.sleep(0.25)

    async def unharmed(self) -> None:
        """Picture and tone still are the publisher's, without a gap; memory did not run away."""
        watcher = self.player.watcher
        gap = watcher.longest_gap()
        watcher.forget()

        async def now() -> tuple[float | None, float | None]:
            return watcher.hue, watcher.frequency

        await until(
            "the picture and tone of the calm room",
            now,
            lambda seen: (
                seen[0] is not None
                and hue_distance(seen[0], ANN.hue) < 12
                and seen[1] is not None
                and abs(seen[1] - ANN.frequency) < 15
            ),
        )
        slowest = max(self.delays, default=0.0)
        growth = (self.node.rss() - self.memory) >> 20
        print(f"calm room: gap {gap:.3f} s, slowest message {slowest:.3f} s, +{growth} MiB")
        assert gap < LONGEST_GAP
        assert self.delays
        assert slowest < SLOWEST_MESSAGE
        assert self.node.rss() - self.memory < MEMORY_GROWTH


@contextlib.asynccontextmanager
async def calm_room(node: Node) -> AsyncIterator[Calm]:
    """The room while the block runs; at its end it must have been unharmed."""
    async with (
        publishing(node.url, ROOM, ANN),
        playing(node.url, ROOM, ANN.name) as player,
        joined(node.url, ROOM, "Writer") as writer,
        joined(node.url, ROOM, "Reader") as reader,
    ):
        await until("media of the calm room", lambda: sounds(player), lambda count: count > 48_000)
        calm = Calm(node, player, writer, reader, node.rss())
        player.watcher.start_clock()
        chat = asyncio.create_task(calm.chat())
        try:
            yield calm
            await calm.unharmed()
        finally:
            failed = chat.done()
            chat.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await chat
        assert not failed


async def sounds(player: Session) -> int:
    return player.watcher.samples
