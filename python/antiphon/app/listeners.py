"""Opens the web listeners that the configuration asks for, and finds the addresses media is offered
at.

Without a host in the configuration a node listens on all addresses; with `--dev` on loopback, and
with `--lan` on the machine's own addresses as well, by HTTPS: browsers give away camera and
microphone on nothing less.
"""

import logging
import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from antiphon.net.interfaces import lan_addresses
from antiphon.net.listen import Listen, PortTaken, address_of, bind, loopback, parse_listen
from antiphon.net.streams import StreamDriver
from antiphon.net.tls import Certificates, Pair, self_signed
from antiphon.protocols.sip.doors import Doors as SipDoors
from antiphon.protocols.xmpp.server import Doors as XmppDoors

from .config import Config
from .errors import StartError
from .keys import keys

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Doors:
    """Bound sockets of HTTP and HTTPS, the certificate of the latter and its file."""

    plain: list[socket.socket] = field(default_factory=list[socket.socket])
    secure: list[socket.socket] = field(default_factory=list[socket.socket])
    certificates: Certificates | None = None
    certificate_file: Path | None = None

    @property
    def listening(self) -> list[tuple[str, str]]:
        """(protocol, address) of each."""
        plain = [("http", address_of(opened)) for opened in self.plain]
        return plain + [("https", address_of(opened)) for opened in self.secure]

    def close(self) -> None:
        """Close the sockets. Idempotent."""
        for opened in [*self.plain, *self.secure]:
            opened.close()


def open_doors(config: Config) -> Doors:
    """Bind everything, or nothing. Raises `StartError`."""
    doors = Doors()
    near: Sequence[str] = loopback() if config.dev else ()
    try:
        if config.http.listen:
            doors.plain = _bind(config, "listen", near)
        xmpp = config.xmpp.listen or config.xmpp.tls_listen
        wanted = config.http.tls_listen or config.sip.tls_listen or xmpp
        if wanted and (pair := _pair(config)) is not None:
            doors.certificates = _load(config, pair)
            doors.certificate_file = pair.certificate
        if config.http.tls_listen and doors.certificates is not None:
            far = lan_addresses() if config.lan else ()
            doors.secure = _bind(config, "tls_listen", (*near, *far))
    except BaseException:
        doors.close()
        raise
    return doors


def open_sip(config: Config, certificates: Certificates | None) -> SipDoors:
    """Bind the sockets of SIP: UDP and TCP, and TLS where there is a certificate. Raises
    `StartError`.
    """
    doors = SipDoors()
    near: Sequence[str] = loopback() if config.dev else ()
    try:
        if config.sip.listen:
            both = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
            doors.plain = _bind(config, "listen", near, section="sip", kinds=both)
        if config.sip.tls_listen and certificates is not None:
            doors.tls = certificates.context
            doors.secure = _bind(config, "tls_listen", near, section="sip")
    except BaseException:
        doors.close()
        raise
    return doors


def open_xmpp(config: Config, certificates: Certificates | None) -> XmppDoors:
    """Bind the sockets of XMPP. Without a certificate nobody could log in: then only those of
    components, and with `--dev` also those for clients without TLS. Raises `StartError`.
    """
    doors = XmppDoors()
    near: Sequence[str] = loopback() if config.dev else ()
    try:
        if config.xmpp.listen and (certificates is not None or config.dev):
            doors.plain = _bind(config, "listen", near, section="xmpp")
        if config.xmpp.tls_listen and certificates is not None:
            doors.secure = _bind(config, "tls_listen", near, section="xmpp")
        if config.xmpp.component_listen and config.xmpp.components:
            doors.components = _bind(config, "component_listen", loopback(), section="xmpp")
    except BaseException:
        doors.close()
        raise
    return doors


def open_streams(config: Config, certificates: Certificates | None) -> StreamDriver:
    """The stream engine, with the certificate and those that follow it. Raises `StartError`."""
    try:
        driver = StreamDriver(
            handshake_time=config.connections.head_timeout, login_time=config.xmpp_limits.login_time
        )
    except OSError as error:
        raise StartError(f"cannot open the stream engine: {error}") from None
    if certificates is not None:
        _certify(driver, certificates)
        certificates.on_change(partial(_recertify, driver, certificates))
    return driver


def _certify(driver: StreamDriver, certificates: Certificates) -> None:
    try:
        driver.streams.identities({"": certificates.pem})
    except ValueError as error:
        raise StartError(f"cannot use the certificate of [tls]: {error}") from None


def _recertify(driver: StreamDriver, certificates: Certificates) -> None:
    try:
        driver.streams.identities({"": certificates.pem})
    except ValueError as error:
        log.error("the changed certificate cannot be used, the former one stays: %s", error)


def _bind(
    config: Config,
    name: str,
    hosts: Sequence[str],
    *,
    section: str = "http",
    kinds: Sequence[socket.SocketKind] = (socket.SOCK_STREAM,),
) -> list[socket.socket]:
    key = keys()[section, name]
    text = str(config.value(key))
    try:
        return bind(
            parse_listen(text),
            hosts,
            backlog=config.connections.backlog,
            kinds=kinds,
            apart=section == "sip",  # each of its sockets has one address in messages
        )
    except (PortTaken, OSError) as error:
        raise StartError(
            f"cannot listen: {error.args[-1]}; it comes from [{section}] {name} = {text!r}"
            f" ({config.origin(key)}), choose another one there or by {key.variable}"
        ) from None


def _pair(config: Config) -> Pair | None:
    if config.tls.certificate:
        return Pair(Path(config.tls.certificate), Path(config.tls.key))
    if not config.dev:
        log.info("no HTTPS: [tls] certificate is not set")
        return None
    names = ("localhost", *loopback(), *lan_addresses())
    extra = () if config.node.domain in names else (config.node.domain,)
    try:
        return self_signed(config.node.data / "tls", (*names, *extra))
    except OSError as error:
        raise StartError(f"cannot write the self-signed certificate: {error}") from None


def _load(config: Config, pair: Pair) -> Certificates:
    try:
        return Certificates(pair, config.tls.check_interval)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        hint = "[tls] certificate and key must be readable PEM files that belong together"
        kind = "TLS" if isinstance(error, ssl.SSLError) else "file"
        raise StartError(
            f"cannot use {pair.certificate} and {pair.key}: {reason or error} ({kind}); {hint}"
        ) from None


def media_addresses(config: Config) -> tuple[str, ...]:
    """The addresses at which browsers are told to find media: the one of `[webrtc] udp_port`, or
    all of the machine.
    """
    host = parse_listen(config.webrtc.udp_port).host
    if host and host not in ("0.0.0.0", "::"):
        return (host,)
    found = lan_addresses()
    if config.dev:
        return ("127.0.0.1", *found)
    return found or loopback()


def media_port(config: Config) -> int:
    """The first UDP port."""
    return parse_listen(config.webrtc.udp_port).port


def media_workers(config: Config) -> int:
    """How many media threads: as configured, or one for each core but one, which is Python's."""
    return config.node.workers or max(1, min(16, len(os.sched_getaffinity(0)) - 1))


def web_address(config: Config, doors: Doors) -> str:
    """The address to type into a browser."""
    if config.http.public_url:
        return config.http.public_url.rstrip("/") + "/"
    name = config.node.domain
    if config.lan and (reachable := _reachable(doors)):
        return reachable
    if doors.secure and not config.dev:
        port = doors.secure[0].getsockname()[1]
        return f"https://{name}/" if port == 443 else f"https://{name}:{port}/"
    if doors.plain:
        host, port = doors.plain[0].getsockname()[:2]
        near = host in ("127.0.0.1", "::1", "0.0.0.0", "::")
        return f"http://{'localhost' if near else _bracketed(host)}:{port}/"
    if doors.secure:
        return f"https://{address_of(doors.secure[0])}/"
    return ""


def _reachable(doors: Doors) -> str:
    """The first address of the LAN, for other devices."""
    for opened in doors.secure:
        host = opened.getsockname()[0]
        if host not in loopback():
            return f"https://{address_of(opened)}/"
    return ""


def local_url(doors: Doors) -> str:
    """Where commands on this machine reach the node."""
    for scheme, sockets in (("http", doors.plain), ("https", doors.secure)):
        for opened in sockets:
            host, port = opened.getsockname()[:2]
            host = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)
            return f"{scheme}://{Listen(host, port)}"
    return ""


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
