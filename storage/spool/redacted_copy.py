"""A redacted copy of evidence, sealed as a ``resource`` record of a WARC file of its own.

In: the copy's bytes, its address and type, the record it was made of. Out: a closed WARC file in the spool, to
be deposited as any other. The record names the original by its record id and says nothing of who covered what
and why: that stands in custody. An error leaves nothing that looks whole.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage.private_folder import new_closed_folder
from storage.spool.lock import lock_crawl
from storage.spool.spool import RecordIds, utc_now
from storage.warc.headers import bare_uri
from storage.warc.records import redacted_copy_record, warcinfo_record
from storage.warc.writer import ClosedFile, OpenWarc


@dataclass(frozen=True, slots=True)
class RedactedCopy:
    """The copy's bytes; ``original_id`` is the WARC-Record-ID of what was covered, ``made_by`` the tool."""

    content: bytes
    url: str
    media_type: str
    original_id: str
    made_by: str


@contextmanager
def sealed_copy(
    spool_dir: Path,
    crawl_id: str,
    facts: Mapping[str, str],
    copy: RedactedCopy,
    *,
    new_id: Callable[[], str] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[tuple[ClosedFile, str]]:
    """The closed file and the id of the copy's record, held until the block ends; without an error, it goes then.

    What a killed process leaves is deposited by the next run as the file of any other crawl.
    """
    draw = new_id or RecordIds()
    folder = new_closed_folder(spool_dir / crawl_id)
    with lock_crawl(folder):
        warc = OpenWarc(folder / f"{crawl_id}-00000.warc.gz")
        info = warcinfo_record(draw(), clock(), warc.path.name, facts)
        record = redacted_copy_record(
            copy.url,
            copy.content,
            draw(),
            info.record_id,
            clock(),
            media_type=copy.media_type,
            original_id=f"<{copy.original_id}>",
            made_by=copy.made_by,
        )
        warc.append([info, record])
        yield warc.close(), bare_uri(record.record_id)
        shutil.rmtree(folder)
