"""A telephone, or somebody worse, that speaks SIP as a test writes it: datagrams from any address
of loopback, digest credentials. It knows no server.
"""

import asyncio
import contextlib
import hashlib
import itertools
import re
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import cast

Remote = tuple[str, int]

DOMAIN = "localhost"
HOST = "127.0.0.1"
_numbers = itertools.count(1)
_run = secrets.token_hex(4)


def fresh(prefix: str = "") -> str:
    """A word that nobody has used."""
    return f"{prefix}{_run}{next(_numbers)}"


def message(
    method: str,
    uri: str,
    *lines: str,
    sender: str = "ann",
    domain: str = DOMAIN,
    to: str = "",
    via: str = f"{HOST}:5060",
    transport: str = "UDP",
    call_id: str = "",
    cseq: int = 1,
    body: str = "",
) -> bytes:
    """A request. `lines`: further headers."""
    head = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {via};rport;branch={fresh('z9hG4bK')}",
        "Max-Forwards: 70",
        f"From: <sip:{sender}@{domain}>;tag={fresh('f')}",
        f"To: {to or f'<{uri}>'}",
        f"Call-ID: {call_id or fresh('call-')}",
        f"CSeq: {cseq} {method}",
        *lines,
        f"Content-Length: {len(body.encode())}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def register(user: str, contact: str, *lines: str, expires: int = 600, cseq: int = 1) -> bytes:
    """A REGISTER of an account for one contact (a URI)."""
    return message(
        "REGISTER", f"sip:{DOMAIN}", f"Contact: <{contact}>", f"Expires: {expires}", *lines,
        sender=user, to=f"<sip:{user}@{DOMAIN}>", cseq=cseq,
    )  # fmt: skip


def invite(callee: str, caller: str = "ann", *lines: str, via: str = f"{HOST}:5060") -> bytes:
    """An INVITE without a description; `callee` is a URI or a user of the domain."""
    uri = callee if ":" in callee else f"sip:{callee}@{DOMAIN}"
    contact = f"Contact: <sip:{caller}@{via}>"
    return message("INVITE", uri, contact, *lines, sender=caller, via=via)


def status(answer: bytes) -> int:
    """Of a response; 0 of anything else."""
    found = re.match(rb"SIP/2\.0 ([1-6]\d\d) ", answer)
    return int(found[1]) if found else 0


def header(text: bytes, name: str) -> str:
    """Value of the first header of that name; empty if there is none."""
    found = re.search(
        rb"^%b[ \t]*:[ \t]*(.*?)\r$" % name.encode(), text, re.MULTILINE | re.IGNORECASE
    )
    return found[1].decode(errors="replace") if found else ""


def with_credentials(
    request: bytes, challenge: bytes, user: str, password: str, *, count: int = 1
) -> bytes:
    """The request as a new one (branch, CSeq), with digest credentials (RFC 7616)."""
    text = request.decode()
    asked = header(challenge, "WWW-Authenticate")
    name = "Authorization" if asked else "Proxy-Authorization"
    given = parameters(asked or header(challenge, "Proxy-Authenticate"))
    method, uri, _ = text.split(" ", 2)
    digest = hashlib.sha256 if given.get("algorithm") == "SHA-256" else hashlib.md5

    def hash_of(*parts: str) -> str:
        return digest(":".join(parts).encode()).hexdigest()

    proof = hash_of(
        hash_of(user, given["realm"], password),
        *(given["nonce"], f"{count:08x}", "0a1b", "auth", hash_of(method, uri)),
    )
    line = (
        f'{name}: Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
        f'uri="{uri}", response="{proof}", algorithm={given.get("algorithm", "MD5")}, '
        f'qop=auth, nc={count:08x}, cnonce="0a1b"'
    )
    return renewed(text.replace("\r\nContent-Length", f"\r\n{line}\r\nContent-Length", 1).encode())


def renewed(request: bytes) -> bytes:
    """The request with a branch of its own and the next CSeq: not a repetition."""
    text = re.sub(r"branch=z9hG4bK\w+", f"branch={fresh('z9hG4bK')}", request.decode(), count=1)
    return re.sub(r"CSeq: (\d+)", lambda m: f"CSeq: {int(m[1]) + 1}", text, count=1).encode()


def parameters(challenge: str) -> Mapping[str, str]:
    """What a challenge asks for."""
    return dict(re.findall(r'(\w+)="?([^",\r]+)"?', challenge))


def reply(request: bytes, code: int, *lines: str, tag: str = "callee") -> bytes:
    """The response to a request that came."""
    kept = [
        line
        for line in request.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]
        if line.lower().startswith(("via:", "from:", "call-id:", "cseq:", "record-route:"))
    ]
    to = header(request, "To")
    to += "" if "tag=" in to or code == 100 else f";tag={tag}"
    return "\r\n".join(
        [f"SIP/2.0 {code} Reason", *kept, f"To: {to}", *lines, "Content-Length: 0", "", ""]
    ).encode()


@dataclass
class Client(asyncio.DatagramProtocol):
    """One socket towards a server, and what came."""

    server: Remote
    came: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    local: str = ""
    _transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: Remote) -> None:
        self.came.put_nowait(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self.local = f"{host}:{port}"

    def send(self, data: bytes) -> None:
        """Send a datagram."""
        assert self._transport is not None
        self._transport.sendto(data, self.server)

    async def next(self, call_id: str = "", within: float = 20.0) -> bytes:
        """The next message (of a Call-ID) that is no provisional answer; others are dropped."""
        async with asyncio.timeout(within):
            while True:
                data = await self.came.get()
                if not 100 <= status(data) < 200 and call_id in header(data, "Call-ID"):
                    return data

    async def ask(self, request: bytes, within: float = 20.0) -> bytes:
        """The final answer; the request is sent again each half second (RFC 3261 §17.1.2.2)."""
        call_id = header(request, "Call-ID")
        for _ in range(max(1, int(within / 0.5))):
            self.send(request)
            with contextlib.suppress(TimeoutError):
                answer = await self.next(call_id, 0.5)
                if status(answer) >= 300 and request.startswith(b"INVITE"):
                    self.send(acknowledgement(request, answer))
                return answer
        raise TimeoutError(f"no answer to {request[:60]!r}")

    async def prove(self, request: bytes, user: str, password: str) -> bytes:
        """The answer to the request with the credentials that are asked for."""
        challenge = await self.ask(request)
        assert status(challenge) in (401, 407), challenge
        return await self.ask(with_credentials(request, challenge, user, password))

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.abort()


def acknowledgement(request: bytes, answer: bytes) -> bytes:
    """The ACK of a refusal (RFC 3261 §17.1.1.3)."""
    first = re.search(rb"^Via: (.*?)\r$", request, re.MULTILINE)
    assert first is not None
    number = header(answer, "CSeq").partition(" ")[0]
    lines = [
        f"ACK {request.split(b' ', 2)[1].decode()} SIP/2.0",
        f"Via: {first[1].decode()}",
        *(f"{name}: {header(answer, name)}" for name in ("From", "To", "Call-ID")),
        *(f"CSeq: {number} ACK", "Max-Forwards: 70", "Content-Length: 0", "", ""),
    ]
    return "\r\n".join(lines).encode()


@contextlib.asynccontextmanager
async def client(server: Remote, host: str = HOST) -> AsyncIterator[Client]:
    """A socket bound to an address of loopback, until the block is left."""
    opened = Client(server)
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: opened, local_addr=(host, 0), family=socket.AF_INET)
    try:
        yield opened
    finally:
        opened.close()
        await asyncio.sleep(0)  # the socket is closed by the loop
