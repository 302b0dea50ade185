"""Articles against the references in LETAPIS_REALDATA/news, and trafilatura alone on the same pages.

Text: F1 over four-word shingles per page, as in scrapinghub/article-extraction-benchmark, averaged; and for the
pages with snippets, the share of snippets that had to be in the text and of those that had to be absent. Title,
date (the day) and authors count as right or wrong on pages that have a reference for them.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import trafilatura

from processors.pages.news import Article
from processors.pages.page import Page
from processors.pages.select import read_page
from processors.text import folded

WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")
SHINGLE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A page and what is known of it; None or empty where the source says nothing."""

    name: str
    url: str
    body: bytes
    captured_at: datetime
    text: str | None = None
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    title: str | None = None
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What a reader made of a page."""

    text: str | None
    title: str | None
    authors: tuple[str, ...]
    published: datetime | date | None
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Score:
    """Sums over pages."""

    f1: list[float] = field(default_factory=list)
    title: list[bool] = field(default_factory=list)
    published: list[bool] = field(default_factory=list)
    authors: list[bool] = field(default_factory=list)
    present: list[bool] = field(default_factory=list)
    absent: list[bool] = field(default_factory=list)
    tags: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        names = ("f1", "title", "published", "authors", "present", "absent", "tags")
        return {
            name: {"of": len(values), "mean": round(sum(values) / len(values), 4) if values else None}
            for name in names
            for values in (getattr(self, name),)
        }


def references(folder: Path) -> Iterator[Reference]:
    yield from _fundus(folder / "fundus")
    yield from _benchmark(folder / "article-extraction-benchmark")
    yield from _snippets(folder / "trafilatura-eval")
    yield from _newspaper(folder / "newspaper4k")
    yield from _metascraper(folder / "metascraper")


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _fundus(folder: Path) -> Iterator[Reference]:
    notes = {}
    for line in (folder.parent / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        if item["file"].startswith("fundus/") and item.get("note"):
            notes[item["file"]] = json.loads(item["note"])
    for gold_path in sorted(folder.glob("*/*.gold.json")):
        gold = json.loads(gold_path.read_text(encoding="utf-8"))
        publisher = gold_path.name.removesuffix(".gold.json")
        pages = sorted(gold_path.parent.glob(f"{publisher}_*.html.gz"))
        for page, version in zip(pages, sorted(gold), strict=False):
            item = gold[version]
            body = item["body"]
            pieces = list(body["summary"])
            for section in body["sections"]:
                pieces += section["headline"] + section["paragraphs"]
            note = notes[f"fundus/{gold_path.parent.name}/{page.name}"]
            yield Reference(
                name=f"fundus/{page.name}",
                url=note["url"],
                body=gzip.decompress(page.read_bytes()),
                captured_at=_moment(note["crawl_date"]) or datetime.now(UTC),
                text="\n".join(pieces),
                title=item.get("title"),
                authors=tuple(item.get("authors") or ()),
                published=_moment(item.get("publishing_date")),
                tags=tuple(item.get("topics") or ()),
            )


LONG_AFTER = datetime(2026, 11, 1, tzinfo=UTC)


def _benchmark(folder: Path) -> Iterator[Reference]:
    for key, item in json.loads((folder / "ground-truth.json").read_text(encoding="utf-8")).items():
        body = gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes())
        yield Reference(
            name=f"aeb/{key[:12]}", url=item["url"], body=body, captured_at=LONG_AFTER, text=item["articleBody"]
        )


def _snippets(folder: Path) -> Iterator[Reference]:
    for url, item in json.loads((folder / "evaldata.json").read_text(encoding="utf-8")).items():
        yield Reference(
            name=f"trafilatura/{item['file']}",
            url=url,
            body=gzip.decompress(next(folder.rglob(item["file"])).read_bytes()),
            captured_at=LONG_AFTER,
            present=tuple(item["with"]),
            absent=tuple(item["without"]),
            title=item["title"] or None,
            authors=tuple(name for name in re.split(r";\s*", item["author"]) if name),
            published=_moment(item["date"] or None),
            tags=tuple(item.get("tags") or ()),
        )


def _newspaper(folder: Path) -> Iterator[Reference]:
    for gold_path in sorted(folder.glob("*.gold.json")):
        gold = json.loads(gold_path.read_text(encoding="utf-8"))
        stem = gold_path.name.removesuffix(".gold.json")
        text = folder / f"{stem}.gold.txt"
        yield Reference(
            name=f"newspaper4k/{stem}",
            url=gold["url"],
            body=gzip.decompress((folder / f"{stem}.html.gz").read_bytes()),
            captured_at=LONG_AFTER,
            text=text.read_text(encoding="utf-8") if text.exists() else None,
            title=gold.get("title") or None,
        )


def _metascraper(folder: Path) -> Iterator[Reference]:
    """Their date is that of the last change where there is one, so it is none of appearing."""
    for gold_path in sorted(folder.glob("*.gold.json")):
        gold = json.loads(gold_path.read_text(encoding="utf-8"))
        stem = gold_path.name.removesuffix(".gold.json")
        yield Reference(
            name=f"metascraper/{stem}",
            url=gold["url"] or "https://example.org/",
            body=gzip.decompress((folder / f"{stem}.html.gz").read_bytes()),
            captured_at=LONG_AFTER,
            title=gold.get("title"),
            authors=(gold["author"],) if gold.get("author") else (),
        )


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = WORD.findall(text.casefold())
    return (
        Counter(tuple(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1)))
        if words
        else Counter()
    )


def f1(expected: str, found: str | None) -> float:
    wanted, got = shingles(expected), shingles(found or "")
    common = sum((wanted & got).values())
    if not common:
        return float(not wanted and not got)
    precision, recall = common / sum(got.values()), common / sum(wanted.values())
    return 2 * precision * recall / (precision + recall)


def same_title(expected: str, found: str | None) -> bool:
    return bool(found) and WORD.findall(folded(expected)) == WORD.findall(folded(found or ""))


def same_day(expected: datetime, found: datetime | date | None) -> bool:
    """The same day in UTC or in the reference's own zone."""
    if found is None:
        return False
    if isinstance(found, datetime) and expected.time() == time():
        # a reference that gives the day only means it in the site's own zone
        return timedelta(hours=-14) <= found - expected < timedelta(hours=36)
    if not isinstance(found, datetime):
        return found in (expected.date(), expected.astimezone(UTC).date())
    return found.astimezone(UTC).date() in (expected.astimezone(UTC).date(), expected.date()) or abs(
        found - expected
    ) < timedelta(hours=1)


def _possible(reference: Reference) -> datetime | None:
    """A reference that lies after the capture was read day for month and is no reference."""
    known = reference.published
    return None if known is None or known > reference.captured_at + timedelta(days=1) else known


def same_authors(expected: tuple[str, ...], found: tuple[str, ...]) -> bool:
    def names(people: tuple[str, ...]) -> set[str]:
        return {" ".join(WORD.findall(folded(person))) for person in people}

    return names(expected) == names(found)


def same_tags(expected: tuple[str, ...], found: tuple[str, ...]) -> float:
    """F1 of the tags of one page, without case."""
    wanted, got = {folded(tag) for tag in expected}, {folded(tag) for tag in found}
    return 2 * len(wanted & got) / (len(wanted) + len(got))


def ours(reference: Reference) -> Extract:
    reading = read_page(Page(reference.url, reference.body, reference.captured_at, 200, "text/html"), "news")
    article = next((record for record in reading.records if isinstance(record, Article)), None)
    if article is None:
        return Extract(text=None, title=None, authors=(), published=None)
    return Extract(
        text=article.text,
        title=article.title,
        authors=article.authors,
        published=article.published_at,
        tags=article.tags,
    )


def alone(reference: Reference) -> Extract:
    found = trafilatura.bare_extraction(reference.body, url=reference.url, with_metadata=True)
    if found is None or isinstance(found, dict):
        return Extract(text=None, title=None, authors=(), published=None)
    return Extract(
        text=found.text,
        title=found.title,
        authors=tuple(part.strip() for part in (found.author or "").split(";") if part.strip()),
        published=date.fromisoformat(found.date) if found.date else None,
        tags=tuple(found.tags or ()),
    )


def measure(folder: Path, reader: Callable[[Reference], Extract], wrong: list[Any] | None = None) -> Score:
    """Scores of one reader; with ``wrong``, every miss as (page, what, expected, found)."""
    score = Score()
    misses = wrong if wrong is not None else []
    for reference in references(folder):
        got = reader(reference)
        if reference.text is not None:
            value = f1(reference.text, got.text)
            score.f1.append(value)
            if value < 0.9:
                misses.append((reference.name, "text", round(value, 3), ""))
        if reference.title:
            score.title.append(same_title(reference.title, got.title))
        published = _possible(reference)
        if published:
            score.published.append(same_day(published, got.published))
        if reference.tags:
            score.tags.append(same_tags(reference.tags, got.tags))
        if reference.authors:
            score.authors.append(same_authors(reference.authors, got.authors))
        for what, wanted, found, right in (
            ("title", reference.title, got.title, score.title),
            ("published", published, got.published, score.published),
            ("authors", reference.authors, got.authors, score.authors),
        ):
            if wanted and not right[-1]:
                misses.append((reference.name, what, wanted, found))
        text = folded(got.text or "")
        score.present += [folded(snippet) in text for snippet in reference.present]
        score.absent += [folded(snippet) not in text for snippet in reference.absent]
    return score
