"""Messages between accounts: RFC 6121 §8.5, and what each kind of message becomes."""

from collections.abc import Callable

import pytest

from antiphon.core.message import Attachment, Draft, Mark, MessageKind, Span
from antiphon.core.reason import Reason, Refused
from tests.support.xmpp_house import DOMAIN, Client, TestHouse, body, condition

BOB = f"bob@{DOMAIN}"
CHAT = "id='message-1'"


async def pair(house: TestHouse) -> tuple[Client, Client]:
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    await alice.come()
    await bob.come()
    await alice.take()
    return alice, bob


def text(words: str, to: str = BOB, type_: str = "chat", id: str = "message-1") -> str:
    return f"<message to='{to}' type='{type_}' id='{id}'><body>{words}</body></message>"


async def archived(house: TestHouse, name: str) -> list[Draft]:
    page = await house.mailbox.read(house.addresses.parse(name), Span())
    return [one.draft for one in page.messages]


async def test_a_message_passes_as_it_was_written(house: TestHouse) -> None:
    alice, bob = await pair(house)
    alice.send(
        f"<message to='{BOB}' type='chat' id='message-1' from='{alice.jid}' xml:lang='en'>"
        "<body>a &amp; b</body><own xmlns='urn:x' a='1'>kept</own></message>"
    )
    got = await bob.only()
    assert (got.get("from"), got.get("to"), got.get("id")) == (alice.jid, BOB, "message-1")
    assert body(got) == "a & b"
    assert got.findtext("{urn:x}own") == "kept"
    stanza_id = got.find("{urn:xmpp:sid:0}stanza-id")
    assert stanza_id is not None
    assert stanza_id.get("by") == BOB
    (kept,) = await archived(house, "bob")
    found = await house.mailbox.find(house.addresses.parse("bob"), stanza_id.get("id") or "")
    assert found is not None
    assert found.draft.text == kept.text == "a & b"
    assert await alice.take() == []
    assert [one.text for one in await archived(house, "alice")] == ["a & b"]


async def test_ids_of_archives_are_not_for_senders_to_give(house: TestHouse) -> None:
    alice, bob = await pair(house)
    forged = f"<stanza-id xmlns='urn:xmpp:sid:0' by='{BOB}' id='forged'/>"
    alice.send(f"<message to='{BOB}' type='chat'><body>x</body>{forged}</message>")
    ids = (await bob.only()).findall("{urn:xmpp:sid:0}stanza-id")
    assert [one.get("id") == "forged" for one in ids] == [False]
    state = "<active xmlns='http://jabber.org/protocol/chatstates'/>"
    alice.send(f"<message to='{BOB}' type='chat'>{state}{forged}</message>")
    assert (await bob.only()).findall("{urn:xmpp:sid:0}stanza-id") == []


async def test_a_bare_address_reaches_all_who_listen(house: TestHouse) -> None:
    alice, bob = await pair(house)
    tablet, silent = house.login("bob/tablet"), house.login("bob/silent")
    away = house.login("bob/away")
    await tablet.come("<priority>5</priority>")
    await silent.come("<priority>-1</priority>")
    for client in (bob, tablet, silent, away):
        await client.take()
    alice.send(text("all"))
    for client in (bob, tablet):
        assert body(await client.only()) == "all"
    assert await silent.take() == []
    assert await away.take() == []


async def test_a_full_address_reaches_that_resource(house: TestHouse) -> None:
    alice, bob = await pair(house)
    silent = house.login("bob/silent")
    await silent.come("<priority>-1</priority>")
    await bob.take()
    alice.send(text("only you", to=f"{BOB}/silent"))
    assert body(await silent.only()) == "only you"
    assert await bob.take() == []
    # RFC 6121 §8.5.3.2.1: a chat message for a resource that is gone goes to the others.
    alice.send(text("who is there?", to=f"{BOB}/gone", id="message-2"))
    assert await alice.take() == []


async def test_nobody_there(house: TestHouse) -> None:
    alice = house.login("alice/desk")
    await alice.come()
    alice.send(text("for later"))
    assert await alice.take() == []
    (waiting,) = await house.mailbox.waiting(house.addresses.parse("bob"))
    assert waiting.text == "for later"
    alice.send(text("x", to=f"nobody@{DOMAIN}"))
    assert condition(await alice.only()) == "service-unavailable"
    alice.send(text("x", to="alice@elsewhere.example"))
    assert condition(await alice.only()) == "remote-server-not-found"
    alice.send(text("x", to="@nonsense"))
    assert condition(await alice.only()) == "jid-malformed"
    alice.send(text("x", to=DOMAIN))
    assert condition(await alice.only()) == "service-unavailable"


async def test_kinds_of_messages(house: TestHouse) -> None:
    alice, bob = await pair(house)
    alice.send(text("news", type_="headline"))
    assert (await bob.only()).get("type") == "headline"
    assert await archived(house, "bob") == []
    alice.send(text("x", type_="groupchat"))
    assert condition(await alice.only()) == "service-unavailable"
    alice.send(text("x", to=bob.jid, type_="groupchat"))
    assert (await bob.only()).get("type") == "groupchat"
    error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    alice.send(f"<message to='{bob.jid}' type='error' id='m'>{error}</message>")
    assert (await bob.only()).get("type") == "error"
    alice.send(f"<message to='{BOB}' type='error' id='m'>{error}</message>")
    alice.send(f"<message to='{BOB}/gone' type='error' id='m'>{error}</message>")
    alice.send(f"<message to='nobody@{DOMAIN}' type='error' id='m'>{error}</message>")
    assert await bob.take() == []
    assert await alice.take() == [], "errors are never answered"
    bob.send("<presence type='unavailable'/>")
    await bob.take()
    alice.send(text("news", type_="headline"))
    assert await alice.take() == [], "a headline for nobody is dropped"


async def test_extensions_go_from_session_to_session(house: TestHouse) -> None:
    alice, bob = await pair(house)
    for inner in (
        "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
        "<received xmlns='urn:xmpp:receipts' id='theirs-1'/>",
        "<displayed xmlns='urn:xmpp:chat-markers:0' id='theirs-2'/>",
        "<own xmlns='urn:x'/>",
    ):
        alice.send(f"<message to='{bob.jid}' type='chat'>{inner}</message>")
        got = await bob.only()
        assert got.get("from") == alice.jid
        assert len(got) == 1
    assert await archived(house, "bob") == []
    own = house.addresses.parse(alice.jid)
    assert [(who, active) for who, _, active in house.exchange.typed] == [(own, True)]
    assert [(mark, id) for _, _, mark, id in house.exchange.marks] == [
        (Mark.RECEIVED, "theirs-1"),
        (Mark.DISPLAYED, "theirs-2"),
    ]


async def test_hints(house: TestHouse) -> None:
    alice, bob = await pair(house)
    hints = "xmlns='urn:xmpp:hints'"
    alice.send(f"<message to='{BOB}' type='chat'><body>secret</body><no-store {hints}/></message>")
    assert body(await bob.only()) == "secret"
    assert await archived(house, "bob") == []
    alice.send(f"<message to='{BOB}' type='chat'><own xmlns='urn:x'/><store {hints}/></message>")
    await bob.only()
    (kept,) = await archived(house, "bob")
    assert kept.text == ""
    assert kept.original is not None


@pytest.mark.parametrize(
    ("inner", "meant"),
    [
        (
            "<body>better</body><replace xmlns='urn:xmpp:message-correct:0' id='wrong-1'/>",
            {"kind": MessageKind.CORRECTION, "about": "wrong-1", "text": "better"},
        ),
        (
            "<retract xmlns='urn:xmpp:message-retract:1' id='wrong-1'/><body>gone</body>",
            {"kind": MessageKind.RETRACTION, "about": "wrong-1", "text": ""},
        ),
        (
            "<reactions xmlns='urn:xmpp:reactions:0' id='nice-1'><reaction>👍</reaction>"
            "<reaction>👍</reaction><reaction> </reaction></reactions>",
            {"kind": MessageKind.REACTION, "about": "nice-1", "reactions": ("👍",)},
        ),
        (
            "<body>> why?\nbecause</body><reply xmlns='urn:xmpp:reply:0' id='why-1'/>"
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
            "<body start='0' end='7'/></fallback>",
            {"kind": MessageKind.TEXT, "reply_to": "why-1", "text": "because"},
        ),
        (
            "<body>https://x.example/a%20b.png</body>"
            "<x xmlns='jabber:x:oob'><url>https://x.example/a%20b.png</url></x>",
            {
                "text": "",
                "attachments": (Attachment(url="https://x.example/a%20b.png", name="a%20b.png"),),
            },
        ),
        (
            "<body>x</body><origin-id xmlns='urn:xmpp:sid:0' id='origin-77'/>",
            {"origin_id": "origin-77"},
        ),
        ("<body>x</body><private xmlns='urn:xmpp:carbons:2'/>", {"copied": False}),
        ("<subject>Lunch?</subject>", {"stored": True, "text": "Lunch?"}),
        ("<subject>Lunch?</subject><body>At one.</body>", {"text": "At one."}),
        ("<encrypted xmlns='urn:xmpp:omemo:2'>…</encrypted>", {"stored": True, "text": ""}),
    ],
)
async def test_what_a_message_means(house: TestHouse, inner: str, meant: dict[str, object]) -> None:
    seen: list[Draft] = []

    def submit(caller: object, to: object, draft: Draft, **_: object) -> None:
        seen.append(draft)

    house.exchange.submit = submit  # type: ignore[method-assign]
    alice = house.login("alice/desk")
    alice.send(f"<message to='{BOB}' type='chat' id='message-1'>{inner}</message>")
    (draft,) = seen
    assert {name: getattr(draft, name) for name in meant} == meant
    assert draft.original is not None
    assert draft.original.form == "xmpp"


async def test_refusals_are_spelled_for_the_sender(house: TestHouse) -> None:
    alice, _ = await pair(house)
    for reason, expected in (
        (Reason.FORBIDDEN, "service-unavailable"),
        (Reason.NOT_FOUND, "service-unavailable"),
        (Reason.TOO_LARGE, "policy-violation"),
        (Reason.BUSY, "resource-constraint"),
        (Reason.DRAINING, "service-unavailable"),
    ):
        house.exchange.refuse = Refused(reason, "no")
        alice.send(text("x"))
        answer = await alice.only()
        assert condition(answer) == expected
        assert (answer.get("from"), answer.get("id"), body(answer)) == (BOB, "message-1", "x")


async def test_a_change_of_what_is_not_known_is_passed_on(house: TestHouse) -> None:
    alice, bob = await pair(house)
    submit = house.exchange.submit
    kinds: list[MessageKind] = []

    def strict(caller, to, draft, *, outlet, heard):  # type: ignore[no-untyped-def]
        kinds.append(draft.kind)
        if draft.kind is not MessageKind.TEXT:
            heard(Refused(Reason.NOT_FOUND, "no such message"))
        else:
            submit(caller, to, draft, outlet=outlet, heard=heard)

    house.exchange.submit = strict  # type: ignore[method-assign, assignment]
    replace = "<replace xmlns='urn:xmpp:message-correct:0' id='unknown-1'/>"
    alice.send(f"<message to='{BOB}' type='chat' id='m-1234567'><body>x</body>{replace}</message>")
    assert (await bob.only()).find("{urn:xmpp:message-correct:0}replace") is not None
    assert kinds == [MessageKind.CORRECTION, MessageKind.TEXT]
    assert await alice.take() == []


async def test_what_was_sent_before_the_end_of_a_session_arrives(house: TestHouse) -> None:
    alice, bob = await pair(house)
    submit, waiting = house.exchange.submit, list[Callable[[], None]]()

    def slow(caller, to, draft, *, outlet, heard):  # type: ignore[no-untyped-def]
        if draft.kind is MessageKind.TEXT:
            submit(caller, to, draft, outlet=outlet, heard=heard)
        else:
            waiting.append(lambda: heard(Refused(Reason.NOT_FOUND, "no such message")))

    house.exchange.submit = slow  # type: ignore[method-assign, assignment]
    replace = "<replace xmlns='urn:xmpp:message-correct:0' id='unknown-1'/>"
    alice.send(f"<message to='{BOB}' type='chat' id='m-1234567'><body>x</body>{replace}</message>")
    alice.session.ended_by_peer()
    await bob.take()
    waiting.pop()()
    assert body(await bob.only()) == "x"


async def test_messages_keep_their_order(house: TestHouse) -> None:
    alice, bob = await pair(house)
    for number in range(50):
        alice.send(text(str(number), id=f"message-{number}"))
    assert [body(one) for one in await bob.take()] == [str(number) for number in range(50)]


async def test_the_same_again_is_the_same(house: TestHouse) -> None:
    alice, bob = await pair(house)
    for _ in range(2):
        alice.send(text("once"))
    assert body(await bob.only()) == "once"
    # Counters of clients say nothing of whether a message is new.
    for _ in range(2):
        alice.send(text("twice", id="1"))
    assert len(await bob.take()) == 2


async def test_nobody_says_in_the_name_of_servers_when_something_was_sent(
    house: TestHouse,
) -> None:
    alice, bob = await pair(house)
    stamp = "xmlns='urn:xmpp:delay' stamp='2001-01-01T00:00:00Z'"
    forged = f"<delay {stamp} from='{DOMAIN}'/><delay {stamp} from='{BOB}'/><delay {stamp}/>"
    own = f"<delay {stamp} from='{alice.jid}'/>"
    state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
    for said in ("<body>x</body>", state):
        alice.send(f"<message to='{BOB}' type='chat'>{said}{forged}{own}</message>")
        delays = (await bob.only()).findall("{urn:xmpp:delay}delay")
        assert [one.get("from") for one in delays] == [alice.jid]
