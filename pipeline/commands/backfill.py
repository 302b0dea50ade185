"""Commands about the history of channels: `backfill` with `plan`, `start`, `pause`, `stop` and `work`."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.search import archive_for_command
from pipeline.output import Exit, JsonOption, emit, fail, print_progress

if TYPE_CHECKING:
    from crawlers.watchlist.source import Source
    from pipeline.collect.backfill import Turn
    from pipeline.config.settings import Settings
    from storage.archive import Archive
    from storage.queries.backfill_plan import BackfillPlan
    from storage.work_queue.backfills import Backfill

GROUP = typer.Typer(help="Fetch the history of channels between the nights; without a command, show the plan.")

Channels = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SOURCE]...", help="Telegram sources of the watch-list; without one, all of them."),
]
PaceOption = Annotated[
    float | None,
    typer.Option("--pace", min=0.1, metavar="SECONDS", help="Reckon with so long between two requests to a host."),
]


@GROUP.callback(invoke_without_command=True)
def shown(context: typer.Context, as_json: JsonOption = False) -> None:
    """Fetch the history of channels between the nights; without a command, show the plan."""
    if context.invoked_subcommand is None:
        plan(sources=None, pace=None, as_json=as_json)


@GROUP.command("plan")
def plan(sources: Channels = None, pace: PaceOption = None, as_json: JsonOption = False) -> None:
    """Say what is missing of each channel, how many pages that is, and when the backfill has all of it.

    The end is that of the channels that are started; if none is, of all that are shown.
    """
    with archive_for_command() as archive:
        rows = _rows(archive, _channels(_settings(), sources))
        emit(_plan(archive, rows, pace), as_json=as_json, human=describe_plan)


@GROUP.command("start")
def start(sources: Channels = None, as_json: JsonOption = False) -> None:
    """Fetch what is missing of these channels, from the newest post back; a paused channel goes on."""
    from storage.work_queue.backfills import all_backfills
    from storage.work_queue.backfills import start as begin

    with archive_for_command() as archive:
        chosen = _channels(_settings(), sources)
        rows = _rows(archive, chosen, anew=True)
        with archive.writer.begin() as connection:
            for row in rows:
                source = chosen[row.source_id]
                begin(connection, source.id, delay_s=source.delay_s, by=current_user(), missing=row.missing)
            known = {each.source_id: each for each in all_backfills(connection)}
        rows = [Channel(known[row.source_id], True) for row in rows]
        emit(_plan(archive, rows, None), as_json=as_json, human=describe_plan)


@GROUP.command("pause")
def pause(sources: Channels = None, as_json: JsonOption = False) -> None:
    """Fetch nothing more of these channels until they are started again; a crawl under way ends in seconds."""
    from storage.work_queue.backfills import pause as rest

    _change(sources, "paused", rest, as_json=as_json)


@GROUP.command("stop")
def stop(sources: Channels = None, as_json: JsonOption = False) -> None:
    """Take these channels out of the plan; what was fetched stays in the archive."""
    from storage.work_queue.backfills import stop as forget

    _change(sources, "stopped", forget, as_json=as_json)


@GROUP.command("work")
def work(as_json: JsonOption = False) -> None:
    """Fetch history now, until a night comes or nothing is left. The DAG `backfill` does this by itself.

    Exit code 3 if a channel fell short.
    """
    from pipeline.collect.backfill import run_backfill

    turns: list[Turn] = []

    def note(turn: "Turn") -> None:
        turns.append(turn)
        emit([turn.as_json()], as_json=as_json, human=describe_turn)

    with archive_for_command():  # its errors as sentences
        ended = run_backfill(_settings(), on_turn=note, on_progress=print_progress)
    print_progress(ended)
    if any(turn.problem for turn in turns):
        raise typer.Exit(int(Exit.SOURCES_FAILED))


@dataclass(frozen=True)
class Channel:
    """A channel of the plan; ``listed`` says whether its backfill was ever started."""

    backfill: "Backfill"
    listed: bool

    @property
    def source_id(self) -> str:
        """The id of the source."""
        return self.backfill.source_id

    @property
    def missing(self) -> Any:
        """What is missing of it, None where that is not known."""
        from storage.work_queue.backfills import MissingPosts

        row = self.backfill
        if row.newest_id is None or row.ids_left is None:
            return None
        return MissingPosts(row.newest_id, row.ids_left, row.pages_left or 0)

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values, but for times, which stay times."""
        row = asdict(self.backfill)
        state = "done" if self.backfill.done else self.backfill.state if self.listed else "not started"
        return {"kind": "backfill_channel"} | row | {"state": state}


def _settings() -> "Settings":
    from pipeline.config.settings import load_settings

    return load_settings()


def _channels(settings: "Settings", wanted: list[str] | None) -> "dict[str, Source]":
    from crawlers.watchlist.loader import InvalidWatchlist
    from pipeline.collect.backfill import channels_of

    try:
        known = channels_of(settings)
    except InvalidWatchlist as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    unknown = [name for name in wanted or () if name not in known]
    if unknown:
        listed = ", ".join(known) or "none"
        raise fail(
            f"The watch-list has no Telegram source {', '.join(unknown)}. It has: {listed}. Nothing was changed.",
            Exit.WRONG_USE,
        )
    return {name: source for name, source in known.items() if not wanted or name in wanted}


def _rows(archive: "Archive", chosen: "Mapping[str, Source]", *, anew: bool = False) -> list[Channel]:
    """The channels as they stand; those not started, and with ``anew`` all, are counted now."""
    from storage.queries.backfill_plan import missing_of
    from storage.queries.channel_coverage import coverage_of_source
    from storage.work_queue.backfills import STARTED, Backfill, all_backfills

    now, rows = datetime.now(UTC), []
    with archive.reader.connect() as connection:
        known = {each.source_id: each for each in all_backfills(connection)}
        for number, (name, source) in enumerate(chosen.items(), 1):
            if name in known and not anew:
                rows.append(Channel(known[name], True))
                continue
            if number % 20 == 0:
                print_progress(f"{number} of {len(chosen)} channels counted")
            missing = missing_of(coverage_of_source(connection, name))
            ids = None if missing is None else missing.ids
            pages = None if missing is None else missing.pages
            newest = None if missing is None else missing.newest_id
            counts = (newest, ids, ids, pages, now, 0, 0.0, None, None, 0, None)
            rows.append(Channel(Backfill(name, STARTED, source.delay_s, now, "", *counts), False))
    return rows


def _plan(archive: "Archive", rows: list[Channel], pace_s: float | None) -> Iterator[dict[str, Any]]:
    """The whole, then each channel."""
    from storage.ledger.harvests import hours_of_night
    from storage.queries.backfill_plan import plan_of

    now = datetime.now(UTC)
    with archive.reader.connect() as connection:
        night_hours = hours_of_night(connection, now)
    listed = [row for row in rows if row.listed]
    counted = [row.backfill for row in listed or rows]
    found = plan_of(counted, night_hours=night_hours, now=now, pace_s=pace_s)
    yield {"kind": "backfill_plan", "begun": bool(listed), **plan_json(found)}
    yield from (row.as_json() for row in rows)


def plan_json(found: "BackfillPlan") -> dict[str, Any]:
    """The plan as a row, without its kind."""
    return asdict(found)


def _change(wanted: list[str] | None, state: str, change: Any, *, as_json: bool) -> None:
    from storage.work_queue.backfills import all_backfills

    with archive_for_command() as archive, archive.writer.begin() as connection:
        known = [each.source_id for each in all_backfills(connection)]
        unknown = [name for name in wanted or () if name not in known]
        if unknown:
            listed = ", ".join(known) or "none"
            raise fail(
                f"No backfill of {', '.join(unknown)} was started. Started were: {listed}. Nothing was changed.",
                Exit.WRONG_USE,
            )
        changed = [name for name in wanted or known if change(connection, name)]
    rows = ({"kind": "backfill_change", "source_id": name, "state": state} for name in changed)
    emit(rows, as_json=as_json, human=lambda row: f"{row['source_id']}: {row['state']}")


def describe_plan(row: Mapping[str, Any]) -> str:
    """The whole, or one channel, for a terminal."""
    if row["kind"] == "backfill_channel":
        return describe_channel(row)
    channels = "1 channel" if row["channels"] == 1 else f"{row['channels']} channels"
    begun = f"{channels} started" if row["begun"] else f"None is started. Of {channels}"
    lines = [f"{begun}: {row['ids_left']:,} posts missing, about {row['pages_left']:,} pages"]
    if row["unknown"]:
        lines.append(f"{row['unknown']} of them unknown: their first night has not been read yet")
    if row["share_done"]:
        lines.append(f"{row['share_done']:.0%} of what was missing at the start is here")
    if row["hours_left"] is not None:
        how = "as it went so far" if row["measured"] else "by the pause between two requests"
        lines.append(
            f"{row['pages_an_hour']:,.0f} pages an hour, {how}; {row['hours_left']:,.1f} hours of work, "
            f"{row['hours_a_day']:g} hours a day"
        )
    if row["ends_at"] is not None:
        lines.append(f"Ends on {row['ends_at']:%Y-%m-%d}")
    elif not row["pages_left"] and not row["unknown"]:
        lines.append("Nothing is missing")
    return "\n".join(lines)


def describe_channel(row: Mapping[str, Any]) -> str:
    """One channel as a line."""
    left = (
        "not known yet"
        if row["ids_left"] is None
        else f"{row['ids_left']:,} of {row['newest_id']:,} posts missing"
    )
    pages = f", about {row['pages_left']:,} pages" if row["pages_left"] else ""
    done = f", {row['pages_done']:,} fetched" if row["pages_done"] else ""
    return f"  {row['source_id']:<32} {row['state']}: {left}{pages}{done}" + (
        f". {row['problem']}" if row["problem"] else ""
    )


def describe_turn(row: Mapping[str, Any]) -> str:
    """One turn as a line."""
    left = "" if row["ids_left"] is None else f", {row['ids_left']:,} posts missing"
    line = f"{row['source_id']}: {row['pages']} pages in {row['seconds']:.0f} s{left}"
    return line + (f". {row['problem']}" if row["problem"] else "")


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.add_typer(GROUP, name="backfill")
