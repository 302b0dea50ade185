"""Makes whole what dead crawls left in the spool, so that it can be deposited.

Comes in: the spool folder. Goes out: every closed WARC file of crawls that no process holds, and a report of
each torn record that was cut off a file left under ``.open``. Nothing complete is thrown away; a file in which
not one record is complete is removed. Safe to run at any time and again: crawls that live are left alone.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from processors.digest import Digest
from storage.crawl_lock import LOCK_NAME, CrawlAliveError, hold_crawl
from storage.warc_file import OPEN_SUFFIX, ClosedFile, sync_folder
from storage.warc_reader import WarcDamageError, WarcReader

CLOSED_PATTERN = "*.warc.gz"


@dataclass(frozen=True, slots=True)
class TornRecord:
    """What was cut off a file: ``cut_bytes`` from ``offset`` on, and why they are no record."""

    path: Path
    offset: int
    cut_bytes: int
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"{self.path.name}: a last record was torn off by a crash ({self.cut_bytes} bytes from {self.offset}: "
            f"expected {self.expected}, found {self.found}); it was cut off, the rest is whole."
        )


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the spool holds of dead crawls: ``files`` are ready to deposit.

    ``damaged`` names closed files that are not whole any more: they stay where they are, for a person to look at.
    ``alive`` are folders that some process still holds.
    """

    files: tuple[ClosedFile, ...]
    torn: tuple[TornRecord, ...]
    damaged: tuple[WarcDamageError, ...]
    alive: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Whole:
    """How much of a file is whole records, and what broke off there."""

    records: int
    length: int
    damage: WarcDamageError | None


def recover(spool_dir: Path) -> Recovered:
    """Close what dead crawls left open, cut at the first incomplete record; list all their closed files."""
    each = [recover_crawl(path.parent) for path in sorted(spool_dir.glob(f"*/{LOCK_NAME}"))]
    return Recovered(
        files=tuple(file for found in each for file in found.files),
        torn=tuple(torn for found in each for torn in found.torn),
        damaged=tuple(damage for found in each for damage in found.damaged),
        alive=tuple(folder for found in each for folder in found.alive),
    )


def recover_crawl(folder: Path) -> Recovered:
    """The same for one crawl's folder."""
    files: list[ClosedFile] = []
    torn: list[TornRecord] = []
    damaged: list[WarcDamageError] = []
    try:
        with hold_crawl(folder):
            for path in sorted(folder.glob(CLOSED_PATTERN + OPEN_SUFFIX)):
                cut = _close_leftover(path)
                if cut is not None:
                    torn.append(cut)
            for path in sorted(folder.glob(CLOSED_PATTERN)):
                try:
                    files.append(_closed(path))
                except WarcDamageError as damage:
                    damaged.append(damage)
    except CrawlAliveError:
        return Recovered((), (), (), (folder,))
    return Recovered(tuple(files), tuple(torn), tuple(damaged), ())


def _close_leftover(path: Path) -> TornRecord | None:
    """Cut, sync and rename one file; None where nothing was torn."""
    length = path.stat().st_size
    whole = _whole_records(path)
    torn = None
    if whole.damage is not None:
        damage = whole.damage
        torn = TornRecord(path, whole.length, length - whole.length, damage.expected, damage.found)
    if whole.records == 0:
        path.unlink()
    else:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, whole.length)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        path.rename(path.with_name(path.name.removesuffix(OPEN_SUFFIX)))
    sync_folder(path.parent)
    return torn


def _whole_records(path: Path) -> _Whole:
    records = end = 0
    with path.open("rb") as stream:
        if not stream.peek(1):
            return _Whole(0, 0, None)
        try:
            reader = WarcReader(stream, path.name)
            while (head := reader.next_record()) is not None:
                end = head.offset + reader.end_record()
                records += 1
        except WarcDamageError as damage:
            return _Whole(records, end, damage)
    return _Whole(records, end, None)


def _closed(path: Path) -> ClosedFile:
    """The file as its crawl would have reported it; raises ``WarcDamageError`` where a closed file is not
    whole."""
    whole = _whole_records(path)
    if whole.damage is not None:
        raise whole.damage
    with path.open("rb") as stream:
        digest = Digest("sha256", hashlib.file_digest(stream, "sha256").digest())
    return ClosedFile(path, digest, whole.records, whole.length)
