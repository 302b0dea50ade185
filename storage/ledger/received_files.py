"""Files that people brought, as custody knows them: which bytes, who brought them, from whom, with what statement.

In: connections. Out: `ReceivedFile`s, read from the entries ``file_received`` alone, so that nothing has to be
restored. Digest, length and type are open; who brought a file, from whom it came and what was said of it are
sealed values, None where no key opens them. The same bytes may be received several times: each is an entry.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from processors.digest import Digest
from storage.access_labels import DEFAULT_LABEL, STRICTEST_LABEL
from storage.ledger.custody import append, entry_of
from storage.ledger.entry import NOT_MEASURED, Clock, CustodyEntry
from storage.ledger.entry_schema import RECEIVED
from storage.ledger.tables import custody
from storage.sealing_keys import SealingKeys

RECEIVED_PREFIX: Final = "urn:letapis:received:"
"""How the address of a file that was brought begins; its sha256 in hex follows."""
RECEIVED_ORIGIN: Final = "received"
"""The origin of a deposit that a person brought (`storage.deposit.origin`)."""
OWN_ID: Final = "urn:uuid:"
"""How the id of a capture begins whose file this software wrote; one of another file is a digest in hex."""


def is_received_file(url: str, capture_id: str, origin: str | None = None) -> bool:
    """Whether a capture is a file that a person brought, sealed by this archive at the capture's time.

    The address alone does not show it, since a WARC file of strangers can hold a record with any address and date.
    ``origin`` is that of its deposit; None where it is not at hand.
    """
    is_own = capture_id.startswith(OWN_ID) and origin in (None, RECEIVED_ORIGIN)
    return is_own and url.startswith(RECEIVED_PREFIX)


@dataclass(frozen=True, slots=True)
class ReceivedStatement:
    """What a person says of a file that they bring.

    ``received_raw``: when they got it, as they wrote it; ``from_raw``: from whom; ``origin_raw``: where it comes
    from. ``media_type`` is what the bytes are, ``declared_type`` what name or browser called them, each None where
    there is none. ``access_label``: who may see it. ``remark``: why a file was not opened as what it seems to be.
    """

    actor: str
    received_raw: str
    from_raw: str
    origin_raw: str
    note: str | None
    file_name: str
    sha256: Digest
    length_bytes: int
    media_type: str | None
    declared_type: str | None
    access_label: str = DEFAULT_LABEL
    remark: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The statement as JSON-ready values, from which `statement_from_json` makes it again."""
        return asdict(self) | {"sha256": str(self.sha256)}


def statement_from_json(row: Mapping[str, Any]) -> ReceivedStatement:
    """The statement that `ReceivedStatement.as_json` gave; raises ``TypeError`` and ``ValueError`` for another."""
    return ReceivedStatement(**{**row, "sha256": Digest.parse(row["sha256"])})


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """One receipt of a file: entry ``seq`` of custody, at ``at`` by this machine's clock.

    ``capture_id`` is the record that holds the bytes, in the file ``warc_key``; None of a WARC or WACZ file, which
    is stored as it is. ``first_seq``: the first receipt of the same bytes, None of that itself.
    """

    seq: int
    at: datetime
    warc_key: str
    capture_id: str | None
    sha256: Digest
    length_bytes: int
    media_type: str | None
    declared_type: str | None
    first_seq: int | None
    actor: str | None
    received_raw: str | None
    from_raw: str | None
    origin_raw: str | None
    note: str | None
    file_name: str | None
    access_label: str
    remark: str | None


def append_received(
    connection: Connection,
    keys: SealingKeys | None,
    statement: ReceivedStatement,
    *,
    warc_key: str,
    capture_id: str | None,
    clock: Clock = NOT_MEASURED,
) -> ReceivedFile:
    """Append the receipt in the caller's transaction, in which the bytes are deposited or were before."""
    known = (each for each in received_files(connection, warc_key=warc_key) if each.sha256 == statement.sha256)
    first = next(known, None)
    entry = append(
        connection,
        RECEIVED,
        keys=keys,
        subject_id=warc_key,
        subject_digest=statement.sha256,
        actor=statement.actor,
        details={
            "capture_id": capture_id,
            "length_bytes": statement.length_bytes,
            "media_type": statement.media_type,
            "first_seq": None if first is None else first.seq,
            "declared_type": statement.declared_type,
            "received_raw": statement.received_raw,
            "from_raw": statement.from_raw,
            "origin_raw": statement.origin_raw,
            "note": statement.note,
            "file_name": statement.file_name,
            "access_label": statement.access_label,
            "remark": statement.remark,
        },
        clock=clock,
    )
    return _received_of(entry)


def received_files(connection: Connection, *, warc_key: str | None = None) -> tuple[ReceivedFile, ...]:
    """Every receipt of a file, of one WARC file or of all, oldest first."""
    query = select(custody).where(custody.c.event == RECEIVED).order_by(custody.c.seq)
    if warc_key is not None:
        query = query.where(custody.c.subject_id == warc_key)
    return tuple(_received_of(entry_of(row)) for row in connection.execute(query))


def _received_of(entry: CustodyEntry) -> ReceivedFile:
    details = entry.details
    assert entry.subject_digest is not None  # `storage.ledger.entry_schema` asks for it
    return ReceivedFile(
        seq=entry.seq,
        at=entry.at,
        warc_key=entry.subject_id,
        capture_id=details.get("capture_id"),
        sha256=entry.subject_digest,
        length_bytes=details["length_bytes"],
        media_type=details.get("media_type"),
        declared_type=details.get("declared_type"),
        first_seq=details.get("first_seq"),
        actor=entry.actor,
        received_raw=details.get("received_raw"),
        from_raw=details.get("from_raw"),
        origin_raw=details.get("origin_raw"),
        note=details.get("note"),
        file_name=details.get("file_name"),
        access_label=details.get("access_label", STRICTEST_LABEL),
        remark=details.get("remark"),
    )
