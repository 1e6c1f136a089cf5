"""Addresses for guests: each is new, so that no two are ever the same person."""

import base64
import secrets

from antiphon.core.address import Address

from .context import HttpContext


def new_guest(context: HttpContext) -> Address:
    """An address that nobody had before."""
    unique = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return context.addresses.guest(unique)
