"""Repeats: addresses that people have archived again and again until a day, for those who may know of them.

In: the archive, whom the answer is for. Out: JSON-ready rows of kind ``repeat``, with what came of the newest
turn. Raises `storage.ledger.repeats.RepeatError` for one that is not there, or of which the viewer may not know.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.ledger.repeats import (
    Repeat,
    missed_turns,
    repeat_by_id,
    repeat_of_request,
    repeats_of_urls,
    repeats_seen,
    stop_repeat,
    turns_made,
)
from storage.ledger.requests import RequestResult, results_of_request


def repeat_rows(
    archive: Archive,
    *,
    viewer: Viewer = EVERYONE,
    most: int = 50,
    offset: int = 0,
    now: datetime | None = None,
) -> list[dict[str, Any]]:
    """Repeats, those at work first."""
    with archive.reader.connect() as connection:
        found = repeats_seen(connection, viewer=viewer, limit=most, offset=offset)
    return _rows(archive, found, now or datetime.now(UTC))


def one_repeat(archive: Archive, repeat_id: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any]:
    """One repeat."""
    with archive.reader.connect() as connection:
        found = repeat_by_id(connection, repeat_id, viewer=viewer)
    (row,) = _rows(archive, (found,), datetime.now(UTC))
    return row


def stopped(archive: Archive, repeat_id: str, *, viewer: Viewer) -> dict[str, Any]:
    """Stop a repeat in the viewer's name; returns its row."""
    stop_repeat(archive, repeat_id, actor=viewer.name, viewer=viewer)
    return one_repeat(archive, repeat_id, viewer=viewer)


def watching(
    archive: Archive, request_id: str, urls: Sequence[str], *, viewer: Viewer = EVERYONE
) -> dict[str, Any]:
    """What repeats have to do with a request: ``turn_of``, the one whose turn it is, and ``others`` at work."""
    now = datetime.now(UTC)
    with archive.reader.connect() as connection:
        own = repeat_of_request(connection, request_id, viewer=viewer)
        others = [
            each
            for each in repeats_of_urls(connection, urls, viewer=viewer, now=now)
            if own is None or each.id != own.id
        ]
    rows = _rows(archive, [*([] if own is None else [own]), *others], now)
    return {"turn_of": None if own is None else rows[0], "others": rows if own is None else rows[1:]}


def repeat_row(repeat: Repeat, made: Sequence[int], now: datetime) -> dict[str, Any]:
    """A repeat as JSON-ready values, without what came of its newest turn."""
    schedule, at_work = repeat.schedule, repeat.is_at_work(now)
    following = schedule.newest_turn(now) + 1
    newest = following - 1
    if at_work and newest and newest not in made and schedule.may_be_taken(newest, now):
        following = newest
    return {
        "kind": "repeat",
        "id": repeat.id,
        "begun_at": time_text(schedule.begun_at),
        "actor": repeat.actor,
        "urls": list(repeat.urls),
        "every_s": int(schedule.every.total_seconds()),
        "first_due_at": time_text(schedule.due_at(1)),
        "until_at": time_text(schedule.until_at),
        "reason": repeat.reason,
        "case_reference": repeat.case_reference,
        "confidential": repeat.confidential,
        "engine": repeat.engine,
        "egress": repeat.egress,
        "video": repeat.video,
        "profile": repeat.profile,
        "state": "stopped" if repeat.stopped_at is not None else "at_work" if at_work else "over",
        "turns": schedule.turns,
        "made": len(made),
        "missed": missed_turns(repeat, made, now),
        "next_due_at": time_text(schedule.due_at(following)) if at_work and following <= schedule.turns else None,
        "stopped_at": None if repeat.stopped_at is None else time_text(repeat.stopped_at),
        "stopped_by": repeat.stopped_by,
    }


def _rows(archive: Archive, found: Sequence[Repeat], now: datetime) -> list[dict[str, Any]]:
    with archive.reader.connect() as connection:
        made = turns_made(connection, found)
        newest = {each.id: each.request_id(made[each.id][-1]) for each in found if made[each.id]}
        results = {name: results_of_request(connection, name) for name in newest.values()}
    rows = []
    for each in found:
        row = repeat_row(each, made[each.id], now)
        last = None
        if each.id in newest:
            due_at = each.schedule.due_at(made[each.id][-1])
            last = _last_turn(each, newest[each.id], due_at, results[newest[each.id]])
        rows.append(row | {"last_turn": last})
    return rows


def _last_turn(
    repeat: Repeat, request_id: str, due_at: datetime, results: Mapping[int, RequestResult]
) -> dict[str, Any]:
    outcomes = [each.details.get("outcome") for each in results.values()]
    problems = [each.problem for each in results.values() if each.problem is not None]
    return {
        "request_id": request_id,
        "due_at": time_text(due_at),
        "waiting": len(repeat.urls) - len(results),
        "captured": sum(each.capture_id is not None for each in results.values()),
        "outcome": outcomes[0] if len(repeat.urls) == 1 and outcomes else None,
        "problem": problems[0] if problems else None,
    }
