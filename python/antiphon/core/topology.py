"""Which wires there must be: pure functions from members and tracks to a wiring (RFC 7667).

A room recomputes its wiring after each change and applies the difference; nothing here has state.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .description import Kind
from .graph import NOBODY, UNWIRED, Hub, Names, Wiring
from .member import Receive, Source, Track
from .negotiate import decodable
from .room_member import Member


@dataclass(frozen=True, slots=True)
class Scene:
    """What a topology sees.

    `stage`: ids of members who send or sent, the latest speaker first. `cameras`: how many of them
    are shown.
    """

    members: Mapping[str, Member]
    tracks: Mapping[str, Track]
    stage: Sequence[str] = ()
    cameras: int = 25


def choose(scene: Scene) -> Wiring:
    """The topology that fits the room: the fewest elements that do."""
    concerned = [member for member in scene.members.values() if _takes_part(member)]
    if len(concerned) < 2:
        return UNWIRED
    if len(concerned) == 2:
        return point_to_point(scene)
    if any(_is_mixed(member) for member in concerned):
        return mix(scene)
    return forward(scene)


def point_to_point(scene: Scene) -> Wiring:
    """Each track straight to the one other member (RFC 7667 §3.1). For rooms of two."""
    wires: dict[str, Names] = {}
    feeds: dict[str, Names] = {}
    for member in scene.members.values():
        others = [track for track in scene.tracks.values() if track.member != member.id]
        for track in _fitting(member, [track for track in others if _wants(member, track)]):
            wires[track.id] = frozenset([member.id])
    _share_data(scene, feeds, wires)
    return Wiring(feeds, wires)


def forward(scene: Scene) -> Wiring:
    """Every track to everybody else through one hub per kind (RFC 7667 §3.7).

    Cameras beyond the stage are left out. Those who want the speaker only, or chose, have wires of
    their own.
    """
    feeds: dict[str, Names] = {}
    wires: dict[str, Names] = {}
    shown = on_show(scene)
    everything = [
        one for one in scene.members.values() if one.receive is Receive.ALL and not _is_mixed(one)
    ]
    for kind, hub in ((Kind.AUDIO, Hub.AUDIO), (Kind.VIDEO, Hub.VIDEO)):
        sources = frozenset([track.id for track in shown if track.kind is kind])
        sinks = frozenset([one.id for one in everything if kind in one.kinds])
        if sources and sinks:
            feeds[hub.value], wires[hub.value] = sources, sinks
    _share_data(scene, feeds, wires)
    wires.update(_own_wires(scene))
    return Wiring(feeds, wires)


def mix(scene: Scene) -> Wiring:
    """As `forward`, but who takes one stream of each kind hears the sum of all others (RFC 7667
    §3.6) and sees who spoke last.
    """
    wiring = forward(scene)
    feeds, wires = dict(wiring.feeds), dict(wiring.wires)
    listening = [
        member
        for member in scene.members.values()
        if _is_mixed(member) and member.receive in (Receive.ALL, Receive.SPEAKER)
    ]
    sources = frozenset([id for id, track in scene.tracks.items() if track.kind is Kind.AUDIO])
    sinks = frozenset([member.id for member in listening if Kind.AUDIO in member.kinds])
    if sources and sinks:
        feeds[Hub.MIX.value], wires[Hub.MIX.value] = sources, sinks
    watching: defaultdict[str, set[str]] = defaultdict(set)
    cameras = _by_speaker(scene)
    for member in listening:
        if (camera := _camera_for(member, cameras)) is not None:
            watching[camera].add(member.id)
    for camera, members in watching.items():
        wires[camera] = wires.get(camera, NOBODY) | members
    return Wiring(feeds, wires)


def on_show(scene: Scene) -> Sequence[Track]:
    """The tracks for everybody: all but the cameras of those who have been silent for longest."""
    others, cameras = [], 0
    for track in scene.tracks.values():
        if track.source is Source.CAMERA:
            cameras += 1
        else:
            others.append(track)
    if cameras <= scene.cameras:
        return list(scene.tracks.values())
    return others + _cameras_on_stage(scene)


def speaker_of(scene: Scene) -> str | None:
    """Whom a member with `Receive.SPEAKER` gets: the latest speaker who sends."""
    for member in scene.stage:
        if (found := scene.members.get(member)) is not None and found.tracks:
            return member
    return None


def _cameras_on_stage(scene: Scene) -> list[Track]:
    cameras: list[Track] = []
    for member in scene.stage:
        tracks = scene.members[member].tracks.values()
        cameras.extend(track for track in tracks if track.source is Source.CAMERA)
        if len(cameras) >= scene.cameras:
            break
    return cameras[: scene.cameras]


def _share_data(scene: Scene, feeds: dict[str, Names], wires: dict[str, Names]) -> None:
    ends = frozenset([one.id for one in scene.members.values() if Kind.DATA in one.kinds])
    if len(ends) >= 2:
        feeds[Hub.DATA.value] = wires[Hub.DATA.value] = ends


def _own_wires(scene: Scene) -> Mapping[str, Names]:
    wires: defaultdict[str, set[str]] = defaultdict(set)
    speaker = speaker_of(scene)
    for member in scene.members.values():
        if member.receive is Receive.ALL:
            continue
        if member.receive is Receive.CHOSEN:
            wanted: Iterable[Track] = [
                scene.tracks[id] for id in sorted(member.chosen) if id in scene.tracks
            ]
        elif member.receive is Receive.SPEAKER and speaker is not None and not _is_mixed(member):
            wanted = scene.members[speaker].tracks.values()
        else:
            continue
        others = [track for track in wanted if track.member != member.id]
        for track in _fitting(member, [one for one in others if _understands(member, one)]):
            wires[track.id].add(member.id)
    return {track: frozenset(sinks) for track, sinks in wires.items()}


def _takes_part(member: Member) -> bool:
    """Whether media are any business of the member's: who only reads and writes changes nothing
    for the others.
    """
    return member.receive is not Receive.NONE or bool(member.tracks)


def _is_mixed(member: Member) -> bool:
    """Whether the member takes no more than one stream of each kind."""
    return member.endpoint is not None and member.endpoint.description.mixed


def _fitting(member: Member, tracks: Sequence[Track]) -> Sequence[Track]:
    """Of what a member understands, what it can be sent: one picture, if it takes one stream of
    each kind. Sound is no matter: several wires to such a member are summed.
    """
    if not _is_mixed(member):
        return tracks
    pictures = [track for track in tracks if track.kind is Kind.VIDEO]
    pictures.sort(key=lambda track: track.source is not Source.CAMERA)
    return [track for track in tracks if track.kind is not Kind.VIDEO or track is pictures[0]]


def _by_speaker(scene: Scene) -> Sequence[Track]:
    """All cameras, that of the latest speaker first."""
    speakers = [scene.members[id] for id in scene.stage if id in scene.members]
    tracks = (track for speaker in speakers for track in speaker.tracks.values())
    return [track for track in tracks if track.source is Source.CAMERA]


def _camera_for(member: Member, cameras: Sequence[Track]) -> str | None:
    """The first camera of somebody else whose picture the member understands."""
    if Kind.VIDEO not in member.kinds:
        return None
    others = (track for track in cameras if track.member != member.id)
    return next((track.id for track in others if _understands(member, track)), None)


def _wants(member: Member, track: Track) -> bool:
    if member.receive is Receive.NONE:
        return False
    if member.receive is Receive.CHOSEN and track.id not in member.chosen:
        return False
    return _understands(member, track)


def _understands(member: Member, track: Track) -> bool:
    if track.kind not in member.kinds or member.endpoint is None:
        return False
    # Sound is transcoded where need be; pictures are passed on as they are, or not at all.
    return track.kind is Kind.AUDIO or decodable(track.codecs, member.endpoint.description)
