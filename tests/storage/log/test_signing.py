"""The signer: what it writes and signs, what it goes on from, and what it refuses."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, text

from pipeline.config.settings import OwnedDatabase
from processors.transparency_log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from processors.transparency_log.tiles import bundle_entries, tiles_of
from storage.archive import Archive
from storage.ledger.custody import entries, entry_row, publish_pending_entries
from storage.ledger.entry import NOT_MEASURED, CustodyEntry
from storage.ledger.tables import custody
from storage.log.checkpoints import all_in_ledger, newest_in_ledger
from storage.log.signing import LogRefusedError, LogSigner, sign_next_checkpoint
from storage.log.tree_reader import LogTree
from tests.administered_store import administrator
from tests.storage.log.log_archive import ORIGIN, add_entries, expected_root, signer_at


@pytest.fixture
def signer(tmp_path: Path) -> LogSigner:
    return signer_at(tmp_path / "log.key")


def keys_in_store(archive: Archive, prefix: str = "log/") -> list[str]:
    return [version.key for version in archive.objects.list(prefix)]


def test_the_first_checkpoint_covers_every_entry_and_the_one_that_names_the_key(
    archive: Archive, signer: LogSigner
) -> None:
    add_entries(archive, 3)
    signed = sign_next_checkpoint(archive, signer, actor="tester")
    assert signed is not None
    assert signed.checkpoint == Checkpoint(ORIGIN, 4, expected_root(archive, 4))
    assert open_checkpoint(signed.note, [signer.key.verifier_key]) == signed.checkpoint
    assert keys_in_store(archive) == [
        "log/checkpoints/000000000004.txt",
        "log/tile/0/000.p/4",
        "log/tile/entries/000.p/4",
    ]
    with archive.reader.connect() as connection:
        begun = entries(connection)[-1]
        row = newest_in_ledger(connection)
    assert (begun.event, begun.details) == ("log_begun", {"verifier_key": str(signer.key.verifier_key)})
    assert row is not None
    assert (row.checkpoint, row.note, row.version_id) == (signed.checkpoint, signed.note, signed.version_id)
    assert signer.state.read() == signed.note


def test_a_bundle_holds_the_bytes_of_the_entries(archive: Archive, signer: LogSigner) -> None:
    add_entries(archive, 2)
    sign_next_checkpoint(archive, signer, actor="tester")
    (version,) = archive.objects.list("log/tile/entries/")
    stored = bundle_entries(archive.objects.read(version.key, version.version_id), 3)
    with archive.reader.connect() as connection:
        assert stored == tuple(entry.canonical() for entry in entries(connection))


def test_everything_of_the_log_is_locked(archive: Archive, signer: LogSigner) -> None:
    add_entries(archive, 300, published=False)
    sign_next_checkpoint(archive, signer, actor="tester")
    for version in archive.objects.list("log/"):
        head = archive.objects.head(version.key, version.version_id)
        assert head is not None
        assert head.locked_until is not None


def test_nothing_is_signed_where_nothing_was_added(archive: Archive, signer: LogSigner) -> None:
    add_entries(archive, 1)
    assert sign_next_checkpoint(archive, signer, actor="tester") is not None
    before = keys_in_store(archive)
    assert sign_next_checkpoint(archive, signer, actor="tester") is None
    assert keys_in_store(archive) == before


@pytest.mark.parametrize(("first", "more"), [(1, 1), (200, 60), (255, 1), (256, 1), (254, 300), (10, 600)])
def test_every_tile_of_a_grown_log_is_there_and_gives_its_root(
    archive: Archive, signer: LogSigner, first: int, more: int
) -> None:
    add_entries(archive, first - 1, published=False)
    sign_next_checkpoint(archive, signer, actor="tester")
    add_entries(archive, more, published=False)
    signed = sign_next_checkpoint(archive, signer, actor="tester")
    assert signed is not None
    size = first + more
    assert signed.checkpoint == Checkpoint(ORIGIN, size, expected_root(archive, size))
    stored = set(keys_in_store(archive))
    tiles = list(tiles_of(size))
    assert {f"log/{tile.path}" for tile in tiles} <= stored
    assert {f"log/{tile.entries_path}" for tile in tiles if tile.level == 0} <= stored
    assert LogTree(archive.objects, size).root() == signed.checkpoint.root
    assert LogTree(archive.objects, size).root(first) == expected_root(archive, first)


def test_only_the_right_edge_is_read_again(
    archive: Archive, signer: LogSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_entries(archive, 600, published=False)
    sign_next_checkpoint(archive, signer, actor="tester")
    add_entries(archive, 1)
    read: list[str] = []
    really = archive.objects.read

    def recorded(key: str, version_id: str, *, offset: int = 0, length: int | None = None) -> bytes:
        read.append(key)
        return really(key, version_id, offset=offset, length=length)

    monkeypatch.setattr(archive.objects, "read", recorded)
    sign_next_checkpoint(archive, signer, actor="tester")
    assert set(read) == {"log/checkpoints/000000000601.txt", "log/tile/0/002.p/89", "log/tile/1/000.p/2"}


def test_an_entry_too_long_for_a_bundle_is_in_the_tree_all_the_same(archive: Archive, signer: LogSigner) -> None:
    entry = CustodyEntry(
        seq=1,
        previous=None,
        event="received",
        subject_id="x",
        subject_digest=None,
        actor="tester",
        at=datetime(2026, 11, 1, tzinfo=UTC),
        software="letapis/0.1.0",
        clock=NOT_MEASURED,
        details={"text": "a" * 70_000},
    )
    with archive.writer.begin() as connection:  # of format 1, which knew no limit
        connection.execute(insert(custody).values(**entry_row(entry)))
    publish_pending_entries(archive)
    signed = sign_next_checkpoint(archive, signer, actor="tester")
    assert signed is not None
    assert signed.checkpoint.root == expected_root(archive, 2)
    assert keys_in_store(archive, "log/tile/") == ["log/tile/0/000.p/2"]


TABLES = (
    ("custody_objects", "seq"),
    ("sealed_objects", "seq"),
    ("checkpoints", "size"),
    ("custody", "seq"),
)


def cut(database: OwnedDatabase, after: int) -> None:
    """The database as it was when it had so many entries: restored from an older backup."""
    with create_engine(database.owner_url).begin() as connection:
        for table, number in TABLES:
            connection.execute(text(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER"))
            connection.execute(text(f"DELETE FROM ledger.{table} WHERE {number} > {after}"))
            connection.execute(text(f"ALTER TABLE ledger.{table} ENABLE TRIGGER USER"))


def test_a_restored_old_database_is_refused_in_words(
    archive: Archive, signer: LogSigner, database: OwnedDatabase
) -> None:
    add_entries(archive, 5)
    sign_next_checkpoint(archive, signer, actor="tester")
    cut(database, 4)
    with pytest.raises(LogRefusedError) as refused:
        sign_next_checkpoint(archive, signer, actor="tester")
    assert (refused.value.expected, refused.value.found) == ("6 at least, which the last checkpoint covers", "4")
    assert "An older database was restored" in str(refused.value)


def test_a_restored_old_database_that_has_grown_past_the_last_checkpoint_is_refused(
    archive: Archive, signer: LogSigner, database: OwnedDatabase
) -> None:
    add_entries(archive, 5)
    sign_next_checkpoint(archive, signer, actor="tester")
    cut(database, 4)
    add_entries(archive, 5, about="other")
    with pytest.raises(LogRefusedError) as refused:
        sign_next_checkpoint(archive, signer, actor="tester")
    assert refused.value.what == "Hash of custody/000000000006.json"


def test_a_store_and_a_database_that_were_both_restored_are_refused_by_the_state_beside_the_key(
    archive: Archive, signer: LogSigner, database: OwnedDatabase
) -> None:
    add_entries(archive, 3)
    sign_next_checkpoint(archive, signer, actor="tester")
    add_entries(archive, 3)
    sign_next_checkpoint(archive, signer, actor="tester")
    cut(database, 4)
    for version in list(archive.objects.list("")):
        if version.key > "custody/000000000004.json" and not version.key.endswith(("000000000004.txt", "000.p/4")):
            administrator(archive.objects.endpoint).delete_object(
                Bucket=archive.objects.bucket,
                Key=version.key,
                VersionId=version.version_id,
                BypassGovernanceRetention=True,
            )
    add_entries(archive, 3, about="other")
    with pytest.raises(
        Exception, match=r"log/tile/0/000\.p/7, which a checkpoint over 7 entries needs, found none"
    ):
        sign_next_checkpoint(archive, signer, actor="tester")
    with archive.reader.connect() as connection:
        assert [each.size for each in all_in_ledger(connection)] == [4]


def test_a_changed_row_is_refused(archive: Archive, signer: LogSigner, database: OwnedDatabase) -> None:
    add_entries(archive, 5)
    with create_engine(database.owner_url).begin() as connection:
        connection.execute(text("ALTER TABLE ledger.custody DISABLE TRIGGER append_only"))
        connection.execute(text("UPDATE ledger.custody SET subject_id = 'other' WHERE seq = 3"))
    with pytest.raises(LogRefusedError) as refused:
        sign_next_checkpoint(archive, signer, actor="tester")
    assert refused.value.what == "Entry 3 in the database"


def test_a_key_that_custody_does_not_name_is_refused(archive: Archive, signer: LogSigner, tmp_path: Path) -> None:
    add_entries(archive, 1)
    sign_next_checkpoint(archive, signer, actor="tester")
    add_entries(archive, 1)
    other = signer_at(tmp_path / "other.key")
    with pytest.raises(LogRefusedError) as refused:
        sign_next_checkpoint(archive, other, actor="tester")
    assert refused.value.expected == f"the key that custody names: {signer.key.verifier_key}"
    assert refused.value.found == str(other.key.verifier_key)


def test_a_checkpoint_that_nobody_of_the_log_has_signed_does_not_stop_the_signer(
    archive: Archive, signer: LogSigner, tmp_path: Path
) -> None:
    add_entries(archive, 1)
    other = signer_at(tmp_path / "other.key")
    planted = bytes(sign_checkpoint(Checkpoint(ORIGIN, 99, bytes(32)), other.key))
    archive.objects._client.put_object(
        Bucket=archive.objects.bucket, Key="log/checkpoints/000000000099.txt", Body=planted
    )
    signed = sign_next_checkpoint(archive, signer, actor="tester")
    assert signed is not None
    assert signed.size == 2


def test_a_tile_that_was_replaced_is_refused(archive: Archive, signer: LogSigner) -> None:
    add_entries(archive, 2)
    sign_next_checkpoint(archive, signer, actor="tester")
    (version,) = archive.objects.list("log/tile/0/")
    bucket, admin = archive.objects.bucket, administrator(archive.objects.endpoint)
    admin.delete_object(
        Bucket=bucket, Key=version.key, VersionId=version.version_id, BypassGovernanceRetention=True
    )
    admin.put_object(Bucket=bucket, Key=version.key, Body=bytes(96))
    add_entries(archive, 1)
    with pytest.raises(LogRefusedError, match="tiles of the store contradict a signed checkpoint"):
        sign_next_checkpoint(archive, signer, actor="tester")


def test_a_tile_laid_over_the_stored_one_changes_nothing(archive: Archive, signer: LogSigner) -> None:
    add_entries(archive, 2)
    sign_next_checkpoint(archive, signer, actor="tester")
    archive.objects._client.put_object(Bucket=archive.objects.bucket, Key="log/tile/0/000.p/3", Body=bytes(96))
    add_entries(archive, 1)
    signed = sign_next_checkpoint(archive, signer, actor="tester")
    assert signed is not None
    assert signed.checkpoint.root == expected_root(archive, 4)
