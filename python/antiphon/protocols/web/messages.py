"""What one session writes and reads: in its room and directly.

Decisions are the switchboard's, and what is kept is the archives'.
"""

import logging
from collections import deque
from dataclasses import replace
from typing import Protocol

import msgspec

from antiphon.core import thread as threads
from antiphon.core.address import Address
from antiphon.core.outlet import Outlet
from antiphon.core.message import Draft, Mark, Message, MessageKind, Span
from antiphon.core.people import Messages
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Membership, Switchboard
from antiphon.core.veil import veil_for

from . import message, spelling_people

log = logging.getLogger(__name__)

PAGE = 50
MOST_GIVEN_BACK = 200
# So much text fits into the queue of a session several times, whatever it is encoded to.
MOST_TEXT = 200_000  # characters

MessageRequest = (
    message.Say
    | message.Send
    | message.Correct
    | message.Retract
    | message.React
    | message.Typing
    | message.MarkMessages
    | message.History
    | message.ListConversations
    | message.Whisper
)


class Session(Outlet, Protocol):
    """What messages need of the session that writes and reads them."""

    @property
    def membership(self) -> Membership | None:
        """Where it is now."""


class SessionMessages:
    """`device`: the session's own address, from which direct messages come."""

    def __init__(
        self,
        caller: Caller,
        device: Address,
        session: Session,
        *,
        switchboard: Switchboard,
        messages: Messages,
    ) -> None:
        self._caller = caller
        self._on_device = replace(caller, address=device)
        self._session = session
        self._switchboard = switchboard
        self._messages = messages
        # Direct messages that the client was told of last, by the number of their event.
        self._brought: deque[tuple[int, str]] = deque(maxlen=MOST_GIVEN_BACK)

    async def do(self, request: MessageRequest) -> message.ServerReply:
        """Do one of the requests that concern messages. Raises `Refused`."""
        match request:
            case message.Say():
                said = await self._submit(msgspec.UNSET, _written(request))
                return message.Accepted(id=request.id, message=spelling_people.chat(said))
            case message.Send():
                sent = await self._submit(request.to, _written(request))
                return message.Accepted(id=request.id, message=spelling_people.direct(sent))
            case message.Correct() | message.Retract() | message.React():
                changed = await self._submit(request.to, _changing(request))
                return message.Changed(id=request.id, change=spelling_people.change(changed))
            case message.Typing():
                caller, to = self._addressee(request.to)
                self._switchboard.typing(caller, to, request.active)
            case message.MarkMessages():
                caller, to = self._addressee(request.to)
                await self._switchboard.mark(caller, to, Mark(request.mark), request.message)
            case message.History():
                return await self._history(request)
            case message.ListConversations():
                return await self._conversations(request)
            case message.Whisper():
                here = self._here()
                draft = Draft(text=request.text, origin_id=request.origin_id)
                self._switchboard.whisper(here.room.name, here.member.id, request.member, draft)
        return message.Result(id=request.id)

    def brought(self, number: int, received: Message) -> None:
        """The client is told of a direct message by the event of that number."""
        self._brought.append((number, received.id))

    async def give_back(self, acknowledged: int) -> None:
        """The session ends: what nobody acknowledged waits again, unless others listen."""
        untaken = [id for number, id in self._brought if number > acknowledged]
        account = self._caller.address.bare
        if not untaken or account.is_guest or self._switchboard.listens(account):
            return
        try:
            await self._messages.wait(account, untaken)
        except Refused as refused:
            log.warning("what %s has not read does not wait: %s", account, refused)

    async def recent(self, membership: Membership) -> list[message.Message]:
        """What whoever comes into a room is shown of what was written there."""
        limit = min(PAGE, membership.room.settings.history)
        if limit <= 0:
            return []
        span = Span(limit=limit)
        found = await threads.read(self._messages, membership.room.address, span)
        found = threads.trimmed(self._veiled(membership, found), MOST_TEXT, latest=True)
        return [spelling_people.shown(one, direct=False) for one in found.shown]

    async def _submit(self, to: str | msgspec.UnsetType, draft: Draft) -> Message:
        if to is msgspec.UNSET:
            return await self._switchboard.say(self._caller, self._here().room.name, draft)
        return await self._switchboard.send(self._on_device, to, draft, outlet=self._session)

    async def _history(self, request: message.History) -> message.Messages:
        direct = request.to is not msgspec.UNSET
        if direct:
            self._caller.must_be_whole()
        _, to = self._addressee(request.to)
        if request.after is not msgspec.UNSET and request.before is not msgspec.UNSET:
            raise Refused(Reason.BAD_REQUEST, "Ask for what is before or after, not for both.")
        span = Span(
            peer=to.bare if direct else None,
            before=request.before or None,
            after=request.after or None,
            search=request.search or "",
            latest=request.after is msgspec.UNSET,
            limit=request.limit or PAGE,
        )
        archive = self._caller.address.bare if direct else to
        found = await threads.read(self._messages, archive, span)
        if not direct:
            found = self._veiled(self._here(), found)
        found = threads.trimmed(found, MOST_TEXT, latest=span.latest)
        return spelling_people.thread(found, request.id, direct=direct)

    async def _conversations(self, request: message.ListConversations) -> message.Conversations:
        self._caller.must_be_whole()
        account, limit = self._caller.address.bare, request.limit or PAGE
        found = await self._messages.conversations(account, limit + 1, request.before or None)
        listed = found[:limit]
        shown = await threads.show(self._messages, account, [one.last for one in listed])
        lasts = {one.message.id: one for one in shown}
        page: list[message.Conversation] = []
        characters = MOST_TEXT
        for one in listed:
            last = lasts.get(threads.subject(one.last)) or threads.plain(one.last)
            characters -= last.size
            if page and characters < 0:
                break
            page.append(spelling_people.conversation(one, last))
        more = len(page) < len(found)
        edge = listed[len(page) - 1].last.id if more else None
        return message.Conversations(id=request.id, conversations=page, next=edge)

    def _veiled(self, here: Membership, found: threads.Thread) -> threads.Thread:
        """A page of the room's archive as the session may see it."""
        veil = veil_for(here.room, here.member.info.role, self._caller.address)
        return found if veil is None else veil.thread(found)

    def _addressee(self, to: str | msgspec.UnsetType) -> tuple[Caller, Address]:
        """Who says it, and to whom: an account, or the room that the session is in."""
        if to is msgspec.UNSET:
            return self._caller, self._here().room.address
        return self._on_device, self._switchboard.addresses.parse(to)

    def _here(self) -> Membership:
        if (here := self._session.membership) is None:
            raise Refused(Reason.CONFLICT, "You are in no room: join one first.")
        return here


def _written(request: message.Say | message.Send | message.Correct) -> Draft:
    attachments = spelling_people.attachments(request.attachments)
    if not (request.text or attachments):
        raise Refused(Reason.BAD_REQUEST, "A message needs a text or a file.")
    draft = Draft(text=request.text, origin_id=request.origin_id, attachments=attachments)
    if isinstance(request, message.Correct) or request.reply_to is msgspec.UNSET:
        return draft
    return replace(draft, reply_to=request.reply_to)


def _changing(request: message.Correct | message.Retract | message.React) -> Draft:
    about, origin_id = request.about, request.origin_id
    match request:
        case message.Correct():
            return replace(_written(request), kind=MessageKind.CORRECTION, about=about)
        case message.Retract():
            return Draft(kind=MessageKind.RETRACTION, about=about, origin_id=origin_id)
        case message.React():
            reactions = tuple(dict.fromkeys(request.reactions))
            kind = MessageKind.REACTION
            return Draft(kind=kind, about=about, reactions=reactions, origin_id=origin_id)
