"""The signature of a WACZ: what ``datapackage-digest.json`` says.

In: the bytes of ``datapackage.json``, a `PackageKey`, a moment. Out: JSON. The signature is anonymous: it shows
that two files were signed by the same key, and whose key it is must be known otherwise. Source: WACZ Signing and
Verification 0.1.0; the key ``signedData`` as ReplayWeb.page reads it (webrecorder/specs, issue 131).
"""

import base64
from datetime import datetime
from typing import Any, Final

from pipeline.handover.package_key import PackageKey
from pipeline.handover.plain_json import iso_seconds
from processors.digest import sha256

PACKAGE: Final = "datapackage.json"
PACKAGE_DIGEST: Final = "datapackage-digest.json"


def package_digest(content: bytes, key: PackageKey, *, at: datetime, software: str) -> dict[str, Any]:
    """The digest of a ``datapackage.json``, signed; what is signed is the text of the digest."""
    digest = str(sha256(content))
    return {
        "path": PACKAGE,
        "hash": digest,
        "signedData": {
            "hash": digest,
            "signature": base64.b64encode(key.sign(digest.encode())).decode("ascii"),
            "publicKey": key.public_base64,
            "created": iso_seconds(at),
            "software": software,
        },
    }
