"""kill -9 at any moment of depositing: afterwards everything in the spool is deposited, exactly once."""

from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.config.settings import Settings
from storage.archive import Archive
from storage.catalogue.tables import captures, warcs
from storage.deposit.replication import replicate
from storage.ledger.chain import read_chain
from storage.ledger.custody import publish_pending_entries
from tests.storage.killed_deposits import deposit_and_kill

KILLS = 27
KILLS_WITH_TWO_STORES = 8


@pytest.mark.timeout(600)
def test_killed_at_many_random_moments_nothing_is_lost_or_deposited_twice(
    archive: Archive, stored_settings: Settings, tmp_path: Path
) -> None:
    written = deposit_and_kill(stored_settings, tmp_path, KILLS)
    publish_pending_entries(archive)
    with archive.reader.connect() as connection:
        deposited = {row.key.rpartition("/")[2]: row.sha256 for row in connection.execute(select(warcs))}
        urls = list(connection.scalars(select(captures.c.url).where(captures.c.record_type == "response")))
    assert deposited == {name: str(digest) for name, digest in written.items()}
    assert sorted(urls) == sorted(f"https://t.me/s/kanal?before={number}" for number in range(len(written)))
    chain = read_chain(archive.objects, archive.sealing)
    assert chain.problems == ()
    assert sorted(each.entry.subject_id.rpartition("/")[2] for each in chain.entries) == sorted(written)
    assert len(list(archive.objects.list("warc/"))) == len(written), "no second version of any file"


@pytest.mark.timeout(600)
def test_killed_between_two_stores_each_has_every_file_once(
    copied_archive: Archive, copied_settings: Settings, tmp_path: Path
) -> None:
    written = deposit_and_kill(copied_settings, tmp_path, KILLS_WITH_TWO_STORES)
    report = replicate(copied_archive, actor="clock")
    assert (report.pending, report.pending_entries, report.problems) == ((), 0, ())
    assert copied_archive.replica is not None
    for store in (copied_archive.objects, copied_archive.replica):
        listed = [version.key.rpartition("/")[2] for version in store.list("warc/")]
        assert sorted(listed) == sorted(written)
        assert read_chain(store).problems == ()
    told = [each.entry.event for each in read_chain(copied_archive.replica).entries]
    assert (told.count("deposited"), told.count("copied")) == (len(written), len(written))
