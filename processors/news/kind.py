"""News sites as a kind of source."""

from typing import Any, Final
from urllib.parse import urlsplit

from processors.kind_declaration import N_, KindOfRecord, KindOfSource, ParserVersion, ngettext
from processors.records.article import Article
from processors.records.record import only_of_record, record_without
from processors.surt import surt_key
from processors.urls import host_of


def article_key(article: Article, source_id: str, publisher: str | None = None) -> str:
    """Publisher, or host, and path."""
    del source_id
    path = surt_key(_lasting_address(article, publisher)).partition(")")[2]
    return f"{publisher or host_of(article.url)}{path or '/'}"


def _lasting_address(article: Article, publisher: str | None) -> str:
    """The canonical URL, believed where it stays on the host (or mirrors are declared) and is no home page."""
    canonical = article.canonical_url
    if not canonical or urlsplit(canonical).path in ("", "/"):
        return article.url
    same_host = host_of(canonical).removeprefix("www.") == host_of(article.url).removeprefix("www.")
    return canonical if publisher or same_host else article.url


def _version(article: Article) -> dict[str, Any]:
    """Without the host of a mirror, and times of modification that sites renew on every visit."""
    content = record_without(
        article, "url", "canonical_url", "published_raw", "modified_at", "modified_raw", "images"
    )
    content["images"] = [{"path": urlsplit(image.url).path, "caption": image.caption} for image in article.images]
    content["tags"] = sorted(set(article.tags))
    return content


def _sighting(article: Article) -> dict[str, Any]:
    return only_of_record(article, "url", "canonical_url", "published_raw", "modified_at", "modified_raw")


def _parsers() -> tuple[ParserVersion, ...]:
    from processors.news.page import PARSER_VERSION, read_news

    return (ParserVersion(kind="news", name=PARSER_VERSION, read=read_news),)


NEWS: Final = KindOfSource(
    name="news",
    description="A publisher's site, found through feeds, sitemaps or pages that link to its articles.",
    label=N_("news"),
    record=KindOfRecord(
        name="article",
        plural="articles",
        labels=ngettext("article", "articles"),
        types=(Article,),
        key=article_key,
        version=_version,
        sighting=_sighting,
    ),
    parsers=_parsers,
)
