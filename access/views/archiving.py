"""Archiving a page: what the archive has of an address already, how far the work has come, and the receipt.

In: the archive, an address or a request, whom the answer is for. Out: JSON-ready rows. Of captures that the viewer
may not see nothing is told, not even whether they exist.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from access.request_desk import RequestDesk, RunState, SchedulerSilentError
from access.views.custody_status import file_custody
from access.views.requests import OF_RESULT, request_row
from crawlers.model.capture import RenderingKind
from crawlers.model.iso_time import time_text
from processors.pages.outcome import Outcome
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id, capture_json, captures_of
from storage.ledger.access_log import log_access
from storage.ledger.custody import entries
from storage.ledger.refused_lines import RefusedLine, refused_lines
from storage.ledger.requests import Request, RequestResult, RequestUnknownError, request_by_id, results_of_request
from storage.log.checkpoints import newest_in_ledger
from storage.quality.scores import score_of
from storage.queries.request_progress import Stage, stages_of_request
from storage.queries.timeline import timeline_of
from storage.queries.web_copies import copies_of
from storage.work_queue.claims import living_workers

SHOWN: Final = 3
"""Earlier captures that are shown with an address."""

BATCH_COLUMNS: Final = (
    "url",
    "state",
    "outcome",
    "outcome_reason",
    "status",
    "captured_at",
    "problem",
    "payload_digest",
    "block_digest",
    "warc_key",
    "preserved",
    "capture_id",
    "link",
    "request_id",
    "line",
    "linked_from",
)


def known_captures(archive: Archive, url: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any]:
    """What there is of an address: ``captures`` (how many), ``payloads`` (how many that differ), ``first_at``,
    ``last_at``, ``newest``: the last ones, each with its ``source`` and ``requested_by``, the person who asked for
    it (None for a source of the watch-list), and ``payload_change`` against the one before. ``copies``: how many
    captures there are of copies of it that another web archive served.
    """
    with archive.reader.connect() as connection:
        found = timeline_of(connection, url, viewer=viewer, limit=SHOWN)
        newest = [
            capture_json(each.capture)
            | {
                "payload_change": each.payload,
                "requested_by": _requested_by(entries(connection, subject_id=each.capture.crawl_id)),
            }
            for each in found.entries
        ]
        copies = copies_of(connection, url, viewer=viewer)
    return {
        "url": url,
        "copies": len(copies),
        "captures": found.total,
        "payloads": found.payloads,
        "first_at": None if found.first_at is None else time_text(found.first_at),
        "last_at": None if found.last_at is None else time_text(found.last_at),
        "newest": newest,
    }


@dataclass(frozen=True, slots=True)
class _Progress:
    request: Request
    results: Mapping[int, RequestResult]
    rows: list[dict[str, Any]]
    refused: tuple[RefusedLine, ...]
    run: RunState | None
    silent: bool
    """The scheduler does not answer, and nobody else does what waits."""


REFUSED: Final = "refused"
"""The state of a line that was not taken, in a table of results."""

UNDER_WAY: Final = tuple(stage.value for stage in Stage)


def progress(
    archive: Archive, request_id: str, desk: RequestDesk | None, *, viewer: Viewer = EVERYONE
) -> dict[str, Any] | None:
    """How far a request has come; None where the viewer may know of none of this id.

    ``addresses``: of each ``url state capture_id outcome problem``. ``state`` is one of `UNDER_WAY`, or ``done``,
    ``failed``, or ``broken``: the run has ended without a result. ``refused``: of each line that was not taken
    ``line text reason``. ``counts`` of addresses by state; ``ended``: nothing changes any more; ``scheduler``: the
    run's state, ``silent`` where the scheduler does not answer and no worker lives, None where nobody has to ask
    it.
    """
    found = _progress(archive, request_id, desk, viewer)
    if found is None:
        return None
    counts = Counter(row["state"] for row in found.rows)
    return {
        "id": found.request.id,
        "addresses": found.rows,
        "refused": [asdict(each) for each in found.refused],
        "counts": dict(counts),
        "total": len(found.rows),
        "ended": not any(counts.get(state) for state in UNDER_WAY),
        "scheduler": "silent" if found.silent else None if found.run is None else found.run.value,
    }


def states(
    archive: Archive, request_ids: Sequence[str], desk: RequestDesk | None, *, viewer: Viewer = EVERYONE
) -> dict[str, Any] | None:
    """The same of some requests, without a word of what they are about: it is asked again and again meanwhile.

    ``states``: that of each address, in their order.
    """
    found = batch(archive, request_ids, desk, viewer=viewer)
    if found is None:
        return None
    rows = [row["state"] for part in found["requests"] for row in part["addresses"]]
    return {name: found[name] for name in ("counts", "total", "ended", "scheduler")} | {"states": rows}


def _progress(archive: Archive, request_id: str, desk: RequestDesk | None, viewer: Viewer) -> _Progress | None:
    try:
        with archive.reader.connect() as connection:
            request = request_by_id(connection, request_id, viewer=viewer)
            results = results_of_request(connection, request_id)
            refused = refused_lines(connection, request_id)
            stages = stages_of_request(connection, request, results)
    except RequestUnknownError:
        return None
    run: RunState | None = None
    silent = False
    if stages and desk is not None:
        try:
            run = desk.run_state(request_id)
        except SchedulerSilentError:
            with archive.reader.connect() as connection:
                silent = not living_workers(connection)
    rows = []
    for number, url in enumerate(request.urls):
        result = results.get(number)
        if result is not None:
            state = "failed" if result.problem is not None else "done"
        elif run in (RunState.SUCCESS, RunState.FAILED):
            state = "broken"
        else:
            state = stages[number].value
        rows.append(
            {
                "url": url,
                "state": state,
                "capture_id": None if result is None else result.capture_id,
                "outcome": None if result is None else result.details.get("outcome"),
                "problem": None if result is None else result.problem,
                "linked": [] if result is None else result.details.get("linked") or [],
            }
        )
    return _Progress(request, results, rows, refused, run, silent)


def receipt(archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """What is handed to the person who asked: the capture, its screenshot, where its file stands in custody.

    ``custody``: numbers and digests of the entries about its file and its crawl; ``holding``: as on the capture's
    page; ``quality``: how like it a replay was, None where none was compared yet; ``checkpoint``: the newest of
    the log, ``covers`` says whether it is over the file's deposit. None where the viewer may see no such capture.
    That somebody looked stands in the access log first.
    """
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, capture_id, viewer=viewer)
        if capture is None:
            return None
        about = sorted(
            (
                *entries(connection, subject_id=capture.warc_key),
                *entries(connection, subject_id=capture.crawl_id),
            ),
            key=lambda each: each.seq,
        )
        screenshot = next(
            (
                made.id
                for made in captures_of(connection, f"urn:{RenderingKind.FULL_PAGE}:{capture.url}", viewer=viewer)
                if made.crawl_id == capture.crawl_id
            ),
            None,
        )
        signed = newest_in_ledger(connection)
        score = score_of(connection, capture.id, viewer=viewer)
    log_access(archive, actor=viewer.name, action="viewed", subject_id=capture.id)
    deposited = next((each.seq for each in about if each.event == "deposited"), None)
    return {
        "capture": capture_json(capture),
        "screenshot": screenshot,
        "quality": None if score is None else score.as_json(),
        "custody": [
            {"seq": each.seq, "event": each.event, "at": time_text(each.at), "digest": str(each.digest)}
            for each in about
        ],
        "holding": file_custody(archive, capture.warc_key),
        "checkpoint": None
        if signed is None
        else {
            "origin": signed.checkpoint.origin,
            "size": signed.checkpoint.size,
            "covers": deposited is not None and deposited <= signed.checkpoint.size,
        },
    }


def batch(
    archive: Archive, request_ids: Sequence[str], desk: RequestDesk | None, *, viewer: Viewer = EVERYONE
) -> dict[str, Any] | None:
    """Several requests as one: ``requests`` and their progress; None where one of them is none of the viewer's."""
    parts = [progress(archive, each, desk, viewer=viewer) for each in request_ids]
    if not parts or any(part is None for part in parts):
        return None
    found = [part for part in parts if part is not None]
    counts: Counter[str] = Counter()
    for part in found:
        counts.update(part["counts"])
    return {
        "requests": found,
        "counts": dict(counts),
        "total": sum(part["total"] for part in found),
        "ended": all(part["ended"] for part in found),
        "scheduler": next((part["scheduler"] for part in found if part["scheduler"] is not None), None),
    }


def batch_rows(
    archive: Archive,
    request_ids: Sequence[str],
    desk: RequestDesk | None,
    pages: str,
    *,
    viewer: Viewer = EVERYONE,
) -> list[dict[str, Any]] | None:
    """A row for each address and each page that was taken with it, then one for each line that was refused.

    The columns are `BATCH_COLUMNS`; ``pages`` is the address under which ours are.
    """
    rows: list[dict[str, Any]] = []
    for request_id in request_ids:
        found = _progress(archive, request_id, desk, viewer)
        if found is None:
            return None
        log_access(archive, actor=viewer.name, action="viewed", subject_id=found.request.id)
        for number, row in enumerate(found.rows):
            result = found.results.get(number)
            details = {} if result is None else {name: result.details.get(name) for name in OF_RESULT}
            rows.append(details | row | {"request_id": found.request.id} | _facts(archive, row, pages, viewer))
            for page in row["linked"]:
                state = "done" if page["outcome"] == Outcome.CONTENT else "failed"
                facts = _facts(archive, page, pages, viewer)
                rows.append({**page, "state": state, "request_id": found.request.id, **facts})
        rows += [
            {
                "url": each.text,
                "state": REFUSED,
                "problem": each.reason,
                "request_id": found.request.id,
                "line": each.line,
            }
            for each in found.refused
        ]
    return rows


def one_of(archive: Archive, request_id: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """The request itself as JSON-ready values."""
    try:
        with archive.reader.connect() as connection:
            return request_row(request_by_id(connection, request_id, viewer=viewer))
    except RequestUnknownError:
        return None


def _facts(archive: Archive, row: Mapping[str, Any], pages: str, viewer: Viewer) -> dict[str, Any]:
    if row["capture_id"] is None:
        return {}
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, row["capture_id"], viewer=viewer)
    if capture is None:
        return {}
    facts = capture_json(capture)
    names = ("captured_at", "payload_digest", "block_digest", "warc_key", "outcome", "outcome_reason", "status")
    return {name: facts[name] for name in names} | {"link": f"{pages}/capture/{capture.id}"}


def _requested_by(about_crawl: Any) -> str | None:
    for entry in about_crawl:
        facts = entry.details.get("facts")
        if isinstance(facts, Mapping) and isinstance(facts.get("requested_by"), Mapping):
            name = facts["requested_by"].get("value")
            return None if name is None else str(name)
    return None
