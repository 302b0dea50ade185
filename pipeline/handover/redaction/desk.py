"""The desk of a running installation behind the pages that make redacted copies.

In: names, steps, whom it is for. Out: what can be covered, pictures, copies. Raises `RedactionRefusedError`,
`processors.redaction.steps.RedactionStepsError`, and the errors of `storage`.
"""

from collections.abc import Mapping
from typing import Any

from access.redaction_desk import Coverable, DraftedCopy
from pipeline.config.settings import load_settings
from pipeline.handover.redaction.copies import draft_copy, drawn_page, keep_copy, pages_of, redaction_row
from processors.media.video import DEMUXERS
from processors.redaction.steps import steps_of
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.captures import captures_by_ids
from storage.ledger.redactions import redactions


class CopiesDesk:
    """Covers under the rights of the person who looks at the page."""

    def coverable(self, archive: Archive, capture_id: str, viewer: Viewer) -> Coverable | None:
        """As `access.redaction_desk.RedactionDesk` has it."""
        with archive.reader.connect() as connection:
            capture = captures_by_ids(connection, [capture_id], viewer=viewer).get(capture_id)
        if capture is None:
            return None
        media_type, pages = pages_of(archive, capture_id, viewer=viewer)
        return Coverable(capture_id, capture.url, media_type, pages, is_video=media_type in DEMUXERS)

    def page(
        self, archive: Archive, capture_id: str, number: int, steps: Mapping[str, Any] | None, viewer: Viewer
    ) -> bytes:
        """As `access.redaction_desk.RedactionDesk` has it."""
        wanted = None if steps is None else steps_of(steps)
        return drawn_page(archive, capture_id, wanted, number, viewer=viewer)

    def draft(self, archive: Archive, name: str, steps: Mapping[str, Any], viewer: Viewer) -> DraftedCopy:
        """As `access.redaction_desk.RedactionDesk` has it."""
        drafted = draft_copy(archive, name, steps_of(steps), viewer=viewer)
        return DraftedCopy(drafted.content, drafted.media_type)

    def keep(self, archive: Archive, name: str, steps: Mapping[str, Any], viewer: Viewer) -> Mapping[str, Any]:
        """As `access.redaction_desk.RedactionDesk` has it."""
        wanted = steps_of(steps)
        drafted = draft_copy(archive, name, wanted, viewer=viewer)
        kept = keep_copy(archive, drafted, wanted, spool_dir=load_settings().spool_dir, actor=viewer.name)
        return redaction_row(kept)

    def copies(self, archive: Archive, original: str | None, viewer: Viewer) -> list[dict[str, Any]]:
        """As `access.redaction_desk.RedactionDesk` has it."""
        with archive.reader.connect() as connection:
            found = redactions(connection, original)
            seen = captures_by_ids(connection, {each.copy_id for each in found}, viewer=viewer)
        return [redaction_row(each) for each in reversed(found) if each.copy_id in seen]
