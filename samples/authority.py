"""The samples' own certificate authority, made new at every start, and the TLS contexts it signs for."""

import ssl
from collections.abc import Sequence
from pathlib import Path

import trustme

ORGANIZATION = "Letapis samples"


class Authority:
    """Signs one certificate with all host names; some names get a certificate that must not be trusted.

    ``untrusted_hosts`` answer with a certificate of another authority, ``misnamed_hosts`` with one for another
    name.
    """

    def __init__(
        self, hosts: Sequence[str], untrusted_hosts: Sequence[str], misnamed_hosts: Sequence[str]
    ) -> None:
        self._ca = trustme.CA(organization_name=ORGANIZATION, organization_unit_name="sample sites")
        self._context = _server_context(self._ca.issue_cert(*hosts, organization_name=ORGANIZATION))
        strangers = trustme.CA(organization_name="Nobody knows this authority")
        self._others: dict[str, ssl.SSLContext] = {}
        if untrusted_hosts:
            untrusted = _server_context(strangers.issue_cert(*untrusted_hosts))
            self._others.update(dict.fromkeys(untrusted_hosts, untrusted))
        if misnamed_hosts:
            misnamed = _server_context(self._ca.issue_cert("another-name.example"))
            self._others.update(dict.fromkeys(misnamed_hosts, misnamed))
        self._context.sni_callback = self._choose

    @property
    def context(self) -> ssl.SSLContext:
        """The server side of every TLS connection to the samples."""
        return self._context

    @property
    def certificate_pem(self) -> bytes:
        """The authority's own certificate, for clients to trust."""
        return self._ca.cert_pem.bytes()

    def write(self, path: Path) -> None:
        """Write the authority's certificate so that no reader ever sees half of it."""
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(self.certificate_pem)
        unfinished.replace(path)

    def _choose(self, connection: ssl.SSLObject, server_name: str | None, _context: ssl.SSLContext) -> None:
        other = self._others.get(server_name or "")
        if other is not None:
            connection.context = other


def _server_context(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    leaf.configure_cert(context)
    return context
