"""Objects that were exchanged, added, covered or unlocked are named from the store alone and with the database."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.objects.keys import custody_key
from storage.objects.model import ListedVersion
from tests.attacks.attacked_archive import HELD, AttackedArchive, Found
from tests.storage.lock_bypass import end_lock


def both(attacked: AttackedArchive) -> tuple[Found, Found]:
    """What is named without a database, then with it."""
    return attacked.named_by_store_alone(), attacked.named_with_database()


def test_a_swapped_file_is_named(attacked: AttackedArchive) -> None:
    key = attacked.first.key
    content = attacked.archive.objects.read(attacked.second.key, attacked.second.version_id)
    attacked.remove(key)
    attacked.shadow(key, content)
    for found in both(attacked):
        assert set(found) == {key}
        assert set(found[key]) == {"object", "object version"}


def test_a_planted_file_is_named_once_no_deposit_can_be_under_way(
    attacked: AttackedArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"{attacked.first.key.rpartition('/')[0]}/planted-00000.warc.gz"
    attacked.shadow(key, b"planted")
    # as if an hour had passed: until then it may be the file of a deposit that is not in custody yet
    monkeypatch.setattr("storage.integrity.verification.UNDER_WAY", timedelta(hours=-1))
    assert both(attacked) == ({key: ["object version"]}, {key: ["object version"]})


def test_an_entry_planted_behind_a_gap_is_named(attacked: AttackedArchive) -> None:
    attacked.shadow(custody_key(HELD + 2), b"planted")
    alone, with_database = both(attacked)
    gap = f"{custody_key(HELD + 1)}: object"
    assert gap in alone["custody"]
    assert gap in with_database["custody"]


ALL_KINDS = (
    "warc/",
    "custody/000000000003",
    f"custody/{HELD:012d}",
    "custody/tokens/",
    "sealed/000000000003",
    "sealed/accesses/",
    f"log/checkpoints/{HELD:012d}",
    f"log/tile/0/000.p/{HELD}",
    f"log/tile/entries/000.p/{HELD}",
)
"""A file, two entries, a token, sealed values, a batch, a checkpoint, a tile, a bundle."""


def one_of_each(attacked: AttackedArchive) -> list[ListedVersion]:
    return [next(iter(attacked.archive.objects.list(prefix))) for prefix in ALL_KINDS]


def test_every_object_that_a_later_version_shadows_is_named(attacked: AttackedArchive) -> None:
    keys = [version.key for version in one_of_each(attacked)]
    for key in keys:
        attacked.shadow(key, b"another")
    for found in both(attacked):
        told = [(subject, what.partition(": ")[0]) for subject in found for what in found[subject]]
        assert [key for key in keys if not any(key in each for each in told)] == []
        assert len(told) == len(keys), "nothing besides is named"


def test_every_lock_that_was_made_shorter_is_named(attacked: AttackedArchive) -> None:
    versions = one_of_each(attacked)
    shorter = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    for version in versions:
        end_lock(attacked.archive.objects, version.key, version.version_id, shorter)
    file, entry, _, token, _, batch, checkpoint, *_ = (version.key for version in versions)
    expected = {
        file: ["lock"],
        token: ["lock of the token"],
        "sealed": [f"locks of 2 sealed objects, the first {batch}"],
        "custody": [f"locks of 2 entries, the first {entry}"],
        "log": [f"locks of 3 objects of the log, the first {checkpoint}"],
    }
    assert both(attacked) == (expected, expected)
