"""Judges what a crawl gave: against what the watch-list expects, and against the source's own earlier crawls.

In: the crawl's `CrawlYield`, those before it (newest first), the source's declaration and habit. Out: sentences,
none where all is as it should be. Pure; no clock.

Without any history: posts of which none says anything are a layout that is not understood, or a channel of which
the preview gives nothing. Against its own history a source is judged by three rules (docs/limits.md says what they
cannot see):

- *A field that was filled is empty.* Its fill rate is below half of the median of the earlier crawls, and so few
  filled records would come by chance less than once in a million times (binomial, the pooled rate of these crawls
  shrunk by half a record, Jeffreys). The same for the share of pages understood.
- *A list that was full is short.* Lists are whole each night: fewer records than on all but one of the earlier
  crawls, and fewer than half of their median. A site gives what is new, so its count says nothing; a channel
  without a single post does.
- *A source is silent.* Nothing new for longer than twice the pause that 95 % of its pauses stay below, and for at
  least 36 hours. The habit needs ten pauses over a week; the 95th percentile does not follow single long breaks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from crawlers.watchlist.source import Expectation
from processors.kinds import is_complete_list, kind_of_record
from storage.queries.crawl_yields import CrawlYield, PublishingPattern

EARLIER_CRAWLS: Final = 14
"""Two weeks: the quiet of a weekend is in it twice."""

FEWEST_CRAWLS: Final = 3
CHANCE: Final = 1e-6
"""With 400 sources and a dozen fields a night: less than one false alarm in half a year."""

QUIET_SHARE: Final = 0.95
QUIET_TIMES: Final = 2.0
LEAST_QUIET: Final = timedelta(hours=36)
FEWEST_PAUSES: Final = 10
LEAST_SPAN: Final = timedelta(days=7)

CONTENT_FIELDS: Final = ("text", "media", "poll")
"""Fields of a post of which every post has one, but for those that the preview does not show."""

FEWEST_POSTS: Final = 3
"""One or two posts may well be of a kind that the preview does not show."""

DERIVED_FIELDS: Final = frozenset({"officials", "struck", "remarks", "names"})
"""Made out of other fields, which are judged by themselves, or about them."""


@dataclass(frozen=True, slots=True)
class CrawlUnderReview:
    """A crawl of a source with what it is judged by."""

    source_kind: str
    expect: Expectation
    now: CrawlYield
    earlier: Sequence[CrawlYield]

    @property
    def of_its_kind(self) -> list[CrawlYield]:
        """Earlier crawls that gave records of the same kind."""
        return [each for each in self.earlier if each.records and each.kind == self.now.kind]


def yield_problems(review: CrawlUnderReview) -> list[str]:
    """Where the crawl falls short of what was declared or of what it gave before."""
    return [
        *_undeclared_fields(review),
        *_posts_without_content(review.now),
        *_emptied_fields(review),
        *_not_understood(review),
        *_short_list(review),
    ]


def silence_problems(expect: Expectation, pattern: PublishingPattern | None, at: datetime) -> list[str]:
    """Whether the source has been silent for too long at ``at`` (aware), the time of its last crawl."""
    if pattern is None:
        return []
    quiet = at - pattern.last_new_at
    since = f"nothing new since {pattern.last_new_at:%Y-%m-%d} ({_duration(quiet)})"
    if expect.silent_days is not None:
        return (
            [f"{since}; expected is at most {expect.silent_days:g} days"]
            if quiet > timedelta(days=expect.silent_days)
            else []
        )
    if len(pattern.pauses_s) < FEWEST_PAUSES or sum(pattern.pauses_s) < LEAST_SPAN.total_seconds():
        return []
    usual = timedelta(seconds=pattern.pauses_s[math.ceil(QUIET_SHARE * len(pattern.pauses_s)) - 1])
    if quiet <= max(LEAST_QUIET, QUIET_TIMES * usual):
        return []
    return [f"{since}; {QUIET_SHARE:.0%} of its pauses before were no longer than {_duration(usual)}"]


def _undeclared_fields(review: CrawlUnderReview) -> list[str]:
    now = review.now
    sentences = [
        f"{name} filled on {now.fill_rate(name):.0%} of {_counted(now)}, expected at least {least:.0%}"
        for name, least in review.expect.fields.items()
        if now.records and now.fill_rate(name) < least
    ]
    least = review.expect.understood
    if least is not None and now.pages and now.understood / now.pages < least:
        share = now.understood / now.pages
        sentences.append(f"{share:.0%} of {now.pages} pages understood, expected at least {least:.0%}")
    return sentences


def _posts_without_content(now: CrawlYield) -> list[str]:
    if now.kind != "telegram_post" or now.records < FEWEST_POSTS or any(map(now.filled.get, CONTENT_FIELDS)):
        return []
    return [
        f"none of {_counted(now)} has text, media or a poll: a layout not understood, or nothing shown of them"
    ]


def _emptied_fields(review: CrawlUnderReview) -> list[str]:
    now, earlier = review.now, review.of_its_kind
    if not now.records or len(earlier) < FEWEST_CRAWLS:
        return []
    names = sorted({name for crawl in earlier for name in crawl.filled} - {*review.expect.fields, *DERIVED_FIELDS})
    sentences = []
    for name in names:
        usual = median(crawl.fill_rate(name) for crawl in earlier)
        counts = [(crawl.filled.get(name, 0), crawl.records) for crawl in earlier]
        if _has_fallen(now.filled.get(name, 0), now.records, usual, counts):
            sentences.append(
                f"{name} filled on {now.fill_rate(name):.0%} of {_counted(now)}; "
                f"{usual:.0%} on the last {len(earlier)} crawls"
            )
    return sentences


def _not_understood(review: CrawlUnderReview) -> list[str]:
    now, earlier = review.now, [each for each in review.earlier if each.pages]
    if review.expect.understood is not None or not now.pages or len(earlier) < FEWEST_CRAWLS:
        return []
    usual = median(crawl.understood / crawl.pages for crawl in earlier)
    if not _has_fallen(now.understood, now.pages, usual, [(each.understood, each.pages) for each in earlier]):
        return []
    share = now.understood / now.pages
    return [f"{share:.0%} of {now.pages} pages understood; {usual:.0%} on the last {len(earlier)} crawls"]


def _short_list(review: CrawlUnderReview) -> list[str]:
    now, earlier = review.now, review.earlier
    shows_all = is_complete_list(review.source_kind) or (review.source_kind == "telegram" and not now.records)
    if not shows_all or review.expect.min is not None or len(earlier) < FEWEST_CRAWLS:
        return []
    before = [crawl.records for crawl in earlier]
    as_short = sum(count <= now.records for count in before)
    if as_short > 1 or now.records >= median(before) / 2:
        return []
    return [f"{now.records} records; {min(before)} to {max(before)} on the last {len(earlier)} crawls"]


def _has_fallen(hits: int, of: int, usual: float, earlier: Sequence[tuple[int, int]]) -> bool:
    """Whether ``hits`` of ``of`` is below half of what is usual, and no matter of chance."""
    if hits / of >= usual / 2:
        return False
    total = sum(count for _, count in earlier)
    rate = (sum(count for count, _ in earlier) + 0.5) / (total + 1)
    return _chance_of_at_most(hits, of, rate) < CHANCE


def _chance_of_at_most(hits: int, of: int, rate: float) -> float:
    """Binomial distribution function; ``rate`` lies strictly between 0 and 1."""
    of_one = (math.lgamma(of + 1), math.log(rate), math.log1p(-rate))
    logs = (
        of_one[0] - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * of_one[1] + (of - k) * of_one[2]
        for k in range(hits + 1)
    )
    return math.fsum(map(math.exp, logs))


def _counted(crawl: CrawlYield) -> str:
    kind = None if crawl.kind is None else kind_of_record(crawl.kind)
    return f"{crawl.records} {'records' if kind is None else kind.plural}"


def _duration(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours >= 72 else f"{hours:.0f} h" if hours >= 1 else f"{hours * 60:.0f} min"
