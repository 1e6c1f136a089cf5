"""The certificate of the TLS listeners: given files that are read again when they change, or one
made here.

It does not know which protocols are served over it.
"""

import asyncio
import ipaddress
import logging
import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

log = logging.getLogger(__name__)

# Browsers refuse certificates that are valid for longer (CA/Browser Forum Baseline Requirements
# §6.3.2).
SELF_SIGNED_DAYS = 397
RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of a certificate (with its chain) and of its private key, both PEM."""

    certificate: Path
    key: Path

    def signature(self) -> tuple[tuple[int, int, int], ...]:
        """Changes when a file changes. Raises OSError."""
        stats = [path.stat() for path in (self.certificate, self.key)]
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)

    def load(self) -> ssl.SSLContext:
        """A context for servers. Raises OSError, or ssl.SSLError when the files are no matching
        pair.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9325 §3.1.1
        context.set_alpn_protocols(["http/1.1"])
        # A key with a pass phrase must fail, not ask a terminal.
        context.load_cert_chain(self.certificate, self.key, password="")
        return context

    def read(self) -> tuple[bytes, bytes]:
        """What is in the files. Raises OSError."""
        return self.certificate.read_bytes(), self.key.read_bytes()


class Certificates:
    """The context for new connections; `watch` replaces it when the files change and are good."""

    def __init__(self, pair: Pair, check_interval: float) -> None:
        """Raises OSError or ssl.SSLError when the files cannot be used."""
        self._pair = pair
        self._interval = check_interval
        self._seen = pair.signature()
        self._context = pair.load()
        self._pem = pair.read()
        self._listeners: list[Callable[[], None]] = []
        self.reloads = 0
        self.failures = 0

    def context(self) -> ssl.SSLContext:
        """For the next connection."""
        return self._context

    @property
    def pem(self) -> tuple[bytes, bytes]:
        """Chain and private key for the next connection, for those who do TLS themselves."""
        return self._pem

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call it when there is another certificate."""
        self._listeners.append(listener)

    async def watch(self) -> None:
        """Look at the files for ever. Never raises for what they contain."""
        before = self._seen
        while True:
            await asyncio.sleep(self._interval)
            now = await asyncio.to_thread(self._signature)
            # Two files are not replaced at once: wait until both have been the same for an
            # interval.
            if now != before:
                before = now
            elif now != self._seen:
                self._seen = now
                if await asyncio.to_thread(self._reload):
                    for listener in self._listeners:
                        listener()

    def _signature(self) -> tuple[tuple[int, int, int], ...]:
        try:
            return self._pair.signature()
        except OSError:
            return ()

    def _reload(self) -> bool:
        try:
            context, pem = self._pair.load(), self._pair.read()
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            log.error("the changed certificate cannot be used, the former one stays: %s", error)
            self.failures += 1
            return False
        self._context, self._pem = context, pem
        self.reloads += 1
        log.info("certificate read again from %s", self._pair.certificate)
        return True


def self_signed(folder: Path, names: Sequence[str]) -> Pair:
    """A certificate for these host names and addresses, kept in `folder` until it is about to
    expire or a name is missing. Raises OSError.
    """
    pair = Pair(folder / "self-signed.pem", folder / "self-signed.key")
    if not _covers(pair, names):
        folder.mkdir(parents=True, exist_ok=True)
        _make(pair, names)
    return pair


def _covers(pair: Pair, names: Sequence[str]) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        pair.load()
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    fresh = certificate.not_valid_after_utc > datetime.now(UTC) + RENEW_BEFORE
    return fresh and set(map(_general_name, names)) <= set(found)


def _make(pair: Pair, names: Sequence[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Antiphon on {names[0]}"[:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=SELF_SIGNED_DAYS))
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(pair.key, secret)
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, all or nothing."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
