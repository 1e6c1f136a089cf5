"""What two sides have agreed, section by section: the frozen result of offers and answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from antiphon.core.description import Codec, Description, Direction, Kind, Section

from .attributes import Format
from .codecs import CODECS, codec_of, usable
from .ours import Ours
from .sdp import Attribute, MediaDescription, Origin, SessionDescription
from .security import Protection
from .theirs import Theirs


@dataclass(frozen=True, slots=True)
class Wishes:
    """What we want of the session. `browser`, `secure`: how our first offer is protected."""

    browser: bool = False
    secure: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """One section in use. `index`: of its m-line. `sends`: what we may send, with their numbers,
    the preferred first; what they may send is `ours.formats`. `direction`: as we see it.
    """

    index: int
    ours: Ours
    theirs: Theirs
    sends: tuple[Format, ...]
    direction: Direction
    protection: Protection


@dataclass(frozen=True, slots=True)
class Agreement:
    """The session as its last descriptions say.

    `streams` by section ("audio", "video"). `said`: our last description, whether it was accepted
    or not. `lines`: our m-lines in the order of both sides. `numbers`: payload types that a section
    has had. `on_hold`: they keep us waiting.
    """

    streams: Mapping[str, Stream] = field(default_factory=dict)
    lines: tuple[MediaDescription, ...] = ()
    said: SessionDescription | None = None
    numbers: Mapping[str, tuple[Format, ...]] = field(default_factory=dict)
    on_hold: bool = False

    @property
    def description(self) -> Description:
        """What they send and receive, in neutral words.

        Sound is converted on its way, so that any codec of ours will do for it; pictures are not.
        """
        return Description(
            tuple(_section(id, stream) for id, stream in self.streams.items()), mixed=True
        )

    def saying(
        self, session: str, address: str, lines: tuple[MediaDescription, ...]
    ) -> "Agreement":
        """With another description of ours: a new version if it differs (RFC 3264 §8)."""
        lite = any(line.has("ice-ufrag") for line in lines)
        origin = self.said.origin if self.said else Origin(session, "0", address)
        said = SessionDescription(
            origin=origin,
            address=address,
            attributes=(Attribute("ice-lite"),) if lite else (),
            media=lines,
        )
        if self.said is not None and said != self.said:
            version = str(int(origin.version) + 1)
            said = replace(said, origin=replace(origin, version=version))
        return replace(self, said=said, lines=lines)


def remembered(before: tuple[Format, ...], *more: tuple[Format, ...]) -> tuple[Format, ...]:
    """Payload types that a section has had: the latest meaning of each number."""
    found = {one.number: one for formats in (before, *more) for one in formats}
    return tuple(found.values())


def _section(id: str, stream: Stream) -> Section:
    kind = stream.ours.kind
    agreed = tuple(dict.fromkeys(codec_of(one) for one in usable(kind, stream.sends)))
    return Section(
        id=id,
        kind=kind,
        direction=Direction.of(sends=stream.direction.receives, receives=stream.direction.sends),
        codecs=tuple(dict.fromkeys((*agreed, *_converted(kind)))),
    )


def _converted(kind: Kind) -> tuple[Codec, ...]:
    return CODECS[Kind.AUDIO] if kind is Kind.AUDIO else ()
