"""WHIP and WHEP sessions while they last: each is a member of a room with a media session, named by
a secret URL.

It knows no request and no header field; it joins, attaches, follows events, and sees that nothing
is left behind.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

from antiphon.core.address import Address
from antiphon.core.change import Attach
from antiphon.core.event import Ended, Event
from antiphon.core.media import Answer, Quality, Session
from antiphon.core.member import Receive
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused

from .context import HttpContext
from .descriptions import credentials_of, fragment_of, restarted
from .figures import Figures
from .sdpfrag import MAX_CANDIDATES, Fragment

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is asked for. `holder`: who is charged for it; `bound`: whose token further requests
    must carry.
    """

    protocol: str
    caller: Caller
    holder: str
    bound: Address | None
    room: str
    name: str
    offer: str
    receive: Receive


class MediaResource:
    """One session: an outlet of its member and the listener of its media session."""

    def __init__(self, opening: Opening, registry: "MediaResources") -> None:
        self.id = secrets.token_urlsafe(24)
        self.opening = opening
        self.etag = _new_etag()
        self.room = ""
        self.member = ""
        self.lock = asyncio.Lock()
        self.on_event: Callable[[Event], None] | None = None
        self.session: Session | None = None
        self._registry = registry
        self._offer = opening.offer
        self._ufrag = credentials_of(opening.offer)[0]
        self._candidates = 0

    @property
    def protocol(self) -> str:
        """`whip` or `whep`."""
        return self.opening.protocol

    def is_restart(self, fragment: Fragment) -> bool:
        """Whether a fragment begins ICE anew (RFC 9725 §4.3.3): other credentials than those in
        use.
        """
        return fragment.ufrag is not None and fragment.ufrag != self._ufrag

    def trickle(self, fragment: Fragment) -> None:
        """Take further candidates. Those beyond reason are passed over, as those that cannot be
        used are.
        """
        for candidate in fragment.candidates[: MAX_CANDIDATES - self._candidates]:
            self._candidates += 1
            self._open_session().add_candidate(candidate)
        if fragment.ended:
            self._open_session().add_candidate("")

    async def restart(self, fragment: Fragment) -> str:
        """Begin ICE anew; returns our fragment. What was stays as it is when it is refused."""
        offer = restarted(self._offer, fragment)
        answer = await self._open_session().accept_offer(offer)
        self._offer, self._ufrag = offer, fragment.ufrag or self._ufrag
        self._candidates = len(fragment.candidates)
        self.etag = _new_etag()
        return fragment_of(answer.text)

    def close(self) -> None:
        """Close its media and follow nothing any more. Idempotent."""
        self.on_event = None
        session, self.session = self.session, None
        if session is not None:
            session.close()

    def _open_session(self) -> Session:
        if self.session is None:
            raise Refused(Reason.GONE, "The media session was closed.")
        return self.session

    # core.member.Outlet

    def deliver(self, event: Event) -> None:
        """Follow the room."""
        if isinstance(event, Ended):
            self._registry.forget(self)
        elif self.on_event is not None:
            self.on_event(event)

    # core.media.SessionEvents

    def offered(self, request: int, text: str) -> None:
        """Neither protocol can carry an offer of ours; the session was opened so that there is
        none.
        """
        log.error("an offer that cannot be sent", extra=self.about)

    def mapped(self, carried: Mapping[str, str]) -> None:
        """Players show whatever comes."""

    def connected(self, profile: str) -> None:
        """Media flows."""
        log.info("%s connected with %s", self.protocol, profile, extra=self.about)

    def interrupted(self) -> None:
        """The client restarts ICE, or the session ends."""
        log.info("%s interrupted", self.protocol, extra=self.about)

    def closed(self, text: str) -> None:
        """The media session is over: so are the membership and the resource."""
        log.info("%s closed: %s", self.protocol, text, extra=self.about)
        self._registry.spawn(self._registry.end(self, Reason.LOST))

    def quality(self, quality: Quality) -> None:
        """Neither protocol tells it."""

    @property
    def about(self) -> dict[str, object]:
        """For log lines."""
        return {"room": self.room, "member": self.member}


class MediaResources:
    """All of them, by protocol and id."""

    def __init__(self, context: HttpContext, figures: Figures) -> None:
        self._context = context
        self._figures = figures
        self._resources: dict[tuple[str, str], MediaResource] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def find(self, protocol: str, room: str, id: str) -> MediaResource | None:
        """The session of that URL."""
        found = self._resources.get((protocol, id))
        return found if found is not None and found.room == room else None

    async def open(
        self,
        opening: Opening,
        settle: Callable[[MediaResource, Answer], Coroutine[None, None, None]],
    ) -> tuple[MediaResource, Answer]:
        """Join the room, answer the offer, attach the media, then `settle`. Raises `Refused`; then
        nothing is left.
        """
        self._must_have_place(opening.holder)
        resource = MediaResource(opening, self)
        self._resources[opening.protocol, resource.id] = resource
        self._count(opening.protocol)
        try:
            answer = await self._join(resource)
            if self.find(opening.protocol, resource.room, resource.id) is None:
                raise Refused(Reason.GONE, "The session was ended while it began.")
            await settle(resource, answer)
        except BaseException:
            await self.end(resource, Reason.LEFT)
            raise
        return resource, answer

    async def _join(self, resource: MediaResource) -> Answer:
        opening, switchboard = resource.opening, self._context.switchboard
        membership = await switchboard.join(
            opening.caller,
            opening.room,
            resource,
            name=opening.name or None,
            receive=opening.receive,
            stream=True,
        )
        resource.room, resource.member = membership.room.name, membership.member.id
        resource.session = self._context.sessions.open(
            resource.room, resource.member, resource, open_ended=False
        )
        answer = await resource.session.accept_offer(opening.offer)
        await switchboard.update(resource.room, resource.member, Attach(resource.session))
        return answer

    async def end(self, resource: MediaResource, reason: Reason) -> None:
        """Leave the room and close the media. Idempotent."""
        self.forget(resource)
        if resource.member:
            await self._context.switchboard.leave(resource.room, resource.member, reason)

    def forget(self, resource: MediaResource) -> None:
        """The membership is over: close what it had. Idempotent."""
        resource.close()
        if self._resources.pop((resource.protocol, resource.id), None) is not None:
            self._count(resource.protocol)

    def end_of(self, account: Address) -> None:
        """The log-ins of an account are void: what was begun by them ends."""
        for resource in list(self._resources.values()):
            if resource.opening.caller.address.bare == account.bare:
                self.spawn(self.end(resource, Reason.UNAUTHORIZED))

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Do something that an event asks for."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a media session could not follow its room", exc_info=error)

    async def close(self) -> None:
        """End all of them, and take no more."""
        self._closed = True
        for resource in list(self._resources.values()):
            await self.end(resource, Reason.DRAINING)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _must_have_place(self, holder: str) -> None:
        limits = self._context.limits
        if self._closed:
            raise Refused(Reason.DRAINING, "The server stops in a moment.")
        own = sum(resource.opening.holder == holder for resource in self._resources.values())
        if (
            own >= limits.media_resources_per_caller
            or len(self._resources) >= limits.media_resources
        ):
            self._figures.limited.labels("media_sessions").inc()
            raise Refused(Reason.TOO_MANY, "Too many media sessions.")

    def _count(self, protocol: str) -> None:
        number = sum(resource.protocol == protocol for resource in self._resources.values())
        self._figures.media_resources.labels(protocol).set(number)


def _new_etag() -> str:
    return f'"{secrets.token_hex(8)}"'
