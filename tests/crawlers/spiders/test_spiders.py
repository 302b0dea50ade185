"""What spiders ask for next, on pages of the sample sites and invented ones; no network."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import scrapy

from crawlers.model.job import CachedFeed, CrawlJob, KnownContent
from crawlers.watchlist.source import Follow, Source
from pipeline.crawl import job_for
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from samples.hosts import site_of
from samples.messages import Request, Response
from tests.crawlers.spiders.spider_steps import (
    FEED,
    PAGE,
    SITEMAP,
    START,
    SUBRESOURCE,
    PageResult,
    SpiderSteps,
    purpose,
)

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
NEWS = Source(
    id="news",
    kind="news",
    feeds=("https://news.example/rss.xml",),
    sitemaps=("https://news.example/sitemap.xml",),
    start_pages=("https://news.example/",),
)
CHANNEL = Source(id="tg", kind="telegram", channel="pryklad_vestki")


def job(source: Source, *, known: KnownContent | None = None, follow_links: bool = True) -> CrawlJob:
    return job_for(source, user_agent="any", collector="any", known=known, follow_links=follow_links)


def sample(url: str) -> Page:
    """A page of the sample sites as it is on day 1."""
    parts = urlsplit(url)
    site = site_of(parts.hostname or "")
    assert site is not None
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    answer = site(Request("https", "GET", parts.hostname or "", target, ()))
    assert isinstance(answer, Response)
    return Page(url, answer.body, NOW, answer.status, answer.content_type)


def invented(url: str, body: str, content_type: str = "text/html; charset=utf-8") -> Page:
    return Page(url, body.encode(), NOW, 200, content_type)


def urls(found: PageResult, wanted: str) -> list[str]:
    return found.urls(wanted)


def channel_page(url: str, *, known: KnownContent | None = None, follow_links: bool = True) -> PageResult:
    spider = SpiderSteps(job(CHANNEL, known=known, follow_links=follow_links))
    (seed,) = spider.start()
    return spider.read(seed, sample(url))


def test_a_channel_begins_at_its_newest_page() -> None:
    (seed,) = SpiderSteps(job(CHANNEL)).start()
    assert (seed.url, purpose(seed), seed.meta["page_id"]) == ("https://t.me/s/pryklad_vestki", PAGE, "0001")
    assert seed.meta["seed"] == "https://t.me/s/pryklad_vestki"


def test_a_channel_goes_on_by_the_pages_own_cursor_after_the_media_of_the_page() -> None:
    findings = channel_page("https://t.me/s/pryklad_vestki")
    assert findings.records == 20
    assert urls(findings, PAGE) == ["https://t.me/s/pryklad_vestki?before=74"]
    assert len(urls(findings, SUBRESOURCE)) > 5
    assert purpose(findings.requests[-1]) == PAGE


@pytest.mark.parametrize(
    ("known", "goes_on"),
    [
        (KnownContent(newest_post_id=112), False),
        (KnownContent(newest_post_id=73), True),
        (KnownContent(newest_post_id=112, reread_since=datetime(2020, 1, 1, tzinfo=UTC)), True),
        (KnownContent(newest_post_id=112, reread_since=datetime(2030, 1, 1, tzinfo=UTC)), False),
        (KnownContent(reread_since=datetime(2030, 1, 1, tzinfo=UTC)), True),
    ],
)
def test_a_channel_stops_where_posts_are_known_and_old_enough(known: KnownContent, goes_on: bool) -> None:
    assert bool(urls(channel_page("https://t.me/s/pryklad_vestki", known=known), PAGE)) is goes_on


def test_a_channel_stops_at_its_beginning() -> None:
    findings = channel_page("https://t.me/s/pryklad_vestki?before=12")
    assert urls(findings, PAGE) == []
    assert findings.records == 9


def test_a_cursor_that_leads_in_a_circle_is_not_followed() -> None:
    spider = SpiderSteps(job(CHANNEL))
    (seed,) = spider.start()
    first = spider.read(seed, sample("https://t.me/s/pryklad_vestki"))
    again = spider.read(first.requests[-1], sample("https://t.me/s/pryklad_vestki"))
    assert urls(first, PAGE) != []
    assert urls(again, PAGE) == []
    assert again.records == 0


def test_a_challenge_on_the_way_back_ends_the_walk_and_is_said() -> None:
    spider = SpiderSteps(job(CHANNEL))
    (seed,) = spider.start()
    older = spider.read(seed, sample("https://t.me/s/pryklad_vestki")).requests[-1]
    challenge = (
        "<title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/h/b/orchestrate'></script>"
    )
    findings = spider.read(older, invented(older.url, challenge))
    assert (findings.outcome, findings.requests, findings.records) == (Outcome.CHALLENGE, (), 0)
    assert any("before=74: challenge" in note and "another night" in note for note in spider.notes)


def test_a_landing_card_is_an_outcome_and_no_content() -> None:
    findings = channel_page("https://t.me/pryklad_vestki")
    assert findings.outcome is not Outcome.CONTENT
    assert findings.requests == ()


def test_links_are_left_alone_where_the_job_says_so() -> None:
    assert urls(channel_page("https://t.me/s/pryklad_vestki", follow_links=False), PAGE) == []


def news_page(wanted: str, page: Page, *, source: Source = NEWS, known: KnownContent | None = None) -> PageResult:
    spider = SpiderSteps(job(source, known=known))
    (seed,) = [request for request in spider.start() if purpose(request) == wanted]
    return spider.read(seed, page)


def test_a_site_begins_with_its_feeds_sitemaps_and_start_pages() -> None:
    assert [(purpose(seed), seed.meta["page_id"]) for seed in SpiderSteps(job(NEWS)).start()] == [
        (FEED, "0001"),
        (SITEMAP, "0002"),
        (START, "0003"),
    ]


def feed(*entries: tuple[str, str]) -> Page:
    items = "".join(
        f"<item><title>т</title><link>{url}</link><pubDate>{date}</pubDate></item>" for url, date in entries
    )
    text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>т</title>{items}</channel></rss>'
    return invented("https://news.example/rss.xml", text, "application/rss+xml")


OLD, NEW = "Mon, 02 Nov 2026 10:00:00 +0300", "Sun, 22 Nov 2026 10:00:00 +0300"


def test_articles_of_a_feed_are_asked_for_in_its_order_and_within_scope() -> None:
    entries = feed(
        ("https://news.example/a", NEW), ("https://ads.example/b", NEW), ("https://www.news.example/c", OLD)
    )
    assert urls(news_page(FEED, entries), PAGE) == [
        "https://news.example/a",
        "https://www.news.example/c",
    ]


def test_known_articles_are_read_again_while_they_are_young() -> None:
    entries = feed(
        ("https://news.example/a", NEW), ("https://news.example/b", OLD), ("https://news.example/c", OLD)
    )
    known = KnownContent(
        reread_since=datetime(2026, 11, 20, tzinfo=UTC),
        article_urls=frozenset({"https://news.example/a", "http://www.news.example/b"}),
    )
    findings = news_page(FEED, entries, known=known)
    assert urls(findings, PAGE) == ["https://news.example/a", "https://news.example/c"]
    assert findings.known == 1


@pytest.mark.parametrize("start_page_first", [True, False])
def test_an_article_that_one_page_dates_and_another_does_not_counts_once(start_page_first: bool) -> None:
    known = KnownContent(
        reread_since=datetime(2026, 11, 20, tzinfo=UTC),
        article_urls=frozenset({"https://news.example/a-long-title"}),
    )
    spider = SpiderSteps(job(NEWS, known=known))
    seeds = {purpose(seed): seed for seed in spider.start()}
    link = '<main><article><a href="/a-long-title">A long title of an article</a></article></main>'
    pages = [
        (
            seeds[START],
            invented("https://news.example/", f"<html><body>{link * 3}</body></html>", "text/html"),
        ),
        (seeds[FEED], feed(("https://news.example/a-long-title", NEW))),
    ]

    findings = [spider.read(seed, page) for seed, page in (pages if start_page_first else reversed(pages))]

    assert [found.known for found in findings] == ([1, -1] if start_page_first else [0, 0])
    assert [url for found in findings for url in urls(found, PAGE)] == ["https://news.example/a-long-title"]


def test_what_is_no_feed_has_an_outcome_of_its_own() -> None:
    empty = news_page(FEED, feed())
    assert (empty.outcome, empty.requests) == (Outcome.EMPTY, ())
    gone = Page("https://news.example/rss.xml", b"<h1>Not Found</h1>", NOW, 404, "text/html")
    assert news_page(FEED, gone).outcome is Outcome.SOFT_404


def sitemap(*, pages: tuple[tuple[str, str], ...] = (), maps: tuple[str, ...] = ()) -> Page:
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    if maps:
        inside = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in maps)
        text = f"<sitemapindex {space}>{inside}</sitemapindex>"
    else:
        inside = "".join(f"<url><loc>{url}</loc><lastmod>{day}</lastmod></url>" for url, day in pages)
        text = f"<urlset {space}>{inside}</urlset>"
    return invented("https://news.example/sitemap.xml", text, "application/xml")


def test_the_newest_pages_of_a_sitemap_come_first() -> None:
    page = sitemap(pages=(("https://news.example/old", "2026-01-01"), ("https://news.example/new", "2026-11-01")))
    assert urls(news_page(SITEMAP, page), PAGE) == [
        "https://news.example/new",
        "https://news.example/old",
    ]


def test_sitemaps_lead_to_sitemaps_a_few_levels_deep() -> None:
    spider = SpiderSteps(job(NEWS))
    (request,) = [request for request in spider.start() if purpose(request) == SITEMAP]
    depth = 0
    while True:
        findings = spider.read(request, sitemap(maps=(f"https://news.example/map-{depth}.xml",)))
        if not findings.requests:
            break
        (request,) = findings.requests
        depth += 1
    assert depth == 3
    assert "levels deep" in findings.remarks[0]


def test_an_article_leads_to_its_pictures_alone() -> None:
    findings = news_page(START, sample("https://vesnik.pryklad.example/"))
    assert findings.records == 0
    spider = SpiderSteps(job(NEWS))
    url = "https://vesnik.pryklad.example/naviny/tramvaj-3/"
    article = spider.read(scrapy.Request(url, meta={"page_id": "0001"}), sample(url))
    assert (article.outcome, article.records) == (Outcome.CONTENT, 1)
    assert {purpose(request) for request in article.requests} == {SUBRESOURCE}


def test_a_list_leads_to_its_next_pages_and_papers() -> None:
    source = Source(id="court", kind="court_list", pages=("https://sud.pryklad.example/rasklad/",))
    spider = SpiderSteps(job(source))
    (seed,) = spider.start()
    findings = spider.read(seed, sample(seed.url))
    assert findings.records == 8
    assert "https://sud.pryklad.example/rasklad/?page=2" in urls(findings, PAGE)
    assert urls(findings, SUBRESOURCE) == ["https://sud.pryklad.example/dakumenty/prysud-3-401.pdf"]


@pytest.mark.parametrize(
    ("follow", "requisites", "pages"),
    [
        ("nothing", [], []),
        ("requisites", ["https://a.example/p.png"], []),
        ("links", ["https://a.example/p.png"], ["https://a.example/b"]),
    ],
)
def test_a_page_leads_where_its_source_says(follow: Follow, requisites: list[str], pages: list[str]) -> None:
    source = Source(id="p", kind="page", pages=("https://a.example/",), follow=follow)
    spider = SpiderSteps(job(source))
    (seed,) = spider.start()
    text = "<img src=p.png><a href=/b>б</a><a href=https://b.example/>за мяжой</a>" + "<p>Тэкст старонкі.</p>" * 99
    findings = spider.read(seed, invented(seed.url, text))
    assert (urls(findings, SUBRESOURCE), urls(findings, PAGE)) == (requisites, pages)


def test_a_list_that_is_a_document_is_left_to_be_read_once_deposited() -> None:
    source = Source(id="r", kind="register", pages=("https://a.example/r.pdf",))
    spider = SpiderSteps(job(source))
    (seed,) = spider.start()
    page = Page(seed.url, b"%PDF-1.7 nothing else", datetime(2026, 11, 9, tzinfo=UTC), 200, "application/pdf")
    findings = spider.read(seed, page)
    assert (findings.outcome, findings.requests, findings.records) == (Outcome.CONTENT, (), 0)
    assert findings.reason == "a document: its rows are read once it is deposited"


def test_a_board_leads_to_its_notices_its_next_page_and_its_documents() -> None:
    source = Source(id="n", kind="notice", pages=("https://a.example/abvestki/",))
    spider = SpiderSteps(job(source))
    (seed,) = spider.start()
    items = "".join(
        f"<li><a href=/abvestki/{number}>Аб выкліку ў суд № {number}</a> <time>0{number}.11.2026</time></li>"
        for number in (1, 2, 3)
    )
    more = "<a href='?page=2'>Наступная</a> <a href=/uzor.docx>Узор заявы</a>"
    findings = spider.read(seed, invented(seed.url, f"<ul>{items}</ul>{more}"))
    assert urls(findings, PAGE) == [
        "https://a.example/abvestki/?page=2",
        *(f"https://a.example/abvestki/{number}" for number in (1, 2, 3)),
    ]
    assert urls(findings, SUBRESOURCE) == ["https://a.example/uzor.docx"]


def test_a_list_of_wanted_persons_leads_to_their_photos() -> None:
    source = Source(id="w", kind="wanted_list", pages=("https://police.example/wanted/",))
    spider = SpiderSteps(job(source))
    (seed,) = spider.start()
    cards = "".join(
        f"<li class=card><a href='/wanted/{number}/'><img src='/{number}.jpg'>Прыклад Ян {number}</a>"
        f"<p>Дата нараджэння: 0{number}.05.1990</p><p>Артыкул: ч. 1 арт. 342 КК</p></li>"
        for number in (1, 2, 3)
    )
    findings = spider.read(seed, invented(seed.url, f"<h1>Вышук</h1><ul>{cards}</ul>"))
    assert findings.records == 3
    assert urls(findings, SUBRESOURCE) == [f"https://police.example/{number}.jpg" for number in (1, 2, 3)]


def start_page(*links: str) -> Page:
    anchors = "".join(f'<a href="{link}">Нешта</a> ' for link in links)
    words = "<p>Навіны горада над ракой, якія чытаюць на абодвух берагах.</p>" * 30
    return invented("https://news.example/", f"<html><body>{words}{anchors}</body></html>")


def test_an_endless_calendar_on_a_start_page_is_not_followed() -> None:
    days = [
        f"/calendar/20{year}/{month:02d}/{day:02d}" for year in (26, 31) for month in (1, 12) for day in (1, 28)
    ]
    days += [
        "/2026/11/",
        "/2026/11/23/",
        "/news/2026-11",
        "/?date=2031-05-01",
        "/?month=5&year=2040",
        "/arhiv/2019/",
    ]
    articles = ["/2026/11/23/sud-adklau", "/archives/12345", "/news/2031", "/n/2026/11/23/17-novy-most.html"]
    assert urls(news_page(START, start_page(*days, *articles)), PAGE) == [
        f"https://news.example{path}" for path in articles
    ]


def test_calendar_pages_of_a_sitemap_are_left_alone_and_told() -> None:
    days = tuple((f"https://news.example/calendar/2031-01-{day:02d}", "2026-11-22") for day in range(1, 32))
    findings = news_page(SITEMAP, sitemap(pages=(*days, ("https://news.example/a-long-title", "2026-11-22"))))
    assert urls(findings, PAGE) == ["https://news.example/a-long-title"]
    assert findings.remarks == ("31 pages of calendars and archives were left alone",)


def test_sitemaps_under_ever_new_addresses_end_at_a_number_and_the_rest_is_told() -> None:
    spider = SpiderSteps(job(NEWS))
    (request,) = [request for request in spider.start() if purpose(request) == SITEMAP]
    first = spider.read(request, sitemap(maps=tuple(f"https://news.example/map.xml?v={n}" for n in range(40))))
    second = spider.read(
        first.requests[0], sitemap(maps=tuple(f"https://news.example/map.xml?v={n}" for n in range(40, 400)))
    )
    assert (len(first.requests), len(second.requests)) == (40, 10)
    assert second.remarks == ("350 sitemaps beyond the 50 of one crawl were left alone",)


def test_old_sitemaps_of_a_known_site_are_left_alone_and_new_ones_come_first() -> None:
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<sitemap><loc>https://news.example/2019.xml</loc><lastmod>2019-12-31</lastmod></sitemap>"
        "<sitemap><loc>https://news.example/2026-10.xml</loc><lastmod>2026-11-21</lastmod></sitemap>"
        "<sitemap><loc>https://news.example/2026-11.xml</loc><lastmod>2026-11-22</lastmod></sitemap></sitemapindex>"
    )
    page = invented("https://news.example/sitemap.xml", index, "application/xml")
    since = datetime(2026, 11, 20, tzinfo=UTC)
    unknown = news_page(SITEMAP, page, known=KnownContent(reread_since=since))
    known = news_page(
        SITEMAP,
        page,
        known=KnownContent(reread_since=since, article_urls=frozenset({"https://news.example/a"})),
    )
    newest = ["https://news.example/2026-11.xml", "https://news.example/2026-10.xml"]
    assert urls(unknown, SITEMAP) == [*newest, "https://news.example/2019.xml"]
    assert urls(known, SITEMAP) == newest
    assert known.remarks == ("1 sitemaps not changed since 2026-11-20 were left alone",)


def test_pages_that_were_read_and_are_no_articles_are_not_asked_for_again_and_count_as_nothing() -> None:
    known = KnownContent(
        reread_since=datetime(2026, 11, 20, tzinfo=UTC), other_urls=frozenset({"https://news.example/pra-nas"})
    )
    findings = news_page(FEED, feed(("https://news.example/pra-nas", OLD)), known=known)
    assert (findings.requests, findings.known) == ((), 0)


LISTING = CachedFeed(
    url="https://news.example/rss.xml",
    etag='"abc"',
    last_modified=None,
    content=feed(("https://news.example/a", OLD), ("https://news.example/b", NEW)).body,
    content_type="application/rss+xml",
    captured_at=datetime(2026, 11, 22, 21, tzinfo=UTC),
)


def test_a_feed_is_asked_for_on_condition_of_what_was_deposited_and_nothing_else_is() -> None:
    seeds = SpiderSteps(job(NEWS, known=KnownContent(listings=(LISTING,)))).start()
    assert [seed.headers.to_unicode_dict() for seed in seeds] == [{"If-None-Match": '"abc"'}, {}, {}]


def test_a_feed_that_has_not_changed_lists_what_it_listed_and_is_no_silence() -> None:
    known = KnownContent(
        reread_since=datetime(2026, 11, 20, tzinfo=UTC),
        article_urls=frozenset({"https://news.example/a", "https://news.example/b"}),
        listings=(LISTING,),
    )
    findings = news_page(FEED, Page(LISTING.url, b"", NOW, 304), known=known)
    assert findings.outcome is Outcome.CONTENT
    assert findings.reason == ("not changed since it was deposited (2026-11-22 21:00 UTC); that is what it lists")
    assert (urls(findings, PAGE), findings.known) == (["https://news.example/b"], 1)


def test_an_answer_to_a_condition_nobody_made_is_no_content() -> None:
    assert news_page(FEED, Page(LISTING.url, b"", NOW, 304)).outcome is Outcome.EMPTY


def walked(known: KnownContent) -> list[str]:
    """The pages of the sample channel that a crawl asks for, in order."""
    spider = SpiderSteps(job(CHANNEL, known=known))
    waiting, asked = spider.start(), []
    while waiting:
        request = waiting.pop(0)
        if purpose(request) == PAGE:
            asked.append(request.url.partition("?")[2])
            waiting += spider.read(request, sample(request.url)).requests
    return asked


def test_posts_that_a_limit_cut_off_between_two_nights_are_gone_back_for() -> None:
    assert walked(KnownContent(newest_post_id=112, unseen_posts=((12, 60),))) == ["", "before=61", "before=29"]


def test_a_history_that_no_crawl_has_reached_is_read_on_from_where_it_ended() -> None:
    assert walked(KnownContent(newest_post_id=112, unseen_posts=((1, 42),))) == ["", "before=43", "before=12"]


def test_a_history_takes_no_more_than_some_pages_of_a_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlers.spiders.telegram.HISTORY_PAGES", 1)
    assert walked(KnownContent(newest_post_id=112, unseen_posts=((60, 70), (1, 42)))) == [
        "",
        "before=71",
        "before=41",
    ]


def test_what_the_walk_from_the_newest_has_passed_is_not_gone_back_for() -> None:
    assert walked(KnownContent(unseen_posts=((30, 60),))) == ["", "before=74", "before=43", "before=12"]


def test_of_a_site_with_start_pages_alone_the_sitemaps_of_its_robots_txt_are_read() -> None:
    named = ("https://news.example/sitemap.xml", "/map.xml", "https://elsewhere.example/sitemap.xml")
    alone = replace(NEWS, feeds=(), sitemaps=())
    for source, expected in (
        (alone, ["https://news.example/sitemap.xml", "https://news.example/map.xml"]),
        (NEWS, []),
    ):
        spider = SpiderSteps(job(source))
        (seed,) = [request for request in spider.start() if purpose(request) == START]
        seed.meta["robots_sitemaps"] = named
        body = b"<html><body><p>Nothing new today.</p></body></html>"
        result = spider.read(seed, Page(seed.url, body, NOW, 200, "text/html"))
        assert result.urls(SITEMAP) == expected
        outside = "robots.txt names the sitemap https://elsewhere.example/sitemap.xml, which is outside"
        assert any(outside in remark for remark in (*result.remarks, *spider.notes)) is (source is alone)
