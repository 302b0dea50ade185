"""Tokens are checked again from the store alone, and the store alone gives them back."""

import secrets
from dataclasses import replace

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.preserve.time_authority import pinned_roots
from pipeline.preserve.timestamp import request_timestamps, timestamp_status
from pipeline.preserve.verify import verify
from pipeline.process.rebuild import rebuild
from storage.archive import Archive
from tests.administered_store import administrator
from tests.embedded_database import drop_database
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.pipeline.timestamping import chain, held_to, note, wrong
from tests.storage.decaying_store import decaying


def test_every_single_bit_that_turns_in_a_token_is_found(stamping: Settings, archive: Archive) -> None:
    note(archive)
    (obtained,) = request_timestamps(stamping, archive, occasion="harvest").obtained
    bits = obtained.details["length_bytes"] * 8

    for bit in range(0, bits, bits // 20):
        found = wrong(verify(decaying(stamping, archive, obtained.subject_id, bit)))
        assert found[obtained.subject_id][0] == "sha256 of the token"


def test_a_bit_that_turns_in_the_stored_roots_is_found(stamping: Settings, archive: Archive) -> None:
    note(archive)
    (obtained,) = request_timestamps(stamping, archive, occasion="harvest").obtained
    key = next(iter(archive.objects.list("custody/roots/"))).key

    found = wrong(verify(decaying(stamping, archive, key, 2000)))

    assert found[obtained.subject_id][0] == "sha256 of the roots"


def test_a_bit_that_turns_in_the_entry_a_token_is_for_is_found_at_the_token_too(
    stamping: Settings, archive: Archive
) -> None:
    note(archive)
    (obtained,) = request_timestamps(stamping, archive, occasion="harvest").obtained
    changed = decaying(stamping, archive, f"custody/{obtained.details['seq']:012d}.json", 250 * 8)

    found = wrong(verify(changed))

    assert found[obtained.subject_id] == [f"entry {obtained.details['seq']}, which the token is for"] + (
        ["token by the roots stored with it: imprint"] if len(found[obtained.subject_id]) > 1 else []
    )
    assert "custody" in found


def test_a_token_that_does_not_lead_to_the_roots_of_today_is_named(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl, second: TimeAuthorityOfOpenssl
) -> None:
    note(archive)
    (obtained,) = request_timestamps(stamping, archive, occasion="harvest").obtained

    found = verify(archive, roots={authority.url: second.roots.read_bytes()})

    assert wrong(found) == {obtained.subject_id: ["token by the roots pinned now: signature"]}


def test_a_lost_token_is_found_and_one_laid_over_it(stamping: Settings, archive: Archive) -> None:
    note(archive)
    (obtained,) = request_timestamps(stamping, archive, occasion="harvest").obtained
    bucket, key = archive.objects.bucket, obtained.subject_id
    archive.objects._client.put_object(Bucket=bucket, Key=key, Body=b"other")
    assert wrong(verify(archive)) == {obtained.subject_id: ["object version"]}

    version_id = obtained.details["object_version"]
    administrator(archive.objects.endpoint).delete_object(
        Bucket=bucket, Key=key, VersionId=version_id, BypassGovernanceRetention=True
    )
    problems = [problem.what for each in verify(archive) for problem in each.problems]
    assert problems == ["object of the token", "object version"]


def test_the_store_alone_gives_back_tokens_and_what_is_owed(
    stored_settings: Settings,
    archive: Archive,
    authority: TimeAuthorityOfOpenssl,
    second: TimeAuthorityOfOpenssl,
    postgres_server: PostgresServer,
    migrated_template: str,
) -> None:
    both = held_to(stored_settings, authority, second)
    authority.stop()
    note(archive)
    request_timestamps(both, archive, occasion="harvest")
    name = f"test_{secrets.token_hex(6)}"
    access = postgres_server.create_database(name, template=migrated_template)
    elsewhere = replace(
        both,
        database_url=access.owner_url,
        database_writer_url=access.writer_url,
        database_reader_url=access.reader_url,
    )
    with opened_archive(elsewhere) as restored:
        rebuild(restored)
        assert chain(restored) == chain(archive)
        (owed,) = timestamp_status(restored)
        assert (owed.entry, owed.authority) == (chain(archive)[1], authority.url)

        authority.start()
        (obtained,) = request_timestamps(elsewhere, restored, occasion="clock").obtained
        assert obtained.details["seq"] == owed.entry.seq
        assert wrong(verify(restored, roots=pinned_roots(both))) == {}
    drop_database(postgres_server, name)
