"""Crawls to be killed, and what stands whole in the files they leave; for tests and `benchmarks.kills`."""

import json
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from crawlers.model.serialization import job_to_json
from crawlers.watchlist.loader import read_watchlist
from pipeline.config.settings import ROOT, Settings
from pipeline.crawl import job_for
from pipeline.supervise.processes import is_alive
from samples.sites import SampleSites
from storage.archive import Archive
from storage.ledger.crawl_facts import begin_collection
from storage.signing import CrawlKey
from tests.pipeline.crawl.test_crawl_process import MARK, STARTER, command_of, descendants, marked, wait_until


class Crawling:
    """A crawl that begins in custody, signs, and goes on until somebody kills it; and what is left of it then."""

    def __init__(self, sites: SampleSites, spool: Path, archive: Archive) -> None:
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
        secret = CrawlKey.new_secret()
        begin_collection(
            archive,
            crawl_id=job.crawl_id,
            source_id=source.id,
            actor="collector-1",
            facts={},
            signing_key=CrawlKey(secret).public,
        )
        self.starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, json.dumps(job_to_json(job)), str(spool), secret.hex()],
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
        for pid in {"all": family, "leader": leader or family}[whom]:  # on a slow machine there is none yet
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
