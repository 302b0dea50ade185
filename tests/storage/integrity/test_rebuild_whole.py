"""Everything that custody keeps comes back from one store alone: revisits, tokens, judgements, copies, audits."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.preserve.audit import audit
from pipeline.preserve.replicate import replicate_pending
from pipeline.preserve.timestamp import request_timestamps
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.digest import sha256
from processors.similarity.clustering import Verdict
from samples.media.files import media_file
from storage.archive import Archive
from storage.catalogue import tables as catalogue_tables
from storage.ledger import tables as ledger_tables
from storage.ledger.judgements import judge
from tests.embedded_database import drop_database
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.pipeline.timestamping import held_to
from tests.storage.catalogue.test_revisits import AGAIN, FIRST, deposit_night, picture
from tests.storage.integrity.test_restore import dump

OTHER = media_file("tram/w960/q80").content


@pytest.fixture
def lived(copied_archive: Archive, copied_settings: Settings, tmp_path: Path) -> Archive:
    """Two nights, the second a revisit; a judgement, a token, copies, an audit."""
    deposit_night(copied_archive, tmp_path, [picture(FIRST), picture("https://cdn.test/o.jpg", content=OTHER)])
    deposit_night(copied_archive, tmp_path, [picture(AGAIN, later=True)])
    process_pending(copied_archive)
    judge(
        copied_archive,
        sha256(media_file("tram/w800/q82").content),
        sha256(OTHER),
        Verdict.SAME,
        author="analyst",
        reason="the same stop",
    )
    with TimeAuthorityOfOpenssl(tmp_path / "authority", "Vieža") as authority:
        request_timestamps(held_to(copied_settings, authority), copied_archive, occasion="harvest")
    replicate_pending(copied_archive, actor="clock")
    audit(copied_archive, weeks=1, actor="clock")
    replicate_pending(copied_archive, actor="clock")
    process_pending(copied_archive)
    return copied_archive


@pytest.fixture
def empty(
    lived: Archive, copied_settings: Settings, postgres_server: PostgresServer, migrated_template: str
) -> Iterator[Archive]:
    """The same stores with a new database."""
    name = f"test_{secrets.token_hex(6)}"
    access = postgres_server.create_database(name, template=migrated_template)
    with opened_archive(
        replace(
            copied_settings,
            data=copied_settings.data / "elsewhere",
            database_url=access.owner_url,
            database_writer_url=access.writer_url,
            database_reader_url=access.reader_url,
        )
    ) as archive:
        yield archive
    drop_database(postgres_server, name)


def test_from_the_first_store_every_row_is_equal(lived: Archive, empty: Archive) -> None:
    rebuild(empty)

    events = {row[3] for row in dump(empty.reader, ledger_tables.metadata, "custody")["custody"]}
    assert events >= {"deposited", "asserted", "time_owed", "timestamped", "copied", "audited"}
    kinds = {row[4] for row in dump(empty.reader, catalogue_tables.metadata, "captures")["captures"]}
    assert kinds == {"response", "revisit"}
    assert dump(empty.reader, catalogue_tables.metadata) == dump(lived.reader, catalogue_tables.metadata)
    for name in ("custody", "assertions"):
        assert dump(empty.reader, ledger_tables.metadata, name) == dump(lived.reader, ledger_tables.metadata, name)


def test_from_the_second_store_custody_and_judgements_are_equal_and_nothing_is_owed_after_a_look(
    lived: Archive, empty: Archive
) -> None:
    assert empty.replica is not None
    rebuild(replace(empty, objects=empty.replica))

    for name in ("custody", "assertions"):
        assert dump(empty.reader, ledger_tables.metadata, name) == dump(lived.reader, ledger_tables.metadata, name)
    for name in ("records", "media", "links", "groups", "outcomes"):
        here, there = (dump(each.reader, catalogue_tables.metadata, name) for each in (lived, empty))
        assert here == there
    assert replicate_pending(empty, actor="clock").is_complete
