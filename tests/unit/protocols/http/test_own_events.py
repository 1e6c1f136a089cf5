"""The event stream of one's own account: messages, contacts, presence."""

from typing import Any

from antiphon.core.address import Address
from antiphon.core.event import ProfileChanged, RoomInvited, Typed
from antiphon.core.message import Draft, MessageKind, Original
from antiphon.core.presence import PresenceState
from tests.support.fakes import account, guest
from tests.unit.protocols.http.stand import Stand, settle, stand
from tests.unit.protocols.http.test_events import Reader, reading

ANN, BOB = account("ann"), account("bob")
OWN = b"own=true"


async def told(reader: Reader) -> dict[str, Any]:
    """What came since, by name."""
    return dict(await reader.events())


async def test_messages_come_to_it(here: Stand) -> None:
    here.house.directory.names |= {"ann", "bob"}
    switchboard, bob = here.house.switchboard, BOB.address
    async with reading(here, BOB, OWN) as reader, reading(here, ANN, OWN) as sender:
        sent = await switchboard.send(ANN, bob, Draft(text="hi", origin_id="1"))
        got = await told(reader)
        assert got["direct_message"]["message"]["text"] == "hi"
        assert (await told(sender))["message_sent"]["message"]["id"] == sent.id
        kind = MessageKind.CORRECTION
        await switchboard.send(ANN, bob, Draft(kind=kind, about="1", text="hello"))
        changed = (await told(reader))["message_changed"]
        assert (changed["peer"], changed["change"]["text"]) == ("ann@example.org", "hello")
        switchboard.typing(ANN, bob, True)
        await switchboard.send(ANN, bob, Draft(original=Original("x", b"y"), kept=True))
        got = await told(reader)
        assert got == {
            "typed": {
                "peer": "ann@example.org",
                "sender": "ann@example.org",
                "name": "Ann",
                "active": True,
            }
        }
        await here.call(
            "PUT",
            "/api/v1/accounts/me/conversations/ann/mark",
            BOB,
            json={"mark": "displayed", "message": sent.id},
        )
        marked = (await told(sender))["marked"]
        assert (marked["mark"], marked["message"]) == ("displayed", sent.id)


async def test_who_is_there_is_told_first_and_then_what_changes(here: Stand) -> None:
    here.contacts.befriend(ANN.address, BOB.address)
    presence = here.context.presence
    phone = BOB.address.on("phone")
    presence.publish(PresenceState(device=phone))
    async with reading(here, ANN, OWN) as reader:
        first = (await told(reader))["presence_changed"]["presence"]
        assert (first["account"], first["show"]) == ("bob@example.org", "available")
        presence.publish(PresenceState(device=phone, show="away", note="tea"))
        assert (await told(reader))["presence_changed"]["presence"]["note"] == "tea"
        await here.contacts.answer(BOB.address, ANN.address, False)
        got = await told(reader)
        assert got["contact_answered"] == {"address": "bob@example.org", "granted": False}
        assert got["presence_changed"]["presence"]["show"] == "offline"
    await settle()
    assert not presence._watchers  # type: ignore[attr-defined]


async def test_news_of_contacts(here: Stand) -> None:
    contacts, tell = here.contacts, here.house.switchboard.tell
    ann, bob = ANN.address, BOB.address
    async with reading(here, ANN, OWN) as reader:
        await contacts.ask(bob, ann, "It is me")
        got = await told(reader)
        assert got["contact_changed"]["contact"]["asking"] is True
        assert got["contact_asked"] == {"address": "bob@example.org", "text": "It is me"}
        await contacts.remove(ann, bob)
        await contacts.block(ann, ["eve@example.org"])
        tell(ann, ProfileChanged("", bob, "Bob", None))
        tell(ann, RoomInvited("hall", bob, "Bob", "Come!"))
        got = await told(reader)
        assert got["contact_removed"] == {"address": "bob@example.org"}
        assert got["blocking_changed"] == {"blocked": ["eve@example.org"], "unblocked": []}
        assert got["profile_changed"]["name"] == "Bob"
        assert (got["room_invited"]["room"], got["room_invited"]["text"]) == ("hall", "Come!")


async def test_only_who_wants_them_is_told_and_nobody_afterwards(here: Stand) -> None:
    tell, ann = here.house.switchboard.tell, ANN.address
    event = Typed("", BOB.address, ann, "Bob", True)
    async with reading(here, ANN) as rooms_only, reading(here, BOB, OWN) as other:
        async with reading(here, ANN, OWN) as reader:
            tell(ann, event)
            assert await reader.names() == ["typed"]
        tell(ann, event)
        assert await rooms_only.names() == await other.names() == []
    # It is no device that could be called.
    async with reading(here, ANN, OWN):
        reach = here.app.state.runtime.listeners._reach
        (device,) = reach.present(ann)
        assert device.listens
        assert reach.present(device.address) == [device]
        assert not reach.present(Address("x", "example.org"))
        assert not await reach.devices(BOB, ann)


async def test_it_is_for_accounts_on_nodes_with_contacts(here: Stand) -> None:
    async with reading(here, guest("g"), OWN) as reader:
        assert reader.status == 403
    async with stand(contacts=None) as bare, reading(bare, ANN, OWN) as reader:
        assert reader.status == 415
    assert not here.app.state.runtime.listeners._listeners
