"""What two sides can do together: offer and capability in, common description out (RFC 3264 §6, in
neutral words).
"""

from collections.abc import Iterable, Sequence

from .description import Codec, Description, Direction, Section


def common_codecs(ours: Sequence[Codec], theirs: Sequence[Codec]) -> tuple[Codec, ...]:
    """The codecs both have, in our order of preference. A rate of 0 means the codec's usual one and
    fits any.
    """
    return tuple(codec for codec in ours if any(_same(codec, other) for other in theirs))


def answer(offer: Description, capabilities: Iterable[Section]) -> Description:
    """Our description in reply to `offer`, section by section in its order.

    `capabilities` say per kind what we have (each kind at most once). A section with nothing in
    common stays, inactive,
    so that both sides keep the same sections (RFC 3264 §6).
    """
    by_kind = {section.kind: section for section in capabilities}
    return Description(
        tuple(_answer(section, by_kind.get(section.kind)) for section in offer.sections)
    )


def _answer(theirs: Section, ours: Section | None) -> Section:
    codecs = common_codecs(ours.codecs, theirs.codecs) if ours else ()
    if ours is None or not codecs:
        return Section(theirs.id, theirs.kind, Direction.INACTIVE)
    direction = Direction.of(
        sends=ours.direction.sends and theirs.direction.receives,
        receives=ours.direction.receives and theirs.direction.sends,
    )
    return Section(theirs.id, theirs.kind, direction, codecs)


def _same(one: Codec, other: Codec) -> bool:
    rates_agree = one.rate == other.rate or 0 in (one.rate, other.rate)
    return one.name.lower() == other.name.lower() and rates_agree


def decodable(codecs: Sequence[Codec], receiver: Description) -> bool:
    """Whether a source of one of these codecs can be understood by the receiver as it is.

    An open-ended receiver negotiates a section for it; the endpoint sees to what fits there.
    """
    if receiver.open_ended:
        return True
    return any(
        section.direction.receives and common_codecs(codecs, section.codecs)
        for section in receiver.sections
    )
