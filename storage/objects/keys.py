"""Keys of objects in the store, and what a key says.

Source: architecture §5. A key names what is in it and never changes meaning; nothing in it comes from the web but
the source's id, which the watch-list restricts.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import Final

from processors.digest import Digest

WARC_PREFIX: Final = "warc/"
CUSTODY_PREFIX: Final = "custody/"
TOKENS_PREFIX: Final = "custody/tokens/"
ROOTS_PREFIX: Final = "custody/roots/"
EVIDENCE_RECORDS_PREFIX: Final = "custody/evidence/"
REVOCATION_PREFIX: Final = "custody/revocation/"
EXTENSIONS_PREFIX: Final = "extensions/"
LOG_PREFIX: Final = "log/"
CHECKPOINTS_PREFIX: Final = "log/checkpoints/"
PROOFS_PREFIX: Final = "log/proofs/"
TILES_PREFIX: Final = "log/tile/"
SEALED_PREFIX: Final = "sealed/"

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def warc_key(
    source_id: str, crawl_id: str, serial: int, captured_at: datetime, *, suffix: str = ".warc.gz"
) -> str:
    """``warc/<yyyy>/<mm>/<dd>/<source>/<crawl-id>-<nnnnn>.warc.gz``; the day is UTC.

    Raises ``ValueError`` for a source or crawl id that could leave its place in the key.
    """
    for part in (source_id, crawl_id):
        if not is_part(part):
            raise ValueError(f"part of an object key: expected letters, digits, '.', '_' and '-', found {part!r}")
    if captured_at.tzinfo is None:
        raise ValueError(f"a time without a zone: {captured_at!r}")
    day = captured_at.astimezone(UTC).strftime("%Y/%m/%d")
    return f"{WARC_PREFIX}{day}/{source_id}/{crawl_id}-{serial:05d}{suffix}"


def is_part(text: str) -> bool:
    """Whether a source's or crawl's id may stand in a key."""
    return _PART.fullmatch(text) is not None and ".." not in text


def custody_key(seq: int) -> str:
    """``custody/<seq>.json``, filled with zeros so that the store lists entries in order."""
    return f"{CUSTODY_PREFIX}{seq:012d}.json"


def custody_seq(key: str) -> int:
    """The entry a key names; raises ``ValueError`` for any other key."""
    match = re.fullmatch(r"custody/(\d{12})\.json", key)
    if match is None:
        raise ValueError(f"expected custody/<12 digits>.json, found {key!r}")
    return int(match[1])


def sealed_key(seq: int, sha256: Digest) -> str:
    """``sealed/<seq>-<sha256>.json.enc``: values and salts of an entry, and 16 digits of the sha256 of the object.

    The digest keeps the key free: of an entry that was never stored, because its database was lost at that moment,
    the object may be there, and the next entry with this number has other bytes.
    """
    return f"{SEALED_PREFIX}{seq:012d}-{sha256.hex[:16]}.json.enc"


def batch_key(kind: str, first_id: str, sha256: Digest) -> str:
    """``sealed/<kind>/<first id>-<sha256>.json.enc``: rows of the access log, or requests, likewise."""
    for part in (kind, first_id):
        if not is_part(part):
            raise ValueError(f"part of an object key: expected letters, digits, '.', '_' and '-', found {part!r}")
    return f"{SEALED_PREFIX}{kind}/{first_id}-{sha256.hex[:16]}.json.enc"


def token_key(seq: int, authority: str) -> str:
    """``custody/tokens/<seq>-<authority>.tsr``: the entry, and 16 digits of the sha256 of the authority's URL."""
    named = hashlib.sha256(authority.encode()).hexdigest()[:16]
    return f"{TOKENS_PREFIX}{seq:012d}-{named}.tsr"


def root_key(sha256: Digest) -> str:
    """``custody/roots/<sha256>.pem``: the certificates that a token was checked against."""
    return f"{ROOTS_PREFIX}{sha256.value.hex()}.pem"


def evidence_record_key(token: str, number: int) -> str:
    """``custody/evidence/<name>.<number>.er``: the record of the token under this key, with so many tokens."""
    if token.startswith(TOKENS_PREFIX):
        name = token.removeprefix(TOKENS_PREFIX).removesuffix(".tsr")
    else:
        size, outlet = checkpoint_proof(token)
        attempt = token.removesuffix(".tsr").rpartition(f"/{outlet}")[2]
        name = f"checkpoint-{size:012d}-{outlet}{attempt}"
    return f"{EVIDENCE_RECORDS_PREFIX}{name}.{number}.er"


def revocation_key(sha256: Digest, ending: str) -> str:
    """``custody/revocation/<sha256>.ocsp`` or ``.crl``: what was answered about certificates of authorities."""
    return f"{REVOCATION_PREFIX}{sha256.hex}.{ending}"


def extension_key(name: str, sha256: Digest) -> str:
    """``extensions/<name>/<sha256>.tar``: the archive of an operator's code."""
    if not is_part(name):
        raise ValueError(f"part of an object key: expected letters, digits, '.', '_' and '-', found {name!r}")
    return f"{EXTENSIONS_PREFIX}{name}/{sha256.value.hex()}.tar"


def validation_report_key(sha256: Digest) -> str:
    """``reports/validation/<sha256>.json``: a validation report that a package names."""
    return f"reports/validation/{sha256.hex}.json"


def log_key(tile_path: str) -> str:
    """``log/tile/<L>/<N>[.p/<W>]`` or ``log/tile/entries/…``: a path as C2SP tlog-tiles has it."""
    return f"{LOG_PREFIX}{tile_path}"


def checkpoint_key(size: int) -> str:
    """``log/checkpoints/<size>.txt``: the signed checkpoint over so many entries."""
    return f"{CHECKPOINTS_PREFIX}{size:012d}.txt"


def checkpoint_size(key: str) -> int:
    """The size that such a key names; raises ``ValueError`` for any other key."""
    match = re.fullmatch(r"log/checkpoints/(\d{12})\.txt", key, re.ASCII)
    if match is None:
        raise ValueError(f"expected log/checkpoints/<12 digits>.txt, found {key!r}")
    return int(match[1])


def checkpoint_proof_key(size: int, outlet: str, ending: str, *, number: int = 1) -> str:
    """``log/proofs/<size>/<outlet>[.<number>].<ending>``: what an outlet gave back for a checkpoint."""
    for part in (outlet, ending):
        if not is_part(part) or "." in part:
            raise ValueError(f"part of an object key: expected letters, digits, '_' and '-', found {part!r}")
    return f"{PROOFS_PREFIX}{size:012d}/{outlet}.{'' if number == 1 else f'{number}.'}{ending}"


def checkpoint_proof(key: str) -> tuple[int, str]:
    """The size and the outlet that such a key names; raises ``ValueError`` for any other key."""
    match = re.fullmatch(r"log/proofs/(\d{12})/([\w-]+)\.(?:\d+\.)?[\w-]+", key, re.ASCII)
    if match is None:
        raise ValueError(f"expected log/proofs/<12 digits>/<outlet>.<ending>, found {key!r}")
    return int(match[1]), match[2]
