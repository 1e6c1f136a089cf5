"""A process that stores messages as fast as it can, to be killed: `message_writer URL TURN COUNT`.

Prints `ORIGIN ID` for each message once its storage was acknowledged.
"""

import asyncio
import os
import sys

from antiphon.core.address import Address
from antiphon.core.message import Draft
from antiphon.services.mailbox import Mailbox
from antiphon.stores.database import Database

SENDERS = 16
ROOM = Address("standup", "rooms.example.org")
ANN = Address("ann", "example.org")


async def main(url: str, turn: str, count: int) -> None:
    """Store `count` messages from several senders at once."""
    async with Database(url) as database:
        mailbox = Mailbox(database)

        async def send(sender: int) -> None:
            for number in range(sender, count, SENDERS):
                origin = f"{turn}.{number}"
                message, _ = await mailbox.append(
                    ROOM, ANN, "Ann", Draft(text=f"text of {origin}", origin_id=origin)
                )
                # One write of one line: a line that is there is whole.
                os.write(sys.stdout.fileno(), f"{origin} {message.id}\n".encode())

        await asyncio.gather(*(send(sender) for sender in range(SENDERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
