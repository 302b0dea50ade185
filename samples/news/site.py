"""vesnik.pryklad.example and its mirror: pages, feed, sitemaps, robots.txt."""

import hashlib
import json
from email.utils import format_datetime

from markupsafe import Markup

from samples.days import content_file
from samples.media.files import media_file
from samples.messages import Request, Response, content, html, not_found, redirect, xml
from samples.news.articles import NewsArticle, articles, picture_at
from samples.pages import page

HOST = "vesnik.pryklad.example"
MIRROR = "vesnik-2.pryklad.example"
CONSENT_HOST = "consent.pryklad.example"

FEED_LENGTH = 10
NEWS_SITEMAP_LENGTH = 3
SOFT_404 = "/naviny/vydalenae/"
PAYWALL = "/premium/analityka-biudzetu/"
CONSENT = "/mierkavanni/2026/11/kalonka-tydnia/"
DISALLOWED = "/redakcyja/2026/11/cernavik-vypusku/"

ROBOTS = f"""User-agent: *
Disallow: /redakcyja/
Disallow: /search

Sitemap: https://{HOST}/sitemap.xml
"""


def linked_data(host: str, article: NewsArticle) -> Markup:
    """The article's JSON-LD, safe inside a script element."""
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": f"https://{host}{article.path}"},
        "headline": article.title,
        "description": article.lead,
        "inLanguage": article.language,
        "datePublished": article.published,
        "author": [{"@type": "Organization", "name": article.author}],
        "publisher": {"@type": "NewsMediaOrganization", "name": content_file("vesnik")["publisher"]},
        "articleSection": article.section,
        "keywords": list(article.tags),
        "isAccessibleForFree": True,
    }
    if article.modified is not None:
        facts["dateModified"] = article.modified
    if article.images:
        facts["image"] = [{"@type": "ImageObject", "url": image.url} for image in article.images]
    return Markup(json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704  # escaped for a script


def newest(day: int, count: int) -> tuple[NewsArticle, ...]:
    """The newest articles, newest first."""
    return tuple(reversed(articles(day)))[:count]


def site_page(request: Request, template: str, **values: object) -> Response:
    """A page with what all pages of the site share: header, menu, the list of the latest articles."""
    text = page(
        f"news/{template}",
        host=request.host,
        publisher=content_file("vesnik")["publisher"],
        latest=newest(request.day, 5),
        **values,
    )
    return html(text)


def feed(request: Request) -> Response:
    """RSS 2.0 of the newest articles, and two entries whose pages are no longer, or not for everybody, there.

    Asked for on condition of what it is, it says that it has not changed.
    """
    items = newest(request.day, FEED_LENGTH)
    text = page(
        "news/rss.xml",
        host=request.host,
        publisher=content_file("vesnik")["publisher"],
        items=items,
        mail_date=lambda article: format_datetime(article.published_at),
        gone=SOFT_404,
        paid=PAYWALL,
    )
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    if request.header("If-None-Match") == etag:
        return Response(status=304, content_type=None, headers=(("ETag", etag),))
    return xml(text, "application/rss+xml; charset=utf-8").with_headers(("ETag", etag))


def article_page(request: Request, article: NewsArticle) -> Response:
    """An article in its generation's template."""
    data = linked_data(request.host, article)
    return site_page(request, f"article_{article.form}.html", article=article, linked_data=data)


def special_page(request: Request) -> Response | None:
    """The pages that are not articles."""
    match request.path:
        case "/":
            links = {"paid": PAYWALL, "opinion": CONSENT, "draft": DISALLOWED}
            return site_page(request, "front.html", items=newest(request.day, 12), **links)
        case "/robots.txt":
            return Response(body=ROBOTS.encode(), content_type="text/plain; charset=utf-8")
        case "/rss.xml":
            return feed(request)
        case "/sitemap.xml":
            return xml(page("news/sitemap_index.xml", host=request.host))
        case "/sitemap-2026.xml":
            return xml(page("news/sitemap.xml", host=request.host, items=articles(request.day), gone=SOFT_404))
        case "/news-sitemap.xml":
            items = newest(request.day, NEWS_SITEMAP_LENGTH)
            publisher = content_file("vesnik")["publisher"]
            return xml(page("news/news_sitemap.xml", host=request.host, items=items, publisher=publisher))
        case "/pra-nas/":
            return site_page(request, "about.html")
        case "/naviny/" | "/sud/" | "/kultura/" | "/hramadstva/":
            items = tuple(one for one in newest(request.day, 100) if one.path.startswith(request.path))
            return site_page(request, "section.html", items=items)
        case path if path == SOFT_404:
            return site_page(request, "soft_404.html")
        case path if path == PAYWALL:
            return site_page(request, "paywall.html")
        case path if path == CONSENT:
            return redirect(f"https://{CONSENT_HOST}/collect?continue=https://{request.host}{CONSENT}")
        case path if path == DISALLOWED:
            return site_page(request, "draft.html")
    return None


def answer(request: Request) -> Response:
    """What the site says to a request; the mirror has the same pages under its own name."""
    if request.scheme == "http":
        return redirect(f"https://{request.host}{request.target}", status=301)
    special = special_page(request)
    if special is not None:
        return special
    article = next((one for one in articles(request.day) if one.path == request.path), None)
    if article is not None:
        return article_page(request, article)
    return not_found(request)


def answer_image(request: Request) -> Response:
    """The image host."""
    try:
        file = media_file(picture_at(request.path))
    except (ValueError, KeyError):
        return not_found(request)
    return content(file.content, file.media_type, (("Cache-Control", "public, max-age=31536000"),))


def answer_consent(request: Request) -> Response:
    """The consent wall."""
    return html(page("news/consent.html", back=request.query.get("continue", "/")))
