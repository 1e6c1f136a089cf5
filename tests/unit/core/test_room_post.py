"""Messages of rooms, signs, and whose presence may be watched."""

import pytest

from antiphon.core.address import Address
from antiphon.core.event import Marked, PresenceChanged, Said, Typed
from antiphon.core.message import Draft, Mark, Message, MessageKind
from antiphon.core.ports import RoomSettings
from antiphon.core.post import PostLimits
from antiphon.core.presence import PresenceState
from antiphon.core.reason import Reason, Refused
from antiphon.services.presence import PresenceBook
from tests.support.fakes import FakeDevice, Recorder, account, guest, house
from tests.unit.core.test_post import Lists, people

ANN, BEN, CY = account("ann"), account("ben"), account("cy")


class Seeing(Lists):
    """Who sees whom."""

    def __init__(self) -> None:
        super().__init__()
        self.seeing: set[tuple[Address, Address]] = set()

    def sees(self, account: Address, other: Address) -> bool | None:
        return (account, other) in self.seeing


async def refusal(reason: Reason, doing: object) -> None:
    with pytest.raises(Refused) as refused:
        await doing  # type: ignore[misc]
    assert refused.value.reason is reason


async def test_what_is_said_is_kept_and_told() -> None:
    here = house()
    listener = Recorder()
    await here.switchboard.join(ANN, "r", Recorder())
    await here.switchboard.join(BEN, "r", listener)
    heard: list[Message | Refused] = []
    for text in ("one", "two"):
        here.switchboard.submit_to_room(ANN, "r", Draft(text=text), heard.append)
    assert [one.text for one in heard] == ["one", "two"]
    said = [event.message for event in listener.take() if isinstance(event, Said)]
    assert said == heard == here.messages.stored


async def test_a_room_that_keeps_nothing() -> None:
    here = house()
    listener = Recorder()
    await here.switchboard.join(ANN, "r", listener)
    await here.switchboard.set(account("ann"), RoomSettings(name="r", archived=False))
    await here.switchboard.say(ANN, "r", "gone with the wind")
    assert [e.message.text for e in listener.take() if isinstance(e, Said)] == [
        "gone with the wind"
    ]
    assert here.messages.stored == []


async def test_moderators_take_back_what_others_said() -> None:
    here = house()
    listener = Recorder()
    await here.switchboard.join(ANN, "r", listener)
    await here.switchboard.join(BEN, "r", Recorder())
    await here.switchboard.join(CY, "r", Recorder())
    bad = await here.switchboard.say(BEN, "r", "rubbish")
    retraction = Draft(kind=MessageKind.RETRACTION, about=bad.id)
    await refusal(Reason.FORBIDDEN, here.switchboard.say(CY, "r", retraction))
    taken = await here.switchboard.say(ANN, "r", retraction)
    assert (taken.sender, taken.name, taken.draft.about) == (ANN.address, "Ann", bad.id)
    assert [message.text for message in here.messages.stored] == ["", ""]
    correction = Draft(kind=MessageKind.CORRECTION, text="gold", about=bad.id)
    await refusal(Reason.FORBIDDEN, here.switchboard.say(ANN, "r", correction))
    reaction = Draft(kind=MessageKind.REACTION, reactions=("👍",), about=bad.id)
    assert (await here.switchboard.say(CY, "r", reaction)).draft.about == bad.id


async def test_what_is_refused_counts_as_well() -> None:
    here = house(post_limits=PostLimits(rate=0.001, burst=2))
    await here.switchboard.join(ANN, "r", Recorder())
    reaction = Draft(kind=MessageKind.REACTION, reactions=("👍",), about="nothing")
    for _ in range(2):
        await refusal(Reason.NOT_FOUND, here.switchboard.say(ANN, "r", reaction))
    await refusal(Reason.TOO_MANY, here.switchboard.say(ANN, "r", reaction))


async def test_who_is_not_inside_says_nothing() -> None:
    here = house()
    await here.switchboard.join(ANN, "r", Recorder())
    await refusal(Reason.FORBIDDEN, here.switchboard.say(BEN, "r", "hello"))
    await refusal(Reason.NOT_FOUND, here.switchboard.say(BEN, "nowhere", "hello"))
    await refusal(Reason.NOT_FOUND, here.switchboard.say(BEN, "a@rooms.example.org/x@", "hello"))


async def test_typing_in_rooms_and_directly() -> None:
    here = people()
    listener = Recorder()
    await here.switchboard.join(ANN, "r", listener)
    await here.switchboard.join(BEN, "r", Recorder())
    listener.take()
    room = here.addresses.room("r")
    here.switchboard.typing(BEN, room, True)
    assert listener.take() == [Typed("r", BEN.address, room, "Ben", True)]
    with pytest.raises(Refused):
        here.switchboard.typing(CY, room, True)

    desk, away = here.reach.add("ben", "desk"), here.reach.add("ben", "away")
    away.listens = False
    here.switchboard.typing(ANN, BEN.address, True)
    assert desk.take() == [], "whether he blocks her is not known yet"
    await here.switchboard.send(ANN, "ben", "hello")
    desk.take()
    here.switchboard.typing(ANN, BEN.address, False)
    assert desk.take() == [Typed("", ANN.address, BEN.address, "Ann", False)]
    assert not any(isinstance(event, Typed) for event in away.take())


async def test_marks_are_told_to_both_and_only_forward() -> None:
    here = people()
    desk, tab = here.reach.add("ben", "desk"), here.reach.add("ann", "tab")
    first = await here.switchboard.send(ANN, "ben", Draft(text="1", origin_id="o-1"))
    second = await here.switchboard.send(ANN, "ben", Draft(text="2", origin_id="o-2"))
    desk.take(), tab.take()
    await here.switchboard.mark(BEN, ANN.address, Mark.DISPLAYED, "o-2")
    marked = Marked("", BEN.address, ANN.address, Mark.DISPLAYED, second.id, "o-2")
    assert desk.take() == tab.take() == [marked]
    await here.switchboard.mark(BEN, ANN.address, Mark.DISPLAYED, first.id)
    assert desk.take() == tab.take() == []
    await refusal(Reason.NOT_FOUND, here.switchboard.mark(BEN, ANN.address, Mark.DISPLAYED, "o-9"))


async def test_marks_in_a_room() -> None:
    here = house()
    listener = Recorder()
    await here.switchboard.join(ANN, "r", listener)
    await here.switchboard.join(BEN, "r", Recorder())
    said = await here.switchboard.say(ANN, "r", "hello")
    listener.take()
    room = here.addresses.room("r")
    await here.switchboard.mark(BEN, room, Mark.DISPLAYED, said.id)
    assert listener.take() == [Marked("r", BEN.address, room, Mark.DISPLAYED, said.id)]


async def test_marks_of_guests_are_told_and_not_kept() -> None:
    here = house()
    listener, visitor = Recorder(), guest("visitor")
    await here.switchboard.join(ANN, "r", listener)
    await here.switchboard.join(visitor, "r", Recorder())
    said = await here.switchboard.say(ANN, "r", "hello")
    listener.take()
    room = here.addresses.room("r")
    await here.switchboard.mark(visitor, room, Mark.DISPLAYED, said.id)
    assert listener.take() == [Marked("r", visitor.address, room, Mark.DISPLAYED, said.id)]
    assert here.messages.marks == {}


async def test_presence_is_watched_as_long_as_it_may_be() -> None:
    lists, book = Seeing(), PresenceBook()
    here = house(contacts=lists, presence=book)
    heard: list[PresenceChanged] = []
    with pytest.raises(Refused) as refused:
        here.switchboard.watch_presence(ANN, BEN.address, heard.append)  # type: ignore[arg-type]
    assert refused.value.reason is Reason.FORBIDDEN
    lists.seeing.add((ANN.address, BEN.address))
    unwatch = here.switchboard.watch_presence(ANN, BEN.address, heard.append)  # type: ignore[arg-type]
    state = PresenceState(device=BEN.address.on("desk"), since=1.0)
    book.publish(state)
    assert heard.pop().devices == (state,)

    lists.known |= {ANN.address, BEN.address}
    lists.blocking.add((BEN.address, ANN.address))
    here.switchboard.sight_changed(ANN.address, BEN.address)
    assert heard.pop() == PresenceChanged("", BEN.address, ())
    book.withdraw(state.device)
    book.publish(state)
    here.switchboard.sight_changed(ANN.address, BEN.address)
    assert heard == []
    lists.blocking.clear()
    here.switchboard.sight_changed(Address("", "example.org"), BEN.address)
    assert heard.pop() == PresenceChanged("", BEN.address, (state,))
    unwatch()
    unwatch()
    book.withdraw(state.device)
    here.switchboard.sight_changed(ANN.address, BEN.address)
    assert heard == []
    assert here.switchboard.may_see(ANN, BEN.address)
    assert not here.switchboard.may_see(BEN, ANN.address)


async def test_news_goes_to_every_device() -> None:
    here = people()
    desk, away = here.reach.add("ben", "desk"), here.reach.add("ben", "away")
    away.listens = False
    event = PresenceChanged("", ANN.address, ())
    here.switchboard.tell(BEN.address.on("desk"), event)
    assert desk.take() == away.take() == [event]
    assert isinstance(desk, FakeDevice)
