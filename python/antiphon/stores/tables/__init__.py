"""The tables, as the newest migration leaves them. Says nothing of who uses them."""

from .accounts import account_keys, accounts
from .base import metadata
from .bindings import bindings
from .calls import calls, calls_running
from .messages import messages, messages_by_origin
from .rooms import rooms

__all__ = [
    "account_keys",
    "accounts",
    "bindings",
    "calls",
    "calls_running",
    "messages",
    "messages_by_origin",
    "metadata",
    "rooms",
]
