"""kill -9 at any moment of a crawl, several at once: what was complete in the spool is deposited, exactly once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from crawlers.capture_json import job_to_json
from crawlers.watchlist import read_watchlist
from pipeline.crawl import job_for
from pipeline.deposits import recover_spools
from pipeline.services.processes import is_alive
from pipeline.settings import ROOT, Settings
from samples.sites import SampleSites
from storage.archive import Archive
from storage.captures import captures_of_crawl
from storage.catalogue_tables import warcs
from storage.chain import read_chain
from tests.pipeline.test_crawl_processes import MARK, STARTER, command_of, descendants, marked, wait_until

AT_ONCE = 3
ROUNDS = 2
LONGEST_S = 1.5
"""A crawl of the sample channel records for about that long."""


class Crawling:
    """A crawl that goes on until somebody kills it, and what is left of it then."""

    def __init__(self, sites: SampleSites, spool: Path) -> None:
        source = read_watchlist(ROOT / "samples" / "watchlist.yaml").source("tg-vestki")
        job = job_for(
            replace(source, delay_s=0.01),
            user_agent=Settings().user_agent,
            collector="collector-1",
            connect_to=(sites.connect_to,),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=sites.authority,
        )
        self.crawl_id = job.crawl_id
        self.folder = spool / job.crawl_id
        self.starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, json.dumps(job_to_json(job)), str(spool)],
            stdout=subprocess.DEVNULL,
            env={**os.environ, MARK: job.crawl_id},
        )

    def wait_for_its_first_record(self) -> None:
        wait_until(lambda: any(self.folder.glob("*.warc.gz*")) or self.starter.poll() is not None)

    def kill(self, whom: str) -> None:
        family = [self.starter.pid, *descendants(self.starter.pid)]
        leader = [
            pid for pid in family if "-m pipeline.crawl " in command_of(pid) and "keeper" not in command_of(pid)
        ]
        for pid in {"all": family, "leader": leader}[whom]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        wait_until(lambda: not [pid for pid in family if is_alive(pid)] and marked(self.crawl_id) == [])
        self.starter.wait()


def complete_records(path: Path) -> Iterator[bytes]:
    """Every whole gzip member of a file, by nothing of ours."""
    left = path.read_bytes()
    while left:
        member = zlib.decompressobj(31)
        record = member.decompress(left)
        if not member.eof:
            return
        yield record
        left = member.unused_data


def field(record: bytes, name: bytes) -> str:
    head = record.partition(b"\r\n\r\n")[0]
    (line,) = [line for line in head.split(b"\r\n") if line.startswith(name + b": ")]
    return line.partition(b": ")[2].decode()


def responses_in(folder: Path) -> list[str]:
    records = [record for path in sorted(folder.glob("*.warc.gz*")) for record in complete_records(path)]
    return [
        field(record, b"WARC-Record-ID").strip("<>")
        for record in records
        if field(record, b"WARC-Type") in ("response", "revisit")
    ]


@pytest.mark.timeout(600)
def test_crawls_killed_at_random_moments_are_deposited_exactly_once(
    archive: Archive, sample_sites: SampleSites, tmp_path: Path
) -> None:
    moments = random.Random(20261123)
    complete: dict[str, list[str]] = {}
    torn: list[Path] = []
    remarks: list[str] = []
    for _ in range(ROUNDS):
        crawls = [Crawling(sample_sites, tmp_path) for _ in range(AT_ONCE)]
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
        files = connection.execute(select(warcs.c.key, warcs.c.crawl_id)).all()
    assert {name: sorted(ids) for name, ids in deposited.items()} == {
        name: sorted(ids) for name, ids in complete.items()
    }
    assert sum(map(len, complete.values())) > 0, "no crawl got as far as its first page"
    assert [path.name for path in torn if not any(path.name in remark for remark in remarks)] == []
    chain = read_chain(archive.objects)
    assert chain.problems == ()
    assert sorted(each.entry.subject_id for each in chain.entries) == sorted(row.key for row in files)
    assert list(tmp_path.rglob("*.warc.gz*")) == []


def length_of(path: Path) -> int:
    """Bytes of the file's whole members."""
    left = content = path.read_bytes()
    while left:
        member = zlib.decompressobj(31)
        member.decompress(left)
        if not member.eof:
            break
        left = member.unused_data
    return len(content) - len(left)
