"""The certificate authority of one sandbox: trusted in there and nowhere else.

- Its key stays in the server's memory and in the server's database; a host's certificate lives for
  days and is made when it is first needed.
- `cryptography` is loaded with this module, which is loaded only for a sandbox that may have a
  vault.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from datetime import UTC, datetime, timedelta

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .addresses import Address

_AUTHORITY_LIFE = timedelta(days=3650)
_HOST_LIFE = timedelta(days=30)
_RENEWED_BEFORE = timedelta(days=2)
_EARLIER = timedelta(days=1)  # Clocks differ.
_MOST_HOSTS = 256


@frozen
class KeptAuthority:
    """An authority as the database keeps it: both in PEM."""

    certificate: str
    key: str = field(repr=False)


def make(sandbox_id: str) -> KeptAuthority:
    """A new authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "OpenSandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Sandbox {sandbox_id}"[:64]),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(name, name, key.public_key(), _AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    return KeptAuthority(_pem(certificate).decode(), _key_pem(key).decode())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + life)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Authority:
    """Speaks for hosts, towards programs in its sandbox. Not for several threads at once."""

    def __init__(self, kept: KeptAuthority) -> None:
        key = serialization.load_pem_private_key(kept.key.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101  `make` made it
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(kept.certificate.encode())
        self._host_key = ec.generate_private_key(ec.SECP256R1())
        self._contexts: dict[str | Address, tuple[datetime, ssl.SSLContext]] = {}

    def context_for(self, host: str | Address) -> ssl.SSLContext:
        """What a TLS server that is `host` answers with, HTTP/1.1 only."""
        now = datetime.now(UTC)
        until, context = self._contexts.get(host, (now, None))
        if context is None or until - now < _RENEWED_BEFORE:
            context = _context(self._certificate_for(host), self._host_key)
            if len(self._contexts) >= _MOST_HOSTS:
                self._contexts.pop(next(iter(self._contexts)))
            self._contexts[host] = (now + _HOST_LIFE, context)
        return context

    def _certificate_for(self, host: str | Address) -> x509.Certificate:
        name: x509.GeneralName = (
            x509.DNSName(host)
            if isinstance(host, str)
            else x509.IPAddress(ipaddress.ip_address(host))
        )
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "OpenSandbox")])
        public = self._host_key.public_key()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return (
            _builder(subject, self._certificate.subject, public, _HOST_LIFE)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # The ssl module reads keys from files only: this one is in memory.
    descriptor = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, _pem(certificate) + _key_pem(key))
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
    return context
