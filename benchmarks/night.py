"""A whole night in simulated time: does it fit, and what does it take?

``python -m benchmarks.night`` plays a night of 300 Telegram channels (one host), 60 sites and 40 lists through the
scheduling code itself: the order of `pipeline.collect.harvest_order`, the batches of `pipeline.collect.harvest`,
and the turns of the database's own function, called with the simulated clock. Only what the network and the
machine take is assumed (`START_S`, `ANSWER_S`). Prints a table; ``--svg FILE`` draws the last night played.
"""

import argparse
import heapq
import random
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from crawlers.rate_limit.slots import MAX_WAIT_S, RESERVED_FOR_ON_DEMAND, SLOTS_PER_HOST, tolerance_s
from crawlers.watchlist.source import Source
from pipeline.collect.harvest import in_batches
from pipeline.collect.harvest_order import interleave_by_host
from pipeline.devstack.postgres import PostgresServer
from storage.migrations import migrate
from storage.rate_limit.shared_limiter import LAPSE_S

BEGINS = datetime(2026, 11, 23, 0, 15, tzinfo=UTC)
FOUR_HOURS_S = 4 * 3600.0
START_S = 8.0
"""A task's and a crawl's start and a deposit's end on two cores: measured 6 to 9 s with four crawls at once."""
ANSWER_S = 0.6
"""From leaving to the last byte: a page of 100 kB over a slow line."""
MEDIA_HOSTS = tuple(f"cdn{number}.telesco.pe" for number in range(1, 6))
TAKE = text(
    "SELECT turn_id, wait_s FROM traffic.take_turn(:host, :crawl, FALSE, :delay, :allowance, :places, :kept_free, "
    ":patience, :lapse, :done, :at, :quiet)"
)


@dataclass(frozen=True)
class Scenario:
    """How much a night has to fetch, and how many crawls run at once."""

    name: str
    slots: int
    channel_pages: int
    media_per_page: int = 6
    articles: int = 60
    pictures_per_article: int = 1
    list_pages: int = 20
    channels: int = 300
    sites: int = 60
    lists: int = 40
    delay_s: float = 1.0


@dataclass
class Night:
    """What came of it."""

    ended_s: float = 0.0
    requests: Counter[str] = field(default_factory=Counter)
    left: dict[str, list[float]] = field(default_factory=dict)
    sources_done: list[float] = field(default_factory=list)
    statements: int = 0
    given_up: int = 0


def sources_of(night: Scenario) -> list[Source]:
    """The watch-list, kind after kind, as people write it."""
    channels = [Source(id=f"tg-{n}", kind="telegram", channel=f"kanal_{n}") for n in range(night.channels)]
    sites = [
        Source(id=f"site-{n}", kind="news", sitemaps=(f"https://site-{n}.example/sitemap.xml",))
        for n in range(night.sites)
    ]
    lists = [
        Source(id=f"list-{n}", kind="court_list", pages=(f"https://court-{n}.example/",))
        for n in range(night.lists)
    ]
    return [*channels, *sites, *lists]


def chains_of(source: Source, night: Scenario) -> list[list[str]]:
    """The requests of a crawl, by host: those of one chain follow each other, chains run side by side."""
    if source.kind == "telegram":
        media = [list[str]() for _ in MEDIA_HOSTS]
        for number in range(night.channel_pages * night.media_per_page):
            media[number % len(media)].append(MEDIA_HOSTS[number % len(media)])
        return [["t.me"] * (1 + night.channel_pages), *filter(None, media)]
    host = source.seeds[0].split("/")[2]
    if source.kind == "news":
        each = night.articles * (1 + night.pictures_per_article)
        return [[host] * 2, *([host] * (each // 4) for _ in range(4))]
    return [[host] * (1 + night.list_pages)]


class Player:
    """Plays one night over the database's own turns."""

    def __init__(self, connection: Connection, scenario: Scenario, *, begins_s: float = 0.0) -> None:
        self._connection = connection
        self._begins_s = begins_s
        self._now = 0.0
        self._scenario = scenario
        self._night = Night()
        self._done: dict[str, list[int]] = {}
        self._events: list[tuple[float, int, Generator[float, None, None]]] = []
        self._count = 0
        self._random = random.Random(7)

    def play(self) -> Night:
        """From the first task to the last."""
        sources = {source.id: source for source in sources_of(self._scenario)}
        batches = iter(in_batches(interleave_by_host(list(sources.values()))))
        for slot in range(self._scenario.slots):
            self._at(self._begins_s + slot, self._slot(batches, sources))
        while self._events:
            now, _, process = heapq.heappop(self._events)
            self._now = now
            wait = next(process, None)
            if wait is not None:
                self._at(now + wait, process)
        self._night.ended_s = max(self._night.sources_done) - self._begins_s
        return self._night

    def _at(self, when: float, process: Generator[float, None, None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (when, self._count, process))

    def _slot(self, batches: Iterator[list[str]], sources: dict[str, Source]) -> Generator[float, None, None]:
        for batch in batches:
            for source_id in batch:
                yield START_S
                running = []
                for chain in chains_of(sources[source_id], self._scenario):
                    running.append([True])
                    self._at(self._now, self._chain(source_id, chain, running[-1]))
                while any(alive for (alive,) in running):
                    yield 0.25
                self._night.sources_done.append(self._now)

    def _chain(self, crawl: str, hosts: list[str], alive: list[bool]) -> Generator[float, None, None]:
        for host in hosts:
            asked_at = self._now
            while self._wanted(crawl):
                turn_id, wait_s = self._take(host, crawl)
                if turn_id is not None:
                    break
                if self._now - asked_at > self._patience_s(crawl):
                    self._night.given_up += 1
                    alive[0] = False
                    return
                yield wait_s * self._random.uniform(0.5, 1.5)
            else:
                break
            yield wait_s + self._random.uniform(0, tolerance_s(self._scenario.delay_s) / 2)
            self._sent(host, crawl)
            yield ANSWER_S * self._random.uniform(0.5, 1.5)
            self._done.setdefault(crawl, []).append(turn_id)
        self._connection.execute(
            text("DELETE FROM traffic.turns WHERE id = ANY(:done)"), {"done": self._done.pop(crawl, [])}
        )
        alive[0] = False

    def _wanted(self, crawl: str) -> bool:
        """Whether the crawl goes on."""
        return True

    def _patience_s(self, crawl: str) -> float:
        return MAX_WAIT_S

    def _quiet_s(self, crawl: str) -> float | None:
        """How long a host must have been left alone by others; None for a crawl that is no backfill."""
        return None

    def _sent(self, host: str, crawl: str) -> None:
        self._night.requests[host] += 1
        self._night.left.setdefault(host, []).append(self._now)

    def _take(self, host: str, crawl: str) -> tuple[int | None, float]:
        self._night.statements += 1
        row = self._connection.execute(
            TAKE,
            {
                "host": host,
                "crawl": crawl,
                "delay": self._scenario.delay_s,
                "allowance": tolerance_s(self._scenario.delay_s),
                "places": SLOTS_PER_HOST,
                "kept_free": RESERVED_FOR_ON_DEMAND,
                "patience": MAX_WAIT_S,
                "lapse": LAPSE_S,
                "done": self._done.pop(crawl, []),
                "at": BEGINS + timedelta(seconds=self._now - self._begins_s),
                "quiet": self._quiet_s(crawl),
            },
        ).one()
        return row.turn_id, row.wait_s


SCENARIOS = (
    Scenario("a usual night: 80 posts per channel read again", slots=4, channel_pages=4),
    Scenario("the same, eight crawls at once", slots=8, channel_pages=4),
    Scenario("a loud night: 300 posts per channel", slots=4, channel_pages=15),
    Scenario(
        "every channel to its limit of 40 pages, a medium a page", slots=8, channel_pages=40, media_per_page=1
    ),
)


def drawing(night: Night) -> str:
    """Requests a minute at the shared host, and the share of sources that are done, over four hours."""
    wide, high, left, low = 720, 240, 46, 30
    minutes = Counter(int(at // 60) for at in night.left["t.me"])

    def x(seconds: float) -> float:
        return left + seconds / FOUR_HOURS_S * (wide - left - 46)

    def y(share: float) -> float:
        return high - low - share * (high - low - 24)

    bars = "".join(
        f'<rect x="{x(minute * 60):.1f}" y="{y(count / 60):.1f}" width="2.4" height="{y(0) - y(count / 60):.1f}"/>'
        for minute, count in sorted(minutes.items())
    )
    total = len(night.sources_done)
    line = " ".join(f"{x(at):.1f},{y((n + 1) / total):.1f}" for n, at in enumerate(sorted(night.sources_done)))
    hours = "".join(
        f'<text x="{x(hour * 3600):.0f}" y="{high - 10}" text-anchor="middle">{hour} h</text>'
        f'<path d="M{x(hour * 3600):.1f} {y(0)}V{y(1)}" stroke="#ccc"/>'
        for hour in range(5)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" '
        f'font-size="12"><rect width="{wide}" height="{high}" fill="#fff"/>{hours}<g fill="#9bb7d4">{bars}</g>'
        f'<polyline points="{x(0):.1f},{y(0)} {line}" fill="none" stroke="#b3541e" stroke-width="2"/>'
        f'<text x="{left}" y="14" fill="#5b7ea3">requests to t.me, 60 a minute at the top</text>'
        f'<text x="{wide - 46}" y="14" fill="#b3541e" text-anchor="end">sources done, {total} at the top</text>'
        "</svg>\n"
    )


def main() -> None:
    """Play every scenario."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--svg", type=Path, help="draw the last scenario played")
    parser.add_argument("--scenario", type=int, action="append", help="play this one alone, from 0; repeatable")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="letapis-night-") as folder:
        Path(folder).chmod(0o711)
        with PostgresServer(Path(folder) / "postgres") as server:
            access = server.create_database("night")
            migrate(access.owner_url)
            engine = create_engine(access.writer_url)
            print("| night | crawls at once | requests to t.me | all requests | took | t.me at |")
            print("|---|---|---|---|---|---|")
            for scenario in [SCENARIOS[number] for number in asked.scenario or range(len(SCENARIOS))]:
                # one transaction per statement, as crawls ask: old rows can then be cleaned away
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("SET synchronous_commit TO off"))
                    night = Player(connection, scenario).play()
                    for table in ("turns", "waits", "hosts"):
                        connection.execute(text(f"DELETE FROM traffic.{table}"))
                shared = night.left["t.me"]
                rate = len(shared) / (max(shared) - min(shared))
                fits = "" if night.ended_s <= FOUR_HOURS_S else " (does not fit)"
                gave_up = f", {night.given_up} gave up" if night.given_up else ""
                print(
                    f"| {scenario.name} | {scenario.slots} | {len(shared)} | {night.requests.total()} | "
                    f"{night.ended_s / 3600:.1f} h{fits}{gave_up} | {rate:.2f} requests a second |",
                    flush=True,
                )
                if asked.svg is not None:
                    asked.svg.write_text(drawing(night), "utf-8")
            engine.dispose()


if __name__ == "__main__":
    main()
