"""Stanzas of clients that lie or are broken: whatever is asked of whomever in whatever words, an
error of the standard answers, nothing of ours fails, and others are not disturbed.
"""

import logging
import random
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree.ElementTree import fromstring
from xml.sax.saxutils import escape, quoteattr

import pytest

from antiphon._native import Stanza
from tests.support.xmpp_house import DOMAIN, Client, TestHouse, body, opened

CLIENT = "{jabber:client}"
# What attributes and texts may hold: ids, numbers, addresses, times, and what is none of them.
WORDS = (
    "",
    "x",
    "0",
    "-1",
    "99999999999999999999",
    "true",
    "current",
    f"alice@{DOMAIN}",
    f"bob@{DOMAIN}/phone",
    "@",
    "a@b@c/d",
    "rooms." + DOMAIN,
    "2026-01-01T00:00:00Z",
    "urn:xmpp:mam:2",
    "http://jabber.org/protocol/pubsub#publish-options",
    "storage:bookmarks",
    "urn:xmpp:avatar:data",
    "urn:xmpp:avatar:metadata",
    "urn:xmpp:vcard4",
    "%%%",
    "\u202e\ufeff\U0001f600",
    "A" * 5000,
)


def words(text: str) -> list[str]:
    return text.split()


ATTRIBUTES = words(
    "id jid node name var type ver size filename action max_items default queryid subscription"
    " notify sessionid host"
)
NAMES = words(
    "item items publish retract create configure delete purge x field value set max before after"
    " always never jid group publish-options affiliations affiliation default storage conference"
    " PHOTO BINVAL N FN vcard fn text data metadata info service flip-page body show status"
    " priority received displayed"
)
SPACES = (
    None,
    None,
    None,
    "jabber:x:data",
    "http://jabber.org/protocol/rsm",
    "http://jabber.org/protocol/pubsub",
    "storage:bookmarks",
    "urn:xmpp:avatar:data",
    "urn:xmpp:avatar:metadata",
    "urn:ietf:params:xml:ns:vcard-4.0",
    "vcard-temp:x:update",
    "urn:xmpp:receipts",
    "urn:xmpp:chat-markers:0",
    "urn:xmpp:message-correct:0",
    "urn:xmpp:message-retract:1",
    "urn:xmpp:reactions:0",
    "urn:xmpp:reply:0",
    "urn:xmpp:fallback:0",
    "urn:xmpp:sid:0",
    "urn:xmpp:hints",
    "jabber:x:oob",
    "http://jabber.org/protocol/caps",
    "urn:xmpp:idle:1",
)
TARGETS = (
    None,
    DOMAIN,
    f"alice@{DOMAIN}",
    f"alice@{DOMAIN}/other",
    f"bob@{DOMAIN}",
    f"bob@{DOMAIN}/phone",
    f"nobody@{DOMAIN}",
    "elsewhere.example",
    "@",
)
TYPES = words(
    "chat normal headline groupchat error unavailable probe subscribe subscribed unsubscribe"
    " unsubscribed nonsense"
)
ROUNDS = 1500


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[TestHouse]:
    """A house whose people know each other."""
    async with opened(tmp_path) as house:
        house.befriend("alice", "bob")
        yield house


class Chaos:
    """Makes elements of all that is known, in no order."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def word(self) -> str:
        return self.random.choice(WORDS)

    def attributes(self) -> str:
        chosen = self.random.sample(ATTRIBUTES, self.random.randrange(4))
        return "".join(f" {name}={quoteattr(self.word())}" for name in chosen)

    def element(self, name: str, space: str | None, depth: int = 0) -> str:
        declared = "" if space is None else f" xmlns='{space}'"
        inner = "" if depth > 3 else self.children(depth + 1)
        if not inner and self.random.random() < 0.5:
            inner = escape(self.word())
        return f"<{name}{declared}{self.attributes()}>{inner}</{name}>"

    def children(self, depth: int) -> str:
        return "".join(
            self.element(self.random.choice(NAMES), self.random.choice(SPACES), depth)
            for _ in range(self.random.randrange(4))
        )

    def addressed(self) -> str:
        to = self.random.choice(TARGETS)
        return "" if to is None else f" to='{to}'"


async def is_well(house: TestHouse, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of ours failed."""
    await house.settle()
    for data in client.wire.sent:
        assert b"internal-server-error" not in data, data
        fromstring(Stanza(data).raw)
    client.wire.sent.clear()
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == []
    assert house.house.errands.failures == 0


@pytest.mark.parametrize("seed", range(3))
async def test_requests(house: TestHouse, caplog: pytest.LogCaptureFixture, seed: int) -> None:
    chaos = Chaos(seed)
    alice, bob = house.login("alice/desk", admin=seed == 2), house.login("bob/phone")
    await alice.come()
    await bob.come()
    served = sorted(house.house.router.served)
    for number in range(ROUNDS):
        type_, name, space = chaos.random.choice(served)
        payload = chaos.element(name, space)
        alice.send(f"<iq type='{type_}' id='i{number}'{chaos.addressed()}>{payload}</iq>")
        if number % 100 == 99:
            await is_well(house, alice, caplog)
        if alice.session.ended:  # an administrator may end any session
            alice = house.login("alice/desk", admin=True)
            await alice.come()
    await is_well(house, alice, caplog)
    await is_well(house, bob, caplog)
    if seed != 2:
        await house.contacts.unblock(bob.session.account)
        bob.send(f"<message to='{DOMAIN}' type='chat'><body>still here</body></message>")
        assert body((await bob.take())[-1]) == "still here"


@pytest.mark.parametrize("seed", range(3))
async def test_messages_and_presence(
    house: TestHouse, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    chaos = Chaos(100 + seed)
    alice, bob = house.login("alice/desk"), house.login("bob/phone")
    await bob.come()
    for number in range(ROUNDS):
        kind = chaos.random.choice(("message", "presence"))
        type_ = chaos.random.choice((None, *TYPES))
        said = "" if type_ is None else f" type='{type_}'"
        inner = chaos.children(1)
        alice.send(f"<{kind} id='m{number}'{said}{chaos.addressed()}>{inner}</{kind}>")
        if number % 100 == 99:
            await is_well(house, alice, caplog)
    await is_well(house, alice, caplog)
    await is_well(house, bob, caplog)
    bob.send(f"<message to='{bob.bare}' type='chat' id='to-myself-1'><body>well</body></message>")
    await is_well(house, bob, caplog)
