"""A request that begins something, with who sends it and for whom: what routing rules judge."""

from dataclasses import dataclass

from antiphon._native import SipRequest
from antiphon.core.address import Address
from antiphon.core.ports import Caller

from .uri import Uri


@dataclass(frozen=True, slots=True)
class Asked:
    """A request outside of any dialog whose sender is known.

    `uri`: its Request-URI. `target`: the account or room of this node that it means; None: somebody
    elsewhere, or a telephone number. `trunk`: name of the trunk that it came from. `instance`: the
    one telephone of the account that it is for (RFC 5627). `is_menu`: the caller shall be asked for
    a room.
    """

    request: SipRequest
    caller: Caller
    uri: Uri
    target: Address | None
    trunk: str = ""
    instance: str = ""
    is_menu: bool = False

    @property
    def method(self) -> str:
        """Of the request."""
        return self.request.method
