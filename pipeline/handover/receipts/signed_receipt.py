"""A receipt as it is signed: JSON-ready statements, and the signature of the archive's key of packages over them.

In: statements, a `PackageKey`. Out: a `SignedReceipt`. What is signed is the canonical form (RFC 8785) of the
statements. The same statements are signed with the same bytes (RFC 6979). The signature shows that the holder of
the key made the receipt; whose key it is must be known otherwise.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from pipeline.handover.package_key import PackageKey
from pipeline.handover.plain_json import plain_json
from processors.digest import Digest, sha256

FORMAT: Final = "letapis/receipt/1"
ALGORITHM: Final = "ECDSA P-384, SHA-256, DER"


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """``statements`` as they are signed; ``signature`` has algorithm and public key; ``key_name`` is the key's."""

    statements: Mapping[str, Any]
    signature: Mapping[str, str]
    key_name: str

    @property
    def digest(self) -> Digest:
        """The sha256 of what is signed."""
        return sha256(rfc8785.dumps(dict(self.statements)))

    def to_json(self) -> bytes:
        """The file: what is stated, and the signature."""
        return plain_json({"receipt": self.statements, "signature": self.signature})


def sign_receipt(statements: Mapping[str, Any], key: PackageKey) -> SignedReceipt:
    """The statements, signed."""
    stated = {"format": FORMAT, **statements}
    signature = {
        "algorithm": ALGORITHM,
        "public_key": key.public_base64,
        "signature": base64.b64encode(key.sign_der(rfc8785.dumps(stated))).decode("ascii"),
    }
    return SignedReceipt(stated, signature, key.name)
