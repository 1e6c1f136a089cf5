import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from antiphon.core.address import Address, Addresses
from antiphon.core.message import Draft, Message, Page, Span
from antiphon.core.reason import Reason, Refused
from antiphon.services.config import MailboxConfig
from antiphon.services.ids import is_id
from antiphon.services.mailbox import Mailbox
from antiphon.stores.database import Database

NOW = 1_800_000_000.0


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def mailbox(database: Database, clock: Clock) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(database, clock=clock)
    yield mailbox
    await mailbox.close()


@pytest.fixture
def room(addresses: Addresses) -> Address:
    return addresses.room("Standup")


@pytest.fixture
def ann(addresses: Addresses) -> Address:
    return addresses.parse("ann")


async def texts(mailbox: Mailbox, room: Address) -> list[str]:
    page = await mailbox.read(room, Span(limit=500))
    assert not page.more
    return [message.text for message in page.messages]


async def test_a_message_is_kept_as_it_was_said(
    mailbox: Mailbox, room: Address, addresses: Addresses
) -> None:
    sender = addresses.guest("k3").on("tab 1")
    said = "naïve “quotes” \U0001f600\n\ttwo lines; DROP TABLE messages"
    message, new = await mailbox.append(room, sender, "Günther", Draft(text=said, origin_id="o-1"))
    assert new
    assert is_id(message.id)
    assert message == Message(
        id=message.id,
        to=room,
        sender=sender,
        name="Günther",
        sent_at=NOW,
        draft=Draft(text=said, origin_id="o-1"),
    )
    assert await mailbox.read(room, Span()) == Page(messages=[message], more=False)


async def test_the_same_origin_again_gives_the_first(
    mailbox: Mailbox, room: Address, ann: Address, addresses: Addresses
) -> None:
    first, _ = await mailbox.append(room, ann, "Ann", Draft(text="hello", origin_id="o-1"))
    again, new = await mailbox.append(room, ann, "Ann", Draft(text="hello?", origin_id="o-1"))
    assert (again, new) == (first, False)
    others = [
        await mailbox.append(
            room, addresses.parse("bob"), "Bob", Draft(text="hello", origin_id="o-1")
        ),
        await mailbox.append(
            addresses.room("other"), ann, "Ann", Draft(text="hello", origin_id="o-1")
        ),
        await mailbox.append(room, ann, "Ann", Draft(text="hello", origin_id="o-2")),
        await mailbox.append(room, ann, "Ann", Draft(text="hello")),
        await mailbox.append(room, ann, "Ann", Draft(text="hello")),
    ]
    assert all(new for _, new in others)
    assert len({message.id for message, _ in others} | {first.id}) == 6


async def test_the_same_origin_within_one_batch(
    mailbox: Mailbox, room: Address, ann: Address
) -> None:
    sent = [
        mailbox.append(room, ann, "Ann", Draft(text=f"{n}", origin_id=f"o-{n % 3}"))
        for n in range(9)
    ]
    outcomes = await asyncio.gather(*sent)
    assert mailbox.transactions == 1
    assert [new for _, new in outcomes] == [True] * 3 + [False] * 6
    assert [message.text for message, _ in outcomes] == ["0", "1", "2"] * 3
    assert await texts(mailbox, room) == ["0", "1", "2"]
    assert mailbox.appended == 3


async def test_order_of_arrival_is_order_of_ids(
    mailbox: Mailbox, room: Address, ann: Address, clock: Clock
) -> None:
    expected = []
    for back in range(5):
        clock.now = NOW - 1000 * back  # the clock is set back again and again
        sent = (mailbox.append(room, ann, "Ann", Draft(text=f"{back}.{n}")) for n in range(20))
        outcomes = await asyncio.gather(*sent)
        expected += [message for message, _ in outcomes]
    page = (await mailbox.read(room, Span(limit=500))).messages
    assert page == expected
    assert [m.text for m in page] == [f"{back}.{n}" for back in range(5) for n in range(20)]
    times = [message.sent_at for message in page]
    assert times == sorted(times)


async def test_ids_go_on_after_a_restart_with_a_clock_that_is_behind(
    database: Database, room: Address, ann: Address, clock: Clock
) -> None:
    first, second = Mailbox(database, clock=clock), Mailbox(database, clock=clock)
    before, _ = await first.append(room, ann, "Ann", Draft(text="before"))
    clock.now -= 3600
    after, _ = await second.append(room, ann, "Ann", Draft(text="after"))
    assert after.id > before.id
    assert await texts(first, room) == ["before", "after"]


async def test_what_arrives_together_is_one_transaction(
    mailbox: Mailbox, room: Address, ann: Address
) -> None:
    await asyncio.gather(*(mailbox.append(room, ann, "Ann", Draft(text="x")) for _ in range(200)))
    assert (mailbox.transactions, mailbox.appended, mailbox.queued) == (1, 200, 0)


async def test_pages_go_back_to_the_first(mailbox: Mailbox, room: Address, ann: Address) -> None:
    for n in range(7):
        await mailbox.append(room, ann, "Ann", Draft(text=f"{n}"))
    pages: list[list[str]] = []
    before, more = None, True
    while more:
        page = await mailbox.read(room, Span(before=before, limit=3))
        pages.append([message.text for message in page.messages])
        before, more = page.messages[0].id, page.more
    assert pages == [["4", "5", "6"], ["1", "2", "3"], ["0"]]
    assert await mailbox.read(room, Span(before=before)) == Page(messages=[], more=False)
    assert await mailbox.read(room, Span(limit=-5)) == Page(messages=[], more=True)
    assert len((await mailbox.read(room, Span(limit=10**9))).messages) == 7


@pytest.mark.parametrize("before", ["", "x", "\x00", "0" * 17, "IIIIIIIIIIIIIIII", "é" * 16])
async def test_pages_before_nonsense(mailbox: Mailbox, room: Address, before: str) -> None:
    with pytest.raises(Refused) as refused:
        await mailbox.read(room, Span(before=before))
    assert refused.value.reason is Reason.BAD_REQUEST


async def test_forget(mailbox: Mailbox, room: Address, ann: Address, addresses: Addresses) -> None:
    other = addresses.room("other")
    await mailbox.append(room, ann, "Ann", Draft(text="old"))
    await mailbox.append(other, ann, "Ann", Draft(text="stays"))
    late = asyncio.create_task(mailbox.append(room, ann, "Ann", Draft(text="waits")))
    await asyncio.sleep(0)
    await mailbox.forget(room)
    assert (await late)[1]
    assert await texts(mailbox, room) == []
    assert await texts(mailbox, other) == ["stays"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": "x" * 65_537}, Reason.TOO_LARGE),
        ({"text": "ä" * 32_769}, Reason.TOO_LARGE),
        ({"text": "a\x00b"}, Reason.BAD_REQUEST),
        ({"text": "\ud83d"}, Reason.BAD_REQUEST),
        ({"name": "x" * 1021}, Reason.TOO_LARGE),
        ({"name": "\x00"}, Reason.BAD_REQUEST),
        ({"origin_id": "x" * 256}, Reason.TOO_LARGE),
        ({"origin_id": "\udc00"}, Reason.BAD_REQUEST),
    ],
)
async def test_messages_that_are_refused_disturb_no_other(
    mailbox: Mailbox, room: Address, ann: Address, change: dict[str, Any], reason: Reason
) -> None:
    good = {"name": "Ann", "text": "x" * 65_536, "origin_id": "o" * 255}

    def send(name: str, **draft: str) -> Awaitable[object]:
        return mailbox.append(room, ann, name, Draft(**draft))  # type: ignore[arg-type]

    sent = [send(**(good | change)), send(**good)]
    bad, kept = await asyncio.gather(*sent, return_exceptions=True)
    assert isinstance(bad, Refused)
    assert bad.reason is reason
    assert isinstance(kept, tuple)
    assert await texts(mailbox, room) == ["x" * 65_536]


async def poison(database: Database) -> None:
    """From now on the database itself refuses to store the text `poison`."""

    def forbid(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            rule = "ALTER TABLE messages ADD CHECK (text <> 'poison')"
        else:
            rule = (
                "CREATE TRIGGER forbid BEFORE INSERT ON messages WHEN NEW.text = 'poison' "
                "BEGIN SELECT RAISE(ABORT, 'poison'); END"
            )
        connection.execute(text(rule))

    await database.write(forbid)


async def test_one_that_fails_does_not_fail_the_others(
    mailbox: Mailbox, room: Address, ann: Address, database: Database
) -> None:
    await poison(database)
    said = ["a", "poison", "b", "poison", "c"]
    outcomes = await asyncio.gather(
        *(
            mailbox.append(room, ann, "Ann", Draft(text=word, origin_id=f"{n}"))
            for n, word in enumerate(said)
        ),
        return_exceptions=True,
    )
    failed = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [refused.reason for refused in failed] == [Reason.INTERNAL] * 2
    assert await texts(mailbox, room) == ["a", "b", "c"]
    assert mailbox.appended == 3


async def test_a_storage_that_fails_is_not_asked_for_each(
    mailbox: Mailbox, room: Address, ann: Address, database: Database
) -> None:
    await database.write(lambda c: c.execute(text("ALTER TABLE messages RENAME TO gone")))
    sent = (mailbox.append(room, ann, "Ann", Draft(text=f"{n}")) for n in range(50))
    outcomes = await asyncio.gather(*sent, return_exceptions=True)
    assert {getattr(outcome, "reason", None) for outcome in outcomes} == {Reason.INTERNAL}
    assert database.failures[Reason.INTERNAL] == 4
    await database.write(lambda c: c.execute(text("ALTER TABLE gone RENAME TO messages")))
    await mailbox.append(room, ann, "Ann", Draft(text="back"))
    assert await texts(mailbox, room) == ["back"]


async def test_a_bug_does_not_end_the_archive(
    mailbox: Mailbox,
    room: Address,
    ann: Address,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("antiphon.services.filing.message_row", lambda *_: 1 / 0)
        with pytest.raises(Refused):
            await mailbox.append(room, ann, "Ann", Draft(text="lost"))
    assert "storing 1 messages failed" in caplog.text
    await mailbox.append(room, ann, "Ann", Draft(text="kept"))
    assert await texts(mailbox, room) == ["kept"]


async def test_too_many_at_once(database: Database, room: Address, ann: Address) -> None:
    mailbox = Mailbox(database, MailboxConfig(max_waiting=10))
    sent = (mailbox.append(room, ann, "Ann", Draft(text=f"{n}")) for n in range(15))
    outcomes = await asyncio.gather(*sent, return_exceptions=True)
    refused = [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)]
    assert refused == [Reason.BUSY] * 5
    assert await texts(mailbox, room) == [f"{n}" for n in range(10)]
    await mailbox.close()


async def test_cancelled_senders(mailbox: Mailbox, room: Address, ann: Address) -> None:
    """Cancelled at any moment: the others are stored, and each at most once."""
    delays = [0, 0, 0.0005, 0.001, 0.002, 0.003, 0.004, 0.006, 0.01]
    for number, delay in enumerate(delays):
        tasks = [
            asyncio.create_task(
                mailbox.append(
                    room, ann, "Ann", Draft(text=f"{number}.{n}", origin_id=f"{number}.{n}")
                )
            )
            for n in range(6)
        ]
        await asyncio.sleep(delay)
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, tuple) for outcome in outcomes[1::2])
    stored = await texts(mailbox, room)
    assert len(stored) == len(set(stored))
    for number in range(len(delays)):
        assert {f"{number}.{n}" for n in (1, 3, 5)} <= set(stored)
        again, _ = await mailbox.append(
            room, ann, "Ann", Draft(text="again", origin_id=f"{number}.1")
        )
        assert again.text == f"{number}.1"


async def test_a_sender_that_is_cancelled_has_sent_it(
    mailbox: Mailbox, room: Address, ann: Address
) -> None:
    task = asyncio.create_task(mailbox.append(room, ann, "Ann", Draft(text="on its way")))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await mailbox.append(room, ann, "Ann", Draft(text="hello"))
    assert await texts(mailbox, room) == ["on its way", "hello"]


async def test_close_stores_what_waits(database: Database, room: Address, ann: Address) -> None:
    mailbox = Mailbox(database, MailboxConfig(linger=0.5, max_batch=4))
    tasks = [
        asyncio.create_task(mailbox.append(room, ann, "Ann", Draft(text=f"{n}"))) for n in range(10)
    ]
    await asyncio.sleep(0)
    await mailbox.close()
    assert [(await task)[0].text for task in tasks] == [f"{n}" for n in range(10)]
    with pytest.raises(Refused) as refused:
        await mailbox.append(room, ann, "Ann", Draft(text="late"))
    assert refused.value.reason is Reason.DRAINING
    assert await texts(mailbox, room) == [f"{n}" for n in range(10)]


async def test_two_archives_of_one_database(
    database: Database, room: Address, ann: Address
) -> None:
    """As when a room moves while a sender tries again: one of both wins, and both say so."""
    first, second = Mailbox(database), Mailbox(database)
    for n in range(10):
        outcomes = await asyncio.gather(
            *(
                box.append(room, ann, "Ann", Draft(text="x", origin_id=f"{n}"))
                for box in (first, second)
            )
        )
        assert len({message.id for message, _ in outcomes}) == 1
        assert sorted(new for _, new in outcomes) == [False, True]
    assert len(await texts(first, room)) == 10
    await first.close()
    await second.close()
