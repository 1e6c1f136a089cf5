"""What `antiphon doctor` looks at of SIP: each listener by an OPTIONS, the certificate, the way
from outside, and trunks.
"""

import ipaddress
import re
import socket
import ssl
from collections.abc import Iterable

from antiphon.net.interfaces import lan_addresses

from .config import Config
from .finding import FAIL, OK, WARN, Finding, target_of
from .remote import Failed, Remote
from .sip_probe import Answer, NoAnswer, ask_stream, ask_udp

_TRUNK = re.compile(r'^antiphon_sip_trunk_usable\{trunk="([^"]*)"\} (\S+)$', re.MULTILINE)


def examine(config: Config, remote: Remote, timeout: float) -> Iterable[Finding]:
    """All checks of SIP."""
    doors = [pair for pair in remote.running.listening if pair[0] in ("sip", "sips")]
    if not doors:
        yield Finding(OK, "sip", "is switched off")
        return
    for protocol, address in doors:
        if protocol == "sip":
            yield from _plain(address, timeout)
        else:
            yield _secure(config, remote, address, timeout)
    yield from _outside(config, [address for kind, address in doors if kind == "sip"], timeout)
    yield from _trunks(config, remote)


def _plain(address: str, timeout: float) -> Iterable[Finding]:
    host, port = target_of(address)
    for transport, ask in (("udp", ask_udp), ("tcp", ask_stream)):
        try:
            answer = ask((host, port), timeout)
        except NoAnswer as error:
            remedy = "is a firewall of this machine in the way?"
            yield Finding(FAIL, "sip", f"{transport} {address}: {error}", remedy)
        else:
            yield _judge(f"{transport} {address}", answer)


def _secure(config: Config, remote: Remote, address: str, timeout: float) -> Finding:
    context = ssl.create_default_context(cafile=remote.running.certificate or None)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    name = config.node.domain
    try:
        answer = ask_stream(target_of(address), timeout, context, name)
    except NoAnswer as error:
        remedy = f"[tls] certificate must be valid and name {name}"
        return Finding(FAIL, "sip", f"tls {address}: {error}", remedy)
    return _judge(f"tls {address}", answer)


def _judge(where: str, answer: Answer) -> Finding:
    if answer.rewritten:
        return _gateway(where, answer)
    if answer.status == 200:
        return Finding(OK, "sip", f"{where} answers OPTIONS")
    return Finding(WARN, "sip", f"{where} answers {answer.status} {answer.reason}", "see the log")


def _gateway(where: str, answer: Answer) -> Finding:
    what = ", ".join(answer.rewritten)
    remedy = "switch off the SIP ALG (also: SIP helper, SIP fixup) of the router, or use TLS"
    return Finding(WARN, "sip", f"{where}: somebody on the way rewrites {what}", remedy)


def _outside(config: Config, addresses: list[str], timeout: float) -> Iterable[Finding]:
    """The way from outside, as far as it can be tried from here."""
    shown = [*config.node.public_address, *_of_domain(config.node.domain)]
    ports = {target_of(address)[1] for address in addresses if not _is_loopback(address)}
    own = {*lan_addresses(), "127.0.0.1", "::1"}
    for host in dict.fromkeys(shown):
        if host in own:
            continue
        for port in sorted(ports):
            where = f"udp {host}:{port} (from outside)"
            try:
                answer = ask_udp((host, port), timeout)
            except NoAnswer as error:
                remedy = "forward the port at the router; some do not let machines inside try it"
                yield Finding(WARN, "sip", f"{where}: {error}", remedy)
            else:
                yield _judge(where, answer)
    if ports and not config.node.public_address and _is_private_only(own) and not shown:
        remedy = "set [node] public_address if telephones outside shall reach this node"
        yield Finding(WARN, "sip", "this machine has private addresses only", remedy)


def _of_domain(domain: str) -> list[str]:
    if domain == "localhost":
        return []
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(domain, None)]
    except OSError:
        return []


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    return ipaddress.ip_address(host).is_loopback


def _is_private_only(addresses: Iterable[str]) -> bool:
    return not any(ipaddress.ip_address(one).is_global for one in addresses)


def _trunks(config: Config, remote: Remote) -> Iterable[Finding]:
    if not config.sip.trunks:
        return
    try:
        text = remote.read("/metrics")
    except Failed as error:
        yield Finding(WARN, "trunk", f"their state cannot be read: {error}", "look at the log")
        return
    usable = {name: float(value) > 0 for name, value in _TRUNK.findall(text)}
    for trunk in config.sip.trunks:
        if usable.get(trunk.name):
            yield Finding(OK, "trunk", f"{trunk.name} ({trunk.host}) can be used")
        else:
            remedy = "look at the log: user, password, or its addresses may be wrong"
            yield Finding(FAIL, "trunk", f"{trunk.name} ({trunk.host}) cannot be used now", remedy)
