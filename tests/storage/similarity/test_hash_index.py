"""Files of hashes find what comparing with everything finds, however they grew, and survive being cut short."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, text, update

from processors.digest import Digest, sha256
from processors.fingerprints.fingerprint import Fingerprint
from processors.fingerprints.video_frames import FRAME
from processors.similarity.index import Index, InMemory, tables
from processors.similarity.match import links
from storage.archive import Archive
from storage.catalogue.tables import fingerprints, media
from storage.catalogue.tables import links as links_table
from storage.similarity import hash_index
from storage.similarity.compare import FingerprintedMedium, begin_epoch, link_new_media, similar_to
from storage.similarity.hash_file import NOTHING, Batch, HashFile, IndexPosition, UnfitHashFile, new_hash_file
from storage.similarity.hash_index import HashIndex, refresh

WIDTHS = {"phash/1": 8, "pdq/1": 32}


def hashed(name: str, *, near: int = 0, turned: int = 0, video: bool = False) -> FingerprintedMedium:
    """A medium whose PDQ lies ``turned`` bits from that of number ``near``; a video of one good frame if asked."""
    random = np.random.default_rng(near)
    pdq, phash = random.integers(0, 256, 32, np.uint8), random.integers(0, 256, 8, np.uint8)
    pdq[0] ^= (1 << turned) - 1
    if video:
        frames = np.zeros(2, FRAME)
        frames[0] = (0, 900, 100, pdq)
        frames[1] = (900, 1000, 20, pdq ^ 255)
        return FingerprintedMedium(sha256(name.encode()), (Fingerprint("vpdq", "1", frames.tobytes(), 100),))
    found = (Fingerprint("pdq", "1", pdq.tobytes(), 100), Fingerprint("phash", "1", phash.tobytes(), 90))
    return FingerprintedMedium(sha256(name.encode()), found)


def batch(files: Sequence[FingerprintedMedium], table: str) -> Batch:
    found = tables([file.hashes for file in files])[table]
    return Batch(found.rows.bits, found.owner, found.rows.at_ms, [file.sha256 for file in files])


def at(turn: int) -> IndexPosition:
    return IndexPosition(turn, bytes(32))


# one file


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from([0, 8, 31]),
)
@settings(deadline=None, max_examples=60)
def test_a_file_grown_in_any_steps_finds_what_brute_force_finds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], asked: int, merged: bool, within: int
) -> None:
    random = np.random.default_rng(sum(steps))
    bits = random.integers(0, 4, (sum(steps), 32), np.uint8)
    owners = [sha256(bytes([number % 256, number // 256])) for number in range(len(bits))]
    file = new_hash_file(tmp_path_factory.mktemp("hashes") / "x.hashes", "pdq/1", 32, 7)
    first = 0
    for turn, step in enumerate(steps):
        here = slice(first, first + step)
        times = np.arange(first, first + step, dtype=np.uint32)
        file.append(Batch(bits[here], np.arange(step), times, owners[here]), at(turn))
        first += step
    if merged:
        file.merge()
    index = HashIndex(None, {"pdq/1": HashFile(file.path, "pdq/1", 32, 7)})  # type: ignore[arg-type]  # asks no row
    query = bits[: asked + 1]
    near = index.search("pdq/1", query, within)
    columns = zip(near.query, near.owner, near.at_ms, near.distance_bits, strict=True)
    found = {(int(q), index.owner(int(owner)), int(at_ms), int(bits)) for q, owner, at_ms, bits in columns}
    distance = np.bitwise_count(query[:, None] ^ bits[None]).sum(axis=2)
    assert found == {
        (int(q), owners[row], int(row), int(distance[q, row])) for q, row in np.argwhere(distance <= within)
    }


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_file_cut_anywhere_keeps_its_whole_segments_and_grows_on(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("hashes") / "x.hashes"
    file = new_hash_file(path, "phash/1", 8, 1)
    ends = [file.whole_bytes]
    for turn in range(3):
        file.append(batch([hashed(f"{turn}{number}", near=number) for number in range(4)], "phash/1"), at(turn))
        ends.append(file.whole_bytes)
    cut = data.draw(st.integers(ends[0], ends[-1]))
    os.truncate(path, cut)
    left = HashFile(path, "phash/1", 8, 1)
    whole = max(number for number, end in enumerate(ends) if end <= cut)
    assert (len(left.segments), left.rows) == (whole, 4 * whole)
    assert left.position == (at(whole - 1) if whole else NOTHING)
    left.append(batch([hashed("later", near=9)], "phash/1"), at(9))
    again = HashFile(path, "phash/1", 8, 1)
    assert (again.rows, again.position, again.owner(again.owners - 1)) == (4 * whole + 1, at(9), sha256(b"later"))


def test_a_damaged_last_segment_is_left_out(tmp_path: Path) -> None:
    file = new_hash_file(tmp_path / "x.hashes", "pdq/1", 32, 1)
    file.append(batch([hashed("a")], "pdq/1"), at(1))
    whole = file.whole_bytes
    file.append(batch([hashed("b", near=1)], "pdq/1"), at(2))
    content = bytearray(file.path.read_bytes())
    content[-1] ^= 1
    file.path.write_bytes(content)
    assert HashFile(file.path, "pdq/1", 32, 1).whole_bytes == whole


@pytest.mark.parametrize("told", [("pdq/1", 32, 2), ("phash/1", 32, 1), ("pdq/1", 8, 1)])
def test_a_file_of_another_table_width_or_epoch_is_not_taken(tmp_path: Path, told: tuple[str, int, int]) -> None:
    file = new_hash_file(tmp_path / "x.hashes", "pdq/1", 32, 1)
    with pytest.raises(UnfitHashFile, match="expected"):
        HashFile(file.path, *told)


APPENDING = """
import sys
from pathlib import Path
import numpy as np
from processors.digest import sha256
from storage.similarity.hash_file import Batch, IndexPosition, new_hash_file

file = new_hash_file(Path(sys.argv[1]), "pdq/1", 32, 1)
print("begun", flush=True)
for turn in range(10**9):
    rows = np.full((500, 32), turn % 251, np.uint8)
    owners = [sha256(b"%d" % turn)]
    batch = Batch(rows, np.zeros(500, np.int64), np.zeros(500, np.uint32), owners)
    file.append(batch, IndexPosition(turn, bytes(32)))
    if len(file.segments) > 20:
        file.merge()
"""


@pytest.mark.parametrize("wait_s", [0.0, 0.05, 0.2, 0.4])
def test_a_writer_killed_at_any_moment_leaves_whole_segments(tmp_path: Path, wait_s: float) -> None:
    path = tmp_path / "x.hashes"
    writer = subprocess.Popen([sys.executable, "-c", APPENDING, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None and writer.stdout.readline()
    time.sleep(wait_s)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    file = HashFile(path, "pdq/1", 32, 1)
    turns = file.position.turn + 1
    assert file.rows == 500 * turns
    firsts = np.concatenate([segment.columns[0] for segment in file.segments]) if turns else np.empty(0, np.uint64)
    expected = np.repeat(np.arange(turns) % 251, 500).astype(np.uint8)
    assert np.array_equal(firsts.view(np.uint8)[::8], expected)


# over the catalogue


def keep(connection: Connection, *files: FingerprintedMedium) -> None:
    for file in files:
        name = str(file.sha256)
        connection.execute(insert(media).values(sha256=name, length_bytes=1, metadata=[]))
        for each in file.hashes:
            row = {"sha256": name, "algorithm": each.algorithm, "version": each.version, "bits": each.bits}
            connection.execute(insert(fingerprints).values(**row, quality=each.quality, compared=False))


def kept_links(connection: Connection) -> list[tuple[object, ...]]:
    asked = links_table.select().order_by(*links_table.primary_key)
    return [tuple(row) for row in connection.execute(asked)]


FILES = [
    hashed("one", near=1),
    hashed("one again", near=1, turned=3),
    hashed("film of one", near=1, turned=5, video=True),
    hashed("two", near=2),
    hashed("film of two", near=2, video=True),
    hashed("two again", near=2, turned=2),
    hashed("alone", near=3),
]


@dataclass(frozen=True)
class Compared:
    """What comparing in some turns led to."""

    links: list[tuple[object, ...]]
    turns: int


def compared_in(archive: Archive, order: Sequence[Sequence[FingerprintedMedium]]) -> Compared:
    with archive.writer.begin() as connection:
        for table in ("group_members", "groups", "links", "fingerprints", "media"):
            connection.execute(text(f"DELETE FROM catalogue.{table}"))
        connection.execute(text("DELETE FROM catalogue.compared"))
        begin_epoch(connection)
    turns = 0
    for files in order:
        with archive.writer.begin() as connection:
            keep(connection, *files)
            turns += bool(link_new_media(connection, archive.hash_folder))
    with archive.reader.connect() as connection:
        return Compared(kept_links(connection), turns)


def test_night_by_night_gives_what_all_at_once_gives(archive: Archive) -> None:
    at_once = compared_in(archive, [FILES])
    assert {(row[2]) for row in at_once.links} == {"pdq", "phash", "vpdq"}
    assert len(at_once.links) == len(links(FILES))
    for seed in range(4):
        order = [FILES[place] for place in np.random.default_rng(seed).permutation(len(FILES))]
        steps = [order[:2], order[2:3], order[3:]]
        assert compared_in(archive, steps) == Compared(at_once.links, 3)
    assert compared_in(archive, [[file] for file in FILES]).links == at_once.links


def test_a_question_finds_what_comparing_with_everything_finds(archive: Archive) -> None:
    compared_in(archive, [FILES[:3], FILES[3:]])
    asked = hashed("in hand", near=2, turned=4)
    with archive.reader.connect() as connection:
        found = similar_to(connection, asked, archive.hash_folder)
    assert set(found) == set(links([asked], FILES))


def rows_of(index: HashIndex) -> dict[str, int]:
    return {table: file.rows for table, file in index.files.items()}


def damage(path: Path) -> None:
    path.write_bytes(b"not a file of hashes")


@pytest.mark.parametrize("harm", [Path.unlink, damage, lambda path: os.truncate(path, 100)])
def test_files_that_are_gone_or_damaged_are_made_anew_from_the_catalogue(archive: Archive, harm: object) -> None:
    compared_in(archive, [FILES[:3], FILES[3:]])
    with archive.reader.connect() as connection:
        before = rows_of(refresh(connection, archive.hash_folder))
        for path in sorted(archive.hash_folder.rglob("*.hashes")):
            harm(path)  # type: ignore[operator]  # three ways, each takes a path
        assert rows_of(refresh(connection, archive.hash_folder)) == before
        assert before["pdq/1"] == len(FILES)


def test_another_worker_catches_up_by_what_it_lacks(archive: Archive, tmp_path: Path) -> None:
    compared_in(archive, [FILES[:3]])
    with archive.reader.connect() as connection:
        assert rows_of(refresh(connection, tmp_path / "elsewhere"))["pdq/1"] == 3
    with archive.writer.begin() as connection:
        keep(connection, *FILES[3:])
        link_new_media(connection, archive.hash_folder)
    with archive.reader.connect() as connection:
        there = refresh(connection, tmp_path / "elsewhere")
        assert rows_of(there)["pdq/1"] == len(FILES)
        assert len(there.files["pdq/1"].segments) == 2, "appended, not made anew"


def test_a_medium_compared_again_leaves_no_old_row(archive: Archive) -> None:
    compared_in(archive, [FILES])
    name = str(FILES[0].sha256)
    other = hashed("one", near=5)
    with archive.writer.begin() as connection:
        for each in other.hashes:
            here = (fingerprints.c.sha256 == name) & (fingerprints.c.algorithm == each.algorithm)
            connection.execute(update(fingerprints).where(here).values(bits=each.bits, compared=False))
        assert link_new_media(connection, archive.hash_folder) == 1
    with archive.reader.connect() as connection:
        assert kept_links(connection) == compared_in(archive, [[other, *FILES[1:]]]).links
        assert rows_of(refresh(connection, archive.hash_folder))["pdq/1"] == len(FILES)


def test_a_medium_that_is_gone_from_the_catalogue_is_not_linked(archive: Archive) -> None:
    compared_in(archive, [FILES[:1]])
    with archive.writer.begin() as connection:
        connection.execute(delete(fingerprints))
        connection.execute(delete(media))
        keep(connection, FILES[1])
        link_new_media(connection, archive.hash_folder)
        assert kept_links(connection) == []


def test_a_comparison_that_is_undone_leaves_the_files_true(archive: Archive) -> None:
    compared_in(archive, [FILES[:3]])
    with pytest.raises(ZeroDivisionError), archive.writer.begin() as connection:
        keep(connection, *FILES[3:])
        link_new_media(connection, archive.hash_folder)
        _ = 1 / 0
    with archive.reader.connect() as connection:
        assert rows_of(refresh(connection, archive.hash_folder))["pdq/1"] == 3


def test_many_small_nights_are_merged(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_index, "MOST_SEGMENTS", 3)
    compared_in(archive, [[file] for file in FILES])
    with archive.reader.connect() as connection:
        index = refresh(connection, archive.hash_folder)
    assert rows_of(index)["pdq/1"] == len(FILES)
    assert len(index.files["pdq/1"].segments) <= 3


Found = set[tuple[int, Digest, int, int]]


def near_pdq(index: Index, rows: NDArray[np.uint8]) -> Found:
    near = index.search("pdq/1", rows, 31)
    columns = zip(near.query, near.owner, near.at_ms, near.distance_bits, strict=True)
    return {(int(row), index.owner(int(owner)), int(at_ms), int(bits)) for row, owner, at_ms, bits in columns}


def test_the_index_in_memory_and_that_of_files_answer_alike(archive: Archive) -> None:
    compared_in(archive, [FILES])
    rows = tables([file.hashes for file in FILES])["pdq/1"].rows.bits
    with archive.reader.connect() as connection:
        found = near_pdq(refresh(connection, archive.hash_folder), rows)
    assert found == near_pdq(InMemory(FILES), rows)
    assert len(found) > len(FILES)
