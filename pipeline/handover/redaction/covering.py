"""What of an exhibit goes when something of it was covered: copies in place of originals, words with bars.

In: a reading connection, a draft that the rules of its recipient let go. Out: the draft as it goes, and what
stays out. Guaranteed, as far as the archive knows: no capture goes that holds what a redaction covers, nor a
rendering, a revisit, a version, a mirror or a page around it; of a record with covered words only the copy
goes. Where no copy is there for what a capture holds, its bytes stay out, and what was read of it goes with
the same words covered. What the archive cannot know: that another file shows the same in other words, another
language or another picture.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from access.views.safe_images import payload_of
from pipeline.handover.drafts import ExhibitDraft
from pipeline.handover.redaction.record_copies import record_copy
from pipeline.handover.selection import CaptureRole, Exhibit, ExhibitKind, FrozenSelection, SelectedCapture
from storage.access_labels import UPKEEP
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_by_ids
from storage.catalogue.dom_renderings import renderings_of
from storage.ledger.redactions import OF_RECORD, Redaction, current_redactions, redactions
from storage.queries.covered_captures import CoveredCaptures, covered_captures
from storage.queries.neighbours import shown_by

MEDIA: Final = ("image/", "video/", "audio/")
INLINE_PICTURE: Final = b"data:image"
PAGE_LIMIT_BYTES: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class CoveredDraft:
    """The draft as it goes; None where nothing of it can. ``left_out`` are ids of captures that stay."""

    draft: ExhibitDraft | None
    left_out: tuple[str, ...]


class Covering:
    """The redactions that count now, and the captures that none of them lets out."""

    def __init__(self, archive: Archive, connection: Connection) -> None:
        self._archive = archive
        self._connection = connection
        self.redactions = current_redactions(redactions(connection))
        self.captures = self._with_inline_pictures(covered_captures(connection, self.redactions))
        self._copies = captures_by_ids(connection, [each.copy_id for each in self.redactions], viewer=UPKEEP)

    @property
    def stays_out(self) -> frozenset[str]:
        """The ids of captures whose bytes go to nobody in place of whom a copy goes."""
        return self.captures.touched

    def applied(self, draft: ExhibitDraft, goes: Callable[[Capture], bool]) -> CoveredDraft:
        """The draft with copies in place of what is covered; ``goes``: whether a copy may go to the recipient."""
        ids = [each.capture_id for each in draft.captures]
        own = self._redactions_of(draft, ids)
        words = any(each.original_kind == OF_RECORD for each in own)
        subject_is_covered = ids[0] in self.stays_out or self._is_covered_subject(draft)
        if not (subject_is_covered or words or any(each in self.stays_out for each in ids)):
            return CoveredDraft(draft, ())
        known = captures_by_ids(self._connection, ids, viewer=UPKEEP)
        strict = subject_is_covered or words
        kept = [
            each
            for each in draft.captures
            if each.capture_id not in self.stays_out and (not strict or _is_medium(each, known))
        ]
        copies = [each for each in own if each.copy_id in self._copies and goes(self._copies[each.copy_id])]
        read = self._read_of(draft, kept, copies, known)
        covered = [
            SelectedCapture(each.capture_id, CaptureRole.COVERED)
            for each in draft.captures
            if each not in kept and (each.capture_id in read or (strict and each.capture_id == ids[0]))
        ]
        gone = tuple(
            each.capture_id for each in draft.captures if each not in kept and each.capture_id not in read
        )
        if strict and not copies and not read:
            return CoveredDraft(None, gone)
        chosen = (
            (
                *covered[:1],
                *(SelectedCapture(each.copy_id, CaptureRole.REDACTED) for each in copies),
                *covered[1:],
                *kept,
            )
            if strict
            else (*kept, *(SelectedCapture(each.copy_id, CaptureRole.REDACTED) for each in copies), *covered)
        )
        return CoveredDraft(self._as_it_goes(draft, tuple(chosen), kept, copies, read), gone)

    def changes(self, draft: ExhibitDraft) -> bool:
        """Whether something of the draft is covered, so that it would not go as it is."""
        return self.applied(draft, lambda _: True).draft != draft

    def uncovered(self, exhibit: Exhibit) -> str | None:
        """The capture of a frozen exhibit that shows what is covered now; None where there is none.

        A copy in place of which there is a newer one counts as such, too.
        """
        current = {each.copy_id for each in self.redactions}
        for each in exhibit.captures:
            if each.role is CaptureRole.REDACTED and each.capture_id not in current:
                return each.capture_id
            if each.role is not CaptureRole.COVERED and each.capture_id in self.stays_out:
                return each.capture_id
        copied = {
            each.original_id
            for each in self.redactions
            if each.copy_id in {capture.capture_id for capture in exhibit.captures}
        }
        records = {each.original_id for each in self.redactions if each.original_kind == OF_RECORD}
        return next((each for each in exhibit.record_ids if each in records - copied), None)

    def _as_it_goes(
        self,
        draft: ExhibitDraft,
        chosen: tuple[SelectedCapture, ...],
        kept: list[SelectedCapture],
        copies: list[Redaction],
        read: Mapping[str, frozenset[str]],
    ) -> ExhibitDraft:
        shown, media = shown_by(self._connection, {each.capture_id for each in kept})
        records = {*shown, *(record for some in read.values() for record in some)}
        copied = [each for each in copies if each.original_kind == OF_RECORD]
        title = draft.title
        for each in copied:
            copy = record_copy(self._archive, self._copies[each.copy_id])
            if each.original_id == draft.subject_id:
                title = copy.title
            elif draft.kind is ExhibitKind.CAPTURE and draft.subject_id in copy.addresses:
                title = copy.addresses[draft.subject_id]
        return replace(
            draft,
            title=title,
            record_ids=tuple(each for each in draft.record_ids if each in records),
            captures=chosen,
            media=tuple(each for each in draft.media if each in media),
        )

    def _read_of(
        self,
        draft: ExhibitDraft,
        kept: list[SelectedCapture],
        copies: list[Redaction],
        known: Mapping[str, Capture],
    ) -> dict[str, frozenset[str]]:
        """By capture whose bytes stay out: the records of the exhibit that go of it.

        A record with covered words goes from its copy; another only where nothing else of the capture is
        covered than records: a region on a page covers words that the record repeats.
        """
        copied = {each.original_id for each in copies if each.original_kind == OF_RECORD}
        covered = {each.original_id for each in self.redactions if each.original_kind == OF_RECORD}
        opened = all(each.covered is not None for each in self.redactions)
        kept_ids = {each.capture_id for each in kept}
        read: dict[str, frozenset[str]] = {}
        for capture_id in known:
            if capture_id in kept_ids:
                continue
            shown, _ = shown_by(self._connection, [capture_id])
            records = {*draft.record_ids} & shown
            may = {
                each
                for each in records
                if each in copied or (each not in covered and opened and capture_id not in self.captures.by_region)
            }
            if may:
                read[capture_id] = frozenset(may)
        return read

    def _redactions_of(self, draft: ExhibitDraft, ids: list[str]) -> list[Redaction]:
        """Those of a record of the exhibit, of a capture of it, of its content, or of a rendering of it."""
        _, media = shown_by(self._connection, ids)
        renderings = renderings_of(self._connection, ids, viewer=UPKEEP)
        captured = {*ids, *(each.id for each in renderings)}
        digests = {*media, *draft.media, draft.subject_id}
        return [
            each
            for each in self.redactions
            if (each.original_kind == OF_RECORD and each.original_id in draft.record_ids)
            or (each.original_kind != OF_RECORD and each.original_id in captured)
            or (each.original_kind != OF_RECORD and str(each.original_digest) in digests)
        ]

    def _is_covered_subject(self, draft: ExhibitDraft) -> bool:
        return any(draft.subject_id in (each.original_id, str(each.original_digest)) for each in self.redactions)

    def _with_inline_pictures(self, found: CoveredCaptures) -> CoveredCaptures:
        """Pages that show a covered picture hold its address alone, unless pictures stand in the page itself."""
        pages = captures_by_ids(self._connection, found.showing, viewer=UPKEEP)
        inline = {each.id for each in pages.values() if self._has_inline_pictures(each)}
        return replace(found, touched=found.touched | inline)

    def _has_inline_pictures(self, page: Capture) -> bool:
        content = payload_of(self._archive, page, PAGE_LIMIT_BYTES)
        return content is None or INLINE_PICTURE in content


def covering_of(archive: Archive, connection: Connection, selection: FrozenSelection) -> Covering | None:
    """What is covered now; None where whoever froze the selection wants the originals."""
    return None if selection.query.get("with_original") is True else Covering(archive, connection)


def covered_texts(found: Iterable[Redaction]) -> tuple[str, ...]:
    """The very texts that these redactions cover, longest first, as far as a key opens them."""
    texts = {text for each in found for text in each.covered or ()}
    return tuple(sorted(texts, key=lambda text: (-len(text), text)))


def _is_medium(chosen: SelectedCapture, known: Mapping[str, Capture]) -> bool:
    capture = known.get(chosen.capture_id)
    return capture is not None and (capture.media_type or "").startswith(MEDIA)
