"""Takes files that a person brings into the archive: every byte, marked received, never observed.

In: the archive, an open file, what the person says of it. Out: a `Receipt`. A WARC or WACZ file is stored as it is
and its records are indexed; any other file becomes a ``resource`` record of a WARC file of its own. Guaranteed:
the deposit and the entry ``file_received`` of custody, which seals who brought it, from whom and its name, are
one transaction. Bytes that were received before under the same label are not stored again: they get one more dated
entry. What a killed process leaves is nothing, or is deposited with its statement by the next run. Raises
`FileNotReceivedError`, with which nothing was kept, and the errors of `storage`.
"""

import json
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Final

from access.receiving_desk import RoomLacking
from crawlers.model.json_form import to_json
from crawlers.watchlist.source import source_for_urls
from pipeline.clock_offset import measured_clock
from pipeline.collect.deposit_spool import deposit_crawl
from pipeline.collect.received_statement import (
    BroughtFile,
    FileNotReceivedError,
    OriginStatement,
    file_name_of,
    statement_of,
)
from pipeline.collect.request_desk import confidential_label
from pipeline.config.settings import Settings
from pipeline.crawl import crawl_id_of_now
from processors.media.file_type import WACZ, WARC, file_type
from storage.access_labels import DEFAULT_LABEL, EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import captures_of
from storage.deposit.deposit import OtherLabelError, deposit_file
from storage.deposit.deposited import deposits_of_crawl
from storage.deposit.inspection import FileFaults
from storage.errors import UnsupportedFileError
from storage.ledger.custody import publish_pending_entries
from storage.ledger.entry import Clock
from storage.ledger.received_files import (
    RECEIVED_PREFIX,
    ReceivedFile,
    ReceivedStatement,
    append_received,
    received_files,
)
from storage.spool.received_file import (
    CHUNK_BYTES,
    OpenFileBytes,
    ReceivedContent,
    remove_unfinished,
    seal_received,
    unfinished_folder,
)
from storage.warc.reader import WarcDamageError
from storage.warc.writer import SpoolWriteError

SOURCE: Final = "received"
"""The source to which everything belongs that people bring."""
IMPORTED_TYPES: Final = (WARC, WACZ)
MOST_ROWS: Final = 200_000
"""Captures of a WARC or WACZ file that is opened here: the server holds their rows in memory, some 1 kB each.

A file with more is kept as a file; ``letapis deposit`` opens one of any size.
"""
COPY_NAME: Final = "brought"
"""The name under which a WARC or WACZ file is deposited: its own stands in custody, sealed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt in custody, and how many captures the file has; ``already``: the bytes were here before."""

    received: ReceivedFile
    captures: int
    already: bool


def receive_file(
    archive: Archive, settings: Settings, brought: BroughtFile, stated: OriginStatement, *, person: Viewer
) -> Receipt:
    """Take in one file in the name of a person."""
    remove_unfinished(settings.receiving_dir)
    name = file_name_of(brought.name)
    with _disk_errors(name):
        content = OpenFileBytes.of(brought.file)
    _require_fit(settings, name, content.length_bytes)
    media_type = file_type(brought.file, name, content.length_bytes)
    with archive.reader.connect() as connection:
        label = confidential_label(connection, stated.case, person) if stated.case else DEFAULT_LABEL
    statement = statement_of(
        brought,
        stated,
        actor=person.name,
        sha256=content.digest,
        length_bytes=content.length_bytes,
        media_type=media_type,
        access_label=label,
    )
    clock = measured_clock(settings.time_servers)
    if media_type in IMPORTED_TYPES:
        try:
            return _import(archive, settings, content, statement, clock)
        except OtherLabelError:
            remark = "It was kept as a file, whole; its records are not listed under this access label."
            statement = replace(statement, remark=remark)
        except (WarcDamageError, UnsupportedFileError) as problem:
            remark = f"It was kept as a file and not opened as {media_type}: {problem}"
            statement = replace(statement, remark=remark)
    return _known_before(archive, statement, clock) or _seal(archive, settings, content, statement, clock, brought)


@contextmanager
def _disk_errors(name: str) -> Iterator[None]:
    """Turns an error of the disk, above all a full one, into ours: so far nothing is kept."""
    try:
        yield
    except (OSError, SpoolWriteError) as problem:
        found = problem.found if isinstance(problem, SpoolWriteError) else problem.strerror or str(problem)
        words = f"expected to read it and write it to the disk of this machine, found {found}"
        raise FileNotReceivedError(name, words) from problem


def _import(
    archive: Archive, settings: Settings, content: OpenFileBytes, statement: ReceivedStatement, clock: Clock
) -> Receipt:
    """Store a WARC or WACZ file as it is; by its neutral name it is never taken for a crawl of our own."""
    with unfinished_folder(settings.receiving_dir, crawl_id_of_now()) as folder:
        path = folder / COPY_NAME
        with _disk_errors(statement.file_name), path.open("xb") as copy:
            content.file.seek(0)
            shutil.copyfileobj(content.file, copy, CHUNK_BYTES)
        deposited = deposit_file(
            archive,
            path,
            source_id=SOURCE,
            expected=statement.sha256,
            faults=FileFaults.NAMED,
            received=statement,
            actor=statement.actor,
            clock=clock,
            most_rows=MOST_ROWS,
        )
    if deposited.already:
        received = _one_more(archive, statement, deposited.key, None, clock)
    else:
        received = _receipts_of(archive, deposited.key)[0]
    return Receipt(received, deposited.captures, deposited.already)


def _known_before(archive: Archive, statement: ReceivedStatement, clock: Clock) -> Receipt | None:
    """One more receipt of bytes that lie in the archive under the same label, once they were read back."""
    url = f"{RECEIVED_PREFIX}{statement.sha256.hex}"
    with archive.reader.connect() as connection:
        here = [
            each
            for each in captures_of(connection, url, viewer=EVERYONE)
            if each.access_label == statement.access_label
        ]
    for capture in here:
        if any(each.capture_id == capture.id for each in _receipts_of(archive, capture.warc_key)):
            deposits_of_crawl(archive, capture.crawl_id, deposited_now={})
            received = _one_more(archive, statement, capture.warc_key, capture.id, clock)
            return Receipt(received, 1, already=True)
    return None


def _seal(
    archive: Archive,
    settings: Settings,
    content: OpenFileBytes,
    statement: ReceivedStatement,
    clock: Clock,
    brought: BroughtFile,
) -> Receipt:
    sealed = ReceivedContent(
        content,
        f"{RECEIVED_PREFIX}{statement.sha256.hex}",
        statement.media_type,
        statement.declared_type,
        brought.modified_at,
    )
    with _disk_errors(statement.file_name):
        folder = seal_received(
            settings.receiving_dir,
            settings.spool_dir,
            crawl_id_of_now(),
            _facts(statement.access_label),
            sealed,
            statement.as_json(),
        )
    (deposited,) = deposit_crawl(archive, folder, actor=statement.actor, clock=clock)
    return Receipt(_receipts_of(archive, deposited.key)[0], deposited.captures, already=False)


def _one_more(
    archive: Archive, statement: ReceivedStatement, warc_key: str, capture_id: str | None, clock: Clock
) -> ReceivedFile:
    with archive.writer.begin() as connection:
        received = append_received(
            connection, archive.sealing, statement, warc_key=warc_key, capture_id=capture_id, clock=clock
        )
    publish_pending_entries(archive)
    return received


def _receipts_of(archive: Archive, warc_key: str) -> tuple[ReceivedFile, ...]:
    with archive.reader.connect() as connection:
        return received_files(connection, warc_key=warc_key)


def _facts(access_label: str) -> dict[str, str]:
    """The warcinfo record: what took the file in; nothing of who, from whom or under which name."""
    label = None if access_label == DEFAULT_LABEL else access_label
    declared = to_json(source_for_urls((), source_id=SOURCE, follow="nothing", access_label=label))
    return {
        "software": f"letapis/{version('letapis')} Python/{platform.python_version()}",
        "source": json.dumps(declared, ensure_ascii=False, sort_keys=True),
        "description": "a file as a person brought it; received, not observed by this collector",
    }


def _require_fit(settings: Settings, name: str, length_bytes: int) -> None:
    """Refuse an empty file, one above the limit, and one for which the disk has no room."""
    if not length_bytes:
        raise FileNotReceivedError(name, "expected a file with content, found 0 bytes")
    limit_bytes = settings.receive_limit_mb << 20
    if length_bytes > limit_bytes:
        raise FileNotReceivedError(
            name,
            f"expected at most {settings.receive_limit_mb} MB (LETAPIS_RECEIVE_LIMIT_MB), found "
            f"{length_bytes / 2**20:.1f} MB",
        )
    if (lacking := room_lacking(settings, length_bytes, uploaded=True)) is not None:
        raise FileNotReceivedError(
            name,
            f"the disk of {settings.data} is nearly full: expected {lacking.needed_bytes / 10**9:.1f} GB free, "
            f"found {lacking.free_bytes / 10**9:.1f} GB. Make room on it and bring the file again",
        )


def room_lacking(settings: Settings, length_bytes: int, *, uploaded: bool) -> RoomLacking | None:
    """What the disk of the data folder lacks for a file of so many bytes; None where there is room.

    It takes a copy in the spool, one in the store where that stands beside it, and the upload itself, unless it
    lies there already (``uploaded``).
    """
    disk = next(each for each in (settings.data, *settings.data.parents) if each.exists())
    copies = 1 + (settings.data / "store").exists() + (not uploaded)
    needed = settings.keep_free_mb * 10**6 + copies * length_bytes
    free = shutil.disk_usage(disk).free
    return RoomLacking(needed, free) if free < needed else None
