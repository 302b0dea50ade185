"""What runs, what is pending, what has failed, on one screen; as much of it as is known when the stack is down.

In: `Settings`. Out: `StatusLine`s in four sections, in the order in which a person asks. Nothing is changed, and
no problem is raised: it becomes a line. What cannot be known is reported as unknown.
"""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy.exc import SQLAlchemyError

from access.views.overview import overview
from crawlers.watchlist.loader import InvalidWatchlist
from crawlers.watchlist.source import review_is_due
from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.backup.gathering import kept_things
from pipeline.backup.last_backup import differences, last_backup
from pipeline.backup.variables import given_variables
from pipeline.collect.night_schedule import NightSchedule, night_schedule
from pipeline.config.archive_factory import opened_archive
from pipeline.config.demo_location import demo_folder, is_demo_folder
from pipeline.config.listed_sources import sources_as_known
from pipeline.config.settings import Settings, SettingsError
from pipeline.devstack.data_folder import LOCK_NAME, why_unusable
from pipeline.operations.outbox import Outbox
from pipeline.output import counted
from storage.archive import Archive
from storage.errors import StorageError
from storage.integrity.purge import overdue
from storage.ledger.drills import last_drill
from storage.ledger.harvests import NightState
from storage.spool.lock import CrawlAliveError, lock_crawl

Section = Literal["stack", "runs", "pending", "failed"]

SHORT_OF_SPACE_BYTES: Final = 2 * 10**9

NAMED: Final = 4
"""So many of a kind are named; the rest are counted."""

DAGS: Final = (
    "process",
    "reread",
    "copies",
    "timestamps",
    "renewals",
    "checkpoints",
    "ledger",
    "audit",
    "drill",
    "archive_url",
    "handover",
    "morning",
    "quality",
    "alarms",
)
"""Those whose newest run is looked at; of the harvest its nights say more."""

NOT_KNOWN: Final = "not known: "


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One thing: ``what`` in a word or two, ``found`` a sentence."""

    section: Section
    what: str
    found: str


def status_lines(settings: Settings, *, now: datetime | None = None) -> Iterator[StatusLine]:
    """Every line, section by section as far as the sources of it allow; the caller sorts by section."""
    moment = now or datetime.now(UTC)
    yield from _stack(settings)
    yield from _spool(settings)
    schedule = yield from _airflow(settings, moment)
    yield from _archive(settings, schedule)
    yield from _watchlist(settings, moment)
    yield from _disk(settings)
    yield from _messages(settings)
    yield from _backup(settings)


def _stack(settings: Settings) -> Iterator[StatusLine]:
    if settings.airflow_url is None:
        yield StatusLine("stack", "stack", f"down: {_how_to_start(settings)}")
        yield StatusLine("failed", "stack", "The stack is down: no night begins, and no request is carried out.")
        return
    lock = settings.data / LOCK_NAME
    _, _, since = lock.read_text("utf-8").strip().partition(" ") if lock.exists() else ("", "", "")
    yield StatusLine("stack", "stack", f"up{f' since {since}' if since else ''}: {settings.airflow_url}")


def _how_to_start(settings: Settings) -> str:
    demo = demo_folder(settings.data)
    if demo == settings.data:
        return "`make demo` starts it"
    also = f"; the demo has its own stack, shown with LETAPIS_DATA={demo}" if is_demo_folder(demo) else ""
    return f"`letapis up` starts it{also}"


def _spool(settings: Settings) -> Iterator[StatusLine]:
    """Crawls that are being written now, and what stopped ones have left."""
    alive, left = [], []
    for folder in sorted(settings.spool_dir.glob("*/")) if settings.spool_dir.is_dir() else ():
        try:
            with lock_crawl(folder):
                left.append(folder.name)
        except CrawlAliveError:
            alive.append(folder.name)
        except OSError as problem:
            yield StatusLine("failed", "spool", f"{folder.name}: {problem.strerror}")
    if alive:
        yield StatusLine("runs", "crawls", f"{counted(len(alive), 'crawl')} running")
    if left:
        waits = "waits to be deposited, which the next harvest or `letapis up` does"
        yield StatusLine("pending", "spool", f"What {counted(len(left), 'stopped crawl')} captured {waits}.")


def _airflow(settings: Settings, now: datetime) -> Generator[StatusLine, None, NightSchedule | None]:
    """What Airflow does and has planned; returns the plan for the nights, None where it is not known."""
    schedule = None
    if settings.airflow_url is None:
        return schedule
    with _unless_away("airflow") as lines, AirflowApi(settings.airflow(), patience_s=0) as api:
        schedule = night_schedule(api)
        if schedule.at_work is not None:
            lines.append(StatusLine("runs", "harvest", f"{schedule.progress} ({schedule.at_work})"))
        if schedule.waiting:
            lines.append(
                StatusLine(
                    "pending", "harvest", f"{counted(len(schedule.waiting), 'harvest')} started and waiting"
                )
            )
        lines += [
            StatusLine("runs", run["dag_id"], f"{run['state']} ({run['dag_run_id']})")
            for run in _active(api)
            if run["dag_id"] != "harvest"
        ]
        problem = schedule.problem(now)
        if problem is not None:
            lines.append(StatusLine("failed", "next night", problem))
        elif (overdue := schedule.due(now)) is not None:
            lines.append(StatusLine("pending", "night", overdue))
        elif schedule.next_at is not None:
            lines.append(StatusLine("pending", "next night", f"{schedule.next_at:%Y-%m-%d %H:%M} UTC"))
        lines += [StatusLine("failed", dag_id, found) for dag_id in DAGS if (found := _failed_runs(api, dag_id))]
        lines += [StatusLine("failed", "dag file", each) for each in api.import_errors()]
    yield from lines
    return schedule


@contextmanager
def _unless_away(what: str) -> Iterator[list[StatusLine]]:
    """Keeps what was found before the other side stopped answering, and adds a line that says so."""
    lines: list[StatusLine] = []
    try:
        yield lines
    except (AirflowRefused, AirflowUnreachable, SettingsError, StorageError, SQLAlchemyError) as problem:
        lines.append(StatusLine("failed", what, f"{NOT_KNOWN}{str(problem).splitlines()[0]}"))


def _active(api: AirflowApi) -> list[dict[str, Any]]:
    path = "/api/v2/dags/~/dagRuns?state=running&state=queued&order_by=run_after&limit=50"
    found: list[dict[str, Any]] = api.get(path, what="list runs")["dag_runs"]
    return found


def _failed_runs(api: AirflowApi, dag_id: str) -> str | None:
    """How often in a row the newest ended runs have failed, and since when."""
    ended = [run for run in api.runs(dag_id) if run["state"] in ("success", "failed")]
    in_a_row = next((number for number, run in enumerate(ended) if run["state"] != "failed"), len(ended))
    if not in_a_row:
        return None
    since = datetime.fromisoformat(ended[in_a_row - 1]["run_after"]).astimezone(UTC)
    times = "Its newest run failed" if in_a_row == 1 else f"Its newest {in_a_row} runs failed"
    return f"{times}, from {since:%Y-%m-%d %H:%M} UTC on: see the log of its failed task."


def _archive(settings: Settings, schedule: NightSchedule | None) -> Iterator[StatusLine]:
    if settings.database_reader_url is None:
        yield StatusLine("pending", "nights", f"{NOT_KNOWN}the database does not run, and it has their results")
        return
    with _unless_away("archive") as lines, opened_archive(settings) as archive:
        view = overview(archive)
        for night in view["nights"]:
            missed = night["state"] == NightState.MISSED
            if missed and schedule is not None and schedule.covers(datetime.fromisoformat(night["due_at"])):
                continue  # the reason is reported already
            if night["bad"]:
                lines.append(StatusLine("failed", f"night {night['due_at'][5:10]}", night["sentence"]))
            elif night is view["nights"][0]:
                lines.append(StatusLine("stack", f"night {night['due_at'][5:10]}", night["sentence"]))
        lines += _sources(view["sources"])
        unread = view["held"]["unread_files"]
        if unread:
            lines.append(
                StatusLine("pending", "process", f"{counted(unread, 'WARC file')} deposited and not read yet")
            )
        for kind, sentence in (("copies", "missing in the second store"), ("time_tokens", "not obtained yet")):
            if view["owed"][kind]:
                lines.append(
                    StatusLine(
                        "pending", kind.replace("_", " "), f"{counted(view['owed'][kind], 'entry')} {sentence}"
                    )
                )
        lines += _drill(settings, archive)
        late = overdue(archive)
        if late:
            lines.append(
                StatusLine("failed", "purges", f"{counted(len(late), 'purge')} overdue: `letapis purges` says why")
            )
    yield from lines


def _drill(settings: Settings, archive: Archive) -> Iterator[StatusLine]:
    """When the recovery was tried last, and what it came to; nothing where no role is there to try it."""
    with archive.reader.connect() as connection:
        last = last_drill(connection)
    if last is None:
        if settings.database_drill_url is not None:
            yield StatusLine("pending", "drill", "The recovery was never tried: `letapis drill` does.")
        return
    found = "the store gives the same archive" if last.passed else f"{last.differing} things differ"
    if last.problem is not None:
        found = f"the recovery broke off ({last.problem}): `letapis drill` says why"
    yield StatusLine("stack" if last.passed else "failed", "drill", f"{last.at:%Y-%m-%d}: {found}")


def _sources(rows: list[dict[str, Any]]) -> Iterator[StatusLine]:
    """Sources that need attention, but no crawl that is running."""
    wrong = [row for row in rows if row["last_crawl"] is not None and row["last_crawl"]["state"] == "failed"]
    for row in wrong[:NAMED]:
        yield StatusLine("failed", row["source"], row["last_crawl"]["failures"][0])
    if len(wrong) > NAMED:
        yield StatusLine(
            "failed", "sources", f"and {len(wrong) - NAMED} more sources: `letapis sources` names each"
        )


def _watchlist(settings: Settings, now: datetime) -> Iterator[StatusLine]:
    try:
        known = sources_as_known(settings)
    except InvalidWatchlist as errors:
        for mistake in errors.mistakes[:NAMED]:
            yield StatusLine("failed", "watch-list", str(mistake))
        if len(errors.mistakes) > NAMED:
            yield StatusLine("failed", "watch-list", f"and {len(errors.mistakes) - NAMED} more mistakes")
    else:
        yield StatusLine("stack", "watch-list", f"{settings.watchlist}: {known.in_words()}")
        due = [each for each in known.watchlist.sources if review_is_due(each.review_by, now.date())]
        for each in due[:NAMED]:
            basis = each.legal_basis or "not named"
            yield StatusLine(
                "failed", each.id, f"Its legal basis ({basis}) was to be reviewed by {each.review_by}."
            )
        if len(due) > NAMED:
            yield StatusLine("failed", "reviews", f"and {len(due) - NAMED} more sources, whose review is due")


def _messages(settings: Settings) -> Iterator[StatusLine]:
    """Messages for people that have not reached every address."""
    for each in Outbox(settings.data).unsent()[-NAMED:]:
        why = "; ".join(dict.fromkeys(each.failed.values()))
        again = "it is tried again within half an hour, and by `letapis morning --send`"
        yield StatusLine("failed", "message", f"That of {each.at[:16]} has not reached everybody: {why}. {again}.")


def _backup(settings: Settings) -> Iterator[StatusLine]:
    """Whether keys and settings are backed up as they are now; a machine without keys has nothing to back up."""
    if not os.path.lexists(settings.sealing_keys_file) and not os.path.lexists(settings.log_key_file):
        return
    made = last_backup(settings.data)
    if made is None:
        how = "`letapis backup --to FILE` makes one"
        yield StatusLine("pending", "backup", f"No backup of keys and settings was made on this machine: {how}.")
        return
    try:
        changed = differences(made.digests, kept_things(settings, given_variables()))
    except (StorageError, SettingsError) as problem:
        yield StatusLine("failed", "backup", str(problem))
        return
    if changed:
        names = ", ".join(each.what for each in changed[:NAMED])
        yield StatusLine("pending", "backup", f"Changed since that of {made.made_at[:10]}: {names}.")
    else:
        yield StatusLine("stack", "backup", f"made on {made.made_at[:10]}: {made.file}")


def _disk(settings: Settings) -> Iterator[StatusLine]:
    if problem := why_unusable(settings.data):
        yield StatusLine(
            "failed", "data folder", f"{settings.data}: expected a folder that can be written to, found {problem}"
        )
        return
    folder = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / 10**9:.1f} GB free for {settings.data}"
    short = free < SHORT_OF_SPACE_BYTES
    yield StatusLine("failed" if short else "stack", "disk", f"{found}: crawls soon stop" if short else found)
