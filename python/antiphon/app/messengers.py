"""XMPP on this node: its sockets, its server, who may log in, and the router of its stanzas. Parts
are joined here; what they do is theirs.
"""

import base64
import hashlib
import logging
import secrets
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from starlette.routing import BaseRoute, Route

from antiphon.core.address import Address, Addresses
from antiphon.core.people import Contacts, Messages
from antiphon.core.ports import Authenticator, Caller, Grants, IceServers, Presence, Rooms
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Switchboard
from antiphon.net.gate import Gate
from antiphon.net.streams import StreamDriver, StreamHandler
from antiphon.protocols.http.resources.auth import caller_of
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.house import House
from antiphon.protocols.xmpp.registration import Registrar, Registration
from antiphon.protocols.xmpp.sasl import (
    AskKeys,
    AskPassword,
    AskToken,
    Identity,
    Question,
    ScramKeys,
)
from antiphon.protocols.xmpp.server import Doors, XmppServer
from antiphon.services.accounts import Accounts
from antiphon.services.keys import SCRAM_HASHES, split_scram
from antiphon.services.login_keys import LoginKeys
from antiphon.stores.records import Account

from .config import Config
from .messaging import create_house
from .people import People
from .xmpp_rooms import add_rooms

log = logging.getLogger(__name__)

_KINDS = {name: kind for kind, name in SCRAM_HASHES.items()}


class Logins:
    """Who may log in by XMPP (`protocols.xmpp.hub.Directory`)."""

    def __init__(
        self,
        addresses: Addresses,
        accounts: Accounts,
        login_keys: LoginKeys,
        authenticator: Authenticator,
    ) -> None:
        self._addresses = addresses
        self._accounts = accounts
        self._login_keys = login_keys
        self._authenticator = authenticator

    @property
    def hashes(self) -> frozenset[str]:
        """Of SCRAM keys that are kept."""
        return frozenset(SCRAM_HASHES[kind] for kind in self._login_keys.kinds)

    async def answer(self, question: Question) -> Identity | ScramKeys | None:
        """See the questions. Raises `Refused`."""
        if isinstance(question, AskKeys):
            return await self._keys(question)
        if isinstance(question, AskPassword):
            address = self._address(question.name)
            return _identity(await self._accounts.authenticate(address, question.password))
        if isinstance(question, AskToken):
            return await self._token(question.token)
        unique = base64.b32encode(secrets.token_bytes(10)).decode().lower()
        guest = self._addresses.guest(unique)
        return Identity(Caller(address=guest, name=f"guest-{unique[:4]}", grants=Grants()))

    async def _keys(self, question: AskKeys) -> ScramKeys:
        login = await self._login_keys.of(self._address(question.name))
        key = login.keys[_KINDS[question.hash]]
        stored, server = split_scram(key)
        identity = None if login.account is None else _identity(login.account)
        return ScramKeys(identity, key.salt, key.iterations, stored, server)

    async def _token(self, token: str) -> Identity | None:
        caller = await self._caller(token)
        if caller is None or caller.is_confined:
            return None  # a session of XMPP is all of the account
        account = await self._accounts.find(caller.address)
        if account is None:
            return Identity(caller, expires_at=caller.expires_at)
        if await self._caller(token) is None:  # it was voided just before that
            return None
        return Identity(caller, account.limits.sessions, account.stamp, caller.expires_at)

    async def _caller(self, token: str) -> Caller | None:
        try:
            return await self._authenticator.verify(token)
        except Refused as refused:
            if refused.reason is Reason.UNAUTHORIZED:
                return None
            raise

    def _address(self, name: str) -> Address:
        """What has no canonical form is nobody's name, and is looked up like any other."""
        try:
            return self._addresses.parse(name).bare
        except Refused:
            return Address(name[:64], self._addresses.domain)


class Messengers:
    """See the module."""

    def __init__(
        self,
        config: Config,
        *,
        driver: StreamDriver,
        gate: Gate,
        certified: bool,
        secret: bytes,
        switchboard: Switchboard,
        accounts: Accounts,
        people: People,
        authenticator: Authenticator,
        presence: Presence,
        contacts: Contacts,
        messages: Messages,
        rooms: Rooms,
        ice_servers: IceServers,
        version: str,
        features: Iterable[Callable[[House], Feature]] = (),
    ) -> None:
        """`certified`: there is a certificate; `features`: those of plug-ins."""
        addresses = switchboard.addresses
        self._accounts = accounts
        self._unwatch: Callable[[], None] = _nothing
        self.server = server = XmppServer(
            addresses=addresses,
            directory=Logins(addresses, accounts, people.login_keys, authenticator),
            driver=driver,
            gate=gate,
            config=config.xmpp,
            limits=config.xmpp_limits,
            certified=certified,
            encrypted=not config.dev,
            guests=config.dev and config.auth.guests,
            registration=config.auth.registration,
            proxies=config.http.trusted_proxies,
        )
        self.house = create_house(
            config,
            server,
            switchboard=switchboard,
            presence=presence,
            contacts=contacts,
            messages=messages,
            accounts=accounts,
            people=people,
            ice_servers=ice_servers,
            version=version,
            features=features,
        )
        self.rooms = add_rooms(
            config,
            server,
            self.house,
            switchboard=switchboard,
            messages=messages,
            rooms=rooms,
            secret=_secret(secret),
        )
        router = self.house.router
        if config.auth.registration:
            router.add(Registration(accounts, server.leaving))
        self._registrar = Registrar(accounts, server.hub.jids, touched=driver.touched)
        server.join(router, self._registrar, router)

    def open(self, doors: Doors) -> None:
        """Serve sockets."""
        self.server.open(doors)
        self._unwatch = self._accounts.watch_voided(self.server.void)

    async def close(self) -> None:
        """End all streams, and wait for what was asked for in them."""
        self._unwatch()
        await self.server.close()
        await self._registrar.close()
        await self.rooms.close()
        await self.house.close()

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """What runs beside it."""
        return self.server.tasks()

    def drain(self) -> None:
        """Let all clients go: the node stops."""
        self.server.drain()

    def routes(self) -> list[BaseRoute]:
        """Of the web listeners."""
        if (path := self.server.paths.get("bosh")) is None:
            return []
        return [Route(path, self.server.http_bind.handle, methods=["GET", "POST", "OPTIONS"])]

    @property
    def websockets(self) -> dict[str, StreamHandler]:
        """Paths of the web listeners that are streams."""
        path = self.server.paths.get("ws")
        return {} if path is None else {path: self.server.websockets}

    @property
    def links(self) -> dict[str, str]:
        """For `/.well-known/host-meta` (XEP-0156)."""
        paths, relation = self.server.paths, "urn:xmpp:alt-connections:"
        links = {}
        if "ws" in paths:
            links[f"{relation}websocket"] = f"ws:{paths['ws']}"
        if "bosh" in paths:
            links[f"{relation}xbosh"] = paths["bosh"]
        return links


def _secret(secret: bytes) -> bytes:
    """A key of XMPP's own, made of the node's: it lasts as long as that."""
    return hashlib.blake2b(secret[:64], digest_size=32, person=b"antiphon xmpp").digest()


def _nothing() -> None:
    """It is not open."""


def _identity(account: Account) -> Identity:
    return Identity(caller_of(account), account.limits.sessions, account.stamp)
