"""News pages with a reference: what somebody else wrote down of them, collection by collection.

In: ``LETAPIS_REALDATA/news``, or a folder in the plain layout: ``NAME.html.gz`` beside ``NAME.gold.json`` with
``url`` and whatever is known of ``captured_at``, ``text``, ``present``, ``absent``, ``title``, ``authors``,
``published``, ``tags``, ``language``, ``captions``; folders in it are collections. Out: `Reference`, page by page.
"""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


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
    language: str | None = None
    captions: tuple[str, ...] = ()


def references(folder: Path) -> Iterator[Reference]:
    """The pages of LETAPIS_REALDATA/news, or those of a folder in the plain layout."""
    if not (folder / "manifest.jsonl").exists():
        yield from _plain(folder)
        return
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


def _plain(folder: Path) -> Iterator[Reference]:
    for gold_path in sorted(folder.rglob("*.gold.json")):
        gold = json.loads(gold_path.read_text(encoding="utf-8"))
        page = gold_path.with_name(gold_path.name.removesuffix(".gold.json") + ".html.gz")
        yield Reference(
            name=str(page.relative_to(folder)).removesuffix(".html.gz"),
            url=gold["url"],
            body=gzip.decompress(page.read_bytes()),
            captured_at=_moment(gold.get("captured_at")) or LONG_AFTER,
            text=gold.get("text"),
            present=tuple(gold.get("present", ())),
            absent=tuple(gold.get("absent", ())),
            title=gold.get("title"),
            authors=tuple(gold.get("authors", ())),
            published=_moment(gold.get("published")),
            tags=tuple(gold.get("tags", ())),
            language=gold.get("language"),
            captions=tuple(gold.get("captions", ())),
        )
