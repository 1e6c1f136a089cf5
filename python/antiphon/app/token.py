"""`antiphon token`: a signed token, made with the node's secret; no node needs to run."""

import argparse
import sys

from antiphon.core.address import Addresses
from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Refused
from antiphon.services.normalize import PrecisNormalizer
from antiphon.services.secrets import node_secret
from antiphon.services.tokens import Tokens

from .config import Config
from .options import read_config

GRANTS = ("publish", "create", "moderate", "admin")
WORDS = {"": True, "true": True, "false": False}


def run(options: argparse.Namespace) -> int:
    """Print the token; returns the exit code."""
    config = read_config(options)
    addresses = Addresses(config.node.domain, PrecisNormalizer())
    try:
        grants = read_grants(options.grant, options.room, addresses)
    except ValueError as error:
        print(f"antiphon: --grant: {error}", file=sys.stderr)
        return 2
    except Refused as refused:
        print(f"antiphon: --room: {refused.text}", file=sys.stderr)
        return 2
    try:
        address = addresses.parse(options.identity).bare
        name = addresses.nickname(options.name or address.local)
        caller = Caller(address=address, name=name, grants=grants)
        print(open_tokens(config, addresses).issue(caller, options.ttl).text)
    except Refused as refused:
        print(f"antiphon: {refused.text}", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"antiphon: {error}", file=sys.stderr)
        return 1
    return 0


def open_tokens(config: Config, addresses: Addresses) -> Tokens:
    """The node's signer. Raises OSError or ValueError when there is no secret to be had."""
    secret = config.auth.secret.encode() or node_secret(config.node.data)
    return Tokens(addresses, secret, config.tokens)


def read_grants(grants: list[str], rooms: list[str] | None, addresses: Addresses) -> Grants:
    """`moderate`, `publish=false` … over the defaults. Raises ValueError or `Refused`."""
    flags: dict[str, bool] = {}
    for item in (item.strip() for text in grants for item in text.split(",")):
        name, _, word = item.partition("=")
        if name not in GRANTS or word.lower() not in WORDS:
            raise ValueError(f"expected one of {', '.join(GRANTS)}, or NAME=false, got {item!r}")
        flags[name] = WORDS[word.lower()]
    names = None if rooms is None else frozenset(addresses.room(room).local for room in rooms)
    return Grants(rooms=names, **flags)
