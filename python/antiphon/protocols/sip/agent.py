"""The user agent: calls of telephones into rooms and to people, and calls to telephones.

It keeps who is in a call, within limits, finds telephones for the switchboard, and ends everything
when the node stops. What a call does is `calling`'s and `rung`'s.
"""

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from antiphon._native import SipFlow, SipRequest
from antiphon.core import event as events
from antiphon.core.address import ROOMS, Address
from antiphon.core.call import CallInfo
from antiphon.core.media import PhoneSessions
from antiphon.core.message import Message
from antiphon.core.ports import Caller, Device, Reach, Rooms, RoomSettings
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Switchboard

from . import fields
from .asked import Asked
from .calling import Calling
from .dialog import DialogId
from .header import parse_replaces
from .leg import Home, Times
from .location import Binding, Location
from .moving import Mover
from .outgoing import Way
from .party import Party
from .reason import status_of
from .replacing import joining, replacing
from .rung import Rung
from .stack import Stack
from .transfer import Transfers
from .uri import MalformedError, Uri, parse_uri

log = logging.getLogger(__name__)

# How long hanging up may take when the node stops (s).
DRAIN_TIME = 5.0

# Contacts of a redirection that are followed.
REDIRECTS = 5
# Wrong PINs of one caller, over all of its calls, until it must wait for one to be forgotten (s).
GUESSES = 10
GUESS_TIME = 600.0

Messenger = Callable[[Binding, Address, events.MessageReceived], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLimits:
    """How many calls there may be at once."""

    calls: int = 5000
    calls_per_account: int = 50


class Agent(Reach):
    """See the module. `messenger` brings a text message to a registered telephone, `says` what was
    written in a room to one in it; `menu`: the user part of the address under which telephones are
    asked for a room; `name_of`: how an account is called.
    """

    def __init__(
        self,
        stack: Stack,
        *,
        switchboard: Switchboard,
        phones: PhoneSessions,
        rooms: Rooms,
        location: Location,
        times: Times | None = None,
        limits: AgentLimits | None = None,
        messenger: Messenger | None = None,
        says: Callable[[Party, Message], None] | None = None,
        menu: str = "",
        name_of: Callable[[Address], str] = lambda account: account.local,
    ) -> None:
        self.switchboard = switchboard
        self.home = Home(stack=stack, phones=phones, times=times or Times())
        self.counters: Counter[str] = Counter()
        self._stack = stack
        self._rooms = rooms
        self._location = location
        self._limits = limits or AgentLimits()
        self._messenger = messenger
        self._says = says
        self._menu = menu
        self._name_of = name_of
        self._parties: set[Party] = set()
        self._per_account: Counter[Address] = Counter()
        self._by_call_id: dict[str, tuple[Party, ...]] = {}
        self._by_call: dict[str, set[Party]] = {}
        self._guesses: Counter[Address] = Counter()
        self._draining = False
        self.transfers = Transfers(self)
        self._unreach = switchboard.add_reach(self)

    @property
    def calls(self) -> int:
        """How many telephones are in calls."""
        return len(self._parties)

    def call_ids(self, call: str) -> set[str]:
        """The Call-IDs of the dialogs of a call, as far as they are there."""
        return {party.leg.dialog.call_id for party in self._by_call.get(call, ())}

    # telephones that call

    def invited(self, asked: Asked) -> None:
        """An INVITE outside of dialogs."""
        request = asked.request
        self.counters["invited"] += 1
        try:
            caller = self._caller(asked)
            party = Calling(self, asked, caller)
        except MalformedError as error:
            self._stack.reply(request, 400, headers=fields.warning(error))
            return
        try:
            self.admit(party)
        except Refused as refused:
            self.counters["refused"] += 1
            retry = [("Retry-After", "10")] if refused.reason is Reason.DRAINING else []
            party.leg.refuse(status_of(refused.reason), refused.reason, refused.text, retry)
            return
        self.add(party)
        party.begin(asked)

    def admit(self, party: Party) -> None:
        """Whether there is place for another call of a party. Raises `Refused`."""
        if self._draining:
            raise Refused(Reason.DRAINING, "This server is about to stop. Please try again.")
        own = self._per_account[party.caller.address.bare]
        if own >= self._limits.calls_per_account or len(self._parties) >= self._limits.calls:
            raise Refused(Reason.TOO_MANY, "There are too many calls now.")

    def add(self, party: Party) -> None:
        """A call has begun."""
        party.gone = self._gone
        party.refers = self.transfers.referred
        if self._says is not None:
            party.says = self._says
        party.leg.reroute = partial(self._reroute, party)
        self._parties.add(party)
        self._per_account[party.caller.address.bare] += 1
        call_id = party.leg.dialog.call_id
        self._by_call_id[call_id] = (*self._by_call_id.get(call_id, ()), party)
        party.recalled = self._recalled
        self._recalled(party, None)

    def _recalled(self, party: Party, former: str | None) -> None:
        """A party is in another call, or in none any more."""
        if former is not None and (parties := self._by_call.get(former)) is not None:
            parties.discard(party)
            if not parties:
                del self._by_call[former]
        if party.call is not None and party in self._parties:
            self._by_call.setdefault(party.call, set()).add(party)

    def _reroute(self, party: Party) -> SipFlow | None:
        """Where a telephone is now whose connection was lost: by its registration, or its URI."""
        address = party.caller.address
        for binding in self._location.bindings(address.bare):
            if self.telephone(address, binding.device) == address:
                return binding.flow
        return party.leg.dial()

    def _gone(self, party: Party) -> None:
        if party not in self._parties:
            return
        self._parties.remove(party)
        self._recalled(party, party.call)
        account = party.caller.address.bare
        self._per_account[account] -= 1
        if not self._per_account[account]:
            del self._per_account[account]
        call_id = party.leg.dialog.call_id
        left = tuple(one for one in self._by_call_id[call_id] if one is not party)
        if left:
            self._by_call_id[call_id] = left
        else:
            del self._by_call_id[call_id]

    def find(self, dialog: DialogId) -> Party | None:
        """The party whose dialog has this name, seen from our side."""
        for party in self._by_call_id.get(dialog.call_id, ()):
            if party.leg.dialog.id == dialog:
                return party
        return None

    def party_of(self, device: Address) -> Party | None:
        """The party that goes by this address (with a device) now."""
        same = (one for one in self._parties if one.caller.address.bare == device.bare)
        return next((one for one in same if self.place_of(one) == device), None)

    @staticmethod
    def place_of(party: Party) -> Address:
        """The address by which a telephone in a call can be called into another room."""
        return party.caller.address.bare.on(_short("call", party.leg.dialog.call_id))

    def replaced_by(self, request: SipRequest) -> Callable[[Calling], Awaitable[None]] | None:
        """What to do for an INVITE with Replaces (RFC 3891) or Join (RFC 3911); None: it has
        neither. Raises `Refused` and `MalformedError`.
        """
        if (text := request.get("replaces")) is not None:
            return replacing(self, parse_replaces(text))
        if (text := request.get("join")) is not None:
            return joining(self, parse_replaces(text))
        return None

    # rooms

    def is_menu(self, asked: Asked) -> bool:
        """Whether a telephone calls to be asked for a room."""
        here = self.switchboard.addresses.domain
        return asked.is_menu or (
            asked.target is not None
            and bool(self._menu)
            and asked.target == Address(self._menu, here)
        )

    async def room_settings(self, room: str) -> RoomSettings:
        """What is stored of a room, or how one that is not would be."""
        name = self.switchboard.addresses.room(room).local
        return await self._rooms.find(name) or RoomSettings(name=name)

    async def is_room(self, name: str) -> bool:
        """Whether there is a room of that name now, or a stored one."""
        try:
            room = self.switchboard.addresses.room(name).local
        except Refused:
            return False
        return self.switchboard.find(room) is not None or await self._rooms.find(room) is not None

    # telephones that are called (core.ports.Reach)

    async def devices(self, caller: Caller, callee: Address) -> Sequence[Device]:
        """The registered telephones of an account; or one that is in a call, to be moved."""
        if callee.device and (party := self.party_of(callee)) is not None:
            return [Mover(self.switchboard, party, callee)]
        return self._telephones(callee)

    def present(self, account: Address) -> Sequence[Device]:
        """The registered telephones of an account, or the one that is named."""
        if not account.device:
            return self._telephones(account)
        return [one for one in self._telephones(account) if one.address == account]

    def _telephones(self, callee: Address) -> Sequence[Device]:
        bindings = self._location.bindings(callee)
        if not bindings or callee.domain != self.switchboard.addresses.domain:
            return ()
        found: dict[Address, list[tuple[Binding, Way]]] = {}
        for binding in bindings:
            # RFC 5626 §5.1: several bindings of one instance are ways to one telephone.
            if (way := _way(binding)) is not None:
                telephone = self.telephone(callee, binding.device)
                found.setdefault(telephone, []).append((binding, way))
        return [self._rung(address, ways) for address, ways in found.items()]

    @staticmethod
    def telephone(account: Address, name: str) -> Address:
        """The address of a telephone of an account, which stays with it (its instance or URI)."""
        return account.bare.on(_short("sip", name))

    def _rung(self, address: Address, ways: Sequence[tuple[Binding, Way]]) -> Rung:
        caller = Caller(address=address, name=self._name_of(address.bare))
        message = partial(self._deliver, address, ways[0][0])
        return Rung(self, address, caller, [way for _, way in ways], messages=message)

    def _deliver(self, device: Address, binding: Binding, event: events.MessageReceived) -> None:
        if self._messenger is not None:
            self._messenger(binding, device, event)

    async def redirected(self, call: CallInfo, uris: Sequence[Uri]) -> None:
        """A telephone sends its calls to others (3xx): accounts of this node are rung in its place;
        where somebody else would have to pay, nobody is.
        """
        caller = Caller(address=call.caller, name=call.caller_name)
        for uri in uris[:REDIRECTS]:
            if not self.is_here(uri) or not uri.user:
                continue
            # One that is no address, or comes too late, does not spoil the others.
            with suppress(Refused):
                account = self.switchboard.addresses.parse(f"{uri.user}@{self.domain_of(uri)}")
                for device in await self.devices(caller, account):
                    self.switchboard.invite(call.id, device)

    def is_here(self, uri: Uri) -> bool:
        """Whether a URI is of this node: its domain, its rooms, or a listener."""
        domain = self.switchboard.addresses.domain
        ours = {listener.host for listener in self._stack.listeners}
        return uri.host in (domain, f"{ROOMS}{domain}") or uri.host.strip("[]") in ours

    def domain_of(self, uri: Uri) -> str:
        """The domain of an address that a URI of this node names."""
        domain = self.switchboard.addresses.domain
        return uri.host if uri.host in (domain, f"{ROOMS}{domain}") else domain

    def _caller(self, asked: Asked) -> Caller:
        """Who calls, with the telephone it calls from, so that this one is not rung."""
        caller = asked.caller
        if asked.trunk or caller.address.device:
            return caller
        request = asked.request
        bindings = self._location.bindings(caller.address)
        contacts = {uri for uri, _ in request.contacts()}
        own = [one for one in bindings if one.uri in contacts]
        own = own or [one for one in bindings if one.flow == request.flow]
        device = self.telephone(caller.address, own[0].device) if own else caller.address
        return replace(caller, address=device)

    # PINs

    def may_guess(self, party: Party) -> bool:
        """Whether a party may try another PIN: those of one address share their tries."""
        return self._guesses[party.caller.address.bare] < GUESSES

    def guessed_wrong(self, party: Party) -> None:
        """A PIN was wrong; that is forgotten in a while."""
        guesser = party.caller.address.bare
        self.counters["wrong PINs"] += 1
        self._guesses[guesser] += 1
        asyncio.get_running_loop().call_later(GUESS_TIME, self._forget_guess, guesser)

    def _forget_guess(self, guesser: Address) -> None:
        self._guesses[guesser] -= 1
        if self._guesses[guesser] <= 0:
            del self._guesses[guesser]

    # the end

    async def drain(self) -> None:
        """Hang up, refuse and give up all calls, and wait until that is done; take no new ones."""
        self._draining = True
        self._unreach()
        parties = list(self._parties)
        for party in parties:
            party.leg.end(Reason.DRAINING, "The server stops.")
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIME):
                await asyncio.gather(*(party.leg.turns.done() for party in parties))
                await self.home.farewells.done()


def _short(kind: str, text: str) -> str:
    """A device's name made of what is too long, or too secret, to be shown."""
    return f"{kind}-{hashlib.blake2s(text.encode(), digest_size=6).hexdigest()}"


def _way(binding: Binding) -> Way | None:
    try:
        uri = parse_uri(binding.uri)
    except MalformedError:
        return None
    return Way(
        uri=uri,
        flow=binding.flow,
        routes=tuple(_route(route) for route in binding.path),
        bound=binding.nat,
        secure=binding.flow.transport == "tls",
    )


def _route(text: str) -> str:
    return text if text.startswith("<") else f"<{text}>"
