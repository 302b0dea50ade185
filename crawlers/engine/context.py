"""What the parts of one running crawl share: the way to the recorder, rate limiter, browser, report."""

from collections.abc import Callable
from dataclasses import dataclass

from scrapy.crawler import Crawler

from crawlers.browser.pages import BrowserPages
from crawlers.engine.messages import EngineEvent
from crawlers.engine.robots import RobotsRules
from crawlers.http_client import Fetcher
from crawlers.model.protocols import RateLimiter
from crawlers.video.players import PlayerPages


@dataclass(frozen=True, slots=True)
class CrawlContext:
    """What the components of Scrapy are given beside its settings.

    ``report`` takes what is to be accounted for. ``robots`` is None where robots.txt is not obeyed,
    ``player_pages`` where no video is looked for.
    """

    fetcher: Fetcher
    rate_limiter: RateLimiter
    browser: BrowserPages
    report: Callable[[EngineEvent], None]
    robots: RobotsRules | None
    player_pages: PlayerPages | None = None


_CONTEXT = "letapis_context"


def give_context(crawler: Crawler, context: CrawlContext) -> None:
    """Let the components of a crawler find the context; to be called before the crawler starts.

    Settings would be the usual way, but Scrapy copies them deeply, and connections cannot be copied.
    """
    setattr(crawler, _CONTEXT, context)


def context_of(crawler: Crawler) -> CrawlContext:
    """The context of the crawl that a component belongs to; raises ``TypeError`` where there is none."""
    context = getattr(crawler, _CONTEXT, None)
    if not isinstance(context, CrawlContext):
        raise TypeError(f"expected a crawler with a context (`give_context`), found {crawler!r}")
    return context
