import json
import re
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from antiphon.core.address import Address, Addresses
from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Reason, Refused
from antiphon.services.config import TokensConfig
from antiphon.services.normalize import PrecisNormalizer
from antiphon.services.tokens import Tokens

ADDRESSES = Addresses("example.org", PrecisNormalizer())
SECRET = b"node secret of at least 32 bytes!"
API_SECRET = "backend secret of at least 32 bytes"
CONFIG = TokensConfig(api_keys=(f"backend:{API_SECRET}",))
NOW = 1_800_000_000.0
ALICE = Caller(address=ADDRESSES.parse("alice"), name="Alice A.")


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def make(clock: Clock | None = None, **options: Any) -> Tokens:
    return Tokens(ADDRESSES, SECRET, CONFIG, clock=clock or Clock(), **options)


def sign(
    claims: dict[str, Any], secret: Any = SECRET, algorithm: str = "HS256", **headers: Any
) -> str:
    complete = {"iss": "example.org", "sub": "alice@example.org", "iat": NOW, "exp": NOW + 60}
    chosen = {k: v for k, v in (complete | claims).items() if v is not ...}
    # Not by `jwt.encode`, which refuses some of what must be refused by the reader.
    return jwt.api_jws.encode(json.dumps(chosen).encode(), secret, algorithm, headers=headers)


def refused(text: str, tokens: Tokens | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        (tokens or make()).verify(text)
    assert refusal.value.reason is Reason.UNAUTHORIZED
    return refusal.value.text


@pytest.mark.parametrize("signing_key", [None, Ed25519PrivateKey.generate()])
@pytest.mark.parametrize(
    "caller",
    [
        ALICE,
        Caller(address=ADDRESSES.guest("k2"), name="Gast", grants=Grants(create=False)),
        Caller(
            address=ADDRESSES.parse("jürgen"),
            name="Jürgen",
            grants=Grants(
                rooms=frozenset({"standup", "büro"}), publish=False, moderate=True, admin=True
            ),
        ),
        Caller(address=ALICE.address, name="A", grants=Grants(rooms=frozenset())),
    ],
)
def test_a_caller_comes_back(caller: Caller, signing_key: Ed25519PrivateKey | None) -> None:
    tokens = make(signing_key=signing_key)
    token = tokens.issue(caller, 60, stamp="s1")
    assert token.expires_at == NOW + 60
    claims = tokens.read(token.text)
    assert claims.caller == tokens.verify(token.text) == caller
    assert (claims.issued_at, claims.expires_at, claims.stamp) == (NOW, NOW + 60, "s1")
    algorithm = jwt.get_unverified_header(token.text)["alg"]
    assert algorithm == ("EdDSA" if signing_key else "HS256")


def test_claims_are_as_documented() -> None:
    text = make().issue(ALICE).text
    assert jwt.decode(text, options={"verify_signature": False}) == {
        "iss": "example.org",
        "sub": "alice@example.org",
        "iat": NOW,
        "exp": NOW + 24 * 3600,
        "name": "Alice A.",
        "grants": {"publish": True, "moderate": False, "create": True, "admin": False},
    }


def test_a_token_is_renewed_until_its_holder_came_long_ago() -> None:
    clock = Clock()
    tokens = make(clock)
    token = tokens.issue(ALICE, stamp="s1", renewable=True)
    first = tokens.read(token.text)
    assert (first.since, first.caller.expires_at) == (NOW, NOW + 24 * 3600 + CONFIG.leeway)
    clock.now += 3600
    known = Caller(address=ALICE.address, name="Alice B.")
    token = tokens.renew(token.text, known, stamp="s2")
    claims = tokens.read(token.text)
    assert (claims.caller, claims.stamp, claims.since) == (known, "s2", NOW)
    assert token.expires_at == clock.now + 24 * 3600
    while clock.now - NOW < CONFIG.max_token_ttl:
        token = tokens.renew(token.text, known)
        clock.now += 23 * 3600
    with pytest.raises(Refused) as refusal:
        tokens.renew(token.text, known)
    assert refusal.value.reason is Reason.UNAUTHORIZED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (make().issue(ALICE).text, Reason.FORBIDDEN),
        (sign({"since": NOW, "iss": "backend"}, API_SECRET), Reason.FORBIDDEN),
        (make().issue(ALICE, renewable=True).text[:-3] + "AAA", Reason.UNAUTHORIZED),
        (sign({"since": "long ago"}), Reason.UNAUTHORIZED),
        (sign({"since": NOW, "sub": "bob@example.org"}), Reason.FORBIDDEN),
    ],
)
def test_what_is_not_renewed(text: str, reason: Reason) -> None:
    with pytest.raises(Refused) as refusal:
        make().renew(text, ALICE)
    assert refusal.value.reason is reason


def test_a_token_ends() -> None:
    clock = Clock()
    tokens = make(clock)
    token = tokens.issue(ALICE, 60)
    clock.now += 60 + CONFIG.leeway - 1
    tokens.verify(token.text)
    clock.now += 1
    assert "expired" in refused(token.text, tokens)


def test_a_token_from_the_future() -> None:
    make().verify(sign({"iat": NOW + 9}))
    assert "not valid yet" in refused(sign({"iat": NOW + 11}))
    assert "not valid yet" in refused(sign({"nbf": NOW + 11}))


@pytest.mark.parametrize("ttl", [0, -1, 0.5, 367 * 24 * 3600, float("nan"), float("inf")])
def test_lifetimes_that_are_refused(ttl: float) -> None:
    with pytest.raises(Refused) as refusal:
        make().issue(ALICE, ttl)
    assert refusal.value.reason is Reason.BAD_REQUEST


def test_a_holder_of_an_api_key_signs() -> None:
    own = {"iss": "backend", "sub": "Bot", "name": "Bot", "grants": {"rooms": ["Standup"]}}
    claims = make().read(sign(own, API_SECRET))
    assert claims.caller.address == Address("bot", "example.org")
    assert claims.caller.grants == Grants(rooms=frozenset({"standup"}))
    assert make().read(sign(own | {"stamp": "x"}, API_SECRET)).stamp is None
    assert refused(sign(own)), "with the node's secret"
    assert refused(sign({}, API_SECRET)), "in the node's name"
    assert "issuer is unknown" in refused(sign(own | {"iss": "other"}, API_SECRET))


def test_the_algorithm_is_pinned() -> None:
    key = Ed25519PrivateKey.generate()
    with_key = make(signing_key=key)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert refused(sign({}, raw), with_key), "HS256 with the public key as secret"
    assert refused(sign({}), with_key), "HS256 with the node's secret"
    assert refused(sign({}, key, "EdDSA")), "EdDSA to a node without such a key"
    assert refused(sign({}, SECRET * 2, "HS512"))
    assert refused(sign({}, "", "none"))
    head, body, _ = sign({}).split(".")
    none = urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    assert refused(f"{none}.{body}.")
    assert refused(f"{head}.{body}.")


def test_another_secret_or_changed_claims() -> None:
    assert refused(sign({}, b"x" * 32))
    head, _, signature = sign({}).split(".")
    claims = {"iss": "example.org", "sub": "root", "iat": NOW, "exp": NOW + 60}
    body = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert refused(f"{head}.{body}.{signature}")


@pytest.mark.parametrize(
    "claims",
    [
        *({name: ...} for name in ("iss", "sub", "iat", "exp")),
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"iat": float("nan")},
        {"nbf": "x"},
        {"exp": 10**400},
        {"exp": NOW + 400 * 24 * 3600},
        {"iss": ["example.org"]},
        {"iss": "elsewhere.example"},
        {"sub": ""},
        {"sub": 1},
        {"sub": "a b"},
        {"sub": "alice@elsewhere.example"},
        {"sub": "standup@rooms.example.org"},
        {"aud": "another service"},
        {"name": 1},
        {"name": "\x07"},
        {"stamp": 1},
        {"grants": None},
        {"grants": []},
        {"grants": {"admin": 1}},
        {"grants": {"admin": "true"}},
        {"grants": {"fly": True}},
        {"grants": {"rooms": "standup"}},
        {"grants": {"rooms": [1]}},
        {"grants": {"rooms": ["a b"]}},
        {"grants": {"rooms": ["x@elsewhere.example"]}},
    ],
)
def test_claims_that_are_refused(claims: dict[str, Any]) -> None:
    assert refused(sign(claims))


def test_critical_headers_that_we_do_not_know() -> None:
    assert refused(sign({}, crit=["unknown"], unknown=1))  # RFC 7515 §4.1.11


def test_size_is_bounded() -> None:
    rooms = [f"room-{number}" for number in range(2000)]
    assert "too long" in refused(sign({"grants": {"rooms": rooms}}))
    with pytest.raises(Refused) as refusal:
        make().issue(Caller(address=ALICE.address, name="A", grants=Grants(rooms=frozenset(rooms))))
    assert refusal.value.reason is Reason.TOO_LARGE


@given(
    st.one_of(st.text(), st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}", fullmatch=True))
)
def test_garbage_is_refused(text: str) -> None:
    refused(text)


@given(
    st.dictionaries(
        st.sampled_from(["iss", "sub", "iat", "exp", "nbf", "name", "grants", "stamp", "jti"]),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=6), inner, max_size=3)
            ),
        ),
    )
)
def test_signed_nonsense_raises_nothing_but_refused(claims: dict[str, Any]) -> None:
    text = jwt.api_jws.encode(json.dumps(claims).encode(), SECRET, "HS256")
    refused(text)


def test_by_the_real_clock() -> None:
    tokens = Tokens(ADDRESSES, SECRET)
    token = tokens.issue(ALICE)
    assert abs(token.expires_at - time.time() - 24 * 3600) < 60
    assert tokens.verify(token.text) == ALICE


def test_weak_secrets_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(ADDRESSES, b"short")
    with pytest.raises(ValueError, match="32 bytes") as error:
        TokensConfig(api_keys=("backend:hunter2",))
    assert "hunter2" not in str(error.value)
    with pytest.raises(ValueError, match="like the domain"):
        Tokens(ADDRESSES, SECRET, TokensConfig(api_keys=(f"example.org:{API_SECRET}",)))


def test_the_example_of_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "tokens.md").read_text()
    (key,) = re.findall(r'api_keys = \["(.*)"\]', text)
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)
    tokens = Tokens(ADDRESSES, SECRET, TokensConfig(api_keys=(key,)))
    assert tokens.verify(names["token"]) == Caller(
        address=ADDRESSES.parse("ann"),
        name="Ann",
        grants=Grants(rooms=frozenset({"standup"}), create=False),
    )
