"""How addresses and texts are written in columns; says nothing of tables."""

from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused


def read_address(text: str) -> Address:
    """The address that `str(address)` wrote: a canonical local part has neither `@` nor `/`."""
    bare, _, device = text.partition("/")
    local, _, domain = bare.rpartition("@")
    return Address(local, domain, device)


def check_text(what: str, text: str, limit: int) -> None:
    """Refuse text that not every database can keep, or that is longer than `limit` bytes."""
    if "\0" in text:
        raise Refused(Reason.BAD_REQUEST, f"{what} contains a NUL character")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Refused(Reason.BAD_REQUEST, f"{what} is not valid Unicode") from None
    if size > limit:
        raise Refused(Reason.TOO_LARGE, f"{what} has {size} bytes; the limit is {limit}")
