"""Accounts made, changed and removed by their owners' clients (XEP-0077)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol
from xml.etree.ElementTree import Element

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused

from .attempts import Attempts
from .feature import Feature, Reply, Request, Serve, StanzaError
from .jid import Jids
from .message import Malformed, element, named, parse, refusal, result, text_of
from .namespaces import REGISTER
from .negotiation import Negotiation
from .reasons import condition_of
from .session import Session

log = logging.getLogger(__name__)

INSTRUCTIONS = "Choose a name and a password."
# Accounts that one network address may make: five, and another one each twelve minutes.
MADE, MADE_TIME = 5, 720.0
MAKING = "new accounts"


class Accounts(Protocol):
    """The accounts of the node (`services/accounts`). Its refusals are `Refused`."""

    async def create(self, address: Address, password: str) -> object:
        """Make one."""

    async def set_password(self, address: Address, password: str) -> object:
        """Give another password."""

    async def remove(self, address: Address) -> bool:
        """Delete, with all that is kept of it."""


def form(*, registered: str | None = None) -> Element:
    """What is to be filled in; `registered`: the name of an account that there is."""
    known = [] if registered is None else [element("registered", REGISTER)]
    name = element("username", REGISTER, *([] if registered is None else [registered]))
    said = element("instructions", REGISTER, INSTRUCTIONS)
    return element("query", REGISTER, *known, said, name, element("password", REGISTER))


class Registrar:
    """Makes accounts for those who have not logged in (`hub.Registrar`)."""

    def __init__(self, accounts: Accounts, jids: Jids, *, touched: Callable[[], None]) -> None:
        """`touched` is called when something was sent."""
        self._accounts = accounts
        self._jids = jids
        self._loop = asyncio.get_running_loop()
        self._made = Attempts(MADE, MADE_TIME)
        self._running: set[asyncio.Task[None]] = set()
        self._touched = touched

    async def close(self) -> None:
        """Finish what is under way."""
        await asyncio.gather(*self._running, return_exceptions=True)

    def requested(self, stream: Negotiation, stanza: Stanza) -> None:
        """Answer one request; the stream goes on when it is answered."""
        if stanza.type == "get":
            stream.wire.send(result(stanza, None, form()))
            stream.wire.resume()
        elif stanza.type == "set":
            task = self._loop.create_task(self._register(stream, stanza))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        else:
            stream.wire.resume()

    async def _register(self, stream: Negotiation, stanza: Stanza) -> None:
        try:
            name, password = credentials(stanza)
            if not self._made.allows(stream.peer, MAKING, self._loop.time()):
                raise StanzaError("resource-constraint", "Too many accounts were made from here.")
            address = self._jids.addresses.parse(name)
            # Counted before, and whatever comes of it: several may be made at once, and a name that
            # is taken tells as much as one that is not.
            self._made.failed(stream.peer, MAKING, self._loop.time())
            await self._accounts.create(address, password)
            stream.wire.send(result(stanza, None))
        except StanzaError as error:
            stream.wire.send(refusal(stanza, None, error.condition, error.text))
        except Refused as refused:
            # XEP-0077 §3.1: what is missing or will not do is not acceptable.
            bad = refused.reason is Reason.BAD_REQUEST
            condition = "not-acceptable" if bad else condition_of(refused.reason)
            stream.wire.send(refusal(stanza, None, condition, refused.text))
        except Exception:
            log.exception("an account could not be made")
            stream.wire.send(refusal(stanza, None, "internal-server-error"))
        stream.wire.resume()
        self._touched()


class Registration(Feature):
    """What the owner of an account may do with it: another password, and its end."""

    xep = "XEP-0077"
    namespaces = (REGISTER,)

    def __init__(self, accounts: Accounts, leaving: set[Session]) -> None:
        """`leaving`: sessions that do not end with their log-ins: that of a new password goes on,
        that of an account which is gone ends by itself.
        """
        self._accounts = accounts
        self._leaving = leaving

    def requests(self) -> Iterable[Serve]:
        """The form, and what is filled in."""
        yield Serve("get", "query", REGISTER, self._get)
        yield Serve("set", "query", REGISTER, self._set)

    def _get(self, request: Request) -> Reply:
        return form(registered=request.own.local)

    def _set(self, request: Request) -> Coroutine[Any, Any, Reply]:
        if request.own.is_guest:
            raise StanzaError("not-allowed", "Guests have no account.")
        query = request.payload()
        if named(query, "remove") is not None:
            if len(query) > 1:
                raise StanzaError("bad-request", "An account is removed, or changed.")
            return self._remove(request)
        name, password = text_of(query, "username"), text_of(query, "password")
        if not name or not password:
            raise StanzaError("bad-request", "A name and a password are needed.")
        return self._change(request, name, password)

    async def _change(self, request: Request, name: str, password: str) -> Reply:
        """XEP-0077 §3.3: only one's own."""
        if name.casefold() != request.own.local.casefold():
            raise StanzaError("not-allowed", "That is not your name.")
        self._leaving.add(request.session)  # the others must log in anew
        try:
            await self._accounts.set_password(request.own, password)
        finally:
            self._leaving.discard(request.session)
        return None

    async def _remove(self, request: Request) -> Reply:
        """XEP-0077 §3.2; all sessions of the account end with it, this one once it was told."""
        session = request.session
        self._leaving.add(session)
        try:
            await self._accounts.remove(request.own)
        finally:
            asyncio.get_running_loop().call_soon(self._leave, session)
        return None

    def _leave(self, session: Session) -> None:
        self._leaving.discard(session)
        session.close("not-authorized", "The account is gone.")


def credentials(stanza: Stanza) -> tuple[str, str]:
    """Name and password of a request. Raises `StanzaError`."""
    try:
        query = parse(stanza.child(Kid.REGISTER) or b"")
    except Malformed as malformed:
        raise StanzaError("bad-request", str(malformed)) from None
    name, password = text_of(query, "username"), text_of(query, "password")
    if not name or not password:
        raise StanzaError("not-acceptable", "A name and a password are needed.")
    return name, password
