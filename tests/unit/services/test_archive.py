"""Archives of accounts: each keeps its own, and finds what it is asked for."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from antiphon.core.address import Address
from antiphon.core.message import Attachment, Draft, Mark, Message, MessageKind, Original, Span
from antiphon.core.people import Keep, Keeping, Letter
from antiphon.core.reason import Reason, Refused
from antiphon.services.ids import MessageIds
from antiphon.services.mailbox import Mailbox
from antiphon.stores.database import Database

ANN, BEN, CY = (Address(name, "example.org") for name in ("ann", "ben", "cy"))
NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def mailbox(database: Database, clock: Clock) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(database, clock=clock)
    yield mailbox
    await mailbox.close()


async def send(
    mailbox: Mailbox,
    sender: Address,
    to: Address,
    draft: Draft | str,
    *,
    waiting: bool = False,
    archives: tuple[Address, ...] | None = None,
) -> Message:
    done: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    mailbox.post(
        Letter(
            to=to,
            sender=sender,
            name=sender.local.title(),
            draft=Draft(text=draft) if isinstance(draft, str) else draft,
            archives=archives or tuple(dict.fromkeys((sender.bare, to.bare))),
            waiting=waiting,
            done=lambda message, _: done.set_result(message),
            failed=done.set_exception,
        )
    )
    return await done


async def texts(mailbox: Mailbox, archive: Address, **span: Any) -> list[str]:
    page = await mailbox.read(archive, Span(**span))
    return [message.text for message in page.messages]


async def test_a_message_stands_in_both_archives_as_it_was_sent(mailbox: Mailbox) -> None:
    draft = Draft(
        text="see this",
        origin_id="o-1",
        reply_to="o-0",
        attachments=(Attachment(url="https://x.example/a.png", name="a.png", size=3, width=1),),
        original=Original("form", b"<message>\xff\x00</message>"),
    )
    sent = await send(mailbox, ANN.on("tab"), BEN.on("desk"), draft)
    for archive in (ANN, BEN):
        page = await mailbox.read(archive, Span(count=True))
        assert (list(page.messages), page.more, page.total) == ([sent], False, 1)
    assert sent.draft == draft
    plain = Draft(text="naïve", original=Original("form", "<message>naïve</message>".encode()))
    assert (await send(mailbox, ANN, BEN, plain)).draft == plain
    (_, again) = (await mailbox.read(BEN, Span())).messages
    assert again.draft == plain


async def test_spans(mailbox: Mailbox, clock: Clock) -> None:
    sent: list[Message] = []
    for number in range(6):
        clock.now = NOW + number
        peer = (BEN, CY)[number % 2]
        sent.append(await send(mailbox, ANN, peer, f"{number}"))
    ids = [message.id for message in sent]
    assert await texts(mailbox, ANN) == list("012345")
    assert await texts(mailbox, ANN, peer=BEN) == list("024")
    assert await texts(mailbox, CY) == list("135")
    assert await texts(mailbox, ANN, limit=2) == list("45")
    assert await texts(mailbox, ANN, limit=2, latest=False) == list("01")
    assert await texts(mailbox, ANN, after=ids[1], before=ids[4]) == list("23")
    assert await texts(mailbox, ANN, after=ids[1], limit=1, latest=False) == ["2"]
    assert await texts(mailbox, ANN, since=NOW + 2, until=NOW + 4) == list("234")
    assert await texts(mailbox, ANN, since=NOW + 4, until=NOW + 2) == []
    assert await texts(mailbox, ANN, before=ids[0]) == []
    page = await mailbox.read(ANN, Span(peer=BEN, limit=1, count=True))
    assert (page.more, page.total) == (True, 3)
    page = await mailbox.read(ANN, Span(limit=0, count=True))
    assert (list(page.messages), page.more, page.total) == ([], True, 6)
    with pytest.raises(Refused):
        await mailbox.read(ANN, Span(after="nonsense"))


async def test_search(mailbox: Mailbox) -> None:
    for words in ("Grüße aus ÖSTERREICH", "100% sure", "a_b", "österreich again", "nothing"):
        await send(mailbox, ANN, BEN, words)
    assert await texts(mailbox, BEN, search="österreich") == [
        "Grüße aus ÖSTERREICH",
        "österreich again",
    ]
    assert await texts(mailbox, BEN, search="AGAIN Öster") == ["österreich again"]
    assert await texts(mailbox, BEN, search="%") == ["100% sure"]
    assert await texts(mailbox, BEN, search="_") == ["a_b"]
    assert await texts(mailbox, BEN, search="' OR 1=1") == []
    assert await texts(mailbox, BEN, search="österreich", limit=1) == ["österreich again"]
    page = await mailbox.read(BEN, Span(search="österreich", count=True))
    assert page.total == 2
    for bad in (" ".join("abcdefghijkl"), "\0"):
        with pytest.raises(Refused) as refused:
            await mailbox.read(BEN, Span(search=bad))
        assert refused.value.reason is Reason.BAD_REQUEST


async def test_a_message_is_found_by_its_id_and_by_its_senders(mailbox: Mailbox) -> None:
    first = await send(mailbox, ANN.on("a"), BEN, Draft(text="one", origin_id="1"))
    again = await send(mailbox, ANN.on("b"), BEN, Draft(text="another", origin_id="1"))
    theirs = await send(mailbox, BEN, ANN, Draft(text="theirs", origin_id="1"))
    other = await send(mailbox, ANN, CY, Draft(text="to cy", origin_id="1"))
    assert first.id != again.id, "another device that counts from one as well"
    assert await mailbox.find(BEN, first.id) == first
    assert await mailbox.find(CY, first.id) is None
    assert await mailbox.find(ANN, "1") == other
    assert await mailbox.find(ANN, "1", peer=BEN) == theirs
    assert await mailbox.find(ANN, "1", ANN, peer=BEN) == again
    assert await mailbox.find(BEN, "1", CY) is None
    assert await mailbox.find(BEN, first.id, BEN) is None
    assert await mailbox.find(BEN, "2") is None


async def test_what_changes_messages_is_told_with_them(mailbox: Mailbox) -> None:
    first = await send(mailbox, ANN, BEN, "helo")
    second = await send(mailbox, ANN, BEN, "world")
    corrected = await send(
        mailbox, ANN, BEN, Draft(kind=MessageKind.CORRECTION, text="hello", about=first.id)
    )
    liked = await send(
        mailbox, BEN, ANN, Draft(kind=MessageKind.REACTION, reactions=("👍",), about=first.id)
    )
    assert list(await mailbox.about(BEN, [first.id, second.id])) == [corrected, liked]
    assert list(await mailbox.about(CY, [first.id])) == []
    assert list(await mailbox.about(BEN, ["nonsense"])) == []
    taken = await send(mailbox, ANN, BEN, Draft(kind=MessageKind.RETRACTION, about=first.id))
    assert await texts(mailbox, BEN) == ["", "world", "", "", ""]
    changes = await mailbox.about(BEN, [first.id])
    assert [(one.kind, one.text) for one in changes] == [
        (MessageKind.CORRECTION, ""),
        (MessageKind.REACTION, ""),
        (MessageKind.RETRACTION, ""),
    ]
    assert changes[1].draft.reactions == ("👍",)
    assert changes[2] == taken


async def test_nothing_of_what_was_taken_back_is_left(mailbox: Mailbox, database: Database) -> None:
    secret = Draft(
        text="secret words",
        attachments=(Attachment(url="https://x.example/secret"),),
        original=Original("form", b"secret"),
        origin_id="o-1",
    )
    message = await send(mailbox, ANN, BEN, secret)
    await send(mailbox, ANN, BEN, Draft(kind=MessageKind.RETRACTION, about=message.id))
    rows = await database.read(lambda c: c.execute(text("SELECT * FROM messages")).all())
    assert "secret" not in repr(rows)
    assert (await mailbox.find(BEN, "o-1")) is not None


async def test_what_was_sent_long_ago_is_found_by_its_senders_id(mailbox: Mailbox) -> None:
    old = await send(mailbox, ANN, BEN, Draft(text="old", origin_id="old"))
    await asyncio.gather(*(send(mailbox, ANN, BEN, f"{number}") for number in range(250)))
    found = await asyncio.gather(*(mailbox.find(BEN, id) for id in ("old", "no", "nor", "no, no")))
    assert found == [old, None, None, None]


async def test_what_waits_is_taken_once_and_may_wait_again(mailbox: Mailbox) -> None:
    first = await send(mailbox, ANN, BEN, "one", waiting=True)
    second = await send(mailbox, ANN, BEN, "two", waiting=True)
    await send(mailbox, ANN, BEN, "heard")
    assert list(await mailbox.waiting(BEN)) == [first, second]
    assert list(await mailbox.waiting(ANN)) == []
    assert list(await mailbox.who_waits([ANN, BEN, CY])) == [BEN]
    await mailbox.taken(BEN, first.id)
    assert list(await mailbox.waiting(BEN)) == [second]
    await mailbox.taken(BEN)
    assert list(await mailbox.waiting(BEN)) == []
    await mailbox.wait(BEN, [first.id, second.id])
    await mailbox.taken(BEN, ids=[second.id])
    assert list(await mailbox.waiting(BEN)) == [first]


async def test_conversations_and_how_far_each_side_is(mailbox: Mailbox) -> None:
    await send(mailbox, BEN, ANN, "1")
    seen = await send(mailbox, BEN, ANN, "2")
    await send(mailbox, BEN, ANN, "3")
    own = await send(mailbox, ANN, BEN, "4")
    await send(mailbox, BEN, ANN, Draft(kind=MessageKind.REACTION, reactions=("👍",), about=own.id))
    theirs = await send(mailbox, CY, ANN, "5")
    assert await mailbox.mark(ANN, BEN, Mark.DISPLAYED, seen.id)
    assert not await mailbox.mark(ANN, BEN, Mark.RECEIVED, seen.id)
    assert await mailbox.mark(BEN, ANN, Mark.RECEIVED, own.id)
    with_cy, with_ben = await mailbox.conversations(ANN)
    assert (with_cy.peer, with_cy.last, with_cy.unread, with_cy.displayed) == (CY, theirs, 1, None)
    assert (with_ben.peer, with_ben.last, with_ben.unread) == (BEN, own, 1)
    assert with_ben.displayed == seen.id
    assert (with_ben.peer_received, with_ben.peer_displayed) == (own.id, None)
    assert [one.peer for one in await mailbox.conversations(ANN, limit=1)] == [CY]
    assert [one.peer for one in await mailbox.conversations(ANN, before=theirs.id)] == [BEN]
    assert await mailbox.conversations(Address("nobody", "example.org")) == ()


async def test_marks_are_stored(mailbox: Mailbox, database: Database) -> None:
    ids = MessageIds()
    low, high = ids.next(NOW), ids.next(NOW)
    assert await mailbox.mark(ANN, BEN, Mark.DISPLAYED, high)
    await mailbox.close()
    again = Mailbox(database)
    assert not await again.mark(ANN, BEN, Mark.DISPLAYED, low)
    assert not await again.mark(ANN, BEN, Mark.RECEIVED, high)
    assert await again.mark(BEN, ANN, Mark.RECEIVED, low)
    with pytest.raises(Refused):
        await again.mark(ANN, BEN, Mark.RECEIVED, "x")
    await again.close()


async def test_choices_are_stored(mailbox: Mailbox, database: Database) -> None:
    assert mailbox.known_keeping(ANN) is None
    assert await mailbox.keeping(ANN) == Keeping()
    chosen = Keeping(default=Keep.CONTACTS, always=frozenset({BEN}), never=frozenset({CY}))
    await mailbox.keep(ANN, chosen)
    assert mailbox.known_keeping(ANN) == chosen
    assert await Mailbox(database).keeping(ANN) == chosen
    many = frozenset(Address(str(n), "example.org") for n in range(1001))
    with pytest.raises(Refused):
        await mailbox.keep(ANN, Keeping(always=many))


async def test_each_deletes_their_own(mailbox: Mailbox, database: Database) -> None:
    first = await send(mailbox, ANN, BEN, "one")
    await send(mailbox, ANN, CY, "two")
    await send(mailbox, ANN, BEN, "three")
    await mailbox.forget(ANN, id=first.id)
    assert await texts(mailbox, ANN) == ["two", "three"]
    assert await texts(mailbox, BEN) == ["one", "three"]
    await mailbox.forget(ANN, peer=BEN)
    assert await texts(mailbox, ANN) == ["two"]
    await mailbox.forget(BEN)
    count = "SELECT count(*) FROM messages"
    assert await database.read(lambda c: c.execute(text(count)).scalar()) == 1
    await mailbox.mark(ANN, CY, Mark.DISPLAYED, first.id)
    await mailbox.keep(ANN, Keeping(default=Keep.NEVER))
    await mailbox.erase(ANN)
    assert await texts(mailbox, ANN) == []
    assert await texts(mailbox, CY) == ["two"]
    assert await mailbox.keeping(ANN) == Keeping()


async def test_what_is_old_is_deleted_everywhere(mailbox: Mailbox, clock: Clock) -> None:
    for day in range(4):
        clock.now = NOW + day * 86_400
        await asyncio.gather(*(send(mailbox, ANN, BEN, f"{day}") for _ in range(3)))
        await mailbox.append(Address("r", "rooms.example.org"), ANN, "Ann", Draft(text=f"{day}"))
    assert await mailbox.prune(NOW + 2 * 86_400) == 8
    assert await texts(mailbox, ANN) == await texts(mailbox, BEN) == list("222333")
    assert await texts(mailbox, Address("r", "rooms.example.org")) == list("23")
    assert await mailbox.prune(NOW + 2 * 86_400) == 0


@pytest.mark.parametrize(
    "draft",
    [
        Draft(text="x", original=Original("form", b"x" * 262_145)),
        Draft(text="x", reactions=("x",) * 33),
        Draft(text="x", reactions=("x" * 65,)),
        Draft(text="x", attachments=(Attachment(url="x"),) * 33),
        Draft(text="x", attachments=(Attachment(url="x" * 4097),)),
        Draft(text="x", attachments=(Attachment(url="x", size=-1),)),
        Draft(text="x", about="x" * 256),
        Draft(text="x", reply_to="\0"),
    ],
)
async def test_letters_that_are_refused(mailbox: Mailbox, draft: Draft) -> None:
    with pytest.raises(Refused):
        await send(mailbox, ANN, BEN, draft)
    assert await texts(mailbox, ANN) == []


async def test_what_keeps_nothing_is_forgotten_without_a_transaction(
    mailbox: Mailbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(mailbox, ANN, BEN, "hello")

    async def write(*_: Any) -> None:
        raise AssertionError("a transaction for nothing")

    with monkeypatch.context() as patched:
        patched.setattr(database, "write", write)
        await mailbox.forget(CY)
        with pytest.raises(AssertionError):
            await mailbox.forget(ANN)
    await mailbox.forget(ANN)
    assert not (await mailbox.read(ANN, Span())).messages
    assert len((await mailbox.read(BEN, Span())).messages) == 1
