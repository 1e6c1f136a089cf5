"""Each topology as a table: who is there, who sends what, who gets what."""

import pytest

from antiphon.core import topology
from antiphon.core.address import Address
from antiphon.core.description import Codec, Description, Kind
from antiphon.core.graph import Hub, Wiring, difference
from antiphon.core.member import Info, Receive, Role, Source, Track
from antiphon.core.room_member import Member
from antiphon.core.topology import Scene
from tests.support.fakes import (
    BROWSER,
    DESK_PHONE,
    PHONE,
    PLAYER,
    FakeEndpoint,
    FakeMediaRoom,
    Recorder,
    account,
    expanded,
)

# Those of a room in which everybody can be sent everything.
HUBS = (Hub.AUDIO, Hub.VIDEO, Hub.DATA)
SOURCES = {"a": Source.MICROPHONE, "v": Source.CAMERA, "s": Source.SCREEN}


def member(id: str, sends: str = "", receive: Receive = Receive.ALL, **more: object) -> Member:
    described = more.get("description", BROWSER)
    made = Member(
        id,
        account(id),
        Info(id=id, address=Address(id, "x"), name=id, role=Role.SPEAKER, joined_at=0.0),
        Recorder(),
        receive,
        chosen=frozenset(more.get("chosen", ())),  # type: ignore[call-overload]
        endpoint=FakeEndpoint(described) if isinstance(described, Description) else None,
    )
    made.measure()
    picture = str(more.get("picture", "vp8"))
    for letter in sends:
        audio = letter == "a"
        track = Track(
            id=f"{id}.{letter}",
            member=id,
            kind=Kind.AUDIO if audio else Kind.VIDEO,
            source=SOURCES[letter],
            section=letter,
            codecs=(Codec("opus" if audio else picture),),
        )
        made.tracks[track.id] = track
    return made


def scene(*members: Member, stage: tuple[str, ...] = (), cameras: int = 25) -> Scene:
    stage = (*stage, *(one.id for one in members if one.tracks and one.id not in stage))
    tracks = {track.id: track for one in members for track in one.tracks.values()}
    return Scene({one.id: one for one in members}, tracks, stage, cameras)


def reached(wiring: Wiring, of: Scene) -> set[str]:
    owners = {track.id: track.member for track in of.tracks.values()}
    return {f"{track}→{member}" for track, member in expanded(wiring, owners)}


def test_alone_there_is_nothing_to_wire() -> None:
    assert topology.choose(scene(member("ann", "av"))) == Wiring()


def test_two_are_wired_straight() -> None:
    pair = scene(member("ann", "av"), member("bob", "a"))
    wiring = topology.choose(pair)
    assert reached(wiring, pair) == {"ann.a→bob", "ann.v→bob", "bob.a→ann"}
    assert wiring.feeds.keys() == {Hub.DATA.value}


def test_three_meet_in_hubs() -> None:
    three = scene(member("ann", "av"), member("bob", "a"), member("cy"))
    wiring = topology.choose(three)
    assert wiring.feeds.keys() == {hub.value for hub in HUBS}
    assert reached(wiring, three) == {
        "ann.a→bob", "ann.a→cy", "ann.v→bob", "ann.v→cy", "bob.a→ann", "bob.a→cy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("last", "gets"),
    [
        (member("cy", receive=Receive.NONE), set()),
        (member("cy", receive=Receive.SPEAKER), {"bob.a", "bob.v"}),
        (member("cy", receive=Receive.CHOSEN, chosen=["ann.v", "gone"]), {"ann.v"}),
        (member("cy", description=PHONE), {"ann.a", "bob.a"}),
        (member("cy", description=PLAYER, receive=Receive.SPEAKER), {"bob.a"}),  # no VP8
        (member("cy", description=None), set()),
    ],
)
def test_what_a_member_gets(last: Member, gets: set[str]) -> None:
    three = scene(member("ann", "av"), member("bob", "av"), last, stage=("bob", "ann"))
    wiring = topology.choose(three)
    assert {row for row in reached(wiring, three) if row.endswith("→cy")} == {
        f"{track}→cy" for track in gets
    }
    assert "ann.v→bob" in reached(wiring, three)


@pytest.mark.parametrize("receive", [Receive.NONE, Receive.SPEAKER, Receive.CHOSEN])
def test_choice_counts_between_two_as_well(receive: Receive) -> None:
    pair = scene(member("ann", "av"), member("bob", receive=receive, chosen=["ann.a"]))
    got = reached(topology.choose(pair), pair)
    expected: dict[Receive, set[str]] = {
        Receive.NONE: set(),
        Receive.SPEAKER: {"ann.a→bob", "ann.v→bob"},
        Receive.CHOSEN: {"ann.a→bob"},
    }
    assert got == expected[receive]


def test_cameras_beyond_the_stage_are_hidden_but_never_sound_or_screens() -> None:
    crowd = scene(
        *(member(f"m{i}", "av") for i in range(4)),
        member("presenter", "s"),
        stage=("m3", "m0"),
        cameras=2,
    )
    shown = {track.id for track in topology.on_show(crowd)}
    assert shown == {"m0.a", "m1.a", "m2.a", "m3.a", "m3.v", "m0.v", "presenter.s"}


def test_hubs_that_nobody_feeds_or_hears_do_not_exist() -> None:
    phones = scene(*(member(f"p{i}", "a", description=PHONE) for i in range(3)))
    assert topology.choose(phones).feeds.keys() == {Hub.AUDIO.value}
    silent = scene(*(member(f"s{i}", description=PHONE) for i in range(3)))
    assert topology.choose(silent) == Wiring()


def test_a_room_of_any_size_has_a_handful_of_rows() -> None:
    crowd = scene(*(member(f"m{i}", "av") for i in range(500)), cameras=500)
    wiring = topology.choose(crowd)
    assert len(wiring.feeds) == len(wiring.wires) == len(HUBS)
    assert all(len(group) == 500 for group in (*wiring.feeds.values(), *wiring.wires.values()))


def desk(id: str, sends: str = "a", **more: object) -> Member:
    return member(id, sends, description=DESK_PHONE, **more)  # type: ignore[arg-type]


def test_who_takes_one_stream_hears_the_mix_and_sees_the_speaker() -> None:
    room = scene(
        member("ann", "av", picture="h264"),
        member("bob", "av", picture="h264"),
        member("cy", "av"),
        desk("desk", "av", picture="h264"),
        stage=("desk", "cy", "bob", "ann"),
    )
    wiring = topology.choose(room)
    sounds = {"ann.a", "bob.a", "cy.a", "desk.a"}
    assert wiring.feeds[Hub.MIX] == sounds
    assert wiring.wires[Hub.MIX] == {"desk"}
    assert wiring.wires[Hub.AUDIO] == {"ann", "bob", "cy"}
    got = {row for row in reached(wiring, room) if row.endswith("→desk")}
    # Its own camera is on the stage before, and VP8 is nothing that it understands.
    assert got == {"ann.a→desk", "bob.a→desk", "cy.a→desk", "bob.v→desk"}
    assert "desk.v→ann" in reached(wiring, room)


def test_a_phone_and_one_other_need_no_mix() -> None:
    pair = scene(member("ann", "avs", picture="h264"), desk("desk"))
    wiring = topology.choose(pair)
    assert reached(wiring, pair) == {"ann.a→desk", "ann.v→desk", "desk.a→ann"}
    assert wiring.feeds == {}
    screen = scene(member("ann", "as", picture="h264"), desk("desk"))
    assert "ann.s→desk" in reached(topology.choose(screen), screen)


@pytest.mark.parametrize(
    ("receive", "gets"),
    [
        (Receive.NONE, set()),
        (Receive.SPEAKER, {"ann.a", "bob.a", "bob.v"}),
        (Receive.CHOSEN, {"ann.a", "ann.v"}),
    ],
)
def test_choice_counts_for_phones(receive: Receive, gets: set[str]) -> None:
    room = scene(
        member("ann", "avs", picture="h264"),
        member("bob", "av", picture="h264"),
        desk("desk", receive=receive, chosen=["ann.s", "ann.a", "ann.v", "gone"]),
        stage=("bob", "ann"),
    )
    rows = reached(topology.choose(room), room)
    assert {row for row in rows if row.endswith("→desk")} == {f"{track}→desk" for track in gets}


def test_a_room_of_silent_phones_has_no_mix() -> None:
    room = scene(desk("one", ""), desk("two", ""), desk("three", ""))
    assert topology.choose(room) == Wiring()


def test_a_room_of_phones_has_a_handful_of_rows() -> None:
    room = scene(*(desk(f"p{i}") for i in range(200)))
    wiring = topology.choose(room)
    assert wiring.feeds.keys() == wiring.wires.keys() == {Hub.MIX.value}


def test_from_each_topology_to_each_other_by_differences() -> None:
    """What the media side has after each change is what the topology wants: nothing is lost."""
    ann, bob = member("ann", "av", picture="h264"), member("bob", "a")
    first, second = desk("first"), desk("second", "av", picture="h264")
    scenes = [
        scene(),
        scene(ann, first),
        scene(ann, first, second),
        scene(ann, first, second, bob, stage=("second", "ann")),
        scene(ann, bob),
        scene(ann, bob, first),
        scene(ann, bob, member("cy", "av")),
    ]
    for before in scenes:
        for after in scenes:
            media = FakeMediaRoom("r", None)  # type: ignore[arg-type]
            media.apply(difference(Wiring(), topology.choose(before)))
            media.apply(difference(topology.choose(before), topology.choose(after)))
            wiring = topology.choose(after)
            assert (media.feeds, media.wires) == (wiring.feeds, wiring.wires)
            assert media.hubs == set(wiring.feeds)


def test_what_stays_wired_is_not_touched_when_a_phone_comes() -> None:
    people = [member("ann", "av"), member("bob", "av"), member("cy", "a")]
    change = difference(
        topology.choose(scene(*people)), topology.choose(scene(*people, desk("desk")))
    )
    assert change.open == (Hub.MIX,)
    assert change.disconnect == change.starve == {}
    assert change.close == ()
