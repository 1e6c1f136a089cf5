"""Calls of an actor on a telephone (RFC 3261 §12, §13): it calls, rings, answers and hangs up. It
sends no sound.
"""

import asyncio
import re
from dataclasses import dataclass

from tests.support.node import Node
from tests.support.sip_client import (
    DOMAIN,
    acknowledgement,
    fresh,
    header,
    message,
    reply,
    status,
    with_credentials,
)
from tests.support.stage.actor import PATIENCE
from tests.support.stage.phone import PhoneActor
from tests.support.telephony import PASSWORD

SOUND = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
TAG = "stage"


@dataclass
class Talk:
    """A dialog, or what will be one. `ours` is how this side is named in it, `theirs` the other."""

    invite: bytes
    answer: "asyncio.Future[bytes] | None" = None
    ours: str = ""
    theirs: str = ""
    uri: str = ""
    route: tuple[str, ...] = ()
    number: int = 1

    @property
    def call_id(self) -> str:
        return header(self.invite, "Call-ID")


class CallingPhone(PhoneActor):
    """With one line: what is heard of a call is of the last one with somebody."""

    def __init__(self, node: Node, name: str) -> None:
        super().__init__(node, name)
        self._talks: dict[str, Talk] = {}

    async def calls(self, other: str) -> None:
        assert self._socket is not None, f"{self.name} is offline"
        lines = (f"Contact: <{self._contact}>", "Content-Type: application/sdp")
        first = message(
            "INVITE", f"sip:{other.lower()}@{DOMAIN}", *lines, sender=self.user,
            via=self._socket.local, body=SOUND, call_id=fresh("call-"),
        )  # fmt: skip
        challenge = await self._ask(first)
        assert status(challenge) in (401, 407), challenge.decode()
        self._send(acknowledgement(first, challenge))
        invite = with_credentials(first, challenge, self.user, PASSWORD)
        self._talks[other] = Talk(invite, self._begin(invite))

    async def hears_ringing(self, other: str) -> None:
        call_id = self._talks[other].call_id

        def fits(heard: bytes) -> bool | None:
            return (status(heard) == 180 and header(heard, "Call-ID") == call_id) or None

        await self.until(fits, f"the ringing of {other}")

    async def is_called(self, other: str) -> None:
        def fits(heard: bytes) -> bytes | None:
            same = f"{other.lower()}@{DOMAIN}" in header(heard, "From")
            return heard if heard.startswith(b"INVITE ") and same else None

        self._talks[other] = Talk(await self.until(fits, f"a call of {other}"))

    async def answers(self, other: str) -> None:
        talk = self._talks[other]
        invite = talk.invite
        talk.ours, talk.theirs = f"{header(invite, 'To')};tag={TAG}", header(invite, "From")
        talk.uri, talk.route = _address(header(invite, "Contact")), _routes(invite)
        lines = (f"Contact: <{self._contact}>", "Content-Type: application/sdp")
        answer = reply(invite, 200, *lines, tag=TAG)
        length = f"Content-Length: {len(SOUND)}\r\n\r\n{SOUND}"
        self._send(answer.replace(b"Content-Length: 0\r\n\r\n", length.encode()))

    async def declines(self, other: str) -> None:
        self._send(reply(self._talks.pop(other).invite, 603, tag=TAG))

    async def is_declined(self, other: str) -> None:
        answer = await self._final(self._talks[other])
        self._send(acknowledgement(self._talks.pop(other).invite, answer))
        assert status(answer) == 603, answer.decode()

    async def talks(self, other: str) -> None:
        """The other side's answer, or what it says to ours."""
        talk = self._talks[other]
        if talk.answer is None:
            await self._comes("ACK", talk, other)
            return
        answer = await self._final(talk)
        assert status(answer) == 200, answer.decode()
        assert "m=audio" in answer.decode(), "what one hears is agreed on"
        talk.ours, talk.theirs = header(talk.invite, "From"), header(answer, "To")
        talk.uri, talk.route = _address(header(answer, "Contact")), _routes(answer)[::-1]
        talk.number = int(header(talk.invite, "CSeq").split()[0])
        self._send(self._within(talk, "ACK"))

    async def hangs_up(self, other: str) -> None:
        talk = self._talks.pop(other)
        talk.number += 1
        answer = await self._ask(self._within(talk, "BYE"))
        assert status(answer) == 200, answer.decode()

    async def is_left(self, other: str) -> None:
        await self._comes("BYE", self._talks.pop(other), other)

    # within

    def _asked(self, request: bytes) -> None:
        if request.startswith(b"INVITE "):
            self._send(reply(request, 180, f"Contact: <{self._contact}>", tag=TAG))
            self.notice(request)
        elif request.startswith(b"ACK "):
            self.notice(request)
        else:
            super()._asked(request)

    async def _final(self, talk: Talk) -> bytes:
        assert talk.answer is not None
        async with asyncio.timeout(PATIENCE):
            return await talk.answer

    async def _comes(self, method: str, talk: Talk, other: str) -> None:
        def fits(heard: bytes) -> bool | None:
            same = header(heard, "Call-ID") == talk.call_id
            return (heard.startswith(method.encode() + b" ") and same) or None

        await self.until(fits, f"{method} of the call with {other}")

    def _within(self, talk: Talk, method: str) -> bytes:
        """A request of a dialog (RFC 3261 §12.2.1.1)."""
        assert self._socket is not None, f"{self.name} is offline"
        lines = [
            f"{method} {talk.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._socket.local};rport;branch={fresh('z9hG4bK')}",
            "Max-Forwards: 70",
            *(f"Route: {one}" for one in talk.route),
            f"From: {talk.ours}",
            f"To: {talk.theirs}",
            f"Call-ID: {talk.call_id}",
            f"CSeq: {talk.number} {method}",
            "Content-Length: 0",
        ]
        return "\r\n".join([*lines, "", ""]).encode()


def _address(contact: str) -> str:
    """The URI of a Contact."""
    found = re.search(r"<([^>]+)>", contact)
    return found[1] if found else contact.partition(";")[0]


def _routes(text: bytes) -> tuple[str, ...]:
    found = re.findall(rb"^Record-Route:[ \t]*(.*?)\r$", text, re.MULTILINE | re.IGNORECASE)
    return tuple(part.strip() for line in found for part in line.decode().split(","))
