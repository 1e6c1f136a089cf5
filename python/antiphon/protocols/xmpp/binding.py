"""Channel bindings: what of a TLS connection nobody in the middle can have, too."""

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

EXPORTER = "tls-exporter"
END_POINT = "tls-server-end-point"


def bindings(exporter: bytes | None, certificate: bytes | None) -> dict[str, bytes]:
    """Type → data: RFC 9266 of TLS 1.3, RFC 5929 §4 of our certificate (DER)."""
    found: dict[str, bytes] = {}
    if exporter is not None:
        found[EXPORTER] = exporter
    if certificate is not None and (hashed := end_point(certificate)) is not None:
        found[END_POINT] = hashed
    return found


@lru_cache(maxsize=16)
def end_point(certificate: bytes) -> bytes | None:
    """The hash of a certificate by the hash function of its signature, SHA-256 in place of weak
    ones; None where its signature has none of its own.
    """
    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return None
    if algorithm is None:
        return None
    if isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return digest.finalize()
