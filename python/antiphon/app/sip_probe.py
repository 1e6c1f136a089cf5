"""Asks a SIP listener for life as any telephone may: one OPTIONS, and what came back of it.

It says whether somebody on the way rewrote the request: home routers do (application layer
gateways), and break calls by it.
"""

import re
import secrets
import socket
import ssl
from dataclasses import dataclass

TRIES = 3
LIMIT = 65_535

_STATUS = re.compile(r"SIP/2\.0 (\d{3}) (.*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `rewritten`: header fields that are not as they were sent; `seen`: the
    address that the listener saw us at, where that is not our own.
    """

    status: int
    reason: str
    rewritten: tuple[str, ...] = ()
    seen: str = ""


class NoAnswer(Exception):
    """Nothing, or nothing of use, came; the text says what."""


@dataclass(frozen=True, slots=True)
class Question:
    """An OPTIONS request, with what its answer must repeat (RFC 3261 §8.2.6.2)."""

    transport: str
    host: str
    port: int
    branch: str
    tag: str
    call_id: str

    @classmethod
    def make(cls, transport: str, host: str, port: int) -> "Question":
        """A new one from our address."""
        shown = f"[{host}]" if ":" in host else host
        unique = secrets.token_hex(8)
        return cls(transport, shown, port, f"z9hG4bK{unique}", unique, f"{unique}@{shown}")

    def text(self, target: str) -> bytes:
        """As bytes."""
        lines = [
            f"OPTIONS sip:{target};transport={self.transport} SIP/2.0",
            f"Via: SIP/2.0/{self.transport.upper()} {self.host}:{self.port};branch={self.branch}"
            ";rport",
            "Max-Forwards: 70",
            f"From: <sip:doctor@{self.host}:{self.port}>;tag={self.tag}",
            f"To: <sip:{target}>",
            f"Call-ID: {self.call_id}",
            "CSeq: 1 OPTIONS",
            f"Contact: <sip:doctor@{self.host}:{self.port}>",
            "Content-Length: 0",
            "",
            "",
        ]
        return "\r\n".join(lines).encode()

    def read(self, data: bytes) -> Answer:
        """Judge what came back. Raises `NoAnswer`."""
        head, _, _ = data.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        if (match := _STATUS.fullmatch(first)) is None:
            raise NoAnswer(f"something that is no SIP: {first[:40]!r}")
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        via = fields.get("via", fields.get("v", ""))
        ours = f"{self.host}:{self.port}"
        expected = {
            "Via": ours in via and self.branch in via,
            "From": f"sip:doctor@{ours}" in fields.get("from", fields.get("f", "")),
            "Call-ID": fields.get("call-id", fields.get("i")) == self.call_id,
        }
        seen = re.search(r";\s*received=([^;,\s]+)", via)
        return Answer(
            int(match[1]),
            match[2],
            tuple(name for name, same in expected.items() if not same),
            seen[1] if seen is not None and seen[1] != self.host.strip("[]") else "",
        )


def ask_udp(address: tuple[str, int], patience: float) -> Answer:
    """By UDP, repeated as RFC 3261 §17.1.2.2 does. Raises `NoAnswer`."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as opened:
        opened.settimeout(patience / TRIES)
        try:
            opened.connect(address)
            question = Question.make("udp", *opened.getsockname()[:2])
            for _ in range(TRIES):
                opened.send(question.text(_target(address)))
                try:
                    return question.read(opened.recv(LIMIT))
                except TimeoutError:
                    continue
        except OSError as error:
            raise NoAnswer(error.strerror or str(error)) from None
    raise NoAnswer("no answer")


def ask_stream(
    address: tuple[str, int], patience: float, tls: ssl.SSLContext | None = None, name: str = ""
) -> Answer:
    """By TCP, or TLS where a context is given. Raises `NoAnswer`."""
    transport = "tcp" if tls is None else "tls"
    try:
        with socket.create_connection(address, patience) as plain:
            opened = plain if tls is None else tls.wrap_socket(plain, server_hostname=name)
            with opened:
                question = Question.make(transport, *opened.getsockname()[:2])
                opened.sendall(question.text(_target(address)))
                data = b""
                while b"\r\n\r\n" not in data and len(data) < LIMIT:
                    if not (more := opened.recv(LIMIT)):
                        raise NoAnswer("the connection was closed without an answer")
                    data += more
                return question.read(data)
    except OSError as error:  # ssl.SSLError is one
        raise NoAnswer(str(error)) from None


def _target(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
