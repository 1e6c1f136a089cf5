"""Web Push as bytes: the key that identifies us (VAPID, RFC 8292) and messages that only the
browser can read (RFC 8291, RFC 8188). Sends nothing.
"""

import base64
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import jwt
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_FILE = "push.key"
TOKEN_LIFETIME = 12 * 3600  # RFC 8292 §2: at most 24 hours
TOKEN_CACHED = 3600
MAX_TOKENS = 256
RECORD_SIZE = 4096  # RFC 8291 §4: a push message is one record
MAX_PAYLOAD = RECORD_SIZE - 86 - 17  # less the header of RFC 8188 §2.1, the tag and the delimiter
_POINT = serialization.PublicFormat.UncompressedPoint
_X962 = serialization.Encoding.X962


def encode64(data: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode64(text: str) -> bytes:
    """The other way, with or without padding. Raises ValueError."""
    if not text.isascii():
        raise ValueError("not base64url")
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", True)


def is_public_key(data: bytes) -> bool:
    """Whether this is a point of P-256, uncompressed."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except (ValueError, InvalidKey):
        return False
    return len(data) == 65


def encrypt(payload: bytes, public_key: bytes, auth: bytes) -> bytes:
    """The body of a push message for a browser's key and secret (RFC 8291 §3.4). Raises ValueError
    for a payload of more than `MAX_PAYLOAD` bytes.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a push message has at most {MAX_PAYLOAD} bytes")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    ours = ec.generate_private_key(ec.SECP256R1())
    our_point = ours.public_key().public_bytes(_X962, _POINT)
    info = b"WebPush: info\0" + public_key + our_point
    secret = _derive(ours.exchange(ec.ECDH(), theirs), auth, info, 32)
    salt = secrets.token_bytes(16)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(key).encrypt(nonce, payload + b"\x02", None)  # RFC 8188 §2: the last record
    header = salt + RECORD_SIZE.to_bytes(4) + len(our_point).to_bytes(1) + our_point
    return header + sealed


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


class Vapid:
    """The node's key for push services. `contact`: `mailto:` or `https:` of whoever runs it."""

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey,
        contact: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = key
        self._contact = contact
        self._clock = clock
        self._tokens: dict[str, tuple[float, str]] = {}
        self.public_key = encode64(key.public_key().public_bytes(_X962, _POINT))

    def authorization(self, endpoint: str) -> str:
        """The `Authorization` field of a push message to that endpoint (RFC 8292 §3)."""
        parts = urlsplit(endpoint)
        return f"vapid t={self._token(f'{parts.scheme}://{parts.netloc}')}, k={self.public_key}"

    def _token(self, audience: str) -> str:
        now = self._clock()
        known = self._tokens.get(audience)
        if known is not None and known[0] > now:
            return known[1]
        if len(self._tokens) >= MAX_TOKENS:
            self._tokens.clear()
        claims = {"aud": audience, "exp": int(now) + TOKEN_LIFETIME, "sub": self._contact}
        text = jwt.encode(claims, self._key, "ES256")
        self._tokens[audience] = (now + TOKEN_CACHED, text)
        return text


def read_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """The key in the data folder, made first if there is none; with another one, all browsers
    would have to subscribe again. Raises OSError, ValueError.
    """
    path = folder / KEY_FILE
    if not path.exists():
        _write(path, ec.generate_private_key(ec.SECP256R1()))
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ValueError(f"{path} is not a P-256 key: remove it to make another one")
    return key


def _write(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        with os.fdopen(os.open(aside, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            return  # another process was first
    finally:
        aside.unlink(missing_ok=True)
