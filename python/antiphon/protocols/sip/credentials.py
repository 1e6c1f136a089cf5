"""Answers to digest challenges: what we say to a carrier that wants our password (RFC 3261 §22,
RFC 7616, RFC 8760).

Values only: it sends nothing, and whose password it is it does not know.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .header import elements, parameters_of, quoted
from .uri import MalformedError

# The strongest first (RFC 8760 §2.4: use the first one that is understood; we order anyway).
_HASHES: Mapping[str, Callable[[bytes], "hashlib._Hash"]] = {
    "sha-512-256": lambda data: hashlib.new("sha512_256", data),
    "sha-256": hashlib.sha256,
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One WWW-Authenticate or Proxy-Authenticate field. `algorithm` in lower case."""

    realm: str
    nonce: str
    opaque: str | None = None
    algorithm: str = "md5"
    qop: frozenset[str] = frozenset()
    stale: bool = False


def parse_challenge(text: str) -> Challenge | None:
    """Read a field; None for another scheme than Digest or an algorithm that we do not have.

    Raises `MalformedError`.
    """
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    given = parameters_of("".join(f";{part}" for part in elements([rest])))
    if "realm" not in given or "nonce" not in given:
        raise MalformedError("a challenge without realm or nonce")
    algorithm = given.get("algorithm", "md5").lower()
    if algorithm not in _HASHES:
        return None
    return Challenge(
        realm=given["realm"],
        nonce=given["nonce"],
        opaque=given.get("opaque"),
        algorithm=algorithm,
        qop=frozenset(part.strip().lower() for part in given.get("qop", "").split(",") if part),
        stale=given.get("stale", "").lower() == "true",
    )


def strongest(fields: Iterable[str]) -> Challenge | None:
    """Of several challenges the one to answer; None: there is none that we can.

    A malformed one is passed over: another may do.
    """
    found: list[Challenge] = []
    for text in fields:
        try:
            challenge = parse_challenge(text)
        except MalformedError:
            continue
        # A challenge that wants the body protected and nothing less is not answered.
        if challenge is not None and (not challenge.qop or "auth" in challenge.qop):
            found.append(challenge)
    order = list(_HASHES)
    return min(found, key=lambda one: order.index(one.algorithm), default=None)


@dataclass(slots=True)
class Credentials:
    """A user name and password at somebody else's, with the count of uses of the last nonce."""

    user: str
    password: str = field(repr=False)
    _nonce: str = field(default="", repr=False)
    _count: int = 0

    def answer(self, challenge: Challenge, method: str, uri: str, cnonce: str = "") -> str:
        """The value of Authorization or Proxy-Authorization for a request."""

        def digest(text: str) -> str:
            return _HASHES[challenge.algorithm](text.encode()).hexdigest()

        if challenge.nonce != self._nonce:
            self._nonce, self._count = challenge.nonce, 0
        self._count += 1
        who = digest(f"{self.user}:{challenge.realm}:{self.password}")
        what = digest(f"{method}:{uri}")
        parts = {
            "username": quoted(self.user),
            "realm": quoted(challenge.realm),
            "nonce": quoted(challenge.nonce),
            "uri": quoted(uri),
            "algorithm": "MD5" if challenge.algorithm == "md5" else challenge.algorithm.upper(),
        }
        if "auth" in challenge.qop:
            chosen, count = cnonce or secrets.token_hex(16), f"{self._count:08x}"
            text = f"{who}:{challenge.nonce}:{count}:{chosen}:auth:{what}"
            parts |= {"qop": "auth", "nc": count, "cnonce": quoted(chosen)}
        else:
            text = f"{who}:{challenge.nonce}:{what}"
        parts["response"] = quoted(digest(text))
        if challenge.opaque is not None:
            parts["opaque"] = quoted(challenge.opaque)
        return "Digest " + ", ".join(f"{name}={value}" for name, value in parts.items())
