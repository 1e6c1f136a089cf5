"""Which wires there must be: pure functions from members and tracks to a wiring (RFC 7667's
shapes).

A room recomputes its wiring after each change and applies the difference; nothing here has state.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .description import Kind
from .graph import HUBS, UNWIRED, Hub, Sinks, Wiring
from .member import Member, Receive, Source, Track
from .negotiate import decodable

INTO: Mapping[Kind, Sinks] = {
    Kind.AUDIO: frozenset({Hub.AUDIO.value}),
    Kind.VIDEO: frozenset({Hub.VIDEO.value}),
    Kind.DATA: frozenset({Hub.DATA.value}),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a topology sees. `stage`: member ids, latest speaker first; `cameras`: how many of them
    are shown.
    """

    members: Mapping[str, Member]
    tracks: Mapping[str, Track]
    stage: Sequence[str] = ()
    cameras: int = 25


def point_to_point(scene: Scene) -> Wiring:
    """Each track straight to the one other member (RFC 7667 §3.1). For rooms of two."""
    wires: dict[str, Sinks] = {}
    for member in scene.members.values():
        others = [other for other in scene.members.values() if other is not member]
        for track in member.tracks.values():
            if sinks := frozenset(o.id for o in others if _wants(o, track)):
                wires[track.id] = sinks
    _data(scene, wires)
    return Wiring(wires)


def forward(scene: Scene) -> Wiring:
    """Every track to everybody else through one hub per kind (RFC 7667 §3.7, selective forwarding).

    Cameras beyond the stage are left out. Those who want the speaker only, or chose, have wires of
    their own.
    """
    wires: dict[str, Sinks] = {}
    for track in on_show(scene):
        wires[track.id] = INTO[track.kind]
    _audience(scene, wires)
    _data(scene, wires)
    for source, sinks in _own_wires(scene).items():
        wires[source] = wires[source] | sinks if source in wires else frozenset(sinks)
    return Wiring(_pruned(wires))


def choose(scene: Scene) -> Wiring:
    """The topology that fits the room: the fewest elements that do."""
    if len(scene.members) < 2:
        return UNWIRED
    if len(scene.members) == 2:
        return point_to_point(scene)
    return forward(scene)


def on_show(scene: Scene) -> Iterable[Track]:
    """The tracks for everybody: all but the cameras of those who have been silent for longest."""
    cameras = [track for track in scene.tracks.values() if track.source is Source.CAMERA]
    if len(cameras) <= scene.cameras:
        return scene.tracks.values()
    rank = {member: place for place, member in enumerate(scene.stage)}
    cameras.sort(key=lambda track: rank.get(track.member, len(rank)))
    hidden = {track.id for track in cameras[scene.cameras :]}
    return (track for track in scene.tracks.values() if track.id not in hidden)


def speaker_of(scene: Scene) -> str | None:
    """Whom a member with `Receive.SPEAKER` gets: the latest speaker who sends, else the first who
    sends.
    """
    sending = {track.member for track in scene.tracks.values()}
    for member in scene.stage:
        if member in sending:
            return member
    return next((member for member in scene.members if member in sending), None)


def _audience(scene: Scene, wires: dict[str, Sinks]) -> None:
    everything = [m for m in scene.members.values() if m.receive is Receive.ALL]
    for kind, hub in ((Kind.AUDIO, Hub.AUDIO), (Kind.VIDEO, Hub.VIDEO)):
        if sinks := frozenset(m.id for m in everything if m.receives(kind)):
            wires[hub.value] = sinks


def _data(scene: Scene, wires: dict[str, Sinks]) -> None:
    ends = [member.id for member in scene.members.values() if member.receives(Kind.DATA)]
    if len(ends) < 2:
        return
    wires.update(dict.fromkeys(ends, INTO[Kind.DATA]))
    wires[Hub.DATA.value] = frozenset(ends)


def _own_wires(scene: Scene) -> Mapping[str, set[str]]:
    wires: dict[str, set[str]] = defaultdict(set)
    speaker = speaker_of(scene)
    for member in scene.members.values():
        if member.receive in (Receive.ALL, Receive.NONE):
            continue
        if member.receive is Receive.CHOSEN:
            tracks: Iterable[Track] = (scene.tracks[t] for t in member.chosen if t in scene.tracks)
        else:
            tracks = scene.members[speaker].tracks.values() if speaker is not None else ()
        for track in tracks:
            if track.member != member.id and _understands(member, track):
                wires[track.id].add(member.id)
    return wires


def _pruned(wires: dict[str, Sinks]) -> dict[str, Sinks]:
    """Without the hubs that nobody listens to or nobody feeds."""
    fed = frozenset().union(*wires.values()) if wires else frozenset()
    useless = {hub for hub in HUBS if hub not in wires or hub not in fed}
    if not useless:
        return wires
    kept = {source: sinks - useless for source, sinks in wires.items() if source not in useless}
    return {source: sinks for source, sinks in kept.items() if sinks}


def _wants(member: Member, track: Track) -> bool:
    if member.receive is Receive.NONE:
        return False
    if member.receive is Receive.CHOSEN and track.id not in member.chosen:
        return False
    return _understands(member, track)


def _understands(member: Member, track: Track) -> bool:
    if member.endpoint is None or not member.receives(track.kind):
        return False
    return decodable(track.codecs, member.endpoint.description)
