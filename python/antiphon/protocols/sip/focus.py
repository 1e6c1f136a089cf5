"""A room as the focus of a conference (RFC 4579): telephones that subscribe to it are told who is
there (RFC 4575).

It watches rooms; dialogs and durations of subscriptions are `subscription`'s.
"""

from collections.abc import Callable

from antiphon.core import event as events
from antiphon.core.address import ROOMS
from antiphon.core.reason import Reason, Refused
from antiphon.core.room import Room
from antiphon.core.room_member import Member
from antiphon.core.switchboard import Switchboard

from .conference_document import CONTENT_TYPE, Conference, Participant, Users, write_conference
from .subscription import Subscription

# What changes who is there, and how.
_TELLING = (
    events.MemberJoined,
    events.MemberChanged,
    events.MemberLeft,
    events.TrackAdded,
    events.TrackChanged,
    events.TrackRemoved,
    events.Held,
)


class ConferencePackage:
    """The event package `conference`."""

    name = "conference"
    content_type = CONTENT_TYPE

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._domain = switchboard.addresses.domain
        # Room → subscription → what it was told last.
        self._told: dict[str, dict[Subscription, Users]] = {}
        self.close = switchboard.watch(self)

    def open(self, subscription: Subscription) -> Callable[[], None]:
        """Watch a room that is open to the subscriber. Raises `Refused`."""
        room = self._room(subscription)
        if room is None:
            raise Refused(Reason.NOT_FOUND, "There is no such room now.")
        inside = {member.caller.address.bare for member in room.members.values()}
        if subscription.caller.address.bare not in inside:
            self._switchboard.may_enter(subscription.caller, room.settings)
        name = room.name
        told = self._told.setdefault(name, {})
        told[subscription] = {}

        def close() -> None:
            told.pop(subscription, None)
            if not told and self._told.get(name) is told:
                del self._told[name]

        return close

    def document(self, subscription: Subscription, full: bool) -> bytes:
        """Everybody, or who has changed since the last time; nothing of a room that is gone."""
        room = self._room(subscription)
        if room is None:
            return b""
        conference = self._conference(room)
        told = self._told.get(room.name, {})
        before = told.get(subscription, {})
        if subscription in told:
            told[subscription] = conference.users
        if full:
            return write_conference(conference, subscription.version)
        changed = {
            entity: there
            for entity, there in conference.users.items()
            if before.get(entity) != there
        }
        gone = sorted(before.keys() - conference.users.keys())
        return write_conference(conference, subscription.version, changed=changed, gone=gone)

    # core.member.Outlet

    def deliver(self, event: events.Event) -> None:
        """Something happened in a room."""
        told = self._told.get(event.room)
        if not told:
            return
        if isinstance(event, events.RoomClosed):
            for subscription in list(told):
                subscription.end("noresource")
        elif isinstance(event, _TELLING):
            for subscription in list(told):
                subscription.changed()

    def _room(self, subscription: Subscription) -> Room | None:
        """The room it is about: by its own address, or by the Contact of our dialogs."""
        return self._switchboard.find(subscription.target.local)

    def _conference(self, room: Room) -> Conference:
        users: dict[str, list[Participant]] = {}
        for member in room.members.values():
            entity = f"sip:{member.caller.address.bare}"
            users.setdefault(entity, []).append(_participant(member))
        return Conference(
            entity=f"sip:{room.name}@{ROOMS}{self._domain}",
            title=room.settings.title or room.name,
            most=room.settings.max_members,
            users=users,
        )


def _participant(member: Member) -> Participant:
    return Participant(
        id=member.id,
        name=member.info.name,
        role=member.info.role.value,
        held=member.info.held,
        media=tuple((track.id, track.kind, track.muted) for track in member.tracks.values()),
    )
