"""The parser of docs/extensions.md over two nights of a sample site, from the crawl to a rebuild."""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator
from sqlalchemy import select

from access.views.captures import one_capture
from access.views.search import found, kinds_of, one_record
from pipeline.collect.harvest import harvest_source
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT, Settings
from pipeline.process.extensions import deposited_last
from pipeline.process.rebuild import rebuild
from pipeline.process.run import extension_use, process_pending
from pipeline.setup.doctor import examine
from pipeline.sources.trial import try_sources
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.tables import versions, warcs
from storage.ledger.custody import entries
from storage.ledger.extensions import extension_deposits
from storage.queries.changes import changes
from storage.search_index.question import SearchQuery

TEXT = (ROOT / "docs" / "extensions.md").read_text("utf-8")


def block(language: str, beginning: str) -> str:
    """A block of code of the text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)
    return str(next(each for each in blocks if each.startswith(beginning)))


@pytest.fixture
def day(sample_sites: SampleSites) -> Iterator[SampleSites]:
    yield sample_sites
    sample_sites.set_day(1)


@pytest.fixture
def collecting(stored_settings: Settings, sample_sites: SampleSites, tmp_path: Path) -> Settings:
    """Settings with the extension and the watch-list of the text, and every host on the sample sites."""
    folder = tmp_path / "extensions" / "materials"
    folder.mkdir(parents=True)
    (folder / "parser.py").write_text(block("python", '"""The list of forbidden'), "utf-8")
    for each in (folder.parent, folder, folder / "parser.py"):
        each.chmod(0o755 if each.is_dir() else 0o644)
    (tmp_path / "watchlist.yaml").write_text(f"defaults: {{delay_s: 0.01}}\n{block('yaml', 'sources:')}", "utf-8")
    settings = replace(
        stored_settings,
        watchlist=tmp_path / "watchlist.yaml",
        extensions=folder.parent,
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
    return settings


@pytest.fixture
def opened(collecting: Settings) -> Iterator[Archive]:
    with opened_archive(collecting) as archive:
        yield archive


def contents(archive: Archive) -> list[tuple[str, str]]:
    with archive.reader.connect() as connection:
        rows = connection.execute(select(versions.c.id, versions.c.content))
        return sorted((row.id, json.dumps(row.content, sort_keys=True)) for row in rows)


def test_the_parser_of_the_text_reads_crawls_and_is_kept_with_what_it_read(
    collecting: Settings, opened: Archive, day: SampleSites
) -> None:
    code = collecting.extension_folder.code("materials")
    first = harvest_source(collecting, "materials")
    assert first.problem is None
    assert first.report.records_read == 6, "both pages are read by it while the crawl goes on"
    assert first.report.pages == 2
    day.set_day(2)
    assert harvest_source(collecting, "materials").problem is None
    process_pending(collecting)

    (book,) = found(opened, SearchQuery(text="Узор гісторыі", kind=("materials.material",))).rows
    assert (book["title"], book["number"], book["published_raw"]) == ("Кніга «Узор гісторыі»", "2", "19.01.2026")
    assert book["dated_at"] == "2026-01-19T00:00:00Z"
    assert one_record(opened, book["record_id"]) is not None
    assert "materials.material" in kinds_of(opened)
    shown = one_capture(opened, book["capture_id"])
    assert shown is not None
    assert "extension_deposited" in {entry["event"] for entry in shown["custody"]}
    with opened.reader.connect() as connection:
        told = sorted((each.kind, each.natural_key) for each in changes(connection, "materials"))
        events = [entry.event for entry in entries(connection)]
        (entry,) = extension_deposits(connection, "materials")
        (key, version), *_ = connection.execute(select(warcs.c.key, warcs.c.object_version)).all()
    assert {kind for kind, _ in told} >= {"added", "missing"}
    assert events[:2] == ["extension_deposited", "collection_started"], "the code is there before the first byte"
    assert entry.subject_digest == code.digest

    warcinfo = next(iter(ArchiveIterator(opened.objects.open(key, version)))).reader.read().decode()
    assert f"extension: materials {code.digest}\r\n" in warcinfo
    assert '"parser": "materials.parser:Materials"' in warcinfo
    assert list(collecting.spool_dir.iterdir()) == []

    before = contents(opened)
    assert len(before) > 6
    without = rebuild(opened)
    assert [(each.parser, each.sources, each.pages) for each in without.waiting] == [
        ("materials.parser:Materials", ("materials",), 4)
    ]
    assert contents(opened) == []
    allowed = deposited_last(opened, collecting.extension_folder, collecting.collector)
    assert rebuild(opened, extensions=allowed).waiting == ()
    assert contents(opened) == before
    assert process_pending(opened, extensions=extension_use(collecting)).files == 0


def test_a_trial_reads_by_the_operators_parser(collecting: Settings) -> None:
    from crawlers.watchlist.loader import read_watchlist

    sources = read_watchlist(collecting.watchlist, extensions=collecting.extension_folder).sources
    (trial,) = try_sources(collecting, sources, on_trial=lambda each: None)
    assert (trial.outcome, trial.records, trial.leads_to) == ("content", 4, 2)
    assert trial.filled["court_raw"] == 4


def test_the_parser_of_the_text_fails_on_a_page_that_is_not_as_it_was(
    collecting: Settings, opened: Archive, day: SampleSites
) -> None:
    assert collecting.extensions is not None
    file = collecting.extensions / "materials" / "parser.py"
    file.write_text(file.read_text("utf-8").replace('"^[0-9]+$"', '"^[A-Z]+$"'), "utf-8")
    result = harvest_source(collecting, "materials")
    assert result.problem is not None
    assert "materials.parser:Materials: ValueError: record 1: number: '1' does not match" in result.problem
    assert process_pending(collecting).unreadable == 1


def test_the_commands_of_the_text_are_as_they_are_written() -> None:
    from typer.testing import CliRunner

    from pipeline.cli import app

    commands = re.findall(r"^\.venv/bin/letapis (.*)$", TEXT, flags=re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        words = command.split()
        options = [word for word in words if word.startswith("--")]
        names = words[:2] if words[0] == "sources" else words[:1]
        shown = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0, command
        assert all(option in shown.output for option in options), command


SPIDER = """
import os, socket

from crawlers.spiders.base import SourceSpider
from crawlers.spiders.items import Remark


def tried(what):
    try:
        return f"got {what()!r}"
    except OSError as refused:
        return type(refused).__name__


class Pages(SourceSpider):
    name = "materials"

    def parse(self, response):
        keys = [each for each in os.environ if "hunter2" in os.environ[each] or "DATABASE" in each]
        yield Remark(f"environment {keys}")
        yield Remark("parent " + tried(lambda: open(f"/proc/{os.getppid()}/environ", "rb").read()))
        yield Remark("settings " + tried(lambda: open("SECRET").read()))
        yield Remark("beside the recorder " + tried(lambda: socket.create_connection(("127.0.0.1", PORT), 5)))
        yield Remark("datagram " + tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
        yield Remark("file " + tried(lambda: open("/tmp/written-by-a-spider", "w")))
        reading = self.read(response)
        yield from self.results(reading)
        for url in reading.links.next_pages:
            if "page=" in url:
                yield response.follow(url)
"""


def test_an_operators_spider_crawls_through_the_recorder_and_holds_no_keys(
    collecting: Settings, opened: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LETAPIS_S3_SECRET_KEY", "hunter2")
    assert collecting.extensions is not None
    secret = tmp_path / "stack.json"
    secret.write_text("hunter2")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        text = SPIDER.replace("SECRET", str(secret)).replace("PORT", str(listener.getsockname()[1]))
        file = collecting.extensions / "materials" / "spider.py"
        file.write_text(text)
        file.chmod(0o644)
        listed = collecting.watchlist.read_text("utf-8") + "    spider: materials.spider:Pages\n"
        collecting.watchlist.write_text(listed, "utf-8")
        result = harvest_source(collecting, "materials")
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert result.problem is None
    assert (result.report.pages, result.report.records_read) == (2, 6)
    said = dict(each.rsplit(" ", 1) for each in result.report.remarks)
    assert not any("hunter2" in each for each in result.report.remarks)
    assert {name.partition(": ")[2] or name: value for name, value in said.items()} == {
        "environment": "[]",
        "parent": "PermissionError",
        "settings": "PermissionError",
        "beside the recorder": "PermissionError",
        "datagram": "PermissionError",
        "file": "PermissionError",
    }
    assert not Path("/tmp/written-by-a-spider").exists()


def test_a_class_that_is_no_spider_ends_the_crawl_with_a_reason(collecting: Settings, opened: Archive) -> None:
    listed = collecting.watchlist.read_text("utf-8") + "    spider: materials.parser:Materials\n"
    collecting.watchlist.write_text(listed, "utf-8")
    result = harvest_source(collecting, "materials")
    assert result.problem is not None
    assert "expected a subclass of crawlers.spiders.base.SourceSpider" in result.problem


def test_the_doctor_says_whether_extensions_can_be_used(collecting: Settings) -> None:
    assert collecting.extensions is not None
    (check,) = [each for each in examine(collecting) if each.name == "Extensions"]
    assert (check.state, check.found) == ("ok", f"{collecting.extensions}: materials")
    (collecting.extensions / "materials" / "parser.py").chmod(0o666)
    (check,) = [each for each in examine(collecting) if each.name == "Extensions"]
    assert check.state == "missing"
    assert "only its owner can write there" in check.found
