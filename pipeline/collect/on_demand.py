"""Archives a web page that a person wants: a crawl, a WARC file and a deposit per address, read at once.

In: `Settings`, a claim of an address in the queue. Out: `Archived`: keys, counts and where to look. Who, why and
for which case go to the ledger and custody, never into a WARC. A page that could not be reached is a result; a
failure of ours is written down and raised, and what was captured stays in the spool. The result stands in the
ledger as soon as the page can be read; batches, time tokens and checkpoint follow. Tasks, commands and workers all
come here.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from crawlers.model.iso_time import time_text
from crawlers.model.json_form import to_json
from crawlers.model.report import CrawlReport, LinkedPage
from crawlers.watchlist.engines import engine_of_request
from crawlers.watchlist.source import VideoLimits, source_for_urls
from pipeline.clock_offset import measured_clock
from pipeline.collect.archived import Archived, page_of
from pipeline.collect.deposit_spool import recover_spools
from pipeline.collect.harvest import collect, failure_reason
from pipeline.collect.lease import Lease, held_lease
from pipeline.collect.preservation_status import preservation_of
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.crawl.fork_server import ForkServer
from pipeline.crawl.prepared_crawl import PreparedCrawls
from pipeline.preserve.checkpoint import sign_and_deliver
from pipeline.preserve.timestamp import request_timestamps
from pipeline.process.readers import PreparedParsers
from pipeline.process.run import process_files
from pipeline.tracing import task_span
from processors.pages.outcome import Outcome
from processors.surt import surt_key
from processors.telegram.post_address import post_in
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_of_crawl
from storage.deposit.redirects import redirect_target
from storage.errors import StorageError
from storage.ledger.batches import store_batches
from storage.ledger.requests import Request, insert_result, request_by_id
from storage.migrations import OtherSchemaError
from storage.work_queue.claims import Claim, LeaseLostError, end, give_back

MOST_REDIRECTS: Final = 20
"""As many as browsers follow (Fetch Standard, section 4.4)."""

MOST_ATTEMPTS: Final = 3
"""Claims of one address that may end without a result: what kills its worker each time is tried no more."""

GRACE_S: Final = 3.0
"""Seconds that a crawl has to close its files: with what its keeper needs after that, it is over before the lease
of a worker that was killed."""

OnProgress = Callable[[str], None]


class Prepared:
    """What a worker starts before it knows the next address: a crawl's process, and parsers for what it brings.

    Each serves one address, since a hostile page may leave something behind in what has seen it.
    """

    def __init__(self, settings: Settings) -> None:
        self._server = ForkServer(grace_s=GRACE_S)
        self.crawls = PreparedCrawls(self._server, user_agent=settings.user_agent, grace_s=GRACE_S)
        self.parsers = PreparedParsers(self._server.forked_parsers)

    def start(self) -> None:
        """Start what is missing; returns at once."""
        self.crawls.prepare()
        self.parsers.prepare()

    def end(self) -> None:
        """End what waits."""
        self.crawls.end()
        self.parsers.end()
        self._server.end()


class WorkerStopped(BaseException):
    """The worker was told to stop: it gives its address back, and another goes on with it."""


class TriedTooOftenError(StorageError):
    """Each worker that had the address was killed or lost its lease; somebody has to look why."""

    def __init__(self, attempts: int) -> None:
        super().__init__(
            f"{attempts} workers began with this address, and none of them came to its end: they were killed, or "
            "the database did not answer them. Their logs say more. What they captured is in the archive."
        )
        self.attempts = attempts


def archive_claimed(settings: Settings, held: Claim, *, on_progress: OnProgress = lambda _: None) -> Archived:
    """Archive the claimed address in this process, to the end of all that follows; raises as `work_on`.

    What follows may fail, and stays pending then: the result stands, and a task that fails captures it again.
    """
    with opened_archive(settings) as archive:
        archived = work_on(settings, archive, held, on_progress=on_progress)
        try:
            follow_up(settings, archive, held.request_id, on_progress=on_progress)
        except Exception as problem:
            on_progress(f"What follows on request {held.request_id} stays pending: {type(problem).__name__}")
    return archived


def work_on(
    settings: Settings,
    archive: Archive,
    held: Claim,
    *,
    beats_for: str | None = None,
    prepared: "Prepared | None" = None,
    on_progress: OnProgress = lambda _: None,
) -> Archived:
    """Archive the claimed address until it can be read, and write down what came of it.

    ``beats_for`` is the worker for which signs of life are given meanwhile, ``prepared`` what it has
    started beforehand. Raises `RequestUnknownError` where the
    ledger has no such request, `SettingsError` where its egress profile is not known, `LeaseLostError` where
    another has the address by now. What broke off is written down as well, and raised again; of a worker that
    gives signs of life all but `OperationalError`, after which the address is claimed once more.
    """
    try:
        with held_lease(settings.database().writer_url, held, beats_for=beats_for) as lease:
            with archive.reader.connect() as connection:
                request = request_by_id(connection, held.request_id)
            if held.attempt > MOST_ATTEMPTS:
                raise TriedTooOftenError(held.attempt - 1)
            if held.attempt > 1:
                deposit_left(settings, archive, on_progress)
            with task_span("archive", attempt=held.attempt):
                archived = _archive_address(settings, archive, request, held.number, on_progress, lease, prepared)
            lease.require()
            with archive.writer.begin() as connection:
                insert_result(
                    connection,
                    held.request_id,
                    held.number,
                    crawl_id=archived.crawl_id,
                    capture_id=archived.capture_id,
                    problem=archived.problem,
                    details=archived.as_json(),
                )
                end(connection, held, broken=False)
    except (LeaseLostError, OtherSchemaError):
        raise
    except WorkerStopped:
        # without a database the lease ends by itself, and the worker stops all the same
        with suppress(SQLAlchemyError, StorageError), archive.writer.begin() as connection:
            give_back(connection, held)
        raise
    except BaseException as problem:
        if beats_for is not None and isinstance(problem, OperationalError):
            raise  # the lease ends by itself, and the next attempt may find a database that answers
        with archive.writer.begin() as connection:
            insert_result(connection, held.request_id, held.number, problem=f"{type(problem).__name__}: {problem}")
            end(connection, held, broken=True)
        raise
    return archived


def follow_up(
    settings: Settings, archive: Archive, request_id: str, *, on_progress: OnProgress = lambda _: None
) -> None:
    """What follows when the pages can be read: batches of the ledger, time tokens, a checkpoint to its outlets.

    What fails here stays pending, and the DAGs `ledger`, `timestamps` and `checkpoints` make it good.
    """
    with archive.reader.connect() as connection:
        request = request_by_id(connection, request_id)
    store_batches(archive, actor=settings.collector)
    request_timestamps(
        settings, archive, occasion=f"request {request.id}", actor=request.actor, on_progress=on_progress
    )
    sign_and_deliver(settings, archive, on_progress=on_progress)


def deposit_left(settings: Settings, archive: Archive, on_progress: OnProgress) -> None:
    """Deposit what crawls have left on this machine whose worker was killed."""
    recover_spools(
        archive,
        settings.spool_dir,
        actor=settings.collector,
        on_progress=on_progress,
        measure_clock=partial(measured_clock, settings.time_servers),
    )


def _archive_address(
    settings: Settings,
    archive: Archive,
    request: Request,
    number: int,
    on_progress: OnProgress,
    lease: Lease,
    prepared: "Prepared | None",
) -> Archived:
    url = request.urls[number]
    facts = {
        "requested_by": request.actor,
        "reason": request.reason,
        "case": request.case_reference,
        "request_id": request.id,
        "request_number": str(number + 1),
    }
    source = source_for_urls(
        (url,),
        engine=engine_of_request(request.engine) or "http",
        egress=request.egress,
        access_label=request.access_label if request.confidential else None,
        video=VideoLimits() if request.video else None,
        linked_pages=request.follow or None,
    )
    if request.profile is not None:
        source = replace(source, profile=request.profile)
    report, deposited = collect(
        settings,
        archive,
        source,
        on_progress=on_progress,
        request=facts,
        actor=request.actor,
        watched=lease.watched,
        grace_s=GRACE_S,
        prepared=None if prepared is None else prepared.crawls,
    )
    keys = tuple(each.key for each in deposited)
    process_files(archive, keys, started=None if prepared is None else prepared.parsers.take())
    with archive.reader.connect() as connection:
        captures = tuple(captures_of_crawl(connection, report.crawl_id))
    by_key = {each.surt: each for each in reversed(captures)}
    capture = _page_of_visit(archive, by_key, url)
    preservation = preservation_of(archive, deposited)
    return Archived(
        url=url,
        request_id=request.id,
        crawl_id=report.crawl_id,
        capture_id=None if capture is None else capture.id,
        page_url=None if capture is None else capture.url,
        captured_at=None if capture is None else time_text(capture.captured_at),
        status=None if capture is None else capture.status,
        outcome=None if capture is None else capture.outcome or _outcome_of_file(capture, report),
        outcome_reason=None if capture is None else capture.outcome_reason,
        warc_keys=keys,
        captures=len(captures),
        preserved=preservation.preserved,
        preserved_reason=preservation.reason,
        problem=failure_reason(report),
        look_at=None if capture is None else page_of(settings, capture.id),
        videos=to_json(report.videos[0]) if report.videos else None,
        linked=None if report.linked is None else tuple(_linked(archive, by_key, each) for each in report.linked),
    )


def _linked(archive: Archive, by_key: Mapping[str, Capture], page: LinkedPage) -> dict[str, Any]:
    """What came of a page to which the requested one links."""
    capture = _page_of_visit(archive, by_key, page.url)
    return {
        "url": page.url,
        "linked_from": page.linked_from,
        "capture_id": None if capture is None else capture.id,
        "status": None if capture is None else capture.status,
        "outcome": page.outcome,
        "outcome_reason": page.reason,
    }


def _outcome_of_file(capture: Capture, report: CrawlReport) -> str | None:
    """Of what is no page, such as a PDF, a picture or a video by its address: how the crawl judged it."""
    judged = capture.record_type == "response" and failure_reason(report) is None
    return Outcome.CONTENT.value if judged and report.outcomes.get(Outcome.CONTENT) else None


def _page_of_visit(archive: Archive, by_key: Mapping[str, Capture], url: str) -> Capture | None:
    """The capture of the address, or of the page it was sent on to, of a post on Telegram that of the frame with
    it. ``by_key``: the first capture of the visit by each SURT key.
    """
    here = by_key.get(surt_key(url))
    for _ in range(MOST_REDIRECTS):
        onward = None if here is None else redirect_target(archive, here)
        if onward is None or (there := by_key.get(surt_key(onward))) is None:
            break
        here = there
    post = post_in(url)
    if post is not None and (here is None or here.outcome != Outcome.CONTENT):
        # a card shows nothing of its post; the frame in it does
        here = by_key.get(surt_key(post.frame_url)) or here
    return here
