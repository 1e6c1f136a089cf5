"""A process that stores messages as fast as it can, to be killed: `message_writer URL TURN COUNT`.

Several senders write, one of them in a room and the others directly. Prints `ORIGIN ID` for each
message once its storage was acknowledged.
"""

import asyncio
import os
import sys

from antiphon.core.address import Address
from antiphon.core.message import Draft, Message
from antiphon.core.people import Letter
from antiphon.core.reason import Refused
from antiphon.services.mailbox import Mailbox
from antiphon.stores.database import Database

SENDERS = 16
ROOM = Address("standup", "rooms.example.org")


def sender_of(number: int) -> Address:
    """Who sends the message of that number."""
    return Address(f"sender{number % SENDERS}", "example.org", "phone")


def archives_of(number: int) -> tuple[Address, ...]:
    """The archives that keep it."""
    if number % SENDERS == 0:
        return (ROOM,)
    return (sender_of(number).bare, Address(f"peer{number % SENDERS}", "example.org"))


def post(mailbox: Mailbox, turn: str, number: int) -> "asyncio.Future[tuple[Message, bool]]":
    """Post the message of that number; the future has the message, and whether it is new."""
    done: asyncio.Future[tuple[Message, bool]] = asyncio.get_running_loop().create_future()

    def failed(refused: Refused) -> None:
        done.set_exception(refused)

    archives, origin = archives_of(number), f"{turn}.{number}"
    mailbox.post(
        Letter(
            to=archives[-1],
            sender=sender_of(number),
            name="Ann",
            draft=Draft(text=f"text of {origin}", origin_id=origin),
            archives=archives,
            done=lambda message, new: done.set_result((message, new)),
            failed=failed,
        )
    )
    return done


async def main(url: str, turn: str, count: int) -> None:
    """Store `count` messages from several senders at once."""
    async with Database(url) as database:
        mailbox = Mailbox(database)

        async def send(sender: int) -> None:
            for number in range(sender, count, SENDERS):
                message, _ = await post(mailbox, turn, number)
                # One write of one line: a line that is there is whole.
                os.write(sys.stdout.fileno(), f"{message.origin_id} {message.id}\n".encode())

        await asyncio.gather(*(send(sender) for sender in range(SENDERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
