"""Makes redacted copies of captures and records, and keeps them under lock like other evidence.

In: an archive, the id of a capture or record, steps, whom it is for. Out: a `DraftCopy` to look at; kept, a
`Redaction`. The original is read and never changed. A copy is a record of a WARC file of its own under the
original's source and label, deposited like any other, and an entry of custody says of what it was made, how, by
whom and why. What was killed before that entry leaves a file that no package uses; the same steps again make it
good. Raises `RedactionRefusedError`, with which nothing was kept, and the errors of `storage`.
"""

import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import rfc8785

from access.rendering.formatting import heading
from access.views.captures import logged_capture
from access.views.safe_images import payload_of
from crawlers.model.iso_time import time_text
from pipeline.crawl import crawl_id_of_now
from processors.digest import Digest, sha256
from processors.media.ffmpeg import NoProgram, decoder_name
from processors.media.media_type import sniff
from processors.redaction.moving import is_moving, redact_moving
from processors.redaction.pages import DrawnPages, NotDrawableError, opened_pages
from processors.redaction.regions import covered, pdf_of, png_of
from processors.redaction.steps import RedactionSteps, open_geometry
from processors.redaction.words import WordCover
from storage.access_labels import DEFAULT_LABEL, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_by_ids
from storage.catalogue.records import RecordSighting, sightings_of_record
from storage.catalogue.revisits import payload_capture
from storage.deposit.deposit import deposit_file
from storage.deposit.origin import LeftBy
from storage.errors import StorageError
from storage.ledger.entry import NOT_MEASURED, Clock
from storage.ledger.redactions import COPY_PREFIX, OF_CAPTURE, OF_RECORD, Redaction, enter_redaction
from storage.queries.covered_captures import declaration_of_file
from storage.spool.redacted_copy import RedactedCopy, sealed_copy

FORMAT: Final = "letapis/redacted-record/1"
RECORD_TYPE: Final = "application/json"
LIMIT_BYTES: Final = 256 << 20
LONGEST_COVERED: Final = 1000
"""Characters of one covered text that custody keeps, sealed."""
NOTHING_KEPT: Final = "Nothing was kept, and the original is as it was."


class RedactionRefusedError(StorageError):
    """What is asked for cannot be covered; the sentence says why, and that nothing was kept."""

    def __init__(self, words: str) -> None:
        super().__init__(f"{words} {NOTHING_KEPT}")


@dataclass(frozen=True, slots=True)
class DraftCopy:
    """A redacted copy that is not kept yet; ``covered`` are the very texts below ``▮``, of regions none."""

    kind: str
    original: Capture
    original_id: str
    original_digest: Digest
    content: bytes
    media_type: str
    tool: str
    covered: tuple[str, ...] = ()


def draft_copy(archive: Archive, name: str, steps: RedactionSteps, *, viewer: Viewer) -> DraftCopy:
    """The redacted copy of a capture or a record, to be looked at."""
    with archive.reader.connect() as connection:
        is_capture = bool(captures_by_ids(connection, [name], viewer=viewer))
    return _of_capture(archive, name, steps, viewer) if is_capture else _of_record(archive, name, steps, viewer)


def drawn_page(
    archive: Archive, capture_id: str, steps: RedactionSteps | None, page: int, *, viewer: Viewer
) -> bytes:
    """One page of a picture or document as PNG, with the regions of it covered."""
    _, content, media_type = _content(archive, capture_id, viewer)
    try:
        with opened_pages(content, media_type) as pages:
            return png_of(_page(pages, page, steps))
    except NotDrawableError as problem:
        raise RedactionRefusedError(f"{capture_id}: {problem}.") from problem


def pages_of(archive: Archive, capture_id: str, *, viewer: Viewer) -> tuple[str, int]:
    """The type of a capture's content, and how many pages can be covered; 0 of what has none."""
    _, content, media_type = _content(archive, capture_id, viewer)
    if is_moving(media_type):
        return media_type, 0
    try:
        with opened_pages(content, media_type) as pages:
            return media_type, pages.count
    except NotDrawableError as problem:
        raise RedactionRefusedError(f"{capture_id}: {problem}.") from problem


def keep_copy(
    archive: Archive,
    draft: DraftCopy,
    steps: RedactionSteps,
    *,
    spool_dir: Path,
    actor: str,
    clock: Clock = NOT_MEASURED,
) -> Redaction:
    """Deposit the copy, and enter into custody what it was made of, how, by whom and why."""
    crawl_id = crawl_id_of_now()
    named = f"record:{draft.original_id}" if draft.kind == OF_RECORD else draft.original_id
    copy = RedactedCopy(
        draft.content, f"{COPY_PREFIX}{named}", draft.media_type, draft.original.record_id, draft.tool
    )
    facts = _facts(archive, draft.original)
    with sealed_copy(spool_dir, crawl_id, facts, copy) as (closed, copy_id):
        deposited = deposit_file(
            archive,
            closed.path,
            expected=closed.sha256,
            left_by=LeftBy.CRAWL_THAT_REPORTED,
            actor=actor,
            clock=clock,
        )
    return enter_redaction(
        archive,
        warc_key=deposited.key,
        copy_id=copy_id,
        copy_digest=sha256(draft.content),
        media_type=draft.media_type,
        original_kind=draft.kind,
        original_id=draft.original_id,
        original_digest=draft.original_digest,
        tool=draft.tool,
        steps=[open_geometry(each) for each in steps.steps],
        actor=actor,
        reason=steps.reason,
        reasons=[each.reason for each in steps.steps],
        covered=draft.covered,
    )


def _of_capture(archive: Archive, capture_id: str, steps: RedactionSteps, viewer: Viewer) -> DraftCopy:
    capture, content, media_type = _content(archive, capture_id, viewer)
    if steps.words or steps.fields:
        raise RedactionRefusedError(
            f"{capture_id}: words and fields are covered in a record; on a capture, draw regions or name seconds."
        )
    try:
        if is_moving(media_type):
            made, made_type = redact_moving(content, media_type, steps.regions, steps.sounds)
            tool = f"{_software()} {decoder_name()}"
        else:
            if steps.sounds or any(each.from_s is not None or each.to_s is not None for each in steps.regions):
                raise RedactionRefusedError(f"{capture_id}: it is no video and no sound, and has no seconds.")
            made, made_type = _of_pages(content, media_type, steps)
            tool = _software()
    except (NotDrawableError, NoProgram) as problem:
        raise RedactionRefusedError(f"{capture_id}: {problem}.") from problem
    return DraftCopy(OF_CAPTURE, capture, capture.id, sha256(content), made, made_type, tool)


def _of_pages(content: bytes, media_type: str, steps: RedactionSteps) -> tuple[bytes, str]:
    with opened_pages(content, media_type) as pages:
        beyond = next((each.page for each in steps.regions if each.page > pages.count), None)
        if beyond is not None:
            raise NotDrawableError(f"it has {pages.count} pages, and a region is on page {beyond}")
        if not pages.is_document:
            return png_of(_page(pages, 1, steps)), "image/png"
        drawn = [(_page(pages, number, steps), pages.dots_per_inch) for number in range(1, pages.count + 1)]
        return pdf_of(drawn), "application/pdf"


def _page(pages: DrawnPages, number: int, steps: RedactionSteps | None) -> Any:
    regions = () if steps is None else [each for each in steps.regions if each.page == number]
    return covered(pages.page(number), regions, is_lossy=pages.is_lossy)


def _content(archive: Archive, capture_id: str, viewer: Viewer) -> tuple[Capture, bytes, str]:
    """The capture, what it holds, and of which type that is by its bytes."""
    capture = logged_capture(archive, capture_id, viewer, "shown")
    if capture is None:
        raise RedactionRefusedError(f"{capture_id[:200]}: expected a capture or record, found none of this name.")
    if capture.url.startswith(COPY_PREFIX):
        raise RedactionRefusedError(f"{capture_id}: it is a redacted copy itself. Cover the original once more.")
    with archive.reader.connect() as connection:
        holder = payload_capture(connection, capture, viewer=viewer)
    content = None if holder is None else payload_of(archive, holder, LIMIT_BYTES)
    if content is None:
        raise RedactionRefusedError(
            f"{capture_id}: expected a picture, document, video or sound of at most {LIMIT_BYTES} bytes, found "
            "none."
        )
    return capture, content, sniff(content) or "unknown"


def _of_record(archive: Archive, record_id: str, steps: RedactionSteps, viewer: Viewer) -> DraftCopy:
    with archive.reader.connect() as connection:
        seen = tuple(sightings_of_record(connection, record_id, viewer=viewer))
        known = captures_by_ids(connection, {each.capture_id for each in seen}, viewer=viewer)
    seen = tuple(each for each in seen if each.capture_id in known)
    if not seen:
        raise RedactionRefusedError(f"{record_id[:200]}: expected a capture or record, found none of this name.")
    if steps.regions or steps.sounds:
        raise RedactionRefusedError(f"{record_id}: regions and sounds are covered in a capture, not in a record.")
    original = known[seen[-1].capture_id]
    labels = {DEFAULT_LABEL, original.access_label}
    shown = [each for each in seen if known[each.capture_id].access_label in labels]
    cover = WordCover(steps.words, steps.fields)
    newest = shown[-1]
    content: Any = {
        "format": FORMAT,
        "record_id": record_id,
        "kind": newest.kind,
        "natural_key": cover.text(newest.natural_key),
        "title": cover.text(heading(newest.kind, cover.record(newest.content)) or newest.natural_key),
        "sightings": [_sighting(cover, each, known[each.capture_id]) for each in shown],
    }
    missed = [each for each in steps.words if not any(WordCover([each]).has_word(text) for text in cover.covered)]
    if missed or not cover.covered:
        raise RedactionRefusedError(
            f"{record_id}: there is nothing to cover for {missed[0] if missed else ', '.join(steps.fields)!r}; "
            "expected words or fields as they stand in the record."
        )
    texts = tuple(each[:LONGEST_COVERED] for each in cover.covered)
    digest = original.payload_digest or original.block_digest
    return DraftCopy(
        OF_RECORD, original, record_id, digest, rfc8785.dumps(content), RECORD_TYPE, _software(), texts
    )


def _sighting(cover: WordCover, sighting: RecordSighting, capture: Capture) -> dict[str, Any]:
    return {
        "capture_id": sighting.capture_id,
        "captured_at": time_text(sighting.captured_at),
        "source": sighting.source_id,
        "address": cover.text(capture.url),
        "content": cover.record(sighting.content),
        "page_remarks": [cover.text(each) for each in sighting.page_remarks],
    }


def _facts(archive: Archive, original: Capture) -> dict[str, str]:
    """The warcinfo record: what made the copy, and under which source and label; nothing of who or why."""
    with archive.reader.connect() as connection:
        declared = declaration_of_file(connection, original.warc_key)
    declaration = {**(declared or {}), "id": original.source_id, "access_label": original.access_label}
    return {
        "software": f"{_software()} Python/{platform.python_version()}",
        "source": json.dumps(declaration, ensure_ascii=False, sort_keys=True),
        "description": "a redacted copy of what another record holds",
    }


def _software() -> str:
    return f"letapis/{version('letapis')}"


def redaction_row(redaction: Redaction) -> dict[str, Any]:
    """JSON-ready row of kind ``redaction``."""
    return {
        "kind": "redaction",
        "custody_seq": redaction.seq,
        "at": time_text(redaction.at),
        "actor": redaction.actor,
        "reason": redaction.reason,
        "copy_id": redaction.copy_id,
        "copy_digest": str(redaction.copy_digest),
        "media_type": redaction.media_type,
        "original_kind": redaction.original_kind,
        "original_id": redaction.original_id,
        "original_digest": str(redaction.original_digest),
        "tool": redaction.tool,
        "steps": list(_steps(redaction)),
    }


def _steps(redaction: Redaction) -> Iterator[dict[str, Any]]:
    reasons = redaction.reasons or (None,) * len(redaction.steps)
    for step, reason in zip(redaction.steps, reasons, strict=True):
        yield {**step, "reason": reason}
