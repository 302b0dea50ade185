"""Feeds and sitemaps against LETAPIS_REALDATA/feeds and /sitemaps."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser

from processors.pages.feeds import read_feed
from processors.pages.sitemaps import read_sitemap


def feeds(folder: Path) -> dict[str, Any]:
    """Entries found, as many as feedparser's own reading has with an address, and legacy encodings read right."""
    same, wrong = 0, []
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".xml", ".json", ".atom", ".rss"))
    paths = [path for path in paths if path.name not in ("expectations.json",)]
    for path in paths:
        body = path.read_bytes()
        found = read_feed(body, "http://example.com/feed")
        if path.suffix == ".json":
            expected = len(json.loads(body).get("items", []))
        else:
            parsed = feedparser.parse(body)
            expected = sum(1 for entry in parsed.entries if entry.get("link"))
        if len(found.entries) >= expected:
            same += 1
        else:
            wrong.append((str(path.relative_to(folder)), expected, len(found.entries), found.problem))
    return {"feeds": len(paths), "right": same, "wrong": wrong, **legacy(folder / "real-legacy-encodings")}


def legacy(folder: Path) -> dict[str, Any]:
    """Titles whose letters are those of the true encoding."""
    right, total, wrong = 0, 0, []
    python_names = {"MacCyrillic": "mac-cyrillic"}
    for path in sorted(folder.rglob("*.xml")):
        true = path.parent.name
        for language in ("-russian", "-bulgarian", "-hebrew"):
            true = true.replace(language, "")
        text = path.read_bytes().decode(python_names.get(true, true), "replace")
        titles = [
            entry.title for entry in read_feed(path.read_bytes(), "http://example.com/").entries if entry.title
        ]
        total += 1
        joined = "".join(text.split())
        good = sum("".join(title.split())[:12] in joined for title in titles)
        if titles and good >= 0.9 * len(titles):
            right += 1
        else:
            wrong.append((str(path.relative_to(folder)), good, len(titles)))
    return {"legacy_encodings": total, "legacy_right": right, "legacy_wrong": wrong}


def sitemaps(folder: Path) -> dict[str, Any]:
    """Per case: all pages that a conforming reader finds, walking from robots.txt on."""
    right, wrong = 0, []
    cases = sorted((folder / "usp-cases").glob("*.case.json"))
    for case in cases:
        responses = {item["url"]: item for item in json.loads(case.read_text(encoding="utf-8"))["responses"]}
        expected = json.loads(
            case.with_name(case.name.replace(".case.", ".expected.")).read_text(encoding="utf-8")
        )
        wanted = sorted(set(pages_of(expected)))
        found = sorted(set(_walk(responses)))
        if wanted == found:
            right += 1
        else:
            wrong.append((case.name, wanted, found))
    return {"sitemap_cases": len(cases), "right": right, "wrong": wrong}


def pages_of(tree: dict[str, Any]) -> Iterator[str]:
    for page in tree.get("pages", []):
        yield page["url"]
    for below in tree.get("sub_sitemaps", []):
        yield from pages_of(below)


def _walk(responses: dict[str, Any]) -> Iterator[str]:
    """Follow robots.txt, the usual unpublished names, and indexes, each address once."""
    home = "http://test_ultimate-sitemap-parser.com"
    robots = responses.get(f"{home}/robots.txt", {}).get("text", "")
    waiting = [
        line.partition(":")[2].strip() for line in robots.splitlines() if line.lower().startswith("sitemap:")
    ]
    waiting += [f"{home}/sitemap_index.xml", f"{home}/sitemap.xml"]
    done: set[str] = set()
    while waiting:
        address = waiting.pop(0)
        response = responses.get(address)
        if address in done or response is None or response["status"] != 200:
            continue
        done.add(address)
        sitemap = read_sitemap(response.get("text", "").encode("utf-8"), address)
        yield from (page.url for page in sitemap.pages)
        waiting += sitemap.sitemaps
