"""Each source over time: its nights, what it gave against what is expected, gaps, and what to do.

In: the archive, whom the answer is for. Out: JSON-ready rows. A night is a UTC day; of several crawls on one day
the newest counts. A gap is a night in which other sources were crawled and this one, that had been crawled before,
was not. Where nothing is declared, what is usual is the median of the source's last crawls.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any, Final

from access.rendering.translations import gettext
from access.views.overview import last_crawl_row, overview
from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.ledger.last_crawls import LastCrawl, crawled_days, crawls_since
from storage.queries.overview import ON_DEMAND
from storage.queries.source_history import CrawlHistory, crawl_histories, declared_expectations

NIGHTS_OF_ALL: Final = 30
NIGHTS_OF_ONE: Final = 90

USUAL_OF: Final = 14
"""Crawls of which the median is what is usual, as many as `pipeline.quality` judges a night by."""

FEWEST_CRAWLS: Final = 3

ANSWERS: Final = frozenset({"content", "empty"})
"""Outcomes of a page that gave what was asked for; an empty one is an answer."""


def sources(archive: Archive, *, viewer: Viewer = EVERYONE, now: datetime | None = None) -> dict[str, Any]:
    """Every source with its last nights: those with problems first.

    ``sources`` have the keys of `access.views.overview.overview`, and those of `_history_row`.
    """
    moment = now or datetime.now(UTC)
    whole = overview(archive, viewer=viewer)
    histories = _histories(archive, moment, NIGHTS_OF_ALL, None, viewer)
    rows = [row | histories.row(row["source"]) for row in whole["sources"]]
    return {
        "night": whole["night"],
        "nights": whole["nights"],
        "sources": rows,
    }


def one_source(
    archive: Archive, source_id: str, *, viewer: Viewer = EVERYONE, now: datetime | None = None
) -> dict[str, Any] | None:
    """One source with its nights of a quarter, ``first_captured_at`` and ``advice``: sentences on what to do.

    None where there is none of this name that the viewer may see.
    """
    moment = now or datetime.now(UTC)
    whole = overview(archive, viewer=viewer)
    row = next((each for each in whole["sources"] if each["source"] == source_id), None)
    if row is None:
        return None
    history = _histories(archive, moment, NIGHTS_OF_ONE, source_id, viewer).row(source_id)
    found: dict[str, Any] = row | history
    return found | {"advice": advice(found)}


def advice(row: Mapping[str, Any]) -> list[str]:
    """What to do about a source, out of how its last crawl ended and what its pages came to."""
    newest = next((night for night in reversed(row["nights"]) if night["crawl_id"] is not None), None)
    sentences = []
    crawl = row["last_crawl"]
    if crawl is not None and crawl["state"] == "not ended":
        sentences.append(gettext("If the crawl is not running any more, `letapis status` says what ended it."))
    outcomes = {} if newest is None else newest["outcomes"]
    if any(outcomes.get(name) for name in ("blocked", "challenge")):
        sentences.append(
            gettext(
                "The site refuses the collector. Ask for less per night, or let the operator give the source "
                "another egress profile or the browser engine."
            )
        )
    if outcomes.get("login_wall") or outcomes.get("consent"):
        sentences.append(gettext("The site asks for a login or consent. Look at the captured page to see which."))
    if outcomes.get("unreachable"):
        sentences.append(gettext("A host did not answer. Check whether it is down for everybody or blocks us."))
    if outcomes.get("unreadable"):
        sentences.append(
            gettext(
                "A page was captured that no parser understands. Its layout may have changed: it is kept, and a "
                "better parser reads it later."
            )
        )
    expected = row["expected"]["records"]
    if newest is not None and expected and newest["records"] < expected / 2:
        sentences.append(
            gettext("It gave less than half of what is expected. Compare its newest captures with earlier ones.")
        )
    if row["gaps"] and row["attention"]:
        sentences.append(gettext("Nights are missing. What was removed from the site meanwhile is not captured."))
    return sentences


class _Histories:
    """The crawls of some sources, by source and night."""

    def __init__(
        self,
        nights: Sequence[date],
        crawls: Iterable[LastCrawl],
        histories: Iterable[CrawlHistory],
        expectations: Mapping[str, Mapping[str, Any]],
        crawled: Collection[date],
    ) -> None:
        self._nights = nights
        self._crawled = crawled
        self._expectations = expectations
        self._crawls: dict[tuple[str, date], LastCrawl] = {}
        self._histories = {each.crawl_id: each for each in histories}
        self._without_custody: dict[tuple[str, date], CrawlHistory] = {}
        for crawl in crawls:
            self._crawls[crawl.source_id, crawl.began_at.astimezone(UTC).date()] = crawl
        for history in self._histories.values():
            self._without_custody[history.source_id, history.at.astimezone(UTC).date()] = history

    def row(self, source_id: str) -> dict[str, Any]:
        """``nights`` oldest first, ``expected``, ``last_good_at``, ``gaps``: days on which it was not crawled."""
        nights = [self._night(source_id, day) for day in self._nights]
        first = next((number for number, night in enumerate(nights) if night["crawl_id"] is not None), None)
        crawled = [night for night in nights if night["crawl_id"] is not None]
        good = [night for night in crawled if night["state"] == "good"]
        shown = [] if first is None else nights[first:]
        return {
            "nights": nights,
            "expected": self._expected(source_id, crawled),
            "last_good_at": good[-1]["at"] if good else None,
            "gaps": [night["day"] for night in shown if night["state"] == "gap"],
        }

    def _night(self, source_id: str, day: date) -> dict[str, Any]:
        crawl = self._crawls.get((source_id, day))
        if crawl is None:
            history = self._without_custody.get((source_id, day))
        else:
            history = self._histories.get(crawl.crawl_id)
        outcomes = {} if history is None else dict(history.outcomes)
        at = crawl.began_at if crawl is not None else None if history is None else history.at
        return {
            "day": day.isoformat(),
            "at": None if at is None else time_text(at),
            "crawl_id": crawl.crawl_id if crawl is not None else None if history is None else history.crawl_id,
            "state": self._state(crawl, history, day),
            "pages": 0 if history is None else history.pages,
            "records": 0 if history is None else history.records,
            "outcomes": outcomes,
        }

    def _state(self, crawl: LastCrawl | None, history: CrawlHistory | None, day: date) -> str:
        """``good``, ``problem``, ``running`` (begun and not ended), ``gap``, or ``none``: nothing was due."""
        if crawl is None and history is None:
            return "gap" if day in self._crawled else "none"
        if crawl is not None:
            state = last_crawl_row(crawl)["state"]
            if state != "came through":
                return "running" if state == "not ended" else "problem"
        answered = history is not None and any(history.outcomes.get(name) for name in ANSWERS)
        return "good" if answered else "problem"

    def _expected(self, source_id: str, crawled: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """How many records a crawl should give, and whether that is ``declared`` or what is ``usual``."""
        declared = self._expectations.get(source_id, {}).get("min")
        if declared is not None:
            return {"records": declared, "because": "declared"}
        earlier = [night["records"] for night in crawled[:-1]][-USUAL_OF:]
        if len(earlier) < FEWEST_CRAWLS:
            return {"records": None, "because": None}
        return {"records": round(median(earlier)), "because": "usual"}


def _histories(archive: Archive, now: datetime, nights: int, source_id: str | None, viewer: Viewer) -> _Histories:
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(nights))]
    since = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC)
    with archive.reader.connect() as connection:
        return _Histories(
            days,
            crawls_since(connection, since, source_id=source_id, viewer=viewer),
            crawl_histories(connection, days[0], source_id=source_id, viewer=viewer),
            declared_expectations(connection, source_id=source_id, viewer=viewer),
            crawled_days(connection, days[0], days[-1], besides=ON_DEMAND, viewer=viewer),
        )
