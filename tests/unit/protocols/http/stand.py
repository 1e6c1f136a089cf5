"""The application among fakes: accounts and tokens in memory, sessions that answer offers."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from fastapi import FastAPI

from antiphon.core.address import Address
from antiphon.core.description import Codec, Description, Direction, Kind, Section
from antiphon.core.media import Answer, SessionEvents
from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http import HttpContext, create_app, drain
from antiphon.services.presence import PresenceBook
from antiphon.stores.records import AccountLimits, Role
from tests.support.contacts import MemoryContacts
from tests.support.fakes import FakeEndpoint, House, house

OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "a=mid:0",
        "a=ice-ufrag:EsAw",
        "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
        "a=sendonly",
        "a=rtpmap:111 opus/48000/2",
        "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "a=mid:1",
        "a=ice-ufrag:EsAw",
        "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
        "a=sendonly",
        "a=rtpmap:96 VP8/90000",
        "",
    ]
)
PLAY = OFFER.replace("a=sendonly", "a=recvonly")
RESTART = (
    "a=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
    "a=candidate:2 1 udp 2122260223 192.0.2.2 61765 typ host\r\n"
)
TRICKLE = (
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
    "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n"
    "a=end-of-candidates\r\n"
)
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


@dataclass(frozen=True)
class StoredAccount:
    address: Address
    name: str
    role: Role = Role.USER
    disabled: bool = False
    created_at: float = 1.0
    stamp: str = "s"
    password: str = ""
    limits: AccountLimits = field(default_factory=AccountLimits)


class MemoryAccounts:
    """Accounts with their passwords as they are."""

    def __init__(self) -> None:
        self.stored: dict[Address, StoredAccount] = {}

    async def create(
        self, address: Address, password: str, *, name: str = "", role: Role = Role.USER
    ) -> StoredAccount:
        if address in self.stored:
            raise Refused(Reason.CONFLICT, "There is such an account already.")
        if len(password) < 8:
            raise Refused(Reason.BAD_REQUEST, "The password is too short.")
        made = StoredAccount(address, name or address.local, role, password=password)
        self.stored[address] = made
        return made

    async def update(
        self,
        address: Address,
        *,
        name: str | None = None,
        role: Role | None = None,
        disabled: bool | None = None,
        limits: AccountLimits | None = None,
    ) -> StoredAccount:
        old = self._find(address)
        self.stored[address] = replace(
            old,
            name=old.name if name is None else name,
            role=old.role if role is None else role,
            disabled=old.disabled if disabled is None else disabled,
            limits=old.limits if limits is None else limits,
        )
        return self.stored[address]

    async def set_password(self, address: Address, password: str) -> StoredAccount:
        self.stored[address] = replace(self._find(address), password=password)
        return self.stored[address]

    async def remove(self, address: Address) -> bool:
        return self.stored.pop(address, None) is not None

    async def find(self, address: Address) -> StoredAccount | None:
        return self.stored.get(address)

    async def page(self, after: Address | None = None, limit: int = 100) -> Sequence[StoredAccount]:
        found = sorted(address for address in self.stored if after is None or address > after)
        return [self.stored[address] for address in found[:limit]]

    async def authenticate(self, address: Address, password: str) -> StoredAccount:
        found = self.stored.get(address)
        if found is None or found.password != password:
            raise Refused(Reason.UNAUTHORIZED, "The address or the password is wrong.")
        return found

    def _find(self, address: Address) -> StoredAccount:
        if address not in self.stored:
            raise Refused(Reason.NOT_FOUND, "There is no such account.")
        return self.stored[address]


@dataclass(frozen=True)
class PlainToken:
    text: str
    expires_at: float = 1000.0


class MemoryTokens:
    """Tokens that are keys of a table; also the authenticator."""

    def __init__(self) -> None:
        self.issued: dict[str, Caller] = {}
        self.renewable: set[str] = set()

    def issue(
        self,
        caller: Caller,
        ttl: float | None = None,
        *,
        stamp: str | None = None,
        renewable: bool = False,
    ) -> PlainToken:
        text = f"t{len(self.issued)}"
        self.issued[text] = caller
        self.renewable |= {text} if renewable else set()
        return PlainToken(text)

    def renew(self, text: str, caller: Caller, *, stamp: str | None = None) -> PlainToken:
        if text not in self.renewable:
            raise Refused(Reason.FORBIDDEN, "This token cannot be renewed.")
        return self.issue(caller, stamp=stamp, renewable=True)

    async def verify(self, token: str) -> Caller:
        if token not in self.issued:
            raise Refused(Reason.UNAUTHORIZED, "The token is not valid.")
        return self.issued[token]


class AnsweringSession(FakeEndpoint):
    """Answers offers section by section, as an ICE-lite engine does."""

    def __init__(self, room: str, member: str, events: SessionEvents, open_ended: bool) -> None:
        super().__init__(description=Description(), number=9)
        self.room = room
        self.member = member
        self.events = events
        self.open_ended = open_ended
        self.offers: list[str] = []
        self.candidates: list[str] = []
        self.refuse: Refused | None = None

    async def accept_offer(self, text: str) -> Answer:
        self.offers.append(text)
        if self.refuse is not None:
            raise self.refuse
        if "garbage" in text:
            raise Refused(Reason.BAD_REQUEST, "not a session description")
        self.description = described(text)
        return Answer(self._answer(text), self.description, {})

    async def accept_answer(self, request: int, text: str) -> None:
        raise AssertionError("nothing was offered")

    def add_candidate(self, text: str) -> None:
        self.candidates.append(text)

    def _answer(self, offer: str) -> str:
        number = len(self.offers)
        swapped = {"a=sendonly": "a=recvonly", "a=recvonly": "a=sendonly"}
        lines = ["v=0", "o=- 5 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite"]
        for line in offer.split("\r\n"):
            if line.startswith("m="):
                lines += [
                    line,
                    f"a=ice-ufrag:serv{number}",
                    f"a=ice-pwd:{number}2e13dde17c1cb009202f627fab90cbec",
                    "a=candidate:1 1 udp 2130706431 198.51.100.1 39132 typ host",
                ]
            elif line.startswith("a=mid:") or line in swapped:
                lines.append(swapped.get(line, line))
        return "\r\n".join([*lines, ""])


def described(offer: str) -> Description:
    """What the offering side sends and receives."""
    sections = []
    for part in offer.split("\r\nm=")[1:]:
        kind = Kind(part.split(" ")[0]) if not part.startswith("application") else Kind.DATA
        mid = re.search(r"a=mid:(\S+)", part)
        direction = re.search(r"a=(sendrecv|sendonly|recvonly|inactive)", part)
        assert mid is not None
        sections.append(
            Section(
                mid[1],
                kind,
                Direction(direction[1]) if direction else Direction.SENDRECV,
                (Codec("opus" if kind is Kind.AUDIO else "vp8"),),
            )
        )
    return Description(tuple(sections))


class AnsweringSessions:
    """Opens them, and keeps them for the test to look at."""

    def __init__(self) -> None:
        self.opened: list[AnsweringSession] = []
        self.refuse: Refused | None = None

    def open(
        self, room: str, member: str, events: SessionEvents, *, open_ended: bool = True
    ) -> AnsweringSession:
        session = AnsweringSession(room, member, events, open_ended)
        session.refuse = self.refuse
        self.opened.append(session)
        return session


@dataclass
class Stand:
    """The application, what is behind it, and a client in front of it."""

    app: FastAPI
    client: httpx.AsyncClient
    context: HttpContext
    house: House
    accounts: MemoryAccounts
    tokens: MemoryTokens
    sessions: AnsweringSessions
    contacts: MemoryContacts
    counter: int = field(default=0)

    def headers(self, caller: Caller) -> dict[str, str]:
        """Header fields with a token of the caller."""
        return {"Authorization": f"Bearer {self.tokens.issue(caller).text}"}

    async def call(
        self, method: str, path: str, caller: Caller | None = None, **options: Any
    ) -> httpx.Response:
        """One request, checked for what every response must have."""
        headers = {**(self.headers(caller) if caller else {}), **options.pop("headers", {})}
        response = await self.client.request(method, path, headers=headers, **options)
        check(response)
        return response


async def settle() -> None:
    """Let everything run that can: nothing here waits for time or threads."""
    for _ in range(100):
        await asyncio.sleep(0)


def check(response: httpx.Response) -> None:
    """What every response has; and every error is a problem."""
    assert response.headers["x-content-type-options"] == "nosniff"
    assert len(response.headers["x-request-id"]) == 16
    if response.status_code >= 400 and response.request.method != "HEAD":
        assert response.headers["content-type"] == "application/problem+json", response.text
        problem = response.json()
        assert problem["status"] == response.status_code
        assert all(problem[name] for name in ("title", "detail", "reason"))
        assert problem["request_id"] == response.headers["x-request-id"]
        assert "Traceback" not in response.text


@asynccontextmanager
async def stand(**options: Any) -> AsyncIterator[Stand]:
    """An application for one test; `options` replace fields of its context."""
    presence, contacts = PresenceBook(), MemoryContacts()
    built = house(presence=presence, contacts=contacts)
    contacts.tell = built.switchboard.tell
    contacts.rights = built.switchboard.sight_changed
    accounts, tokens, sessions = MemoryAccounts(), MemoryTokens(), AnsweringSessions()
    fields: dict[str, Any] = {
        "addresses": built.addresses,
        "accounts": accounts,
        "tokens": tokens,
        "authenticator": tokens,
        "rooms": built.rooms,
        "messages": built.messages,
        "calls": built.calls,
        "presence": presence,
        "contacts": contacts,
        "switchboard": built.switchboard,
        "sessions": sessions,
        "guests": Grants(),
        "version": "1.2.3",
        **options,
    }
    context = HttpContext(**fields)
    app = create_app(context)
    transport = httpx.ASGITransport(app, client=("192.0.2.9", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://node.example") as client:
        yield Stand(app, client, context, built, accounts, tokens, sessions, contacts)
    await drain(app)
