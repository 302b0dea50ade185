"""Pages that show themselves to a browser alone: records of the final DOM, once, with the exchange beside."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from access.views.captures import one_capture
from access.views.search import one_record
from crawlers.model.capture import Captured, Rendering, RenderingKind
from crawlers.watchlist.source import Source
from pipeline.collect.harvest import harvest_source
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.process.capture import DOM_TYPE
from pipeline.process.run import process_pending
from processors.record_keys import record_id
from samples.messages import Response
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.catalogue.records import records_of_capture
from storage.deposit.deposit import deposit_file
from storage.queries.changes import changes
from storage.queries.source_history import DayFigures, crawl_histories, day_figures
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

LIST = "https://sud.example/list"
COURT = Source(id="sud-prydumany", kind="court_list", engine="browser", pages=(LIST,))
ROWS = [["1-11/2026", "24.11.2026 10:00", "3", "Вярба В.В."], ["1-12/2026", "24.11.2026 11:00", "3", "Вярба В.В."]]
HEAD = "<tr><th>№ справы</th><th>Дата і час</th><th>Зала</th><th>Суддзя</th></tr>"
DOM = "<html><head><title>Спіс</title></head><body><table>{head}{rows}</table></body></html>".format(
    head=HEAD, rows="".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
)
# what came over the wire has a first row in other words: read beside the DOM, it would be an edit each night
FIRST = "<tr><td>1-11/2026</td><td>…</td></tr>"
SHELL = f"<html><head><title>Спіс</title></head><body><table>{HEAD}{FIRST}</table></body></html>"


def night(archive: Archive, folder: Path, day: int) -> str:
    """One night's crawl with a browser, deposited; returns its id."""
    at = NIGHT + timedelta(days=day)
    items: list[Captured] = [
        exchange(LIST, response(SHELL.encode()), at=at),
        Rendering("1", LIST, RenderingKind.DOM, DOM_TYPE, DOM.encode(), at + timedelta(seconds=9), "Chromium"),
    ]
    path = crawl_one(folder, items, source=COURT)
    deposit_file(archive, path)
    return path.name[:26]


def test_records_come_from_the_dom_alone_and_name_the_exchange_beside_it(archive: Archive, tmp_path: Path) -> None:
    crawl_ids = [night(archive, tmp_path, day) for day in (0, 1)]
    process_pending(archive)

    with archive.reader.connect() as connection:
        exchanged, dom = captures_of_crawl(connection, crawl_ids[0])
        assert (exchanged.url, dom.url) == (LIST, f"urn:dom:{LIST}")
        assert list(records_of_capture(connection, exchanged.id)) == []
        assert exchanged.outcome == "content"
        read = list(records_of_capture(connection, dom.id))
        assert [each.content["case_number"] for each in read] == ["1-11/2026", "1-12/2026"]
        assert {each.content["url"] for each in read} == {LIST}
        assert changes(connection, COURT.id) == ()

    found = one_record(archive, record_id("hearing", read[0].natural_key))
    assert found is not None
    (version,) = found["versions"]
    first = version["sightings"][0]
    assert (first["read_from"], first["exchange_capture_id"]) == ("dom", exchanged.id)
    shown = one_capture(archive, exchanged.id)
    assert shown is not None
    assert [row["capture_id"] for row in shown["records"]] == [dom.id, dom.id]


def test_a_page_that_a_browser_showed_is_one_page_of_its_crawl(archive: Archive, tmp_path: Path) -> None:
    crawl_id = night(archive, tmp_path, 0)
    process_pending(archive)
    with archive.reader.connect() as connection:
        (history,) = crawl_histories(connection, NIGHT.date())
        assert (history.crawl_id, history.outcomes, history.records) == (crawl_id, {"content": 1}, 2)
        assert day_figures(connection, NIGHT.date(), besides="on-demand") == {
            NIGHT.date(): DayFigures({"content": 1}, 2)
        }


SCRIPTED = """<!doctype html><html><head><meta charset="windows-1251"><title>Spis</title></head><body>
<table id="t"></table><script>
const head = ['Номер дела', 'Дата и время', 'Зал', 'Судья'];
fetch('/rows.json').then(answer => answer.json()).then(rows => {
  document.getElementById('t').innerHTML = '<tr>' + head.map(name => `<th>${name}</th>`).join('') + '</tr>'
    + rows.map(row => '<tr>' + row.map(cell => `<td>${cell}</td>`).join('') + '</tr>').join('');
});</script></body></html>"""


@pytest.mark.browser
def test_a_list_that_a_script_draws_is_harvested_with_its_hearings(
    stored_settings: Settings, tmp_path: Path
) -> None:
    host = "skrypt.pryklad.example"
    extra = {
        (host, "/"): Response(
            body=SCRIPTED.encode("windows-1251"), content_type="text/html; charset=windows-1251"
        ),
        (host, "/rows.json"): Response(body=json.dumps(ROWS).encode(), content_type="application/json"),
    }
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(
        "defaults: {delay_s: 0, robots: ignore, limits: {pages: 3, seconds: 90}}\n"
        f"sources: [{{id: skrypt, kind: court_list, engine: browser, pages: ['https://{host}/']}}]\n",
        "utf-8",
    )
    with SampleSites(folder=tmp_path / "sites", extra=extra) as sites:
        settings = replace(
            stored_settings,
            watchlist=watchlist,
            connect_to=(sites.connect_to,),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=sites.authority,
        )
        with opened_archive(settings) as archive:
            archive.objects.ensure_bucket()
            result = harvest_source(settings, "skrypt")
            process_pending(archive)
            with archive.reader.connect() as connection:
                (dom,) = (
                    each
                    for each in captures_of_crawl(connection, result.report.crawl_id)
                    if each.url.startswith("urn:dom:")
                )
                read = list(records_of_capture(connection, dom.id))
    assert result.problem is None
    assert [(each.content["case_number"], each.content["judge"]) for each in read] == [
        ("1-11/2026", "Вярба В.В."),
        ("1-12/2026", "Вярба В.В."),
    ]
