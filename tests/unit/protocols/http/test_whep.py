"""WHEP: what is played, and how it keeps in step with what is published."""

import pytest

from antiphon.core.change import Attach, Publish, Unpublish
from antiphon.core.description import Codec, Description, Direction, Kind, Section
from antiphon.core.member import Receive, Role, Source, Track
from antiphon.core.ports import Caller
from antiphon.core.room import Room
from antiphon.core.switchboard import Membership
from antiphon.protocols.http.selection import choose
from tests.support.fakes import FakeEndpoint, Recorder, account
from tests.unit.protocols.http.stand import (
    FRAGMENT,
    OFFER,
    PLAY,
    RESTART,
    SDP,
    Stand,
    settle,
    stand,
)

ANN, BOB = account("ann"), account("bob", admin=True)
WHEP = "/rooms/hall/whep"


async def publish(here: Stand, caller: Caller) -> Membership:
    switchboard = here.house.switchboard
    membership = await switchboard.join(caller, "hall", Recorder())
    await switchboard.update("hall", membership.member.id, Attach(FakeEndpoint()))
    for section, source in (("0", Source.MICROPHONE), ("1", Source.CAMERA)):
        await switchboard.update("hall", membership.member.id, Publish(section, source))
    return membership


def player(room: Room) -> tuple[Receive, frozenset[str], Role]:
    member = list(room.members.values())[-1]
    return member.receive, member.chosen, member.info.role


async def test_the_speaker_is_played(here: Stand) -> None:
    room = (await publish(here, ANN)).room
    response = await here.call("POST", WHEP, BOB, content=PLAY, headers=SDP)
    assert response.status_code == 201, response.text
    assert response.text.count("a=sendonly") == 2
    location = response.headers["location"]
    assert location.startswith("/rooms/hall/whep/")
    assert player(room) == (Receive.SPEAKER, frozenset(), Role.LISTENER)
    assert not here.sessions.opened[0].open_ended
    headers = {**FRAGMENT, "If-Match": "*"}
    again = await here.call("PATCH", location, BOB, content=RESTART, headers=headers)
    assert again.status_code == 200
    assert (await here.call("DELETE", location, BOB)).status_code == 200
    assert len(room.members) == 1


@pytest.mark.parametrize("by", ["id", "name", "address"])
async def test_one_member_is_played(here: Stand, by: str) -> None:
    ann = await publish(here, ANN)
    await publish(here, account("eve"))
    wanted = {"id": ann.member.id, "name": "Ann", "address": "ann@example.org"}[by]
    response = await here.call("POST", f"{WHEP}?member={wanted}", BOB, content=PLAY, headers=SDP)
    assert response.status_code == 201
    assert player(ann.room)[:2] == (Receive.CHOSEN, frozenset(ann.member.tracks))


async def test_the_player_keeps_in_step(here: Stand) -> None:
    ann = await publish(here, ANN)
    switchboard = here.house.switchboard
    await publish(here, account("eve"))
    await here.call("POST", f"{WHEP}?member=Ann", BOB, content=PLAY, headers=SDP)
    viewer = list(ann.room.members)[-1]
    audio, video = ann.member.tracks
    await switchboard.update("hall", ann.member.id, Unpublish(video))
    await settle()
    assert ann.room.members[viewer].chosen == frozenset({audio})
    screen = await switchboard.update("hall", ann.member.id, Publish("1", Source.SCREEN))
    assert screen is not None
    await settle()
    assert ann.room.members[viewer].chosen == frozenset({audio, screen.id})
    await switchboard.leave("hall", ann.member.id)
    await settle()
    assert ann.room.members[viewer].chosen == frozenset()
    ann = await publish(here, ANN)
    await settle()
    assert ann.room.members[viewer].chosen == frozenset(ann.member.tracks)


@pytest.mark.parametrize("query", ["", "?member=Nobody"])
async def test_nobody_to_be_played(here: Stand, query: str) -> None:
    if query:
        await publish(here, ANN)
    response = await here.call("POST", WHEP + query, BOB, content=PLAY, headers=SDP)
    assert (response.status_code, response.headers["retry-after"]) == (409, "2")
    assert here.sessions.opened == []


async def test_an_offer_that_receives_nothing(here: Stand) -> None:
    room = (await publish(here, ANN)).room
    response = await here.call("POST", WHEP, BOB, content=OFFER, headers=SDP)
    assert response.status_code == 422
    assert len(room.members) == 1


async def test_who_may_play() -> None:
    async with stand() as here:
        await publish(here, ANN)
        for caller, status in (
            (None, 401),
            (account("joe", rooms=frozenset({"other"})), 403),
            (account("joe", publish=False, create=False), 201),
        ):
            response = await here.call("POST", WHEP, caller, content=PLAY, headers=SDP)
            assert response.status_code == status
    async with stand(open_doors=True) as here:
        await publish(here, ANN)
        response = await here.call("POST", WHEP, content=PLAY, headers=SDP)
        assert response.status_code == 201


def _tracks(*sources: Source) -> list[Track]:
    return [
        Track(
            id=source.value,
            member="m",
            kind=Kind.AUDIO if "audio" in source or source == "microphone" else Kind.VIDEO,
            source=source,
            section=str(number),
            codecs=(Codec("x"),),
        )
        for number, source in enumerate(sources)
    ]


def _sections(*kinds: Kind) -> Description:
    return Description(
        tuple(Section(str(n), kind, Direction.RECVONLY) for n, kind in enumerate(kinds))
    )


@pytest.mark.parametrize(
    ("kinds", "chosen"),
    [
        ((), set()),
        ((Kind.VIDEO,), {"screen"}),
        ((Kind.AUDIO, Kind.VIDEO), {"microphone", "screen"}),
        ((Kind.VIDEO, Kind.VIDEO, Kind.VIDEO), {"screen", "camera", "other"}),
        ((Kind.AUDIO, Kind.AUDIO, Kind.DATA), {"microphone", "screen_audio"}),
    ],
)
def test_choice(kinds: tuple[Kind, ...], chosen: set[str]) -> None:
    tracks = _tracks(
        Source.OTHER, Source.CAMERA, Source.SCREEN_AUDIO, Source.MICROPHONE, Source.SCREEN
    )
    assert choose(tracks, _sections(*kinds)) == chosen
