"""kill -9 at any moment of a crawl, several at once: what was complete in the spool is deposited, exactly once."""

import random
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.collect.deposit_spool import recover_spools
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.catalogue.tables import warcs
from storage.ledger.chain import read_chain
from tests.pipeline.killed_crawls import Crawling, complete_records, length_of, responses_in

AT_ONCE = 3
ROUNDS = 5
LONGEST_S = 1.5
"""A crawl of the sample channel records for about that long."""


@pytest.mark.timeout(600)
def test_crawls_killed_at_random_moments_are_deposited_exactly_once(
    archive: Archive, sample_sites: SampleSites, tmp_path: Path
) -> None:
    moments = random.Random(20261123)
    complete: dict[str, list[str]] = {}
    torn: list[Path] = []
    remarks: list[str] = []
    for _ in range(ROUNDS):
        crawls = [Crawling(sample_sites, tmp_path, archive) for _ in range(AT_ONCE)]
        for number, crawl in enumerate(crawls):
            if number > 0:  # the first may die before it has written a byte
                crawl.wait_for_its_first_record()
            time.sleep(moments.uniform(0, LONGEST_S / AT_ONCE))
            crawl.kill(moments.choice(["all", "all", "leader"]))
            complete[crawl.crawl_id] = responses_in(crawl.folder)
            for path in crawl.folder.glob("*.open"):
                whole = sum(1 for _ in complete_records(path))
                torn += [path] if whole and path.stat().st_size > length_of(path) else []
        remarks += recover_spools(archive, tmp_path, actor="test").remarks

    assert recover_spools(archive, tmp_path, actor="test").deposited == ()
    with archive.reader.connect() as connection:
        deposited = {
            crawl_id: [
                capture.id
                for capture in captures_of_crawl(connection, crawl_id)
                if capture.record_type in ("response", "revisit")
            ]
            for crawl_id in complete
        }
        files = connection.execute(select(warcs.c.key, warcs.c.crawl_id, warcs.c.origin)).all()
    assert {name: sorted(ids) for name, ids in deposited.items()} == {
        name: sorted(ids) for name, ids in complete.items()
    }
    assert sum(map(len, complete.values())) > 0, "no crawl got as far as its first page"
    assert [path.name for path in torn if not any(path.name in remark for remark in remarks)] == []
    chain = read_chain(archive.objects, archive.sealing)
    assert chain.problems == ()
    told = [each.entry for each in chain.entries]
    deposits = {entry.subject_id: entry for entry in told if entry.event == "deposited"}
    assert sorted(entry.subject_id for entry in told if entry.event == "deposited") == sorted(
        row.key for row in files
    )
    ends = [entry for entry in told if entry.event == "collection_ended"]
    ended = [entry.subject_id for entry in ends]
    assert len(set(ended)) == len(ended), "no crawl ends twice"
    assert {row.crawl_id for row in files} <= set(ended), "each crawl that left something has its end"
    assert {entry.details["recovered"] for entry in ends} == {True}
    assert {deposits[row.key].details["recovered"] for row in files} == {True}
    signed = {row.key for row in files if row.origin == "crawl"}
    unsigned = {row.key for row in files if row.origin == "import" and not row.key.endswith("-50000.warc.gz")}
    assert signed, "no crawl was recovered as one"
    assert {deposits[key].details["captures"] for key in unsigned} <= {0}, "killed before the first signature"
    assert list(tmp_path.rglob("*.warc.gz*")) == []
