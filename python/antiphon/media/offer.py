"""Our offers, and what their answers make of them (RFC 3264 §5 to §8). No I/O but what `Ground`
does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from antiphon.core.description import Direction, Kind
from antiphon.core.reason import Reason, Refused

from .agreement import Agreement, Stream, Wishes, remembered
from .codecs import offered, sent
from .ours import Ours, refused
from .sdp import MAX_MEDIA, MediaDescription, SessionDescription
from .security import SUITES, Ground, credentials_of, settled
from .theirs import Unusable, read

PLAIN, KEYED, BROWSER = "RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVPF"


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer of ours. `sections`: m-line → what we say there; the others are refused in it.

    `agreed`: what was agreed before, with this offer as the last that we said.
    """

    sections: Mapping[int, Ours]
    agreed: Agreement

    @property
    def description(self) -> SessionDescription:
        """The offer itself."""
        if self.agreed.said is None:
            raise AssertionError("an offer is said when it is made")
        return self.agreed.said


def make_offer(
    before: Agreement,
    kinds: Iterable[Kind],
    wishes: Wishes,
    ground: Ground,
    session: str,
    towards: str | None = None,
) -> Offer:
    """Offer what is in use and sections of `kinds` besides, all our codecs in each.

    `towards`: the other side's address as far as it is known. Raises `Refused`.
    """
    lines = [refused(line) for line in before.lines]
    sections: dict[int, Ours] = {}
    for stream in before.streams.values():
        sections[stream.index] = _again(stream, before, wishes, ground)
    for kind in kinds:
        if kind.value not in before.streams and kind is not Kind.DATA:
            sections[_free_line(lines, sections, kind)] = _new(
                kind, before, wishes, ground, towards
            )
    for index, section in sorted(sections.items()):
        lines[index : index + 1] = [section.spelled()]
    numbers = {
        **before.numbers,
        **{
            one.kind.value: remembered(before.numbers.get(one.kind.value, ()), one.formats)
            for one in sections.values()
        },
    }
    address = next((one.place.address for one in sections.values()), "0.0.0.0")
    agreed = replace(before, numbers=numbers).saying(session, address, tuple(lines))
    return Offer(sections, agreed)


def accept(offer: Offer, answer: SessionDescription, ground: Ground) -> Agreement:
    """What is agreed by an answer to our offer.

    Raises `Refused(UNSUPPORTED)` when nothing is left, `Refused(BAD_REQUEST)` where it is no answer
    to this offer.
    """
    streams: dict[str, Stream] = {}
    complaints: list[str] = []
    for index, ours in sorted(offer.sections.items()):
        if index >= len(answer.media):
            continue  # refused by those who forget to say so
        media = answer.media[index]
        if media.kind != ours.kind.value:
            text = f"section {index + 1} of the answer is {media.kind}, offered was {ours.kind}"
            raise Refused(Reason.BAD_REQUEST, text)
        try:
            streams[ours.kind.value] = _stream(index, ours, answer, ground)
        except Unusable as error:
            complaints.append(str(error))
    if offer.sections and not streams:
        raise Refused(Reason.UNSUPPORTED, "; ".join(complaints) or "The answer refuses everything.")
    return replace(offer.agreed, streams=streams, on_hold=_on_hold(offer.agreed, streams))


def _again(stream: Stream, before: Agreement, wishes: Wishes, ground: Ground) -> Ours:
    """A section in use: same place, same keys; whoever began DTLS may begin it again."""
    id = stream.ours.kind.value
    protection = stream.protection
    return replace(
        stream.ours,
        place=ground.place(id, stream.theirs.address),
        formats=tuple(offered(stream.ours.kind, before.numbers.get(id, ()))),
        direction=_direction(wishes),
        crypto=protection.sdes[:1] if protection.sdes else (),
        setup="actpass" if protection.role else None,
        mismatch=False,
    )


def _new(
    kind: Kind, before: Agreement, wishes: Wishes, ground: Ground, towards: str | None
) -> Ours:
    protocol, crypto = PLAIN, tuple[str, ...]()
    secured = next(iter(before.streams.values()), None)
    browser = wishes.browser if secured is None else secured.protection.role is not None
    keyed = wishes.secure if secured is None else bool(secured.protection.sdes)
    if browser:
        protocol = BROWSER
    elif keyed:
        protocol = KEYED
        crypto = tuple(ground.new_key(tag, suite) for tag, suite in enumerate(SUITES, 1))
    return Ours(
        kind=kind,
        protocol=protocol,
        place=ground.place(kind.value, towards),
        formats=tuple(offered(kind, before.numbers.get(kind.value, ()))),
        direction=_direction(wishes),
        mux=browser,
        crypto=crypto,
        fingerprint=ground.fingerprint if browser else None,
        setup="actpass" if browser else None,
        ice=credentials_of(ground) if browser else None,
        mid=kind.value if browser else None,
    )


def _direction(wishes: Wishes) -> Direction:
    return Direction.INACTIVE if wishes.held else Direction.SENDRECV


def _free_line(lines: list[MediaDescription], sections: Mapping[int, Ours], kind: Kind) -> int:
    """A refused line of the same kind (RFC 3264 §8.1), else a new one."""
    for index, line in enumerate(lines):
        if index not in sections and line.kind == kind.value:
            return index
    if len(lines) >= MAX_MEDIA:
        raise Refused(Reason.TOO_MANY, "The session has no room for another media section.")
    lines.append(MediaDescription(kind.value, 0, PLAIN, ("0",)))
    return len(lines) - 1


def _stream(index: int, ours: Ours, answer: SessionDescription, ground: Ground) -> Stream:
    theirs = read(answer, answer.media[index])
    sends = sent(ours.kind, theirs.formats, ours.formats)
    if not sends:
        names = ", ".join(dict.fromkeys(one.name for one in theirs.formats)) or "none known"
        raise Unusable(f"no codec in common for {ours.kind} (answered: {names})")
    protection = settled(theirs, ground, crypto=ours.crypto, setup=ours.setup, ice=ours.ice)
    direction = Direction.of(
        sends=ours.direction.sends and theirs.direction.receives,
        receives=ours.direction.receives and theirs.direction.sends,
    )
    mine = replace(
        ours,
        mux=ours.mux and theirs.mux,
        crypto=protection.sdes[:1] if protection.sdes else (),
    )
    return Stream(index, mine, theirs, tuple(sends), direction, protection)


def _on_hold(before: Agreement, streams: Mapping[str, Stream]) -> bool:
    """An answer says so only to an offer that would have sent."""
    if (audio := streams.get(Kind.AUDIO.value)) is None:
        return False
    if not audio.ours.direction.sends:
        return before.on_hold
    return not audio.theirs.direction.receives
