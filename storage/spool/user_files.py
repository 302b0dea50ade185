"""Files that a person brings, sealed byte for byte as ``resource`` records of one WARC file.

In: the files with the addresses they get and their types. Out: a closed WARC file in the spool, to be deposited as
any other. A resource record is made of what was given, not of what a server said (WARC 1.1, section 6.4); when the
file itself says it was last changed stands beside it and proves nothing.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from crawlers.model.iso_time import time_text
from processors.digest import Digest
from storage.private_folder import new_closed_folder
from storage.spool.lock import lock_crawl
from storage.spool.spool import RecordIds, utc_now
from storage.warc.records import WarcRecord, user_file_record, warcinfo_record
from storage.warc.writer import ClosedFile, OpenWarc

CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class FileBytes:
    """The bytes of a file; a ``ByteSource``."""

    path: Path
    length_bytes: int
    digest: Digest

    @staticmethod
    def of(path: Path) -> "FileBytes":
        """Read the file once for its length and digest."""
        hasher, length = hashlib.sha256(), 0
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                hasher.update(chunk)
                length += len(chunk)
        return FileBytes(path, length, Digest("sha256", hasher.digest()))

    def chunks(self) -> Iterator[bytes]:
        """The bytes in order."""
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


@dataclass(frozen=True, slots=True)
class UserFile:
    """One file: its bytes, the address it gets, its type, and when it says it was last changed."""

    content: FileBytes
    url: str
    media_type: str
    modified_at: datetime


def modified_at(path: Path) -> datetime:
    """When the file says it was last changed."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def write_user_files(
    spool_dir: Path,
    crawl_id: str,
    facts: Mapping[str, str],
    files: Sequence[UserFile],
    *,
    new_id: Callable[[], str] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ClosedFile:
    """Write all files into one WARC file; an error leaves nothing that looks whole."""
    draw = new_id or RecordIds()
    folder = new_closed_folder(spool_dir / crawl_id)
    with lock_crawl(folder):
        warc = OpenWarc(folder / f"{crawl_id}-00000.warc.gz")
        info = warcinfo_record(draw(), clock(), warc.path.name, facts)
        warc.append([info])
        for file in files:
            warc.append([_record(file, draw(), info.record_id, clock())])
        return warc.close()


def _record(file: UserFile, record_id: str, info_id: str, at: datetime) -> WarcRecord:
    return user_file_record(
        file.url,
        file.content,
        record_id,
        info_id,
        at,
        media_type=file.media_type,
        modified_at=time_text(file.modified_at),
        compressible=not file.media_type.startswith(("image/", "video/", "audio/")),
    )
