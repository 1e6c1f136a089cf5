"""Certificates: made here, read again when they change, kept when the new ones are of no use."""

import asyncio
import contextlib
import shutil
import ssl
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from antiphon.net.tls import Certificates, Pair, self_signed
from tests.support.virtual_time import virtual

INTERVAL = 0.05


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Files as an operator gives them."""
    made = self_signed(tmp_path / "first", ["first.example"])
    pair = Pair(tmp_path / "certificate.pem", tmp_path / "key.pem")
    install(made, pair)
    return pair


def install(made: Pair, pair: Pair) -> None:
    shutil.copy(made.certificate, pair.certificate)
    shutil.copy(made.key, pair.key)


@contextlib.asynccontextmanager
async def watching(certificates: Certificates) -> AsyncIterator[None]:
    task = asyncio.create_task(certificates.watch())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(number: int, certificates: Certificates) -> None:
    async with asyncio.timeout(20):
        while certificates.reloads + certificates.failures < number:
            await asyncio.sleep(INTERVAL)


async def served(certificates: Certificates) -> str:
    """The name in the certificate that a client gets now."""
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=certificates.context()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2], ssl=context)
        connection = writer.get_extra_info("ssl_object")
        certificate = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return str(names.get_values_for_type(x509.DNSName)[0])


async def test_changed_files_are_read_again(pair: Pair, tmp_path: Path) -> None:
    certificates = Certificates(pair, INTERVAL)
    assert await served(certificates) == "first.example"
    async with watching(certificates):
        install(self_signed(tmp_path / "second", ["second.example"]), pair)
        await until(1, certificates)
        assert certificates.reloads == 1
        assert await served(certificates) == "second.example"


async def test_bad_files_keep_the_former_and_good_ones_mend_it(
    pair: Pair, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = Certificates(pair, INTERVAL)
    second = self_signed(tmp_path / "second", ["second.example"])
    async with watching(certificates):
        shutil.copy(second.certificate, pair.certificate)  # its key does not come
        await until(1, certificates)
        assert (certificates.reloads, certificates.failures) == (0, 1)
        assert "the former one stays" in caplog.text
        assert await served(certificates) == "first.example"
        pair.certificate.write_text("no certificate")
        await until(2, certificates)
        pair.certificate.unlink()
        await until(3, certificates)
        assert await served(certificates) == "first.example"
        install(second, pair)
        await until(4, certificates)
        assert certificates.reloads == 1
        assert await served(certificates) == "second.example"


@virtual
async def test_files_that_come_one_after_the_other_are_one_change(
    pair: Pair, tmp_path: Path
) -> None:
    certificates = Certificates(pair, 0.3)
    second = self_signed(tmp_path / "second", ["second.example"])
    async with watching(certificates):
        await asyncio.sleep(0.05)
        shutil.copy(second.certificate, pair.certificate)
        await asyncio.sleep(0.3)
        shutil.copy(second.key, pair.key)
        await until(1, certificates)
        assert (certificates.reloads, certificates.failures) == (1, 0)


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_files_of_no_use_do_not_start(pair: Pair, text: str) -> None:
    pair.certificate.write_text(text)
    with pytest.raises(ssl.SSLError):
        Certificates(pair, INTERVAL)


def test_a_self_signed_certificate_is_kept_while_it_fits(tmp_path: Path) -> None:
    names = ["localhost", "127.0.0.1", "fd00::1"]
    pair = self_signed(tmp_path, names)
    before = pair.certificate.read_bytes()
    assert stat.S_IMODE(pair.key.stat().st_mode) == 0o600
    assert self_signed(tmp_path, names[:2]).certificate.read_bytes() == before
    wider = self_signed(tmp_path, [*names, "192.0.2.1"])
    assert wider.certificate.read_bytes() != before
    certificate = x509.load_pem_x509_certificate(wider.certificate.read_bytes())
    names_in = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(ip) for ip in names_in.get_values_for_type(x509.IPAddress)] == [
        "127.0.0.1",
        "fd00::1",
        "192.0.2.1",
    ]
    # What browsers accept at most.
    assert certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=398)


def test_a_broken_self_signed_certificate_is_made_anew(tmp_path: Path) -> None:
    pair = self_signed(tmp_path, ["localhost"])
    pair.key.write_text("broken")
    assert isinstance(self_signed(tmp_path, ["localhost"]).load(), ssl.SSLContext)
