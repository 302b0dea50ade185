"""What was captured: the captures of an address, one capture with its custody, the raw record as it stands.

In: the archive, a URL or capture id, whom the answer is for. Out: JSON-ready rows with the keys of architecture
section 7, or archived bytes. That a capture is looked at, or a record leaves, stands in the access log first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Final

from access.views.completeness import completeness
from access.views.custody_status import file_custody
from access.views.page_resources import page_resources
from access.views.page_videos import page_videos
from access.views.received import receipts_of_file
from access.views.redirects import redirect_row
from access.views.safe_images import may_be_picture, picture_of
from access.views.search import record_row
from crawlers.model.capture import RenderingKind
from crawlers.model.iso_time import time_text
from processors.web_copy import copy_in
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_by_id, capture_json, captures_of
from storage.catalogue.dom_renderings import doms_of_exchange
from storage.catalogue.earlier_readings import EarlierReading, earlier_readings_of
from storage.catalogue.records import parser_versions_of, reading_problem, records_of_capture
from storage.catalogue.revisits import payload_capture
from storage.deposit.exchange_metadata import exchange_facts, interim_answers
from storage.deposit.record_reader import record_alone
from storage.ledger.access_log import log_access
from storage.ledger.custody import entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.extensions import code_of_version
from storage.quality.scores import score_of
from storage.queries.timeline import addresses_under, neighbours_of, timeline_of
from storage.queries.web_copies import copies_of
from storage.similarity.media import medium_of_capture, sniffed_type

EARLIER_AT_MOST: Final = 20
"""So many earlier readings of a capture are shown: one for each upgrade that changed what is read of it."""

RECORD_TYPES: Final = (
    (b"\x1f\x8b", "application/gzip", ".warc.gz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd", ".warc.zst"),
    (b"\x5d\x2a\x4d\x18", "application/zstd", ".warc.zst"),
)
"""How a record by itself is named, by the first bytes of the compression it is stored in."""


@dataclass(frozen=True, slots=True)
class ArchivedBytes:
    """Bytes to hand out, with the type and name under which they are to be saved."""

    content: Iterable[bytes]
    length_bytes: int
    media_type: str
    file_name: str


@dataclass(frozen=True, slots=True)
class TimelineRows:
    """One page of captures, newest first, and what is true of all of them."""

    rows: list[dict[str, Any]]
    total: int
    payloads: int
    first_at: str | None
    last_at: str | None


def timeline(
    archive: Archive, url: str, *, viewer: Viewer = EVERYONE, most: int = 100, offset: int = 0
) -> TimelineRows:
    """The captures of the address, newest first; ``payload_change`` says how each payload stands to the last."""
    with archive.reader.connect() as connection:
        found = timeline_of(connection, url, viewer=viewer, limit=most, offset=offset)
    rows = [capture_json(each.capture) | {"payload_change": each.payload} for each in found.entries]
    first, last = (None if at is None else time_text(at) for at in (found.first_at, found.last_at))
    return TimelineRows(rows, found.total, found.payloads, first, last)


def addresses(
    archive: Archive, beginning: str, *, viewer: Viewer = EVERYONE, most: int = 100, offset: int = 0
) -> list[dict[str, Any]]:
    """Addresses that begin so, with how often and when each was captured."""
    with archive.reader.connect() as connection:
        found = addresses_under(connection, beginning, viewer=viewer, limit=most, offset=offset)
    return [
        {
            "kind": "address",
            "url": each.url,
            "captures": each.captures,
            "first_at": time_text(each.first_at),
            "last_at": time_text(each.last_at),
        }
        for each in found
    ]


def copy_row(url: str) -> dict[str, Any] | None:
    """Of which page and moment a copy is, by its address; None for what is no copy of another web archive."""
    copy = copy_in(url)
    return None if copy is None else {"archive": copy.archive, "url": copy.url, "stated_at": copy.stated_at}


def copies_of_page(archive: Archive, url: str, *, viewer: Viewer = EVERYONE) -> list[dict[str, Any]]:
    """Captures of copies that another web archive serves of the page, newest first, each with its ``copy_of``."""
    with archive.reader.connect() as connection:
        found = copies_of(connection, url, viewer=viewer)
    return [capture_json(each) | {"copy_of": copy_row(each.url)} for each in found]


def captures_of_page(archive: Archive, url: str, *, viewer: Viewer = EVERYONE) -> Iterator[dict[str, Any]]:
    """Every capture of the address, oldest first."""
    with archive.reader.connect() as connection:
        yield from (capture_json(capture) for capture in captures_of(connection, url, viewer=viewer))


def one_capture(archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """One capture with everything known of it; None where the viewer has none of this name.

    ``exchange``: what was seen on the wire besides the bytes; ``custody``: the ledger's entries about the WARC
    file, about the crawl, and about the operator's code that read it; ``holding``: its copies and time tokens;
    ``received``: from whom people have the file that they brought;
    ``facts``: the facts of collection; ``records``: what was read from it, and ``reading_problem``: why nothing
    could be; ``renderings``: what the crawl made of the page; ``medium``: the digest under which it is known as a
    medium; ``payload_capture_id``: of a revisit, the capture that holds its payload; ``picture``: whether a
    browser can draw it; ``before`` and ``after``: the captures of the same address next to it;
    ``depicts_capture_id``: of a rendering, the exchange it was made from; ``completeness``: which items of the
    Berkeley Protocol it has, and why not all; ``resources``: what a browser requested to show it, and what of it
    was not recorded; ``videos``: what came of looking for video and audio behind its players; ``quality``:
    how like it a replay was, None where none was compared yet; ``copy_of``: of which page this is a copy that
    another web archive served, None where it is none; ``redirects_to``: of a redirect, where it leads.
    """
    capture = logged_capture(archive, capture_id, viewer, "viewed")
    if capture is None:
        return None
    facts = capture_facts(archive, capture, viewer=viewer)
    resources = page_resources(archive, capture, viewer=viewer)
    with archive.reader.connect() as connection:
        score = score_of(connection, capture.id, viewer=viewer)
    return facts | {
        "resources": resources,
        "videos": page_videos(archive, capture, viewer=viewer),
        "quality": None if score is None else score.as_json(),
        "copy_of": copy_row(capture.url),
        "redirects_to": redirect_row(archive, capture, viewer=viewer),
        "completeness": completeness(archive, capture, facts, viewer=viewer),
    }


def capture_facts(archive: Archive, capture: Capture, *, viewer: Viewer = EVERYONE) -> dict[str, Any]:
    """The same of a capture in hand, without what `one_capture` adds; the access log gets no entry."""
    with archive.reader.connect() as connection:
        about_file = entries(connection, subject_id=capture.warc_key)
        about_crawl = entries(connection, subject_id=capture.crawl_id)
        about_code = [
            entry
            for version in sorted(
                {
                    v
                    for each in (capture.id, *doms_of_exchange(connection, capture.id))
                    for v in parser_versions_of(connection, each)
                }
            )
            if (entry := code_of_version(connection, version)) is not None
        ]
        read_from = (capture.id, *doms_of_exchange(connection, capture.id))
        records = [
            record_row(sighting)
            for each in read_from
            for sighting in records_of_capture(connection, each, viewer=viewer)
        ]
        medium = medium_of_capture(connection, capture.id)
        holder = payload_capture(connection, capture, viewer=viewer)
        sniffed = None if holder is None else sniffed_type(connection, holder.id)
        problem = reading_problem(connection, capture.id)
        earlier = [
            _earlier_row(reading)
            for each in read_from
            for reading in earlier_readings_of(connection, capture_id=each, viewer=viewer, limit=EARLIER_AT_MOST)
        ]
        before, after = neighbours_of(connection, capture, viewer=viewer)
        depicted = capture_by_id(connection, capture.refers_to_id or "", viewer=viewer)
        renderings = [
            capture_json(made)
            for kind in RenderingKind
            for made in captures_of(connection, f"urn:{kind.value}:{capture.url}", viewer=viewer)
            if made.crawl_id == capture.crawl_id
        ]
    facts = exchange_facts(archive, capture)
    return {
        "kind": "capture_facts",
        "capture": capture_json(capture),
        "exchange": dict(facts or {}),
        "interim_answers": interim_answers(facts),
        "custody": [
            _entry_row(entry)
            for entry in sorted((*about_file, *about_crawl, *about_code), key=lambda each: each.seq)
        ],
        "holding": file_custody(archive, capture.warc_key),
        "received": receipts_of_file(archive, capture.warc_key, viewer=viewer),
        "facts": [row for entry in about_crawl for row in _facts_of_collection(entry)],
        "records": records,
        "reading_problem": problem,
        "earlier_readings": earlier,
        "renderings": renderings,
        "medium": None if medium is None else str(medium),
        "payload_capture_id": holder.id if holder is not None and holder.id != capture.id else None,
        "picture": holder is not None and may_be_picture(holder, sniffed),
        "depicts_capture_id": depicted.id if depicted is not None and capture.record_type == "resource" else None,
        "before": None if before is None else _place_row(before),
        "after": None if after is None else _place_row(after),
    }


def _earlier_row(reading: EarlierReading) -> dict[str, Any]:
    times = {"captured_at": reading.captured_at, "read_again_at": reading.read_again_at}
    return asdict(reading) | {name: time_text(at) for name, at in times.items()}


def raw_record(archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE) -> ArchivedBytes | None:
    """The record byte for byte as it lies in the WARC file; by itself, it is a WARC file again.

    Of another tool's file it may need the dictionary, which then goes before it, or leave its compressed member.
    """
    capture = logged_capture(archive, capture_id, viewer, "downloaded")
    if capture is None:
        return None
    length, chunks = record_alone(archive, capture)
    first = next((chunk for chunk in chunks if chunk), b"")
    media_type, suffix = next(
        ((name, suffix) for magic, name, suffix in RECORD_TYPES if first.startswith(magic)),
        ("application/warc", ".warc"),
    )
    name = capture.id.removeprefix("urn:uuid:") + suffix
    return ArchivedBytes(chain((first,), chunks), length, media_type, name)


def picture(archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE) -> ArchivedBytes | None:
    """The captured picture, as a page of ours draws it; None for anything else."""
    capture = logged_capture(archive, capture_id, viewer, "shown")
    if capture is None:
        return None
    with archive.reader.connect() as connection:
        holder = payload_capture(connection, capture, viewer=viewer)
    found = None if holder is None else picture_of(archive, holder)
    if found is None:
        return None
    content, media_type = found
    name = f"{capture.id.removeprefix('urn:uuid:')}.{media_type.partition('/')[2]}"
    return ArchivedBytes((content,), len(content), media_type, name)


def logged_capture(archive: Archive, capture_id: str, viewer: Viewer, action: str) -> Capture | None:
    """The capture, after the access log has it that this viewer looked."""
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, capture_id, viewer=viewer)
    if capture is not None:
        log_access(archive, actor=viewer.name, action=action, subject_id=capture.id)
    return capture


def _place_row(capture: Capture) -> dict[str, Any]:
    return {"id": capture.id, "captured_at": time_text(capture.captured_at)}


def _entry_row(entry: CustodyEntry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "event": entry.event,
        "subject_id": entry.subject_id,
        "at": entry.at,
        "actor": entry.actor,
        "software": entry.software,
        "clock_source": entry.clock.source,
        "clock_offset_s": entry.clock.offset_s,
        "clock_reason": entry.clock.reason,
        "digest": str(entry.digest),
    }


def _facts_of_collection(entry: CustodyEntry) -> Iterator[dict[str, Any]]:
    """Names and values of an entry that states them; the salts stay in the ledger."""
    facts = entry.details.get("facts")
    if isinstance(facts, Mapping):
        yield from ({"name": name, **fact} for name, fact in facts.items())
