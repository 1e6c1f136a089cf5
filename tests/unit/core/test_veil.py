"""Rooms that hide who is in them: aliases tell nothing, but stand for the same person."""

from dataclasses import replace

import pytest

from antiphon.core.address import Address
from antiphon.core.event import (
    Event,
    Held,
    Marked,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Said,
    SubjectChanged,
    Typed,
    Whispered,
)
from antiphon.core.member import Info
from antiphon.core.message import Draft, Mark, Message
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason
from antiphon.core.standing import Role
from antiphon.core.thread import Reacted, Retracted, Thread, plain
from antiphon.core.veil import Veil, hides

ROOM = Address("hall", "rooms.example.org")
ANN, BOB, EVE = (Address(name, "example.org") for name in ("ann", "bob", "eve"))
BOBS = Info(id="m", address=BOB, name="Bob", role=Role.SPEAKER, joined_at=1.0)
SAID = Message(
    id="1", to=ROOM, sender=BOB.on("web"), name="Bob", sent_at=1.0, draft=Draft(text="x")
)
VEIL = Veil(ROOM, ANN)


def test_who_sees_addresses() -> None:
    everybody, moderators = (
        RoomSettings(name="a"),
        RoomSettings(name="b", addresses_for=Role.MODERATOR),
    )
    assert not any(hides(everybody, role) for role in (None, *Role))
    hidden = {role: hides(moderators, role) for role in (None, *Role)}
    assert hidden == {None: True, Role.LISTENER: True, Role.SPEAKER: True, Role.MODERATOR: False}


def test_an_alias_is_the_same_for_the_same_person_here_and_nowhere_else() -> None:
    alias = VEIL.address(BOB)
    assert "bob" not in str(alias)
    assert alias == VEIL.address(BOB.on("phone")) == Veil(ROOM, EVE).address(BOB)
    assert len({alias, VEIL.address(EVE), Veil(Address("b", ROOM.domain), ANN).address(BOB)}) == 3
    assert VEIL.address(ANN.on("web")) == ANN.on("web")
    assert VEIL.address(ROOM) == ROOM


@pytest.mark.parametrize(
    "event",
    [
        MemberJoined("hall", BOBS),
        MemberChanged("hall", BOBS),
        MemberLeft("hall", BOBS, Reason.LEFT),
        Said("hall", SAID),
        Whispered("hall", replace(SAID, to=BOB), "a", "b"),
        SubjectChanged("hall", "s", BOB, "Bob", 1.0),
        Typed("hall", BOB, ROOM, "Bob", True),
        Marked("hall", BOB, ROOM, Mark.DISPLAYED, "1"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_no_event_tells_who_it_is(event: Event) -> None:
    assert "bob" in repr(event)
    assert "'bob'" not in repr(VEIL.event(event))


def test_what_names_nobody_stays() -> None:
    event = Held("hall", "m", True)
    assert VEIL.event(event) is event


def test_no_page_tells_who_it_is() -> None:
    shown = replace(
        plain(SAID),
        retracted=Retracted(by=BOB, at=2.0),
        reactions=(Reacted(sender=BOB, name="Bob", reactions=("x",)),),
    )
    seen = VEIL.thread(Thread(shown=[shown, plain(SAID)], changes=[SAID]))
    assert "'bob'" not in repr(seen)
    (first, second) = seen.shown
    alias = VEIL.address(BOB)
    assert first.retracted is not None
    assert alias == first.retracted.by == first.reactions[0].sender == second.message.sender
