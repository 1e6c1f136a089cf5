"""Derives keys from passwords and proves passwords against them; stores nothing, and blocks.

Layouts, version 1 of each kind:

- `argon2id`: `data` is the encoded hash with its parameters and salt (RFC 9106, PHC string format).
- `scram-*`: `data` is StoredKey then ServerKey (RFC 5802 §3), by `salt` and `iterations`.
- `digest-*`: `data` is HA1 in lower-case hexadecimal (RFC 7616 §3.4.2): user name is the local
  part, realm is the domain.

Passwords come prepared by PRECIS OpaqueString (RFC 8265 §4), which replaces SASLprep.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from types import MappingProxyType

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from antiphon.core.address import Address
from antiphon.stores.records import Key, KeyKind

from .config import AccountsConfig

log = logging.getLogger(__name__)

VERSION = 1
SALT_BYTES = 16

SCRAM_HASHES: Mapping[KeyKind, str] = MappingProxyType(
    {
        KeyKind.SCRAM_SHA_1: "sha1",
        KeyKind.SCRAM_SHA_256: "sha256",
        KeyKind.SCRAM_SHA_512: "sha512",
    }
)
DIGEST_HASHES: Mapping[KeyKind, str] = MappingProxyType(
    {KeyKind.DIGEST_MD5: "md5", KeyKind.DIGEST_SHA_256: "sha256"}
)

# Which key proves a password best: the first that there is.
BY_STRENGTH = (
    KeyKind.ARGON2ID,
    KeyKind.SCRAM_SHA_512,
    KeyKind.SCRAM_SHA_256,
    KeyKind.SCRAM_SHA_1,
    KeyKind.DIGEST_SHA_256,
    KeyKind.DIGEST_MD5,
)


def derive(kind: KeyKind, address: Address, password: str, config: AccountsConfig) -> Key:
    """The key of one kind for a prepared password."""
    if kind is KeyKind.ARGON2ID:
        encoded = _hasher(config).hash(password).encode()
        return Key(
            kind=kind, version=VERSION, iterations=config.argon2_time, salt=b"", data=encoded
        )
    if hash_name := SCRAM_HASHES.get(kind):
        salt = secrets.token_bytes(SALT_BYTES)
        stored, server = scram_keys(hash_name, password, salt, config.scram_iterations)
        return Key(
            kind=kind,
            version=VERSION,
            iterations=config.scram_iterations,
            salt=salt,
            data=stored + server,
        )
    ha1 = digest_ha1(DIGEST_HASHES[kind], address.local, address.domain, password)
    return Key(kind=kind, version=VERSION, iterations=1, salt=b"", data=ha1.encode())


def proves(key: Key, address: Address, password: str) -> bool:
    """Whether a prepared password is the one that the key was derived from."""
    if key.kind is KeyKind.ARGON2ID:
        return _proves_argon2(key, password)
    if hash_name := SCRAM_HASHES.get(key.kind):
        found = b"".join(scram_keys(hash_name, password, key.salt, key.iterations))
    else:
        hash_name = DIGEST_HASHES[key.kind]
        found = digest_ha1(hash_name, address.local, address.domain, password).encode()
    return hmac.compare_digest(found, key.data)


def is_outdated(key: Key, config: AccountsConfig) -> bool:
    """Whether the key would be derived otherwise today."""
    if key.version != VERSION:
        return True
    if key.kind is KeyKind.ARGON2ID:
        try:
            return _hasher(config).check_needs_rehash(key.data.decode())
        except (InvalidHashError, UnicodeDecodeError):
            return True
    return key.kind in SCRAM_HASHES and key.iterations != config.scram_iterations


def scram_keys(hash_name: str, password: str, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
    """StoredKey and ServerKey (RFC 5802 §3)."""
    salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", hash_name)
    stored_key = hashlib.new(hash_name, client_key).digest()
    return stored_key, hmac.digest(salted, b"Server Key", hash_name)


def split_scram(key: Key) -> tuple[bytes, bytes]:
    """StoredKey and ServerKey out of a SCRAM key."""
    half = len(key.data) // 2
    return key.data[:half], key.data[half:]


def digest_ha1(hash_name: str, user: str, realm: str, password: str) -> str:
    """H(user ":" realm ":" password) in lower-case hexadecimal (RFC 7616 §3.4.2)."""
    secret = f"{user}:{realm}:{password}".encode()
    return hashlib.new(hash_name, secret, usedforsecurity=False).hexdigest()


def _hasher(config: AccountsConfig) -> PasswordHasher:
    return PasswordHasher(
        time_cost=config.argon2_time,
        memory_cost=config.argon2_memory,
        parallelism=1,
        hash_len=32,
        salt_len=SALT_BYTES,
        type=Type.ID,
    )


def _proves_argon2(key: Key, password: str) -> bool:
    try:
        return PasswordHasher().verify(key.data.decode(), password)
    except VerifyMismatchError:
        return False
    except (VerificationError, InvalidHashError, UnicodeDecodeError) as error:
        log.error("a stored argon2id key cannot be used: %s", error)
        return False
