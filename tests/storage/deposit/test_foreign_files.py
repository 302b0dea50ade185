"""Files that other tools wrote are taken as they are, or refused with the place and the reason of the damage."""

import gzip
import io
import json
import secrets
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from fastwarc.warc import ArchiveIterator
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from access.views.captures import raw_record
from pipeline.preserve.verify import verify
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.digest import sha256
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.catalogue.tables import warcs
from storage.deposit.deposit import deposit_file
from storage.deposit.exchange_metadata import exchange_facts
from storage.deposit.inspection import FileFaults, FileInspection, inspect_file, inspect_stream
from storage.deposit.record_reader import iterate_warc, read_record
from storage.errors import UnsupportedFileError
from storage.integrity.verification import verify_file
from storage.ledger.chain import read_chain
from storage.warc.reader import WarcDamageError
from tests.storage.catalogue.test_captures import written_by_warcio
from tests.storage.integrity.test_restore import catalogue

TAKEN = {
    "derived/example-iana.org-chunked.warc.zst": (3, 1),
    "jwat/small_BNF.arc": (6, 5),
    "jwat/valid-warcfile-contenttype-continuation.warc": (1, 0),
    "jwat/valid-warcfile-duplicate-concurrentto.warc": (1, 0),
    "jwat/valid-warcfile-upper-lower-case.warc": (5, 4),
    "pywb/dupes.warc.gz": (25, 12),
    "pywb/example-url-agnostic-orig.warc.gz": (2, 1),
    "pywb/example-url-agnostic-revisit.warc.gz": (2, 1),
    "pywb/example.arc.gz": (2, 1),
    "pywb/example.warc.gz": (6, 3),
    "pywb/valid_example_1.wacz": (4, 1),
    "warc2zim/bad-redirections.warc.gz": (91, 47),
    "warc2zim/example-revisit.warc.gz": (16, 6),
    "warc2zim/example-utf8.warc": (8, 4),
    "warc2zim/http-return-codes.warc.gz": (98, 66),
    "warc2zim/self-redirect.warc": (4, 2),
    "warcio/example-digest.warc": (4, 0),
    "warcio/example-iana.org-chunked.warc": (3, 1),
    "warcio/example-resource.warc.gz": (3, 1),
    "webarchive-commons/mutliple-headers.warc": (1, 1),
}
"""Records, which warcio counts alike, and captures among them: no requests, no facts about the file."""

REFUSED = {
    "jwat/invalid-magic.gz": "a record's fields",
    "jwat/invalid-truncated.gz": "WARC/1.0 or WARC/1.1",
    "jwat/invalid-warcfile-fields-missing.warc": "the field WARC-Record-ID",
    "jwat/invalid-warcfile-lonely-monkeys.warc": "the field WARC-Record-ID",
    "webarchive-commons/double-single-inflate-error.gz": "a gzip member without damage",
    "webarchive-commons/hi.gz": "a record's fields",
}
"""No record of them is certain; what was expected of the first, which begins the file."""

FAULTY: dict[str, tuple[int, int, list[tuple[int, int, int | None]], str]] = {
    "jwat/invalid-warcfile-digest-fields.warc": (
        3,
        3,
        [(1, 0, 1093)],
        "block digest sha1:d5817bf5b4b35a296823509dd75",
    ),
    "jwat/invalid-warcfile-record-then-garbage.warc": (1, 1, [(2, 1135, None)], "WARC/1.0 or WARC/1.1"),
    "jwat/invalid-warcfile-segment-number-response.warc": (1, 1, [(2, 1059, None)], "WARC-Segment-Number 1"),
    "pywb/bad.arc": (1, 1, [(1, 0, 202), (3, 262, None)], "a length in digits"),
    "warcio/example-trunc.warc": (3, 0, [(3, 1197, 2566)], "two line ends after the block"),
}
"""Records and captures that are certain; record and offset of each fault, and where reading went on; what was
expected at the first."""

NO_ARCHIVE_FILES = ("README.md", "manifest.jsonl", "warcio-features.json")


@pytest.mark.realdata
def test_every_captured_file_is_told_of_here(realdata: Path) -> None:
    folder = realdata / "warc"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    told = {*TAKEN, *REFUSED, *FAULTY, "pywb/invalid_example_1.wacz", *NO_ARCHIVE_FILES}
    assert {name for name in files - told if not name.startswith("pywb-cdx/")} == set()
    assert told <= files


@pytest.mark.realdata
@pytest.mark.parametrize("file", TAKEN)
def test_a_whole_file_is_read_to_its_end(realdata: Path, file: str) -> None:
    surveyed = inspect_file(realdata / "warc" / file)
    gold = {
        row["file"]: row for row in json.loads((realdata / "warc" / "warcio-features.json").read_text("utf-8"))
    }
    assert (surveyed.records, len(surveyed.rows)) == TAKEN[file]
    assert surveyed.records == gold.get(file, {"records": surveyed.records})["records"]
    assert surveyed.damage is None


@pytest.mark.realdata
@pytest.mark.parametrize("file", REFUSED)
def test_a_file_without_one_certain_record_is_refused_with_place_and_reason(realdata: Path, file: str) -> None:
    for faults in FileFaults:
        with pytest.raises(WarcDamageError) as refused:
            inspect_file(realdata / "warc" / file, faults=faults)
        assert (refused.value.record, refused.value.offset) == (1, 0)
        assert REFUSED[file] in refused.value.expected and refused.value.found


@pytest.mark.realdata
@pytest.mark.parametrize("file", FAULTY)
def test_a_fault_ends_nothing_and_is_named_with_its_place(realdata: Path, file: str) -> None:
    path, (records, captures, places, expected) = realdata / "warc" / file, FAULTY[file]
    with pytest.raises(WarcDamageError):
        inspect_file(path)
    surveyed = inspect_file(path, faults=FileFaults.NAMED)
    assert (surveyed.records, len(surveyed.rows)) == (records, captures)
    assert [(fault.record, fault.offset, fault.resumed_at) for fault in surveyed.faults] == places
    assert expected in surveyed.faults[0].expected and all(fault.found for fault in surveyed.faults)
    assert surveyed.sha256 == sha256(path.read_bytes())


@pytest.mark.realdata
@pytest.mark.parametrize("file", ["README.md", "pywb-cdx/cdx/dupes.cdx", "pywb-cdx/cdxj/example.cdx.gz"])
def test_what_is_no_archive_file_is_refused(realdata: Path, file: str) -> None:
    with pytest.raises(WarcDamageError, match="record 1 at offset 0"):
        inspect_file(realdata / "warc" / file)


@pytest.mark.realdata
def test_a_wacz_without_warc_files_is_refused(realdata: Path) -> None:
    with pytest.raises(UnsupportedFileError, match="expected WARC files in archive/, found none"):
        inspect_file(realdata / "warc" / "pywb" / "invalid_example_1.wacz")


@pytest.mark.realdata
def test_every_record_of_every_taken_file_comes_back_from_the_archive(
    archive: Archive, realdata: Path, tmp_path: Path
) -> None:
    for file, (records, rows) in TAKEN.items():
        path = realdata / "warc" / file
        deposited = deposit_file(archive, path)
        assert (deposited.records, deposited.captures) == (records, rows), file
        assert archive.objects.digest(deposited.key, deposited.version_id) == sha256(path.read_bytes()), file
        read = list(iterate_warc(archive, deposited.key, deposited.version_id))
        assert len(read) == rows, file
        for capture, block in read:
            assert read_record(archive, capture).block == block
            assert exchange_facts(archive, capture) is None
        assert deposit_file(archive, path).already is True
    shared = tmp_path / "shared.warc.gz"
    shared.write_bytes(one_member(written_by_warcio(b"<p>one</p>", b"<p>two</p>", gz=False)))
    deposit_file(archive, shared)
    process_pending(archive)
    before = catalogue(archive)
    rebuild(archive)
    assert catalogue(archive) == before


BODIES = (b"<p>one</p>", b"<p>two</p>" * 90_000, secrets.token_bytes(300_000), b"<p>four</p>")


def one_member(plain: bytes) -> bytes:
    """As FastWARC writes by default, and whoever runs gzip over a plain file."""
    return gzip.compress(plain)


def cut_into_members(plain: bytes) -> bytes:
    """As bgzip makes it: members of equal size that know nothing of records, and an empty one at the end."""
    parts = [plain[start : start + 65_280] for start in range(0, len(plain), 65_280)]
    return b"".join(gzip.compress(part) for part in [*parts, b""])


def in_pairs(plain: bytes) -> bytes:
    """Two records to a member."""
    starts = [row for row in range(len(plain)) if plain.startswith(b"WARC/1.1\r\n", row)]
    starts = [*starts[::2], len(plain)]
    return b"".join(gzip.compress(plain[a:b]) for a, b in pairwise(starts))


def one_frame(plain: bytes) -> bytes:
    return zstandard.compress(plain)


def with_dictionary(plain: bytes) -> bytes:
    """As Zeno and wget-at write it: the dictionary in a frame that other readers skip, then a frame per record."""
    dictionary = zstandard.ZstdCompressionDict(b"WARC/1.1\r\nWARC-Type: response\r\nContent-Type: text/html" * 20)
    compressor = zstandard.ZstdCompressor(dict_data=dictionary)
    starts = [row for row in range(len(plain)) if plain.startswith(b"WARC/1.1\r\n", row)] + [len(plain)]
    frames = [compressor.compress(plain[a:b]) for a, b in pairwise(starts)]
    packed = zstandard.compress(dictionary.as_bytes())
    return b"\x5d\x2a\x4d\x18" + len(packed).to_bytes(4, "little") + packed + b"".join(frames)


WAYS = [one_member, cut_into_members, in_pairs, one_frame, with_dictionary, bytes]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_however_records_are_compressed_each_comes_back_alone(
    archive: Archive, tmp_path: Path, way: "type[bytes]"
) -> None:
    path = tmp_path / "other.warc"
    path.write_bytes(way(written_by_warcio(*BODIES, gz=False)))
    deposited = deposit_file(archive, path)
    captures = captures_of_file(archive, deposited.key)
    assert (deposited.records, len(captures)) == (5, 4)
    assert [capture.payload_digest for capture in captures] == [sha256(body) for body in BODIES]
    assert len({capture.id for capture in captures}) == 4
    for capture, body in zip(captures, BODIES, strict=True):
        assert read_record(archive, capture).block.endswith(body)
        raw = raw_record(archive, capture.id, viewer=Viewer("analyst"))
        assert raw is not None
        content = b"".join(raw.content)
        assert len(content) == raw.length_bytes
        (row,) = inspect_stream(io.BytesIO(content), "alone").rows
        assert row.payload_digest == sha256(body)
        if way is not with_dictionary:  # FastWARC knows none
            blocks = [each.reader.read() for each in ArchiveIterator(io.BytesIO(content), parse_http=False)]
            assert [block.endswith(body) for block in blocks] == [True]
    in_order = [
        (capture.id, block) for capture, block in iterate_warc(archive, deposited.key, deposited.version_id)
    ]
    assert in_order == [(capture.id, read_record(archive, capture).block) for capture in captures]
    assert archive.objects.digest(deposited.key, deposited.version_id) == sha256(path.read_bytes())


def captures_of_file(archive: Archive, key: str) -> list[Capture]:
    with archive.reader.connect() as connection:
        return list(captures_in(connection, key))


def look(content: bytes, *, faults: FileFaults = FileFaults.REFUSED) -> FileInspection:
    return inspect_stream(io.BytesIO(content), "other.warc.gz", faults=faults)


@given(
    bodies=st.lists(st.binary(max_size=300), min_size=1, max_size=6),
    cuts=st.lists(st.integers(1, 3000), max_size=12),
)
@settings(max_examples=80, deadline=None)
def test_members_may_begin_and_end_anywhere(bodies: list[bytes], cuts: list[int]) -> None:
    plain = written_by_warcio(*bodies, gz=False)
    ends = sorted({0, len(plain), *(cut for cut in cuts if cut < len(plain))})
    cut = b"".join(gzip.compress(plain[a:b]) for a, b in pairwise(ends))
    expected = [row.payload_digest for row in look(plain).rows]
    found = look(cut)
    assert [row.payload_digest for row in found.rows] == expected
    assert found.records == len(bodies) + 1
    assert len({(row.offset_bytes, row.within_bytes) for row in found.rows}) == len(bodies)


@given(
    bodies=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4),
    gz=st.booleans(),
    share=st.floats(0, 1),
)
@settings(max_examples=80, deadline=None)
def test_a_file_cut_anywhere_gives_the_records_before_the_cut(bodies: list[bytes], gz: bool, share: float) -> None:
    whole = written_by_warcio(*bodies, gz=gz)
    rows = look(whole).rows
    cut = rows[0].offset_bytes + 1 + int(share * (len(whole) - rows[0].offset_bytes - 1))
    taken = look(whole[:cut], faults=FileFaults.NAMED_WITH_CUT)
    assert taken.rows == tuple(row for row in rows if row.offset_bytes + row.length_bytes <= cut)
    assert taken.sha256 == sha256(whole[:cut])
    ends = {row.offset_bytes + row.length_bytes for row in rows}
    assert (taken.damage is None) == (cut in ends)


def test_a_file_taken_up_to_its_damage_keeps_every_byte_and_custody_says_where_it_is(
    archive: Archive, tmp_path: Path
) -> None:
    whole = written_by_warcio(b"one", b"two", b"three")
    third = look(whole).rows[2]
    path = tmp_path / "other.warc.gz"
    path.write_bytes(whole[: third.offset_bytes + 40])
    for faults in (FileFaults.REFUSED, FileFaults.NAMED):
        with pytest.raises(WarcDamageError):
            deposit_file(archive, path, faults=faults)
    assert list(archive.objects.list()) == []

    deposited = deposit_file(archive, path, faults=FileFaults.NAMED_WITH_CUT)

    assert deposited.damage is not None
    assert (deposited.records, deposited.captures, deposited.damage.record) == (3, 2, 4)
    (entry,) = [chained.entry for chained in read_chain(archive.objects, archive.sealing).entries]
    place = {"record": 4, "offset": third.offset_bytes}
    words = {"expected": "a gzip member with its end", "found": "the end of the file"}
    assert entry.details["damage"] == {**place, **words}
    assert entry.details["faults"] == [{**place, **words, "within": 0, "resumed_at": None}]
    assert archive.objects.digest(deposited.key, deposited.version_id) == sha256(path.read_bytes())
    process_pending(archive)
    before = catalogue(archive)
    assert rebuild(archive).remarks == ()
    assert catalogue(archive) == before
    with archive.reader.connect() as connection:
        assert connection.execute(select(warcs.c.processed_with)).scalar_one() is not None


def test_a_file_with_faults_in_its_middle_is_deposited_whole_and_custody_names_each(
    archive: Archive, tmp_path: Path
) -> None:
    bodies = (b"one", b"two", b"three", b"four", b"five")
    whole = written_by_warcio(*bodies)
    rows = look(whole).rows
    harmed = bytearray(whole)
    for number in (1, 3):
        harmed[rows[number].offset_bytes + rows[number].length_bytes - 6] ^= 0xFF  # in the check sum of its member
    path = tmp_path / "other.warc.gz"
    path.write_bytes(harmed)

    deposited = deposit_file(archive, path, faults=FileFaults.NAMED)

    assert (deposited.records, deposited.captures, deposited.damage) == (4, 3, None)
    (entry,) = [chained.entry for chained in read_chain(archive.objects, archive.sealing).entries]
    assert "damage" not in entry.details
    assert [(each["record"], each["offset"], each["resumed_at"]) for each in entry.details["faults"]] == [
        (3, rows[1].offset_bytes, rows[2].offset_bytes),
        (5, rows[3].offset_bytes, rows[4].offset_bytes),
    ]
    blocks = [block for _, block in iterate_warc(archive, deposited.key, deposited.version_id)]
    assert [block.endswith(body) for block, body in zip(blocks, bodies[::2], strict=True) if block] == [True] * 3
    process_pending(archive)
    before = catalogue(archive)
    assert rebuild(archive).remarks == ()
    assert catalogue(archive) == before
    assert all(each.ok for each in verify(archive))
    assert verify_file(archive, path).ok
    harmed[rows[2].offset_bytes + 30] ^= 1
    path.write_bytes(harmed)
    assert [each.what for each in verify_file(archive, path).problems] == ["deposit"]


def test_a_wacz_with_a_damaged_file_inside_is_refused_whatever_is_chosen(realdata: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.wacz"
    with (
        zipfile.ZipFile(realdata / "warc" / "pywb" / "valid_example_1.wacz") as whole,
        zipfile.ZipFile(damaged, "w") as made,
    ):
        for name in whole.namelist():
            content = whole.read(name)
            made.writestr(name, content[:-9] if name.startswith("archive/") else content)
    for faults in FileFaults:
        with pytest.raises(WarcDamageError, match="record 4 at offset 2612: expected a gzip member with its end"):
            inspect_file(damaged, faults=faults)


def test_an_arc_record_with_a_false_date_or_length_is_named(realdata: Path) -> None:
    whole = (realdata / "warc" / "jwat" / "small_BNF.arc").read_bytes()
    for old, new, expected in (
        (b" 19970417175710 ", b" 19971317175710 ", "a date of 14 digits"),
        (b" text/html 4270\n", b" text/html 4,27\n", "a length in digits"),
        (b" text/html 4270\n", b" text/html 4269\n", "URL, address, date, type and length"),
    ):
        with pytest.raises(WarcDamageError) as refused:
            look(whole.replace(old, new, 1))
        assert expected in refused.value.expected
        assert refused.value.record in (2, 3)
