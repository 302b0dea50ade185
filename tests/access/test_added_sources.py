"""The page Sources as a place to add, change and end sources: who may, what is refused, what is shown."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from access.app import create_app
from pipeline.config.settings import Settings
from pipeline.sources.sources_desk import AddingDesk
from storage.archive import Archive
from storage.ledger.added_sources import AddedSource, added_sources
from tests.access.conftest import user_of_header
from tests.access.test_archiving import OWN, READER

CHANNEL = {"address": "t.me/s/pryklad_monitor", "reason": "<b>новы канал"}
NAME = "tg-pryklad-monitor"


@pytest.fixture
def watchlist(tmp_path: Path) -> Path:
    path = tmp_path / "watchlist.yaml"
    path.write_text("sources:\n  - {id: vesnik, kind: news, feeds: [https://vesnik.example/rss.xml]}\n", "utf-8")
    return path


@pytest.fixture
def client(archive: Archive, stored_settings: Settings, watchlist: Path) -> Iterator[TestClient]:
    settings = replace(stored_settings, watchlist=watchlist)
    app = create_app(lambda: archive, user_of_header, sources=AddingDesk(lambda: settings))
    with TestClient(app, follow_redirects=False) as client:
        yield client


def known(archive: Archive) -> tuple[AddedSource, ...]:
    with archive.reader.connect() as connection:
        return added_sources(connection)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", unescape(html)).split())


def value(html: str, name: str) -> str:
    return unescape(re.findall(rf'name="{name}"[^>]*value="([^"]*)"', html)[0])


def test_a_collector_adds_changes_and_ends_a_source_on_its_pages(client: TestClient, archive: Archive) -> None:
    assert "Add a source" in client.get("/sources", headers=OWN).text
    answer = client.post("/sources", data=CHANNEL, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sources/{NAME}/settings")
    html = client.get(f"/sources/{NAME}/settings", headers=OWN).text
    assert "collected every night" in words(html)
    assert "ala: <b>новы канал" in unescape(re.sub(r"</?bdi>", "", html).replace("&lt;b&gt;", "<b>"))
    typed = 'kind: telegram\nchannel: "pryklad_monitor"\nengine: browser'
    sent = {"settings": typed, "seen_seq": value(html, "seen_seq")}
    assert (
        client.post(f"/sources/{NAME}/settings", data=sent, headers={**OWN, "X-User": "basia"}).status_code == 303
    )
    again = client.post(f"/sources/{NAME}/settings", data=sent, headers=OWN)
    assert again.status_code == 422
    assert "basia has changed it since" in words(again.text)
    assert client.post(f"/sources/{NAME}/end", data={"reason": ""}, headers=OWN).status_code == 422
    assert client.post(f"/sources/{NAME}/end", data={"reason": "закрыты"}, headers=OWN).status_code == 303
    (source,) = known(archive)
    assert (source.entry["engine"], source.ended_by, source.ended_because) == ("browser", "ala", "закрыты")
    assert "ended" in words(client.get("/sources", headers=OWN).text)
    assert "End the source" not in client.get(f"/sources/{NAME}/settings", headers=OWN).text
    (row,) = client.get("/api/added-sources", headers=OWN).json()["rows"]
    assert (row["id"], row["state"], row["why"]) == (NAME, "ended", "закрыты")


def test_what_is_refused_stands_in_the_form_again_with_the_reasons(client: TestClient, archive: Archive) -> None:
    sent = {**CHANNEL, "settings": "limits: {pages: <many>}", "publisher": "Прыклад"}
    answer = client.post("/sources", data=sent, headers=OWN)
    assert answer.status_code == 422
    assert "What you entered: limits.pages" in words(answer.text)
    assert (value(answer.text, "address"), value(answer.text, "publisher")) == (CHANNEL["address"], "Прыклад")
    assert "<many>" not in answer.text
    assert known(archive) == ()


def test_readers_and_other_sites_change_nothing(client: TestClient, archive: Archive) -> None:
    client.post("/sources", data=CHANNEL, headers=OWN)
    (source,) = known(archive)
    sent = {**CHANNEL, "settings": "kind: page", "seen_seq": str(source.seq)}
    for headers in (READER, {"X-User": "ala"}, {**OWN, "Sec-Fetch-Site": "cross-site"}):
        for path in ("/sources", f"/sources/{NAME}/settings", f"/sources/{NAME}/end"):
            assert client.post(path, data=sent, headers=headers).status_code == 403
    assert known(archive) == (source,)
    page = client.get("/sources", headers=READER).text
    assert "Add a source" not in page
    assert NAME in page
    assert "Change the settings" not in client.get(f"/sources/{NAME}/settings", headers=READER).text


def test_a_source_that_nobody_added_has_no_settings_here(client: TestClient) -> None:
    assert client.get("/sources/vesnik/settings", headers=OWN).status_code == 404
    for path in ("/sources/vesnik/settings", "/sources/vesnik/end"):
        assert (
            client.post(path, data={"reason": "x", "settings": "", "seen_seq": "1"}, headers=OWN).status_code
            == 404
        )


def test_the_file_counts_and_a_file_with_mistakes_is_named(client: TestClient, watchlist: Path) -> None:
    client.post("/sources", data=CHANNEL, headers=OWN)
    good = watchlist.read_text("utf-8")
    watchlist.write_text(f"{good}  - {{id: mine, kind: telegram, channel: pryklad_monitor}}\n", "utf-8")
    shown = words(client.get("/sources", headers=OWN).text)
    assert "does not count" in shown
    assert "collected by the source 'mine', which counts" in shown
    watchlist.write_text("sources: []\n", "utf-8")
    answer = client.get("/sources", headers=OWN)
    assert answer.status_code == 200
    assert "The watch-list's file has mistakes, which the operator mends first" in words(answer.text)
    assert client.get(f"/sources/{NAME}/settings", headers=OWN).status_code == 503
    assert client.get("/api/added-sources", headers=OWN).status_code == 503
    assert client.post("/sources", data=CHANNEL, headers=OWN).status_code == 422


def test_a_server_that_takes_no_sources_says_so(archive: Archive) -> None:
    with TestClient(create_app(lambda: archive, user_of_header)) as shows:
        assert "Add a source" not in shows.get("/sources", headers=OWN).text
        assert shows.post("/sources", data=CHANNEL, headers=OWN).status_code == 503
