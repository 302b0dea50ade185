"""Everything that custody keeps comes back from one store alone: revisits, tokens, judgements, copies, audits."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from access.views.safe_images import payload_of
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.handover.redaction.copies import draft_copy, keep_copy
from pipeline.preserve.audit import audit
from pipeline.preserve.replicate import replicate_pending
from pipeline.preserve.timestamp import request_timestamps
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.digest import sha256
from processors.redaction.steps import steps_of
from processors.similarity.clustering import Verdict
from samples.media.files import media_file
from storage.access_labels import EVERYONE, Role, Viewer
from storage.archive import Archive
from storage.catalogue import tables as catalogue_tables
from storage.catalogue.captures import capture_by_id, captures_of
from storage.integrity.assessment import confirm_finding, propose_finding
from storage.ledger import tables as ledger_tables
from storage.ledger.assessments import Findings, VerificationStatus, assessed_now
from storage.ledger.judgements import judge
from storage.ledger.redactions import redactions
from tests.embedded_database import drop_database
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.pipeline.timestamping import held_to
from tests.storage.catalogue.test_revisits import AGAIN, FIRST, deposit_night, picture
from tests.storage.integrity.test_restore import dump

ALA, BASIA = (Viewer(name, Role.COLLECTOR, every_label=True) for name in ("ala", "basia"))
OTHER = media_file("tram/w960/q80").content


@pytest.fixture
def lived(copied_archive: Archive, copied_settings: Settings, tmp_path: Path) -> Archive:
    """Two nights, the second a revisit; a judgement, an assessment, a token, copies, a redacted copy, an audit."""
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
    about = str(sha256(OTHER))
    found = Findings("Мінск, плошча", "2026-11-20", "compared with a map", "нататка")
    proposal = propose_finding(copied_archive, about, VerificationStatus.VERIFIED, found, actor=ALA)
    confirm_finding(copied_archive, proposal.seq, actor=BASIA)
    with TimeAuthorityOfOpenssl(tmp_path / "authority", "Vieža") as authority:
        request_timestamps(held_to(copied_settings, authority), copied_archive, occasion="harvest")
    cover_one(copied_archive, tmp_path / "copies")
    replicate_pending(copied_archive, actor="clock")
    audit(copied_archive, weeks=1, actor="clock")
    replicate_pending(copied_archive, actor="clock")
    process_pending(copied_archive)
    return copied_archive


def cover_one(archive: Archive, spool: Path) -> None:
    """A redacted copy of the picture of the first night."""
    with archive.reader.connect() as connection:
        first = next(captures_of(connection, FIRST))
    corner = {"cover": "region", "left": 0, "top": 0, "right": 0.2, "bottom": 0.2, "reason": "a passer-by"}
    steps = steps_of({"reason": "a face", "steps": [corner]})
    draft = draft_copy(archive, first.id, steps, viewer=EVERYONE)
    keep_copy(archive, draft, steps, spool_dir=spool, actor="kust")


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
    assert events >= {"deposited", "asserted", "redacted", "time_owed", "timestamped", "copied", "audited"}
    kinds = {row[4] for row in dump(empty.reader, catalogue_tables.metadata, "captures")["captures"]}
    assert kinds == {"response", "revisit", "resource"}
    assert dump(empty.reader, catalogue_tables.metadata) == dump(lived.reader, catalogue_tables.metadata)
    for name in ("custody", "assertions", "assessments"):
        assert dump(empty.reader, ledger_tables.metadata, name) == dump(lived.reader, ledger_tables.metadata, name)
    with empty.reader.connect() as connection:
        assert assessed_now(connection) == {"verified": {str(sha256(OTHER))}}
        ((entered, copy),) = [(each, capture_by_id(connection, each.copy_id)) for each in redactions(connection)]
    assert copy is not None
    assert (entered.actor, entered.reason, entered.reasons) == ("kust", "a face", ("a passer-by",))
    assert str(sha256(payload_of(empty, copy, 1 << 20) or b"")) == str(entered.copy_digest)


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
