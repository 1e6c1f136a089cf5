"""Hand-made stand-ins for the core's ports; one set serves all unit tests."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from antiphon.core.address import Address, Addresses
from antiphon.core.call import CallInfo
from antiphon.core.description import Codec, Description, Direction, Kind, Section
from antiphon.core.event import Event
from antiphon.core.graph import Change, Names, Wiring
from antiphon.core.media import (
    Answer,
    Media,
    MediaEvents,
    MediaRoom,
    Session,
    SessionEvents,
    Sessions,
)
from antiphon.core.policy import Policy
from antiphon.core.ports import Caller, Device, Grants, RoomSettings
from antiphon.core.reason import Reason, Refused
from antiphon.core.standing import Standing
from antiphon.core.switchboard import Switchboard
from tests.support.archive import MemoryMessages

DOMAIN = "example.org"

BROWSER = Description(
    (
        Section("0", Kind.AUDIO, Direction.SENDONLY, (Codec("opus"),)),
        Section("1", Kind.VIDEO, Direction.SENDONLY, (Codec("vp8"), Codec("h264"))),
        Section("2", Kind.VIDEO, Direction.SENDONLY, (Codec("vp8"),)),
        Section("3", Kind.DATA, Direction.SENDRECV),
    ),
    open_ended=True,
)
PHONE = Description(
    (Section("a", Kind.AUDIO, Direction.SENDRECV, (Codec("opus"), Codec("pcmu", 8000))),)
)
DESK_PHONE = Description(
    (
        Section("0", Kind.AUDIO, Direction.SENDRECV, (Codec("pcmu", 8000),)),
        Section("1", Kind.VIDEO, Direction.SENDRECV, (Codec("h264"),)),
    ),
    mixed=True,
)
PLAYER = Description(
    (
        Section("0", Kind.AUDIO, Direction.RECVONLY, (Codec("opus"),)),
        Section("1", Kind.VIDEO, Direction.RECVONLY, (Codec("h264"),)),
    )
)


class PlainNormalizer:
    """Lower case and nothing else."""

    def local(self, text: str) -> str:
        if not text or any(c in text for c in " \"&'/:<>@"):
            raise ValueError("not a local part")
        return text.lower()

    def domain(self, text: str) -> str:
        return text.lower()

    def device(self, text: str) -> str:
        return text

    def nickname(self, text: str) -> str:
        return " ".join(text.split())


@dataclass
class Recorder:
    """An outlet that keeps what it is given."""

    events: list[Event] = field(default_factory=list)

    def deliver(self, event: Event) -> None:
        self.events.append(event)

    def take(self) -> list[Event]:
        taken, self.events = self.events, []
        return taken

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.take()]


@dataclass(eq=False)
class FakeEndpoint:
    """An endpoint that remembers what it was told."""

    description: Description = BROWSER
    number: int = 1
    bound: dict[str, str] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)
    closed: bool = False

    def bind(self, section: str, track: str) -> None:
        self.bound[track] = section

    def release(self, track: str) -> None:
        self.released.append(track)

    def close(self) -> None:
        self.closed = True


class FakeMediaRoom(MediaRoom):
    """Applies changes to a wiring of its own, so that tests can compare it with the room's."""

    def __init__(self, name: str, events: MediaEvents) -> None:
        self.name = name
        self.events = events
        self.feeds: dict[str, Names] = {}
        self.wires: dict[str, Names] = {}
        self.hubs: set[str] = set()
        self.paused: dict[str, bool] = {}
        self.changes: list[Change] = []
        self.closed = False

    def apply(self, change: Change) -> None:
        self.changes.append(change)
        self.hubs |= set(change.open)
        assert set(change.feed) <= self.hubs, "feeds a hub that is not open"
        _join(self.feeds, change.feed)
        _join(self.wires, change.connect)
        _part(self.wires, change.disconnect)
        _part(self.feeds, change.starve)
        self.hubs -= set(change.close)

    def pause(self, track: str, paused: bool) -> None:
        self.paused[track] = paused

    def close(self) -> None:
        self.closed = True


def _join(groups: dict[str, Names], more: Mapping[str, Names]) -> None:
    for name, members in more.items():
        assert not members & groups.get(name, frozenset()), "connects what is connected"
        groups[name] = groups.get(name, frozenset()) | members


def _part(groups: dict[str, Names], less: Mapping[str, Names]) -> None:
    for name, members in less.items():
        assert members <= groups[name], "disconnects what is not connected"
        groups[name] -= members
        if not groups[name]:
            del groups[name]


class FakeMedia(Media):
    """Opens fake rooms."""

    def __init__(self) -> None:
        self.rooms: dict[str, FakeMediaRoom] = {}

    def open_room(self, name: str, events: MediaEvents) -> FakeMediaRoom:
        room = self.rooms[name] = FakeMediaRoom(name, events)
        return room


class FakeSession(FakeEndpoint):
    """Answers every offer that does not say "garbage"."""

    def __init__(self, member: str, events: SessionEvents, open_ended: bool) -> None:
        super().__init__(number=7)
        self.member = member
        self.events = events
        self.open_ended = open_ended
        self.answers: list[tuple[int, str]] = []
        self.candidates: list[str] = []

    async def accept_offer(self, text: str) -> Answer:
        if "garbage" in text:
            raise Refused(Reason.BAD_REQUEST, "not a session description")
        return Answer(f"answer to {text}", self.description, {})

    async def accept_answer(self, request: int, text: str) -> None:
        self.answers.append((request, text))

    def add_candidate(self, text: str) -> None:
        self.candidates.append(text)


class FakeSessions(Sessions):
    """Opens fake sessions."""

    def __init__(self) -> None:
        self.opened: list[FakeSession] = []
        self.session = FakeSession

    def open(
        self, room: str, member: str, events: SessionEvents, *, open_ended: bool = True
    ) -> Session:
        session = self.session(member, events, open_ended)
        self.opened.append(session)
        return session


class MemoryRooms:
    """Stored rooms, in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, RoomSettings] = {}

    async def find(self, name: str) -> RoomSettings | None:
        return self.stored.get(name)

    async def save(self, settings: RoomSettings) -> None:
        known = self.stored.get(settings.name, settings)
        self.stored[settings.name] = replace(settings, affiliations=known.affiliations)

    async def affiliate(self, name: str, account: Address, standing: Standing | None) -> None:
        if (found := self.stored.get(name)) is not None:
            others = {one: what for one, what in found.affiliations.items() if one != account}
            more = {} if standing is None else {account: standing}
            self.stored[name] = replace(found, affiliations=others | more)

    async def remove(self, name: str) -> bool:
        return self.stored.pop(name, None) is not None

    async def page(
        self, after: str | None = None, limit: int = 100, account: Address | None = None
    ) -> Sequence[RoomSettings]:
        names = sorted(name for name in self.stored if after is None or name > after)
        return [self.stored[name] for name in names[:limit]]

    async def owned(self, account: Address) -> int:
        return sum(one.owner == account for one in self.stored.values())


@dataclass(eq=False)
class FakeDevice(Recorder):
    """A device that keeps what it is told; `does` may answer or decline at once."""

    address: Address = field(kw_only=True)
    listens: bool = True
    does: Callable[[Event], None] | None = None

    def deliver(self, event: Event) -> None:
        super().deliver(event)
        if self.does is not None:
            self.does(event)


class FakeReach:
    """Knows the devices that it was given, or raises what it was told to."""

    def __init__(self, *devices: FakeDevice) -> None:
        self.list = list(devices)
        self.error: BaseException | None = None
        self.gate: asyncio.Event | None = None
        self.asked: list[tuple[Caller, Address]] = []

    def add(self, name: str, device: str) -> FakeDevice:
        made = FakeDevice(address=Address(name, DOMAIN, device))
        self.list.append(made)
        return made

    async def devices(self, caller: Caller, callee: Address) -> Sequence[Device]:
        self.asked.append((caller, callee))
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [device for device in self.list if device.address.bare == callee.bare]

    def present(self, account: Address) -> Sequence[Device]:
        wanted = (account, account.bare) if account.device else None
        return [
            device
            for device in self.list
            if (device.address in wanted if wanted else device.address.bare == account)
        ]


class MemoryCalls:
    """Records of calls, in memory: the last word on each, and every word in order."""

    def __init__(self) -> None:
        self.words: list[CallInfo] = []

    def record(self, call: CallInfo) -> None:
        self.words.append(call)

    @property
    def stored(self) -> dict[str, CallInfo]:
        return {call.id: call for call in self.words}

    async def page(
        self, account: Address | None, before: str | None = None, limit: int = 50
    ) -> tuple[Sequence[CallInfo], bool]:
        calls = list(self.stored.values())[::-1]
        if before is not None:
            ids = [call.id for call in calls]
            calls = calls[ids.index(before) + 1 :] if before in ids else []
        if account is not None:
            calls = [c for c in calls if account in (c.caller.bare, c.callee.bare)]
        return calls[:limit], len(calls) > limit

    async def find(self, id: str) -> CallInfo | None:
        return self.stored.get(id)


@dataclass
class FakeDirectory:
    """Knows the accounts of these names."""

    names: set[str] = field(default_factory=set)
    rates: dict[str, float] = field(default_factory=dict)

    async def knows(self, account: Address) -> bool:
        return bool(self.known(account))

    def known(self, account: Address) -> bool | None:
        return account.domain == DOMAIN and account.local in self.names

    def message_rate(self, account: Address) -> float | None:
        return self.rates.get(account.local)


@dataclass(frozen=True)
class House:
    """A switchboard among fakes."""

    switchboard: Switchboard
    media: FakeMedia
    sessions: FakeSessions
    rooms: MemoryRooms
    messages: MemoryMessages
    addresses: Addresses
    calls: MemoryCalls
    directory: FakeDirectory
    reach: FakeReach


def house(policy: Policy | None = None, **options: object) -> House:
    """A switchboard with guests allowed, unless the policy says otherwise. `reach` is added to
    it.
    """
    rooms, messages, media = MemoryRooms(), MemoryMessages(), FakeMedia()
    addresses = Addresses(DOMAIN, PlainNormalizer())
    calls, directory, reach = MemoryCalls(), FakeDirectory(), FakeReach()
    switchboard = Switchboard(
        rooms=rooms,
        messages=messages,
        media=media,
        addresses=addresses,
        policy=policy or Policy(guests=True),
        calls=calls,
        directory=directory,
        **options,  # type: ignore[arg-type]
    )
    switchboard.add_reach(reach)
    sessions = FakeSessions()
    return House(switchboard, media, sessions, rooms, messages, addresses, calls, directory, reach)


def account(name: str, **grants: object) -> Caller:
    """Somebody with an account."""
    return Caller(
        address=Address(name, DOMAIN),
        name=name.title(),
        grants=Grants(**grants),  # type: ignore[arg-type]
    )


def guest(name: str, **grants: object) -> Caller:
    """Somebody without one."""
    return Caller(
        address=Address(name, f"guest.{DOMAIN}"),
        name=name.title(),
        grants=Grants(**grants),  # type: ignore[arg-type]
    )


def expanded(wiring: Wiring, tracks: Mapping[str, str]) -> set[tuple[str, str]]:
    """Who gets which track, hubs resolved as the engine does: (track, member), never one's own."""
    reached = {(track, end) for track in tracks for end in wiring.wires.get(track, frozenset())}
    for hub, sources in wiring.feeds.items():
        ends = wiring.wires.get(hub, frozenset())
        reached |= {(source, end) for source in sources & tracks.keys() for end in ends}
    return {(track, end) for track, end in reached if end != tracks[track]}
