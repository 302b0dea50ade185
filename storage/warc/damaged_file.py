"""Reads on behind the faults of a damaged file, so that one bad record hides no other.

In: a file that seeks, and what was read before the first damage. Out: the rest of its index, every fault with its
place. Nothing is repaired: what is not certain has no row, and stands in the file as it was written. Raises
`WarcDamageError` for files with more faults than a custody entry can name.
"""

from dataclasses import replace
from typing import BinaryIO, Final

from storage.warc.index import IndexPart, WarcFault, fault_of, read_part
from storage.warc.reader import RECORD_END, WarcDamageError, WarcReader
from storage.warc.resynchronise import DamagedFile, next_record

MOST_FAULTS: Final = 10_000
"""Some 2 MB of a custody entry; a file of which more is wrong is not what it claims to be."""
KNOWN_STARTS: Final = (
    b"WARC/",
    b"\xef\xbb\xbfWARC/",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"\x5d\x2a\x4d\x18",
    b"filedesc:",
)
"""Of WARC (gzip, zstd, plain) and ARC."""


def read_to_damage(part: IndexPart, reader: WarcReader, name: str) -> WarcDamageError | None:
    """Read on to the end of the file, or to where it is damaged; uncertain records are passed over."""
    try:
        read_part(part, reader, name, passes_over_uncertain=True)
    except WarcDamageError as damage:
        return damage
    finally:
        _require_few(part, name)
    return None


def read_behind_damage(
    part: IndexPart, file: BinaryIO, name: str, damage: WarcDamageError, *, begin: int, end: int
) -> WarcDamageError | None:
    """Read on behind the damage and all that follow; returns where reading ended before the end of the file.

    ``begin`` and ``end`` are the offsets between which the WARC file lies in ``file``.
    """
    damaged = DamagedFile(file, name, begin, end, is_arc=bool(part.is_arc), warcinfo_id=part.warcinfo_id)
    at: WarcDamageError | None = damage
    while at is not None:
        in_doubt = _retract_unproven(part, at)
        place = next_record(damaged, at)
        fault = fault_of(at, part, resumed_at=None if place is None else place.offset)
        part.faults.append(fault if not in_doubt else _with_doubt(fault, in_doubt))
        _require_few(part, name)
        if place is None:
            break
        damaged.warcinfo_id = part.warcinfo_id
        at = read_to_damage(part, damaged.reader_at(place), name)
    _require_archive(part, damaged, damage)
    if at is not None and at.is_cut and damaged.magic is None and damaged.read(end - 4, 4) == RECORD_END:
        at.is_cut = False  # its length is wrong, and not the file's
    return at


def _retract_unproven(part: IndexPart, damage: WarcDamageError) -> int:
    """Take back records of a compressed member whose bytes turned out not to agree; returns how many.

    Those whose own digest agrees with their block are certain all the same.
    """
    if damage.bad_member is None:
        return 0
    kept = [
        (row, unproven)
        for row, unproven in zip(part.rows, part.unproven, strict=True)
        if not unproven or row.offset_bytes + row.length_bytes <= damage.bad_member
    ]
    in_doubt = len(part.rows) - len(kept)
    if in_doubt:
        part.rows[:] = [row for row, _ in kept]
        part.unproven[:] = [unproven for _, unproven in kept]
        part.records -= in_doubt
    return in_doubt


def _with_doubt(fault: WarcFault, records: int) -> WarcFault:
    sentence = f"{fault.found}; {records} records before it in that member name no digest, and are in doubt"
    return replace(fault, found=sentence)


def _require_few(part: IndexPart, name: str) -> None:
    if len(part.faults) > MOST_FAULTS:
        last = part.faults[-1]
        expected = f"at most {MOST_FAULTS} faults in the whole file"
        raise WarcDamageError(name, last.record, last.offset, expected, "more")


def _require_archive(part: IndexPart, damaged: DamagedFile, first: WarcDamageError) -> None:
    """A text that quotes a record is no archive: what does not begin as one must be one for the most part."""
    if part.first_at is None:
        raise first
    if damaged.read(damaged.begin, 16).startswith(KNOWN_STARTS):
        return
    in_faults = sum(
        (damaged.end if each.resumed_at is None else each.resumed_at) - each.offset for each in part.faults
    )
    if 2 * in_faults > damaged.end - damaged.begin:
        raise first
