"""`letapis verify` over the log: a whole one is as expected; each thing that was done to it is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pipeline.config.settings import OwnedDatabase
from pipeline.preserve.verify import verify, verify_store_alone
from processors.digest import sha256
from processors.transparency_log.merkle import leaf_hash, merkle_root
from processors.transparency_log.tiles import tile_bytes
from storage.archive import Archive
from storage.findings import Verified
from storage.integrity.held_checkpoint import UNPROVED, hold_checkpoint, leaves_of_chain
from storage.ledger.chain import read_chain
from storage.ledger.custody import entries, publish_pending_entries
from storage.log.checkpoints import SignedCheckpoint
from storage.log.signing import LogSigner, sign_next_checkpoint
from tests.administered_store import administrator
from tests.storage.log.log_archive import add_entries, signer_at


@pytest.fixture
def signer(tmp_path: Path) -> LogSigner:
    return signer_at(tmp_path / "log.key")


def sign(archive: Archive, signer: LogSigner, count: int) -> SignedCheckpoint:
    add_entries(archive, count)
    signed = sign_next_checkpoint(archive, signer, actor="tester")
    assert signed is not None
    return signed


def log_of(found: tuple[Verified, ...]) -> Verified:
    (log,) = (each for each in found if each.subject == "log")
    return log


def named(found: Verified) -> list[str]:
    return [each.what for each in found.problems]


def remove(archive: Archive, prefix: str) -> None:
    for version in list(archive.objects.list(prefix)):
        administrator(archive.objects.endpoint).delete_object(
            Bucket=archive.objects.bucket,
            Key=version.key,
            VersionId=version.version_id,
            BypassGovernanceRetention=True,
        )


def put(archive: Archive, key: str, content: bytes) -> None:
    archive.objects.put_new(key, content, sha256=sha256(content))


def test_a_whole_log_is_as_expected_with_and_without_a_database(archive: Archive, signer: LogSigner) -> None:
    sign(archive, signer, 2)
    sign(archive, signer, 2)
    found = verify_store_alone(archive.objects)
    assert [each.subject for each in found][-2:] == ["custody", "log"]
    assert [each for each in found if not each.ok] == []
    assert log_of(verify(archive)).ok


def test_an_archive_without_a_log_is_told_nothing_of_one(archive: Archive) -> None:
    add_entries(archive, 1)
    assert "log" not in [each.subject for each in verify(archive)]


def cut_tail(archive: Archive) -> None:
    remove(archive, "custody/000000000004.json")


def swap_tile(archive: Archive) -> None:
    with archive.reader.connect() as connection:
        leaves = [leaf_hash(each.canonical()) for each in entries(connection)[:3]]
    remove(archive, "log/tile/0/000.p/3")
    put(archive, "log/tile/0/000.p/3", tile_bytes([leaves[0], leaf_hash(b"forged"), leaves[2]]))


def plant_checkpoint(archive: Archive) -> None:
    put(archive, "log/checkpoints/000000000009.txt", b"log.letapis.example/test\n9\nAAAA\n\n- nobody\n")


def shadow(archive: Archive) -> None:
    archive.objects._client.put_object(Bucket=archive.objects.bucket, Key="log/tile/0/000.p/3", Body=b"x")


@pytest.mark.parametrize(
    ("attack", "expected"),
    [
        (
            cut_tail,
            [
                "log/tile/0/000.p/4: entries",
                "log/tile/entries/000.p/4: entries",
                "log/checkpoints/000000000004.txt: entries",
            ],
        ),
        (swap_tile, ["log/tile/0/000.p/3: hash of custody/000000000002.json"]),
        (plant_checkpoint, ["log/checkpoints/000000000009.txt: signature in a note"]),
        (shadow, ["log/tile/0/000.p/3: object version"]),
        (lambda archive: remove(archive, "log/tile/0/"), ["log/tile/0/000.p/3"]),
        (lambda archive: remove(archive, "log/tile/entries/"), ["log/tile/entries/000.p/3"]),
        (lambda archive: put(archive, "log/other", b"x"), ["log/other"]),
    ],
)
def test_what_was_done_to_the_log_is_named(
    archive: Archive, signer: LogSigner, attack: Callable[[Archive], None], expected: list[str]
) -> None:
    sign(archive, signer, 2)
    if attack is cut_tail:  # the entry before names the key of the log
        sign(archive, signer, 1)
    attack(archive)
    assert named(log_of(verify_store_alone(archive.objects))) == expected


def test_a_checkpoint_that_the_store_has_lost_is_named_by_the_ledger(archive: Archive, signer: LogSigner) -> None:
    sign(archive, signer, 2)
    remove(archive, "log/checkpoints/")
    assert named(log_of(verify(archive))) == ["log/checkpoints/000000000003.txt: root in the ledger"]


def held(archive: Archive, note: bytes, signer: LogSigner | None) -> Verified:
    chain = read_chain(archive.objects)
    keys = [] if signer is None else [signer.key.verifier_key]
    return hold_checkpoint(archive.objects, chain, leaves_of_chain(chain), note, keys, subject="old")


def test_an_old_checkpoint_agrees_with_an_archive_that_has_grown(archive: Archive, signer: LogSigner) -> None:
    old = sign(archive, signer, 2)
    sign(archive, signer, 2)
    assert held(archive, old.note, signer) == Verified("old")


def test_without_a_key_from_outside_it_is_said_what_stays_unproved(archive: Archive, signer: LogSigner) -> None:
    assert held(archive, sign(archive, signer, 2).note, None) == Verified("old", (), (UNPROVED,))


def test_a_checkpoint_of_another_key_is_named(archive: Archive, signer: LogSigner, tmp_path: Path) -> None:
    note = sign(archive, signer, 2).note
    assert named(held(archive, note, signer_at(tmp_path / "other.key"))) == ["signature in a note"]


def rewritten(archive: Archive, database: OwnedDatabase, seq: int, count: int) -> None:
    """The owner replaces an entry and computes every later one anew, in the database and in the store."""
    with create_engine(database.owner_url).begin() as owner:
        numbers = {"custody_objects": "seq", "sealed_objects": "seq", "checkpoints": "size", "custody": "seq"}
        for table, number in numbers.items():
            owner.execute(text(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER"))
            owner.execute(text(f"DELETE FROM ledger.{table} WHERE {number} >= {seq}"))
            owner.execute(text(f"ALTER TABLE ledger.{table} ENABLE TRIGGER USER"))
    for at in range(seq, seq + count):
        remove(archive, f"custody/{at:012d}.json")
    add_entries(archive, count, about="forged")
    publish_pending_entries(archive)


def test_a_rewritten_chain_is_named_with_the_first_entry_that_differs(
    archive: Archive, signer: LogSigner, database: OwnedDatabase
) -> None:
    old = sign(archive, signer, 6)
    rewritten(archive, database, 4, 4)
    (problem,) = held(archive, old.note, signer).problems
    assert problem.what == "custody/000000000004.json: hash of the entry, the first that differs"


def test_where_the_tree_was_rewritten_as_well_a_smaller_checkpoint_says_up_to_where_all_is_as_it_was(
    archive: Archive, signer: LogSigner, database: OwnedDatabase
) -> None:
    sign(archive, signer, 2)
    old = sign(archive, signer, 4)
    rewritten(archive, database, 5, 3)
    remove(archive, "log/tile/")
    with archive.reader.connect() as connection:
        leaves = [leaf_hash(each.canonical()) for each in entries(connection)]
    put(archive, "log/tile/0/000.p/7", tile_bytes(leaves))
    (problem,) = held(archive, old.note, signer).problems
    assert problem.what == "root of the first 7 entries"
    assert problem.found == (
        f"{merkle_root(leaves).hex()}; the signed tree's tiles are lost or rewritten as well, so that all that "
        "can be said is: the first 3 are as a smaller checkpoint signs them, and one after "
        "custody/000000000003.json differs"
    )


def test_a_cut_tail_is_named_with_the_first_entry_that_is_missing(archive: Archive, signer: LogSigner) -> None:
    old = sign(archive, signer, 4)
    remove(archive, "custody/000000000004.json")
    remove(archive, "custody/000000000005.json")
    (problem,) = held(archive, old.note, signer).problems
    assert (problem.what, problem.expected) == ("entries", "5, which the checkpoint covers")
    assert problem.found == "3: its end was cut off; the first that is missing is custody/000000000004.json"
