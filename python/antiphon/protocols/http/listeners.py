"""Readers of the event stream: each sees what its caller may see, and one that does not keep up
harms only itself.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable

from pydantic import BaseModel

from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.event import Event
from antiphon.core.message import Message, MessageKind
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.core.room import Room

from .access import insiders, sees, veil_of
from .context import HttpContext
from .figures import Figures
from .message_views import ChangeView, MessageView
from .models import MemberView, TrackView
from .own_news import OwnNews, OwnReach

log = logging.getLogger(__name__)


def spell(event: Event) -> tuple[str, dict[str, object]] | None:
    """Name and data of an event, in the words of `/ws`; None for what watchers are not told."""
    match event:
        case events.RoomOpened(room):
            return "room_opened", {"room": room}
        case events.RoomClosed(room, reason):
            return "room_closed", {"room": room, "reason": reason}
        case events.MemberJoined(room, member):
            return "member_joined", {"room": room, "member": _dump(MemberView.of(member))}
        case events.MemberChanged(room, member):
            return "member_changed", {"room": room, "member": _dump(MemberView.of(member))}
        case events.MemberLeft(room, member, reason):
            return "member_left", {"room": room, "member": member.id, "reason": reason}
        case events.TrackAdded(room, track):
            return "track_added", {"room": room, "track": _dump(TrackView.of(track))}
        case events.TrackChanged(room, track):
            return "track_changed", {"room": room, "track": _dump(TrackView.of(track))}
        case events.TrackRemoved(room, track):
            return "track_removed", {"room": room, "track": track.id, "member": track.member}
        case events.Said(room, message):
            return _said(room, message)
        case events.SubjectChanged(room, subject, sender, name, at):
            by = {"sender": str(sender.bare), "name": name, "at": at}
            return "subject_changed", {"room": room, "subject": subject, **by}
        case events.SpeakerChanged(room, member):
            return "speaker_changed", {"room": room, "member": member}
    return None


def _said(room: str, message: Message) -> tuple[str, dict[str, object]] | None:
    if message.kind is not MessageKind.TEXT:
        change = _dump(ChangeView.of(message))
        return "message_changed", {"room": room, "peer": None, "change": change}
    if not (message.text or message.draft.attachments):
        return None
    return "said", {"room": room, "message": _dump(MessageView.of(message))}


def _dump(view: BaseModel) -> object:
    return view.model_dump(mode="json")


def frame(name: str, data: object, number: int | None = None) -> bytes:
    """One event of a stream (HTML Living Standard §9.2.6)."""
    numbered = "" if number is None else f"id: {number}\n"
    # JSON as it is written here has no line breaks.
    return f"{numbered}event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


class Listener:
    """One reader: a queue of frames with a limit."""

    def __init__(self, caller: Caller, limit: int) -> None:
        self.caller = caller
        self.rooms: set[str] = set()
        self.own: OwnNews | None = None
        self.too_slow = False
        self._frames: deque[bytes] = deque()
        self._limit = limit
        self._news = asyncio.Event()
        self._last: bytes | None = None

    def put(self, item: bytes) -> None:
        """Queue a frame. One too many ends this reader."""
        if self._last is not None:
            return
        if len(self._frames) >= self._limit:
            self.too_slow = True
            self._frames.clear()
            self.end(Reason.TOO_MANY, "Too slow: events were lost. Read the rooms anew.")
            return
        self._frames.append(item)
        self._news.set()

    def end(self, reason: Reason, text: str) -> None:
        """Let the reader go after what is queued."""
        if self._last is None:
            self._last = frame("ended", {"reason": reason, "text": text})
            self._news.set()

    async def next(self) -> tuple[bytes, bool]:
        """What to send next, at once if there is some, and whether it is the last."""
        while not self._frames and self._last is None:
            self._news.clear()
            await self._news.wait()
        batch = b"".join(self._frames)
        self._frames.clear()
        if self._last is None:
            return batch, False
        return batch + self._last, True


class Listeners:
    """All readers; an outlet (`core.member.Outlet`) of the switchboard while there is any."""

    def __init__(self, context: HttpContext, figures: Figures) -> None:
        self._context = context
        self._figures = figures
        self._listeners: set[Listener] = set()
        self._unwatch: Callable[[], None] | None = None
        self._number = 0
        self._closed = False
        self._waiting: list[Event] = []
        self._reach = OwnReach()
        context.switchboard.add_reach(self._reach)

    def open(self, caller: Caller) -> Listener:
        """Take one more. Raises `Refused(TOO_MANY)`."""
        limits = self._context.limits
        if self._closed:
            raise Refused(Reason.DRAINING, "The server stops in a moment.")
        own = sum(listener.caller.address == caller.address for listener in self._listeners)
        if own >= limits.listeners_per_caller or len(self._listeners) >= limits.listeners:
            self._figures.limited.labels("listeners").inc()
            raise Refused(Reason.TOO_MANY, "Too many readers of events.")
        listener = Listener(caller, limits.listener_queue)
        self._listeners.add(listener)
        self._figures.listeners.set(len(self._listeners))
        if self._unwatch is None:
            self._unwatch = self._context.switchboard.watch(self)
        return listener

    async def follow(self, listener: Listener) -> None:
        """Tell it as well what concerns its caller's account. Raises `Refused`."""
        listener.caller.must_be_whole()
        if (contacts := self._context.contacts) is None:
            raise Refused(Reason.UNSUPPORTED, "This server keeps no contacts.")
        own = OwnNews(
            self._context,
            contacts,
            listener.caller,
            lambda name, data: listener.put(frame(name, data, self._next())),
        )
        self._reach.add(own)
        listener.own = own
        await own.begin()

    def remove(self, listener: Listener) -> None:
        """Forget a reader."""
        if (own := listener.own) is not None:
            listener.own = None
            self._reach.remove(own)
            own.end()
        self._listeners.discard(listener)
        self._figures.listeners.set(len(self._listeners))
        if listener.too_slow:
            self._figures.listeners_dropped.inc()
        if not self._listeners and self._unwatch is not None:
            self._unwatch()
            self._unwatch = None

    def close(self) -> None:
        """End all readers, and take no more."""
        self._closed = True
        for listener in self._listeners:
            listener.end(Reason.DRAINING, "The server stops in a moment.")

    def deliver(self, event: Event) -> None:
        """Take an event of any room (`core.member.Outlet`)."""
        # Told when the room is done with what it does: it must not wait for its readers, and at its
        # opening
        # it is not even known to the switchboard yet.
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._tell_all)
        self._waiting.append(event)

    def _tell_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        inside: dict[str, frozenset[Address]] = {}
        for event in waiting:
            try:
                self._tell(event, inside)
            except Exception:
                # A policy of a plug-in may have raised; the other events are not to be lost.
                log.exception("an event could not be told", extra={"room": event.room})

    def _tell(self, event: Event, inside: dict[str, frozenset[Address]]) -> None:
        spelt = spell(event)
        if spelt is None:
            return
        item = frame(*spelt, self._next())
        room = self._context.switchboard.find(event.room)
        if event.room not in inside:
            inside[event.room] = insiders(room)
        for listener in list(self._listeners):
            if self._may_hear(listener, event.room, room, inside[event.room]):
                listener.put(self._veiled(listener, event, room) or item)
            if isinstance(event, events.RoomClosed):
                listener.rooms.discard(event.room)

    def _veiled(self, listener: Listener, event: Event, room: Room | None) -> bytes | None:
        """The frame for one who may not see who is in the room; None: it is that of all."""
        veil = None if room is None else veil_of(self._context, listener.caller, room.settings)
        spelt = None if veil is None else spell(veil.event(event))
        return None if spelt is None else frame(*spelt, self._number)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _may_hear(
        self, listener: Listener, name: str, room: Room | None, inside: frozenset[Address]
    ) -> bool:
        if room is None:
            # It is closed: who knew it may know that.
            return name in listener.rooms
        if not sees(self._context, listener.caller, room.settings, inside):
            listener.rooms.discard(name)
            return False
        listener.rooms.add(name)
        return True
