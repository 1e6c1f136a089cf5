"""Requests of occupants to others (XEP-0045 §17.2): each goes to one client, under an id that is
made here, and the answer goes back to the very session that asked, whatever else has its name.

It does not know who may ask whom.
"""

import secrets
from dataclasses import dataclass

from antiphon._native import Stanza
from antiphon.protocols.xmpp.feature import StanzaError, error_of
from antiphon.protocols.xmpp.message import stanza
from antiphon.protocols.xmpp.session import Session

# Requests of one session that wait for answers; beyond, the oldest are forgotten.
MOST = 50


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What `asker` asked under `id` of the occupant `to` of `room`; `asked`: who answers."""

    asker: Session
    asked: Session
    room: str
    to: str
    id: str


class _Asks(dict[str, _Question]):
    """Kept of a session: what it asked, oldest first, by our ids."""


class _Owes(dict[str, _Question]):
    """Kept of a session: what it was asked and has not answered."""


class Passing:
    """See the module."""

    def ask(self, asker: Session, asked: Session, request: Stanza, room: str, from_: str) -> None:
        """Pass a request on, from the occupant `from_` of `room`. Raises `StanzaError`."""
        if not request.id or not request.to or request.payload is None:
            raise StanzaError("bad-request")  # RFC 6120 §8.2.3
        asks: _Asks = asker.features.setdefault(_Asks, _Asks())
        if len(asks) >= MOST:
            self._forget(next(iter(asks)), asks)
        id = f"passed-{secrets.token_hex(8)}"
        question = _Question(asker, asked, room, request.to, request.id)
        owes: _Owes = asked.features.setdefault(_Owes, _Owes())
        asks[id] = owes[id] = question
        head = {"to": asked.jid, "from_": from_, "kind": request.type, "lang": request.lang}
        asked.send(stanza("iq", *request.children(), id=id, **head))

    def answered(self, session: Session, answer: Stanza, room: str) -> None:
        """A client answers; what nobody asked for is dropped."""
        owes = session.features.get(_Owes)
        question = None if owes is None else owes.get(answer.id or "")
        if question is not None and question.room == room:
            self._answer(question, answer.id or "", answer.type, answer.children())

    def gone(self, session: Session) -> None:
        """A session has ended: it answers no more, and waits for nothing."""
        asks: _Asks = session.features.get(_Asks, _Asks())
        for id in list(asks):
            self._forget(id, asks)
        owes: _Owes = session.features.get(_Owes, _Owes())
        for id, question in list(owes.items()):
            error = error_of(StanzaError("recipient-unavailable"))
            self._answer(question, id, "error", [error])

    @staticmethod
    def _forget(id: str, asks: _Asks) -> None:
        owes = asks.pop(id).asked.features.get(_Owes)
        if owes is not None:
            owes.pop(id, None)

    @staticmethod
    def _answer(question: _Question, id: str, kind: str | None, children: list[bytes]) -> None:
        asker = question.asker
        for one, known in ((asker, _Asks), (question.asked, _Owes)):
            if (waiting := one.features.get(known)) is not None:
                waiting.pop(id, None)
        if not asker.ended:
            asker.send(
                stanza(
                    "iq",
                    *children,
                    to=asker.jid,
                    from_=question.to,
                    id=question.id,
                    kind=kind,
                )
            )
