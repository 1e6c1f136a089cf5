"""Messages on their way to clients: the same bytes for all devices of an account, copies for those
that want some, each in order. It decides nothing about who may send what.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.event import MessageReceived, MessageSent
from antiphon.core.message import Message
from antiphon.core.ports import Presence
from antiphon.core.reason import Refused

from . import adapter
from .availability import listens
from .deferred import Deferred
from .errands import Errands
from .features.carbons import copy, wants
from .names import Finding, named, needs_names
from .session import Session
from .sessions import Sessions
from .stamps import own_delays

log = logging.getLogger(__name__)

News = MessageReceived | MessageSent
Give = Callable[[Session, News], None]


class _Held(deque[tuple[News, Give]]):
    """Kept of a session: messages that wait for one that is looked up."""


class Delivery:
    """Spells each message once, whatever number of devices gets it."""

    def __init__(
        self, sessions: Sessions, presence: Presence, messages: Finding, errands: Errands
    ) -> None:
        self._sessions = sessions
        self._presence = presence
        self._messages = messages
        self._errands = errands
        self._last: tuple[Message, Address, bytes] | None = None

    def received(self, session: Session, event: MessageReceived) -> None:
        """A direct message for the session's account."""
        self._in_order(session, event, self._receive)

    def sent(self, session: Session, event: MessageSent) -> None:
        """Another device of the session's account sent a direct message."""
        if wants(session):
            self._in_order(session, event, self._copy)

    def _in_order(self, session: Session, event: News, give: Give) -> None:
        """Now, unless a message must be looked up first that this one, or one before it, names."""
        held = session.features.get(_Held)
        if held is None and not needs_names(event.message):
            give(session, event)
            return
        if held is None:
            held = session.features[_Held] = _Held()
            # However much the client asked for: what it is told must not be held for ever.
            self._errands.add(session, partial(self._release, session, held), always=True)
        held.append((event, give))

    async def _release(self, session: Session, held: "_Held") -> None:
        try:
            while held:
                event, give = held.popleft()
                if needs_names(event.message):
                    event = replace(event, message=await self._named(session, event.message))
                if not session.ended:
                    give(session, event)
        finally:
            session.features.pop(_Held, None)

    async def _named(self, session: Session, message: Message) -> Message:
        """As clients know it; as it came, rather than not at all, if the archive is silent."""
        try:
            return await named(self._messages, session.account, message)
        except Refused as refused:
            log.error("%s: what a message names was not found: %s", session.jid, refused)
            return message

    def _receive(self, session: Session, event: News) -> None:
        message = event.message
        device = message.to.device
        data = self.spelled(message, session.account)
        if isinstance(event, MessageReceived) and event.waited:
            late = adapter.delay(message.sent_at, session.account.domain)
            session.send(adapter.with_child(data, late))
        elif not device or device == session.address.device or not self._is_there(message.to):
            # RFC 6121 §8.5.3.2.1: what is for a resource that is gone is for all.
            session.send(data)
        elif message.draft.copied and wants(session):
            session.send(copy(session, "received", data))

    def _is_there(self, device: Address) -> bool:
        if self._sessions.find(str(device)) is not None:
            return True
        return any(one.device == device for one in self._presence.of(device.bare))

    def _copy(self, session: Session, event: News) -> None:
        data = self.spelled(event.message, session.account)
        session.send(copy(session, "sent", data))

    def spelled(self, message: Message, account: Address) -> bytes:
        """A message as the devices of an account get it."""
        last = self._last
        if last is not None and last[0] is message and last[1] == account:
            return last[2]
        data = adapter.spelled(message, account)
        self._last = message, account, data
        return data

    def pass_on(self, sender: Session, stanza: Stanza, to: Address, *, copied: bool) -> bool:
        """Give a message that is not kept to the sessions that it is for, as it is; whether there
        was any.
        """
        # Archive ids that the addressee would believe are not the sender's to give (XEP-0359 §4).
        own = None if stanza.to else sender.bare
        late, kept = own_delays(stanza, sender.address)
        data = stanza.stamp(sender.jid, to=own, drop=late, extra=kept, by=str(to.bare))
        there = [one for one in self._sessions.of(to.bare).values() if one is not sender]
        meant = [one for one in there if _is_for(one, to)]
        key = f"typing {sender.account}" if stanza.kids & Kid.CHAT_STATE else None
        for one in meant:
            deferred = one.features.get(Deferred) if key is not None else None
            if key is None or deferred is None or not deferred.keep(key, data):
                one.send(data)
        if copied:
            for one in there:
                if one not in meant and wants(one):
                    one.send(copy(one, "received", data))
            # A copy of them: a client that takes nothing more ends within `send`.
            for one in list(self._sessions.of(sender.account).values()):
                if one is not sender and one.account != to.bare and wants(one):
                    one.send(copy(one, "sent", data))
        return bool(meant)


def _is_for(session: Session, to: Address) -> bool:
    return session.address.device == to.device if to.device else listens(session)
