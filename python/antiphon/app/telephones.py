"""SIP on this node: its sockets, its server, and the calls, messages and presence that are served
over it. Parts are joined here; what they do is theirs.
"""

import hashlib
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any

from antiphon.core.address import Address
from antiphon.core.event import MessageReceived
from antiphon.core.people import Contacts
from antiphon.core.policy import Policy
from antiphon.core.ports import Calls, Presence, Rooms
from antiphon.core.switchboard import Switchboard
from antiphon.media.engine import Engine
from antiphon.media.ground import MediaAddresses
from antiphon.media.phone import EnginePhones
from antiphon.net.gate import Gate
from antiphon.protocols.sip.agent import Agent, AgentLimits
from antiphon.protocols.sip.config import MEDIA_MISSED
from antiphon.protocols.sip.doors import Doors
from antiphon.protocols.sip.focus import ConferencePackage
from antiphon.protocols.sip.identity import Accounts
from antiphon.protocols.sip.ladder import Ladder
from antiphon.protocols.sip.leg import Times
from antiphon.protocols.sip.location import Binding
from antiphon.protocols.sip.messages import TextMessages
from antiphon.protocols.sip.presence import (
    DialogPackage,
    MessagePackage,
    PresencePackage,
    Publications,
)
from antiphon.protocols.sip.relayed import RelayedCalls
from antiphon.protocols.sip.routing import Rule
from antiphon.protocols.sip.server import SipServer
from antiphon.protocols.sip.session_timer import Terms
from antiphon.protocols.sip.subscription import Subscriptions
from antiphon.protocols.sip.trunk_reach import TrunkReach
from antiphon.stores.database import Database

from . import listeners
from .config import Config

log = logging.getLogger(__name__)


class Telephones:
    """See the module. `elsewhere`: whether an account is reached by something else as well."""

    def __init__(
        self,
        config: Config,
        *,
        secret: bytes,
        accounts: Accounts,
        database: Database,
        switchboard: Switchboard,
        policy: Policy,
        rooms: Rooms,
        presence: Presence,
        contacts: Contacts,
        calls: Calls,
        engine: Engine,
        gate: Gate,
        elsewhere: Callable[[Address], bool],
        rules: Iterable[Callable[[Rule], Rule]] = (),
    ) -> None:
        addresses = switchboard.addresses
        self.switchboard = switchboard
        self._listening: dict[Address, tuple[str, ...]] = {}
        self.server = SipServer(
            addresses=addresses,
            accounts=accounts,
            database=database,
            policy=policy,
            gate=gate,
            secret=_secret(secret),
            config=config.sip,
            limits=config.sip_limits,
            public=config.node.public_address,
            guests=config.auth.guests,
            elsewhere=elsewhere,
            rules=rules,
        )
        stack, location = self.server.stack, self.server.location
        media = MediaAddresses(listeners.media_addresses(config), config.node.public_address)
        self.messages = TextMessages(stack, switchboard)
        self.agent = Agent(
            stack,
            switchboard=switchboard,
            phones=EnginePhones(engine, media),
            rooms=rooms,
            location=location,
            times=Times(
                session=Terms(interval=config.sip.session_interval),
                media_lost=config.sip_limits.media_timeout - MEDIA_MISSED,
            ),
            limits=AgentLimits(
                calls=config.sip_limits.calls,
                calls_per_account=config.sip_limits.calls_per_account,
            ),
            messenger=self._bring,
            says=self.messages.say,
            menu=config.sip.menu,
            name_of=self._name_of,
        )
        switchboard.add_reach(TrunkReach(self.server.trunks, self.agent, stack, addresses.domain))
        self.ladder = Ladder(stack, self.agent.call_ids)
        self._unwatch = switchboard.watch(self.ladder)
        self.relayed = RelayedCalls(calls.record, self.ladder.remember)
        self.server.verbs.calling = self.relayed.began
        stack.relayed.append(self.relayed.reported)
        self.subscriptions = Subscriptions(stack)
        self.presence = PresencePackage(presence, switchboard, contacts)
        self.subscriptions.add(self.presence, self.presence.prepare)
        self.subscriptions.add(DialogPackage(switchboard))
        self.subscriptions.add(ConferencePackage(switchboard))
        # What waits is brought to a telephone as soon as it registers: none waits for it then.
        self.subscriptions.add(MessagePackage(lambda _: (0, 0)))
        publications = Publications(stack, presence)
        self.server.serve("INVITE", self.agent.invited)
        self.server.serve("MESSAGE", self.messages.received)
        self.server.serve("SUBSCRIBE", self.subscriptions.subscribed)
        self.server.serve("PUBLISH", publications.published)

    async def open(self, stack: AsyncExitStack, doors: Doors) -> None:
        """Serve until the stack is closed."""
        await self.server.open(doors)
        stack.push_async_callback(self.server.close)
        stack.callback(self._unwatch)
        stack.push_async_callback(self.relayed.close)
        stack.push_async_callback(self.messages.close)
        stack.push_async_callback(self.presence.close)
        stack.callback(self.subscriptions.close)
        stack.callback(self.server.location.watch(self._registered))

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """What runs beside it."""
        return self.server.tasks()

    async def drain(self) -> None:
        """End all calls: the node stops."""
        await self.agent.drain()

    def _registered(self, account: Address) -> None:
        """Telephones came or went: those that came are told what waits for them."""
        before = self._listening.pop(account, ())
        devices = self.agent.present(account)
        if devices:
            self._listening[account] = tuple(device.address.device for device in devices)
        for device in devices:
            if device.address.device not in before:
                self.switchboard.came(device)

    def _name_of(self, account: Address) -> str:
        caller = self.server.identities.caller(account.local)
        return caller.name if caller is not None else account.local

    def _bring(self, binding: Binding, device: Address, event: MessageReceived) -> None:
        self.messages.send(
            event.message,
            uri=binding.uri,
            flow=binding.flow,
            to=device,
            routes=tuple(f"<{uri}>" for uri in binding.path),
            bound=binding.nat,
        )


def _secret(secret: bytes) -> bytes:
    """A key of SIP's own, made of the node's: it lasts as long as that."""
    return hashlib.blake2b(secret[:64], digest_size=32, person=b"antiphon sip").digest()
