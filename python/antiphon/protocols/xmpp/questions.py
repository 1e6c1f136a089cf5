"""What the server asks clients by itself, and their answers (RFC 6120 §8.2.3)."""

import itertools
from collections.abc import Callable

from antiphon._native import Stanza

from .message import stanza
from .session import Session

Heard = Callable[[Stanza], None]
# Questions that one session may leave unanswered.
OPEN = 50


class Open(dict[str, Heard]):
    """Kept of a session: what it was asked, by id."""


class Questions:
    """Asks, and hears. A question that is not answered is forgotten with its session."""

    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._numbers = itertools.count(1)

    def ask(self, session: Session, payload: bytes, heard: Heard) -> None:
        """Ask a client for something; `heard` gets the result, or the error."""
        asked = session.features.setdefault(Open, Open())
        if len(asked) >= OPEN:
            del asked[next(iter(asked))]
        id = f"ask-{next(self._numbers)}"
        asked[id] = heard
        session.send(stanza("iq", payload, to=session.jid, from_=self._domain, id=id, kind="get"))

    def answered(self, session: Session, answer: Stanza) -> None:
        """A client answered something."""
        asked = session.features.get(Open)
        if asked is not None and (heard := asked.pop(answer.id or "", None)) is not None:
            heard(answer)
