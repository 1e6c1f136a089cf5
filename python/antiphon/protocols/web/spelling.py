"""The core's events and records in the words of the room WebSocket."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from antiphon.core import event as events
from antiphon.core import member as members
from antiphon.core import ports
from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.room import Room
from antiphon.core.standing import Affiliation
from antiphon.core.veil import Veil

from . import message, spelling_people

Spelled = tuple[bytes, bytes]


def member(info: members.Info) -> message.Member:
    """A member as clients see it."""
    return message.Member(
        id=info.id,
        address=str(info.address),
        name=info.name,
        role=info.role.value,
        hand=info.hand,
        present=info.present,
        joined_at=info.joined_at,
        endpoint=info.endpoint,
        stream=info.stream,
        phone=info.phone or msgspec.UNSET,
        held=info.held or msgspec.UNSET,
        affiliation=_AFFILIATIONS.get(info.affiliation, msgspec.UNSET),
    )


_AFFILIATIONS: dict[Affiliation, message.Affiliation] = {
    Affiliation.OWNER: "owner",
    Affiliation.ADMIN: "admin",
    Affiliation.MEMBER: "member",
    Affiliation.OUTCAST: "outcast",
}


def track(of: members.Track) -> message.Track:
    """A track as clients see it. Data is no track."""
    return message.Track(
        id=of.id,
        member=of.member,
        kind="audio" if of.kind == "audio" else "video",
        source=of.source.value,
        muted=of.muted,
        codec=of.codec,
    )


def call(of: CallInfo) -> message.Call:
    """A call as those concerned see it."""
    return message.Call(
        id=of.id,
        room=of.room,
        caller=str(of.caller.bare),
        caller_name=of.caller_name,
        callee=str(of.callee),
        video=of.video,
        state=of.state.value,
        started_at=of.started_at,
        answered_at=of.answered_at,
        ended_at=of.ended_at,
        by=None if of.by is None else str(of.by),
        reason=None if of.reason is None else of.reason.value,
    )


def room(
    of: Room, me: str, messages: Iterable[message.Message], veil: Veil | None = None
) -> message.Room:
    """A room as the member `me` finds it, through `veil` where it does not show who is in it."""
    infos = [one.info for one in of.members.values()]
    return message.Room(
        name=of.name,
        title=of.settings.title or of.name,
        me=me,
        members=[member(info if veil is None else veil.info(info)) for info in infos],
        tracks=[track(one) for one in of.tracks.values()],
        messages=list(messages),
        speaker=of.speaker,
        subject=of.settings.subject.text or msgspec.UNSET,
    )


def ice_servers(servers: Sequence[ports.IceServer]) -> list[message.IceServer]:
    """STUN and TURN servers as clients see them."""
    return [
        message.IceServer(
            urls=list(server.urls),
            username=server.username or msgspec.UNSET,
            credential=server.credential or msgspec.UNSET,
        )
        for server in servers
    ]


def _member_joined(e: events.MemberJoined) -> message.FromServer:
    return message.MemberJoined(seq=1, member=member(e.member))


def _member_changed(e: events.MemberChanged) -> message.FromServer:
    return message.MemberChanged(seq=1, member=member(e.member))


def _member_left(e: events.MemberLeft) -> message.FromServer:
    return message.MemberLeft(seq=1, member=e.member.id, reason=e.reason.value)


def _track_added(e: events.TrackAdded) -> message.FromServer:
    return message.TrackAdded(seq=1, track=track(e.track))


def _track_changed(e: events.TrackChanged) -> message.FromServer:
    return message.TrackChanged(seq=1, track=track(e.track))


def _track_removed(e: events.TrackRemoved) -> message.FromServer:
    return message.TrackRemoved(seq=1, track=e.track.id, member=e.track.member)


def _speaker_changed(e: events.SpeakerChanged) -> message.FromServer:
    return message.SpeakerChanged(seq=1, member=e.member)


def _ended(e: events.Ended) -> message.FromServer:
    elsewhere = e.alternative or msgspec.UNSET
    return message.Ended(seq=1, reason=e.reason.value, text=e.text, alternative=elsewhere)


def _draining(e: events.Draining) -> message.FromServer:
    return message.Draining(seq=1, text=e.text)


def _invited(e: events.Invited) -> message.FromServer:
    return message.Invited(seq=1, call=call(e.call))


def _call_ringing(e: events.CallRinging) -> message.FromServer:
    return message.CallRinging(seq=1, call=call(e.call), device=str(e.device))


def _call_answered(e: events.CallAnswered) -> message.FromServer:
    return message.CallAnswered(seq=1, call=call(e.call))


def _call_ended(e: events.CallEnded) -> message.FromServer:
    return message.CallEnded(seq=1, call=call(e.call))


def _digit_pressed(e: events.DigitPressed) -> message.FromServer:
    return message.DigitPressed(seq=1, member=e.member, digit=e.digit, duration=e.duration)


def _held(e: events.Held) -> message.FromServer:
    return message.Held(seq=1, member=e.member, held=e.held)


EVENTS: dict[type[events.Event], Callable[..., message.FromServer | None]] = {
    events.MemberJoined: _member_joined,
    events.MemberChanged: _member_changed,
    events.MemberLeft: _member_left,
    events.TrackAdded: _track_added,
    events.TrackChanged: _track_changed,
    events.TrackRemoved: _track_removed,
    events.SpeakerChanged: _speaker_changed,
    events.Ended: _ended,
    events.Draining: _draining,
    events.Invited: _invited,
    events.CallRinging: _call_ringing,
    events.CallAnswered: _call_answered,
    events.CallEnded: _call_ended,
    events.DigitPressed: _digit_pressed,
    events.Held: _held,
    **spelling_people.EVENTS,
}


class Speller:
    """Spells each event once, however many clients get it: a room hands one event to all its
    members in a row.
    """

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._last: events.Event | None = None
        self._last_for: Address | None = None
        self._spelled: Spelled | None = None

    def event(self, event: events.Event, account: Address) -> Spelled | None:
        """The frame of an event before and after its number, for a session of `account` (bare);
        None for what clients are not told.
        """
        if event is self._last and self._last_for in (None, account):
            return self._spelled
        struct: message.FromServer | None = None
        if (spell := EVENTS.get(type(event))) is not None:
            self._last_for = None
            struct = spell(event)
        elif (spell := spelling_people.DIRECT.get(type(event))) is not None:
            self._last_for = account
            struct = spell(event, account)
        self._spelled = None if struct is None else self.numbered(struct)
        self._last = event
        return self._spelled

    def numbered(self, struct: message.FromServer) -> Spelled:
        """The frame of a struct with `seq`, before and after its number."""
        head, found, tail = self._encoder.encode(struct).partition(b'"seq":1')
        if not found:
            raise ValueError(f"{type(struct).__name__} is not numbered")
        return head + b'"seq":', tail

    def frame(self, struct: message.FromServer) -> bytes:
        """The frame of a struct without a number."""
        return self._encoder.encode(struct)
