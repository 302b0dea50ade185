"""What a receipt states to whoever requested captures: address by address what came of it, where it is kept.

In: the archive, the id of a request, whom the answer is for, the time of writing. Out: JSON-ready statements; None
where the viewer may know of no such request. It follows the rights of the request's page. Of a capture that was
withdrawn, or that the viewer may not see, no word is stated. Neither reason nor case of the request is in it,
since a receipt is shown around. Whoever shows the statements on a page logs that first.
"""

from datetime import datetime
from typing import Any, Final

from access.views.captures import capture_facts
from access.views.custody_status import file_custody
from crawlers.model.iso_time import time_text
from pipeline.handover.plain_json import iso_seconds
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_by_id, capture_json, captures_of_crawl
from storage.ledger.custody import entries
from storage.ledger.requests import RequestResult, RequestUnknownError, request_by_id, results_of_request
from storage.log.checkpoints import SignedCheckpoint, newest_in_ledger

EXCHANGES: Final = ("response", "revisit")
"""Records of exchanges; certificates, renderings and facts are of the same crawl, and no exchanges."""

OF_CAPTURE: Final = ("status", "outcome", "outcome_reason", "payload_digest", "block_digest", "warc_key")


def request_statements(
    archive: Archive, request_id: str, *, viewer: Viewer, issued_at: datetime, with_name: bool = True
) -> dict[str, Any] | None:
    """The statements; without ``with_name`` who requested it is left out."""
    try:
        with archive.reader.connect() as connection:
            request = request_by_id(connection, request_id, viewer=viewer)
            results = results_of_request(connection, request_id)
            newest = newest_in_ledger(connection)
    except RequestUnknownError:
        return None
    return {
        "about": "request",
        "issued_at": iso_seconds(issued_at),
        "request": {
            "id": request.id,
            "requested_at": time_text(request.at),
            "requested_by": request.actor if with_name else None,
            "engine": request.engine,
            "profile": request.profile,
        },
        "checkpoint": checkpoint_row(newest),
        "addresses": [
            _address(archive, url, results.get(number), newest, viewer) for number, url in enumerate(request.urls)
        ],
    }


def checkpoint_row(signed: SignedCheckpoint | None) -> dict[str, Any] | None:
    """The newest signed state of the custody log; None before the first."""
    if signed is None:
        return None
    point = signed.checkpoint
    return {"origin": point.origin, "size": point.size, "root": point.root.hex()}


def _address(
    archive: Archive, url: str, result: RequestResult | None, newest: SignedCheckpoint | None, viewer: Viewer
) -> dict[str, Any]:
    row: dict[str, Any] = {"url": url, "state": "waiting", "problem": None, "capture": None}
    if result is None:
        return row | {"pending": [{"what": "result"}]}
    if result.capture_id is None:
        state = "failed" if result.problem else "nothing"
        return row | {"state": state, "problem": result.problem, "pending": []}
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, result.capture_id, viewer=viewer)
    if capture is None:
        return row | {"state": "hidden", "pending": []}
    holding = file_custody(archive, capture.warc_key)
    return row | {
        "state": "failed" if result.problem else "done",
        "problem": result.problem,
        "capture": _capture(archive, capture, holding, _exchanges(archive, capture.crawl_id, viewer)),
        "pending": _pending(holding, newest),
    }


def _exchanges(archive: Archive, crawl_id: str, viewer: Viewer) -> int:
    with archive.reader.connect() as connection:
        made = captures_of_crawl(connection, crawl_id, viewer=viewer)
        return sum(each.record_type in EXCHANGES for each in made)


def _capture(archive: Archive, capture: Capture, holding: dict[str, Any] | None, exchanges: int) -> dict[str, Any]:
    stated, exchange = capture_json(capture), capture_facts(archive, capture)["exchange"]
    return {
        "id": capture.id,
        "url": capture.url,
        "captured_at": stated["captured_at"],
        "first_byte_at": exchange.get("first_byte_at"),
        "ended_at": exchange.get("ended_at"),
        "exchanges": exchanges,
        **({"fidelity": exchange["fidelity"]} if "fidelity" in exchange else {}),
        **{name: stated[name] for name in OF_CAPTURE},
        "kept": None if holding is None else _kept(archive, holding),
    }


def _kept(archive: Archive, holding: dict[str, Any]) -> dict[str, Any]:
    with archive.reader.connect() as connection:
        about = entries(connection, subject_id=holding["warc_key"])
    return {
        "warc_sha256": holding["sha256"],
        "warc_length_bytes": holding["length_bytes"],
        "deposited_at": time_text(holding["deposited_at"]),
        "custody_seq": holding["custody_seq"],
        "custody_digest": next(str(each.digest) for each in about if each.seq == holding["custody_seq"]),
        "existed_by": [{"authority": each["authority"], "time": each["time"]} for each in holding["outside_time"]],
    }


def _pending(holding: dict[str, Any] | None, newest: SignedCheckpoint | None) -> list[dict[str, Any]]:
    if holding is None:
        return []
    found: list[dict[str, Any]] = []
    if not holding["preserved"]:
        found.append({"what": "copy"})
    found += [
        {"what": "timestamp", "authority": each["authority"], "since": time_text(each["since"])}
        for each in holding["outside_time_owed"]
    ]
    if newest is None or newest.size < holding["custody_seq"]:
        found.append({"what": "checkpoint"})
    return found
