"""What earlier versions stored is there after an upgrade."""

from alembic import command
from sqlalchemy import Connection, text

from antiphon.core.address import Address
from antiphon.core.message import Draft, Message, Span
from antiphon.services.ids import MessageIds, time_of
from antiphon.services.mailbox import Mailbox
from antiphon.stores.database import Database
from antiphon.stores.migrate import configure

NOW = 1_800_000_000.0
ROOMS = [Address(name, "rooms.example.org") for name in ("a", "b")]
PER_ROOM = 600  # more than are brought over at once
INSERT = text(
    "INSERT INTO messages (room, id, sender, name, text, sent_at, origin_id)"
    " VALUES (:room, :id, :sender, :name, :text, :sent_at, :origin_id)"
)


async def test_messages_of_rooms_become_archives(database_url: str) -> None:
    ids = MessageIds()
    expected: dict[Address, list[Message]] = {room: [] for room in ROOMS}
    for number in range(PER_ROOM):
        for room in ROOMS:
            id = ids.next(NOW + number)
            message = Message(
                id=id,
                to=room,
                sender=Address("k3", "guest.example.org", "tab 1")
                if number % 2
                else Address("ann", "example.org"),
                name="Günther",
                sent_at=time_of(id),
                draft=Draft(
                    text=f"naïve {number}", origin_id=f"o-{number}" if number % 3 else None
                ),
            )
            expected[room].append(message)

    def before(connection: Connection) -> None:
        command.upgrade(configure(connection), "0003")
        rows = [
            {
                "room": str(one.to),
                "id": one.id,
                "sender": str(one.sender),
                "name": one.name,
                "text": one.text,
                "sent_at": one.sent_at,
                "origin_id": one.origin_id,
            }
            for messages in expected.values()
            for one in messages
        ]
        connection.execute(INSERT, rows)

    database = Database(database_url)
    database._connect()
    await database.write(before)
    await database.close()

    async with Database(database_url) as database:
        mailbox = Mailbox(database)
        for room, messages in expected.items():
            first = await mailbox.read(room, Span(latest=False, limit=500))
            rest = await mailbox.read(
                room, Span(latest=False, limit=500, after=first.messages[-1].id)
            )
            assert [*first.messages, *rest.messages] == messages
        last = expected[ROOMS[0]][-1]
        again = await mailbox.append(last.to, last.sender, last.name, last.draft)
        assert last.origin_id is not None
        assert again == (last, False)
        await mailbox.close()
