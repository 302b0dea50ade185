"""A payload that is deposited is kept once: what a revisit may stand for, and how it is found again."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from ulid import ULID
from warcio.archiveiterator import ArchiveIterator

from crawlers.model.capture import Captured
from crawlers.model.exchange import Exchange, Truncation
from crawlers.model.json_form import to_json
from crawlers.watchlist.source import Source
from pipeline.process.run import process_pending
from processors.digest import sha256
from samples.media.files import media_file
from storage.access_labels import DEFAULT_LABEL
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in, captures_of
from storage.catalogue.revisits import payload_capture
from storage.catalogue.unread import claim_unprocessed
from storage.crawl_state.known_payloads import write_known_payloads
from storage.deposit.deposit import DepositRefusedError, deposit_file
from storage.similarity.media import occurrences_of
from storage.spool.known_payloads import PAYLOADS_NAME, KnownPayloads
from storage.spool.spool import Spool, recover
from tests.storage.crawled_files import KANAL, NIGHT, exchange, key_in_custody, response

PICTURE = media_file("tram/w800/q82").content
FIRST, AGAIN = "https://cdn.test/1.jpg", "https://cdn.test/2.jpg"
LATER = NIGHT + timedelta(days=1)


def picture(url: str, *, content: bytes = PICTURE, later: bool = False) -> Exchange:
    return exchange(url, response(content, "image/jpeg"), at=LATER if later else NIGHT)


class Crawl:
    """A crawl as `pipeline.collect.harvest` lets one run: it learns what is deposited when it begins, and never
    after.
    """

    def __init__(self, archive: Archive, spool_dir: Path, source: Source = KANAL) -> None:
        self.folder = spool_dir / str(ULID())
        self.folder.mkdir(parents=True)
        with archive.reader.connect() as connection:
            label = source.access_label or DEFAULT_LABEL
            self.known = write_known_payloads(connection, source.id, label, self.folder / PAYLOADS_NAME)
        self.spool = Spool(
            spool_dir,
            self.folder.name,
            {"software": "letapis/0.1.0", "source": json.dumps(to_json(source))},
            revisits=True,
            known_payloads=KnownPayloads(self.folder / PAYLOADS_NAME),
            key=key_in_custody(archive, self.folder.name, source),
        )

    def sees(self, *items: Captured) -> "Crawl":
        for item in items:
            self.spool.keep(item)
        return self

    def ends(self) -> Path:
        (file,) = self.spool.close()
        return file.path


def deposit_night(archive: Archive, spool_dir: Path, items: Sequence[Captured], source: Source = KANAL) -> str:
    return deposit_file(archive, Crawl(archive, spool_dir, source).sees(*items).ends()).key


def types(path: Path) -> list[str]:
    with path.open("rb") as stream:
        kinds = [record.rec_type for record in ArchiveIterator(stream)]
    return [kind for kind in kinds if kind in ("response", "revisit")]


def one_capture_of(archive: Archive, url: str) -> Capture:
    with archive.reader.connect() as connection:
        (capture,) = captures_of(connection, url)
    return capture


@pytest.fixture
def first_night(archive: Archive, tmp_path: Path) -> str:
    return deposit_night(archive, tmp_path, [picture(FIRST)])


def test_the_second_night_keeps_a_deposited_photo_as_a_revisit_that_other_readers_understand(
    archive: Archive, first_night: str, tmp_path: Path
) -> None:
    target = one_capture_of(archive, FIRST)
    path = Crawl(archive, tmp_path).sees(picture(AGAIN, later=True)).ends()
    with path.open("rb") as stream:
        (by_warcio,) = [record.rec_headers for record in ArchiveIterator(stream) if record.rec_type == "revisit"]
    with path.open("rb") as stream:
        whole = [record.verify_block_digest() for record in FastIterator(stream, parse_http=False)]
    with path.open("rb") as stream:
        statuses = [
            record.http_headers.status_code
            for record in FastIterator(stream, record_types=WarcRecordType.revisit, parse_http=True)
        ]
    assert by_warcio["WARC-Profile"] == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert by_warcio["WARC-Refers-To"] == f"<{target.id}>"
    assert by_warcio["WARC-Refers-To-Target-URI"] == FIRST
    assert by_warcio["WARC-Refers-To-Date"] == "2026-11-20T21:00:00.123456Z"
    assert by_warcio["WARC-Payload-Digest"] == str(sha256(PICTURE))
    assert (set(whole), statuses) == ({True}, [200])
    assert len(path.read_bytes()) < len(PICTURE)


def test_the_payload_of_a_revisit_is_found_and_the_photo_occurs_on_both_nights(
    archive: Archive, first_night: str, tmp_path: Path
) -> None:
    deposit_night(archive, tmp_path, [picture(AGAIN, later=True)])
    process_pending(archive)
    revisit = one_capture_of(archive, AGAIN)
    with archive.reader.connect() as connection:
        found = payload_capture(connection, revisit)
        seen = [capture.url for capture in occurrences_of(connection, sha256(PICTURE))]
    assert revisit.record_type == "revisit"
    assert found is not None and found.url == FIRST
    assert seen == [FIRST, AGAIN]


def test_a_file_that_is_read_before_the_one_it_points_at_ends_with_the_same_occurrences(
    archive: Archive, first_night: str, tmp_path: Path
) -> None:
    deposit_night(archive, tmp_path, [picture(AGAIN, later=True)])
    with claim_unprocessed(archive, "another reader", among=[first_night]):  # somebody else reads the first night
        process_pending(archive)
    with archive.reader.connect() as connection:
        assert list(occurrences_of(connection, sha256(PICTURE))) == []
    process_pending(archive)
    with archive.reader.connect() as connection:
        assert [capture.url for capture in occurrences_of(connection, sha256(PICTURE))] == [FIRST, AGAIN]


def test_two_crawls_at_once_never_point_at_each_other(archive: Archive, tmp_path: Path) -> None:
    one, other = Crawl(archive, tmp_path), Crawl(archive, tmp_path)
    one.sees(picture(FIRST))
    other.sees(picture(AGAIN))
    first = deposit_file(archive, one.ends())
    other.sees(picture("https://cdn.test/3.jpg"))
    path = other.ends()
    assert types(path) == ["response", "revisit"], "the second points at its own first, in the same file"
    deposit_file(archive, path)
    third = one_capture_of(archive, "https://cdn.test/3.jpg")
    assert third.refers_to_id == one_capture_of(archive, AGAIN).id
    assert third.warc_key != first.key


def test_nothing_points_at_a_crawl_that_was_killed_before_its_deposit(archive: Archive, tmp_path: Path) -> None:
    killed = Crawl(archive, tmp_path / "killed").sees(picture(FIRST))
    next_crawl = Crawl(archive, tmp_path / "next").sees(picture(AGAIN))
    assert next_crawl.known == 0
    path = next_crawl.ends()
    assert types(path) == ["response"]
    deposit_file(archive, path)
    killed.ends()
    shutil.rmtree(tmp_path / "killed")  # never deposited, and its disk lost: nothing else needs it
    process_pending(archive)
    with archive.reader.connect() as connection:
        assert [capture.url for capture in occurrences_of(connection, sha256(PICTURE))] == [AGAIN]


def test_a_torn_file_keeps_the_target_of_every_revisit_it_still_holds(archive: Archive, tmp_path: Path) -> None:
    crawl = Crawl(archive, tmp_path).sees(picture(FIRST), picture(AGAIN), picture(AGAIN, content=PICTURE * 2))
    path = crawl.ends()
    whole = path.read_bytes()
    for end in range(1, len(whole), 997):
        for old in tmp_path.rglob("*.warc.gz*"):
            old.unlink()
        path.with_name(path.name + ".open").write_bytes(whole[:end])
        recovered = recover(tmp_path)
        kinds = [kind for file in recovered.files for kind in types(file.path)]
        assert kinds == ["response", "revisit", "response"][: len(kinds)]


def test_a_revisit_of_what_is_not_deposited_is_refused_and_stays(
    archive: Archive, first_night: str, tmp_path: Path
) -> None:
    crawl = Crawl(archive, tmp_path)
    crawl.spool._known_payloads = lambda digest: replace(  # a look-up that lies
        KnownPayloads(crawl.folder / PAYLOADS_NAME)(digest) or pytest.fail("not known"),
        record_id="<urn:uuid:00000000-0000-4000-8000-000000000001>",
    )
    path = crawl.sees(picture(AGAIN)).ends()
    with pytest.raises(DepositRefusedError, match=r"target urn:uuid:0{8}-.* expected a deposited payload"):
        deposit_file(archive, path)
    assert path.exists()


@pytest.mark.parametrize(
    "item",
    [
        exchange(FIRST, response(b"<p>" + b"word " * 900)),
        exchange(FIRST, response(b"small", "image/gif")),
        replace(picture(FIRST), truncated=Truncation.LENGTH),
        exchange(FIRST, response(PICTURE, "image/jpeg", status="404 Not Found")),
        exchange(FIRST, response(b'{"a": "' + b"x" * 2000 + b'"}', "application/json")),
    ],
    ids=["page", "below 1 KiB", "cut short", "a refusal", "JSON"],
)
def test_what_may_not_be_referred_to_is_not_in_the_look_up(
    archive: Archive, tmp_path: Path, item: Exchange
) -> None:
    deposit_night(archive, tmp_path, [item])
    assert Crawl(archive, tmp_path).known == 0


@pytest.mark.parametrize("other", [replace(KANAL, id="drugi"), replace(KANAL, access_label="closed")])
def test_a_crawl_learns_nothing_of_other_sources_or_labels(
    archive: Archive, first_night: str, tmp_path: Path, other: Source
) -> None:
    assert Crawl(archive, tmp_path, other).known == 0
    assert Crawl(archive, tmp_path).known == 1


def test_the_oldest_of_several_captures_is_the_one_referred_to(archive: Archive, tmp_path: Path) -> None:
    late, early = picture(AGAIN, later=True), picture(FIRST)
    deposit_night(archive, tmp_path, [late])
    with archive.reader.connect() as connection:
        write_known_payloads(connection, "nobody", DEFAULT_LABEL, tmp_path / "empty.sqlite")
    crawl = Crawl(archive, tmp_path)
    crawl.spool._known_payloads = KnownPayloads(tmp_path / "empty.sqlite")  # kept whole a second time
    deposit_file(archive, crawl.sees(early).ends())
    sealed = KnownPayloads(Crawl(archive, tmp_path).folder / PAYLOADS_NAME)(sha256(PICTURE))
    assert sealed is not None and sealed.url == FIRST


def test_revisits_of_other_tools_are_found_by_address_and_time(archive: Archive, realdata: Path) -> None:
    deposited = deposit_file(archive, realdata / "warc" / "warc2zim" / "example-revisit.warc.gz")
    with archive.reader.connect() as connection:
        revisits = [each for each in captures_in(connection, deposited.key) if each.record_type == "revisit"]
        payloads = [payload_capture(connection, each) for each in revisits]
    assert [each and (each.record_type, each.url, each.captured_at) for each in payloads] == [
        ("response", each.refers_to_url, each.refers_to_at) for each in revisits
    ]
    assert len(revisits) == 3
