"""The index of a WARC file, made while the file is written and kept beside it until it is deposited.

Comes in: each record that now stands in the file. Goes out: the same `WarcIndex` that reading the file would give.
It is worth something for the very bytes that were written, and so it ends with their sha256, which whoever uses it
compares with the file's. Where there is none, or it is torn, or made by another version, the file is read instead;
a disk that has no room for it costs nothing but that.
"""

import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256 as sha256_hash
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from crawlers.model.capture import Captured
from crawlers.model.exchange import Exchange
from crawlers.model.iso_time import time_text
from processors.digest import Digest
from storage.postgres_text import postgres_safe_text
from storage.warc.index import IndexedRecord, WarcIndex, index_warc
from storage.warc.records import RecordReceipt, WarcRecord, uri
from storage.warc.writer import RECORD_END, ClosedFile

SUFFIX: Final = ".rows"
NAMES: Final = tuple(IndexedRecord.__dataclass_fields__)
EMPTY_ROW: Final = dict.fromkeys(NAMES)
MOMENTS: Final = ("captured_at", "refers_to_at")
DIGESTS: Final = ("block_digest", "payload_digest")
AS_TEXT: Final = [(NAMES.index(name), time_text) for name in MOMENTS] + [
    (NAMES.index(name), str) for name in DIGESTS
]
VALUES: Final = attrgetter(*NAMES)
JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class IndexCache:
    """What was written into a file, and the sha256 of its bytes then."""

    sha256: Digest
    index: WarcIndex


class IndexCacheWriter:
    """Writes the rows of one growing file. Not for several threads at once."""

    def __init__(self, warc: Path) -> None:
        self._path = index_cache_path(warc)
        self._hash = sha256_hash()
        self._rows = 0
        self._file: BinaryIO | None = None
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._file = os.fdopen(os.open(self._path, flags, 0o600), "wb", buffering=1 << 16)

    def add(self, records: Sequence[WarcRecord], receipts: Sequence[RecordReceipt], item: Captured | None) -> None:
        """Add the rows of the item's records, which now stand in the file."""
        if self._file is None:
            return
        for record, receipt in zip(records, receipts, strict=True):
            for line in _lines(record, receipt, item):
                self._hash.update(line)
                self._rows += 1
                try:
                    self._file.write(line)
                except OSError:
                    self.discard()
                    return

    def close(self, closed: ClosedFile) -> None:
        """The file is whole: say which bytes the rows speak of."""
        if self._file is None:
            return
        end = {
            "names": NAMES,
            "rows": self._rows,
            "rows_sha256": self._hash.hexdigest(),
            "sha256": str(closed.sha256),
            "records": closed.records,
        }
        try:
            self._file.write(json.dumps(end).encode() + b"\n")
            self._file.close()
        except OSError:
            self.discard()
        self._file = None

    def discard(self) -> None:
        """Do without."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
        self._path.unlink(missing_ok=True)


def read_index_cache(warc: Path) -> IndexCache | None:
    """The rows that stand beside a file; None where they cannot be relied on."""
    try:
        content = index_cache_path(warc).read_bytes()
    except FileNotFoundError:
        return None
    *lines, last = content.splitlines(keepends=True) or [b""]
    try:
        end = json.loads(last)
        if tuple(end["names"]) != NAMES or end["rows_sha256"] != sha256_hash(b"".join(lines)).hexdigest():
            return None
        info = json.loads(lines[0])
        rows = tuple(_indexed_record(json.loads(line)) for line in lines[1:])
        index = WarcIndex(
            **{
                **dict.fromkeys(WarcIndex.__dataclass_fields__),  # what is None of a file of ours
                "records": end["records"],
                "first_at": datetime.fromisoformat(info["first_at"]),
                "warcinfo": info["warcinfo"],
                "warcinfo_id": info["id"],
                "rows": rows,
                "remarks": (),
                "faults": (),
                "is_arc": False,
            }
        )
        return IndexCache(Digest.parse(end["sha256"]), index)
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def index_cache_path(warc: Path) -> Path:
    """``x.warc.gz`` has its rows in ``x.rows``."""
    return warc.with_name(warc.name.removesuffix(".gz").removesuffix(".warc") + SUFFIX)


def _lines(record: WarcRecord, receipt: RecordReceipt, item: Captured | None) -> Iterator[bytes]:
    if record.warc_type == "warcinfo":
        index = _index_of_record(record)
        head = {"first_at": index.first_at.isoformat(), "id": index.warcinfo_id, "warcinfo": dict(index.warcinfo)}
        yield _json(head)
    elif isinstance(item, Exchange) and record.warc_type in ("request", "metadata"):
        return
    elif isinstance(item, Exchange) and record.warc_type == "response" and _is_plain(item):
        yield _json(_values_of_response(receipt, item))
    else:
        for row in _index_of_record(record).rows:
            yield _json(_values(replace(row, offset_bytes=receipt.offset, length_bytes=receipt.length)))


def _is_plain(exchange: Exchange) -> bool:
    """Whether the recorder and a reader of the file cannot differ in what they see."""
    return exchange.status is not None and exchange.problem is None and exchange.truncated is None


def _values_of_response(receipt: RecordReceipt, exchange: Exchange) -> list[Any]:
    """What ``_values`` gives of the row that a reader would make."""
    message = exchange.response
    values = {
        "url": uri(exchange.url),
        "captured_at": time_text(exchange.started_at),
        "record_type": "response",
        "record_id": receipt.record_id[1:-1],
        "status": exchange.status,
        "media_type": None if exchange.media_type is None else postgres_safe_text(exchange.media_type),
        "block_digest": str(receipt.block_digest),
        "payload_digest": str(message.payload_digest) if message.payload_length else None,
        "payload_length_bytes": message.payload_length,
        "peer_address": exchange.peer_ip,
        "offset_bytes": receipt.offset,
        "length_bytes": receipt.length,
    }
    return list({**EMPTY_ROW, **values}.values())


def _index_of_record(record: WarcRecord) -> WarcIndex:
    """What a reader of the file makes of the record."""
    return index_warc(cast(BinaryIO, io.BufferedReader(_AsWritten(record))), "record")


class _AsWritten(io.RawIOBase):
    """A record as the bytes of a file that holds it alone, not compressed."""

    def __init__(self, record: WarcRecord) -> None:
        self._pieces = self._all(record)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what comes next."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        length = min(len(buffer), len(self._left))
        buffer[:length] = self._left[:length]
        self._left = self._left[length:]
        return length

    @staticmethod
    def _all(record: WarcRecord) -> Iterator[bytes]:
        yield record.head()
        if isinstance(record.block, bytes):
            yield record.block
        else:
            yield from record.block.chunks()
        yield RECORD_END


def _json(values: Any) -> bytes:
    return JSON.encode(values).encode() + b"\n"


def _values(row: IndexedRecord) -> list[Any]:
    values = list(VALUES(row))
    for at, text in AS_TEXT:
        if values[at] is not None:
            values[at] = text(values[at])
    return values


def _indexed_record(values: list[Any]) -> IndexedRecord:
    row = dict(zip(NAMES, values, strict=True))
    for name in MOMENTS:
        row[name] = None if row[name] is None else datetime.fromisoformat(row[name])
    for name in DIGESTS:
        row[name] = None if row[name] is None else Digest.parse(row[name])
    return IndexedRecord(**row)
