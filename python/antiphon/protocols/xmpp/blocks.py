"""Who must not reach whom: the errors of blocking (XEP-0191 §3.6), the same for all stanzas."""

from typing import Protocol

from antiphon.core.address import Address

from .feature import StanzaError

BLOCKED = b"<blocked xmlns='urn:xmpp:blocking:errors'/>"


class BlockList(Protocol):
    """Whom accounts block (`core.people.Contacts`)."""

    def blocks(self, account: Address, other: Address) -> bool | None:
        """Whether `account` blocks `other`; None where that is not known without asking."""

    def blocks_devices(self, device: Address) -> bool:
        """Whether anybody blocks just this device, or its account just some of others."""


def refused_by_block(lists: BlockList, sender: Address, to: Address) -> StanzaError | None:
    """Why a stanza must not go from one to the other, if it must not. Where `sender` is a device,
    it alone may be blocked (XEP-0191 §5).
    """
    if lists.blocks(sender.bare, to):
        return own_block()
    if lists.blocks(to.bare, sender):
        # The same as if there were nobody: whom somebody blocks is theirs to know.
        return StanzaError("service-unavailable")
    return None


def own_block() -> StanzaError:
    """Nothing is sent to those whom one blocks oneself."""
    return StanzaError("not-acceptable", "You block this address.", kind="cancel", extra=BLOCKED)
