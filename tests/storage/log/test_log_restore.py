"""Rebuilding from the store alone takes over checkpoints and proofs, and the log goes on from there."""

from dataclasses import replace
from pathlib import Path

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.process.rebuild import rebuild
from storage.archive import Archive
from storage.integrity.log_restore import restore_log
from storage.ledger.chain import read_chain
from storage.log.checkpoints import all_in_ledger
from storage.log.deliveries import deliver_pending, deliveries
from storage.log.signing import sign_next_checkpoint
from tests.administered_store import administrator
from tests.embedded_database import drop_database
from tests.storage.log.log_archive import add_entries, expected_root, signer_at
from tests.storage.log.test_deliveries import Notebook


def test_checkpoints_and_proofs_are_taken_over_and_the_log_goes_on(
    archive: Archive,
    stored_settings: Settings,
    postgres_server: PostgresServer,
    migrated_template: str,
    tmp_path: Path,
) -> None:
    signer, book = signer_at(tmp_path / "log.key"), Notebook()
    for _ in range(2):
        add_entries(archive, 2)
        sign_next_checkpoint(archive, signer, actor="tester")
        deliver_pending(archive, [book])
    with archive.reader.connect() as connection:
        before, given = all_in_ledger(connection), deliveries(connection)
    other = postgres_server.create_database("test_log_restored", template=migrated_template)
    settings = replace(
        stored_settings,
        database_url=other.owner_url,
        database_writer_url=other.writer_url,
        database_reader_url=other.reader_url,
        database_access_url=other.access_url,
    )
    with opened_archive(settings) as restored:
        assert rebuild(restored).remarks == ()
        with restored.reader.connect() as connection:
            assert [replace(each, at=None) for each in all_in_ledger(connection)] == [
                replace(each, at=None) for each in before
            ]
            assert [(each.outlet, each.size, each.proof_key) for each in deliveries(connection)] == [
                (each.outlet, each.size, each.proof_key) for each in given
            ]
        add_entries(restored, 1)
        signed = sign_next_checkpoint(restored, signer, actor="tester")
        assert signed is not None
        assert (signed.size, signed.checkpoint.root) == (6, expected_root(restored, 6))
    drop_database(postgres_server, "test_log_restored")


def test_a_rebuild_over_a_cut_tail_says_which_checkpoint_the_chain_contradicts(
    archive: Archive, tmp_path: Path
) -> None:
    signer = signer_at(tmp_path / "log.key")
    add_entries(archive, 2)
    sign_next_checkpoint(archive, signer, actor="tester")
    add_entries(archive, 1)
    sign_next_checkpoint(archive, signer, actor="tester")
    for version in list(archive.objects.list("custody/000000000004.json")):
        administrator(archive.objects.endpoint).delete_object(
            Bucket=archive.objects.bucket,
            Key=version.key,
            VersionId=version.version_id,
            BypassGovernanceRetention=True,
        )
    found = restore_log(archive, read_chain(archive.objects))
    assert [(each.subject, each.what, each.expected, each.found) for each in found.problems] == [
        ("log/checkpoints/000000000004.txt", "entries", "4", "3")
    ]
