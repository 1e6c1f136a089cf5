"""Addresses as XMPP spells them (RFC 7622): read from text into the core's, once for each text.

Written they are `str(address)`, which escapes nothing: local parts hold none of what must not stand
there.
"""

from dataclasses import replace
from functools import lru_cache

from antiphon.core.address import ROOMS, Address, Addresses
from antiphon.core.reason import Refused

# Each kept text takes less than 1 KB.
REMEMBERED = 16_384
# RFC 7622 §3.1: each of three parts has at most 1023 octets.
LIMIT = 3 * 1023 + 2


class Jids:
    """Reads addresses for one domain."""

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses
        self.domain = addresses.domain
        self.rooms = ROOMS + addresses.domain
        self.parse = lru_cache(REMEMBERED)(self.read)

    def find(self, text: str) -> Address | None:
        """As `parse`, None for what is no address."""
        try:
            return self.parse(text)
        except Refused:
            return None

    def read(self, text: str) -> Address:
        """The address, which `parse` remembers; without a local part it is a domain's. Raises
        `Refused(BAD_REQUEST)`, to be spelled `jid-malformed`.
        """
        if len(text) > LIMIT or text.endswith("/"):
            return self.addresses.parse("")  # refused in the same words
        if "@" in text.partition("/")[0]:
            return self.addresses.parse(text)
        return replace(self.addresses.parse(f"x@{text}"), local="")
