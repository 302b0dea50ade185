"""The way of the data, once through: watch-list, scheduler, crawls, WARC, store, ledger, catalogue, answers."""

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from fastwarc.warc import ArchiveIterator as FastWarcIterator
from sqlalchemy import text
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from pipeline.airflow_api import AirflowApi
from samples import expected
from samples.media.files import media_file
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.ledger.chain import read_chain
from storage.queries.changes import changes
from tests.conftest import RunningStack
from tests.end_to_end.conftest import Night, Rows

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]

SOURCES = {
    *expected.TELEGRAM_SOURCES,
    expected.NEWS_SOURCE,
    expected.REGIONAL_SOURCE,
    expected.CITY_SOURCE,
    expected.WANTED_SOURCE,
    expected.BROWSER_SOURCE,
}


@pytest.fixture(scope="session")
def s3(airflow_stack: RunningStack) -> Any:
    """A client of S3 that is not ours."""
    store = airflow_stack.settings.store()
    return boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        aws_access_key_id=store.access_key,
        aws_secret_access_key=store.secret_key,
        region_name=store.region,
        config=Config(s3={"addressing_style": "path"}),
    )


@pytest.fixture(scope="session")
def warcs(first_night: Night, deposited: Archive) -> dict[str, Any]:
    """Rows of the catalogue about the first night's files, by key."""
    with deposited.reader.connect() as connection:
        rows = connection.execute(text("SELECT * FROM catalogue.warcs"))
        return {row.key: row for row in rows if row.key in first_night.keys}


@pytest.fixture(scope="session")
def bodies(warcs: dict[str, Any], s3: Any) -> dict[str, bytes]:
    """The files themselves."""
    return {
        key: s3.get_object(Bucket="letapis", Key=key, VersionId=row.object_version)["Body"].read()
        for key, row in warcs.items()
    }


def test_every_source_came_through_and_has_a_warc(first_night: Night, warcs: dict[str, Any]) -> None:
    assert first_night.state == "success"
    assert set(first_night.results) == SOURCES
    assert {source: result["problem"] for source, result in first_night.results.items()} == dict.fromkeys(SOURCES)
    assert Counter(row.source_id for row in warcs.values()) == dict.fromkeys(SOURCES, 1)


def test_process_was_started_by_what_was_deposited(first_night: Night, api: AirflowApi) -> None:
    assert "asset_triggered" in {run["run_type"] for run in api.runs("process")}


def test_objects_have_checksum_version_and_lock(warcs: dict[str, Any], bodies: dict[str, bytes], s3: Any) -> None:
    for key, row in warcs.items():
        head = s3.head_object(Bucket="letapis", Key=key, VersionId=row.object_version, ChecksumMode="ENABLED")
        assert row.sha256 == f"sha256:{hashlib.sha256(bodies[key]).hexdigest()}"
        assert row.sha512 == f"sha512:{hashlib.sha512(bodies[key]).hexdigest()}"
        assert head["ContentLength"] == row.length_bytes == len(bodies[key])
        assert head["ObjectLockMode"] == "GOVERNANCE"
        assert head["ObjectLockRetainUntilDate"] > head["LastModified"]


def test_two_readers_of_others_find_every_record_and_every_block_whole(
    warcs: dict[str, Any], bodies: dict[str, bytes]
) -> None:
    for key, content in bodies.items():
        by_warcio = list(warcio_blocks(content))
        by_fastwarc = list(fastwarc_blocks(content))
        assert by_warcio == by_fastwarc
        assert len(by_warcio) == warcs[key].records
        assert [promised for promised, found in by_warcio if promised != found] == []


def warcio_blocks(content: bytes) -> Iterator[tuple[str, str]]:
    for record in WarcioIterator(io.BytesIO(content), no_record_parse=True):
        block = record.raw_stream.read()
        yield record.rec_headers.get_header("WARC-Block-Digest"), f"sha256:{hashlib.sha256(block).hexdigest()}"


def fastwarc_blocks(content: bytes) -> Iterator[tuple[str, str]]:
    for record in FastWarcIterator(io.BytesIO(content), parse_http=False):
        found = hashlib.sha256(record.reader.read()).hexdigest()
        yield record.headers["WARC-Block-Digest"], f"sha256:{found}"


def test_every_capture_is_where_the_index_says(
    deposited: Archive, warcs: dict[str, Any], bodies: dict[str, bytes]
) -> None:
    with deposited.reader.connect() as connection:
        rows = connection.execute(text("SELECT * FROM catalogue.captures")).all()
    for row in rows:
        if row.warc_key not in warcs:
            continue
        member = bodies[row.warc_key][row.offset_bytes : row.offset_bytes + row.length_bytes]
        (record,) = FastWarcIterator(io.BytesIO(member), parse_http=False)
        assert record.headers["WARC-Record-ID"].strip("<>") == row.id
        assert record.headers["WARC-Block-Digest"] == row.block_digest


def test_the_ledger_is_one_chain_and_every_entry_a_locked_object(
    deposited: Archive, first_night: Night, s3: Any
) -> None:
    chain = read_chain(deposited.objects)
    assert chain.problems == ()
    events = Counter(
        chained.entry.event
        for chained in chain.entries
        if chained.entry.subject_id in {*first_night.crawl_ids, *first_night.keys}
    )
    assert events == dict.fromkeys(("collection_started", "deposited", "collection_ended"), len(SOURCES))
    with deposited.reader.connect() as connection:
        query = text("SELECT key, object_version FROM ledger.custody_objects WHERE key <= :last")
        # what a clock has entered since the chain was read is not in it
        last = f"custody/{chain.entries[-1].entry.seq:012}.json"
        objects = connection.execute(query, {"last": last}).all()
    assert len(objects) == len(chain.entries)
    for row in objects:
        assert s3.head_object(Bucket="letapis", Key=row.key, VersionId=row.object_version)["ObjectLockMode"]


def test_the_facts_were_in_custody_before_the_first_byte(deposited: Archive, first_night: Night) -> None:
    with deposited.reader.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT custody.at AS known_at, min(captures.captured_at) AS first_at FROM ledger.custody "
                "JOIN catalogue.captures ON captures.crawl_id = custody.subject_id "
                "WHERE custody.event = 'collection_started' GROUP BY custody.seq"
            )
        ).all()
    assert len(rows) >= len(SOURCES)
    assert all(row.known_at < row.first_at for row in rows)


def test_the_catalogue_holds_what_the_sites_hold(first_night: Night) -> None:
    found = first_night.figures
    for source, channel in expected.TELEGRAM_SOURCES.items():
        assert found[source].records["posts"] == len(expected.posts(channel, 1))
    assert found[expected.NEWS_SOURCE].records["articles"] == len(expected.articles(1))
    for source in (expected.REGIONAL_SOURCE, expected.CITY_SOURCE):
        assert found[source].records["hearings"] == len(expected.hearings(source, 1))
    assert found[expected.WANTED_SOURCE].records["persons"] == len(expected.persons(1))


def test_search_answers_with_the_article(first_night: Night, letapis: Callable[..., Rows]) -> None:
    (path, title) = next(iter(expected.ARTICLE_TITLES.items()))
    # posts that quote the title say it in fewer words, so they may come first
    # and what other tests archived on demand may hold the article once more, as another source
    found = [row for row in letapis("search", title) if row["kind"] == "article"]
    (row,) = (row for row in found if row["source"] == first_night.results["vesnik"]["source_id"])
    assert (row["url"], row["title"]) == (expected.NEWS_ADDRESS + path, title)


def test_captures_answers_with_every_visit(first_night: Night, letapis: Callable[..., Rows]) -> None:
    rows = letapis("captures", expected.BROWSER_ADDRESS)
    assert first_night.results[expected.BROWSER_SOURCE]["crawl_id"] in {row["crawl_id"] for row in rows}
    assert {(row["kind"], row["status"], row["outcome"]) for row in rows} == {("capture", 200, "content")}


def test_similar_answers_with_the_picture_and_its_family(
    first_night: Night, letapis: Callable[..., Rows], tmp_path: Path
) -> None:
    (asked, *others) = expected.RECURRING_PICTURES["bridge"]
    file = tmp_path / "asked.jpg"
    file.write_bytes(media_file(asked).content)
    family = {f"sha256:{hashlib.sha256(media_file(name).content).hexdigest()}" for name in (asked, *others)}

    rows = letapis("similar", str(file))

    assert {row["sha256"] for row in rows} == family
    assert (rows[0]["distance"], rows[0]["meaning"]) == (0, "the same file, byte for byte")


def test_show_tells_everything_of_one_capture(first_night: Night, letapis: Callable[..., Rows]) -> None:
    (row,) = (
        row
        for row in letapis("captures", expected.BROWSER_ADDRESS)
        if row["crawl_id"] == first_night.results[expected.BROWSER_SOURCE]["crawl_id"]
    )
    (facts,) = letapis("show", row["id"])
    assert facts["capture"] == row
    assert facts["exchange"]["tls"]["protocol"].startswith("TLS")
    assert {"fullPage", "dom"} <= {made["url"].split(":")[1] for made in facts["renderings"]}


def test_the_second_night_changes_exactly_what_changed(
    second_night: Night, first_night: Night, deposited: Archive
) -> None:
    assert second_night.state == "success"
    with deposited.reader.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT records.natural_key, records.kind, versions.content, "
                "  min(sightings.captured_at) OVER (PARTITION BY versions.id) AS first_at, "
                "  sightings.crawl_id FROM catalogue.versions "
                "JOIN catalogue.records ON records.id = versions.record_id "
                "JOIN (SELECT sightings.*, captures.crawl_id FROM catalogue.sightings "
                "      JOIN catalogue.captures ON captures.id = sightings.capture_id) AS sightings "
                "  ON sightings.version_id = versions.id"
            )
        ).all()
    nights = dict.fromkeys(first_night.crawl_ids, 1) | dict.fromkeys(second_night.crawl_ids, 2)
    shown: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        if row.crawl_id in nights:
            shown.setdefault((row.natural_key, str(row.content)), set()).add(nights[row.crawl_id])
    new = Counter(key.rpartition("|")[2] for (key, _), seen in shown.items() if seen == {2})
    vestki, oblsud = expected.CHANNEL_IDS[expected.VESTKI], expected.CHANNEL_IDS[expected.OBLSUD]
    assert new == Counter(
        [
            *(f"{vestki}/{post}" for post in expected.NEW_POSTS[expected.VESTKI]),
            *(f"{oblsud}/{post}" for post in expected.NEW_POSTS[expected.OBLSUD]),
            f"{vestki}/{expected.EDITED_POST[1]}",
            expected.PUBLISHER + expected.NEW_ARTICLE.rstrip("/"),
            expected.PUBLISHER + expected.MODIFIED_ARTICLE.rstrip("/"),
            expected.MOVED_HEARING[1].case_number,
            expected.NEW_HEARING[1].case_number,
            expected.EDITED_PERSON.casefold(),
            expected.NEW_PERSON[0].casefold(),
        ]
    )


def test_the_second_night_keeps_unchanged_photos_as_revisits_of_what_is_deposited(
    second_night: Night, deposited: Archive
) -> None:
    with deposited.reader.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT again.crawl_id, count(*) AS revisits, count(original.id) AS found "
                "FROM catalogue.captures AS again LEFT JOIN catalogue.captures AS original "
                "  ON original.id = again.refers_to_id AND original.payload_digest = again.payload_digest "
                "  AND original.record_type = 'response' "
                "WHERE again.record_type = 'revisit' AND again.id = again.record_id GROUP BY again.crawl_id"
            )
        ).all()
    assert {row.crawl_id for row in rows} & set(second_night.crawl_ids)
    assert [row.revisits for row in rows] == [row.found for row in rows]


def test_the_changes_of_each_source_are_named(second_night: Night, deposited: Archive) -> None:
    with deposited.reader.connect() as connection:
        seen_that_night = {
            capture.id
            for crawl_id in second_night.crawl_ids
            for capture in captures_of_crawl(connection, crawl_id)
        }
        found = {
            (source, change.kind, last_part(change.natural_key))
            for source in SOURCES - {expected.NEWS_SOURCE, expected.BROWSER_SOURCE}
            for change in changes(connection, source)
            if change.capture_ids[-1] in seen_that_night  # other tests harvest the sites as well
        }
    assert found == {
        *(("tg-vestki", "added", str(post)) for post in expected.NEW_POSTS[expected.VESTKI]),
        *(("tg-oblsud", "added", str(post)) for post in expected.NEW_POSTS[expected.OBLSUD]),
        ("tg-vestki", "edited", str(expected.EDITED_POST[1])),
        ("tg-vestki", "missing", str(expected.DELETED_POST[1])),
        (expected.REGIONAL_SOURCE, "moved", expected.MOVED_HEARING[1].case_number),
        (expected.REGIONAL_SOURCE, "added", expected.NEW_HEARING[1].case_number),
        (expected.CITY_SOURCE, "missing", expected.GONE_HEARING[1]),
        (expected.WANTED_SOURCE, "missing", expected.GONE_PERSON.casefold()),
        (expected.WANTED_SOURCE, "edited", expected.EDITED_PERSON.casefold()),
        (expected.WANTED_SOURCE, "added", expected.NEW_PERSON[0].casefold()),
    }


def last_part(natural_key: str) -> str:
    """The post's or the case's own number."""
    return natural_key.rpartition("|" if "|" in natural_key else "/")[2]
