"""What people with other protocols do, as XMPP clients see it: messages, changes of them, marks and
typing; and what a session did not take.
"""

from xml.etree.ElementTree import Element

import pytest

from antiphon._native import Stanza
from antiphon.core.address import Address
from antiphon.core.event import Marked
from antiphon.core.message import Attachment, Draft, Mark, Message, MessageKind, Span
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from tests.support.xmpp_house import CLIENT, DOMAIN, Client, TestHouse, body

ALICE = f"alice@{DOMAIN}"
WEB = Address("bob", DOMAIN, "web-1")
ME = Address("alice", DOMAIN)
BOB = Caller(address=WEB, name="Bob")


async def there(house: TestHouse, device: str = "desk") -> Client:
    alice = house.login(f"alice/{device}")
    await alice.come()
    await alice.take()
    return alice


async def write(house: TestHouse, draft: Draft) -> Message:
    """Bob writes in a page."""
    heard: list[Message | Refused] = []
    house.exchange.submit(BOB, ME, draft, heard=heard.append)
    await house.settle()
    assert isinstance(heard[0], Message)
    return heard[0]


def child(stanza: Element, name: str) -> Element:
    found = stanza.find(name)
    assert found is not None, stanza
    return found


async def test_a_message_of_the_web(house: TestHouse) -> None:
    alice = await there(house)
    sent = await write(house, Draft(text="a < b", origin_id="page-1"))
    got = await alice.only()
    assert (got.get("from"), got.get("to"), got.get("type")) == (str(WEB), ALICE, "chat")
    assert (body(got), got.get("id")) == ("a < b", "page-1")
    assert child(got, "{urn:xmpp:sid:0}origin-id").get("id") == "page-1"
    assert child(got, "{urn:xmpp:sid:0}stanza-id").get("id") == sent.id
    child(got, "{urn:xmpp:receipts}request")
    file = Attachment(url="https://x.example/a.png", name="a.png")
    await write(house, Draft(attachments=(file,)))
    got = await alice.only()
    assert body(got) == file.url
    assert got.findtext("{jabber:x:oob}x/{jabber:x:oob}url") == file.url


async def test_changes_name_messages_as_clients_do(house: TestHouse) -> None:
    alice = await there(house)
    alice.send(f"<message to='bob@{DOMAIN}' type='chat' id='mine-0001'><body>x</body></message>")
    await alice.take()
    (mine,) = (await house.mailbox.read(ME, Span())).messages
    first = await write(house, Draft(text="helo", origin_id="page-1"))
    for draft, name, id in (
        (
            Draft(kind=MessageKind.CORRECTION, text="hello", about=first.id),
            "{urn:xmpp:message-correct:0}replace",
            "page-1",
        ),
        (
            Draft(kind=MessageKind.REACTION, reactions=("👍",), about=mine.id),
            "{urn:xmpp:reactions:0}reactions",
            "mine-0001",
        ),
        (Draft(text="yes", reply_to=mine.id), "{urn:xmpp:reply:0}reply", "mine-0001"),
        (
            Draft(kind=MessageKind.RETRACTION, about=first.id),
            "{urn:xmpp:message-retract:1}retract",
            "page-1",
        ),
    ):
        await alice.take()
        await write(house, draft)
        assert child(await alice.only(), name).get("id") == id


async def test_messages_behind_one_that_is_looked_up_keep_their_order(house: TestHouse) -> None:
    alice = await there(house)
    first = await write(house, Draft(text="first"))
    await alice.take()
    answers: list[Message | Refused] = []
    for draft in (Draft(text="answer", reply_to=first.id), Draft(text="and then")):
        house.exchange.submit(BOB, ME, draft, heard=answers.append)
    assert [body(one) for one in await alice.take()] == ["answer", "and then"]


async def test_what_was_taken_back_leaves_a_tombstone(house: TestHouse) -> None:
    alice = await there(house)
    first = await write(house, Draft(text="secret", origin_id="page-1"))
    taken = Draft(kind=MessageKind.RETRACTION, about=first.id, origin_id="page-2")
    await write(house, taken)
    await alice.take()
    alice.send("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>")
    inner = "{urn:xmpp:mam:2}result/{urn:xmpp:forward:0}forwarded"
    found = [one.find(f"{inner}/{CLIENT}message") for one in await alice.take()]
    tombstone, retraction = (one for one in found if one is not None)
    assert body(tombstone) is None
    retracted = child(tombstone, "{urn:xmpp:message-retract:1}retracted")
    assert (retracted.get("id"), tombstone.get("id")) == ("page-2", "page-1")
    assert (retracted.get("stamp") or "").endswith("Z")
    assert child(retraction, "{urn:xmpp:message-retract:1}retract").get("id") == "page-1"


async def test_marks_and_typing(house: TestHouse) -> None:
    alice = await there(house)
    for mark, name in (
        (Mark.RECEIVED, "{urn:xmpp:receipts}received"),
        (Mark.DISPLAYED, "{urn:xmpp:chat-markers:0}displayed"),
    ):
        await house.exchange.mark(BOB, ME, mark, "mine-0001")
        got = await alice.only()
        assert got.get("from") == str(WEB)
        assert child(got, name).get("id") == "mine-0001"
    for active, state in ((True, "composing"), (False, "paused")):
        house.exchange.typing(BOB, ME, active)
        child(await alice.only(), f"{{http://jabber.org/protocol/chatstates}}{state}")


async def test_what_one_read_elsewhere_is_read(house: TestHouse) -> None:
    alice = await there(house)
    await alice.set("<enable xmlns='urn:xmpp:carbons:2'/>")
    own = Address("alice", DOMAIN, "web-9")
    event = Marked("", own, Address("bob", DOMAIN), Mark.DISPLAYED, "id-1", "theirs-01")
    house.exchange.tell(ME, event)
    sent = child(await alice.only(), "{urn:xmpp:carbons:2}sent")
    path = f"{{urn:xmpp:forward:0}}forwarded/{CLIENT}message/{{urn:xmpp:chat-markers:0}}displayed"
    assert child(sent, path).get("id") == "theirs-01"


async def test_typing_waits_while_nobody_looks(house: TestHouse) -> None:
    alice, bob = await there(house), house.login("bob/phone")
    alice.send("<inactive xmlns='urn:xmpp:csi:0'/>")
    house.exchange.typing(BOB, ME, True)
    state = "<paused xmlns='http://jabber.org/protocol/chatstates'/>"
    bob.send(f"<message to='{ALICE}' type='chat'>{state}</message>")
    assert await alice.take() == []
    alice.send("<active xmlns='urn:xmpp:csi:0'/>")
    (last,) = await alice.take()
    child(last, "{http://jabber.org/protocol/chatstates}paused")


async def test_what_a_session_did_not_take_waits_again(house: TestHouse) -> None:
    alice = await there(house)
    await write(house, Draft(text="lost"))
    (data,) = alice.wire.sent
    unacked = [Stanza(data), Stanza(b"<message><body>no archive has it</body></message>")]
    assert await house.mailbox.waiting(ME) == []
    house.sessions.remove(alice.session)
    house.house.router.gone(alice.session, unacked)
    await house.settle()
    (waiting,) = await house.mailbox.waiting(ME)
    assert waiting.text == "lost"


async def test_what_others_took_waits_no_more(house: TestHouse) -> None:
    desk, _ = await there(house), await there(house, "phone")
    desk.wire.sent.clear()
    await write(house, Draft(text="both have it"))
    unacked = [Stanza(data) for data in desk.wire.sent]
    house.sessions.remove(desk.session)
    house.house.router.gone(desk.session, unacked)
    await house.settle()
    assert list(await house.mailbox.waiting(ME)) == []


async def test_guests_leave_nothing(house: TestHouse) -> None:
    guest = house.login(f"stranger@guest.{DOMAIN}/x")
    assert len(await guest.get("<query xmlns='jabber:iq:roster'/>")) == 0
    await guest.come()
    tune = "<item><tune xmlns='http://jabber.org/protocol/tune'/></item>"
    node = f"<publish node='http://jabber.org/protocol/tune'>{tune}</publish>"
    for payload in (
        f"<pubsub xmlns='http://jabber.org/protocol/pubsub'>{node}</pubsub>",
        "<query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query>",
        "<vCard xmlns='vcard-temp'/>",
        f"<block xmlns='urn:xmpp:blocking'><item jid='{ALICE}'/></block>",
    ):
        assert await guest.refused("set", payload) == "forbidden"
    await guest.set("<enable xmlns='urn:xmpp:carbons:2'/>")


async def test_what_names_others_comes_although_the_archive_does_not_answer(
    house: TestHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await there(house)
    first = await write(house, Draft(text="first"))
    await alice.take()

    async def broken(archive: Address, reference: str) -> Message | None:
        raise Refused(Reason.UNAVAILABLE, "The database does not answer.")

    monkeypatch.setattr(house.mailbox, "find", broken)
    for draft in (Draft(text="answer", reply_to=first.id), Draft(text="and then")):
        await write(house, draft)
    assert [body(one) for one in await alice.take()] == ["answer", "and then"]
