"""Rows that the database's owner forged, emptied or brought back from an old copy are named."""

from pathlib import Path

import pytest

from pipeline.preserve.verify import NOT_ENTERED
from pipeline.process.catalogue_check import check_catalogue
from pipeline.process.run import process_pending
from storage.deposit.deposit import deposit_file
from storage.log.signing import LogRefusedError, sign_next_checkpoint
from storage.objects.keys import custody_key
from tests.attacks.attacked_archive import BEGUN, HELD, AttackedArchive
from tests.storage.crawled_files import crawl_one, exchange, response


def test_all_captures_moved_back_a_year_and_texts_forged_are_named(
    attacked: AttackedArchive, realdata: Path, tmp_path: Path
) -> None:
    page = sorted((realdata / "telegram" / "layout-2026").rglob("*.html"))[0]
    archive = attacked.archive
    items = [exchange("https://t.me/s/kanal", response(page.read_bytes()))]
    read = deposit_file(archive, crawl_one(tmp_path / "read", items))
    process_pending(archive)
    assert check_catalogue(archive, actor="auditor").differing == 0
    attacked.as_owner(
        "UPDATE catalogue.captures SET captured_at = captured_at - interval '1 year'",
        'UPDATE catalogue.versions SET content = content || \'{"text": "Other."}\'',
    )

    found = attacked.named_with_database()
    assert set(found) == {attacked.first.key, attacked.second.key, read.key}
    assert {what.rpartition(": ")[2] for each in found.values() for what in each} == {"captured_at"}
    derived = {
        each.what.rpartition(": ")[2]
        for file in check_catalogue(archive, actor="auditor").files
        for each in file.differences
    }
    assert {"captured_at", "content"} <= derived
    assert attacked.named_by_store_alone() == {}, "the store, from which all of it is read anew, is as it was"


def test_an_emptied_access_log_is_named_with_the_database_and_its_lost_batch_without(
    attacked: AttackedArchive,
) -> None:
    (batch,) = {version.key for version in attacked.archive.objects.list("sealed/accesses/")}
    attacked.as_owner("DELETE FROM ledger.access_log")
    assert attacked.named_with_database() == {"sealed": [f"{batch}: rows of accesses in the ledger"]}
    assert attacked.named_by_store_alone() == {}, "its rows are still there"

    attacked.as_owner(f"DELETE FROM ledger.sealed_objects WHERE key = '{batch}'")
    attacked.remove(batch)

    assert [each.partition(": ")[0] for each in attacked.named_by_store_alone()["sealed"]] == [batch]
    assert {each.partition(": ")[0] for each in attacked.named_with_database()["sealed"]} == {batch}


def test_a_database_restored_from_an_old_copy_is_refused_by_the_signer_and_named(
    attacked: AttackedArchive,
) -> None:
    attacked.cut_database(BEGUN)

    with pytest.raises(LogRefusedError, match="An older database was restored"):
        sign_next_checkpoint(attacked.archive, attacked.signer, actor="tester")
    assert attacked.named_by_store_alone() == {}, "the store has everything"
    found = attacked.named_with_database()
    lacking = [f"{custody_key(seq)}: the same digest in ledger and store" for seq in range(BEGUN + 1, HELD + 1)]
    assert found["custody"] == lacking
    assert found[attacked.second.key] == ["index"]
    assert found[NOT_ENTERED] == ["entry"]
