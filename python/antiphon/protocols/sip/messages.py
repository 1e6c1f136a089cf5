"""Text messages: MESSAGE to a room or an account, and from them to telephones (RFC 3428).

What is said, stored and delivered is the switchboard's.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable

from antiphon._native import SipFlow, SipRequest, SipResponse
from antiphon.core.address import Address
from antiphon.core.message import Draft, Message
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Switchboard

from . import fields
from .asked import Asked
from .header import NameAddress
from .party import Party
from .reason import status_of
from .stack import Stack
from .uri import Uri

log = logging.getLogger(__name__)

PLAIN = "text/plain"
CHARSET = "text/plain;charset=UTF-8"
# Messages that are being stored or delivered at once: more wait at their senders.
AT_ONCE = 1000


class TextMessages:
    """MESSAGE in both directions."""

    def __init__(self, stack: Stack, switchboard: Switchboard) -> None:
        self._stack = stack
        self._switchboard = switchboard
        self._tasks: set[asyncio.Task[None]] = set()

    def received(self, asked: Asked) -> None:
        """A MESSAGE outside of dialogs."""
        request = asked.request
        if request.content_type != PLAIN:
            self._stack.reply(request, 415, headers=[("Accept", PLAIN)])
        elif asked.target is None:
            self._stack.reply(request, 404)
        elif len(self._tasks) >= AT_ONCE:
            self._stack.reply(request, 503, headers=[("Retry-After", "5")])
        else:
            task = asyncio.get_running_loop().create_task(self._pass_on(asked, asked.target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, asked: Asked, target: Address) -> None:
        request = asked.request
        try:
            # RFC 3428 §8: a client may send it again when the answer was lost.
            draft = Draft(text=_text(request), origin_id=f"{request.call_id} {request.cseq}")
            if target.is_room:
                await self._switchboard.say(asked.caller, target.local, draft)
            else:
                await self._switchboard.send(asked.caller, target, draft)
        except Refused as refused:
            log.info("a message was refused: %s", refused)
            self._stack.reply(request, status_of(refused.reason))
        except Exception:
            log.exception("a message could not be passed on")
            self._stack.reply(request, 500)
        else:
            self._stack.reply(request, 200)

    def send(
        self,
        message: Message,
        *,
        uri: str,
        flow: SipFlow,
        to: Address,
        routes: tuple[str, ...] = (),
        bound: bool = False,
        heard: Callable[[SipResponse], None] | None = None,
    ) -> None:
        """Bring a message to one telephone. What a room says comes from the room, with the name of
        who said it; it is not tried again here.
        """
        sender = message.to if message.to.is_room else message.sender.bare
        shown = NameAddress(Uri("sip", sender.local, sender.domain), message.name)
        headers: fields.Fields = [
            *(("Route", route) for route in routes),
            ("From", str(shown.with_tag(secrets.token_hex(6)))),
            ("To", f"<sip:{to.bare}>"),
            ("Call-ID", secrets.token_hex(12)),
            ("CSeq", "1 MESSAGE"),
            *fields.content(CHARSET),
        ]
        self._stack.request(
            "MESSAGE",
            uri,
            flow,
            headers,
            message.text.encode(),
            heard=heard or _note,
            bound=bound,
        )

    def say(self, party: Party, message: Message) -> None:
        """Bring what was written in a room to a telephone that is in it."""
        leg = party.leg
        self.send(
            message,
            uri=str(leg.dialog.target.request),
            flow=leg.flow,
            to=party.caller.address,
            routes=leg.dialog.routes,
            bound=leg.bound,
        )

    async def close(self) -> None:
        """Wait for those that are being passed on."""
        if self._tasks:
            await asyncio.wait(self._tasks)


def _text(request: SipRequest) -> str:
    try:
        return request.body.decode()
    except UnicodeError:
        raise Refused(Reason.BAD_REQUEST, "The message is no UTF-8 text.") from None


def _note(response: SipResponse) -> None:
    if response.status >= 300:
        log.info("a telephone did not take a message: %d %s", response.status, response.reason)
