"""SCRAM from the server's side (RFC 5802, RFC 7677), with and without channel binding (RFC 5929,
RFC 9266). See `sasl` for how mechanisms work.
"""

import base64
import binascii
import hashlib
import hmac
import re

from .sasl import (
    AskKeys,
    Challenge,
    Exchange,
    SaslFailure,
    ScramKeys,
    Setting,
    Success,
    check_authorization,
    initial_of,
    text_of,
    unescape_name,
)

# RFC 5802 §7: printable ASCII without commas.
_NONCE = re.compile(r"[!-+\--~]{1,1024}")


def scram(setting: Setting, data: bytes | None, *, hash_name: str, bound: bool) -> Exchange:
    """One log-in. `bound`: the mechanism is a -PLUS one."""
    message = text_of((yield from initial_of(data)))
    flag, wanted, bare = _split_first(message)
    binding = _binding(setting, flag, bound)
    name, client_nonce = _parse_first(bare)
    keys: ScramKeys = yield AskKeys(name, hash_name)
    nonce = client_nonce + setting.nonce()
    salt = base64.b64encode(keys.salt).decode()
    server_first = f"r={nonce},s={salt},i={keys.iterations}"
    final = text_of((yield Challenge(server_first.encode())))

    without_proof, proof = _split_final(final)
    attributes = without_proof.split(",")
    header = message[: len(message) - len(bare)].encode()
    expected = base64.b64encode(header + binding).decode()
    if len(attributes) < 2 or attributes[1] != f"r={nonce}":
        raise SaslFailure("not-authorized", "The nonce is not the one of this log-in.")
    if attributes[0] != f"c={expected}":
        raise SaslFailure("not-authorized", "The channel bindings do not match.")

    said = f"{bare},{server_first},{without_proof}".encode()
    signature = hmac.digest(keys.stored_key, said, hash_name)
    if len(proof) != len(signature):
        raise SaslFailure("malformed-request")
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    found = hashlib.new(hash_name, client_key).digest()
    proved = hmac.compare_digest(found, keys.stored_key)
    if not proved or keys.identity is None:
        raise SaslFailure("not-authorized")
    check_authorization(wanted, keys.identity)
    answer = hmac.digest(keys.server_key, said, hash_name)
    return Success(keys.identity, b"v=" + base64.b64encode(answer))


def _split_first(message: str) -> tuple[str, str, str]:
    """(channel-binding flag, authorization identity, the bare message) of a first message."""
    parts = message.split(",", 2)
    if len(parts) != 3:
        raise SaslFailure("malformed-request")
    flag, authorization, bare = parts
    if authorization and not authorization.startswith("a="):
        raise SaslFailure("malformed-request")
    return flag, unescape_name(authorization[2:]), bare


def _binding(setting: Setting, flag: str, bound: bool) -> bytes:
    """The data of the channel that the client binds to; none if it does not.

    RFC 5802 §6: a client that would have, but was not offered it, has been talked out of it by
    somebody between us.
    """
    if bound:
        kind = flag.removeprefix("p=")
        if kind == flag:
            raise SaslFailure("malformed-request", "This mechanism needs a channel binding.")
        if kind not in setting.bindings:
            raise SaslFailure("not-authorized", "That channel binding is not offered.")
        return setting.bindings[kind]
    if flag == "y" and setting.bindings:
        raise SaslFailure("not-authorized", "Channel binding is offered here.")
    if flag not in ("n", "y"):
        raise SaslFailure("malformed-request")
    return b""


def _parse_first(bare: str) -> tuple[str, str]:
    """(name, nonce). Further attributes are extensions, which may be ignored; `m` may not."""
    attributes = bare.split(",")
    if len(attributes) < 2 or not attributes[0].startswith("n="):
        raise SaslFailure("malformed-request")
    name = unescape_name(attributes[0][2:])
    nonce = attributes[1].removeprefix("r=")
    if not name or nonce == attributes[1] or _NONCE.fullmatch(nonce) is None:
        raise SaslFailure("malformed-request")
    return name, nonce


def _split_final(final: str) -> tuple[str, bytes]:
    """(all but the proof, the proof) of the last message."""
    without, mark, proof = final.rpartition(",p=")
    try:
        if mark:
            return without, base64.b64decode(proof, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise SaslFailure("malformed-request")
