"""Globally routable names of single telephones (RFC 5627): public ones say the account and the
instance, temporary ones say neither to anybody but this node.
"""

import secrets
from base64 import b32decode, b32encode
from dataclasses import dataclass
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from .uri import Uri

PREFIX = "tgruu."
NONCE = 8
MARK = 4
# An instance is a URN of some 45 characters; the token is a user part that others must bear.
INSTANCE_LIMIT = 128


@dataclass(frozen=True, slots=True)
class Named:
    """What a GRUU names. `mark`: of which registration it is one; empty for a public one."""

    local: str
    instance: str
    mark: bytes = b""


class Gruus:
    """Makes and reads GRUUs of a domain. `secret` (16 bytes or more) must last."""

    def __init__(self, domain: str, secret: bytes) -> None:
        self._domain = domain
        self._cipher = AESSIV(blake2b(secret, digest_size=64, person=b"antiphon gruu").digest())

    def public(self, local: str, instance: str) -> str:
        """`sip:alice@domain;gr=urn:uuid:…` (§5.1)."""
        return str(Uri("sip", local, self._domain).with_parameters(gr=instance))

    def temporary(self, local: str, instance: str, call_id: str) -> str:
        """A new one of those that hold as long as a registration with this Call-ID (§5.1)."""
        nonce = secrets.token_bytes(NONCE)
        plain = mark_of(call_id) + local.encode() + b"\0" + instance.encode()
        token = b32encode(nonce + self._cipher.encrypt(plain, [nonce])).decode().rstrip("=")
        return f"sip:{PREFIX}{token.lower()}@{self._domain};gr"

    def read(self, uri: Uri) -> Named | None:
        """What a URI of this domain names; None if it is no GRUU, or none of ours."""
        instance = uri.parameters.get("gr")
        if instance is None or uri.user is None:
            return None
        if instance:
            return Named(uri.user, instance)
        if not uri.user.startswith(PREFIX):
            return None
        return self._open(uri.user.removeprefix(PREFIX))

    def _open(self, token: str) -> Named | None:
        try:
            text = token.upper()
            data = b32decode(text + "=" * (-len(text) % 8))
            plain = self._cipher.decrypt(data[NONCE:], [data[:NONCE]])
            local, _, instance = plain[MARK:].decode().partition("\0")
        except (ValueError, InvalidTag):
            return None
        return Named(local, instance, plain[:MARK])


def mark_of(call_id: str) -> bytes:
    """Tells registrations apart: temporary GRUUs end with their Call-ID."""
    return blake2b(call_id.encode(), digest_size=MARK).digest()
