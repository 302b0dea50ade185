"""Whether a file was written by a crawl of this software or imported; recorded once in custody, at its deposit.

In: an inspected file, the signatures beside it, and the custody entry about the crawl it names. Out:
`Origin`. It is ``crawl`` only where one signature, by the key that `collection_started` names, covers every byte;
everything else is an ``import``, with the reason, or ``received`` where a person states from whom they have it.
Key, ids and rows of the file do not depend on it. Later, and in a rebuild, the entry of the deposit is read
(`origin_in_custody`), never the signatures again; `signature_fault` compares the two for `letapis verify`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from processors.digest import Digest
from storage.archive import Archive
from storage.deposit.inspection import FileInspection
from storage.ledger.crawl_facts import STARTED
from storage.ledger.entry import CustodyEntry
from storage.ledger.proven_entry import proven_entry
from storage.signing import FileState, Signature
from storage.spool.signature_journal import signatures_beside

CRAWL: Final = "crawl"
IMPORT: Final = "import"
RECEIVED: Final = "received"
"""A person brought what is in it; the collector observed none of it, whoever wrote the file."""

OTHER_TOOL: Final = "no crawl of this software is named by it"


class LeftBy(Enum):
    """How a file came into the spool from which it is deposited."""

    CRAWL_THAT_REPORTED = "crawl that reported"
    CRAWL_THAT_DIED = "crawl that died"


@dataclass(frozen=True, slots=True)
class Origin:
    """``kind`` is ``crawl``, ``import`` or ``received``; ``reason`` says why a file is an import only.

    ``recovered``: its crawl ended without a report. ``signature`` covers the whole file, ``started_seq`` is the
    entry that names its key. Both are None of imports, and of what was deposited before crawls had keys.
    """

    kind: str
    recovered: bool
    reason: str | None
    signature: Signature | None = None
    started_seq: int | None = None

    def details(self) -> dict[str, Any]:
        """The details of the deposit's entry about the origin."""
        signed = None
        if self.signature is not None:
            signed = {
                "value": self.signature.value.hex(),
                "closed": self.signature.state.closed,
                "collection_started": self.started_seq,
            }
        return {
            "origin": self.kind,
            "origin_reason": self.reason,
            "recovered": self.recovered,
            "signature": signed,
        }


def judge_origin(archive: Archive, path: Path, inspection: FileInspection, left_by: LeftBy | None) -> Origin:
    """What is known of the file now; ``left_by`` is None of files that somebody imports."""
    recovered = left_by is LeftBy.CRAWL_THAT_DIED
    if inspection.own is None:
        return Origin(IMPORT, recovered=False, reason=OTHER_TOOL)
    crawl_id = inspection.own.crawl_id
    signatures = signatures_beside(path, crawl_id)
    covering = [each for each in signatures if _covers(each, inspection)]
    if not signatures:
        return Origin(IMPORT, recovered, "no signatures of a crawl stand beside it")
    if not covering:
        return Origin(IMPORT, recovered, "none of the signatures beside it covers these bytes, all of them")
    signature = next((each for each in covering if each.state.closed), covering[-1])
    if left_by is None and not signature.state.closed:
        return Origin(IMPORT, recovered, "its crawl had not closed it with these bytes")
    started = proven_entry(archive, STARTED, crawl_id)
    if started is None:
        return Origin(IMPORT, recovered, f"custody here tells of no crawl {crawl_id}")
    public_key = started.details.get("signing_key")
    if public_key is None:
        return Origin(IMPORT, recovered, f"custody names no key of the crawl {crawl_id}")
    if not signature.is_by(public_key):
        return Origin(IMPORT, recovered, f"it is not signed by the key of the crawl {crawl_id}")
    return Origin(CRAWL, recovered, None, signature, started.seq)


def origin_in_custody(details: Mapping[str, Any]) -> Origin:
    """What the entry of a deposit says; entries made before crawls had keys say less."""
    return Origin(details["origin"], bool(details.get("recovered")), details.get("origin_reason"))


def signature_fault(deposited: CustodyEntry, by_seq: Mapping[int, CustodyEntry]) -> tuple[str, str] | None:
    """What is expected of the signature of a deposit, and what is found; None where the signature is valid."""
    signed = deposited.details.get("signature")
    if signed is None:
        return None
    crawl_id = deposited.details["crawl_id"]
    started = by_seq.get(signed["collection_started"])
    if started is None or (started.event, started.subject_id) != (STARTED, crawl_id):
        return f"entry {signed['collection_started']}: {STARTED} of the crawl {crawl_id}", "none"
    details = deposited.details
    digest = Digest.parse(str(deposited.subject_digest))
    state = FileState(crawl_id, file_name_of(deposited), details["length_bytes"], digest, signed["closed"])
    public_key = started.details.get("signing_key")
    if public_key is None or not Signature(state, bytes.fromhex(signed["value"])).is_by(public_key):
        return f"one by the key {public_key}", "one that is not"
    return None


def file_name_of(deposited: CustodyEntry) -> str:
    """The name that a file had when it was deposited; where that is sealed, the one that its key gives it.

    Of a crawl's own files both are the same, and of others the name has no bearing on what is read.
    """
    name: str = deposited.details.get("file_name") or deposited.subject_id.rpartition("/")[2]
    return name


def _covers(signature: Signature, inspection: FileInspection) -> bool:
    return (signature.state.length_bytes, signature.state.sha256) == (inspection.length_bytes, inspection.sha256)
