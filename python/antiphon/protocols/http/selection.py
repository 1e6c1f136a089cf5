"""What a WHEP player is sent: the tracks of one member, in step with what that member publishes. No
I/O.
"""

from collections.abc import Iterable, Mapping

from antiphon.core.description import Description, Kind
from antiphon.core.member import Info, Source, Track
from antiphon.core.room_member import Member

# What one wants to see and hear first of somebody.
_ORDER = (Source.SCREEN, Source.CAMERA, Source.MICROPHONE, Source.SCREEN_AUDIO, Source.OTHER)


def find_member(members: Mapping[str, Member], wanted: str) -> Member | None:
    """The member of that id, address or name; of several, who came first."""
    if (found := members.get(wanted)) is not None:
        return found
    return next((member for member in members.values() if is_meant(member.info, wanted)), None)


def is_meant(info: Info, wanted: str) -> bool:
    """Whether a text is somebody's id, address or name."""
    return wanted in (info.id, str(info.address), str(info.address.bare), info.name)


def choose(tracks: Iterable[Track], player: Description) -> frozenset[str]:
    """As many tracks of each kind as the player has sections for: a screen before a camera."""
    ordered = sorted(tracks, key=lambda track: _ORDER.index(track.source))
    chosen: set[str] = set()
    for kind in (Kind.AUDIO, Kind.VIDEO):
        places = sum(s.kind is kind and s.direction.receives for s in player.sections)
        chosen.update(track.id for track in [t for t in ordered if t.kind is kind][:places])
    return frozenset(chosen)
