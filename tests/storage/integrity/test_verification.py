"""Verifying: what is as it was is said to be, and each change is found and named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, text

from pipeline.config.settings import OwnedDatabase, Settings
from pipeline.preserve.verify import verified_json, verify, verify_store_alone
from pipeline.process.rebuild import rebuild
from processors.digest import sha256
from storage.archive import Archive
from storage.deposit.deposit import Deposited, deposit_file
from storage.findings import Verified
from storage.integrity.restore import ContradictionError
from storage.ledger.custody import append_and_publish, entries, entry_row, publish_pending_entries
from storage.ledger.tables import custody
from tests.administered_store import administrator
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.decaying_store import decaying, decaying_store


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    return crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page"))])


@pytest.fixture
def deposited(archive: Archive, warc: Path) -> Deposited:
    return deposit_file(archive, warc)


def wrong(found: tuple[Verified, ...]) -> dict[str, list[str]]:
    return {each.subject: [problem.what for problem in each.problems] for each in found if not each.ok}


def test_a_whole_archive_is_as_expected_and_custody_says_that_it_was_looked_at(
    archive: Archive, deposited: Deposited
) -> None:
    found = verify(archive, actor="auditor")
    assert [each.subject for each in found] == [deposited.key, "sealed", "custody"]
    assert wrong(found) == {}
    with archive.reader.connect() as connection:
        (entry,) = entries(connection, subject_id="archive")
    assert (entry.event, entry.actor, entry.details["wrong"]) == ("verified", "auditor", 0)


def test_a_version_laid_over_a_file_is_found_and_the_deposited_one_is_whole(
    archive: Archive, deposited: Deposited
) -> None:
    archive.objects._client.put_object(Bucket=archive.objects.bucket, Key=deposited.key, Body=b"other")
    assert wrong(verify(archive)) == {deposited.key: ["object version"]}
    assert verify(archive, [deposited.key])[0].ok


@pytest.mark.parametrize("place", [0.0, 0.25, 0.5, 0.75, 0.999])
def test_every_bit_that_turns_in_a_file_is_found_with_both_digests(
    archive: Archive, stored_settings: Settings, deposited: Deposited, warc: Path, place: float
) -> None:
    bit = int(warc.stat().st_size * 8 * place)
    turned = bytearray(warc.read_bytes())
    turned[bit // 8] ^= 1 << bit % 8

    found = verify(decaying(stored_settings, archive, deposited.key, bit))

    (problem, other) = next(each.problems for each in found if each.subject == deposited.key)
    assert (problem.what, problem.expected, problem.found) == (
        "sha256",
        str(deposited.sha256),
        str(sha256(bytes(turned))),
    )
    assert other.what == "sha512"


def test_every_bit_that_turns_in_an_entry_of_custody_is_found(
    archive: Archive, stored_settings: Settings, deposited: Deposited
) -> None:
    append_and_publish(archive, "received", subject_id="x", actor="tester", details={})
    key = "custody/000000000001.json"
    (version,) = archive.objects.list(key)
    bits = version.length_bytes * 8

    for bit in range(0, bits, bits // 12):
        found = {each.subject: each for each in verify_store_alone(decaying_store(stored_settings, key, bit))}
        told = [problem.what for problem in found["custody"].problems]
        assert f"{key}: digest" in told or f"{key}: content" in told


def test_the_store_alone_tells_the_same_without_a_database(archive: Archive, deposited: Deposited) -> None:
    found = verify_store_alone(archive.objects)
    assert [(each.subject, each.ok) for each in found] == [
        (deposited.key, True),
        ("sealed", True),
        ("custody", True),
    ]


def test_an_object_that_cannot_be_read_is_a_mismatch_and_the_rest_is_looked_at(
    archive: Archive, stored_settings: Settings, deposited: Deposited, tmp_path: Path
) -> None:
    other = deposit_file(archive, crawl_one(tmp_path / "other", [exchange("https://t.me/a", response(b"a"))]))

    broken = decaying_store(stored_settings, "", 0)
    broken.broken = deposited.key
    found = {each.subject: each for each in verify_store_alone(broken)}

    assert [(each.what, each.found) for each in found[deposited.key].problems] == [("object", "InternalError")]
    assert found[other.key].ok


def test_an_index_that_says_otherwise_is_found(archive: Archive, deposited: Deposited) -> None:
    with archive.writer.begin() as connection:
        connection.execute(text("UPDATE catalogue.warcs SET sha256 = 'sha256:00'"))
    assert wrong(verify(archive, [deposited.key])) == {deposited.key: ["sha256 in the index"]}


def test_a_file_without_a_row_in_the_index_is_found(archive: Archive, deposited: Deposited) -> None:
    with archive.writer.begin() as connection:
        connection.execute(text("TRUNCATE catalogue.warcs CASCADE"))
    assert wrong(verify(archive)) == {deposited.key: ["index"]}


def test_a_lost_object_is_found(archive: Archive, deposited: Deposited) -> None:
    administrator(archive.objects.endpoint).delete_object(
        Bucket=archive.objects.bucket,
        Key=deposited.key,
        VersionId=deposited.version_id,
        BypassGovernanceRetention=True,
    )
    assert wrong(verify(archive)) == {deposited.key: ["object"]}


def test_an_entry_of_the_ledger_that_the_store_lacks_is_found(archive: Archive, deposited: Deposited) -> None:
    key = "custody/000000000001.json"
    (version,) = archive.objects.list(key)
    administrator(archive.objects.endpoint).delete_object(
        Bucket=archive.objects.bucket, Key=key, VersionId=version.version_id, BypassGovernanceRetention=True
    )
    problems = wrong(verify(archive))
    assert problems["custody"] == [f"{key}: the same digest in ledger and store"]
    assert problems[deposited.key] == ["custody"]


@pytest.mark.parametrize(
    "change",
    [
        "SET actor = 'somebody else'",
        "SET at = at - interval '1 day'",
        "SET details = details || '{\"length_bytes\": 1}'",
        "SET clock_reason = NULL",
        "SET subject_digest = 'none'",
    ],
)
def test_a_row_of_the_ledger_that_its_owner_changed_is_found_though_its_digest_was_left(
    archive: Archive, database: OwnedDatabase, deposited: Deposited, change: str
) -> None:
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE ledger.custody DISABLE TRIGGER append_only"))
        connection.execute(text(f"UPDATE ledger.custody {change}"))

    (problem,) = {each.subject: each for each in verify(archive)}["custody"].problems

    assert problem.what == "custody/000000000001.json: the same digest in ledger and store"
    assert problem.expected.startswith(f"{problem.found}, in a row ")
    with pytest.raises(ContradictionError, match="digest in the ledger"):
        rebuild(archive)


def test_a_file_on_disk_is_compared_with_the_deposited_one(
    archive: Archive, deposited: Deposited, warc: Path
) -> None:
    assert verify(archive, [str(warc)])[0].ok
    content = warc.read_bytes()
    warc.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (found,) = verify(archive, [str(warc)])
    (problem,) = found.problems
    assert (problem.expected, problem.found) == (str(deposited.sha256), str(sha256(warc.read_bytes())))


def test_a_file_that_was_never_deposited_is_said_to_be_none(archive: Archive, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.warc.gz"
    stranger.write_bytes(b"bytes")
    row = verified_json(verify(archive, [str(stranger)])[0])
    assert (row["kind"], row["ok"]) == ("verify", False)
    assert row["problems"][0]["expected"] == "a deposited file"


def test_what_is_neither_file_nor_key_is_refused(archive: Archive) -> None:
    with pytest.raises(FileNotFoundError, match="neither a file here nor a key"):
        verify(archive, ["nowhere"])


def planted(archive: Archive, at: datetime, details: dict[str, object]) -> None:
    """Append an entry of any date past our own code, as the database's owner can."""
    with archive.writer.begin() as connection:
        last = entries(connection)[-1]
        entry = replace(
            last, seq=last.seq + 1, previous=last.digest, event="compared", at=at, details=details, seal=None
        )
        connection.execute(insert(custody).values(**entry_row(entry)))
    publish_pending_entries(archive)


def test_an_entry_dated_2019_after_entries_of_today_is_named(archive: Archive, deposited: Deposited) -> None:
    planted(archive, datetime(2019, 5, 1, tzinfo=UTC), {})
    (chain,) = [each for each in verify(archive) if each.subject == "custody"]
    assert {problem.what: problem.found for problem in chain.problems} == {
        "custody/000000000002.json: format": "1",
        "custody/000000000002.json: time": "2019-05-01T00:00:00+00:00",
    }


def test_a_clock_that_ran_back_is_a_remark_where_the_entry_itself_says_so(
    archive: Archive, deposited: Deposited
) -> None:
    with archive.reader.connect() as connection:
        deposited_at = entries(connection)[-1].at
    planted(archive, deposited_at - timedelta(hours=2), {"seconds_behind_previous": 7200.0})
    # of two machines, from before entries said so themselves
    planted(archive, deposited_at - timedelta(hours=2, seconds=5), {})
    (chain,) = [each for each in verify(archive) if each.subject == "custody"]
    assert {problem.what.partition(": ")[2] for problem in chain.problems} == {"format"}
    assert [remark for remark in chain.remarks if "time lies" in remark] == [
        "custody/000000000002.json: its time lies 7200 s before that of the entry before it, as it says itself",
        "custody/000000000003.json: its time lies 5 s before that of the entry before it",
    ]


INDEX_FORGERIES = {
    "UPDATE catalogue.captures SET captured_at = captured_at - interval '1 year'": ": captured_at",
    "UPDATE catalogue.captures SET offset_bytes = offset_bytes + 1": ": offset_bytes",
    "UPDATE catalogue.warcs SET records = records + 1": "row of the file: records",
    "DELETE FROM catalogue.captures": "capture ",
}


@pytest.mark.parametrize("change", INDEX_FORGERIES)
def test_a_row_of_the_index_that_its_owner_changed_is_named_whenever_its_file_is_verified(
    archive: Archive, database: OwnedDatabase, deposited: Deposited, change: str
) -> None:
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        connection.execute(text(change))

    (file,) = verify(archive, [deposited.key])

    assert file.problems
    assert all(INDEX_FORGERIES[change] in problem.what for problem in file.problems)


def test_a_row_that_no_record_of_the_file_gives_is_named(
    archive: Archive, database: OwnedDatabase, deposited: Deposited
) -> None:
    owner = create_engine(database.owner_url)
    columns = "id, surt, url, captured_at, record_type, record_id, block_digest, warc_key, object_version"
    others = "offset_bytes, length_bytes, crawl_id, source_id, access_label"
    with owner.begin() as connection:
        connection.execute(
            text(
                f"INSERT INTO catalogue.captures ({columns}, {others}) SELECT 'planted'{columns[2:]}, {others} "
                "FROM catalogue.captures LIMIT 1"
            )
        )

    (file,) = verify(archive, [deposited.key])

    assert [problem.what for problem in file.problems] == ["capture planted"]
    assert file.problems[0].expected == "no row: the file has no such record"
