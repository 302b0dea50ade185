"""An access log that the database's owner emptied is named."""

from tests.attacks.attacked_archive import AttackedArchive


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
