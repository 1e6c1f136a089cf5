"""Bearer tokens: JSON Web Tokens (RFC 7519, RFC 8725) that say who calls and what is granted.

Claims: `iss` the node's domain, or the name of an API key whose holder signed it; `sub` the address
(a bare name is one of the domain); `iat`, `exp` and optionally `nbf` in seconds since 1970; `name`
to be shown; `grants` with any of `rooms` (list of names; absent: any), `publish` (true), `moderate`
(false), `create` (true) and `admin` (false); only in the node's own tokens: `stamp`, of the account
that logged in, and `since`, of a token that can be renewed: when its holder came.

The node signs by EdDSA if it has a key for that, else by HS256 with its secret; holders of API keys
sign by HS256. Does not know accounts: `Accounts.check` does.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from antiphon.core.address import Address, Addresses
from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Reason, Refused

from .config import MIN_SECRET_BYTES, TokensConfig, parse_api_key

_FLAGS = ("publish", "moderate", "create", "admin")
_REQUIRED = ["iss", "sub", "iat", "exp"]


@dataclass(frozen=True, slots=True)
class Token:
    """A signed token and when it ends, in seconds since 1970."""

    text: str
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says. Times are seconds since 1970. `stamp` is that of an account.
    `since`: when the holder of a token that can be renewed came; None: it cannot.
    """

    caller: Caller
    issued_at: float
    expires_at: float
    stamp: str | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class _Issuer:
    """Who may sign, with exactly one algorithm (RFC 8725 §3.1)."""

    algorithm: str
    verifying: bytes | Ed25519PublicKey


class Tokens:
    """Issues and verifies the tokens of one domain."""

    def __init__(
        self,
        addresses: Addresses,
        secret: bytes,
        config: TokensConfig | None = None,
        *,
        signing_key: Ed25519PrivateKey | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"the node's secret has less than {MIN_SECRET_BYTES} bytes")
        self._addresses = addresses
        self._config = config or TokensConfig()
        self._clock = clock
        self._signing: bytes | Ed25519PrivateKey = signing_key or secret
        own = _Issuer("EdDSA", signing_key.public_key()) if signing_key else None
        self._own = own or _Issuer("HS256", secret)
        self._issuers = self._holders()
        if addresses.domain in self._issuers:
            raise ValueError("an API key must not be named like the domain")
        self._issuers[addresses.domain] = self._own

    def issue(
        self,
        caller: Caller,
        ttl: float | None = None,
        *,
        stamp: str | None = None,
        renewable: bool = False,
    ) -> Token:
        """Sign a token for a caller; `stamp` ties it to the present state of an account.

        `ttl` in seconds; raises `Refused(BAD_REQUEST)` if it is out of bounds. `renewable`: its
        holder may have another one in its place, as long as it is valid.
        """
        return self._issue(caller, ttl, stamp, int(self._clock()) if renewable else None)

    def renew(self, text: str, caller: Caller, *, stamp: str | None = None) -> Token:
        """Sign another token in place of a valid one, for the same caller as it is known now.

        Raises `Refused`: FORBIDDEN for one that is not renewable, UNAUTHORIZED for one that is not
        valid or whose holder came longer ago than any token lasts.
        """
        claims = self.read(text)
        if claims.since is None or claims.caller.address != caller.address.bare:
            raise Refused(Reason.FORBIDDEN, "This token cannot be renewed.")
        if self._clock() - claims.since >= self._config.max_token_ttl:
            raise Refused(Reason.UNAUTHORIZED, "It is long ago that you came. Please log in.")
        return self._issue(caller, None, stamp, claims.since)

    def _issue(
        self, caller: Caller, ttl: float | None, stamp: str | None, since: float | None
    ) -> Token:
        config = self._config
        lifetime = config.token_ttl if ttl is None else ttl
        if not 1 <= lifetime <= config.max_token_ttl:
            text = f"A token lasts from 1 to {config.max_token_ttl:.0f} seconds."
            raise Refused(Reason.BAD_REQUEST, text)
        now = int(self._clock())
        claims: dict[str, Any] = {
            "iss": self._addresses.domain,
            "sub": str(caller.address.bare),
            "iat": now,
            "exp": now + int(lifetime),
            "name": caller.name,
            "grants": write_grants(caller.grants),
        }
        if stamp is not None:
            claims["stamp"] = stamp
        if since is not None:
            claims["since"] = int(since)
        text = jwt.encode(claims, self._signing, self._own.algorithm)
        if len(text) > config.max_size:
            raise Refused(Reason.TOO_LARGE, "The token has more grants than fit into it.")
        return Token(text, float(claims["exp"]))

    def verify(self, text: str) -> Caller:
        """Who calls with this token. Raises `Refused(UNAUTHORIZED)`."""
        return self.read(text).caller

    def read(self, text: str) -> Claims:
        """All that a token says, once it is verified. Raises `Refused(UNAUTHORIZED)`."""
        if not text.isascii() or len(text) > self._config.max_size:
            raise _refuse("it is too long or not a token")
        try:
            claims = self._decode(text)
            return self._claims(claims)
        except jwt.ExpiredSignatureError:
            raise _refuse("it has expired") from None
        except jwt.PyJWTError as error:
            raise _refuse(str(error)[:200] or type(error).__name__) from None
        except Refused as refused:  # its subject or names are not canonical
            raise _refuse(refused.text) from None
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise _refuse(str(error)[:200]) from None

    def _holders(self) -> dict[str, _Issuer]:
        pairs = [parse_api_key(text) for text in self._config.api_keys]
        return {name: _Issuer("HS256", secret) for name, secret in pairs}

    def _decode(self, text: str) -> Mapping[str, Any]:
        """Verify the signature by the one key and algorithm of whoever it claims to be from."""
        untrusted = jwt.decode(text, options={"verify_signature": False})
        name = untrusted.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise ValueError("its issuer is unknown")
        claims = jwt.decode(
            text,
            issuer.verifying,
            algorithms=[issuer.algorithm],
            issuer=name,
            options={
                "require": _REQUIRED,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
        self._check_times(claims)
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        """RFC 7519 §4.1.4–4.1.6, by the clock given to us."""
        now, leeway = self._clock(), self._config.leeway
        issued, expires = _number(claims["iat"]), _number(claims["exp"])
        if issued > now + leeway or _number(claims.get("nbf", issued)) > now + leeway:
            raise ValueError("it is not valid yet")
        if expires <= now - leeway:
            raise jwt.ExpiredSignatureError
        if expires - issued > self._config.max_token_ttl:
            raise ValueError("it lasts too long")

    def _claims(self, claims: Mapping[str, Any]) -> Claims:
        address = self._subject(claims["sub"])
        name = claims.get("name", "")
        own = claims["iss"] == self._addresses.domain
        stamp = claims.get("stamp") if own else None
        since = claims.get("since") if own else None
        if not isinstance(name, str) or not isinstance(stamp, str | None):
            raise TypeError("name and stamp must be text")
        expires = _number(claims["exp"])
        caller = Caller(
            address=address,
            name=self._addresses.nickname(name or address.local),
            grants=self._grants(claims.get("grants", {})),
            expires_at=expires + self._config.leeway,
        )
        return Claims(
            caller=caller,
            issued_at=_number(claims["iat"]),
            expires_at=expires,
            stamp=stamp,
            since=None if since is None else _number(since),
        )

    def _subject(self, text: object) -> Address:
        if not isinstance(text, str):
            raise TypeError("sub must be text")
        address = self._addresses.parse(text)
        if address.domain not in (self._addresses.domain, self._addresses.guest("x").domain):
            raise ValueError("its subject is not of this server")
        return address.bare

    def _grants(self, value: object) -> Grants:
        if not isinstance(value, dict):
            raise TypeError("grants must be an object")
        # One that we do not know might be meant to restrict: no guessing.
        if unknown := set(value) - {"rooms", *_FLAGS}:
            raise ValueError(f"unknown grant: {min(unknown)}")
        flags = {flag: value[flag] for flag in _FLAGS if flag in value}
        if not all(isinstance(flag, bool) for flag in flags.values()):
            raise TypeError("grants must be true or false")
        rooms = value.get("rooms")
        if rooms is None:
            return Grants(**flags)
        if not (isinstance(rooms, list) and all(isinstance(room, str) for room in rooms)):
            raise TypeError("grants.rooms must be a list of names")
        return Grants(rooms=frozenset(self._addresses.room(r).local for r in rooms), **flags)


def write_grants(grants: Grants) -> dict[str, Any]:
    """The `grants` claim: all flags, and `rooms` unless it is any room."""
    claim: dict[str, Any] = {flag: getattr(grants, flag) for flag in _FLAGS}
    if grants.rooms is not None:
        claim["rooms"] = sorted(grants.rooms)
    return claim


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("times must be numbers")
    number = float(value)
    if not math.isfinite(number):  # Python's JSON reads NaN, which would never expire
        raise ValueError("times must be finite")
    return number


def _refuse(why: str) -> Refused:
    return Refused(Reason.UNAUTHORIZED, f"The token is not accepted: {why}.")
