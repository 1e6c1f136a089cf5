"""Whom an account knows, and who sees whose presence, as values (the roster of RFC 6121 §2 is one
spelling of it).
"""

from dataclasses import dataclass

from .address import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody in the list of an account, or who asked to be.

    `sees`: the account sees this contact's presence. `seen`: the contact sees the account's.
    `asked`: the account asked to see the contact, who has not answered. `asking`: the contact asked
    and waits for the account's answer; `request` is what they wrote. `approved`: granted before the
    contact asked. `listed`: whether it stands in the list; one that is only `asking` does not.
    """

    address: Address
    name: str = ""
    groups: tuple[str, ...] = ()
    sees: bool = False
    seen: bool = False
    asked: bool = False
    asking: bool = False
    approved: bool = False
    listed: bool = True
    request: str = ""
