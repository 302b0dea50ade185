"""The pages of the four losses, command by command: machine, database, one store of two, the log's key."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.preserve.checkpoint import log_began_with, sign_and_deliver
from pipeline.preserve.replicate import replicate_pending
from pipeline.process.run import process_pending
from processors.transparency_log.checkpoint import open_checkpoint
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.ledger.custody import entries
from storage.log.checkpoints import log_keys, newest_in_ledger
from storage.log.lost_key import replace_lost_key
from tests.embedded_database import drop_database
from tests.pipeline.backup.conftest import clean_environment, letapis, rows_of
from tests.storage.catalogue.test_revisits import AGAIN, FIRST, deposit_night, picture
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.integrity.test_restore import catalogue, custody


@pytest.fixture
def lived(kept: Archive, kept_settings: Settings, tmp_path: Path) -> Archive:
    """Two nights in two stores, and a checkpoint over all of it in both."""
    deposit_night(kept, tmp_path / "spool", [picture(FIRST)])
    deposit_night(kept, tmp_path / "spool", [picture(AGAIN, later=True)])
    process_pending(kept)
    assert replicate_pending(kept, actor="tester").is_complete
    assert sign_and_deliver(kept_settings, kept).problem is None
    return kept


@pytest.fixture
def new_database(kept_settings: Settings, postgres_server: PostgresServer) -> Iterator[Settings]:
    """The same settings with a database that has nothing."""
    name = f"new_{secrets.token_hex(6)}"
    access = postgres_server.create_database(name)
    yield replace(
        kept_settings,
        database_url=access.owner_url,
        database_writer_url=access.writer_url,
        database_reader_url=access.reader_url,
        database_access_url=access.access_url,
    )
    drop_database(postgres_server, name)


def ran(settings: Settings, *arguments: str) -> str:
    """A line of a page, which ends as it should; returns what it printed."""
    done = letapis(*arguments, env=clean_environment(settings))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def checkpoint_of_the_next_hour(settings: Settings) -> None:
    """What the DAG `checkpoints` does."""
    with opened_archive(settings) as archive:
        assert sign_and_deliver(settings, archive).problem is None


def test_a_lost_database_comes_back_from_the_store(lived: Archive, new_database: Settings) -> None:
    ran(new_database, "prepare")
    ran(new_database, "rebuild")

    with opened_archive(new_database) as archive:
        assert catalogue(archive) == catalogue(lived)
        assert custody(archive)["custody"] == custody(lived)["custody"]
    ran(new_database, "verify")
    checkpoint_of_the_next_hour(new_database)


def test_a_lost_second_store_is_filled_again(lived: Archive, kept_settings: Settings) -> None:
    anew = replace(kept_settings, replica_bucket=f"copy-{secrets.token_hex(6)}")

    pending_alone = ran(anew, "copies")
    said = ran(anew, "copies", "--again")
    once_more = ran(anew, "copies", "--again")

    assert "0 objects copied, 0 pending" in pending_alone  # custody says of them that they were copied
    assert "copied again" in said
    assert "Entries of the custody ledger: 0 copied again." in once_more
    assert "0 objects copied again" in once_more
    with lived.reader.connect() as connection:
        chain = entries(connection)
    deposited = [each for each in chain if each.event == "deposited"]
    for entry in deposited:
        first, last = (each for each in chain if each.event == "copied" and each.details["seq"] == entry.seq)
        assert first.details["objects"][0]["object_version"] != last.details["objects"][0]["object_version"]
    checkpoint_of_the_next_hour(anew)
    ran(anew, "verify")
    ran(anew, "verify", "--replica")


def test_a_lost_first_store_is_replaced_by_the_second_and_a_new_one_becomes_the_second(
    lived: Archive, new_database: Settings
) -> None:
    told = new_database
    anew = replace(
        told,
        s3_endpoint=told.replica_endpoint,
        s3_bucket=told.replica_bucket,
        s3_access_key=told.replica_access_key,
        s3_secret_key=told.replica_secret_key,
        replica_endpoint=told.s3_endpoint,
        replica_bucket=f"copy-{secrets.token_hex(6)}",
        replica_access_key=told.s3_access_key,
        replica_secret_key=told.s3_secret_key,
    )

    ran(anew, "prepare")
    ran(anew, "rebuild")
    ran(anew, "copies", "--again")

    checkpoint_of_the_next_hour(anew)
    ran(anew, "verify", "--replica")
    with opened_archive(anew) as archive:
        assert len(catalogue(archive)["captures"]) == 2


def test_without_its_key_the_log_stands_still_and_everything_else_goes_on(
    lived: Archive, kept_settings: Settings, tmp_path: Path
) -> None:
    before = ran(kept_settings, "custody")
    kept_settings.log_key_file.unlink()

    prepared = ran(kept_settings, "prepare")
    deposit_file(lived, crawl_one(tmp_path / "later", [exchange("https://t.me/s/kanal", response(b"page"))]))
    report = sign_and_deliver(kept_settings, lived)

    assert "No checkpoint can be signed: the log began with the key letapis-log/" in prepared
    assert report.problem is not None
    assert report.signed is None
    assert ran(kept_settings, "custody") == before
    ran(kept_settings, "verify")


def test_another_key_goes_on_and_nothing_says_that_the_old_one_vouches_for_it(
    lived: Archive, kept_settings: Settings, tmp_path: Path
) -> None:
    noted, checkpoint = tmp_path / "verifier.key", tmp_path / "checkpoint.txt"
    old = str(log_began_with(lived))
    noted.write_text(f"{old}\n", "utf-8")
    checkpoint.write_text(letapis("custody", env=clean_environment(kept_settings)).stdout, "utf-8")
    kept_settings.log_key_file.unlink()

    said = ran(kept_settings, "custody", "--key-lost")
    assert replicate_pending(lived, actor="tester").is_complete
    checkpoint_of_the_next_hour(kept_settings)
    verified = ran(kept_settings, "verify")
    kept_before = ran(kept_settings, "verify", "--checkpoint", str(checkpoint), "--key", str(noted))
    checkpoint.write_text(letapis("custody", env=clean_environment(kept_settings)).stdout, "utf-8")
    new = letapis(
        "verify", "--checkpoint", str(checkpoint), "--key", str(noted), env=clean_environment(kept_settings)
    )

    assert str(log_began_with(lived)) != old
    assert f"Note it elsewhere: {log_began_with(lived)}" in said
    status = rows_of(letapis("custody", "--json", env=clean_environment(kept_settings)))[0]
    assert f"the key of the log was lost, and {status['verifier_key']} signs since" in verified
    assert status["verifier_key_event"] == "log_key_lost"
    assert f"It signs since entry {status['verifier_key_seq']} of custody" in said
    assert "1 checked, 0 not as expected" in kept_before
    assert (new.returncode, "signature" in new.stdout + new.stderr) == (1, True)


def test_a_key_that_is_there_is_not_replaced_as_lost(lived: Archive, kept_settings: Settings) -> None:
    before = kept_settings.log_key_file.read_bytes()

    done = letapis("custody", "--key-lost", env=clean_environment(kept_settings))

    assert done.returncode == 1
    assert "`letapis custody --rotate-key` exchanges a key that is there" in done.stderr
    assert kept_settings.log_key_file.read_bytes() == before


@pytest.mark.parametrize("step", ["new key", "entry", "key in place"])
def test_a_replacement_that_was_killed_is_finished_by_the_next_run(
    step: str, lived: Archive, kept_settings: Settings
) -> None:
    def kill(at: str) -> None:
        if at == step:
            raise KeyboardInterrupt

    kept_settings.log_key_file.unlink()
    with pytest.raises(KeyboardInterrupt):
        replace_lost_key(lived, kept_settings.log_key_file, actor="tester", on_step=kill)
    if step != "key in place":
        replace_lost_key(lived, kept_settings.log_key_file, actor="tester")
    checkpoint_of_the_next_hour(kept_settings)

    with lived.reader.connect() as connection:
        assert [each.event for each in entries(connection)].count("log_key_lost") == 1
        signed, newest = newest_in_ledger(connection), log_keys(connection).newest
    assert signed is not None
    assert newest is not None
    assert open_checkpoint(signed.note, [newest]).size == signed.size
