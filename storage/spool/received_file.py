"""A file that a person brought, sealed byte for byte as a ``resource`` record of a WARC file of its own.

In: an open file, the address it gets, its types. Out: a closed WARC file in a folder of the spool, with the
statement of whoever brought it beside it (`STATEMENT_NAME`). Guaranteed: the folder is made elsewhere and moved
into the spool in one step, whole; what a killed process leaves before that step is no evidence yet and is removed
by `remove_unfinished`, and what it leaves afterwards is deposited by the next run as the file of any other crawl.
Names of people and of files stand in the statement alone, never in the WARC, which is handed over whole. Raises
the errors of `storage.warc.writer`.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from crawlers.model.iso_time import time_text
from processors.digest import Digest
from storage.private_folder import closed_folder, new_closed_folder
from storage.spool.lock import LOCK_NAME, CrawlAliveError, lock_crawl
from storage.spool.spool import RecordIds, utc_now
from storage.warc.records import user_file_record, warcinfo_record
from storage.warc.writer import OpenWarc, sync_folder

STATEMENT_NAME: Final = "statement.json"
CHUNK_BYTES: Final = 1 << 20
BEGINNING_S: Final = 60.0
"""A folder younger than this may belong to a process that is about to take its lock."""
PACKED: Final = ("image/", "video/", "audio/")
"""Types of files that deflating makes no smaller."""


@dataclass(frozen=True, slots=True)
class OpenFileBytes:
    """The bytes of an open file that seeks; a ``ByteSource``."""

    file: BinaryIO
    length_bytes: int
    digest: Digest

    @staticmethod
    def of(file: BinaryIO) -> "OpenFileBytes":
        """Read the file once for its length and digest."""
        hasher, length = hashlib.sha256(), 0
        for chunk in _chunks(file):
            hasher.update(chunk)
            length += len(chunk)
        return OpenFileBytes(file, length, Digest("sha256", hasher.digest()))

    def chunks(self) -> Iterator[bytes]:
        """The bytes in order."""
        return _chunks(self.file)


@dataclass(frozen=True, slots=True)
class ReceivedContent:
    """What is sealed: the bytes, their address, what they are, what they were called, when they were changed."""

    content: OpenFileBytes
    url: str
    media_type: str | None
    declared_type: str | None
    modified_at: datetime | None


@contextmanager
def unfinished_folder(receiving_dir: Path, name: str) -> Iterator[Path]:
    """A closed folder of this process's own; it goes when the block ends, unless it was moved."""
    closed_folder(receiving_dir)
    folder = new_closed_folder(receiving_dir / name)
    with lock_crawl(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def seal_received(
    receiving_dir: Path,
    spool_dir: Path,
    crawl_id: str,
    facts: Mapping[str, str],
    received: ReceivedContent,
    statement: Mapping[str, Any],
    *,
    new_id: Callable[[], str] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Path:
    """Write the WARC file and the statement, and move both into the spool; returns the folder there."""
    draw = new_id or RecordIds()
    closed_folder(spool_dir)
    with unfinished_folder(receiving_dir, crawl_id) as folder:
        warc = OpenWarc(folder / f"{crawl_id}-00000.warc.gz")
        info = warcinfo_record(draw(), clock(), warc.path.name, facts)
        media_type = received.media_type or received.declared_type or "application/octet-stream"
        modified_at = received.modified_at
        record = user_file_record(
            received.url,
            received.content,
            draw(),
            info.record_id,
            clock(),
            media_type=media_type,
            modified_at=None if modified_at is None else time_text(modified_at),
            compressible=not media_type.startswith(PACKED),
            identified_type=received.media_type,
            declared_type=received.declared_type,
        )
        warc.append([info, record])
        _write_statement(folder / STATEMENT_NAME, statement)
        warc.close()
        place = spool_dir / crawl_id
        folder.rename(place)
        sync_folder(spool_dir)
        return place


def remove_unfinished(receiving_dir: Path) -> int:
    """Remove what processes left that died before their file was whole; returns how many folders went."""
    removed = 0
    for folder in sorted(path for path in receiving_dir.glob("*") if path.is_dir()):
        with suppress(CrawlAliveError, FileNotFoundError):
            begun = (folder / LOCK_NAME).exists()
            if not begun and time.time() - folder.stat().st_mtime < BEGINNING_S:
                continue
            with lock_crawl(folder):
                shutil.rmtree(folder)
            removed += 1
    return removed


def statement_beside(folder: Path) -> dict[str, Any] | None:
    """What whoever brought the file of this folder stated; None of a crawl. Raises ``ValueError``."""
    try:
        content = (folder / STATEMENT_NAME).read_text("utf-8")
    except FileNotFoundError:
        return None
    row = json.loads(content)
    if not isinstance(row, dict):
        raise ValueError(f"expected a statement, found {type(row).__name__}")
    return row


def _write_statement(path: Path, statement: Mapping[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(statement, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
