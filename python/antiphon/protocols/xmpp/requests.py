"""IQ stanzas (RFC 6120 §8.2.3, RFC 6121 §8): found for each is who answers, a feature or another
session. What is answered, features know.
"""

import logging
from asyncio import iscoroutine
from collections.abc import Collection, Coroutine, Iterable
from typing import Any
from xml.etree.ElementTree import Element

from antiphon._native import Stanza
from antiphon.core.address import Address
from antiphon.core.reason import Refused

from .errands import Errands
from .feature import Reply, Request, Scope, Serve, StanzaError, error_of
from .message import refusal, result, stanza
from .questions import Questions
from .session import Session

log = logging.getLogger(__name__)

QUESTIONS = frozenset({"get", "set"})
ANSWERS = frozenset({"result", "error"})
Key = tuple[str, str, str]


class Requests:
    """The table of what is served, and how a request is answered."""

    def __init__(self, errands: Errands, questions: Questions) -> None:
        self._errands = errands
        self._questions = questions
        self._served: dict[Key, list[Serve]] = {}
        self._namespaces: set[str] = set()

    @property
    def served(self) -> Collection[Key]:
        """Type, name and namespace of all that is served."""
        return self._served.keys()

    def add(self, served: Iterable[Serve]) -> None:
        """Serve these, too; an earlier one of the same kind and scope stays in force."""
        for one in served:
            self._served.setdefault((one.type, one.name, one.namespace), []).append(one)
            self._namespaces.add(one.namespace)

    def answer(
        self, session: Session, asked: Stanza, scope: Scope, account: Address | None
    ) -> None:
        """Answer an IQ that is addressed to the server or an account."""
        if asked.type in ANSWERS:
            self._questions.answered(session, asked)
            return
        request = Request(session, asked, scope, account)
        try:
            reply = self._serve(request).handler(request)
        except (Refused, StanzaError) as refused:
            self._refuse(request, refused)
        except Exception as error:
            self._failed(request, error)
        else:
            if iscoroutine(reply):
                self._later(request, reply)
            else:
                self._reply(request, reply)

    def _serve(self, request: Request) -> Serve:
        stanza = request.stanza
        if (payload := stanza.payload) is None or stanza.type not in QUESTIONS or not stanza.id:
            # RFC 6120 §8.2.3: a request has an id, a type and exactly one element.
            raise StanzaError("bad-request")
        name, namespace = payload
        for one in self._served.get((stanza.type, name, namespace), ()):
            if request.scope in one.scope:
                if _is_beyond(one, request):
                    raise StanzaError("forbidden", "Guests have nothing of their own here.")
                return one
        if namespace in self._namespaces and request.scope is not Scope.OTHER:
            raise StanzaError("feature-not-implemented")
        raise StanzaError("service-unavailable")  # RFC 6120 §8.4

    def _later(self, request: Request, reply: Coroutine[Any, Any, Reply]) -> None:
        token = request.session.begin()

        async def errand() -> None:
            try:
                self._reply(request, await reply)
            except (Refused, StanzaError) as refused:
                self._refuse(request, refused)
            except Exception as error:
                self._failed(request, error)
            finally:
                request.session.finish(token)

        try:
            self._errands.add(request.session, errand)
        except Refused as refused:
            reply.close()
            self._refuse(request, refused)
            request.session.finish(token)

    def _reply(self, request: Request, reply: Reply) -> None:
        children: tuple[bytes | Element, ...] = () if reply is None else (reply,)
        request.session.send(result(request.stanza, request.session.jid, *children))

    def _refuse(self, request: Request, refused: Refused | StanzaError) -> None:
        request.session.send(refused_iq(request, refused))

    def _failed(self, request: Request, error: Exception) -> None:
        who, what = request.session.jid, request.stanza.payload
        log.error("a request of %s failed: %s", who, what, exc_info=error)
        self._errands.failures += 1
        stanza = request.stanza
        request.session.send(refusal(stanza, request.session.jid, "internal-server-error"))


def _is_beyond(one: Serve, request: Request) -> bool:
    """Whether a guest wants to leave something here."""
    changes = one.type == "set" and request.scope is Scope.OWN
    return changes and not one.guests and request.own.is_guest


def refused_iq(request: Request, refused: Refused | StanzaError) -> bytes:
    """The error that answers a request."""
    asked = request.stanza
    return stanza(
        "iq",
        error_of(refused),
        to=request.session.jid,
        from_=asked.to,
        id=asked.id,
        kind="error",
    )
