import pytest

from antiphon.core.address import Address
from antiphon.core.event import Ended, MemberLeft, SpeakerChanged, TrackChanged
from antiphon.core.graph import Hub
from antiphon.core.member import Receive, Role, Source
from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason, Refused, WrongState
from antiphon.core.room import Room
from antiphon.core.room_member import Member
from tests.support.fakes import (
    BROWSER,
    DESK_PHONE,
    FakeEndpoint,
    FakeMedia,
    FakeMediaRoom,
    Recorder,
    account,
)


class Stage:
    """A room among fakes, and the outlets of its members."""

    def __init__(self) -> None:
        self.media = FakeMedia()
        self.watcher = Recorder()
        self.count = 0
        self.room = Room(
            Address("standup", "rooms.example.org"),
            RoomSettings(name="standup"),
            self.media,
            watch=self.watcher.deliver,
            new_id=self.new_id,
            now=lambda: 1000.0,
        )
        self.outlets: dict[str, Recorder] = {}

    def new_id(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def enter(self, name: str, receive: Receive = Receive.ALL, media: bool = True) -> Member:
        outlet = Recorder()
        member = self.room.join(account(name), name.title(), Role.SPEAKER, outlet, receive)
        self.outlets[member.id] = outlet
        if media:
            self.room.attach(member.id, FakeEndpoint(number=self.count))
        return member

    @property
    def media_room(self) -> FakeMediaRoom:
        return self.media.rooms["standup"]

    def check(self) -> None:
        """The media side has exactly the wires that the room believes in."""
        assert self.media_room.wires == dict(self.room.wiring.wires)
        assert self.media_room.feeds == dict(self.room.wiring.feeds)


def test_others_hear_who_comes_and_goes() -> None:
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob")
    assert stage.outlets[ann.id].names() == ["MemberChanged", "MemberJoined", "MemberChanged"]
    stage.outlets[bob.id].take()
    stage.room.leave(bob.id)
    left = stage.outlets[ann.id].take()[-1]
    assert left == MemberLeft("standup", bob.info, Reason.LEFT)
    assert stage.outlets[bob.id].take() == [Ended("standup", bob.id, Reason.LEFT, "")]
    assert isinstance(bob.endpoint, FakeEndpoint)
    assert bob.endpoint.closed
    stage.room.leave(bob.id)
    assert stage.outlets[ann.id].take() == []


def test_a_track_is_bound_wired_and_taken_away() -> None:
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob")
    track = stage.room.publish(ann.id, "1", Source.CAMERA)
    assert isinstance(ann.endpoint, FakeEndpoint)
    assert ann.endpoint.bound == {track.id: "1"}
    assert stage.media_room.wires[track.id] == {bob.id}
    stage.room.unpublish(ann.id, track.id)
    assert track.id not in stage.media_room.wires
    assert ann.endpoint.released == [track.id]
    assert stage.outlets[bob.id].names()[-2:] == ["TrackAdded", "TrackRemoved"]
    stage.check()


@pytest.mark.parametrize(
    ("section", "reason"),
    [("1", Reason.CONFLICT), ("9", Reason.NOT_FOUND)],
)
def test_only_a_free_section_that_sends_becomes_a_track(section: str, reason: Reason) -> None:
    stage = Stage()
    ann = stage.enter("ann")
    stage.room.publish(ann.id, "1", Source.CAMERA)
    with pytest.raises(Refused) as refused:
        stage.room.publish(ann.id, section, Source.CAMERA)
    assert refused.value.reason is reason


def test_nothing_can_be_published_before_there_is_a_session() -> None:
    stage = Stage()
    ann = stage.enter("ann", media=False)
    with pytest.raises(Refused) as refused:
        stage.room.publish(ann.id, "1", Source.CAMERA)
    assert refused.value.reason is Reason.CONFLICT


def test_the_wiring_follows_every_change() -> None:
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob")
    stage.room.publish(ann.id, "0", Source.MICROPHONE)
    stage.room.publish(bob.id, "0", Source.MICROPHONE)
    stage.check()
    cy = stage.enter("cy")
    stage.check()
    stage.room.subscribe(cy.id, Receive.SPEAKER)
    stage.check()
    stage.room.attach(bob.id, FakeEndpoint(number=99))
    stage.check()
    assert bob.tracks == {}
    stage.room.leave(ann.id)
    stage.check()
    stage.room.leave(bob.id)
    stage.check()
    assert stage.media_room.wires == {}


def test_the_speaker_moves_to_the_front() -> None:
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob")
    cy = stage.enter("cy", Receive.SPEAKER)
    ours = stage.room.publish(ann.id, "0", Source.MICROPHONE)
    theirs = stage.room.publish(bob.id, "0", Source.MICROPHONE)
    assert cy.id in stage.media_room.wires[ours.id]
    stage.media_room.events.speaker_changed(theirs.id)
    assert cy.id in stage.media_room.wires[theirs.id]
    assert ours.id not in stage.media_room.wires
    assert stage.outlets[cy.id].take()[-1] == SpeakerChanged("standup", bob.id)
    stage.media_room.events.speaker_changed(None)
    assert stage.room.speaker is None
    assert cy.id in stage.media_room.wires[theirs.id], "the last speaker stays on"
    stage.check()


def test_muting_is_done_by_the_media_side_and_told_once() -> None:
    stage = Stage()
    ann, bob = stage.enter("ann"), stage.enter("bob")
    track = stage.room.publish(ann.id, "0", Source.MICROPHONE, muted=True)
    assert stage.media_room.paused == {track.id: True}
    stage.outlets[bob.id].take()
    stage.room.mute(track.id, False)
    stage.room.mute(track.id, False)
    told = stage.outlets[bob.id].take()
    assert [type(event) for event in told] == [TrackChanged]
    assert stage.media_room.paused == {track.id: False}
    stage.media_room.events.speaker_changed(track.id)
    assert stage.room.speaker == ann.id


def test_a_muted_track_does_not_make_a_speaker() -> None:
    stage = Stage()
    ann = stage.enter("ann")
    track = stage.room.publish(ann.id, "0", Source.MICROPHONE, muted=True)
    stage.media_room.events.speaker_changed(track.id)
    assert stage.room.speaker is None


def test_the_codec_is_told_when_it_is_known() -> None:
    stage = Stage()
    ann = stage.enter("ann")
    track = stage.room.publish(ann.id, "1", Source.CAMERA)
    stage.media_room.events.track_started(track.id, "vp8")
    assert stage.room.tracks[track.id].codec == "vp8"
    stage.media_room.events.track_started("gone", "vp8")


def test_a_listener_loses_its_tracks() -> None:
    stage = Stage()
    ann = stage.enter("ann")
    stage.room.publish(ann.id, "1", Source.CAMERA)
    stage.room.set_role(ann.id, Role.LISTENER)
    assert not stage.room.tracks
    assert ann.info.role is Role.LISTENER


def test_a_closed_room_has_told_everybody_and_freed_everything() -> None:
    stage = Stage()
    ann = stage.enter("ann")
    stage.media_room.events.failed("broke")
    assert stage.room.closed
    assert stage.media_room.closed
    assert stage.outlets[ann.id].take()[-1] == Ended("standup", ann.id, Reason.INTERNAL, "broke")
    assert stage.watcher.names()[-1] == "RoomClosed"
    stage.room.close()
    with pytest.raises(WrongState):
        stage.room.join(account("bob"), "Bob", Role.SPEAKER, Recorder())


def test_rows_that_a_join_changes_do_not_grow_with_the_room() -> None:
    stage = Stage()
    for i in range(60):
        member = stage.enter(f"m{i}")
        stage.room.publish(member.id, "0", Source.MICROPHONE)
    before = len(stage.media_room.changes)
    stage.enter("late")
    changed = stage.media_room.changes[before:]
    names = [
        name
        for change in changed
        for groups in (change.feed, change.connect, change.disconnect, change.starve)
        for group in groups.values()
        for name in group
    ]
    assert len(names) <= 4, "the newcomer and nobody else is wired"
    stage.check()


def is_phone(member: Member) -> bool:
    return member.info.phone


def test_a_phone_joins_and_leaves_a_meeting_live() -> None:
    stage = Stage()
    people = [stage.enter(name) for name in ("ann", "bob", "cy")]
    for person in people:
        stage.room.publish(person.id, "0", Source.MICROPHONE)
    before = stage.room.wiring
    phone = stage.enter("desk", media=False)
    stage.room.attach(phone.id, FakeEndpoint(description=DESK_PHONE, number=99))
    assert is_phone(phone)
    track = stage.room.publish(phone.id, "0", Source.MICROPHONE)
    assert stage.media_room.feeds[Hub.MIX] == set(stage.room.tracks)
    assert stage.media_room.wires[Hub.MIX] == {phone.id}
    assert stage.media_room.feeds[Hub.AUDIO] == set(stage.room.tracks)
    stage.check()
    # The other two go: what is left needs no mix.
    for person in people[1:]:
        stage.room.leave(person.id)
    assert Hub.MIX not in stage.media_room.hubs
    assert stage.media_room.wires[track.id] == {people[0].id}
    stage.check()
    stage.room.attach(phone.id, None)
    assert not is_phone(phone)
    stage.check()
    assert before.feeds.keys() == {Hub.AUDIO, Hub.DATA}


def test_a_phone_that_turns_out_to_be_more_is_wired_anew() -> None:
    stage = Stage()
    for name in ("ann", "bob"):
        stage.room.publish(stage.enter(name).id, "0", Source.MICROPHONE)
    phone = stage.enter("cy", media=False)
    endpoint = FakeEndpoint(description=DESK_PHONE)
    stage.room.attach(phone.id, endpoint)
    assert stage.media_room.wires[Hub.MIX] == {phone.id}
    endpoint.description = BROWSER
    stage.room.renegotiated(phone.id)
    assert Hub.MIX not in stage.media_room.hubs
    assert phone.id in stage.media_room.wires[Hub.AUDIO]
    assert not is_phone(phone)
    stage.check()
