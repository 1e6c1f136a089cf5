"""A parrot: embeds a node, joins a room, greets in the chat, and says everything again, lower.

Run it with `.venv/bin/python examples/bot.py`, open the address it prints in a browser, and speak.
"""

import asyncio
import sys

import numpy as np

from antiphon import Node
from antiphon.app.bot import Bot
from antiphon.core.event import MemberJoined


async def main(room: str = "parrot") -> None:
    """Serve a node in development mode with one bot in one room."""
    async with Node.dev() as node, await node.join(room, name="Parrot") as bot:
        print(f"{node.web_address.rstrip('/')}/r/{room}?name=Ann&join", flush=True)
        await bot.say("Hello! I say what you say, only lower.")
        async with asyncio.TaskGroup() as group:
            group.create_task(greet(bot))
            group.create_task(repeat(bot))


async def greet(bot: Bot) -> None:
    """Welcome everybody by name."""
    async for event in bot.events():
        if isinstance(event, MemberJoined):
            await bot.say(f"Welcome, {event.member.name}!")


async def repeat(bot: Bot) -> None:
    """Play what is heard at half the speed: an octave lower and twice as long."""
    async for frame in bot.audio():
        samples = frame.samples.mean(axis=1)
        if np.abs(samples).max() > 500:
            bot.play(np.repeat(samples, 2).astype(np.int16))


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        pass
