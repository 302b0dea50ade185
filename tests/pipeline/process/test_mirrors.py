"""Five hosts of one publisher give one article and five captures; only an edit of the article makes a version."""

import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crawlers.watchlist.source import Source
from pipeline.process.run import process_pending
from storage.archive import Archive
from storage.catalogue.tables import captures, records, sightings, versions
from storage.deposit.deposit import deposit_file
from storage.queries.changes import changes
from tests.storage.crawled_files import crawl_one, exchange, response

HOSTS = ("raka.test", "www.raka.test", "raka-1.test", "raka.mirror.test", "d3kx9.cdn.test")
SOURCE = Source(
    id="raka",
    kind="news",
    publisher="Рака",
    start_pages=(f"https://{HOSTS[0]}/",),
    mirrors=HOSTS[1:],
)
PATH = "/naviny/2026/11/sud-adklau-razhliad/"
NIGHT = datetime(2026, 11, 20, 21, tzinfo=UTC)
PARAGRAPHS = (
    "Суд прыдуманага раёна адклаў разгляд справы на тыдзень, бо сведка не прыйшоў у залу пасяджэнняў.",
    "Наступнае пасяджэнне пройдзе ў той самай зале; пачатак прызначаны на дзясятую гадзіну раніцы.",
    "Адвакат сказаў, што хадайніцтва аб пераносе падавалі загадзя, але адказу на яго не было два тыдні.",
)


def article(
    host: str, visit: int, paragraphs: tuple[str, ...] = PARAGRAPHS, *, title: str = "Суд адклаў разгляд"
) -> bytes:
    """The page as one host serves it at one visit: everything around the article is another each time."""
    others = "".join(
        f'<li><a href="/naviny/2026/11/inshaya-{visit}-{n}/">Іншая навіна {visit * 10 + n} пра горад</a></li>'
        for n in range(5)
    )
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return f"""<!DOCTYPE html><html lang="be"><head><meta charset="utf-8"><title>{title} — Рака</title>
<link rel="canonical" href="https://{host}{PATH}"><meta property="og:type" content="article">
<meta property="og:title" content="{title}">
<meta property="article:published_time" content="2026-11-18T10:00:00+03:00">
<meta property="article:modified_time" content="2026-11-20T10:00:{visit:02d}+03:00">
<meta property="og:image" content="https://img{visit}.{host}/uploads/sud.jpg?v={visit}">
<script>window.token="{visit * 7919:x}";</script></head><body>
<header><nav><a href="/">Рака</a> <a href="/kantakty/">Кантакты</a> {18 + visit}:3{visit}</nav></header>
<main><article><h1>{title}</h1><div class="meta"><span class="author">Рэдактарка Прыдуманая</span>
<time datetime="2026-11-18T10:00:00+03:00">18 лістапада 2026, 10:00</time>
<span class="views">{137 * visit + 5} праглядаў</span></div>
{body}<div class="share"><a href="https://t.me/share?url=https://{host}{PATH}">Падзяліцца ({visit})</a></div>
</article></main>
<aside class="related"><h2>Чытайце таксама</h2><ul>{others}</ul></aside>
<div class="comments"><h3>Каментароў: {visit}</h3></div>
<footer>© Рака, {host}. Карыстальнікаў на сайце: {visit * 31 + 2}. Курс долара 3,{visit}2</footer>
</body></html>""".encode()


@pytest.fixture
def visited(archive: Archive, tmp_path: Path) -> Archive:
    """One crawl by each host, a night apart."""
    for visit, host in enumerate(HOSTS):
        crawl(archive, tmp_path, visit, host, article(host, visit))
    process_pending(archive)
    return archive


def crawl(archive: Archive, spool: Path, night: int, host: str, body: bytes) -> None:
    item = exchange(f"https://{host}{PATH}", response(body), at=NIGHT + timedelta(days=night))
    deposit_file(archive, crawl_one(spool, [item], source=SOURCE))


def counts(archive: Archive) -> tuple[int, int, int]:
    """Articles, versions, captures that show one."""
    with archive.reader.connect() as connection:
        found = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (records, versions, sightings)
        ]
    return found[0], found[1], found[2]


def found_changes(archive: Archive) -> list[tuple[str, tuple[str, ...]]]:
    with archive.reader.connect() as connection:
        return [(change.kind, change.fields) for change in changes(connection, "raka")]


def test_five_hosts_are_one_article_with_five_captures_and_no_edit(visited: Archive) -> None:
    assert counts(visited) == (1, 1, 5)
    assert found_changes(visited) == []
    with visited.reader.connect() as connection:
        payloads = set(connection.scalars(select(captures.c.payload_digest).where(captures.c.status == 200)))
        keys = list(connection.scalars(select(records.c.natural_key)))
    assert len(payloads) == 5  # no two pages are alike, byte for byte
    assert len(keys) == 1 and keys[0].startswith("Рака/")


def test_an_edit_shows_once_whatever_host_it_is_seen_on_first(visited: Archive, tmp_path: Path) -> None:
    edited = (PARAGRAPHS[0].replace("на тыдзень", "на два тыдні"), *PARAGRAPHS[1:])
    for night, host in ((6, HOSTS[3]), (7, HOSTS[0])):
        crawl(visited, tmp_path, night, host, article(host, night, edited))
    process_pending(visited)
    assert counts(visited) == (1, 2, 7)
    assert found_changes(visited) == [("edited", ("text",))]


def test_another_headline_is_an_edit(visited: Archive, tmp_path: Path) -> None:
    crawl(visited, tmp_path, 6, HOSTS[1], article(HOSTS[1], 6, title="Суд адклаў разгляд да снежня"))
    process_pending(visited)
    assert [fields for _, fields in found_changes(visited)] == [("title",)]


def test_without_declared_mirrors_hosts_are_publishers_of_their_own(archive: Archive, tmp_path: Path) -> None:
    for visit, host in enumerate(HOSTS[2:4]):
        source = Source(id="raka", kind="news", start_pages=(f"https://{host}/",))
        item = exchange(f"https://{host}{PATH}", response(article(host, visit)), at=NIGHT + timedelta(days=visit))
        deposit_file(archive, crawl_one(tmp_path, [item], source=source))
    process_pending(archive)
    assert counts(archive)[0] == 2


def test_spaces_soft_hyphens_and_other_forms_of_letters_are_no_edit(visited: Archive, tmp_path: Path) -> None:
    other = tuple(
        unicodedata.normalize("NFD", text.replace("раё", "ра\u00adё")).replace(" ", "\u00a0", 3)
        for text in PARAGRAPHS
    )
    crawl(visited, tmp_path, 6, HOSTS[0], article(HOSTS[0], 6, other))
    process_pending(visited)
    assert found_changes(visited) == []
