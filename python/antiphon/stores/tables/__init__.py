"""The tables, as the newest migration leaves them. Says nothing of who uses them."""

from .accounts import (
    account_changes,
    account_keys,
    accounts,
    avatars,
    invitations,
    profiles,
    resets,
)
from .base import metadata
from .bindings import bindings
from .calls import calls, calls_running
from .contacts import blocks, contact_versions, contacts, last_seen
from .files import files
from .messages import keepings, marks, messages
from .nodes import node_items, nodes, private_data
from .push import push_subscriptions
from .rooms import affiliations, affiliations_by_account, rooms, rooms_by_owner

__all__ = [
    "account_changes",
    "account_keys",
    "accounts",
    "affiliations",
    "affiliations_by_account",
    "avatars",
    "bindings",
    "blocks",
    "calls",
    "calls_running",
    "contact_versions",
    "contacts",
    "files",
    "invitations",
    "keepings",
    "last_seen",
    "marks",
    "messages",
    "metadata",
    "node_items",
    "nodes",
    "private_data",
    "profiles",
    "push_subscriptions",
    "resets",
    "rooms",
    "rooms_by_owner",
]
