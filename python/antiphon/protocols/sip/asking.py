"""One request within a dialog, sent again where credentials or another connection help.

It knows the leg whose dialog it is, and nothing of what the request is for.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from antiphon._native import SipResponse
from antiphon.core.reason import Reason

from . import fields
from .credentials import strongest
from .dialog import Dialog

if TYPE_CHECKING:
    from .leg import Leg

# Status → the field that challenges, the field that answers.
_CHALLENGES = {
    401: ("www-authenticate", "Authorization"),
    407: ("proxy-authenticate", "Proxy-Authorization"),
}


class Asking:
    """See the module. `heard` gets what does not lead to another attempt."""

    def __init__(
        self,
        leg: "Leg",
        dialog: Dialog,
        method: str,
        more: fields.Fields,
        body: bytes,
        heard: Callable[[SipResponse], None] | None,
    ) -> None:
        self._leg = leg
        self._dialog = dialog
        self._method = method
        self._more = more
        self._body = body
        self._heard = heard
        self._uri = ""
        self._again: set[int] = set()

    def send(self, credentials: fields.Fields | None = None) -> int:
        """Send it; the result is its number."""
        leg, heading = self._leg, self._dialog.heading(self._method)
        self._uri = heading.uri
        headers = fields.of_dialog(self._dialog, heading, self._method)
        if self._method in ("INVITE", "UPDATE", "REFER", "SUBSCRIBE"):
            headers += fields.contact(leg.contact, focus=leg.focus) + fields.CAPABILITIES
        headers += self._more + (credentials or [])
        return leg.stack.request(
            self._method, heading.uri, leg.flow, headers, self._body,
            heard=self._answered, bound=leg.bound,
        )  # fmt: skip

    def _answered(self, response: SipResponse) -> None:
        status = response.status
        if status < 200:
            if self._heard is not None and status > 100:
                self._heard(response)
            return
        first = status not in self._again
        self._again.add(status)
        if first and response.local and (flow := self._leg.reroute()) is not None:
            self._leg.flow = flow
            self.send()
            return
        if first and (answer := answer_challenge(response, self._leg, self._uri)):
            self.send(answer)
            return
        if self._heard is not None:
            self._heard(response)
        if status in (408, 481) and self._method in ("INVITE", "UPDATE"):
            # RFC 3261 §12.2.1.2. A connection that was lost (503) may come back.
            self._leg.end(Reason.LOST, "The telephone does not know the call any more.")


def answer_challenge(response: SipResponse, leg: "Leg", uri: str) -> fields.Fields | None:
    """The credentials that a 401 or 407 asks for, if we have any."""
    if leg.credentials is None or response.status not in _CHALLENGES:
        return None
    asked, given = _CHALLENGES[response.status]
    challenge = strongest(response.all(asked))
    if challenge is None:
        return None
    return [(given, leg.credentials.answer(challenge, response.method, uri))]
