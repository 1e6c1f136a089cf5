"""Messages that clients send to accounts of this domain (RFC 6121 §5, §8.5): what becomes of each.

What is kept, who gets it and in which order are the core's. What the core has no word for (an
error, an extension without content) goes from session to session as it came.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.message import Draft, Message, MessageKind, Original
from antiphon.core.outlet import Outlet
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused

from . import adapter
from .blocks import BlockList, own_block, refused_by_block
from .delivery import Delivery
from .device import SessionDevice, device_of
from .feature import StanzaError, error_of
from .marks import Marks
from .session import Session
from .stamps import own_delays

log = logging.getLogger(__name__)

SIGNS = Kid.RECEIPT | Kid.MARKER
PRIVATE = Kid.PRIVATE
# A message to be shown now or never (RFC 6121 §5.2.2).
HEADLINE = "headline"
# What was changed may be unknown here (the sender's id was too short, the message not kept): other
# clients may know it none the less.
UNKNOWN = (Reason.NOT_FOUND, Reason.GONE)


class Post(Protocol):
    """What is asked of the switchboard."""

    def submit(
        self,
        caller: Caller,
        to: Address,
        draft: Draft,
        *,
        outlet: Outlet | None = None,
        heard: Callable[[Message | Refused], None],
    ) -> None:
        """Take a direct message; `heard` after it is stored, in the order of submission."""

    def typing(
        self, caller: Caller, to: Address, active: bool, original: Original | None = None
    ) -> None:
        """`caller` began or ceased to write to somebody. Raises `Refused`."""


class Messaging:
    """See the module."""

    def __init__(
        self,
        *,
        post: Post,
        delivery: Delivery,
        blocks: BlockList,
        marks: Marks,
    ) -> None:
        self._post = post
        self._delivery = delivery
        self._blocks = blocks
        self._marks = marks

    def received(self, session: Session, stanza: Stanza, to: Address) -> None:
        """A message to an account here, or one of its resources."""
        type_ = stanza.type
        straight = type_ in ("error", "groupchat")
        if not straight and (stanza.kids & adapter.CONTENT or type_ == HEADLINE):
            self._submit(session, stanza, to)  # the core knows who blocks whom
            return
        refused = refused_by_block(self._blocks, session.address, to)
        if refused is not None:
            refuse(session, stanza, refused)
        elif straight:
            self._straight(session, stanza, to)
        else:
            self._sign(session, stanza, to)

    # what the core keeps

    def _submit(self, session: Session, stanza: Stanza, to: Address) -> None:
        own = None if stanza.to else session.bare
        # Archive ids that the addressee would believe are not the sender's to give (XEP-0359 §4).
        late, kept = own_delays(stanza, session.address)
        by = f"{to.local}@{to.domain}"
        raw = stanza.stamp(session.jid, to=own, drop=PRIVATE | late, extra=kept, by=by)
        draft = adapter.draft_of(stanza, raw)
        if stanza.type == HEADLINE:
            draft = replace(draft, kept=False, copied=False)
        self._give(device_of(session), stanza, to, draft, session.begin())

    def _give(
        self, device: SessionDevice, stanza: Stanza, to: Address, draft: Draft, token: int
    ) -> None:
        heard = partial(self._heard, device, stanza, to, draft, token)
        self._post.submit(device.caller, to, draft, outlet=device, heard=heard)

    def _heard(
        self,
        device: SessionDevice,
        stanza: Stanza,
        to: Address,
        draft: Draft,
        token: int,
        outcome: Message | Refused,
    ) -> None:
        """It is stored and delivered, or was refused; the session may have ended meanwhile."""
        session = device.session
        if isinstance(outcome, Refused):
            if draft.kind is not MessageKind.TEXT and outcome.reason in UNKNOWN:
                plain = replace(draft, kind=MessageKind.TEXT, about=None, reactions=())
                self._give(device, stanza, to, replace(plain, kept=draft.stored), token)
                return
            if stanza.type != HEADLINE:
                refuse(session, stanza, _spelled(session, outcome))
        session.finish(token)

    # what it does not

    def _sign(self, session: Session, stanza: Stanza, to: Address) -> None:
        """Receipts, markers, chat states, and whatever else is nothing for an archive."""
        kids = stanza.kids
        passed = Original(adapter.FORM, b"")
        caller = device_of(session).caller
        if kids & SIGNS:
            for mark, reference in adapter.marks_of(stanza):
                self._marks.add(caller, to, mark, reference, passed)
        if kids & Kid.CHAT_STATE:
            active = stanza.name_of(Kid.CHAT_STATE) == "composing"
            try:
                self._post.typing(caller, to, active, original=passed)
            except Refused as refused:
                log.debug("%s: nobody was told who types: %s", session.jid, refused)
        copied = not kids & adapter.NOT_COPIED
        meant = self._delivery.pass_on(session, stanza, to, copied=copied)
        if not (meant or kids & (SIGNS | Kid.CHAT_STATE)) and stanza.type == "chat":
            refuse(session, stanza, StanzaError("service-unavailable"))

    def _straight(self, session: Session, stanza: Stanza, to: Address) -> None:
        """Errors, and what belongs into rooms (RFC 6121 §8.5.2.1.1, §8.5.3)."""
        meant = bool(to.device) and self._delivery.pass_on(session, stanza, to, copied=False)
        if not meant and stanza.type == "groupchat":
            refuse(session, stanza, StanzaError("service-unavailable"))


def refuse(session: Session, stanza: Stanza, refused: StanzaError | Refused) -> None:
    """Bring a stanza back to its sender as an error; errors are not answered (RFC 6120 §8.3.1)."""
    if stanza.type == "error":
        return
    own = stanza.to or session.bare
    session.send(stanza.stamp(own, to=session.jid, type_="error", extra=error_of(refused)))


def _spelled(session: Session, refused: Refused) -> Refused | StanzaError:
    """Who has an account here, and who blocks whom, is not told (RFC 6121 §8.5.1, §13); whom one
    blocks oneself one knows (XEP-0191 §3.6).
    """
    if refused.reason is Reason.CONFLICT:
        return own_block()
    hidden = refused.reason is Reason.NOT_FOUND or (
        refused.reason is Reason.FORBIDDEN and not session.account.is_guest
    )
    return StanzaError("service-unavailable") if hidden else refused
