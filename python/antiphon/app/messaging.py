"""Instant messaging over XMPP, joined with the services of this node. Parts are joined here; what
they do is theirs.
"""

from collections.abc import Callable, Iterable

from antiphon.core.address import Address
from antiphon.core.people import Contacts, Messages
from antiphon.core.ports import IceServers, Presence
from antiphon.core.switchboard import Switchboard
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.house import House, Services
from antiphon.protocols.xmpp.server import XmppServer
from antiphon.services.accounts import Accounts

from .config import Config
from .people import People


class AccountKeeper:
    """What administrators do to accounts by XMPP (`features.administration.AccountCare`)."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def add(self, account: Address, password: str, name: str) -> None:
        """Make an account."""
        await self._accounts.create(account, password, name=name)

    async def change_password(self, account: Address, password: str) -> None:
        """Give it another password."""
        await self._accounts.set_password(account, password)

    async def disable(self, account: Address, disabled: bool) -> None:
        """Lock it, or unlock it."""
        await self._accounts.update(account, disabled=disabled)

    async def remove(self, account: Address) -> None:
        """Delete it with all that is kept of it."""
        await self._accounts.remove(account)


def create_house(
    config: Config,
    server: XmppServer,
    *,
    switchboard: Switchboard,
    presence: Presence,
    contacts: Contacts,
    messages: Messages,
    accounts: Accounts,
    people: People,
    ice_servers: IceServers,
    version: str,
    features: Iterable[Callable[[House], Feature]] = (),
) -> House:
    """The house of an XMPP server, known to the switchboard as a way to reach people. `features`:
    those of plug-ins.
    """
    house = House(
        server.hub.jids,
        server.fan,
        Services(
            exchange=switchboard,
            presence=presence,
            contacts=contacts,
            messages=messages,
            nodes=people.nodes,
            private=people.nodes,
            profiles=people.profiles,
            files=people.files,
            ice_servers=ice_servers,
            care=AccountKeeper(accounts),
            version=version,
            contact=_contact(config),
        ),
    )
    for make in features:
        house.router.add(make(house))
    switchboard.add_reach(house.reach)
    return house


def _contact(config: Config) -> dict[str, tuple[str, ...]]:
    """XEP-0157: kind of address → URIs."""
    found: dict[str, list[str]] = {}
    for text in config.xmpp.contact:
        kind, _, uri = text.partition("=")
        found.setdefault(f"{kind}-addresses", []).append(uri)
    return {name: tuple(uris) for name, uris in found.items()}
