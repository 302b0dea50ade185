"""A file written anew without records has every other record, byte for byte, where its cuts say it is."""

import io
import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from storage.deposit.inspection import FileInspection, inspect_stream
from storage.warc.index import IndexedRecord
from storage.warc.places import Cut, PlaceMap, cut_of, joined
from storage.warc.records import tombstone_record
from storage.warc.writing_anew import CannotWriteAnewError, RecordAt, WrittenAnew, write_anew
from tests.storage.catalogue.test_captures import written_by_warcio
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.deposit.test_foreign_files import (
    BODIES,
    TAKEN,
    cut_into_members,
    in_pairs,
    one_frame,
    one_member,
    with_dictionary,
)

AT = datetime(2026, 11, 30, tzinfo=UTC)
PLACED = {"offset_bytes": 0, "length_bytes": 0, "within_bytes": None}


def without(content: bytes, name: str, wanted: Collection[RecordAt]) -> tuple[bytes, WrittenAnew]:
    out = io.BytesIO()
    done = write_anew(
        io.BytesIO(content),
        name,
        out,
        wanted,
        lambda at, removed: tombstone_record(
            f"<urn:uuid:00000000-0000-4000-8000-{at[0]:012d}>",
            AT,
            f"at-{at[0]}-{at[1]}",
            {"removed": [each.as_json() for each in removed]},
        ),
        made_at=AT,
    )
    return out.getvalue(), done


def look(content: bytes, name: str) -> FileInspection:
    return inspect_stream(io.BufferedReader(io.BytesIO(content)), name)


def place(row: IndexedRecord) -> RecordAt:
    return row.offset_bytes, row.within_bytes or 0


def facts(row: IndexedRecord) -> dict[str, object]:
    return {name: getattr(row, name) for name in IndexedRecord.__dataclass_fields__} | PLACED


def check(content: bytes, name: str, numbers: Collection[int]) -> bytes:
    """Take out the rows with these numbers; the others are what they were, and both maps say where."""
    rows = look(content, name).rows
    wanted = {place(rows[number]) for number in numbers}
    kept = [row for row in rows if place(row) not in wanted]
    new, done = without(content, name, wanted)
    found = look(new, name).rows
    assert [facts(row) for row in found] == [facts(row) for row in kept]
    places = PlaceMap(done.cuts)
    for old, now in zip(kept, found, strict=True):
        assert places.old((now.offset_bytes, now.within_bytes)) == (old.offset_bytes, old.within_bytes)
        there = places.new((old.offset_bytes, old.within_bytes))
        assert there is not None and (there[0], there[1] or 0) == place(now)
    assert set(done.removed) == wanted
    assert tuple(cut_of(json.loads(json.dumps(each.as_json()))) for each in done.cuts) == done.cuts
    assert without(content, name, wanted)[0] == new, "the same again"
    return new


@pytest.mark.realdata
@pytest.mark.parametrize("file", [name for name, (_, rows) in TAKEN.items() if rows])
def test_a_record_goes_from_a_file_of_any_tool_and_no_other_changes(realdata: Path, file: str) -> None:
    content = (realdata / "warc" / file).read_bytes()
    rows = look(content, file).rows
    for numbers in ([0], [len(rows) - 1], range(0, len(rows), 2), range(len(rows))):
        new = check(content, file, numbers)
    if not file.endswith((".wacz", ".zst", ".arc", ".arc.gz")):
        types = [record.rec_type for record in ArchiveIterator(io.BytesIO(new))]
        assert "response" not in types, "warcio reads it, and finds what is left"


@pytest.mark.parametrize(
    "way", [one_member, cut_into_members, in_pairs, one_frame, bytes], ids=lambda way: way.__name__
)
def test_a_record_goes_from_a_member_that_others_share(way: Callable[[bytes], bytes]) -> None:
    content = way(written_by_warcio(*BODIES, gz=False))
    for numbers in ([0], [1], [2, 3], [0, 1, 2, 3]):
        plain = check(content, "other.warc", numbers)
        if way is bytes:
            for number in numbers:
                assert BODIES[number] not in plain


@given(
    bodies=st.lists(st.binary(max_size=300), min_size=1, max_size=6),
    cuts=st.lists(st.integers(1, 3000), max_size=8),
    goes=st.sets(st.integers(0, 5), min_size=1),
)
@settings(max_examples=60, deadline=None)
def test_members_may_begin_and_end_anywhere(bodies: list[bytes], cuts: list[int], goes: set[int]) -> None:
    plain = written_by_warcio(*bodies, gz=False)
    ends = sorted({0, len(plain), *(cut for cut in cuts if cut < len(plain))})
    content = b"".join(one_member(plain[a:b]) for a, b in pairwise(ends))
    numbers = sorted(each for each in goes if each < len(bodies))
    if numbers:
        check(content, "other.warc.gz", numbers)


def test_what_belongs_to_a_record_of_ours_goes_with_it_and_one_tombstone_names_all(tmp_path: Path) -> None:
    path = crawl_one(
        tmp_path,
        [
            exchange("https://a.example/", response(b"<p>stays</p>")),
            exchange("https://a.example/secret?q=1", response(b"<p>goes</p>")),
            exchange("https://a.example/b", response(b"<p>stays, too</p>")),
        ],
    )
    new = check(path.read_bytes(), path.name, [1])
    read = [(str(each.rec_headers).encode(), each.raw_stream.read()) for each in ArchiveIterator(io.BytesIO(new))]
    assert [each for each in read if b"secret?q=1" in each[0] + each[1] or b"goes" in each[1]] == []
    (told,) = [json.loads(block) for head, block in read if b"urn:purged:" in head]
    assert [each["record_type"] for each in told["removed"]] == ["response", "request", "metadata"]
    assert all(each["block_digest"].startswith("sha256:") for each in told["removed"])


def test_a_file_whose_dictionary_may_hold_the_record_is_refused_and_so_is_a_wrong_place() -> None:
    content = with_dictionary(written_by_warcio(*BODIES, gz=False))
    (first, *_) = look(content, "other.warc.zst").rows
    with pytest.raises(CannotWriteAnewError, match="a dictionary"):
        without(content, "other.warc.zst", {place(first)})
    with pytest.raises(CannotWriteAnewError, match="a record at offset 3"):
        without(written_by_warcio(*BODIES), "other.warc.gz", {(3, 0)})


@given(lengths=st.lists(st.tuples(st.integers(1, 50), st.booleans(), st.integers(0, 60)), min_size=1, max_size=12))
def test_maps_of_places_lead_there_and_back(lengths: list[tuple[int, bool, int]]) -> None:
    cuts, starts, at = [], [], 0
    for length, goes, instead in lengths:
        (cuts.append(Cut(at, length, instead)) if goes else starts.append(at))
        at += length
    places = PlaceMap(joined(cuts))
    assert len({places.new((start, None)) for start in starts}) == len(starts)
    for start in starts:
        there = places.new((start, None))
        assert there is not None and places.old(there) == (start, None)
