"""How a section is protected: keys in the description (SDES, RFC 4568), DTLS-SRTP (RFC 5763), or
not at all; and ICE, which proves who is at the other address.
"""

from dataclasses import dataclass
from typing import Protocol

from .ours import Place
from .theirs import Theirs, Unusable

# RFC 3711 §4.1 as everybody has it comes second: RFC 7714 costs less and protects more.
SUITES = ("AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")


class Ground(Protocol):
    """What negotiating needs from where media is: ports, keys, chance."""

    @property
    def fingerprint(self) -> str:
        """Of our certificate, as in `a=fingerprint`."""

    def place(self, section: str, towards: str | None) -> Place:
        """Where a section of ours is reached from an address; binds it. Raises `Refused`."""

    def new_key(self, tag: int, suite: str) -> str:
        """A value of `a=crypto` with a fresh key."""

    def suite(self, crypto: str) -> tuple[int, str]:
        """Tag and suite of such a value. Raises ValueError where it is of no use to us."""

    def secret(self, length: int) -> str:
        """Letters and digits that nobody can guess."""


@dataclass(frozen=True, slots=True)
class Protection:
    """Of one section, as both have agreed. `sdes`: our and their `a=crypto`. `role`: what we are in
    DTLS, client or server, towards whom has `fingerprint`. `ice`: our fragment and password, then
    theirs.
    """

    sdes: tuple[str, str] | None = None
    role: str | None = None
    fingerprint: str | None = None
    ice: tuple[str, str, str, str] | None = None


def protect(theirs: Theirs, ground: Ground, before: Protection | None) -> Protection:
    """Our half for a section that is offered. What was agreed before is kept where it still fits.

    Raises `Unusable` where the offer insists on protection that we cannot give.
    """
    ice = _ice(theirs, ground, before)
    if theirs.fingerprint is not None:
        role = _role(theirs, before, ice)
        if role is not None:
            return Protection(role=role, fingerprint=theirs.fingerprint, ice=ice)
    if not theirs.protocol.startswith("UDP/TLS/"):
        for value in theirs.crypto:
            try:
                tag, suite = ground.suite(value)
            except ValueError:
                continue  # RFC 4568 §5.1.3: the first line that is understood counts
            return Protection(sdes=(_key(tag, suite, ground, before), value), ice=ice)
    if theirs.secure:
        raise Unusable(f"{theirs.kind} has no keys for {theirs.protocol} that are understood")
    return Protection(ice=ice)


def _ice(
    theirs: Theirs, ground: Ground, before: Protection | None
) -> tuple[str, str, str, str] | None:
    if theirs.ice is None or theirs.ice.mismatch:
        return None
    credentials = (theirs.ice.fragment, theirs.ice.password)
    if before is not None and before.ice is not None and before.ice[2:] == credentials:
        return before.ice
    return (*credentials_of(ground), *credentials)


def credentials_of(ground: Ground) -> tuple[str, str]:
    """New ICE credentials of ours (RFC 8839 §5.4: at least 24 and 128 bits)."""
    return ground.secret(8), ground.secret(24)


def _role(
    theirs: Theirs, before: Protection | None, ice: tuple[str, str, str, str] | None
) -> str | None:
    """RFC 8842 §5.3. Where we may choose we are the server: the telephone's first packet opens its
    NAT.
    """
    same = (
        before is not None
        and before.role is not None
        and before.fingerprint == theirs.fingerprint
        and (before.ice is None) == (ice is None)
        and (ice is None or before.ice == ice)
    )
    match theirs.setup:
        case "active" | None:  # RFC 4145 §4.1: an offer without it means active
            return "server"
        case "passive":
            return "client"
        case "actpass":
            return before.role if before is not None and same else "server"
        case _:
            return None


def _key(tag: int, suite: str, ground: Ground, before: Protection | None) -> str:
    if before is not None and before.sdes is not None:
        ours = before.sdes[0]
        if ground.suite(ours) == (tag, suite):
            return ours
    return ground.new_key(tag, suite)


def settled(
    theirs: Theirs,
    ground: Ground,
    *,
    crypto: tuple[str, ...],
    setup: str | None,
    ice: tuple[str, str] | None,
) -> Protection:
    """What their answer makes of our offer. Raises `Unusable` where it takes protection away."""
    checks = None
    if ice is not None and theirs.ice is not None and not theirs.ice.mismatch:
        checks = (*ice, theirs.ice.fragment, theirs.ice.password)
    if setup is not None:
        return Protection(role=_role_of_answer(theirs), fingerprint=theirs.fingerprint, ice=checks)
    if crypto:
        return Protection(sdes=_pair(theirs, ground, crypto), ice=checks)
    if theirs.secure:
        raise Unusable(f"{theirs.kind} is answered by {theirs.protocol}, which was not offered")
    return Protection(ice=checks)


def _role_of_answer(theirs: Theirs) -> str:
    if theirs.fingerprint is None:
        raise Unusable(f"{theirs.kind} is answered without a fingerprint by sha-256")
    if theirs.setup in ("active", "actpass"):  # the latter is wrong, and meant so
        return "server"
    if theirs.setup in ("passive", None):  # RFC 4145 §4.1: an answer without it means passive
        return "client"
    raise Unusable(f"{theirs.kind} is answered with a=setup:{theirs.setup}")


def _pair(theirs: Theirs, ground: Ground, crypto: tuple[str, ...]) -> tuple[str, str]:
    """RFC 4568 §5.1.3: the answer's one line names ours by its tag."""
    for value in theirs.crypto:
        try:
            wanted = ground.suite(value)
        except ValueError:
            continue
        for ours in crypto:
            if ground.suite(ours) == wanted:
                return ours, value
    raise Unusable(f"{theirs.kind} is answered without a key of those that were offered")
