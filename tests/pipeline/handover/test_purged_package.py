"""A package of a file out of which something was purged: the same bytes as before, or one that tells of it."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ulid import ULID

from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.handover.building import hand_over
from pipeline.handover.choosing import Choice, ChoiceRefusedError, preview
from pipeline.handover.package import build_package
from pipeline.handover.package_key import PackageKey
from pipeline.handover.selection import DisclosureLevel, ExhibitKind
from storage.access_labels import EVERYONE
from storage.catalogue.captures import captures_of
from storage.integrity.purge import purges, tend_purges
from storage.ledger.disclosures import packages_with
from storage.ledger.file_custody import file_in_custody
from storage.log.checkpoints import newest_in_ledger
from storage.log.signing import sign_next_checkpoint
from storage.objects.model import PRIMARY
from storage.objects.version_remover import VersionRemover
from tests.pipeline.handover.handed_over_archive import ELSEWHERE, HandedOver, exhibit, handed_over_archive
from tests.pipeline.handover.test_package import files_of
from tests.storage.integrity.purged_archive import order_purge
from tests.storage.log.log_archive import signer_at


@pytest.fixture
def handed_over(
    postgres_server: PostgresServer, migrated_template: str, object_store_server: ObjectStoreServer, tmp_path: Path
) -> Iterator[HandedOver]:
    name = f"purged_{secrets.token_hex(4)}"
    folder = tmp_path / "archive"
    with handed_over_archive(postgres_server, migrated_template, object_store_server, folder, name) as filled:
        yield filled


def verified(package: Path) -> str:
    program = [sys.executable, str(package / "data" / "verify" / "verify.py"), str(package)]
    ran = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_a_package_tells_of_the_file_as_it_was_when_it_was_frozen_and_a_later_one_of_the_purge(
    handed_over: HandedOver, object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    archive, selection, key = handed_over.archive, handed_over.selection, PackageKey.generate()
    with archive.reader.connect() as connection:
        (gone,) = captures_of(connection, ELSEWHERE)
    assert gone.warc_key == handed_over.page.warc_key
    first = build_package(archive, selection, tmp_path / "first", key=key)
    assert first.folder is not None
    remover = VersionRemover(
        object_store_server.endpoint,
        archive.objects.bucket,
        access_key=object_store_server.purge_keys.access_key,
        secret_key=object_store_server.purge_keys.secret_key,
        region="us-east-1",
    )
    order_purge(archive, gone.id)
    (done,) = tend_purges(archive, {PRIMARY: remover}, actor="clock")
    assert done.is_done

    again = build_package(archive, selection, tmp_path / "again", key=key)
    assert again.folder is not None
    assert files_of(again.folder) == files_of(first.folder)
    assert "written anew" not in verified(again.folder)

    sign_next_checkpoint(archive, signer_at(tmp_path / "archive" / "log.key"), actor="tester")
    with archive.reader.connect() as connection:
        newest = newest_in_ledger(connection)
        file = file_in_custody(connection, gone.warc_key)
    assert newest is not None and file is not None
    frozen_at = file.named_at.replace(microsecond=0) + timedelta(seconds=1)
    later = replace(selection, checkpoint=newest.checkpoint, package_id=str(ULID()), frozen_at=frozen_at)
    second = build_package(archive, later, tmp_path / "second", key=key)
    assert second.folder is not None
    said = " ".join(verified(second.folder).split())
    assert (
        f"without 1 of its records, which had to be deleted: before it had the digest {file.first_sha256}" in said
    )
    assert f"since then it has {file.sha256}" in said

    # what is gone itself is named to whoever wants to hand it over
    choice = Choice(ids=(gone.id,))
    left = preview(archive, choice, DisclosureLevel.COURT, viewer=EVERYONE)
    assert [(each.reason, each.subject_id) for each in left.left_out] == [("purged", gone.id)]
    with_it = exhibit(9, ExhibitKind.CAPTURE, gone.id, "gone", (), {gone.id: "subject"})
    with pytest.raises(ChoiceRefusedError):
        hand_over(archive, replace(later, exhibits=(with_it,)), tmp_path / "third", key=key, viewer=EVERYONE)
    with archive.reader.connect() as connection:
        assert packages_with(connection, done.purged) == ()
    assert [each.is_done for each in purges(archive)] == [True]
