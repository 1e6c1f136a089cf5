"""An actor on a telephone: registers by SIP, writes and reads messages (RFC 3428), watches and
tells presence (RFC 3856, RFC 3903). Of most other sentences a telephone knows nothing.

Who may see that one is there is nothing that one tells a telephone: its owner says so by REST.
"""

import asyncio
import contextlib
import re
from contextlib import AsyncExitStack
from typing import Any

import httpx

from tests.support.node import Node
from tests.support.sip_client import (
    DOMAIN,
    Client,
    client,
    fresh,
    header,
    message,
    register,
    reply,
    status,
    with_credentials,
)
from tests.support.stage.actor import PATIENCE, Actor, address_of
from tests.support.telephony import PASSWORD
from tests.support.wait import until

PIDF = (
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:{user}@localhost"'
    ' xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
    ' xmlns:r="urn:ietf:params:xml:ns:pidf:rpid"><tuple id="one">'
    "<status><basic>open</basic></status>{note}</tuple>"
    '<dm:person id="p"><r:activities>{activity}</r:activities></dm:person></presence>'
)


class PhoneActor(Actor):
    """Speaks SIP over UDP."""

    def __init__(self, node: Node, name: str) -> None:
        super().__init__(node, name)
        self._stack = AsyncExitStack()
        self._socket: Client | None = None
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        self._hearing: asyncio.Task[None] | None = None
        self._contact = ""
        self._published = ""

    async def comes(self) -> None:
        server = ("127.0.0.1", self.node.port("sip"))
        socket = self._socket = await self._stack.enter_async_context(client(server))
        self._contact = f"sip:{self.user}@{socket.local}"
        self._hearing = asyncio.create_task(self._hear(socket))
        await self._proved(register(self.user, self._contact))
        self._published = ""
        await self._publish("", "")

    async def goes(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._hearing
            self._hearing = None
        await self._stack.aclose()

    async def is_away(self, text: str) -> None:
        await self._publish("<r:away/>", f"<note>{text}</note>")

    async def is_back(self) -> None:
        await self._publish("", "")

    async def asks(self, other: str) -> None:
        lines = ("Event: presence", "Expires: 600", f"Contact: <{self._contact}>")
        await self._request("SUBSCRIBE", other, *lines)

    async def is_asked(self, other: str) -> None:
        async def asking() -> list[str]:
            found = (await self._rest("GET", "contacts"))["contacts"]
            return [one["address"] for one in found if one["asking"]]

        await until(f"{other} asks {self.name}", asking, lambda who: address_of(other) in who)

    async def lets(self, other: str) -> None:
        await self._rest("POST", f"contacts/{address_of(other)}/answer", {"granted": True})

    async def sees_there(self, other: str) -> None:
        await self._sees(other, lambda text: "open" in text and "away" not in text)

    async def sees_away(self, other: str, text: str) -> None:
        await self._sees(other, lambda seen: "away" in seen and text in seen)

    async def writes(self, other: str, text: str) -> None:
        await self._request("MESSAGE", other, "Content-Type: text/plain", body=text)

    async def reads(self, other: str, text: str) -> None:
        def fits(heard: bytes) -> bool | None:
            sender = f"{other.lower()}@{DOMAIN}"
            same = heard.startswith(b"MESSAGE ") and sender in header(heard, "From")
            return (same and heard.partition(b"\r\n\r\n")[2].decode() == text) or None

        await self.until(fits, f"{text!r} from {other}")

    # within

    async def _rest(self, method: str, path: str, body: object = None) -> Any:
        """Something of the account's own."""
        async with httpx.AsyncClient(base_url=f"{self.node.url}/api/v1") as http:
            given = {"address": self.address, "password": PASSWORD}
            login = (await http.post("/auth/login", json=given)).raise_for_status()
            bearer = {"Authorization": f"Bearer {login.json()['token']}"}
            path = f"/accounts/{self.address}/{path}"
            answer = await http.request(method, path, json=body, headers=bearer)
            return answer.raise_for_status().json() if answer.content else None

    async def _publish(self, activity: str, note: str) -> None:
        body = PIDF.format(user=self.user, activity=activity, note=note)
        lines = ["Event: presence", "Expires: 600", "Content-Type: application/pidf+xml"]
        if self._published:  # what it said takes the place of that (RFC 3903 §4.4)
            lines.append(f"SIP-If-Match: {self._published}")
        answer = await self._request("PUBLISH", self.name, *lines, body=body)
        self._published = header(answer, "SIP-ETag")

    async def _sees(self, other: str, fits: object) -> None:
        assert callable(fits)

        def seen(heard: bytes) -> bool | None:
            if not heard.startswith(b"NOTIFY ") or other.lower() not in header(heard, "From"):
                return None
            text = heard.partition(b"\r\n\r\n")[2].decode()
            return bool(re.search("<basic>", text) and fits(text)) or None

        await self.until(seen, f"the presence of {other}")

    async def _request(self, method: str, other: str, *lines: str, body: str = "") -> bytes:
        assert self._socket is not None, f"{self.name} is offline"
        uri = f"sip:{other.lower()}@{DOMAIN}"
        request = message(
            method, uri, *lines, sender=self.user, via=self._socket.local, body=body,
            call_id=fresh("play-"),
        )  # fmt: skip
        return await self._proved(request)

    async def _proved(self, request: bytes) -> bytes:
        """The answer, which is a good one."""
        challenge = await self._ask(request)
        assert status(challenge) in (401, 407), challenge.decode()
        answer = await self._ask(with_credentials(request, challenge, self.user, PASSWORD))
        assert 200 <= status(answer) < 300, answer.decode()
        return answer

    async def _ask(self, request: bytes) -> bytes:
        """The final answer."""
        async with asyncio.timeout(PATIENCE):
            return await self._begin(request)

    def _begin(self, request: bytes) -> asyncio.Future[bytes]:
        """Send it; what comes is the final answer."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[_transaction(request)] = answer
        self._send(request)
        return answer

    def _send(self, data: bytes) -> None:
        assert self._socket is not None, f"{self.name} is offline"
        self._socket.send(data)

    async def _hear(self, socket: Client) -> None:
        while True:
            heard = await socket.came.get()
            if status(heard) == 0:
                self._asked(heard)
            elif status(heard) >= 200:
                answer = self._answers.pop(_transaction(heard), None)
                if answer is not None and not answer.done():
                    answer.set_result(heard)
            else:
                self.notice(heard)

    def _asked(self, request: bytes) -> None:
        """A request came."""
        self._send(reply(request, 200))
        self.notice(request)


def _transaction(text: bytes) -> str:
    return header(text, "CSeq") + header(text, "Call-ID")
