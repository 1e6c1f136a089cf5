"""Ids of occupants (XEP-0421): the same for an account in a room for ever, and telling nobody which
account it is.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache

from antiphon.core.address import Address

from .names import OCCUPANT_IDS

REMEMBERED = 16_384


class OccupantIds:
    """`secret`: of this node; with another one all ids change."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"occupant ids", "sha256")
        self.of = lru_cache(REMEMBERED)(self._of)

    def element(self, room: Address, account: Address) -> bytes:
        """As a child of what an occupant sends."""
        return f"<occupant-id xmlns='{OCCUPANT_IDS}' id='{self.of(room, account.bare)}'/>".encode()

    def _of(self, room: Address, account: Address) -> str:
        said = f"{room}\0{account}".encode()
        digest = hmac.new(self._key, said, hashlib.sha256).digest()
        return urlsafe_b64encode(digest[:18]).decode()
