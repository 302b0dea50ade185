"""With which engine a source with ``engine: auto`` is crawled tonight: remembered out of custody, and tried anew.

In: how its crawls of the last week ended. Out: the engine, and a sentence where it is the browser. The last crawl
that judged pages decides: where at least half of them needed the browser, all pages go there at once, until that
crawl is a week old. Then plain HTTP is tried again, which costs one more fetch a page for one night.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from crawlers.watchlist.engines import Engine
from storage.ledger.last_crawls import LastCrawl

REMEMBERED: Final = timedelta(days=7)
NEEDS_BROWSER: Final = 0.5
"""The share of a crawl's pages: fewer are turned to the browser one by one, which leaves the others untouched."""


def engine_tonight(crawls: Iterable[LastCrawl]) -> tuple[Engine, str | None]:
    """``crawls`` are those that began since `REMEMBERED` ago, oldest first."""
    last = next((each for each in reversed([*crawls]) if _judged(each) is not None), None)
    if last is None:
        return "auto", None
    judged, browser = _judged(last) or (0, 0)
    if browser < NEEDS_BROWSER * judged:
        return "auto", None
    again = (last.began_at + REMEMBERED).date().isoformat()
    return "browser", (
        f"all pages were loaded by the browser: on {last.began_at.date().isoformat()} {browser} of {judged} pages "
        f"showed nothing without it; plain HTTP is tried again from {again}"
    )


def _judged(crawl: LastCrawl) -> tuple[int, int] | None:
    """How many pages were judged, and how many of them needed the browser; None where none was judged."""
    choices = (crawl.ended or {}).get("engine_choices") or {}
    browser, fetched = int(choices.get("browser", 0)), int(choices.get("http", 0))
    return (browser + fetched, browser) if browser + fetched else None
