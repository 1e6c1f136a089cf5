"""Rooms as documents: all of it first, then what changed."""

from dataclasses import dataclass
from typing import cast
from xml.etree import ElementTree

import pytest

from antiphon.core.address import Address
from antiphon.core.member import Source
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Membership
from antiphon.protocols.sip.focus import ConferencePackage
from antiphon.protocols.sip.subscription import Subscription
from tests.support.fakes import DOMAIN, FakeEndpoint, House, Recorder, account, guest, house

NAMES = {"c": "urn:ietf:params:xml:ns:conference-info"}


@dataclass(eq=False)
class Subscriber:
    """As much of a subscription as a package sees."""

    caller: Caller
    target: Address
    version: int = 0
    news: int = 0
    ended: str = ""

    def changed(self) -> None:
        self.news += 1

    def end(self, reason: str) -> None:
        self.ended = reason


def subscriber(name: str = "alice") -> Subscriber:
    return Subscriber(account(name), Address("standup", f"rooms.{DOMAIN}"))


async def enter(made: House, name: str) -> Membership:
    return await made.switchboard.join(account(name), "standup", Recorder())


def read(package: ConferencePackage, one: Subscriber, full: bool) -> ElementTree.Element:
    document = package.document(cast(Subscription, one), full)
    return ElementTree.fromstring(document)


def users(root: ElementTree.Element) -> dict[str, str]:
    found = root.findall("c:users/c:user", NAMES)
    return {user.get("entity", ""): user.get("state", "") for user in found}


async def test_who_is_there_and_who_comes_and_goes() -> None:
    made = house()
    bob = await enter(made, "bob")
    package, one = ConferencePackage(made.switchboard), subscriber()
    close = package.open(cast(Subscription, one))
    root = read(package, one, True)
    assert root.get("state") == "full"
    assert root.get("entity") == f"sip:standup@rooms.{DOMAIN}"
    assert root.findtext("c:conference-state/c:user-count", "", NAMES) == "1"
    assert users(root) == {f"sip:bob@{DOMAIN}": "full"}
    assert one.news == 0

    carol = await enter(made, "carol")
    assert one.news == 1
    partial = read(package, one, False)
    assert partial.get("state") == "partial"
    assert users(partial) == {f"sip:carol@{DOMAIN}": "full"}

    carol.room.attach(carol.member.id, FakeEndpoint())
    carol.room.publish(carol.member.id, "0", Source.MICROPHONE)
    media = read(package, one, False).find(".//c:media/c:type", NAMES)
    assert media is not None
    assert media.text == "audio"

    await made.switchboard.leave("standup", bob.member.id)
    assert users(read(package, one, False)) == {f"sip:bob@{DOMAIN}": "deleted"}
    close()
    news = one.news
    await enter(made, "dave")
    assert one.news == news


async def test_the_end_of_the_room() -> None:
    made = house()
    bob = await enter(made, "bob")
    package, one = ConferencePackage(made.switchboard), subscriber()
    package.open(cast(Subscription, one))
    await made.switchboard.leave("standup", bob.member.id)
    assert one.ended == "noresource"
    assert package.document(cast(Subscription, one), True) == b""


async def test_one_user_with_two_devices() -> None:
    made = house()
    await enter(made, "bob")
    await enter(made, "bob")
    package, one = ConferencePackage(made.switchboard), subscriber()
    package.open(cast(Subscription, one))
    root = read(package, one, True)
    assert len(root.findall(".//c:endpoint", NAMES)) == 2
    assert root.findtext("c:conference-state/c:user-count", "", NAMES) == "1"


async def test_who_may_not_come_in_may_not_look_in() -> None:
    made = house()
    package = ConferencePackage(made.switchboard)
    with pytest.raises(Refused) as refused:
        package.open(cast(Subscription, subscriber()))
    assert refused.value.reason is Reason.NOT_FOUND
    await enter(made, "bob")
    stranger = Subscriber(guest("eve", rooms=frozenset({"other"})), subscriber().target)
    with pytest.raises(Refused) as refused:
        package.open(cast(Subscription, stranger))
    assert refused.value.reason is Reason.FORBIDDEN
