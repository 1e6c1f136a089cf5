"""Presence, subscriptions, publications and text messages, with a telephone on the other side."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from antiphon._native import SipRequest, SipResponse
from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState
from antiphon.core.contact import Contact
from antiphon.core.event import CallEnded, CallRinging, Event, MessageReceived
from antiphon.core.outlet import Outlet
from antiphon.core.presence import PresenceState
from antiphon.protocols.sip import presence as presence_package
from antiphon.protocols.sip.asked import Asked
from antiphon.protocols.sip.messages import TextMessages
from antiphon.protocols.sip.presence import (
    DialogPackage,
    MessagePackage,
    PresencePackage,
    Publications,
)
from antiphon.protocols.sip.presence_document import Tuple as Document
from antiphon.protocols.sip.presence_document import read_presence, write_presence
from antiphon.protocols.sip.subscription import SubscriptionLimits, Subscriptions
from antiphon.protocols.sip.uri import parse_uri
from antiphon.services.presence import PresenceBook
from tests.support.fakes import DOMAIN, House, account, guest, house
from tests.support.sip_wire import Opposite, joined, settle

ALICE, BOB = Address("alice", DOMAIN), Address("bob", DOMAIN)
PIDF = ("Content-Type", "application/pidf+xml")
FAST = SubscriptionLimits(interval=0.01)


class Calls:
    """Calls as the dialog package asks for them."""

    def __init__(self) -> None:
        self.running: list[CallInfo] = []
        self.outlets: list[Outlet] = []

    def calls_of(self, account: Address) -> list[CallInfo]:
        return [call for call in self.running if account in (call.caller.bare, call.callee.bare)]

    def watch(self, outlet: Outlet) -> Callable[[], None]:
        self.outlets.append(outlet)
        return lambda: self.outlets.remove(outlet)

    def tell(self, event: Event) -> None:
        for outlet in self.outlets:
            outlet.deliver(event)


class Friends:
    """Contacts as the presence package and watchers ask for them."""

    def __init__(self) -> None:
        self.loaded: set[Address] = set()
        self.seen: set[tuple[Address, Address]] = set()
        self.asked: list[tuple[Address, Address]] = []

    async def of(self, account: Address) -> list[Contact]:
        self.loaded.add(account)
        return []

    def sees(self, account: Address, other: Address) -> bool | None:
        return (account, other) in self.seen if account in self.loaded else None

    def lists(self, account: Address, other: Address) -> bool | None:
        return (account, other) in self.asked

    def blocks(self, account: Address, other: Address) -> bool | None:
        return False

    async def blocked(self, account: Address) -> list[str]:
        return []

    async def ask(self, account: Address, address: Address, text: str = "") -> None:
        self.asked.append((account, address))


@dataclass
class Office:
    """`phone` is alice's, opposite."""

    house: House
    phone: Opposite
    presence: PresenceBook
    subscriptions: Subscriptions
    calls: Calls
    friends: Friends
    publications: Publications
    guests: bool = False

    async def ask(
        self, method: str, target: str, *more: tuple[str, str], body: str = ""
    ) -> SipResponse:
        """A request out of any dialog, and its final answer."""
        self.phone.their_tag, self.phone.target = "", f"sip:{target}@{DOMAIN}"
        self.phone.call_id = f"{method}-{self.phone.sequence}"
        self.phone.send(method, body, *more)
        return await self.phone.status()

    async def notified(self) -> SipRequest:
        """The next NOTIFY, answered."""
        notify = await self.phone.request("NOTIFY")
        self.phone.reply(notify, 200)
        return notify


@pytest_asyncio.fixture
async def office() -> AsyncIterator[Office]:
    ours, theirs, _, _ = joined()
    presence, calls, friends = PresenceBook(), Calls(), Friends()
    friends.seen.add((ALICE, BOB))
    made = house(presence=presence, contacts=friends)
    subscriptions = Subscriptions(ours, FAST)
    package = PresencePackage(presence, made.switchboard, friends)  # type: ignore[arg-type]
    subscriptions.add(package, package.prepare)
    subscriptions.add(DialogPackage(calls))
    subscriptions.add(MessagePackage(lambda who: (2, 5)))
    publications, texts = Publications(ours, presence), TextMessages(ours, made.switchboard)
    here = Office(made, Opposite(theirs), presence, subscriptions, calls, friends, publications)
    theirs.on("NOTIFY", here.phone.requests.append)
    handlers = {
        "SUBSCRIBE": subscriptions.subscribed,
        "PUBLISH": publications.published,
        "MESSAGE": texts.received,
    }

    def serve(request: SipRequest) -> None:
        _, sender, _ = request.address("from") or ("", "", {})
        uri = parse_uri(request.uri)
        user = parse_uri(sender).user or ""
        caller = guest(user) if here.guests else account(user)
        domain = f"rooms.{DOMAIN}" if (uri.user or "").startswith("room-") else DOMAIN
        target = Address(uri.user, domain) if uri.user else None
        handlers[request.method](Asked(request, caller, uri, target))

    for method in handlers:
        ours.on(method, serve)
    yield here
    await texts.close()
    await package.close()
    subscriptions.close()
    await settle()


def says(show: str, device: str = "desk") -> PresenceState:
    return PresenceState(device=BOB.on(device), show=show)


async def test_presence_is_told_at_once_and_when_it_changes(office: Office) -> None:
    response = await office.ask("SUBSCRIBE", "bob", ("Event", "presence"), ("Expires", "600"))
    assert (response.status, response.get("expires")) == (200, "600")
    first = await office.notified()
    assert read_presence(first.body)[0] == "offline"
    assert first.get("subscription-state") == "active;expires=600"
    assert first.get("event") == "presence"
    office.presence.publish(says("available"))
    assert read_presence((await office.notified()).body)[0] == "available"
    office.presence.publish(says("busy"))
    assert read_presence((await office.notified()).body)[0] == "busy"


@pytest.mark.parametrize("event", ["presence;id=1;id=2", "presence;=", 'presence;"x'])
async def test_an_event_that_cannot_be_read_is_the_subscribers_mistake(
    office: Office, event: str
) -> None:
    response = await office.ask("SUBSCRIBE", "bob", ("Event", event))
    assert response.status == 400
    assert not office.subscriptions.stack.failures
    words = response.get("warning") or ""
    assert words.startswith('399 antiphon "')
    assert words.count('"') == 2


async def test_who_is_not_let_see_asks_once_and_is_told_when_they_may(office: Office) -> None:
    carl = Address("carl", DOMAIN)
    office.presence.publish(PresenceState(device=carl.on("desk"), note="secret"))
    response = await office.ask("SUBSCRIBE", "carl", ("Event", "presence"), ("Expires", "600"))
    assert response.status == 200
    first = await office.notified()
    assert (first.get("subscription-state"), first.body) == ("pending;expires=600", b"")
    office.presence.publish(PresenceState(device=carl.on("desk"), show="busy"))
    await office.ask("SUBSCRIBE", "carl", ("Event", "presence"), ("Expires", "0"))
    assert (await office.notified()).body == b""
    assert office.friends.asked == [(ALICE, carl)]

    office.friends.seen.add((ALICE, carl))
    office.house.switchboard.sight_changed(ALICE, carl)
    granted = await office.notified()
    assert (granted.get("subscription-state") or "").startswith("active")
    assert read_presence(granted.body)[0] == "busy"

    office.friends.seen.clear()
    office.house.switchboard.sight_changed(ALICE, carl)
    ended = await office.notified()
    assert (ended.get("subscription-state") or "").startswith("pending")
    assert ended.body == b""


async def test_what_telephones_have_no_word_for(office: Office) -> None:
    office.presence.publish(says("xa"))
    await office.ask("SUBSCRIBE", "bob", ("Event", "presence"))
    assert read_presence((await office.notified()).body)[0] == "away"
    office.presence.publish(says("chat"))
    assert read_presence((await office.notified()).body)[0] == "available"


async def test_many_changes_are_one_notification(office: Office) -> None:
    await office.ask("SUBSCRIBE", "bob", ("Event", "presence"))
    await office.notified()
    for number in range(20):
        office.presence.publish(says("busy" if number % 2 else "available"))
    assert read_presence((await office.notified()).body)[0] == "busy"
    await settle(0.1)
    assert not office.phone.requests


async def test_one_that_does_not_answer_is_not_told_more(office: Office) -> None:
    await office.ask("SUBSCRIBE", "bob", ("Event", "presence"))
    waiting = await office.phone.request("NOTIFY")
    office.presence.publish(says("busy"))
    await settle(0.1)
    assert not office.phone.requests
    office.phone.reply(waiting, 200)
    assert read_presence((await office.notified()).body)[0] == "busy"


async def test_a_refresh_and_the_end(office: Office) -> None:
    await office.ask("SUBSCRIBE", "bob", ("Event", "presence"))
    notify = await office.notified()
    phone = office.phone
    phone.their_tag = notify.from_tag or ""
    phone.target = notify.contacts()[0][0]
    phone.send("SUBSCRIBE", "", ("Event", "presence"), ("Expires", "120"))
    assert (await phone.status()).get("expires") == "120"
    assert (await office.notified()).get("subscription-state") == "active;expires=120"
    phone.send("SUBSCRIBE", "", ("Event", "presence"), ("Expires", "0"))
    assert (await phone.status()).status == 200
    last = await office.notified()
    assert last.get("subscription-state") == "terminated;reason=timeout"
    assert len(office.subscriptions) == 0


async def test_one_look(office: Office) -> None:
    await office.ask("SUBSCRIBE", "bob", ("Event", "presence"), ("Expires", "0"))
    assert "terminated" in ((await office.notified()).get("subscription-state") or "")
    assert len(office.subscriptions) == 0


async def test_a_subscriber_that_is_gone(office: Office) -> None:
    await office.ask("SUBSCRIBE", "bob", ("Event", "presence"))
    notify = await office.phone.request("NOTIFY")
    assert len(office.subscriptions) == 1
    office.phone.stack.reply(notify, 481)
    await settle()
    assert len(office.subscriptions) == 0


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("Event", "weather")], 489),
        ([], 489),
        ([("Event", "presence"), ("Accept", "text/html")], 406),
        ([("Event", "presence"), ("Expires", "5")], 423),
        ([("Event", "presence"), ("Expires", "never")], 400),
    ],
)
async def test_what_is_refused(office: Office, fields: list[tuple[str, str]], status: int) -> None:
    response = await office.ask("SUBSCRIBE", "bob", *fields)
    assert response.status == status
    if status == 489:
        assert response.get("allow-events") == "dialog, message-summary, presence"
    assert len(office.subscriptions) == 0


async def test_guests_are_not_told_and_nobody_reads_others_messages(office: Office) -> None:
    summary = ("Event", "message-summary")
    assert (await office.ask("SUBSCRIBE", "bob", summary)).status == 403
    assert (await office.ask("SUBSCRIBE", "alice", summary)).status == 200
    assert b"Text-Message: 2/5" in (await office.notified()).body
    office.guests = True
    assert (await office.ask("SUBSCRIBE", "bob", ("Event", "presence"))).status == 403


async def test_no_more_than_so_many_for_each_account(office: Office) -> None:
    office.subscriptions.limits = SubscriptionLimits(per_account=2)
    for _ in range(2):
        await office.ask("SUBSCRIBE", "bob", ("Event", "presence"))
        await office.notified()
    assert (await office.ask("SUBSCRIBE", "bob", ("Event", "presence"))).status == 486
    assert len(office.subscriptions) == 2


async def test_calls_of_a_colleague(office: Office) -> None:
    carl = Address("carl", DOMAIN)
    call = CallInfo(
        id="c1",
        room="call-1",
        caller=carl,
        caller_name="Carl",
        callee=BOB,
        state=CallState.RINGING,
        started_at=1.0,
    )
    await office.ask("SUBSCRIBE", "bob", ("Event", "dialog"))
    assert b"<dialog " not in (await office.notified()).body
    office.calls.running = [call]
    office.calls.tell(CallRinging("call-1", call, BOB.on("desk")))
    assert b"<state>early</state>" in (await office.notified()).body
    office.calls.running = []
    office.calls.tell(CallEnded("call-1", replace(call, state=CallState.ENDED)))
    ended = await office.notified()
    assert b"<state>terminated</state>" in ended.body
    assert b'version="2"' in ended.body


async def test_a_telephone_publishes_changes_and_withdraws(office: Office) -> None:
    event, alice = ("Event", "presence"), Address("alice", DOMAIN)

    def shown() -> list[str]:
        return [state.show for state in office.presence.of(alice)]

    away = write_presence("sip:alice", [Document(id="1", show="away")]).decode()
    response = await office.ask("PUBLISH", "alice", event, PIDF, body=away)
    assert response.status == 200
    assert shown() == ["away"]
    first = response.get("sip-etag") or ""
    response = await office.ask("PUBLISH", "alice", event, ("SIP-If-Match", first))
    second = response.get("sip-etag") or ""
    assert response.status == 200
    assert second != first
    assert shown() == ["away"]
    stale = await office.ask("PUBLISH", "alice", event, ("SIP-If-Match", first))
    assert stale.status == 412
    gone = [event, ("SIP-If-Match", second), ("Expires", "0")]
    assert (await office.ask("PUBLISH", "alice", *gone)).status == 200
    assert shown() == []


async def test_publications_that_have_ended_give_their_place_to_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_package, "PUBLICATIONS", 1)
    monkeypatch.setattr(presence_package, "LOOK_TIME", 0.0)
    here = write_presence("sip:x", [Document(id="1", show="away")]).decode()

    async def publish(user: str) -> int:
        office.phone.user = user
        return (await office.ask("PUBLISH", user, ("Event", "presence"), PIDF, body=here)).status

    assert await publish("carl") == 200
    assert await publish("alice") == 503
    for publication in office.publications._by_tag.values():
        publication.until = 0.0  # and nobody hears of carl again
    assert await publish("alice") == 200


@pytest.mark.parametrize(
    ("target", "fields", "body", "status"),
    [
        ("bob", [("Event", "presence"), PIDF], "<presence/>", 403),
        ("alice", [("Event", "dialog"), PIDF], "<presence/>", 489),
        ("alice", [("Event", "presence"), PIDF], "<presence/>", 400),
        ("alice", [("Event", "presence"), PIDF], "", 400),
        ("alice", [("Event", "presence"), ("Content-Type", "text/plain")], "here", 415),
        ("alice", [("Event", "presence"), ("Expires", "1"), PIDF], "<presence/>", 423),
    ],
)
async def test_publications_that_are_refused(
    office: Office, target: str, fields: list[tuple[str, str]], body: str, status: int
) -> None:
    assert (await office.ask("PUBLISH", target, *fields, body=body)).status == status
    assert office.presence.of(Address("alice", DOMAIN)) == ()


async def test_a_text_message_reaches_a_device(office: Office) -> None:
    office.house.directory.names.add("bob")
    device = office.house.reach.add("bob", "tab")
    response = await office.ask("MESSAGE", "bob", ("Content-Type", "text/plain"), body="Grüße ☕")
    assert response.status == 200
    got = [event for event in device.events if isinstance(event, MessageReceived)]
    assert [event.message.text for event in got] == ["Grüße ☕"]
    assert got[0].message.sender.bare == Address("alice", DOMAIN)


async def test_a_text_message_waits_for_who_is_not_there(office: Office) -> None:
    office.house.directory.names.add("bob")
    response = await office.ask("MESSAGE", "bob", ("Content-Type", "text/plain"), body="hello")
    assert response.status == 200
    device = office.house.reach.add("bob", "desk")
    office.house.switchboard.came(device)
    await settle()
    assert [event.message.text for event in device.events] == ["hello"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("target", "kind", "status"),
    [
        ("nobody", "text/plain", 404),
        ("room-x", "text/plain", 404),
        ("bob", "application/im-iscomposing+xml", 415),
    ],
)
async def test_text_messages_that_are_refused(
    office: Office, target: str, kind: str, status: int
) -> None:
    office.house.directory.names.add("bob")
    response = await office.ask("MESSAGE", target, ("Content-Type", kind), body="hello")
    assert response.status == status
