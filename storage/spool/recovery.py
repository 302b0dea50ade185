"""Makes whole what dead crawls left in the spool, so that it can be deposited.

Comes in: the spool folder. Goes out: every closed WARC file of crawls that no process holds, and a report of
each torn record that was cut off a file left under ``.open``. Nothing complete is thrown away; a file in which
not one record is complete is removed. Where the crawl signed the file, the records behind its last signature go
into a file of their own (`storage.spool.unsigned_tail`). Safe to run at any time and again: crawls that live are
left alone.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from processors.digest import Digest
from storage.spool.lock import LOCK_NAME, CrawlAliveError, lock_crawl
from storage.spool.signature_journal import signatures_beside
from storage.spool.unsigned_tail import UnsignedTail, signed_length, write_tail
from storage.warc.reader import WarcDamageError, WarcReader
from storage.warc.writer import OPEN_SUFFIX, ClosedFile, sync_folder

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
    ``unsigned`` are files made of what stood behind a last signature; they are among ``files``. ``alive`` are
    folders that some process still holds.
    """

    files: tuple[ClosedFile, ...]
    torn: tuple[TornRecord, ...]
    damaged: tuple[WarcDamageError, ...]
    alive: tuple[Path, ...]
    unsigned: tuple[UnsignedTail, ...] = ()


@dataclass(frozen=True, slots=True)
class _CompleteRecords:
    """Where the whole records of a file end, one after the other, and what broke off behind the last."""

    ends: tuple[int, ...]
    damage: WarcDamageError | None

    @property
    def records(self) -> int:
        return len(self.ends)

    @property
    def length(self) -> int:
        return self.ends[-1] if self.ends else 0


def recover(spool_dir: Path) -> Recovered:
    """Close what dead crawls left open, cut at the first incomplete record; list all their closed files."""
    each = [recover_crawl(path.parent) for path in sorted(spool_dir.glob(f"*/{LOCK_NAME}"))]
    return Recovered(
        files=tuple(file for found in each for file in found.files),
        torn=tuple(torn for found in each for torn in found.torn),
        damaged=tuple(damage for found in each for damage in found.damaged),
        alive=tuple(folder for found in each for folder in found.alive),
        unsigned=tuple(tail for found in each for tail in found.unsigned),
    )


def recover_crawl(folder: Path) -> Recovered:
    """The same for one crawl's folder."""
    files: list[ClosedFile] = []
    torn: list[TornRecord] = []
    unsigned: list[UnsignedTail] = []
    damaged: list[WarcDamageError] = []
    try:
        with lock_crawl(folder):
            for path in sorted(folder.glob(CLOSED_PATTERN + OPEN_SUFFIX)):
                cut, tail = _close_leftover(path)
                torn += [] if cut is None else [cut]
                unsigned += [] if tail is None else [tail]
            for path in sorted(folder.glob(CLOSED_PATTERN)):
                try:
                    files.append(_closed(path))
                except WarcDamageError as damage:
                    damaged.append(damage)
    except CrawlAliveError:
        return Recovered((), (), (), (folder,))
    return Recovered(tuple(files), tuple(torn), tuple(damaged), (), tuple(unsigned))


def _close_leftover(path: Path) -> tuple[TornRecord | None, UnsignedTail | None]:
    """Cut, sync and rename one file; tells what was torn off, and what was not signed."""
    length = path.stat().st_size
    complete = _complete_records(path)
    torn = tail = None
    if complete.damage is not None:
        damage = complete.damage
        torn = TornRecord(path, complete.length, length - complete.length, damage.expected, damage.found)
    if complete.records == 0:
        path.unlink()
    else:
        final = path.with_name(path.name.removesuffix(OPEN_SUFFIX))
        signed = signed_length(path, signatures_beside(final, path.parent.name), complete.ends)
        if signed is not None and signed < complete.length:
            tail = write_tail(path, final, signed, complete.ends)
        _cut(path, complete.length if signed is None else signed)
        path.rename(final)
    sync_folder(path.parent)
    return torn, tail


def _cut(path: Path, length: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _complete_records(path: Path) -> _CompleteRecords:
    ends: list[int] = []
    with path.open("rb") as stream:
        if not stream.peek(1):
            return _CompleteRecords((), None)
        try:
            reader = WarcReader(stream, path.name)
            while (head := reader.next_record()) is not None:
                ends.append(head.offset + reader.end_record())
        except WarcDamageError as damage:
            return _CompleteRecords(tuple(ends), damage)
    return _CompleteRecords(tuple(ends), None)


def _closed(path: Path) -> ClosedFile:
    """The file as its crawl would have reported it; raises ``WarcDamageError`` where a closed file is not
    whole."""
    complete = _complete_records(path)
    if complete.damage is not None:
        raise complete.damage
    with path.open("rb") as stream:
        digest = Digest("sha256", hashlib.file_digest(stream, "sha256").digest())
    return ClosedFile(path, digest, complete.records, complete.length)
