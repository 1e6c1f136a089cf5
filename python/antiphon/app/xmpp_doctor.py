"""What `antiphon doctor` looks at of XMPP: each listener by the beginning of a stream, its
certificate, and what the DNS tells clients.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable

from antiphon.protocols.sip.nameservers import DnsRecords
from antiphon.protocols.sip.resolve import Srv, Unresolved

from .config import Config
from .finding import FAIL, OK, WARN, Finding, target_of
from .remote import Remote

ALPN = "xmpp-client"
LIMIT = 65_536
STARTTLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
# The ports that clients try where the DNS says nothing (RFC 6120 §3.2.2, XEP-0368 has none).
USUAL = 5222


class NoStream(Exception):
    """Nothing, or nothing of use, came; the text says what."""


def examine(config: Config, remote: Remote, timeout: float) -> Iterable[Finding]:
    """All checks of XMPP."""
    doors = [pair for pair in remote.running.listening if pair[0] in ("xmpp", "xmpps")]
    if not doors:
        off = not (config.xmpp.listen or config.xmpp.tls_listen)
        remedy = "" if off else "clients log in by TLS only: set [tls] certificate and key"
        text = "is switched off" if off else "has no listener for clients"
        yield Finding(OK if off else WARN, "xmpp", text, remedy)
        return
    for protocol, address in doors:
        yield _listener(config, remote, protocol, address, timeout)
    if config.node.domain != "localhost":
        ports = {kind: target_of(address)[1] for kind, address in doors}
        yield from asyncio.run(_records(config.node.domain, ports))


def _listener(
    config: Config, remote: Remote, protocol: str, address: str, timeout: float
) -> Finding:
    name = config.node.domain
    context = ssl.create_default_context(cafile=remote.running.certificate or None)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols([ALPN])
    direct = protocol == "xmpps"
    where = f"{'tls' if direct else 'tcp'} {address}"
    try:
        with socket.create_connection(target_of(address), timeout) as plain:
            if not direct:
                if "<starttls" not in _features(plain, name):
                    remedy = "set [tls] certificate and key"
                    return Finding(WARN, "xmpp", f"{where} has no TLS", remedy)
                plain.sendall(STARTTLS)
                if "<proceed" not in _read(plain, ">"):
                    return Finding(FAIL, "xmpp", f"{where} refuses STARTTLS", "look at the log")
            with context.wrap_socket(plain, server_hostname=name) as secured:
                features = _features(secured, name)
                version = secured.version()
    except ssl.SSLError as error:
        remedy = f"[tls] certificate must be valid and name {name}"
        return Finding(FAIL, "xmpp", f"{where}: {error}", remedy)
    except (OSError, NoStream) as error:
        remedy = "is a firewall of this machine in the way?"
        return Finding(FAIL, "xmpp", f"{where}: {error}", remedy)
    if "SCRAM-" not in features:
        remedy = "[auth] password_hash should have a scram kind"
        return Finding(WARN, "xmpp", f"{where} offers no SCRAM", remedy)
    return Finding(OK, "xmpp", f"{where} takes log-ins by {version}, and names {name}")


def _features(opened: socket.socket, domain: str) -> str:
    """Begin a stream and read what is offered in it. Raises `NoStream` or OSError."""
    opened.sendall(
        f"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
        f" to='{domain}' version='1.0'>".encode()
    )
    return _read(opened, "</stream:features>")


def _read(opened: socket.socket, end: str) -> str:
    data = b""
    while end.encode() not in data:
        if b"<stream:error" in data or len(data) > LIMIT:
            raise NoStream(f"a stream was refused: {data[-200:]!r}")
        if not (more := opened.recv(LIMIT)):
            raise NoStream("the connection was closed")
        data += more
    return data.decode("utf-8", "replace")


async def _records(domain: str, ports: dict[str, int]) -> Iterable[Finding]:
    """SRV records by which clients find the listeners (RFC 6120 §3.2.1, XEP-0368)."""
    records = DnsRecords()
    findings: list[Finding] = []
    for kind, service in (("xmpp", "_xmpp-client"), ("xmpps", "_xmpps-client")):
        if kind not in ports:
            continue
        name = f"{service}._tcp.{domain}"
        try:
            found = await records.srv(name)
        except Unresolved as error:
            findings.append(Finding(WARN, "xmpp dns", str(error), "ask again when the DNS works"))
            continue
        findings.append(_judge(kind, name, found, ports[kind], domain))
    return findings


def _judge(kind: str, name: str, found: Iterable[Srv], port: int, domain: str) -> Finding:
    told = {record.port for record in found}
    if port in told:
        return Finding(OK, "xmpp dns", f"{name} names port {port}")
    record = f"add to the DNS: {name}. SRV 0 5 {port} {domain}."
    if told:
        text = f"{name} names port {min(told)}, the node listens on {port}"
        return Finding(WARN, "xmpp dns", text, "right behind a port forwarding, else " + record)
    if kind == "xmpp" and port == USUAL:
        return Finding(OK, "xmpp dns", f"no {name}: clients try {domain} port {USUAL}")
    return Finding(WARN, "xmpp dns", f"there is no {name}", record)
