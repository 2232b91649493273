"""Certificates of the webhooks: made here, because a cluster without an issuer of its own shall have them, too.

Each signs itself and is the whole trust there is in it: API servers are told exactly this one, and for a while the one
before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from netkernel.frozen import Frozen

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LIFE: Final = timedelta(days=365)
RENEWED_BEFORE: Final = timedelta(days=120)
"""Before its end. Whoever is switched off for a quarter of a year finds it good still."""
EARLIER: Final = timedelta(hours=1)
"""Valid since so long: clocks differ."""


class Pair(Frozen):
    """A certificate and its key, both as PEM."""

    certificate: str
    key: str


def made(names: Sequence[str], now: datetime) -> Pair:
    """A new one for a server with these DNS names."""
    from cryptography import x509  # late: only who serves webhooks needs it
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain: Any = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), secret.decode())


def is_good(pair: Pair, names: Sequence[str], now: datetime) -> bool:
    """Whether it is a certificate for these names with its own key, and has long to live."""
    from cryptography import x509  # as above
    from cryptography.hazmat.primitives import serialization

    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
        key = serialization.load_pem_private_key(pair.key.encode(), None)
        stated = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return (
        certificate.public_key() == key.public_key()
        and {*names} <= {*stated.get_values_for_type(x509.DNSName)}
        and certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEWED_BEFORE
    )


def trusted(current: str, older: str, now: datetime) -> str:
    """What API servers are told to trust: the present one, and those before it that are still valid."""
    from cryptography import x509  # as above

    try:
        known: list[Certificate] = x509.load_pem_x509_certificates(older.encode()) if older else []
    except ValueError:
        known = []
    mine = x509.load_pem_x509_certificate(current.encode())
    kept = [each for each in known if each != mine and each.not_valid_after_utc > now][:1]
    return "".join(_pem(each) for each in (mine, *kept))


def utc_now() -> datetime:
    return datetime.now(UTC)


def _pem(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives import serialization  # as above

    return certificate.public_bytes(serialization.Encoding.PEM).decode()
