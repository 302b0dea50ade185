"""A preview as rows for pages, JSON lines and terminals.

In: a `Preview`. Out: rows of the kinds ``export_exhibit``, ``left_out`` and ``export_preview`` (architecture,
section 7).
"""

from collections.abc import Iterator
from typing import Any

from pipeline.handover.choosing import COPIES, ORIGINALS, SEEN, Preview
from pipeline.handover.selection import CaptureRole, LeftOutItem


def preview_rows(preview: Preview) -> Iterator[dict[str, Any]]:
    """The exhibits, what stays out, and last the sum of it."""
    for each in preview.exhibits:
        draft = each.draft
        yield {
            "kind": "export_exhibit",
            "number": each.number,
            "exhibit_kind": draft.kind.value,
            "subject_id": draft.subject_id,
            "title": draft.title,
            "record_ids": list(draft.record_ids),
            "captures": [{"capture_id": some.capture_id, "role": some.role.value} for some in draft.captures],
            "media": list(draft.media),
            "length_bytes": each.length_bytes,
        }
    for item in preview.left_out:
        yield left_out_row(item)
    yield {
        "kind": "export_preview",
        "level": preview.level.value,
        "exhibits": len(preview.exhibits),
        "captures": preview.captures,
        "left_out": len(preview.left_out),
        "length_bytes": preview.length_bytes,
        "found": preview.found,
        "refused": list(preview.refused),
        "seen_by": SEEN[preview.level],
        "covered": list(_covered(preview)),
    }


def _covered(preview: Preview) -> Iterator[str]:
    """Whether originals or redacted copies go, in words, where something that was chosen is covered."""
    roles = {each.role for exhibit in preview.exhibits for each in exhibit.draft.captures}
    if preview.originals:
        yield ORIGINALS
        yield SEEN[preview.level]
    elif roles & {CaptureRole.REDACTED, CaptureRole.COVERED}:
        yield COPIES


def left_out_row(item: LeftOutItem) -> dict[str, Any]:
    """One thing that stays out."""
    return {
        "kind": "left_out",
        "exhibit_kind": item.kind.value,
        "subject_id": item.subject_id,
        "reason": item.reason.value,
        "words": item.words,
    }
