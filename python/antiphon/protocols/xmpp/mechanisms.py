"""Which SASL mechanisms a stream offers, the best first."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import MappingProxyType

from .sasl import Exchange, Setting, anonymous, bearer, plain
from .scram import scram

Mechanism = Callable[[Setting, bytes | None], Exchange]

HASHES: Mapping[str, str] = MappingProxyType(
    {"SCRAM-SHA-512": "sha512", "SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
)
PLUS = "-PLUS"
PLAIN, BEARER, ANONYMOUS = "PLAIN", "OAUTHBEARER", "ANONYMOUS"


def offered(
    *, hashes: Collection[str], bound: bool, exposed: bool, guests: bool
) -> Mapping[str, Mechanism]:
    """Name → mechanism. `hashes`: those that SCRAM keys are kept for; `bound`: there is a channel
    to bind to; `exposed`: passwords and tokens may be sent as they are.
    """
    found: dict[str, Mechanism] = {}
    kept = [(name, hash_name) for name, hash_name in HASHES.items() if hash_name in hashes]
    if bound:
        for name, hash_name in kept:
            found[name + PLUS] = partial(scram, hash_name=hash_name, bound=True)
    for name, hash_name in kept:
        found[name] = partial(scram, hash_name=hash_name, bound=False)
    if exposed:
        found[BEARER] = bearer
        found[PLAIN] = plain
    if guests:
        found[ANONYMOUS] = anonymous
    return found
