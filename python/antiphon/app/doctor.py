"""`antiphon doctor`: tests what a node needs and offers, one line for each check, with a remedy
where one is needed.
"""

import argparse
import asyncio
import ctypes
import os
import resource
import shutil
import socket
import ssl
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from antiphon.net.interfaces import lan_addresses
from antiphon.services.secrets import FILE as SECRET_FILE
from antiphon.stores.url import locate

from . import sip_doctor, xmpp_doctor
from .config import Config
from .errors import StartError
from .finding import FAIL, OK, WARN, Finding, target_of
from .options import read_config
from .probe import ProbeError, probe
from .remote import Failed, Remote

CERTIFICATE_DAYS = 14
FREE_BYTES = 1024**3
SPARE_FILES = 500
# ntp_adjtime(2): the state in which nothing keeps the clock.
TIME_ERROR = 5


def run(options: argparse.Namespace) -> int:
    """Print all findings; the exit code is 1 if one of them is a failure."""
    config = read_config(options)
    failed = False
    for finding in examine(config, options.timeout):
        print(finding, flush=True)
        failed = failed or finding.state == FAIL
    return 1 if failed else 0


def examine(config: Config, timeout: float) -> Iterator[Finding]:
    """All checks, in the order of what depends on what."""
    yield Finding(OK, "config", f"{config.file or 'embedded defaults'} can be used")
    yield from _folder(config)
    yield _open_files(config)
    yield _clock()
    yield _domain(config)
    try:
        remote = Remote(config)
    except StartError as error:
        remedy = "start it with: antiphon serve (or name its folder by --data)"
        yield Finding(FAIL, "node", str(error), remedy)
        return
    yield Finding(OK, "node", f"version {remote.running.version}, process {remote.running.pid}")
    yield from _database(config)
    yield _web(remote)
    yield from _listeners(remote, timeout)
    if remote.running.certificate:
        yield from _certificates(config, remote, timeout)
    yield from _media(remote, timeout)
    yield from sip_doctor.examine(config, remote, timeout)
    yield from xmpp_doctor.examine(config, remote, timeout)


def _folder(config: Config) -> Iterable[Finding]:
    path = config.node.data
    if not path.is_dir():
        yield Finding(WARN, "data", f"{path} is not there yet", "it is made at the first start")
        return
    if not os.access(path, os.W_OK | os.X_OK):
        yield Finding(FAIL, "data", f"{path} cannot be written", f"chown it to user {os.getuid()}")
        return
    free = shutil.disk_usage(path).free
    if free < FREE_BYTES:
        text = f"{path} has only {free // 2**20} MiB left"
        yield Finding(WARN, "data", text, "free some space, or move it by [node] data")
    else:
        yield Finding(OK, "data", f"{path} can be written, {free // 2**30} GiB are free")
    yield from _private(path / SECRET_FILE)


def _private(path: Path) -> Iterable[Finding]:
    if path.exists() and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        yield Finding(FAIL, "secret", f"{path} can be read by others", f"chmod 600 (is {mode:o})")


def _open_files(config: Config) -> Finding:
    # The node raises the soft limit to the hard one.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = config.connections.connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < wanted:
        text = f"{hard} files may be open, {config.connections.connections} connections are allowed"
        remedy = f"raise it (ulimit -Hn {wanted}, LimitNOFILE=) or lower [limits] connections"
        return Finding(WARN, "open files", text, remedy)
    return Finding(OK, "open files", f"{hard} may be open")


def _clock() -> Finding:
    """Tokens and certificates are void when clocks disagree."""
    state = ctypes.CDLL(None, use_errno=True).ntp_adjtime(ctypes.create_string_buffer(512))
    if state == TIME_ERROR:
        remedy = "run systemd-timesyncd or chrony here, or on the host of this container"
        return Finding(WARN, "clock", "nothing keeps it right", remedy)
    return Finding(OK, "clock", "is kept by NTP" if state >= 0 else "cannot be judged here")


def _domain(config: Config) -> Finding:
    domain = config.node.domain
    if domain == "localhost":
        return Finding(OK, "dns", "the domain is localhost: for this machine only")
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(domain, None)}
    except OSError as error:
        remedy = "add an A or AAAA record, or change [node] domain"
        return Finding(WARN, "dns", f"{domain} is not found ({error.args[-1]})", remedy)
    ours = {*lan_addresses(), *config.node.public_address}
    if found & ours:
        return Finding(OK, "dns", f"{domain} is {', '.join(sorted(found & ours))}")
    remedy = "behind NAT, set [node] public_address to the address outside"
    return Finding(WARN, "dns", f"{domain} is {', '.join(sorted(found))}, not this machine", remedy)


def _database(config: Config) -> Iterable[Finding]:
    location = locate(config.storage.url(config.node.data))
    if location.file is None:
        host, port = location.url.host or "localhost", location.url.port or 5432
        try:
            socket.create_connection((host, port), 5).close()
        except OSError as error:
            yield Finding(FAIL, "database", f"{location}: {error}", "start it, or let us reach it")
            return
    elif not os.access(location.file, os.R_OK | os.W_OK):
        remedy = "give it to the user that runs the node"
        yield Finding(FAIL, "database", f"{location.file} cannot be written", remedy)
        return
    yield Finding(OK, "database", f"{location} can be reached")


def _web(remote: Remote) -> Finding:
    """A request that goes through the whole HTTP side, tokens and the database."""
    try:
        began = time.perf_counter()
        remote.call("GET", "/api/v1/rooms?limit=1")
    except Failed as error:
        return Finding(FAIL, "api", str(error), "look at the node's log")
    spent = (time.perf_counter() - began) * 1000
    return Finding(OK, "api", f"{remote.running.url}/api/v1 answers in {spent:.0f} ms")


def _listeners(remote: Remote, timeout: float) -> Iterable[Finding]:
    for protocol, address in remote.running.listening:
        if protocol not in ("http", "https"):
            continue
        try:
            socket.create_connection(target_of(address), timeout).close()
        except OSError as error:
            remedy = "is a firewall of this machine in the way?"
            yield Finding(FAIL, protocol, f"{address}: {error}", remedy)
        else:
            yield Finding(OK, protocol, f"{address} takes connections")


def _certificates(config: Config, remote: Remote, timeout: float) -> Iterable[Finding]:
    address = next((a for protocol, a in remote.running.listening if protocol == "https"), None)
    if address is None:
        return
    context = ssl.create_default_context(cafile=remote.running.certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    name = config.node.domain
    try:
        with (
            socket.create_connection(target_of(address), timeout) as plain,
            context.wrap_socket(plain, server_hostname=name) as secured,
        ):
            found = secured.getpeercert() or {}
    except OSError as error:  # ssl.SSLError is one
        remedy = f"[tls] certificate must be valid and name {name}"
        yield Finding(FAIL, "certificate", str(error), remedy)
        return
    days = (ssl.cert_time_to_seconds(str(found["notAfter"])) - time.time()) / 86400
    own = found.get("issuer") == found.get("subject")
    text = f"names {name} and is valid for {days:.0f} days"
    if days < CERTIFICATE_DAYS and not own:
        yield Finding(WARN, "certificate", text, "renew it; it is read again without a restart")
    elif own:
        remedy = "browsers will warn: set [tls] certificate and key to those of an authority"
        yield Finding(WARN, "certificate", f"{text}, but self-signed", remedy)
    else:
        yield Finding(OK, "certificate", text)


def _media(remote: Remote, timeout: float) -> Iterable[Finding]:
    try:
        found = asyncio.run(probe(remote, timeout))
    except ProbeError as error:
        yield Finding(FAIL, "websocket", str(error), "look at the node's log")
        return
    yield Finding(OK, "websocket", "token, room, offer and answer work")
    for address in found.offered:
        if address in found.answered:
            yield Finding(
                OK, "media", f"UDP {address[0]} port {address[1]} answers as to a browser's ICE"
            )
        else:
            remedy = "if others cannot reach it either, open UDP in the firewall"
            state = WARN if found.answered else FAIL
            yield Finding(
                state,
                "media",
                f"UDP {address[0]} port {address[1]} does not answer from here",
                remedy,
            )
    if not found.offered:
        yield Finding(FAIL, "media", "no UDP address is offered", "set [webrtc] udp_port")
