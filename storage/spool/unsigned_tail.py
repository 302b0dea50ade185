"""What a dead crawl had written and not yet signed: kept in a file of its own, so that the rest is signed whole.

In: a file that its crawl left open, and the signatures beside it. Out: how far it is signed; a second WARC file
with the records behind that, byte for byte, after a ``warcinfo`` record that says what they are. The first file is
not changed here: whoever cuts it does so afterwards, so that an interruption loses nothing and is made good by the
same calls again. The signatures are only looked for, not believed: `storage.deposit.origin` does that.
"""

import hashlib
import io
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from storage.signing import Signature
from storage.warc.index import index_warc
from storage.warc.records import warcinfo_record
from storage.warc.writer import encoded, sync_folder

SERIALS_FROM: Final = 50_000
"""File 7 of a crawl has its unsigned records in file 50007: no crawl comes to so many files."""

CHUNK_BYTES: Final = 1 << 20
NUMBERED: Final = re.compile(r"(.+-)(\d{5})\.warc\.gz")


@dataclass(frozen=True, slots=True)
class UnsignedTail:
    """``length_bytes`` from ``offset`` of ``path`` on, all of them whole records, now stand in ``tail``."""

    path: Path
    tail: Path
    offset: int
    length_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.path.name}: its crawl was killed before it had signed the last {self.length_bytes} bytes, "
            f"from {self.offset} on. They are whole records and stand in {self.tail.name}; nothing was dropped."
        )


def signed_length(path: Path, signatures: Sequence[Signature], ends: Collection[int]) -> int | None:
    """How far the file is what a signature speaks of, to the end of a record; None where no signature fits."""
    wanted = {each.state.length_bytes: each.state.sha256.value for each in signatures}
    known_ends, running, signed, at = set(ends), hashlib.sha256(), None, 0
    with path.open("rb") as file:
        for length in sorted(wanted.keys() & known_ends):
            while at < length:
                chunk = file.read(min(CHUNK_BYTES, length - at))
                running.update(chunk)
                at += len(chunk)
            if running.digest() == wanted[length]:
                signed = length
    return signed


def write_tail(path: Path, final: Path, offset: int, ends: Sequence[int]) -> UnsignedTail:
    """Write the records of ``path`` from an offset on into a whole, synced file beside it.

    ``final`` is the name its crawl would have given it at its close; ``ends`` are the ends of its whole records.
    """
    named = NUMBERED.fullmatch(final.name)
    if named is None:
        raise ValueError(f"a crawl's file: expected <crawl id>-<5 digits>.warc.gz, found {final.name!r}")
    tail = final.with_name(f"{named[1]}{SERIALS_FROM + int(named[2]):05d}.warc.gz")
    draft = tail.with_name(f"{tail.name.removesuffix('.warc.gz')}.draft")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with path.open("rb") as file, os.fdopen(os.open(draft, flags, 0o600), "wb") as written:
        facts = index_warc(io.BytesIO(file.read(ends[0])), final.name).warcinfo
        facts_of_tail = {**facts, "description": f"records that stood behind the last signature of {final.name}"}
        info = warcinfo_record(f"<urn:uuid:{uuid4()}>", datetime.now(UTC), tail.name, facts_of_tail)
        written.writelines(encoded(info))
        file.seek(offset)
        left = ends[-1] - offset
        while left and (chunk := file.read(min(CHUNK_BYTES, left))):
            written.write(chunk)
            left -= len(chunk)
        written.flush()
        os.fsync(written.fileno())
    draft.rename(tail)
    sync_folder(tail.parent)
    return UnsignedTail(path, tail, offset, ends[-1] - offset)
