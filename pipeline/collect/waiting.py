"""Takes requests, and waits for what comes of their addresses: from a worker where one lives, else by own work.

In: `Settings`, checked addresses (`pipeline.collect.url_list`), who wants them and why. Out: `Archived` of each.
A page that could not be reached is a result; a failure of ours raises `BrokenOffError` where a worker had it, or
the failure itself. Light to import: what does the work (`pipeline.collect.on_demand`) is loaded where it is
needed.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from ulid import ULID

from crawlers.watchlist.engines import Engine as CrawlEngine
from pipeline.collect.archived import Archived, where_of_request
from pipeline.collect.confidential_work import unlogged
from pipeline.config.database import database_engine
from pipeline.config.settings import Settings
from storage.access_labels import DEFAULT_LABEL
from storage.errors import StorageError
from storage.ledger.refused_lines import RefusedLine, refused_lines
from storage.ledger.requests import insert_request, request_by_id, results_of_request
from storage.work_queue.claims import (
    LeaseLostError,
    Order,
    claim,
    living_workers,
    order,
    order_of,
    still_awaited,
    take_up,
    wait_no_more,
)

LOOK_EVERY_S: Final = 0.1
"""Seconds between two looks at an address that a worker has; each is one row by its key."""

SAY_EVERY_S: Final = 3.0
"""Seconds between two signs that somebody still waits."""

ALL_BUSY_S: Final = 30.0
"""Seconds after which who waits works itself on an address that no worker has taken: all are busy, perhaps for
an hour, and a new process with its imports costs 4 to 10 seconds."""

PATIENCE_S: Final = 60.0
"""Seconds for which a database that does not answer ends no wait."""

OnProgress = Callable[[str], None]


class SomeBrokeOffError(StorageError):
    """This system failed with some addresses; ``done`` are the others, ``broken`` sentences."""

    def __init__(self, done: Sequence[Archived], broken: Sequence[str]) -> None:
        super().__init__("\n".join(broken))
        self.done = tuple(done)
        self.broken = tuple(broken)


class BrokenOffError(StorageError):
    """This system failed while a worker had the address; ``problem`` is what it wrote down in the ledger."""

    def __init__(self, request_id: str, number: int, problem: str) -> None:
        super().__init__(
            f"Address {number + 1} of request {request_id}: the work on it broke off: {problem}. What was "
            "captured is in the archive or stays in the spool. Start it again once the cause is mended."
        )
        self.request_id = request_id
        self.number = number
        self.problem = problem


def accept_request(
    settings: Settings,
    urls: Sequence[str],
    *,
    actor: str,
    reason: str | None = None,
    case: str | None = None,
    access_label: str = DEFAULT_LABEL,
    engine: CrawlEngine = "http",
    egress: str | None = None,
    video: bool = False,
    profile: str | None = None,
    follow: int = 0,
    refused: Sequence[RefusedLine] = (),
) -> str:
    """Write the request to the ledger, with what was refused, and its addresses to the queue; returns its id.

    With a ``profile`` the browser loads the pages, also where ``http`` was chosen; callers refuse ``direct``.
    """
    with _writer(settings) as writer, writer.begin() as connection:
        request = insert_request(
            connection,
            actor=actor,
            urls=urls,
            reason=_or_none(reason),
            case_reference=_or_none(case),
            access_label=access_label,
            engine="browser" if profile is not None else engine,
            egress=egress,
            video=video,
            profile=profile,
            follow=follow,
            refused=refused,
        )
        order(connection, request.id, len(request.urls))
    return request.id


def archive_one(
    settings: Settings,
    request_id: str,
    number: int,
    *,
    run: str | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Archived:
    """What comes of the address ``number`` (from 0) of a request, which stands in the ledger then.

    A worker does it where one lives; this process does it under a lease of its own where none does or all are
    busy. ``run`` names who waits: the first one takes what has come of the address already, each other one has it
    captured anew.
    Raises `RequestUnknownError` where the ledger has no such request, `BrokenOffError`, and in this process what
    `pipeline.collect.on_demand.work_on` raises.
    """
    with _writer(settings) as writer:
        with writer.begin() as connection:
            request_by_id(connection, request_id)
            take_up(connection, request_id, number, run or str(ULID()))
        while (found := _followed(writer, request_id, number, on_progress)).ended_at is None:
            with writer.begin() as connection:
                held = claim(connection, process_name(), of=(request_id, number))
            if held is not None:
                # where a worker lives, its imports would be the longest part of the wait
                from pipeline.collect.on_demand import archive_claimed

                with suppress(LeaseLostError):  # then another has it, and gives the result
                    return archive_claimed(settings, held, on_progress=on_progress)
        with writer.connect() as connection:
            result = results_of_request(connection, request_id).get(number)
    if found.broken or result is None:
        problem = None if result is None else result.problem
        raise BrokenOffError(request_id, number, problem or "the ledger has no result of it")
    return Archived.of_details(result.details)


def _followed(writer: Engine, request_id: str, number: int, on_progress: OnProgress) -> Order:
    """How the address stands once it has ended, or no worker is left that could take it, or none has in time."""
    holder = None
    answered_at = said_at = free_since = time.monotonic()
    while True:
        try:
            with writer.begin() as connection:
                found, workers = order_of(connection, request_id, number), living_workers(connection)
                if time.monotonic() - said_at > SAY_EVERY_S:
                    still_awaited(connection, request_id, number)
                    said_at = time.monotonic()
            answered_at = time.monotonic()
        except OperationalError:  # a database that is started again; the worker waits for it, too
            if time.monotonic() - answered_at > PATIENCE_S:
                raise
            time.sleep(1)
            continue
        if found is None or found.ended_at is not None:
            return found or Order(request_id, number, 0, None, None, None)
        if not found.free:
            free_since = answered_at
        elif not workers or answered_at - free_since > ALL_BUSY_S:
            return found
        if found.claimed_by not in (None, holder):
            holder = found.claimed_by
            on_progress(f"Address {number + 1} of request {request_id}: the worker {holder} has it.")
        time.sleep(LOOK_EVERY_S)


def archive_urls(
    settings: Settings,
    urls: Sequence[str],
    *,
    actor: str,
    reason: str | None = None,
    case: str | None = None,
    access_label: str = DEFAULT_LABEL,
    engine: CrawlEngine = "http",
    egress: str | None = None,
    video: bool = False,
    profile: str | None = None,
    follow: int = 0,
    refused: Sequence[RefusedLine] = (),
    on_progress: OnProgress = lambda _: None,
) -> tuple[Archived, ...]:
    """One request of several addresses; what fails with one of them stops no other.

    Raises `SettingsError` where no such profile is, at the end `SomeBrokeOffError`, or of one address the failure
    itself; at once, where the database does not answer.
    """
    settings.egress_url(egress)
    request_id = accept_request(
        settings,
        urls,
        actor=actor,
        reason=reason,
        case=case,
        access_label=access_label,
        engine=engine,
        egress=egress,
        video=video,
        profile=profile,
        follow=follow,
        refused=refused,
    )
    done: list[Archived] = []
    broken: list[str] = []
    for number, url in enumerate(urls):
        try:
            done.append(archive_one(settings, request_id, number, on_progress=on_progress))
        except OperationalError:
            raise
        except KeyboardInterrupt:
            with _writer(settings) as writer, writer.begin() as connection:
                wait_no_more(connection, request_id)
            raise
        except Exception as problem:
            if len(urls) == 1:
                raise
            broken.append(f"{url}: {problem}")
    if broken:
        raise SomeBrokeOffError(done, broken)
    return tuple(done)


def jobs_of_request(settings: Settings, request_id: str) -> list[dict[str, Any]]:
    """One job per address, as tasks hand it on; that of a confidential request names no address.

    Raises `RequestUnknownError`.
    """
    with _writer(settings) as writer, writer.connect() as connection:
        request = request_by_id(connection, request_id)
    return [
        {
            "request_id": request.id,
            "number": number,
            "confidential": request.confidential,
            "name": f"URL {number + 1}" if request.confidential else url,
        }
        for number, url in enumerate(request.urls)
    ]


def refused_of_request(settings: Settings, request_id: str) -> tuple[RefusedLine, ...]:
    """The lines of a request that were not taken."""
    with _writer(settings) as writer, writer.connect() as connection:
        return refused_lines(connection, request_id)


def archive_confidentially(
    settings: Settings, request_id: str, number: int, *, run: str | None = None
) -> dict[str, Any]:
    """Archive one address of a confidential request; nothing that is said or returned tells what it is.

    ``broken``: whether this system failed; why is written down for the members of the case.
    """
    broken, missing = False, False
    with unlogged():
        try:
            missing = archive_one(settings, request_id, number, run=run).problem is not None
        except BaseException:  # even a timeout or an exit: its traceback would name the address
            broken = True
    state = "failed" if broken else "not captured as asked" if missing else "done"
    return {
        "request_id": request_id,
        "number": number,
        "broken": broken,
        "missing": missing,
        "sentence": f"URL {number + 1} of request {request_id}: {state}. {where_of_request(settings, request_id)}",
    }


def process_name() -> str:
    """This process as the holder of claims."""
    return f"{socket.gethostname()}:{os.getpid()}"


@contextmanager
def _writer(settings: Settings) -> Iterator[Engine]:
    engine = database_engine(settings.database().writer_url, "letapis-waiting")
    try:
        yield engine
    finally:
        engine.dispose()


def _or_none(text: str | None) -> str | None:
    return (text or "").strip() or None
