"""A disk that is full: the crawl stops and says where, what is complete stays, and the next run takes it up."""

import json
import re
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crawlers.model.report import CrawlReport
from crawlers.model.serialization import job_to_json, report_from_json
from crawlers.watchlist.loader import read_watchlist
from pipeline.collect.deposit_spool import recover_spools
from pipeline.config.settings import ROOT, Settings
from pipeline.crawl import job_for
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from tests.storage.sample_exchanges import records_in

ROOM_BYTES = 256 << 10
"""Of the sample channel's photos some fit, and not all."""

CRAWL = """
import json, sys
from pathlib import Path
from crawlers.model.serialization import job_from_json, report_to_json
from pipeline.crawl import run_crawl
report = run_crawl(job_from_json(json.loads(sys.argv[1])), Path(sys.argv[2]))
print(json.dumps(report_to_json(report)))
"""

ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size={room} none {disk}
{python} -c "$1" "$2" {disk} > {told}
cp -a {disk}/. {kept}
"""


def no_larger_files() -> None:
    """The kernel then refuses what goes beyond, as it does on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, ROOM_BYTES))


def job(sites: SampleSites) -> str:
    source = read_watchlist(ROOT / "samples" / "watchlist.yaml").source("tg-vestki")
    made = job_for(
        replace(source, delay_s=0.01),
        user_agent=Settings().user_agent,
        collector="collector-1",
        connect_to=(sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sites.authority,
    )
    return json.dumps(job_to_json(made))


def is_told_and_taken_up(report: CrawlReport, place: Path, archive: Archive, spool: Path) -> None:
    """``place`` is where the crawl wrote; ``spool`` is where its folder is now."""
    assert report.problem is not None
    # whichever finds no room first: the WARC file, or the body of a film that gathers beside it
    assert f"{place}/{report.crawl_id}" in report.problem
    assert re.search(r"with \d+ bytes free there", report.problem)
    folder = spool / report.crawl_id
    (file,) = folder.glob("*.warc.gz")
    records = records_in(file)
    assert list(folder.glob("*.open")) == []
    assert len(records) == report.files[0].records > 1
    assert file.stat().st_size <= ROOM_BYTES

    recovery = recover_spools(archive, spool, actor="test")

    assert [(each.crawl_id, each.records) for each in recovery.deposited] == [(report.crawl_id, len(records))]
    with archive.reader.connect() as connection:
        seen = [each.record_type for each in captures_of_crawl(connection, report.crawl_id)]
    assert seen.count("response") == sum(kind == "response" for kind, _ in records) > 0


def test_where_files_may_grow_no_further_the_crawl_stops_and_the_next_run_takes_it_up(
    archive: Archive, sample_sites: SampleSites, tmp_path: Path
) -> None:
    """The kernel refuses the write for real, whoever runs this test: a limit on the size of files."""

    spool = tmp_path / "spool"
    done = subprocess.run(
        [sys.executable, "-c", CRAWL, job(sample_sites), str(spool)],
        preexec_fn=no_larger_files,
        stdout=subprocess.PIPE,
        check=True,
    )
    report = report_from_json(json.loads(done.stdout))
    assert "File too large" in (report.problem or "")
    is_told_and_taken_up(report, spool, archive, spool)


LARGE_BODY = """
import sys
from pathlib import Path
from crawlers.recorder.writer_thread import MessageBuffer
body = MessageBuffer(Path(sys.argv[1]))
try:
    for _ in range(40):
        body.add([bytes(1 << 16)], [bytes(1 << 16)])
except OSError as refused:
    print(refused.strerror)
"""


def test_a_large_body_that_finds_no_room_names_the_folder_and_the_bytes_free(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LARGE_BODY, str(tmp_path)],
        preexec_fn=no_larger_files,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert f"a large body could not be kept in {tmp_path}: File too large, with " in done.stdout
    assert " bytes free there; make room, then run again" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.root
def test_on_a_disk_that_is_full_the_crawl_stops_and_the_next_run_takes_it_up(
    archive: Archive, sample_sites: SampleSites, tmp_path: Path
) -> None:
    disk, kept, told = (tmp_path / name for name in ("disk", "kept", "told"))
    disk.mkdir()
    kept.mkdir()
    script = ON_A_SMALL_DISK.format(room=ROOM_BYTES, disk=disk, kept=kept, told=told, python=sys.executable)
    unshare = shutil.which("unshare")
    assert unshare is not None
    subprocess.run([unshare, "--mount", "sh", "-c", script, "sh", CRAWL, job(sample_sites)], check=True)
    report = report_from_json(json.loads(told.read_text("utf-8")))
    assert "No space left on device" in (report.problem or "")
    is_told_and_taken_up(report, disk, archive, kept)
