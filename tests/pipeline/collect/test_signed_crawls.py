"""A harvest signs what it writes, and custody tells its end whatever killed it; what is brought is an import."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ulid import ULID

from access.views.custody_status import file_custody
from pipeline.collect.deposit_spool import recover_spools
from pipeline.collect.harvest import harvest_source
from pipeline.config.settings import ROOT, Settings
from pipeline.crawl.signing_key import secret_in_pipe, take_secret
from pipeline.supervise.processes import is_alive
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.deposit.deposit import deposit_file
from storage.ledger.crawl_facts import Fact, begin_collection
from storage.ledger.custody import entries
from storage.ledger.entry import CustodyEntry
from storage.signing import SECRET_BYTES, CrawlKey
from tests.pipeline.crawl.test_crawl_process import descendants, wait_until
from tests.storage.crawled_files import crawl, exchange, key_in_custody, response
from tests.storage.killed_deposits import environment


@pytest.fixture
def collecting(stored_settings: Settings, sample_sites: SampleSites, archive: Archive) -> Settings:
    del archive  # makes the bucket
    return replace(
        stored_settings,
        watchlist=ROOT / "samples" / "watchlist.yaml",
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )


def entries_of(archive: Archive, event: str) -> list[CustodyEntry]:
    with archive.reader.connect() as connection:
        return [entry for entry in entries(connection) if entry.event == event]


def test_what_a_harvest_deposits_is_its_crawls_and_a_changed_copy_is_an_import(
    collecting: Settings, archive: Archive, tmp_path: Path
) -> None:
    """The attack: a file of ours with other text, under a name of ours, brought by `letapis deposit`."""
    result = harvest_source(collecting, "oblsud")
    (deposited,) = entries_of(archive, "deposited")
    (forged,) = crawl(tmp_path, [exchange("https://oblsud.example/", response(b"forged"))], crawl_id=str(ULID()))
    command = [sys.executable, "-m", "pipeline.cli", "deposit", "--json", str(forged)]
    brought = subprocess.run(
        command, env=environment(collecting) | {"LOGNAME": "stranger"}, capture_output=True, text=True, check=True
    )

    (row,) = map(json.loads, brought.stdout.splitlines())
    assert deposited.details["origin"] == "crawl"
    assert deposited.details["recovered"] is False
    assert deposited.details["crawl_id"] == result.report.crawl_id
    assert (row["origin"], row["brought_by"]) == ("import", "stranger")
    assert row["origin_reason"] == "no signatures of a crawl stand beside it"


HARVEST = """
import sys
from pathlib import Path
from pipeline.collect.harvest import harvest_source
from pipeline.supervise.processes import is_alive
from pipeline.config.settings import load_settings
harvest_source(
    load_settings(dotenv=Path("/nonexistent")), "tg-vestki", on_progress=lambda text: print(text, flush=True)
)
"""


def test_a_harvest_that_was_killed_is_recovered_as_its_crawl_and_gets_its_end(
    collecting: Settings, archive: Archive
) -> None:
    told_by = environment(collecting) | {
        "LETAPIS_WATCHLIST": str(collecting.watchlist),
        "LETAPIS_CONNECT_TO": ",".join(collecting.connect_to),
        "LETAPIS_ALLOW_ADDRESSES": ",".join(collecting.allow_addresses),
        "LETAPIS_UPSTREAM_CA": str(collecting.upstream_ca),
    }
    harvest = subprocess.Popen(
        [sys.executable, "-c", HARVEST], cwd=ROOT, env=told_by, stdout=subprocess.PIPE, text=True
    )
    assert harvest.stdout is not None
    assert any("1 pages" in line for line in harvest.stdout)
    family = [harvest.pid, *descendants(harvest.pid)]
    for pid in family:
        os.kill(pid, signal.SIGKILL)
    harvest.wait()
    wait_until(lambda: not any(map(is_alive, family)))
    assert entries_of(archive, "collection_ended") == []

    recover_spools(archive, collecting.spool_dir, actor="the next run")
    recover_spools(archive, collecting.spool_dir, actor="the run after that")

    (started,) = entries_of(archive, "collection_started")
    first, *rest = entries_of(archive, "deposited")
    (end,) = entries_of(archive, "collection_ended")
    assert (first.details["origin"], first.details["recovered"]) == ("crawl", True)
    assert [entry.details["origin"] for entry in rest] in ([], ["import"])
    assert (end.subject_id, end.actor) == (started.subject_id, "the next run")
    assert (end.details["recovered"], end.details["pages"]) == (True, None)
    assert "ended without a report" in end.details["problem"]
    assert end.details["warc_keys"] == [entry.subject_id for entry in (first, *rest)]
    with archive.reader.connect() as connection:
        assert any(capture.record_type == "response" for capture in captures_of_crawl(connection, end.subject_id))


def test_a_crawl_that_died_before_it_wrote_anything_gets_its_end_once_it_cannot_be_about_to_begin(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, machine in (("here", socket.gethostname()), ("elsewhere", "another-machine")):
        facts = {"machine": Fact(machine)}
        begin_collection(archive, crawl_id=name, source_id="kanal", actor="tester", facts=facts)
    recover_spools(archive, tmp_path, actor="tester")
    assert entries_of(archive, "collection_ended") == []

    monkeypatch.setattr("pipeline.collect.collection_end.FORGOTTEN_AFTER", timedelta(0))
    recover_spools(archive, tmp_path, actor="tester")

    assert [entry.subject_id for entry in entries_of(archive, "collection_ended")] == ["here"]


def test_the_key_goes_through_a_pipe_and_stands_in_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = CrawlKey.new_secret()
    with secret_in_pipe(secret) as ((reading,), variables):
        assert secret.hex() not in repr(variables)
        for name, value in variables.items():
            monkeypatch.setenv(name, str(os.dup(int(value))))
        assert take_secret() == secret
        assert take_secret() is None, "it is taken out of the environment"
        os.set_blocking(reading, False)
        assert os.read(reading, SECRET_BYTES) == b"", "nothing is left of it in the pipe"


def test_no_file_of_a_crawl_holds_its_key(archive: Archive, tmp_path: Path) -> None:
    secret = CrawlKey.new_secret()
    (path,) = crawl(tmp_path, [exchange("https://a.test/", response(b"a"))], key=CrawlKey(secret))
    written = [file.read_bytes() for file in path.parent.iterdir() if file.is_file()]
    assert all(secret not in content and secret.hex().encode() not in content for content in written)


def test_pages_and_commands_say_who_brought_a_file(archive: Archive, tmp_path: Path) -> None:
    crawl_id = str(ULID())
    key = key_in_custody(archive, crawl_id)
    (ours,) = crawl(tmp_path / "a", [exchange("https://a.test/", response(b"a"))], crawl_id=crawl_id, key=key)
    (theirs,) = crawl(tmp_path / "b", [exchange("https://b.test/", response(b"b"))])
    signed, brought = (
        file_custody(archive, deposit_file(archive, path, actor="stranger").key) for path in (ours, theirs)
    )
    assert signed is not None and brought is not None
    assert (signed["origin"], brought["origin"]) == ("crawl", "import")
    assert "Signed by the crawl that wrote it" in signed["sentences"][1]
    assert brought["sentences"][1].startswith("Imported by stranger at ")
    assert "The archive cannot show that this collector observed them" in brought["sentences"][1]
