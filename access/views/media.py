"""One medium: what it is, where and when it was seen, in which group it is, the verdicts of analysts on it.

In: the archive, the digest of a medium or a record's content, whom the answer is for. Out: JSON-ready values. What
looks like it is in `access.views.similar_media`.
"""

from collections.abc import Mapping
from typing import Any, Final

from access.rendering.formatting import format_value
from access.views.assessments import verification_row
from access.views.safe_images import PICTURE_TYPES, may_be_picture
from access.views.similar_media import verdict_row
from processors.digest import Digest
from processors.fingerprints.fingerprint import hash_rows
from processors.media.frame_rendering import can_draw
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_json
from storage.catalogue.revisits import payload_capture
from storage.ledger.access_log import log_access
from storage.ledger.assessments import AssessedSubject, assessments_of
from storage.ledger.judgements import verdicts_on
from storage.queries.record_media import fetched_with
from storage.similarity.media import group_of, medium, occurrences_of, seen_of, sniffed_type

MOST_OF_GROUP: Final = 200
"""Media of a group whose occurrences a page draws."""


def digest_of(text: str) -> Digest | None:
    """``sha256:<hex>`` or the bare digits; None for what is no sha256."""
    try:
        digest = Digest.parse(text if ":" in text else f"sha256:{text}")
    except ValueError:
        return None
    return digest if digest.algorithm == "sha256" else None


def one_medium(archive: Archive, sha256: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """One medium with every capture of these very bytes, oldest first, and its group.

    None where no capture of it is there that the viewer may see. Group and verdicts leave out media of which the
    viewer may see none.
    """
    digest = digest_of(sha256)
    if digest is None:
        return None
    log_access(archive, actor=viewer.name, action="viewed", subject_id=str(digest))
    with archive.reader.connect() as connection:
        found = medium(connection, digest)
        captures = tuple(occurrences_of(connection, digest, viewer=viewer))
        if found is None or not captures:
            return None
        group = group_of(connection, digest)
        members = [] if group is None else seen_of(connection, group.members, viewer)
        acts = assessments_of(connection, AssessedSubject("medium", str(digest)))
        judged = [verdict_row(each, digest) for each in verdicts_on(connection, digest)]
        seen = set(seen_of(connection, [Digest.parse(each["other"]) for each in judged], viewer))
    return {
        "kind": "medium",
        "sha256": str(found.sha256),
        "media_type": found.media_type,
        "length_bytes": found.length_bytes,
        "width": found.width,
        "height": found.height,
        "frames": found.frames,
        "duration_s": found.duration_s,
        "metadata": [{"name": name, "value": value} for name, value in found.metadata],
        "decoder": found.decoder,
        "refused": found.refused,
        "hashes": [row for each in found.hashes for row in hash_rows(each)],
        "group_id": None if group is None or len(members) < 2 else group.id,
        "group": [str(member) for member in members] if len(members) > 1 else [],
        "judgements": [each for each in judged if Digest.parse(each["other"]) in seen],
        "captures": [capture_json(capture) for capture in captures],
        "picture": found.media_type in PICTURE_TYPES,
        "drawable": found.refused is None and can_draw(found.media_type),
        "verification": verification_row(acts, ()),
    }


def occurrences(
    archive: Archive, found: dict[str, Any], *, viewer: Viewer = EVERYONE
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Occurrences of a medium, and of the others of its group, as far as the viewer may see them."""
    own = Digest.parse(found["sha256"])
    members = [Digest.parse(member) for member in found["group"]][:MOST_OF_GROUP]
    with archive.reader.connect() as connection:
        everything = {
            member: [_occurrence(capture) for capture in occurrences_of(connection, member, viewer=viewer)]
            for member in {own, *members}
        }
    return everything.pop(own), [row for rows in everything.values() for row in rows]


def _occurrence(capture: Capture) -> dict[str, Any]:
    return {"capture_id": capture.id, "captured_at": capture.captured_at, "source": capture.source_id}


def media_of_record(
    archive: Archive, content: Mapping[str, Any], capture_id: str, *, viewer: Viewer = EVERYONE
) -> list[dict[str, Any]]:
    """``url``, ``description`` (what the record says of it), ``capture_id`` and ``picture``.

    The capture is of the file itself, else of the small picture that stands for it, else None: not fetched.
    """
    named = [each for name in ("media", "images") for each in content.get(name) or () if isinstance(each, Mapping)]
    urls = {each[name] for each in named for name in ("url", "thumb_url") if each.get(name)}
    rows = []
    with archive.reader.connect() as connection:
        fetched = fetched_with(connection, urls, capture_id, viewer=viewer)
        for each in named:
            shown = fetched.get(each.get("url") or "") or fetched.get(each.get("thumb_url") or "")
            holder = None if shown is None else payload_capture(connection, shown, viewer=viewer)
            values = [
                format_value(value) for name, value in each.items() if name not in ("url", "thumb_url", "path")
            ]
            rows.append(
                {
                    "url": each.get("url") or each.get("thumb_url") or each.get("path"),
                    "description": ", ".join(filter(None, values)),
                    "capture_id": None if shown is None else shown.id,
                    "picture": holder is not None and may_be_picture(holder, sniffed_type(connection, holder.id)),
                }
            )
    return rows
