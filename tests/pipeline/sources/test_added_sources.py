"""Sources that people add: entries of custody, merged with the file, harvested, back after a rebuild."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from access.sources_desk import SentSource, SourceRefusedError
from pipeline.cli import app
from pipeline.collect.backfill import channels_of
from pipeline.collect.harvest import harvest_source, plan_interleaved, planned_sources
from pipeline.config.archive_factory import opened_archive
from pipeline.config.listed_sources import sources_as_known, usable_now, watchlist_now
from pipeline.config.settings import Settings, variable
from pipeline.devstack.postgres import PostgresServer
from pipeline.process.rebuild import rebuild
from pipeline.setup.doctor import examine
from pipeline.setup.status import status_lines
from pipeline.sources.sources_desk import AddingDesk
from samples.sites import SampleSites
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.ledger.added_sources import added_sources
from storage.ledger.custody import entries
from tests.embedded_database import drop_database
from tests.storage.killed_deposits import environment

FILE = """
defaults: {delay_s: 1.5, limits: {pages: 20, seconds: 60}}
sources:
  - {id: vesnik, kind: news, feeds: [https://vesnik.pryklad.example/rss.xml]}
"""
CHANNEL = "t.me/s/pryklad_monitor"
ALA, BASIA = Viewer("ala", Role.COLLECTOR), Viewer("basia", Role.COLLECTOR)


@dataclass(frozen=True)
class Adding:
    settings: Settings
    archive: Archive
    desk: AddingDesk

    def add(self, address: str = CHANNEL, **more: str) -> dict[str, Any]:
        return dict(self.desk.add(self.archive, SentSource(address, **more), ALA))

    def refusal(self, address: str = CHANNEL, **more: str) -> str:
        with self.archive.reader.connect() as connection:
            before = entries(connection)
        with pytest.raises(SourceRefusedError) as refused:
            self.add(address, **more)
        with self.archive.reader.connect() as connection:
            assert entries(connection) == before
        return str(refused.value)

    def write_file(self, text: str) -> None:
        self.settings.watchlist.write_text(text, "utf-8")

    def row(self, name: str) -> dict[str, Any]:
        (row,) = [row for row in self.desk.rows(self.archive) if (row["id"], row["origin"]) == (name, "added")]
        return row


@pytest.fixture
def adding(archive: Archive, stored_settings: Settings, tmp_path: Path) -> Iterator[Adding]:
    settings = replace(stored_settings, watchlist=tmp_path / "watchlist.yaml")
    settings.watchlist.write_text(FILE, "utf-8")
    yield Adding(settings, archive, AddingDesk(lambda: settings))


def test_a_source_is_added_by_its_address_and_planned_beside_those_of_the_file(adding: Adding) -> None:
    row = adding.add(engine="auto", publisher="Прыклад", reason="новы канал", settings="limits: {pages: 7}")
    assert (row["id"], row["source_kind"], row["state"]) == ("tg-pryklad-monitor", "telegram", "collected")
    assert (row["added_by"], row["added_because"]) == ("ala", "новы канал")
    assert planned_sources(adding.settings) == ("vesnik", "tg-pryklad-monitor")
    assert set(plan_interleaved(adding.settings)) == {"vesnik", "tg-pryklad-monitor"}
    assert set(channels_of(adding.settings)) == {"tg-pryklad-monitor"}, "its history can be fetched"
    source = watchlist_now(adding.settings).source("tg-pryklad-monitor")
    assert (source.engine, source.publisher, source.limits.pages) == ("auto", "Прыклад", 7)
    assert (source.delay_s, source.limits.seconds) == (1.5, 60), "the defaults of the file hold for it"


def test_what_is_added_is_sealed_in_custody(adding: Adding) -> None:
    adding.add(reason="новы канал")
    with adding.archive.reader.connect() as connection:
        (entry,) = entries(connection)
    assert (entry.event, entry.actor, entry.details["source_id"]) == ("source_added", "ala", "tg-pryklad-monitor")
    for word in ("pryklad", "ala", "канал"):
        assert word.encode() not in entry.canonical()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"address": " "}, "Expected a channel or a web address, found none"),
        ({"address": "whatever it is"}, "expected one channel or web address, found none"),
        ({"address": "ftp://a.example/x"}, "expected a channel, or an http or https address of a public host"),
        (
            {"address": "http://192.168.0.7/list"},
            "expected a channel, or an http or https address of a public host",
        ),
        (
            {"address": "https://court.example/a.pdf", "settings": "pages: [http://192.168.0.7/list]"},
            "http://192.168.0.7/list leads to 192.168.0.7, an address that is not public",
        ),
        ({"address": "https://vesnik.pryklad.example/rss.xml"}, "is collected by the source vesnik already"),
        ({"name": "vesnik"}, "the id 'vesnik' is taken"),
        ({"name": "Two Words"}, "'Two Words': expected a-z, 0-9, - and _"),
        ({"kind": "news"}, "kind news does not go with"),
        (
            {"engine": "netscape"},
            "What you entered: engine: input should be 'http', 'browser', 'auto' or 'direct'",
        ),
        ({"settings": "limits: {pages: many}"}, "What you entered: limits.pages:"),
        ({"settings": "limits: {pages: 90000}"}, "expected at most 5000 pages a night, found 90000"),
        ({"settings": "limits: {seconds: 20000}"}, "expected at most 14400 seconds a night, found 20000"),
        ({"settings": "limits: {bytes: 1TB}"}, "expected at most 20000000000 bytes a night"),
        ({"settings": "video: {max_mb: 50000}"}, "video.max_mb: expected at most 2000, found 50000"),
        ({"settings": "profile: board"}, "profile: only the operator sets this"),
        ({"name": "on-demand"}, "id: on-demand is how the archive names what is no source"),
        ({"settings": "id: received"}, "id: received is how the archive names what is no source"),
        (
            {"settings": "publisher: &a " + "a" * 400 + "\nscope: [" + "*a, " * 400 + "*a]"},
            "written out, may have 40000 characters",
        ),
        ({"settings": "delay_s: 0"}, "delay_s: expected at least 1.0 seconds"),
        ({"settings": "egress: moon"}, "no egress profile 'moon'"),
        ({"settings": "layout: nothing"}, "layout"),
        ({"settings": "limit: {pages: 1}"}, "limit: only the operator sets this, in the file"),
        ({"settings": "robots: ignore"}, "robots: only the operator sets this"),
        ({"settings": "steps: [{python: 'a.py:b'}]"}, "steps: only the operator sets this"),
        ({"settings": "access_label: secret"}, "access_label: only the operator sets this"),
        ({"settings": "- a\n- b"}, "Settings: expected fields such as"),
        ({"settings": "a: [1"}, "Settings, line 1"),
        ({"settings": "expect: {min: 1}\nexpect: {min: 2}"}, "line 2: stands here a second time"),
        ({"settings": 'publisher: "a\\0b"\npages: 5'}, "pages"),
        ({"settings": "delay_s: .nan"}, "delay_s"),
        ({"settings": "id: 5"}, "id"),
        ({"settings": "kind: [a]"}, "kind"),
        ({"settings": "channel: {a: b}"}, "channel"),
    ],
)
def test_what_cannot_be_a_source_is_refused_in_words_and_nothing_is_written(
    adding: Adding, sent: dict[str, str], sentence: str
) -> None:
    said = adding.refusal(**sent)
    assert sentence in said
    assert "Nothing was written." in said


def test_one_source_is_added_once(adding: Adding) -> None:
    adding.add()
    assert "is collected by the source tg-pryklad-monitor already" in adding.refusal()
    assert "the id 'tg-pryklad-monitor' is taken" in adding.refusal("t.me/other_one", name="tg-pryklad-monitor")


def test_no_refusal_names_a_source_of_which_the_viewer_may_not_know(adding: Adding) -> None:
    adding.write_file(
        FILE
        + "  - {id: quiet, kind: telegram, channel: quiet_channel, access_label: secret}\n"
        + "  - {id: calm, kind: page, pages: [https://calm.example/a.pdf], access_label: secret}\n"
    )
    more = "pages: [https://calm.example/a.pdf]"

    assert "is collected by another source already" in adding.refusal("t.me/quiet_channel")
    assert "another source collects this already" in adding.refusal("https://court.example/b", settings=more)
    row = adding.add("t.me/some_other")
    typed = "kind: telegram\nchannel: quiet_channel\n"
    with pytest.raises(SourceRefusedError, match="another source collects this already") as refused:
        adding.desk.change(adding.archive, row["id"], typed, row["custody_seq"], BASIA)
    assert "quiet'" not in str(refused.value)


def test_mistakes_of_the_file_are_not_quoted_to_whoever_may_not_read_it(adding: Adding) -> None:
    quiet = "  - {id: quiet, kind: telegram, channel: quiet_channel, access_label: secret, delay_s: soon}\n"
    for broken in (FILE.replace("1.5", "quick"), FILE.replace("sources:", "sources: [")):
        adding.write_file(broken + quiet)
        refusal = adding.refusal()
        assert "has mistakes, which the operator mends first" in refusal
        assert "quiet" not in refusal


def test_a_mistake_in_an_entry_of_the_file_keeps_nobody_from_adding(adding: Adding) -> None:
    adding.write_file(f"{FILE}  - {{id: odd, kind: page, pages: 5, access_label: [a]}}\n")
    assert adding.add()["state"] == "collected"


def test_settings_are_changed_by_whoever_saw_the_newest(adding: Adding) -> None:
    row = adding.add()
    typed = "kind: telegram\nchannel: pryklad_monitor\nexpect: {min: 2}\n"
    changed = adding.desk.change(adding.archive, row["id"], typed, row["custody_seq"], BASIA)
    assert (changed["changed_by"], changed["entry"]["expect"]) == ("basia", {"min": 2})
    assert watchlist_now(adding.settings).source(row["id"]).expect.min == 2
    for seen, text, sentence in (
        (row["custody_seq"], "kind: telegram\nchannel: pryklad_monitor", "basia has changed it since"),
        (changed["custody_seq"], "kind: telegram\nchannel: '!'", "is not a channel"),
        (changed["custody_seq"], f"{typed}id: other", "a source keeps its id"),
        (
            changed["custody_seq"],
            "kind: news\nfeeds: [https://vesnik.pryklad.example/rss.xml]",
            "the source vesnik",
        ),
    ):
        with pytest.raises(SourceRefusedError, match=sentence):
            adding.desk.change(adding.archive, row["id"], text, seen, BASIA)
    assert adding.row(row["id"]) == changed


def test_an_ended_source_is_not_collected_any_more_and_can_be_added_again(adding: Adding) -> None:
    name = adding.add()["id"]
    with pytest.raises(SourceRefusedError, match="expected a reason"):
        adding.desk.end(adding.archive, name, " ", BASIA)
    ended = adding.desk.end(adding.archive, name, "канал закрыты", BASIA)
    assert (ended["state"], ended["why"], ended["ended_by"]) == ("ended", "канал закрыты", "basia")
    assert planned_sources(adding.settings) == ("vesnik",)
    with pytest.raises(SourceRefusedError, match="or it was ended"):
        adding.desk.end(adding.archive, name, "again", BASIA)
    with pytest.raises(SourceRefusedError, match="nobody has added such a source"):
        adding.desk.end(adding.archive, "vesnik", "it is in the file", BASIA)
    assert adding.add()["state"] == "collected"
    assert planned_sources(adding.settings) == ("vesnik", name)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("{id: tg-pryklad-monitor, kind: telegram, channel: another_one}", "the file has an entry of this id"),
        ("{id: mine, kind: telegram, channel: Pryklad_Monitor}", "collected by the source 'mine', which counts"),
    ],
)
def test_the_file_counts_where_it_has_the_same_source_and_that_is_said(
    adding: Adding, entry: str, why: str
) -> None:
    name = adding.add()["id"]
    adding.write_file(f"{FILE}  - {entry}\n")
    row = adding.row(name)
    assert row["state"] == "set_aside"
    assert why in row["why"]
    listed = watchlist_now(adding.settings)
    assert len(listed.sources) == 2
    assert usable_now(adding.settings).broken == {}


def test_an_added_source_that_the_file_makes_unusable_costs_no_other(adding: Adding) -> None:
    adding.write_file(FILE.replace("sources:", "layouts: {mine: {language: be}}\nsources:"))
    name = adding.add("https://court.example/hearings.pdf", settings="layout: mine")["id"]
    adding.write_file(FILE)
    usable = usable_now(adding.settings)
    assert list(usable.sources) == ["vesnik"]
    assert "added by ala: layout: no layout 'mine'" in str(usable.broken[name][0])
    assert adding.row(name)["state"] == "broken"


def test_a_harvest_takes_an_added_source(adding: Adding, sample_sites: SampleSites) -> None:
    settings = replace(
        adding.settings,
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    name = adding.add()["id"]
    result = harvest_source(settings, name)
    assert result.problem is None
    assert result.report.source == name
    assert result.captures > 0


def test_rebuild_brings_added_sources_back_from_the_store_alone(
    adding: Adding, postgres_server: PostgresServer, migrated_template: str
) -> None:
    row = adding.add()
    typed = "kind: telegram\nchannel: pryklad_monitor\nexpect: {min: 2}\n"
    adding.desk.change(adding.archive, row["id"], typed, row["custody_seq"], BASIA)
    ended = adding.add("t.me/other_one")["id"]
    adding.desk.end(adding.archive, ended, "канал закрыты", BASIA)
    with adding.archive.reader.connect() as connection:
        before = added_sources(connection)
    name = f"test_{secrets.token_hex(6)}"
    other = postgres_server.create_database(name, template=migrated_template)
    lost = replace(
        adding.settings,
        database_url=other.owner_url,
        database_writer_url=other.writer_url,
        database_reader_url=other.reader_url,
        database_access_url=other.access_url,
    )
    with opened_archive(lost) as restored:
        assert planned_sources(lost) == ("vesnik",)
        rebuild(restored)
        with restored.reader.connect() as connection:
            assert added_sources(connection) == before
        assert planned_sources(lost) == ("vesnik", row["id"])
    drop_database(postgres_server, name)


def test_the_list_of_sources_says_where_each_comes_from(
    adding: Adding, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    adding.add()
    use_in_commands(adding, monkeypatch)
    ran = CliRunner().invoke(app, ["sources", "list"])
    assert ran.exit_code == 0, ran.output
    assert "vesnik (news): never crawled" in ran.output
    assert "tg-pryklad-monitor (telegram, added by ala): never crawled" in ran.output


def test_commands_add_and_end_a_source_as_the_page_does(adding: Adding, monkeypatch: pytest.MonkeyPatch) -> None:
    use_in_commands(adding, monkeypatch)
    given = ["--name", "vestki", "--settings", "reread_days: 3", "--reason", "паказалі", "--json"]
    ran = CliRunner().invoke(app, ["sources", "add", CHANNEL, *given])
    assert ran.exit_code == 0, ran.output
    row = json.loads(ran.stdout)
    assert row == adding.row("vestki")
    assert (row["state"], row["entry"]["reread_days"], row["added_because"]) == ("collected", 3, "паказалі")

    again = CliRunner().invoke(app, ["sources", "add", CHANNEL])
    assert again.exit_code == 2
    assert "Nothing was written." in again.output

    ended = CliRunner().invoke(app, ["sources", "end", "vestki", "--reason", "канал закрыты"])
    assert (ended.exit_code, ended.stdout.strip()) == (0, "vestki (telegram): ended: канал закрыты")
    unknown = CliRunner().invoke(app, ["sources", "end", "nothing", "--reason", "x"])
    assert unknown.exit_code == 2


def use_in_commands(adding: Adding, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(adding.settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(variable("watchlist"), str(adding.settings.watchlist))


def test_status_and_doctor_count_added_sources_and_name_one_whose_review_is_due(adding: Adding) -> None:
    adding.add(settings="{legal_basis: 'art. 6 (1) e', review_by: 2026-01-31}")
    (doctor,) = [each for each in examine(adding.settings) if each.name == "Watch-list"]
    assert doctor.state == "warning"
    assert "1 source, and 1 that people added" in doctor.found
    assert "tg-pryklad-monitor (2026-01-31)" in doctor.found
    found = {line.what: line.found for line in status_lines(adding.settings)}
    assert found["watch-list"].endswith(": 1 source, and 1 that people added")
    assert found["tg-pryklad-monitor"].endswith("was to be reviewed by 2026-01-31.")


def test_where_no_database_answers_the_file_counts_and_it_is_named_as_not_knowing_more(adding: Adding) -> None:
    adding.add()
    away = replace(adding.settings, database_reader_url="postgresql+psycopg2://nobody@127.0.0.1:1/none")
    known = sources_as_known(away)
    assert [each.id for each in known.watchlist.sources] == ["vesnik"]
    assert known.in_words().startswith("1 source; which ones people added is not known: ")
