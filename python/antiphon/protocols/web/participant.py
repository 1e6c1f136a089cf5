"""A client's session: does what its requests ask of the switchboard, and is the outlet of its
member.

It outlives connections: a browser that loses its network finds its session again. It owns at most
one membership and one media session, and is a device that calls can reach. Requests are done one
after the other, in the client's order.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from antiphon.core import change as changes
from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.media import Quality, Session, Sessions
from antiphon.core.member import Receive, Source, Track
from antiphon.core.people import Messages
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused, WrongState
from antiphon.core.switchboard import Membership, Switchboard
from antiphon.core.veil import Veil, veil_for

from . import message, spelling
from .calls import CallRequest, SessionCalls
from .config import WebConfig
from .messages import MessageRequest, SessionMessages
from .outbox import Outbox
from .people import People, PeopleRequest, SessionPeople

log = logging.getLogger(__name__)

# Requests read ahead of the one being done; a client that pipelines more waits (its connection is
# not read).
READ_AHEAD = 64
# What names a room, but concerns a session whether it is there or not.
ELSEWHERE = (
    events.Invited,
    events.CallRinging,
    events.CallAnswered,
    events.CallEnded,
    events.RoomInvited,
)


class Participant:
    """One session of one caller. `changed` is called whenever frames wait for the connection.

    `address`: the account's on this device (`core.ports.Device`). `reachable`: whether it is one.
    """

    def __init__(
        self,
        caller: Caller,
        *,
        switchboard: Switchboard,
        messages: Messages,
        sessions: Sessions,
        people: People | None,
        speller: spelling.Speller,
        config: WebConfig,
    ) -> None:
        self.id = secrets.token_urlsafe(24)
        self.caller = caller
        self.outbox = Outbox(config.queue_limit)
        self.changed: Callable[[], None] = _nobody_listens
        self._switchboard = switchboard
        self._messages = messages
        self._sessions = sessions
        self._speller = speller
        self._requests: asyncio.Queue[message.ClientRequest] = asyncio.Queue(READ_AHEAD)
        self._highest = 0
        self._membership: Membership | None = None
        self._media: Session | None = None
        self._held: list[events.Event | message.ServerEvent] | None = None
        self._quality: int | None = None
        self._present = True
        device = caller.address.on(f"web-{secrets.token_hex(4)}")
        self.address: Address = device
        self.reachable = False
        self._calls = SessionCalls(
            caller, device, self, switchboard=switchboard, limit=config.max_calls
        )
        self._written = SessionMessages(
            caller, device, self, switchboard=switchboard, messages=messages
        )
        self._people = SessionPeople(caller, device, self, switchboard=switchboard, people=people)

    @property
    def listens(self) -> bool:
        """A page shows what is written to its account (`core.ports.Device`)."""
        return True

    @property
    def membership(self) -> Membership | None:
        """Where it is now."""
        return self._membership

    # what the connection does

    async def request(self, request: message.ClientRequest) -> None:
        """Queue a request; waits while too many are queued. A repeated one is answered, not done,
        again.
        """
        if request.id > self._highest:
            self._highest = request.id
            await self._requests.put(request)
        elif self.outbox.repeat(request.id):
            self.changed()

    def refuse(self, id: int, reason: Reason, text: str) -> None:
        """Refuse a request that was not queued."""
        self._highest = max(self._highest, id)
        self._reply(message.Refused(id=id, reason=reason.value, text=text))

    async def run(self) -> None:
        """Do requests until cancelled, then leave."""
        try:
            while True:
                request = await self._requests.get()
                self._reply(await self._done(request))
                self._release()
        finally:
            self._calls.close()
            self._people.close()
            await asyncio.shield(self._end())

    async def _end(self) -> None:
        await self.leave(Reason.LOST)
        await self._written.give_back(self.outbox.acknowledged)

    async def leave(self, reason: Reason) -> None:
        """Go out of the room, if in one."""
        membership, self._membership, self._media = self._membership, None, None
        if membership is not None:
            await self._switchboard.leave(membership.room.name, membership.member.id, reason)

    async def set_present(self, present: bool) -> None:
        """The connection was lost, or is back."""
        self._present = present
        if present:
            self._calls.ring()
        if self._membership is not None:
            with suppress(Refused):
                await self._update(changes.Present(present))

    # core.member.Outlet

    def deliver(self, event: events.Event) -> None:
        """Queue an event of the room, or of a call, for the client."""
        if self._held is not None:
            self._held.append(event)
            return
        if isinstance(event, events.Ended):
            self._membership = self._media = None
        if isinstance(event, events.MessageReceived) and event.waited and self.outbox.crowded:
            # Whoever was written to so much while away reads the rest in the archive.
            return
        self._calls.heard(event)
        if self._present and isinstance(event, events.Invited):
            # Not within the verb that tells us: the caller must hear of the call first.
            asyncio.get_running_loop().call_soon(self._calls.ring)
        veil = self._veil() if event.room else None
        told = event if veil is None else veil.event(event)
        if (spelled := self._speller.event(told, self.caller.address.bare)) is not None:
            number = self.outbox.push(*spelled)
            if isinstance(event, events.MessageReceived):
                self._written.brought(number, event.message)
            self.changed()
        self._people.heard(event)

    # core.media.SessionEvents

    def offered(self, request: int, text: str) -> None:
        """The engine offers."""
        self._push(message.Offered(seq=1, request=request, sdp=text))

    def mapped(self, carried: Mapping[str, str]) -> None:
        """The engine sends something else in some sections."""
        self._push(message.Mapped(seq=1, tracks=dict(carried)))

    def connected(self, profile: str) -> None:
        """Media flows."""
        self._push(message.MediaState(seq=1, state="connected", srtp_profile=profile))

    def interrupted(self) -> None:
        """Media stopped; it may come back."""
        self._push(message.MediaState(seq=1, state="interrupted", srtp_profile=None))

    def closed(self, text: str) -> None:
        """The media session is gone: so are its tracks, and the client makes a new one."""
        self._media = None
        if (membership := self._membership) is not None:
            with suppress(Refused):
                membership.room.attach(membership.member.id, None)
        self._push(message.MediaState(seq=1, state="closed", srtp_profile=None))

    def quality(self, quality: Quality) -> None:
        """Tell the client when its bars change; figures in between would only fill its queue."""
        if quality.level == self._quality:
            return
        self._quality = quality.level
        self._push(
            message.Quality(
                seq=1,
                level=quality.level,
                round_trip=quality.round_trip,
                loss_in=quality.loss_in,
                loss_out=quality.loss_out,
                available_bitrate=quality.available_bitrate,
            )
        )

    # requests

    async def _done(self, request: message.ClientRequest) -> message.ServerReply:
        try:
            return await self._do(request)
        except Refused as refused:
            return message.Refused(id=request.id, reason=refused.reason.value, text=refused.text)
        except Exception:
            log.exception("a request failed: %s", type(request).__name__, extra=self._context())
            text = "The server failed to do this."
            return message.Refused(id=request.id, reason=Reason.INTERNAL.value, text=text)

    async def _do(self, request: message.ClientRequest) -> message.ServerReply:
        match request:
            case message.Join():
                return await self._join(request)
            case message.Leave():
                self._joined()
                await self.leave(Reason.LEFT)
            case message.Offer():
                return await self._offer(request)
            case message.Answer():
                await self._session().accept_answer(request.request, request.sdp)
                await self._update(changes.Renegotiated())
            case message.Candidate():
                self._session().add_candidate(request.candidate)
            case message.Publish():
                return await self._publish(request)
            case message.SetSubject(subject=subject):
                await self._switchboard.set_subject(self.caller, self._joined().room.name, subject)
            case message.AskIn():
                await self._ask_in(request)
            case _ if isinstance(request, CallRequest):
                return await self._calls.do(request)
            case _ if isinstance(request, MessageRequest):
                return await self._written.do(request)
            case _ if isinstance(request, PeopleRequest):
                return await self._people.do(request)
            case _:
                await self._update(change_of(request))
        return message.Result(id=request.id)

    async def _join(self, request: message.Join) -> message.Joined:
        if self._membership is not None:
            raise Refused(Reason.CONFLICT, "You are in a room already: leave it first.")
        # The client reads the room's state first, then what happened since.
        self.news_follows()
        try:
            membership = await self._switchboard.join(
                self.caller,
                request.room,
                self,
                name=request.name if request.name is not msgspec.UNSET else None,
                receive=Receive(request.receive if request.receive is not msgspec.UNSET else "all"),
                password=request.password if request.password is not msgspec.UNSET else None,
            )
            self._membership = membership
            found = spelling.room(membership.room, membership.member.id, (), self._veil())
            recent = await self._written.recent(membership)
        except BaseException:
            # Of the room nothing is told; all else goes on.
            self._held = [news for news in self._held or () if not _of_room(news)]
            await self.leave(Reason.INTERNAL)
            raise
        shown = {one.id for one in recent}
        self._held = [
            news
            for news in self._held or ()
            if not (isinstance(news, events.Said) and news.message.id in shown)
        ]
        found = msgspec.structs.replace(found, messages=recent)
        return message.Joined(id=request.id, room=found)

    def news_follows(self) -> None:
        """Keep news back until the request that is being done is replied to."""
        self._held = []

    def _release(self) -> None:
        held, self._held = self._held, None
        for news in held or ():
            if isinstance(news, events.Event):
                self.deliver(news)
            else:
                self._push(news)

    async def _offer(self, request: message.Offer) -> message.Answered:
        membership = self._joined()
        # The engine may offer again as soon as it has answered: that must not overtake the answer.
        self.news_follows()
        media, fresh = self._media, self._media is None
        if media is None:
            media = self._sessions.open(membership.room.name, membership.member.id, self)
            self._media = media
        try:
            answer = await media.accept_offer(request.sdp)
            if self._media is not media:
                raise Refused(Reason.GONE, "The media session ended.")
            await self._update(changes.Attach(media) if fresh else changes.Renegotiated())
        except BaseException:
            if fresh:
                self._media = None
                media.close()
            raise
        return message.Answered(id=request.id, sdp=answer.text, tracks=dict(answer.carried))

    async def _publish(self, request: message.Publish) -> message.Published:
        muted = request.muted if request.muted is not msgspec.UNSET else False
        track = await self._update(changes.Publish(request.mid, Source(request.source), muted))
        if track is None:
            raise WrongState("publishing gives a track")
        return message.Published(id=request.id, track=spelling.track(track))

    async def _ask_in(self, request: message.AskIn) -> None:
        room, whom = self._joined().room.name, self._switchboard.addresses.parse(request.to)
        await self._switchboard.invite_into(self.caller, room, whom, request.text or "")

    async def _update(self, change: changes.Update) -> Track | None:
        membership = self._joined()
        return await self._switchboard.update(membership.room.name, membership.member.id, change)

    def _veil(self) -> Veil | None:
        """What the session sees its room through, where the room hides who is in it."""
        if (here := self._membership) is None:
            return None
        return veil_for(here.room, here.member.info.role, self.caller.address)

    def _joined(self) -> Membership:
        if self._membership is None:
            raise Refused(Reason.CONFLICT, "You are in no room: join one first.")
        return self._membership

    def _session(self) -> Session:
        if self._media is None:
            raise Refused(Reason.CONFLICT, "There is no media session: make an offer first.")
        return self._media

    # frames

    def _reply(self, reply: message.ServerReply) -> None:
        self.outbox.reply(reply.id, self._speller.frame(reply))
        self.changed()

    def _push(self, struct: message.ServerEvent) -> None:
        if self._held is not None:
            self._held.append(struct)
            return
        self.outbox.push(*self._speller.numbered(struct))
        self.changed()

    def _context(self) -> dict[str, str]:
        if self._membership is None:
            return {}
        return {"room": self._membership.room.name, "member": self._membership.member.id}


def _of_room(news: events.Event | message.ServerEvent) -> bool:
    """Whether it is news of the room that the session is in, or of its media there."""
    if not isinstance(news, events.Event):
        return True
    return bool(news.room) and not isinstance(news, ELSEWHERE)


def change_of(request: message.ClientRequest) -> changes.Update:
    """The core's change for a request that is nothing else."""
    match request:
        case message.Unpublish(track=track):
            return changes.Unpublish(track)
        case message.Mute(track=track, muted=muted):
            return changes.Mute(track, muted)
        case message.Subscribe(receive=receive, tracks=tracks):
            chosen = frozenset(tracks if tracks is not msgspec.UNSET else ())
            return changes.Subscribe(Receive(receive), chosen)
        case message.RaiseHand(raised=raised):
            return changes.RaiseHand(raised)
        case message.Moderate(member=member, action=action, track=track):
            only = track if track is not msgspec.UNSET else None
            return changes.Moderate(member, changes.Act(action), only)
        case _:
            raise WrongState(f"{type(request).__name__} is no change")


def _nobody_listens() -> None:
    """No connection now: frames wait."""
