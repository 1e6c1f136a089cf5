"""The canonical form of names, once for every protocol; does not know what a name is used for.

PRECIS and IDNA are tables of Unicode; the libraries `precis-i18n` and `idna` bring them.
"""

import ipaddress
import re

import idna
from precis_i18n import get_profile

# Longer text is refused before it is looked at: normalization takes time (RFC 7622 §3.1).
MAX_INPUT = 1023
MAX_OPAQUE = 4096
MAX_DOMAIN = 253  # RFC 1035 §2.3.4, in presentation form without the final dot

# A local part never has these: `user@domain/device` could not be read back (RFC 7622 §3.3.1).
_EXCLUDED = frozenset("\"&'/:<>@")

# Plain ASCII needs no tables.
_PLAIN_LOCAL = re.compile(r"[!#-%(-.0-9;=?A-Z\[-~]+")
_PLAIN_DOMAIN = re.compile(r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.(?!$)|$))+")
_PLAIN_TEXT = re.compile(r"[ -~]+")
_NUMBERS = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)(?:\.(?:[0-9]+|0x[0-9a-f]*))*")


class PrecisNormalizer:
    """Implements `core.address.Normalizer`.

    Every method raises ValueError for text that has no canonical form.
    """

    def __init__(self) -> None:
        self._username = get_profile("UsernameCaseMapped")
        self._opaque = get_profile("OpaqueString")
        self._nickname = get_profile("NicknameCasePreserved")

    def local(self, text: str) -> str:
        """Local part: UsernameCaseMapped (RFC 8265 §3.3), less what RFC 7622 §3.3.1 excludes."""
        _limit(text)
        if _PLAIN_LOCAL.fullmatch(text):
            return text.lower()
        name = self._username.enforce(text)
        if not _EXCLUDED.isdisjoint(name):
            raise ValueError("contains one of \"&'/:<>@")
        return name

    def domain(self, text: str) -> str:
        """Domain: U-labels in lower case (RFC 5891), or an IP literal; IPv6 stands in brackets."""
        _limit(text)
        text = text.removesuffix(".").lower()  # RFC 7622 §3.2: a final dot is not part of it
        if len(text) <= MAX_DOMAIN and _PLAIN_DOMAIN.fullmatch(text):
            return _ipv4(text) if _NUMBERS.fullmatch(text) else text
        if text.startswith("["):
            return _ipv6(text)
        return _labels(text)

    def device(self, text: str) -> str:
        """Device: OpaqueString (RFC 8265 §4.2)."""
        _limit(text)
        return self.opaque(text)

    def nickname(self, text: str) -> str:
        """A name to be shown: Nickname (RFC 8266 §2.3); its case mapping is for comparison only."""
        _limit(text)
        if _PLAIN_TEXT.fullmatch(text) and (name := " ".join(text.split())):
            return name
        return self._nickname.enforce(text)

    def opaque(self, text: str) -> str:
        """A password: OpaqueString (RFC 8265 §4.2)."""
        _limit(text, MAX_OPAQUE)
        if _PLAIN_TEXT.fullmatch(text):
            return text
        return self._opaque.enforce(text)


def _limit(text: str, limit: int = MAX_INPUT) -> None:
    if not text:
        raise ValueError("empty")
    if len(text) > limit:
        raise ValueError(f"longer than {limit} characters")


def _ipv4(text: str) -> str:
    """Numbers are an IPv4 address or nothing: resolvers read `127.1` and `0x7f.1` as one, too."""
    return str(ipaddress.IPv4Address(text))


def _ipv6(text: str) -> str:
    """RFC 5952 form of a bracketed address; a zone has a meaning on one host only: refused."""
    if not text.endswith("]") or "%" in text:
        raise ValueError("not an IPv6 address in brackets")
    return f"[{ipaddress.IPv6Address(text[1:-1])}]"


def _labels(text: str) -> str:
    """Map as people type (UTS 46, non-transitional), validate by IDNA 2008, and give U-labels."""
    if text.endswith("."):
        raise ValueError("has an empty label")
    ascii_form = idna.encode(text, uts46=True, std3_rules=True)
    domain = idna.decode(ascii_form).removesuffix(".")
    if len(ascii_form.rstrip(b".")) > MAX_DOMAIN:
        raise ValueError("longer than a domain can be")
    if _NUMBERS.fullmatch(domain):
        return _ipv4(domain)
    if idna.encode(domain).rstrip(b".") != ascii_form.rstrip(b"."):
        raise ValueError("has no stable form")
    return domain
