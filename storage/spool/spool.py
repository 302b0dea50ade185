"""The spool: a crawl's captures as WARC files on disk, until they are deposited.

Comes in: ``Exchange``, ``Rendering``, ``Note``, one at a time. Goes out: closed WARC files
``<crawl-id>-<nnnnn>.warc.gz`` in ``<spool>/<crawl-id>/``, each with its index in ``.rows`` and, where the crawl
has a key, its signatures in ``.signatures``; while the crawl lives its folder's ``lock`` is held.
Guarantees: a name without ``.open`` is a whole, synced file; an exchange stands in one file; a crash costs at
most what was being written. A failed write raises and ends the spool: every later ``keep`` raises the same.
"""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from crawlers.model.capture import Captured, Rendering
from crawlers.model.exchange import Exchange
from processors.digest import Digest
from storage.private_folder import closed_folder
from storage.signing import CrawlKey
from storage.spool.index_cache import IndexCacheWriter
from storage.spool.lock import CrawlAliveError, lock_crawl
from storage.spool.recovery import Recovered, TornRecord, recover
from storage.spool.signature_journal import SignatureJournal, Signer
from storage.warc.gzip_members import is_compressed
from storage.warc.records import (
    DepositedRecord,
    RecordReceipt,
    WarcRecord,
    certificate_record,
    exchange_metadata,
    note_content_record,
    note_record,
    rendering_record,
    request_record,
    response_record,
    revisit_record,
    warcinfo_record,
)
from storage.warc.writer import ClosedFile, OpenWarc, SpoolFullError, SpoolWriteError

__all__ = [
    "ClosedFile",
    "CrawlAliveError",
    "DepositedRecord",
    "Recovered",
    "Spool",
    "SpoolFullError",
    "SpoolWriteError",
    "TornRecord",
    "recover",
]

ROLL_BYTES = 1 << 30

# A revisit record with its head is about as long as a small payload (architecture, issue 3).
REVISIT_FROM_BYTES = 1 << 10
PAGE_TYPES = (
    "text/",
    "application/xhtml",
    "application/xml",
    "application/json",
    "application/rss",
    "application/atom",
)


class RecordIds:
    """Fresh WARC-Record-IDs (random UUIDs, RFC 9562 section 5.4), their chance drawn many at a time."""

    def __init__(self) -> None:
        self._random = b""

    def __call__(self) -> str:
        """One more id."""
        if not self._random:
            self._random = os.urandom(16 * 256)
        drawn, self._random = self._random[:16], self._random[16:]
        return f"<urn:uuid:{uuid_of(drawn)}>"


def uuid_of(drawn: bytes) -> str:
    """16 random bytes as a UUID of version 4; what ``uuid.UUID`` makes of them, at a fifth of the cost."""
    digits = drawn.hex()
    variant = "89ab"[drawn[8] >> 4 & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def no_known_payloads(digest: Digest) -> DepositedRecord | None:
    """The look-up of a crawl that has no archive: nothing was deposited before."""
    return None


class Spool:
    """The WARC writer of one crawl; a ``CaptureSink``. Not for several threads at once.

    ``facts`` fill the warcinfo record of each file. ``known_payloads`` finds the deposited record of a payload;
    with ``revisits`` such payloads, and those earlier in the same file, become ``revisit`` records unless they
    are pages. With ``file_per_page`` each page id gets files of its own and nothing becomes a revisit.
    ``key`` signs the files as they grow.
    """

    def __init__(
        self,
        spool_dir: Path,
        crawl_id: str,
        facts: Mapping[str, str],
        *,
        roll_bytes: int = ROLL_BYTES,
        revisits: bool = False,
        file_per_page: bool = False,
        known_payloads: Callable[[Digest], DepositedRecord | None] = no_known_payloads,
        key: CrawlKey | None = None,
        new_id: Callable[[], str] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.folder = closed_folder(spool_dir / crawl_id)
        self._lock = lock_crawl(self.folder)
        self._lock.__enter__()
        self._crawl_id = crawl_id
        self._facts = dict(facts)
        self._roll_bytes = roll_bytes
        self._revisits = revisits and not file_per_page
        self._file_per_page = file_per_page
        self._known_payloads = known_payloads
        self._new_id = new_id or RecordIds()
        self._clock = clock
        self._signer = None if key is None else Signer(key, crawl_id)
        self._serial = 0
        self._files: dict[str | None, _SpoolFile] = {}
        self._closed: list[ClosedFile] = []
        self._responses: dict[tuple[str, str], str] = {}
        self._broken: Exception | None = None

    def keep(self, item: Captured) -> None:
        """Write the item; returns when it is in the file. Raises ``SpoolFullError`` or ``SpoolWriteError``."""
        if self._broken is not None:
            raise self._broken
        try:
            self._keep(item)
        except Exception as error:
            self._broken = error
            raise

    def close(self) -> tuple[ClosedFile, ...]:
        """Close all files and let go of the crawl; gives every file the crawl closed, in order of their names."""
        try:
            for page in list(self._files):
                self._closed.append(self._files.pop(page).close())
        finally:
            if self._signer is not None:
                self._signer.close()
            self._lock.__exit__(None, None, None)
        return tuple(sorted(self._closed, key=lambda file: file.path.name))

    def _keep(self, item: Captured) -> None:
        page = item.page_id if self._file_per_page else None
        file = self._files.get(page) or self._begin_file(page)
        records = self._records(item, file)
        receipts = file.warc.append(records)
        file.add(item, records, receipts)
        if isinstance(item, Exchange) and item.page_id is not None:
            self._responses[item.page_id, item.url] = records[0].record_id
        if file.warc.length >= self._roll_bytes:
            self._closed.append(self._files.pop(page).close())

    def _begin_file(self, page: str | None) -> "_SpoolFile":
        path = self.folder / f"{self._crawl_id}-{self._serial:05d}.warc.gz"
        self._serial += 1
        warc = OpenWarc(path)
        info = warcinfo_record(self._new_id(), self._clock(), path.name, self._facts)
        try:
            receipts = warc.append([info])
        except BaseException:
            warc.discard()
            raise
        file = self._files[page] = _SpoolFile(warc, info.record_id, self._signer)
        file.add(None, [info], receipts)
        return file

    def _records(self, item: Captured, file: "_SpoolFile") -> list[WarcRecord]:
        if isinstance(item, Exchange):
            return self._exchange_records(item, file)
        record_id, info_id = self._new_id(), file.info_id
        if isinstance(item, Rendering):
            depicted = self._responses.get((item.page_id or "", item.url.partition("#")[0]))
            return [rendering_record(item, record_id, info_id, depicted)]
        note = note_record(item, record_id, info_id)
        if item.content is None:
            return [note]
        return [note, note_content_record(item, self._new_id(), record_id, info_id)]

    def _exchange_records(self, exchange: Exchange, file: "_SpoolFile") -> list[WarcRecord]:
        response_id, info_id = self._new_id(), file.info_id
        sealed = self._sealed(exchange, file)
        if sealed is None:
            compressible = not is_compressed(exchange)
            response = response_record(exchange, response_id, info_id, compressible=compressible)
        else:
            response = revisit_record(exchange, response_id, info_id, sealed)
        return [
            response,
            request_record(exchange, self._new_id(), response_id, info_id),
            exchange_metadata(exchange, self._new_id(), response_id, info_id),
            *(
                certificate_record(certificate, self._new_id(), exchange.started_at, info_id)
                for certificate in file.new_certificates(exchange)
            ),
        ]

    def _sealed(self, exchange: Exchange, file: "_SpoolFile") -> DepositedRecord | None:
        if not self._revisits or not is_deduplicable(exchange):
            return None
        digest = exchange.response.payload_digest
        assert digest is not None
        return file.payloads.get(digest) or self._known_payloads(digest)


class _SpoolFile:
    """A file with what it already holds: certificates, and payloads a revisit may point at."""

    def __init__(self, warc: OpenWarc, info_id: str, signer: Signer | None) -> None:
        self.warc = warc
        self.info_id = info_id
        self._rows = IndexCacheWriter(warc.path)
        self._signatures = None if signer is None else SignatureJournal(warc.path, signer)
        self.payloads: dict[Digest, DepositedRecord] = {}
        self._certificates: set[bytes] = set()

    def new_certificates(self, exchange: Exchange) -> list[bytes]:
        """Those of the exchange's chain that no record of this file holds, each once."""
        chain = exchange.tls.chain if exchange.tls else ()
        return [certificate for certificate in dict.fromkeys(chain) if certificate not in self._certificates]

    def close(self) -> ClosedFile:
        """Sign the file as whole and close it, then say that its rows are whole."""
        if self._signatures is not None:
            self._signatures.close(self.warc.length, self.warc.sha256)
        closed = self.warc.close()
        self._rows.close(closed)
        return closed

    def add(self, item: Captured | None, records: list[WarcRecord], receipts: list[RecordReceipt]) -> None:
        """Remember what the file now holds."""
        if self._signatures is not None:
            self._signatures.on_growth(self.warc.length, self.warc.sha256)
        self._rows.add(records, receipts, item)
        if not isinstance(item, Exchange):
            return
        self._certificates.update(item.tls.chain if item.tls else ())
        digest = item.response.payload_digest
        if digest is not None and records[0].warc_type == "response" and is_deduplicable(item):
            self.payloads.setdefault(digest, DepositedRecord(records[0].record_id, item.url, item.started_at))


def is_deduplicable(exchange: Exchange) -> bool:
    """Whether the payload is one that need not be kept twice: media and documents, whole, of some size; never a
    page."""
    return (
        exchange.status == 200
        and exchange.truncated is None
        and exchange.problem is None
        and exchange.response.payload_digest is not None
        and exchange.response.payload_length >= REVISIT_FROM_BYTES
        and exchange.media_type is not None
        and not exchange.media_type.startswith(PAGE_TYPES)
        and not exchange.media_type.endswith(("+xml", "+json"))
    )
