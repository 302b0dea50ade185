"""Certificates by which the parts of the embedded store know one another, made at every start of a store.

In: the store's closed configuration folder. Out: three files in it (authority, certificate, key) and the sections
of SeaweedFS's ``security.toml`` that name them. Guaranteed: HTTP of master, volume server, filer and admin server,
and every gRPC port, ask for a client certificate of this authority; its key is never written, so that nobody can
sign another one. Source: SeaweedFS 4.48, ``weed scaffold -config=security``; docs/decisions/0020-closed-store.md.
"""

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_FILE: Final = "authority.pem"
CERTIFICATE_FILE: Final = "certificate.pem"
KEY_FILE: Final = "key.pem"

VALID: Final = timedelta(days=3650)
"""Before and after its making, so that a wrong clock does not close the store to itself."""

GRPC: Final = ("master", "volume", "filer", "s3", "admin", "worker", "client")
HTTPS: Final = ("master", "volume", "filer", "admin", "client")
"""Parts of SeaweedFS with a section each; ``client`` is what the parts present when they call."""


def new_certificates(folder: Path, write: Callable[[Path, str], None]) -> str:
    """Make new authority, certificate and key in ``folder``; returns the sections of ``security.toml``.

    ``write`` puts a text in its place, whole or not at all, and for the owner alone.
    """
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Authority of one embedded store")
    authority = (
        _begun(authority_name, authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    both_sides = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        _begun(_name("Part of one embedded store"), authority_name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(both_sides, critical=False)
        .add_extension(here, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write(folder / KEY_FILE, private.decode())
    write(folder / CERTIFICATE_FILE, certificate.public_bytes(pem).decode())
    write(folder / AUTHORITY_FILE, authority.public_bytes(pem).decode())
    return _sections()


def _sections() -> str:
    # Bare names: SeaweedFS runs in the folder that holds the files.
    ours = f'cert = "{CERTIFICATE_FILE}"\nkey = "{KEY_FILE}"\n'
    of_authority = f'ca = "{AUTHORITY_FILE}"\n'
    grpc = [f"[grpc]\n{of_authority}", *(f"[grpc.{part}]\n{ours}" for part in GRPC)]
    https = [f"[https.{part}]\n{ours}{of_authority}" for part in HTTPS]
    return "".join([*grpc, *https, "enabled = true\n"])  # the last section is the client's


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _begun(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID)
        .not_valid_after(now + VALID)
    )
