"""The whole SIP server of a node without sockets: messages in as text, messages out as text.

Time is the loop's, which may be virtual; accounts are a dictionary.
"""

import asyncio
import hashlib
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from antiphon._native import SipFlow
from antiphon.core.address import Address, Addresses
from antiphon.core.policy import Policy
from antiphon.net.gate import Gate
from antiphon.protocols.sip.asked import Asked
from antiphon.protocols.sip.config import SipConfig, SipLimits
from antiphon.protocols.sip.routing import Rule
from antiphon.protocols.sip.server import SipServer
from antiphon.services.normalize import PrecisNormalizer
from antiphon.stores.database import Database
from antiphon.stores.records import Account, Key, KeyKind

DOMAIN = "example.org"
US = "192.0.2.1"
PHONE = "198.51.100.7"

_numbers = itertools.count(1)


@dataclass
class Accounts:
    """Implements `identity.Accounts`. `slow`: seconds of a look-up."""

    passwords: dict[str, str] = field(default_factory=dict)
    slow: float = 0.0
    looked_up: list[str] = field(default_factory=list)
    watchers: list[Callable[[Address], None]] = field(default_factory=list)
    failure: Exception | None = None

    async def find_with_keys(
        self, addresses: Sequence[Address]
    ) -> Mapping[Address, tuple[Account, Mapping[KeyKind, Key]]]:
        self.looked_up += [address.local for address in addresses]
        found = {one: self._found(one) for one in addresses if one.local in self.passwords}
        await asyncio.sleep(self.slow)
        if self.failure is not None:
            raise self.failure
        return found

    def _found(self, address: Address) -> tuple[Account, Mapping[KeyKind, Key]]:
        password = self.passwords[address.local]
        account = Account(
            id=address.local,
            address=address,
            name=address.local.title(),
            disabled=False,
            created_at=0.0,
            stamp=password,
        )
        text = f"{address.local}:{DOMAIN}:{password}"
        ha1 = {
            KeyKind.DIGEST_MD5: hashlib.md5(text.encode()).hexdigest(),
            KeyKind.DIGEST_SHA_256: hashlib.sha256(text.encode()).hexdigest(),
        }
        keys = {
            kind: Key(kind=kind, version=1, iterations=1, salt=b"", data=value.encode())
            for kind, value in ha1.items()
        }
        return account, keys

    async def stamps(self, addresses: Sequence[Address]) -> Mapping[Address, str]:
        return {one: self.passwords[one.local] for one in addresses if one.local in self.passwords}

    def watch(self, listener: Callable[[Address], None]) -> Callable[[], None]:
        self.watchers.append(listener)
        return lambda: self.watchers.remove(listener)


class Site:
    """A server, and what it sent. Requests are `Text`s or plain text."""

    def __init__(
        self,
        users: Sequence[str] = ("alice", "bob"),
        *,
        config: SipConfig | None = None,
        limits: SipLimits | None = None,
        rules: Sequence[Callable[[Rule], Rule]] = (),
        **options: Any,
    ) -> None:
        self.accounts = Accounts({user: f"secret of {user}" for user in users})
        self.sent: list[tuple[SipFlow, str]] = []
        self.accepted: list[Asked] = []
        self.open: set[int] = {1, 2, 3}
        self.server = SipServer(
            addresses=Addresses(DOMAIN, PrecisNormalizer()),
            accounts=self.accounts,
            database=cast(Database, None),
            policy=Policy(guests=bool(options.get("guests"))),
            gate=Gate(100, 100),
            secret=b"0123456789abcdef",
            config=config or SipConfig(digest=("sha-256", "md5")),
            limits=limits or SipLimits(),
            rules=rules,
            **options,
        )
        self.server.stack.carrier = self
        self.server.location.is_open = lambda flow: flow.connection in self.open
        self.numbers = {
            kind: self.server.stack.listeners.add(kind, US, 5061 if kind == "tls" else 5060, US)
            for kind in ("udp", "tcp", "tls")
        }
        self.server.serve("INVITE", self.accepted.append)

    # the carrier

    def flush(self) -> None:
        """All that there is goes by `send`."""

    def send(self, flow: SipFlow, data: bytes) -> None:
        self.sent.append((flow, data.decode()))

    # messages

    def flow(
        self, host: str = PHONE, port: int = 5060, transport: str = "udp", connection: int = 0
    ) -> SipFlow:
        """One that a telephone may have."""
        return SipFlow(self.numbers[transport].number, transport, connection, (host, port))

    async def hear(self, text: str, flow: SipFlow | None = None) -> list[str]:
        """What is sent at once after this message."""
        before = len(self.sent)
        self.server.stack.receive(text.encode(), flow or self.flow())
        for _ in range(6):
            await asyncio.sleep(0)
        return [data for _, data in self.sent[before:]]

    async def ask(self, text: str, user: str, flow: SipFlow | None = None) -> list[str]:
        """The same with the credentials that are asked for first."""
        (challenge, *_) = await self.hear(text, flow)
        assert status(challenge) in (401, 407), challenge
        return await self.hear(self.answered(text, challenge, user), flow)

    def answered(self, text: str, challenge: str, user: str, password: str = "") -> str:
        """The request again, with digest credentials."""
        parameters = dict(
            re.findall(
                r'(\w+)="?([^",\r]+)"?',
                header(challenge, "www-authenticate") or header(challenge, "proxy-authenticate"),
            )
        )
        method, uri, _ = text.split(" ", 2)
        secret = password or f"secret of {user}"
        hash_of = hashlib.sha256 if parameters["algorithm"] == "SHA-256" else hashlib.md5

        def digest(*parts: str) -> str:
            return hash_of(":".join(parts).encode()).hexdigest()

        ha1 = digest(user, parameters["realm"], secret)
        response = digest(ha1, parameters["nonce"], "00000001", "0a1b", "auth", digest(method, uri))
        name = "Authorization" if status(challenge) == 401 else "Proxy-Authorization"
        line = (
            f'{name}: Digest username="{user}", realm="{parameters["realm"]}", '
            f'nonce="{parameters["nonce"]}", uri="{uri}", response="{response}", '
            f'algorithm={parameters["algorithm"]}, qop=auth, nc=00000001, cnonce="0a1b"\r\n'
        )
        fresh = re.sub(r"branch=z9hG4bK\w+", f"branch=z9hG4bKn{next(_numbers)}", text, count=1)
        number = re.search(r"CSeq: (\d+)", fresh)
        assert number is not None
        fresh = fresh.replace(number[0], f"CSeq: {int(number[1]) + 1}")
        head, _, body = fresh.partition("\r\n\r\n")
        return f"{head}\r\n{line}\r\n{body}"

    async def register(
        self, user: str, contact: str, flow: SipFlow | None = None, **options: Any
    ) -> str:
        """Register a contact; the answer."""
        (answer,) = await self.ask(register(user, contact, **options), user, flow)
        return answer


def request(
    method: str,
    uri: str,
    *lines: str,
    sender: str = "alice",
    to: str = "",
    call_id: str = "",
    cseq: int = 1,
    body: str = "",
    via: str = f"{PHONE}:5060",
    transport: str = "UDP",
    domain: str = DOMAIN,
) -> str:
    """A request as a telephone writes it."""
    head = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {via};branch=z9hG4bKt{next(_numbers)}",
        "Max-Forwards: 70",
        f"From: <sip:{sender}@{domain}>;tag=f1",
        f"To: {to or f'<{uri}>'}",
        f"Call-ID: {call_id or f'call-{next(_numbers)}'}",
        f"CSeq: {cseq} {method}",
        *lines,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(head) + "\r\n\r\n" + body


def register(
    user: str,
    contact: str = "",
    *lines: str,
    expires: int | None = 600,
    call_id: str = "",
    cseq: int = 1,
    transport: str = "UDP",
    more: Sequence[str] = (),
) -> str:
    """A REGISTER; `contact` is the whole value."""
    fields = [*lines, *more]
    if contact:
        fields.append(f"Contact: {contact}")
    if expires is not None:
        fields.append(f"Expires: {expires}")
    return request(
        "REGISTER",
        f"sip:{DOMAIN}",
        *fields,
        sender=user,
        to=f"<sip:{user}@{DOMAIN}>",
        call_id=call_id,
        cseq=cseq,
        transport=transport,
    )


def invite(callee: str, *lines: str, caller: str = "alice", **options: Any) -> str:
    """An INVITE whose Contact is where it comes from."""
    contact = f"Contact: <sip:{caller}@{PHONE}:5060>"
    uri = callee if callee.startswith(("sip", "tel")) else f"sip:{callee}@{DOMAIN}"
    return request("INVITE", uri, contact, *lines, sender=caller, **options)


def reply(text: str, code: int, *lines: str, tag: str = "callee") -> str:
    """The response of a telephone to a request that it got."""
    kept = [
        line
        for line in text.partition("\r\n\r\n")[0].split("\r\n")[1:]
        if line.lower().startswith(("via:", "from:", "call-id:", "cseq:", "record-route:"))
    ]
    to = header(text, "to") + (f";tag={tag}" if code > 100 else "")
    return "\r\n".join(
        [f"SIP/2.0 {code} Reason", *kept, f"To: {to}", *lines, "Content-Length: 0", "", ""]
    )


def status(text: str) -> int:
    """Of a response; 0 of a request."""
    return int(text.split(" ", 2)[1]) if text.startswith("SIP/2.0 ") else 0


def header(text: str, name: str) -> str:
    """The values of a header, joined by commas."""
    lines = text.partition("\r\n\r\n")[0].split("\r\n")[1:]
    found = [
        line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{name}:")
    ]
    return ", ".join(found)
