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


ANN, BEN = "ann@example.org", "ben@example.org"
NUMBER = 1300  # more than are brought over at once


async def test_places_of_archives_become_part_of_messages(database_url: str) -> None:
    """What stood in one archive only, waited, or changed another message does so still."""
    ids = MessageIds()
    names = [ids.next(NOW + number) for number in range(NUMBER)]
    rows: list[dict[str, object]] = []
    places: list[dict[str, object]] = []

    def add(number: int, sender: str, target: str, *archives: str, **more: object) -> None:
        kept = {"about": None, "waits": False, "part": True} | more
        rows.append(
            {
                "id": names[number],
                "sender": sender,
                "target": target,
                "text": f"text {number}",
                "about": kept["about"],
                "more": f'{{"name":"A","device":"phone","origin":"origin-{number}"'
                + (',"kind":"reaction","reactions":["+"]' if kept["about"] else "")
                + "}",
            }
        )
        places.extend(
            {
                "archive": archive,
                "id": names[number],
                "peer": target if archive == sender else sender,
                "part": (1 if archive == sender else 2) if kept["part"] else 0,
                "waiting": bool(kept["waits"]) and archive == target,
            }
            for archive in archives
        )

    add(0, ANN, BEN, ANN, BEN)
    add(1, ANN, BEN, ANN)
    add(2, ANN, BEN, BEN, waits=True)
    add(3, BEN, ANN, BEN, ANN, about=names[0], part=False)
    add(4, ANN, ANN, ANN)
    add(5, ANN, "a@rooms.example.org", "a@rooms.example.org")
    add(6, BEN, ANN)  # in no archive any more
    for number in range(7, NUMBER):
        add(number, BEN, ANN, BEN, ANN)

    def before(connection: Connection) -> None:
        command.upgrade(configure(connection), "0008")
        connection.execute(
            text(
                "INSERT INTO messages (id, sender, target, text, about, more)"
                " VALUES (:id, :sender, :target, :text, :about, :more)"
            ),
            rows,
        )
        connection.execute(
            text(
                "INSERT INTO archive_entries (archive, id, peer, part, waiting)"
                " VALUES (:archive, :id, :peer, :part, :waiting)"
            ),
            places,
        )

    database = Database(database_url)
    database._connect()
    await database.write(before)
    await database.close()

    ann, ben = Address("ann", "example.org"), Address("ben", "example.org")
    async with Database(database_url) as database:
        mailbox = Mailbox(database)

        async def kept(archive: Address) -> list[str]:
            found: list[Message] = []
            while True:
                after = found[-1].id if found else None
                page = await mailbox.read(archive, Span(latest=False, limit=500, after=after))
                found += page.messages
                if not page.more:
                    return [one.id for one in found]

        assert await kept(ann) == [names[0], names[1], names[3], names[4], *names[7:]]
        assert await kept(ben) == [names[0], names[2], names[3], *names[7:]]
        assert await kept(Address("a", "rooms.example.org")) == [names[5]]
        assert [one.text for one in await mailbox.waiting(ben)] == ["text 2"]
        assert not await mailbox.waiting(ann)
        (change,) = await mailbox.about(ann, [names[0]])
        assert change.id == names[3]
        assert change.draft.reactions == ("+",)
        assert change.sender == ben.on("phone")
        about_ann = {str(one.peer): one for one in await mailbox.conversations(ann)}
        assert about_ann[BEN].last.id == names[-1]
        assert about_ann[BEN].unread == NUMBER - 7
        assert about_ann[ANN].last.id == names[4]
        assert about_ann[ANN].unread == 0
        await mailbox.close()
