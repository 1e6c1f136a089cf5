"""The tables, as the newest migration leaves them. Says nothing of who uses them."""

from .accounts import account_keys, accounts, avatars, invitations, profiles, resets
from .base import metadata
from .bindings import bindings
from .calls import calls, calls_running
from .files import files
from .messages import messages, messages_by_origin
from .push import push_subscriptions
from .rooms import affiliations, affiliations_by_account, rooms, rooms_by_owner

__all__ = [
    "account_keys",
    "accounts",
    "affiliations",
    "affiliations_by_account",
    "avatars",
    "bindings",
    "calls",
    "calls_running",
    "files",
    "invitations",
    "messages",
    "messages_by_origin",
    "metadata",
    "profiles",
    "push_subscriptions",
    "resets",
    "rooms",
    "rooms_by_owner",
]
