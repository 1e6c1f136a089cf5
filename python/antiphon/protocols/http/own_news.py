"""What concerns the account of a reader of the event stream: its messages and contacts, and who of
them is there.

Such a reader is a device of its account, which listens but is not called.
"""

import secrets
from collections.abc import Callable, Sequence

from pydantic import BaseModel

from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.event import Event
from antiphon.core.following import Following
from antiphon.core.message import Message, MessageKind
from antiphon.core.people import Contacts
from antiphon.core.ports import Caller, Device
from antiphon.core.reason import Reason, Refused

from .context import HttpContext
from .message_views import ChangeView, MessageView
from .people_views import ContactView, PresenceView

Told = tuple[str, dict[str, object]]


def spell(event: Event, own: Address) -> Told | None:
    """Name and data of an event, in the words of `/ws`; None for what readers are not told."""
    match event:
        case events.MessageReceived(message=message):
            return _message("direct_message", message, own)
        case events.MessageSent(message=message):
            return _message("message_sent", message, own)
        case events.Typed(sender=sender, to=to, name=name, active=active):
            fields = _between(sender, to, own)
            return "typed", {**fields, "name": name, "active": active}
        case events.Marked(sender=sender, to=to, mark=mark, id=id):
            return "marked", {**_between(sender, to, own), "mark": mark, "message": id}
        case events.RoomInvited(room=room, sender=sender, name=name, text=text):
            by = {"sender": str(sender.bare), "name": name}
            return "room_invited", {"room": room, **by, "text": text}
    return _people(event)


def _people(event: Event) -> Told | None:
    match event:
        case events.ContactChanged(contact=contact):
            return "contact_changed", {"contact": _dump(ContactView.of(contact))}
        case events.ContactRemoved(address=address):
            return "contact_removed", {"address": str(address)}
        case events.ContactAsked(address=address, text=text):
            return "contact_asked", {"address": str(address), "text": text}
        case events.ContactAnswered(address=address, granted=granted):
            return "contact_answered", {"address": str(address), "granted": granted}
        case events.BlockingChanged(blocked=blocked, unblocked=unblocked):
            return "blocking_changed", {"blocked": blocked, "unblocked": unblocked}
        case events.PresenceChanged(account=account, devices=devices):
            return "presence_changed", {"presence": _dump(PresenceView.of(account, devices))}
        case events.ProfileChanged(account=account, name=name, avatar=avatar):
            return "profile_changed", {"account": str(account), "name": name, "avatar": avatar}
    return None


def _message(name: str, message: Message, own: Address) -> Told | None:
    if message.kind is not MessageKind.TEXT:
        peer = str(message.peer_of(own))
        return "message_changed", {"peer": peer, "change": _dump(ChangeView.of(message))}
    if not (message.text or message.draft.attachments):
        return None
    return name, {"message": _dump(MessageView.of(message))}


def _between(sender: Address, to: Address, own: Address) -> dict[str, object]:
    peer = to.bare if sender.bare == own else sender.bare
    return {"peer": str(peer), "sender": str(sender.bare)}


def _dump(view: BaseModel) -> object:
    return view.model_dump(mode="json")


class OwnNews:
    """One reader as a device (`core.ports.Device`); `put` takes what it is told."""

    def __init__(
        self,
        context: HttpContext,
        contacts: Contacts,
        caller: Caller,
        put: Callable[[str, dict[str, object]], None],
    ) -> None:
        self.address = caller.address.on(f"events-{secrets.token_hex(4)}")
        self._put = put
        self._following = Following(
            caller,
            watch=context.switchboard,
            contacts=contacts,
            presence=context.presence,
            tell=self.deliver,
        )

    @property
    def listens(self) -> bool:
        """Messages come to it."""
        return True

    def deliver(self, event: Event) -> None:
        """Take one event."""
        if (spelt := spell(event, self.address.bare)) is not None:
            self._put(*spelt)
        self._following.heard(event)

    async def begin(self) -> None:
        """Tell who is there, and follow them."""
        _, there = await self._following.begin()
        for account, states in there.items():
            self.deliver(events.PresenceChanged("", account, tuple(states)))

    def end(self) -> None:
        """The reader is gone."""
        self._following.end()


def _nobody_asks(_: Address) -> None:
    """Until the switchboard does."""


class OwnReach:
    """The readers that are devices (`core.devices.Steady`)."""

    def __init__(self) -> None:
        self._devices: dict[Address, list[OwnNews]] = {}
        self.changed: Callable[[Address], None] = _nobody_asks

    def add(self, device: OwnNews) -> None:
        """It listens from now on. Raises `Refused(FORBIDDEN)` for guests."""
        if device.address.is_guest:
            raise Refused(Reason.FORBIDDEN, "Please log in: guests have no account.")
        self._devices.setdefault(device.address.bare, []).append(device)
        self.changed(device.address.bare)

    def remove(self, device: OwnNews) -> None:
        """It is gone. Idempotent."""
        devices = self._devices.get(device.address.bare, [])
        if device in devices:
            devices.remove(device)
        if not devices:
            self._devices.pop(device.address.bare, None)
        self.changed(device.address.bare)

    async def devices(self, caller: Caller, callee: Address) -> Sequence[Device]:
        """None of them can be called."""
        return ()

    def present(self, account: Address) -> Sequence[Device]:
        """Those of an account, or the one that is named."""
        if not (devices := self._devices.get(account.bare)):
            return ()
        return [one for one in devices if account.device in ("", one.address.device)]
