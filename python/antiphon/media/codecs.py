"""The codecs we have for telephones, in our order of preference, and their parameters in session
descriptions: RFC 7587 (Opus), RFC 3551 (G.722, G.711, L16), RFC 4733 (keys), RFC 3389 (comfort
noise), RFC 6184 (H.264), RFC 7741 (VP8).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from antiphon.core.description import Codec, Kind

from .attributes import Format

OPUS = Codec("opus", 48_000)
G722 = Codec("g722", 8_000)  # RFC 3551 §4.5.2: sampled at 16 kHz, yet its clock says 8000
PCMU = Codec("pcmu", 8_000)
PCMA = Codec("pcma", 8_000)
VP8 = Codec("vp8", 90_000)
H264 = Codec("h264", 90_000)
L16_RATES = (48_000, 16_000, 8_000)

# The best sound first; L16 is last for its bitrate. Pictures are forwarded as they are: VP8 first,
# as browsers send it unless asked for something else.
CODECS: Mapping[Kind, tuple[Codec, ...]] = {
    Kind.AUDIO: (OPUS, G722, PCMU, PCMA, *(Codec("l16", rate) for rate in L16_RATES)),
    Kind.VIDEO: (VP8, H264),
}
KNOWN = {kind: frozenset((one.name, one.rate) for one in codecs) for kind, codecs in CODECS.items()}
EVENTS, NOISE = "telephone-event", "cn"
KEYS = "0-15"  # RFC 4733 §3.2: 0-9, *, #, A-D
STATIC_NUMBERS = {PCMU: 0, PCMA: 8, G722: 9}
# RFC 7587 §6.1: we repair losses by what the other side adds for it.
OPUS_PARAMETERS = "useinbandfec=1"
H264_PARAMETERS = "level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id=42e01f"
FEEDBACK = ("nack pli", "ccm fir")
# What browsers decode of H.264: constrained baseline, baseline, main and high (profile_idc).
H264_PROFILES = (0x42, 0x4D, 0x64)


def codec_of(one: Format) -> Codec:
    """A format in neutral words."""
    return Codec(one.name, one.rate)


def usable(kind: Kind, offered: Iterable[Format]) -> Iterator[Format]:
    """Those formats that carry a codec of ours; keys and comfort noise are none."""
    for one in offered:
        if (one.name, one.rate) not in KNOWN[kind]:
            continue
        if one.name == "h264" and _profile(one) is None:
            continue
        if one.name != "opus" and one.channels != 1:
            continue
        yield one


def answered(kind: Kind, codecs: Sequence[Codec], offered: Sequence[Format]) -> list[Format]:
    """What an answer lists, with the offer's numbers and our parameters (RFC 3264 §6.1).

    `codecs`: what both have. Of audio the best one alone, so that nobody has to guess what comes;
    of video the best format of each codec, as what is sent depends on who is seen.
    """
    ours = list(usable(kind, offered))
    if kind is Kind.VIDEO:
        best = (_best([one for one in ours if codec_of(one) == codec]) for codec in codecs)
        return [_with_our_parameters(one) for one in best]
    chosen = next(one for one in ours if codec_of(one) == codecs[0])
    return [_with_our_parameters(chosen), *_companions(chosen, offered)]


def offered(kind: Kind, known: Sequence[Format] = ()) -> list[Format]:
    """What an offer of ours lists. `known`: formats that the section has had; the number of a
    format never changes in a session (RFC 3264 §8.3.2).
    """
    wanted = _all_audio() if kind is Kind.AUDIO else _all_video()
    taken = {one.number for one in known}
    free = (number for number in range(96, 128) if number not in taken)
    return list(_numbered(wanted, known, free))


def sent(kind: Kind, answer: Sequence[Format], offer: Sequence[Format]) -> list[Format]:
    """What we may send after an answer to our offer: its formats that were offered, with its
    numbers, in its order; codecs before keys and noise.
    """
    codecs = [one for one in usable(kind, answer) if any(_fits(one, other) for other in offer)]
    if not codecs:
        return []
    keys = [one for one in answer if one.name == EVENTS]
    return codecs + [one for one in keys if any(_fits(one, other) for other in offer)]


def _companions(chosen: Format, offered: Sequence[Format]) -> Iterator[Format]:
    """Keys at the codec's clock rate, or at 8000 as many phones have them for any codec; comfort
    noise where the codec has none of its own.
    """
    keys = [one for one in offered if one.name == EVENTS]
    fitting = [one for one in keys if one.rate == chosen.rate] or [
        one for one in keys if one.rate == 8_000
    ]
    if fitting:
        yield replace(fitting[0], fmtp=KEYS, feedback=())
    if chosen.name != "opus":
        noise = [one for one in offered if one.name == NOISE and one.rate == chosen.rate]
        for one in noise[:1]:
            yield replace(one, fmtp="", feedback=())


def _with_our_parameters(one: Format) -> Format:
    feedback = tuple(item for item in FEEDBACK if item in one.feedback)
    if one.name == "opus":
        return replace(one, channels=2, fmtp=OPUS_PARAMETERS, feedback=())
    if one.name == "h264":
        # RFC 6184 §8.2.2: profile and packetization mode are the same on both sides.
        kept = ("level-asymmetry-allowed", "packetization-mode", "profile-level-id")
        given = one.parameters
        fmtp = ";".join(f"{name}={given[name]}" for name in kept if name in given)
        return replace(one, fmtp=fmtp, feedback=feedback)
    return replace(one, fmtp="", feedback=feedback)


def _profile(one: Format) -> tuple[int, int] | None:
    """Profile and packetization mode of H.264; None for what browsers do not decode."""
    given = one.parameters
    mode = given.get("packetization-mode", "0")
    try:
        profile = int(given.get("profile-level-id", "42000a")[:2], 16)
    except ValueError:
        return None
    if mode not in ("0", "1") or profile not in H264_PROFILES:
        return None
    return profile, int(mode)


def _constrained(one: Format) -> bool:
    """Baseline without what hardly anybody decodes (RFC 6184 §8.1, table 5)."""
    flags = one.parameters.get("profile-level-id", "")[2:4]
    return flags[:1].lower() in ("4", "5", "6", "7", "c", "d", "e", "f")


def _best(formats: Sequence[Format]) -> Format:
    """The lowest profile, which everybody decodes, and slices in several packets."""

    def rank(one: Format) -> tuple[int, bool, int]:
        profile, mode = _profile(one) or (0, 0)
        return profile, not _constrained(one), -mode

    return min(formats, key=rank)


def _fits(one: Format, other: Format) -> bool:
    if one.name != other.name or one.rate != other.rate:
        return False
    return one.name != "h264" or _profile(one) == _profile(other)


def _all_audio() -> list[Format]:
    codecs = [OPUS, G722, PCMU, PCMA, Codec("l16", 16_000)]
    formats = [
        Format(
            STATIC_NUMBERS.get(codec, -1),
            codec.name,
            codec.rate,
            channels=2 if codec is OPUS else 1,
            fmtp=OPUS_PARAMETERS if codec is OPUS else "",
        )
        for codec in codecs
    ]
    # Phones that look at one alone look at the first, and mean 8000.
    rates = sorted({codec.rate for codec in codecs})
    return formats + [Format(-1, EVENTS, rate, fmtp=KEYS) for rate in rates]


def _all_video() -> list[Format]:
    modes = [
        Format(-1, H264.name, H264.rate, fmtp=H264_PARAMETERS.format(mode=mode), feedback=FEEDBACK)
        for mode in (1, 0)
    ]
    return [Format(-1, VP8.name, VP8.rate, feedback=FEEDBACK), *modes]


def _numbered(
    wanted: Iterable[Format], known: Sequence[Format], free: Iterator[int]
) -> Iterator[Format]:
    """Those that had a number keep it; who finds no number left is not offered."""
    taken = {one.number for one in known}
    for one in wanted:
        before = next((other for other in known if _fits(one, other)), None)
        if before is not None:
            yield replace(one, number=before.number)
        elif one.number >= 0 and one.number not in taken:
            yield one
        elif (number := next(free, None)) is not None:
            yield replace(one, number=number)
