"""What robots.txt says to a crawl, asked once per host and recorded with the rest (RFC 9309).

``RobotsRules.refusal`` gives None for "go ahead" or a `Refusal`. robots.txt itself is fetched through the
recorder like any page. No such file (4xx) allows everything. A host that fails to answer for it (5xx, too many
requests, no answer at all) has said nothing: only the pages that the operator named are asked for, and the others
count as out of reach, not as forbidden (section 2.3.1.4).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from protego import Protego

from crawlers.engine.settings import READ_BYTES, request_headers
from crawlers.http_client import FetchedResponse, Fetcher, FetchFailed
from crawlers.model.capture import Note, NoteKind
from crawlers.model.protocols import RateLimiter
from processors.http.message import ResponseMessage, UndecodableEntity, entity
from processors.pages.outcome import Outcome
from processors.urls import host_of, resolve_location

MAX_BYTES = 512_000
"""RFC 9309, section 2.5, asks for at least 500 KiB."""

MAX_REDIRECTS = 5
"""RFC 9309, section 2.3.1.2."""

ROBOTS_PAGE_ID = "robots"

Fetch = Callable[[str], Awaitable[FetchedResponse]]


TOO_MANY_REQUESTS = 429
"""Not among the answers that mean "no such file": the host asks for patience (RFC 6585, section 4)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a page is not asked for, in a sentence, and what that makes of the visit."""

    reason: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class HostRules:
    """What one host's robots.txt says. ``rules`` is None where there were none to read, and ``why`` says so.

    ``outage`` is what became of the question where the host did not answer it, and None where it did.
    """

    robots_url: str
    rules: Protego | None
    why: str
    outage: Outcome | None = None

    def refusal(self, url: str, user_agent: str, *, named: bool) -> Refusal | None:
        """Why ``url`` may not be asked for, None where it may. ``named``: the operator named this page."""
        if self.outage is not None:
            return None if named else Refusal(self.why, self.outage)
        if self.rules is None or self.rules.can_fetch(url, user_agent):
            return None
        return Refusal(f"{self.robots_url} disallows it", Outcome.REFUSED_BY_POLICY)

    def sitemaps(self) -> tuple[str, ...]:
        """The sitemaps that the file names (sitemaps.org protocol, "Specifying the Sitemap location")."""
        return () if self.rules is None else tuple(dict.fromkeys(self.rules.sitemaps))

    def delay_s(self, user_agent: str) -> float | None:
        """The pause that the file asks for between requests (``Crawl-delay``, no part of RFC 9309), or None."""
        return None if self.rules is None else self.rules.crawl_delay(user_agent)


class RobotsRules:
    """The rules of every host that one crawl asks, each file fetched once, and each decision handed on."""

    def __init__(
        self, fetcher: Fetcher, rate_limiter: RateLimiter, note: Callable[[Note], None], user_agent: str
    ) -> None:
        self._fetcher = fetcher
        self._rate_limiter = rate_limiter
        self._hand_on = note
        self._user_agent = user_agent
        self._rules: dict[str, asyncio.Task[HostRules]] = {}

    async def refusal(self, url: str, page_id: str, *, named: bool) -> Refusal | None:
        """Why ``url`` may not be asked for; None where it may. ``named``: the operator named this page."""
        rules = await self.rules(url)
        refusal = rules.refusal(url, self._user_agent, named=named)
        if refusal is not None:
            self._note(url, page_id, refusal.reason, refusal.outcome)
        return refusal

    async def rules(self, url: str) -> HostRules:
        """The rules of the URL's host, fetched at the first call."""
        host = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if host not in self._rules:
            self._rules[host] = asyncio.ensure_future(self._rules_of(f"{host}/robots.txt"))
        return await asyncio.shield(self._rules[host])

    async def _rules_of(self, robots_url: str) -> HostRules:
        rules = await read_rules(robots_url, self._fetch)
        self._note(robots_url, ROBOTS_PAGE_ID, rules.why, None)
        delay_s = rules.delay_s(self._user_agent)
        if delay_s is not None:
            self._rate_limiter.raise_delay(host_of(robots_url), delay_s)
        return rules

    async def _fetch(self, url: str) -> FetchedResponse:
        headers = [*request_headers(self._user_agent).items()]
        async with self._rate_limiter.slot(host_of(url)):
            return await self._fetcher.fetch(url, headers, page_id=ROBOTS_PAGE_ID, keep_bytes=READ_BYTES)

    def _note(self, url: str, page_id: str, reason: str, outcome: Outcome | None) -> None:
        self._hand_on(Note(NoteKind.ROBOTS, page_id, url, datetime.now(UTC), reason, outcome))


async def read_rules(robots_url: str, fetch: Fetch) -> HostRules:
    """Fetch and read one robots.txt; never raises for what a host does."""
    at = robots_url
    for _ in range(MAX_REDIRECTS + 1):
        try:
            answer = await fetch(at)
        except FetchFailed as failure:
            return _outage(robots_url, f"could not be had ({failure.reason})", failure.outcome)
        location = next((value for name, value in answer.headers if name.lower() == "location"), None)
        if answer.status not in (301, 302, 303, 307, 308) or location is None:
            return rules_of(robots_url, answer)
        address = resolve_location(at, location.encode("latin-1", "replace"))
        if address is None:
            break
        at = address
    return HostRules(robots_url, None, "robots.txt is behind too many redirects, which counts as none")


def rules_of(robots_url: str, answer: FetchedResponse) -> HostRules:
    """What an answer to the question for robots.txt means (RFC 9309, section 2.3.1)."""
    if answer.status >= 500 or answer.status == TOO_MANY_REQUESTS:
        return _outage(robots_url, f"answered {answer.status}", Outcome.UNREACHABLE)
    if not 200 <= answer.status < 300:
        return HostRules(robots_url, None, f"there is no robots.txt (status {answer.status})")
    message = ResponseMessage(answer.status, answer.reason, answer.headers, answer.body or b"", 0)
    try:
        content = entity(message, MAX_BYTES)
    except UndecodableEntity as error:
        content = error.partial[:MAX_BYTES]
    return HostRules(robots_url, Protego.parse(content.decode("utf-8-sig", "replace")), "robots.txt was read")


def _outage(robots_url: str, what: str, outcome: Outcome) -> HostRules:
    why = f"{robots_url} {what}, so only pages named in the watch-list are asked for"
    return HostRules(robots_url, None, why, outcome)
