"""Archives web pages that a person asks for: a crawl, a WARC file and a deposit per address, read at once.

In: `Settings`, checked addresses (`pipeline.collect.url_list`), who asks and why. Out: `Archived` per address:
keys, counts and where to look. Who, why and for which case go to the ledger and custody, never into a WARC. A page
that could not be reached is a result; a failure of ours raises, and what was captured stays in the spool.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import quote

from crawlers.model.iso_time import time_text
from crawlers.watchlist.source import Engine, source_for_urls
from pipeline.collect.confidential_work import unlogged
from pipeline.collect.harvest import collect, failure_reason
from pipeline.collect.preservation_status import preservation_of
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.preserve.checkpoint import sign_and_deliver
from pipeline.preserve.timestamp import request_timestamps
from pipeline.process.run import process_files
from processors.http.message import header, parse_response
from processors.surt import surt_key
from processors.urls import resolve_location
from storage.access_labels import DEFAULT_LABEL
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_of_crawl
from storage.deposit.record_reader import read_record
from storage.ledger.batches import store_batches
from storage.ledger.requests import Request, insert_request, insert_result, request_by_id

MOST_REDIRECTS: Final = 20
"""As many as browsers follow (Fetch Standard, section 4.4)."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Archived:
    """What came of one address.

    ``capture_id`` is the capture of the page, behind redirects where there were any, None where there is none;
    ``page_url`` is its address; ``captures`` counts those of the whole visit. ``preserved`` is True only where
    every configured store has confirmed the files, None where there are none. ``problem`` says why the page is not
    there, None if it is.
    """

    url: str
    request_id: str
    crawl_id: str
    capture_id: str | None
    page_url: str | None
    captured_at: str | None
    status: int | None
    outcome: str | None
    outcome_reason: str | None
    warc_keys: tuple[str, ...]
    captures: int
    preserved: bool | None
    preserved_reason: str
    problem: str | None
    look_at: str | None

    def as_json(self) -> dict[str, Any]:
        """Keys and counts as JSON-ready values."""
        return {"kind": "archived"} | asdict(self) | {"warc_keys": list(self.warc_keys)}


def accept_request(
    settings: Settings,
    urls: Sequence[str],
    *,
    actor: str,
    reason: str | None = None,
    case: str | None = None,
    access_label: str = DEFAULT_LABEL,
    engine: Engine = "http",
    egress: str | None = None,
) -> str:
    """Write the request to the ledger before anything is fetched; returns its id."""
    with opened_archive(settings) as archive, archive.writer.begin() as connection:
        request = insert_request(
            connection,
            actor=actor,
            urls=urls,
            reason=_or_none(reason),
            case_reference=_or_none(case),
            access_label=access_label,
            engine=engine,
            egress=egress,
        )
    return request.id


def archive_one(
    settings: Settings, request_id: str, number: int, *, on_progress: OnProgress = lambda _: None
) -> Archived:
    """Archive the address ``number`` (from 0) of a request, and write down what came of it.

    Raises `RequestUnknownError` where the ledger has no such request, `SettingsError` where its egress profile is
    not known any more. What broke off is written down as well, and raised again.
    """
    with opened_archive(settings) as archive:
        with archive.reader.connect() as connection:
            request = request_by_id(connection, request_id)
        try:
            archived = _archive_address(settings, archive, request, number, on_progress)
        except BaseException as problem:
            with archive.writer.begin() as connection:
                insert_result(connection, request_id, number, problem=f"{type(problem).__name__}: {problem}")
            raise
        with archive.writer.begin() as connection:
            insert_result(
                connection,
                request_id,
                number,
                crawl_id=archived.crawl_id,
                capture_id=archived.capture_id,
                problem=archived.problem,
                details=archived.as_json(),
            )
    return archived


def _archive_address(
    settings: Settings, archive: Archive, request: Request, number: int, on_progress: OnProgress
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
        engine="browser" if request.engine == "browser" else "http",
        egress=request.egress,
        access_label=request.access_label if request.confidential else None,
    )
    report, deposited = collect(
        settings, archive, source, on_progress=on_progress, request=facts, actor=request.actor
    )
    keys = tuple(each.key for each in deposited)
    process_files(archive, keys)
    store_batches(archive, actor=settings.collector)
    request_timestamps(
        settings, archive, occasion=f"request {request.id}", actor=request.actor, on_progress=on_progress
    )
    sign_and_deliver(settings, archive, on_progress=on_progress)
    capture, count = _page_of_visit(archive, report.crawl_id, url)
    preservation = preservation_of(archive, deposited)
    return Archived(
        url=url,
        request_id=request.id,
        crawl_id=report.crawl_id,
        capture_id=None if capture is None else capture.id,
        page_url=None if capture is None else capture.url,
        captured_at=None if capture is None else time_text(capture.captured_at),
        status=None if capture is None else capture.status,
        outcome=None if capture is None else capture.outcome,
        outcome_reason=None if capture is None else capture.outcome_reason,
        warc_keys=keys,
        captures=count,
        preserved=preservation.preserved,
        preserved_reason=preservation.reason,
        problem=failure_reason(report),
        look_at=None if capture is None else page_of(settings, capture.id),
    )


def archive_urls(
    settings: Settings,
    urls: Sequence[str],
    *,
    actor: str,
    reason: str | None = None,
    case: str | None = None,
    access_label: str = DEFAULT_LABEL,
    engine: Engine = "http",
    egress: str | None = None,
    on_progress: OnProgress = lambda _: None,
) -> tuple[Archived, ...]:
    """One request, its addresses one after the other; raises `SettingsError` where no such profile is."""
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
    )
    return tuple(archive_one(settings, request_id, number, on_progress=on_progress) for number in range(len(urls)))


def jobs_of_request(settings: Settings, request_id: str) -> list[dict[str, Any]]:
    """One job per address, as tasks hand it on; that of a confidential request names no address.

    Raises `RequestUnknownError`.
    """
    with opened_archive(settings) as archive, archive.reader.connect() as connection:
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


def archive_confidentially(settings: Settings, request_id: str, number: int) -> dict[str, Any]:
    """Archive one address of a confidential request; nothing that is said or returned tells what it is.

    ``broken``: whether this system failed; why is written down for the members of the case.
    """
    broken, missing = False, False
    with unlogged():
        try:
            missing = archive_one(settings, request_id, number).problem is not None
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


def where_of_request(settings: Settings, request_id: str) -> str:
    """Where the members of the case find what came of it."""
    if settings.airflow_url is None:
        return "The members of its case find more on the page Requests of the archive."
    return f"The members of its case find more here: {settings.airflow_url}/archive/request/{request_id}"


def confidential_and_missing(
    settings: Settings, jobs: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any] | None]
) -> tuple[list[str], list[str]]:
    """As `archived_and_missing`, of a confidential request: numbers alone."""
    found = {result["number"]: result for result in results if result is not None}
    lines: list[str] = []
    missing: list[str] = []
    for job in jobs:
        result = found.get(job["number"])
        if result is None:
            missing.append(
                f"URL {job['number'] + 1}: its task failed. {where_of_request(settings, job['request_id'])}"
            )
        else:
            (missing if result["missing"] else lines).append(result["sentence"])
    return lines, missing


def page_of(settings: Settings, capture_id: str) -> str:
    """Where the capture's page is on the running stack, or the command that shows it."""
    if settings.airflow_url is None:
        return f"letapis show {capture_id}"
    return f"{settings.airflow_url}/archive/capture/{quote(capture_id, safe='')}"


def archived_and_missing(
    urls: Sequence[str], results: Sequence[Mapping[str, Any] | None]
) -> tuple[list[str], list[str]]:
    """A line per address with a capture that says where it is, and a line per address that is not there."""
    found = {str(result["url"]): result for result in results if result is not None}
    lines: list[str] = []
    missing: list[str] = []
    for url in urls:
        result = found.get(url)
        if result is None:
            missing.append(f"{url}: its task failed; the log of the task says why.")
            continue
        if result["capture_id"] is not None or not result["problem"]:
            lines.append(describe_archived(result))
        if result["problem"]:
            missing.append(f"{url}: {result['problem']}")
    return lines, missing


def describe_archived(result: Mapping[str, Any]) -> str:
    """One archived address as a line for people."""
    if result["capture_id"] is None:
        return f"{result['url']}: no capture. {result['problem'] or ''}".rstrip()
    pending = "" if result["preserved"] else "NOT YET preserved: "
    outcome = str(result["outcome"] or "not classified").replace("_", " ")
    why = f" ({result['outcome_reason']})" if result["outcome_reason"] else ""
    onward = f" (sent on to {result['page_url']})" if result["page_url"] != result["url"] else ""
    kept = f"{result['captures']} captures in {', '.join(result['warc_keys'])}"
    state = f"{outcome}{why}; {kept}; {pending}{result['preserved_reason']}"
    return f"{result['url']}{onward}: {state}\n  {result['look_at']}"


def _page_of_visit(archive: Archive, crawl_id: str, url: str) -> tuple[Capture | None, int]:
    """The capture of the address, or of the page it was sent on to; and how many captures the visit gave."""
    with archive.reader.connect() as connection:
        captures = tuple(captures_of_crawl(connection, crawl_id))
    by_key = {capture.surt: capture for capture in reversed(captures)}
    here = by_key.get(surt_key(url))
    for _ in range(MOST_REDIRECTS):
        onward = None if here is None else _sent_on_to(archive, here)
        if onward is None or (there := by_key.get(surt_key(onward))) is None:
            break
        here = there
    return here, len(captures)


def _sent_on_to(archive: Archive, capture: Capture) -> str | None:
    """Where a redirect leads; None for anything else."""
    if capture.record_type != "response" or capture.status not in REDIRECTS:
        return None
    location = header(parse_response(read_record(archive, capture).block), "Location")
    return None if location is None else resolve_location(capture.url, location.encode("latin-1"))


def _or_none(text: str | None) -> str | None:
    return (text or "").strip() or None
