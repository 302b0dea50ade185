"""A backfill of 300 channels beside the nights, in simulated time: does it delay them, and when does it end?

``python -m benchmarks.backfill`` plays the nights of `benchmarks.night` three times: alone; with a backfill that
works through the whole night and is held back by the slots alone; and with one that also ends before the night, as
`pipeline.collect.backfill` does. The last is played for a whole day, and from what it fetched in it the plan
reckons the end of 300 channels with 100,000 posts each. Slots are those of the database, pages a turn, the minutes
before a night and the plan those of the code that runs. Assumed, besides what `benchmarks.night` assumes:
`BETWEEN_S`. Prints a table; ``--svg FILE`` draws the last.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from benchmarks.night import BEGINS, MEDIA_HOSTS, SCENARIOS, Night, Player, Scenario
from pipeline.collect.backfill import LEAD_S, SHORTEST_TURN_S
from pipeline.collect.history_turn import PAGES_A_TURN
from pipeline.crawl.secrets import BACKFILL_WAITS_S
from pipeline.devstack.postgres import PostgresServer
from storage.migrations import migrate
from storage.queries.backfill_plan import plan_of
from storage.queries.channel_coverage import POSTS_A_PAGE
from storage.rate_limit.shared_limiter import QUIET_S
from storage.work_queue.backfills import STARTED, Backfill

HISTORY = "history"
CHANNELS = 300
POSTS = 100_000
BEFORE_S = 3600.0
"""How long the backfill has worked when the night begins."""

DAY_S = 24 * 3600.0
BETWEEN_S = 25.0
"""Start, deposit and reading of a turn: 8 s as for any crawl, and 4,000 posts at 250 a second."""

EVERY_S = 600.0
"""How often the DAG `backfill` looks whether it may go on."""


class Day(Player):
    """A night, and a backfill until ``hours`` after it began. ``through``: it does not end for the night."""

    def __init__(self, connection: Connection, scenario: Scenario, *, hours: float, through: bool) -> None:
        super().__init__(connection, scenario, begins_s=BEFORE_S)
        self.until_s = BEFORE_S + hours * 3600
        self._through = through
        self._turn_ends_s = 0.0
        self._sources = scenario.channels + scenario.sites + scenario.lists
        self.history: dict[str, list[float]] = {}
        self.worked_s = 0.0

    def play(self) -> Night:
        """From an hour before the night."""
        self._at(0.0, self._backfill())
        return super().play()

    def _backfill(self) -> Generator[float, None, None]:
        while self._now < self.until_s:
            left_s = self._left_s()
            if left_s < SHORTEST_TURN_S:
                yield EVERY_S - self._now % EVERY_S
                continue
            began = self._now
            self._turn_ends_s = self._now + min(3600.0, left_s)
            yield BETWEEN_S / 2
            running = []
            media = PAGES_A_TURN * self._scenario.media_per_page // len(MEDIA_HOSTS)
            for chain in (["t.me"] * PAGES_A_TURN, *([host] * media for host in MEDIA_HOSTS)):
                running.append([True])
                self._at(self._now, self._chain(HISTORY, chain, running[-1]))
            while any(alive for (alive,) in running):
                yield 0.25
            yield BETWEEN_S / 2
            self.worked_s += self._now - began

    def _left_s(self) -> float:
        """How long a turn may last from now: until shortly before a night, not at all in one."""
        if self._through:
            return float("inf")
        if self._now < BEFORE_S:
            return BEFORE_S - LEAD_S - self._now
        if len(self._night.sources_done) < self._sources:
            return 0.0
        return BEFORE_S + DAY_S - LEAD_S - self._now

    def _wanted(self, crawl: str) -> bool:
        return crawl != HISTORY or self._now < min(self._turn_ends_s, self.until_s)

    def _patience_s(self, crawl: str) -> float:
        return BACKFILL_WAITS_S if crawl == HISTORY else super()._patience_s(crawl)

    def _quiet_s(self, crawl: str) -> float | None:
        return QUIET_S if crawl == HISTORY else None

    def _sent(self, host: str, crawl: str) -> None:
        if crawl == HISTORY:
            self.history.setdefault(host, []).append(self._now)
        else:
            super()._sent(host, crawl)


def drawing(day: Day, night: Night) -> str:
    """Requests a minute at the shared host, those of the night and those of the backfill."""
    wide, high, left, low = 720, 220, 40, 30
    hours = round(day.until_s / 3600)

    def x(seconds: float) -> float:
        return left + seconds / (hours * 3600) * (wide - left - 20)

    def y(count: float) -> float:
        return high - low - count / 60 * (high - low - 26)

    def tall(count: float) -> float:
        return y(0) - y(count)

    def bars(times: list[float], colour: str) -> str:
        slots = Counter(int(at // 300) for at in times)
        each = (
            f'<rect x="{x(slot * 300):.1f}" y="{y(count / 5):.1f}" width="6.8" height="{tall(count / 5):.1f}"/>'
            for slot, count in sorted(slots.items())
        )
        return f'<g fill="{colour}">{"".join(each)}</g>'

    marks = "".join(
        f'<text x="{x(hour * 3600):.0f}" y="{high - 10}" text-anchor="middle">{(hour + 23) % 24}:15</text>'
        for hour in range(hours + 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" '
        f'font-size="12"><rect width="{wide}" height="{high}" fill="#fff"/>{marks}'
        f"{bars(day.history['t.me'], '#9bb7d4')}{bars(night.left['t.me'], '#b3541e')}"
        f'<text x="{left}" y="16"><tspan fill="#5b7ea3">backfill</tspan> and <tspan fill="#b3541e">night</tspan>: '
        "requests to t.me, 60 a minute at the top; hours in UTC</text></svg>\n"
    )


def plan_row(pages_done: int, worked_s: float) -> Backfill:
    """All channels as one row of the plan: nothing of the history is here yet."""
    pages = CHANNELS * POSTS // POSTS_A_PAGE
    counts = (
        POSTS,
        CHANNELS * POSTS,
        CHANNELS * POSTS,
        pages,
        BEGINS,
        pages_done,
        worked_s,
        BEGINS,
        None,
        0,
        None,
    )
    return Backfill("all", STARTED, 1.0, BEGINS, "", *counts)


def main() -> None:
    """Play all three, and reckon the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--svg", type=Path, help="draw the last")
    parser.add_argument("--hours", type=float, default=7.0, help="of the last run, from the night on")
    asked = parser.parse_args()
    scenario = SCENARIOS[0]
    with tempfile.TemporaryDirectory(prefix="letapis-backfill-") as folder:
        Path(folder).chmod(0o711)
        with PostgresServer(Path(folder) / "postgres") as server:
            access = server.create_database("night")
            migrate(access.owner_url)
            engine = create_engine(access.writer_url)
            print("| a usual night | took | pages of history in it | its first request to t.me |")
            print("|---|---|---|---|")
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("SET synchronous_commit TO off"))
                for name, player in (
                    ("alone", Player(connection, scenario, begins_s=BEFORE_S)),
                    ("history through the night", Day(connection, scenario, hours=2, through=True)),
                    ("history as it runs", Day(connection, scenario, hours=asked.hours, through=False)),
                ):
                    night = player.play()
                    ended_s = BEFORE_S + night.ended_s
                    times = player.history.get("t.me", []) if isinstance(player, Day) else []
                    inside = sum(BEFORE_S <= at <= ended_s for at in times)
                    first_s = min(night.left["t.me"]) - BEFORE_S
                    print(f"| {name} | {night.ended_s:.0f} s | {inside} | after {first_s:.1f} s |", flush=True)
                    for table in ("turns", "waits", "hosts"):
                        connection.execute(text(f"DELETE FROM traffic.{table}"))
            engine.dispose()
    assert isinstance(player, Day)
    pages = len(player.history["t.me"])
    print(f"\n{pages} pages of history in {player.worked_s / 3600:.2f} hours of work")
    for name, pages_done, worked_s in (("by the pause", 0, 0.0), ("by what it did", pages, player.worked_s)):
        plan = plan_of([plan_row(pages_done, worked_s)], night_hours=night.ended_s / 3600, now=BEGINS)
        assert plan.ends_at is not None
        days = (plan.ends_at - BEGINS) / timedelta(days=1)
        print(
            f"{name}: {plan.pages_left} pages, {plan.pages_an_hour} an hour, {plan.hours_left} hours of work, "
            f"{plan.hours_a_day} hours a day: {days:.1f} days, until {plan.ends_at:%Y-%m-%d}"
        )
    if asked.svg is not None:
        asked.svg.write_text(drawing(player, night), "utf-8")


if __name__ == "__main__":
    main()
