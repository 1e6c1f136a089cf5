"""What those who communicate share: members, their tracks, and the graph of media between them.

A room is synchronous, so nothing changes between two of its lines. It keeps no sockets, stores
nothing and asks no
policy: the switchboard does. After each change it derives its wiring anew and applies the
difference.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from . import topology
from .address import Address
from .event import (
    DigitPressed,
    Draining,
    Ended,
    Event,
    Held,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    RoomChanged,
    RoomClosed,
    Said,
    SpeakerChanged,
    SubjectChanged,
    TrackAdded,
    TrackChanged,
    TrackRemoved,
    Whispered,
)
from .graph import UNWIRED, Wiring, difference
from .media import Endpoint, Media
from .member import Info, Receive, Role, Source, Track
from .message import Message
from .outlet import Outlet
from .ports import Caller, RoomSettings
from .reason import Reason, Refused, WrongState
from .room_member import Member
from .standing import Affiliation

Tell = Callable[[Event], None]
NewId = Callable[[str], str]

KEYS = frozenset("0123456789ABCD*#")
LONGEST_PRESS = 60.0
# Invitations that are remembered until they are declined.
MOST_INVITED = 1000


class Room:
    """One room on this node. `watch` hears every event; `new_id(prefix)` makes ids; `now()` is
    seconds since 1970.
    """

    def __init__(
        self,
        address: Address,
        settings: RoomSettings,
        media: Media,
        *,
        watch: Tell,
        new_id: NewId,
        now: Callable[[], float],
    ) -> None:
        self.address = address
        self.settings = settings
        self.opened_at = now()
        self.speaker: str | None = None
        self._watch = watch
        self._new_id = new_id
        self._now = now
        self._members: dict[str, Member] = {}
        self._tracks: dict[str, Track] = {}
        self._stage: list[str] = []
        self._wiring: Wiring = UNWIRED
        self._closed = False
        self._invited: dict[Address, Address] = {}
        self._media = media.open_room(self.name, self)

    # what it is

    @property
    def name(self) -> str:
        """The local part of its address."""
        return self.address.local

    @property
    def members(self) -> Mapping[str, Member]:
        """Who is here, in order of arrival."""
        return self._members

    @property
    def tracks(self) -> Mapping[str, Track]:
        """What they send."""
        return self._tracks

    @property
    def wiring(self) -> Wiring:
        """The wires that there are now."""
        return self._wiring

    @property
    def closed(self) -> bool:
        """Whether this room is gone."""
        return self._closed

    def member(self, id: str) -> Member:
        """The member of that id. Raises `Refused(NOT_FOUND)`."""
        if (member := self._members.get(id)) is None:
            raise Refused(Reason.NOT_FOUND, "There is no such member in this room.")
        return member

    def track(self, id: str, owner: str | None = None) -> Track:
        """The track of that id (of `owner`, if given). Raises `Refused(NOT_FOUND)`."""
        track = self._tracks.get(id)
        if track is None or owner not in (None, track.member):
            raise Refused(Reason.NOT_FOUND, "There is no such track.")
        return track

    def member_of(self, address: Address) -> Member | None:
        """The first member of that very address, else of that account; None if it is not here."""
        account, found = address.bare, None
        for member in self._members.values():
            own = member.caller.address
            if own == address:
                return member
            if found is None and own.bare == account:
                found = member
        return found

    # coming and going

    def join(
        self,
        caller: Caller,
        name: str,
        role: Role,
        outlet: Outlet,
        receive: Receive = Receive.ALL,
        *,
        stream: bool = False,
    ) -> Member:
        """Let somebody in. The others hear of it; the new member reads the room's state itself."""
        self._must_be_open()
        info = Info(
            id=self._new_id("m"),
            address=caller.address.bare,
            name=name,
            role=role,
            affiliation=self.settings.affiliation(caller.address),
            joined_at=self._now(),
            stream=stream,
        )
        member = Member(info.id, caller, info, outlet, receive)
        others = list(self._members.values())
        self._members[info.id] = member
        joined = MemberJoined(self.name, info)
        for other in others:
            other.outlet.deliver(joined)
        self._watch(joined)
        self._rewire()
        return member

    def leave(self, id: str, reason: Reason = Reason.LEFT, text: str = "") -> None:
        """Let somebody go: their tracks, then themselves; their endpoint is closed. Unknown ids are
        gone already.
        """
        if (member := self._members.get(id)) is None:
            return
        for track in list(member.tracks.values()):
            self._forget(track)
        del self._members[id]
        self._stage = [other for other in self._stage if other != id]
        self._rewire()
        if member.endpoint is not None:
            member.endpoint.close()
        member.outlet.deliver(Ended(self.name, id, reason, text))
        self._tell(MemberLeft(self.name, member.info, reason, text))
        if self.speaker == id:
            self._set_speaker(None)

    def close(self, reason: Reason = Reason.CLOSED, text: str = "", alternative: str = "") -> None:
        """End it for everybody. Idempotent. `alternative`: the room to meet in instead."""
        if self._closed:
            return
        self._closed = True
        members, self._members = self._members, {}
        self._tracks.clear()
        for member in members.values():
            if member.endpoint is not None:
                member.endpoint.close()
            member.outlet.deliver(Ended(self.name, member.id, reason, text, alternative))
        self._media.close()
        self._watch(RoomClosed(self.name, reason))

    # media

    def attach(self, id: str, endpoint: Endpoint | None) -> None:
        """Send the member's media through `endpoint` from now on. Its former endpoint and tracks
        end.
        """
        member = self.member(id)
        for track in list(member.tracks.values()):
            self._forget(track)
        former, member.endpoint = member.endpoint, None
        if former is not None:
            member.measure()
            self._rewire()
            former.close()
        member.endpoint = endpoint
        member.measure()
        phone = endpoint is not None and endpoint.description.mixed
        self._change(
            member,
            replace(member.info, endpoint=endpoint.number if endpoint else None, phone=phone),
        )
        self._rewire()

    def renegotiated(self, id: str) -> None:
        """The description of the member's endpoint changed."""
        member = self.member(id)
        member.measure()
        phone = member.endpoint is not None and member.endpoint.description.mixed
        self._change(member, replace(member.info, phone=phone))
        self._rewire()

    def publish(self, id: str, section: str, source: Source, muted: bool = False) -> Track:
        """Make what arrives in a section of the member's endpoint a track of the room."""
        member = self.member(id)
        if member.endpoint is None:
            raise Refused(Reason.CONFLICT, "There is no media session yet: make an offer first.")
        found = member.endpoint.description.section(section)
        if found is None or not found.direction.sends:
            raise Refused(Reason.NOT_FOUND, f"Section {section!r} of the session sends nothing.")
        if any(track.section == section for track in member.tracks.values()):
            raise Refused(Reason.CONFLICT, f"Section {section!r} is a track already.")
        track = Track(
            id=self._new_id("t"),
            member=id,
            kind=found.kind,
            source=source,
            section=section,
            codecs=found.codecs,
            muted=muted,
        )
        member.endpoint.bind(section, track.id)
        member.tracks[track.id] = self._tracks[track.id] = track
        if muted:
            self._media.pause(track.id, True)
        if id not in self._stage:
            self._stage.append(id)
        self._tell(TrackAdded(self.name, track))
        self._rewire()
        return track

    def unpublish(self, id: str, track: str) -> None:
        """Take a track of the member's own away."""
        self._forget(self.track(track, owner=id))
        self._rewire()

    def mute(self, track: str, muted: bool) -> None:
        """Stop or resume passing a track on."""
        found = self.track(track)
        if found.muted != muted:
            self._media.pause(track, muted)
            self._replace(replace(found, muted=muted))

    def subscribe(self, id: str, receive: Receive, tracks: frozenset[str] = frozenset()) -> None:
        """What the member wants to receive from now on."""
        member = self.member(id)
        member.receive, member.chosen = receive, tracks
        self._rewire()

    # people

    def raise_hand(self, id: str, raised: bool) -> None:
        """Raise or lower a hand."""
        member = self.member(id)
        self._change(member, replace(member.info, hand=raised))

    def rename(self, id: str, name: str) -> None:
        """Show another name."""
        member = self.member(id)
        self._change(member, replace(member.info, name=name))

    def set_role(self, id: str, role: Role) -> None:
        """Promote or demote. A listener's tracks end."""
        member = self.member(id)
        self._place(member, role, member.info.affiliation)

    def set_present(self, id: str, present: bool, outlet: Outlet | None = None) -> None:
        """The member's connection was lost, or is back (through `outlet`, if given)."""
        member = self.member(id)
        if outlet is not None:
            member.outlet = outlet
        self._change(member, replace(member.info, present=present))

    def press(self, id: str, digit: str, duration: float, *, carried: bool = False) -> None:
        """A member pressed a key. Raises `Refused(BAD_REQUEST)` for one that no telephone has."""
        member = self.member(id)
        if digit not in KEYS or not 0 <= duration <= LONGEST_PRESS:
            raise Refused(Reason.BAD_REQUEST, "A key is one of 0-9, A-D, * and #.")
        self._tell(DigitPressed(self.name, member.id, digit, duration, carried))

    def hold(self, id: str, held: bool) -> None:
        """A member put the others on hold, or is back."""
        member = self.member(id)
        if member.info.held != held:
            self._tell(Held(self.name, id, held))
            self._change(member, replace(member.info, held=held))

    def invite(self, account: Address, by: Address) -> None:
        """Remember who invited an account last (bare addresses), so that it may decline."""
        self._invited.pop(account, None)
        self._invited[account] = by
        if len(self._invited) > MOST_INVITED:
            del self._invited[next(iter(self._invited))]

    def declined(self, account: Address, by: Address) -> bool:
        """An account will not come; whether `by` had invited it."""
        if self._invited.get(account) != by:
            return False
        del self._invited[account]
        return True

    def say(self, message: Message) -> None:
        """Pass on a message that is stored."""
        self._tell(Said(self.name, message))

    def whisper(self, id: str, other: str, message: Message) -> None:
        """Pass a message on to one member alone; its sender hears it, too."""
        sender, addressee = self.member(id), self.member(other)
        event = Whispered(self.name, message, id, other)
        addressee.outlet.deliver(event)
        if sender is not addressee:
            sender.outlet.deliver(event)

    def relay(self, event: Event) -> None:
        """Pass on a sign that is no part of the room's state."""
        self._tell(event)

    def configure(self, settings: RoomSettings, roles: Mapping[str, Role] | None = None) -> None:
        """Take other settings; what members are to the room follows. `roles`: of those members who
        have another one from now on.
        """
        before, self.settings = self.settings, settings
        for member in list(self._members.values()):
            role = (roles or {}).get(member.id, member.info.role)
            self._place(member, role, settings.affiliation(member.caller.address))
        if settings.stage != before.stage:
            self._rewire()
        if settings.subject != before.subject:
            subject = settings.subject
            by = subject.by or self.address
            self._tell(SubjectChanged(self.name, subject.text, by, subject.name, subject.at))
        if replace(settings, subject=before.subject) != before:
            self._tell(RoomChanged(self.name))

    def drain(self, text: str) -> None:
        """Tell everybody that the node will stop."""
        self._tell(Draining(self.name, text))

    # news of the media side (core.media.MediaEvents)

    def track_started(self, track: str, codec: str) -> None:
        """The codec of a track is known."""
        if (found := self._tracks.get(track)) is not None and found.codec != codec:
            self._replace(replace(found, codec=codec))

    def speaker_changed(self, track: str | None) -> None:
        """Somebody else speaks: to the front of the stage with them."""
        if track is None:
            self._set_speaker(None)
        elif (found := self._tracks.get(track)) is not None and not found.muted:
            self._stage = [
                found.member,
                *(id for id in self._stage if id != found.member),
            ]
            self._rewire()
            self._set_speaker(found.member)

    def failed(self, text: str) -> None:
        """The media side is gone: so is the room."""
        self.close(Reason.INTERNAL, text)

    # within

    def _rewire(self) -> None:
        wiring = topology.choose(
            topology.Scene(self._members, self._tracks, self._stage, self.settings.stage)
        )
        if change := difference(self._wiring, wiring):
            self._wiring = wiring
            self._media.apply(change)

    def _forget(self, track: Track) -> None:
        del self._tracks[track.id]
        owner = self._members[track.member]
        del owner.tracks[track.id]
        if owner.endpoint is not None:
            owner.endpoint.release(track.id)
        self._tell(TrackRemoved(self.name, track))

    def _replace(self, track: Track) -> None:
        self._tracks[track.id] = self._members[track.member].tracks[track.id] = track
        self._tell(TrackChanged(self.name, track))

    def _place(self, member: Member, role: Role, affiliation: Affiliation) -> None:
        if role is Role.LISTENER and member.tracks:
            for track in list(member.tracks.values()):
                self._forget(track)
            self._rewire()
        self._change(member, replace(member.info, role=role, affiliation=affiliation))

    def _change(self, member: Member, info: Info) -> None:
        if info != member.info:
            member.info = info
            self._tell(MemberChanged(self.name, info))

    def _set_speaker(self, member: str | None) -> None:
        if member != self.speaker:
            self.speaker = member
            self._tell(SpeakerChanged(self.name, member))

    def _tell(self, event: Event) -> None:
        for member in self._members.values():
            member.outlet.deliver(event)
        self._watch(event)

    def _must_be_open(self) -> None:
        if self._closed:
            raise WrongState(f"room {self.name} is closed")
