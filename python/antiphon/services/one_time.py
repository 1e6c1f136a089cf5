"""One-time tokens: long enough that nobody guesses them, stored as hashes only."""

import hashlib
import secrets
from dataclasses import dataclass, field

TOKEN_BYTES = 24
MAX_LENGTH = 64


@dataclass(frozen=True, slots=True)
class OneTime:
    """A token as it is handed out, and when it ends (seconds since 1970)."""

    token: str = field(repr=False)
    expires_at: float


def new_token() -> str:
    """192 random bits, for links and for reading aloud if need be."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """What is stored of a token. It is random already: one pass of a fast hash is enough."""
    return hashlib.sha256(token[:MAX_LENGTH].encode("utf-8", "replace")).hexdigest()
