"""Our answer to an offer (RFC 3264 §6): the first sound and the first picture that we understand,
everything else refused in its place. No I/O but what `Ground` does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from antiphon.core.description import Description, Direction, Kind, Section
from antiphon.core.negotiate import answer as agree
from antiphon.core.reason import Reason, Refused

from .agreement import Agreement, Stream, Wishes, remembered
from .attributes import Format
from .codecs import CODECS, answered, codec_of, usable
from .ours import Ours, refused
from .sdp import SessionDescription
from .security import Ground, Protection, protect
from .theirs import Theirs, Unusable, read

# In the order in which they are looked for; a section is named by its kind.
KINDS = (Kind.AUDIO, Kind.VIDEO)


def answer(
    before: Agreement, offer: SessionDescription, wishes: Wishes, ground: Ground, session: str
) -> Agreement:
    """Agree to an offer; `said` of the result is our answer.

    `session`: the number in our `o=` line. Raises `Refused(UNSUPPORTED)` when nothing that is
    offered can be used.
    """
    streams: dict[str, Stream] = {}
    complaints: list[str] = []
    for kind in KINDS:
        for index in _order(before, kind, len(offer.media)):
            media = offer.media[index]
            if media.kind != kind.value:
                continue
            try:
                streams[kind.value] = _stream(before, offer, index, wishes, ground)
                break
            except Unusable as error:
                if media.port:
                    complaints.append(str(error))
    if not streams and any(media.port for media in offer.media):
        raise Refused(Reason.UNSUPPORTED, "; ".join(complaints) or "There is no sound to agree on.")
    used = {stream.index: stream for stream in streams.values()}
    lines = tuple(
        used[index].ours.spelled() if index in used else refused(media)
        for index, media in enumerate(offer.media)
    )
    result = replace(
        before,
        streams=streams,
        numbers=_numbers(before, streams),
        on_hold=_on_hold(streams),
    )
    return result.saying(session, _address(streams, before), lines)


def _order(before: Agreement, kind: Kind, count: int) -> Iterator[int]:
    """The section in use first, then in the order of the offer."""
    current = before.streams.get(kind.value)
    if current is not None and current.index < count:
        yield current.index
    yield from (index for index in range(count) if current is None or index != current.index)


def _stream(
    before: Agreement, offer: SessionDescription, index: int, wishes: Wishes, ground: Ground
) -> Stream:
    theirs = read(offer, offer.media[index])
    id = theirs.kind.value
    agreed = _agree(theirs, wishes)
    if not agreed.codecs:
        names = ", ".join(dict.fromkeys(one.name for one in theirs.formats)) or "none known"
        raise Unusable(f"no codec in common for {id} (offered: {names})")
    current = before.streams.get(id)
    protection = protect(theirs, ground, current.protection if current else None)
    formats = answered(theirs.kind, agreed.codecs, theirs.formats)
    mine = Ours(
        kind=theirs.kind,
        protocol=offer.media[index].protocol,
        place=ground.place(id, theirs.address),
        formats=tuple(formats),
        direction=agreed.direction,
        mux=theirs.mux,
        crypto=protection.sdes[:1] if protection.sdes else (),
        fingerprint=ground.fingerprint if protection.role else None,
        setup=_setup(protection),
        ice=protection.ice[:2] if protection.ice else None,
        mismatch=theirs.ice is not None and theirs.ice.mismatch,
        mid=theirs.mid,
    )
    sends = _with_their_parameters(formats, theirs)
    return Stream(index, mine, theirs, sends, agreed.direction, protection)


def _agree(theirs: Theirs, wishes: Wishes) -> Section:
    """The neutral half: directions and codecs that both have."""
    id, kind = theirs.kind.value, theirs.kind
    codecs = tuple(codec_of(one) for one in usable(kind, theirs.formats))
    offered = Description((Section(id, kind, theirs.direction, codecs),))
    want = Direction.INACTIVE if wishes.held else Direction.SENDRECV
    (agreed,) = agree(offered, [Section(id, kind, want, CODECS[kind])]).sections
    return agreed


def _with_their_parameters(formats: Sequence[Format], theirs: Theirs) -> tuple[Format, ...]:
    by_number = {one.number: one for one in theirs.formats}
    return tuple(by_number[one.number] for one in formats)


def _setup(protection: Protection) -> str | None:
    match protection.role:
        case "server":
            return "passive"
        case "client":
            return "active"
        case _:
            return None


def _numbers(before: Agreement, streams: Mapping[str, Stream]) -> Mapping[str, tuple[Format, ...]]:
    return {
        **before.numbers,
        **{
            id: remembered(before.numbers.get(id, ()), stream.ours.formats)
            for id, stream in streams.items()
        },
    }


def _on_hold(streams: Mapping[str, Stream]) -> bool:
    if (audio := streams.get(Kind.AUDIO.value)) is None:
        return False
    return not audio.theirs.direction.receives


def _address(streams: Mapping[str, Stream], before: Agreement) -> str:
    """Of our `o=` and `c=` lines: that of a section, else the last one."""
    for stream in streams.values():
        return stream.ours.place.address
    return before.said.origin.address if before.said else "0.0.0.0"
