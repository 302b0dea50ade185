"""What would be handed over: the exhibits that a choice comes to, what of them stays out and why, their size.

In: an archive, a `Choice`, the level of the recipient, whom the answer is for. Out: a `Preview`. What the viewer
may not see is neither chosen nor named. Of the rest goes

- what has the default label, to everybody;
- what belongs to a case, if the choice names that very case, and never to the public;
- what has another label of the watch-list, to courts and prosecutors alone.

Raises `ChoiceRefusedError` where a choice cannot be made sense of; then nothing was disclosed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from pipeline.handover.drafts import ExhibitDraft, draft_of_capture, draft_of_medium, draft_of_record
from pipeline.handover.redaction.covering import Covering, covering_of
from pipeline.handover.selection import (
    EXHIBIT_NUMBER,
    DisclosureLevel,
    ExhibitKind,
    FrozenSelection,
    LeftOutItem,
    SelectedCapture,
    WhyLeftOut,
    packed_captures,
)
from processors.digest import Digest
from storage.access_labels import DEFAULT_LABEL, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_by_ids
from storage.errors import StorageError
from storage.ledger.exhibits import exhibit_by_number, exhibits_of
from storage.ledger.memberships import Case, case_by_reference, cases_of
from storage.ledger.requests import results_of_request
from storage.queries.hidden_places import hidden_place
from storage.queries.neighbours import (
    hidden_among,
    hidden_captures_of,
    labels_of_cases,
    requests_of_case,
    shown_by,
)
from storage.queries.search import search
from storage.search_index.question import SearchQuery

MOST_EXHIBITS: Final = 500
"""Exhibits of one package: a list that a person can still check one by one."""
NOTHING_DISCLOSED: Final = "Nothing was built and nothing was disclosed."

WORDS: Final[Mapping[WhyLeftOut, str]] = {
    WhyLeftOut.LABEL: "It is kept for a circle of people to which the recipient does not belong.",
    WhyLeftOut.SEALED_CASE: "It belongs to a matter other than the one that is handed over.",
    WhyLeftOut.REDACTED: "Something of it is covered: a redacted copy goes in its place, or nothing.",
    WhyLeftOut.WITHDRAWN: "It was withdrawn from the archive.",
    WhyLeftOut.PURGED: "It was purged from the archive, as the law asked; its bytes are gone.",
    WhyLeftOut.QUARANTINED: "It was set aside until it is decided whether it may be shown.",
    WhyLeftOut.MISSING: "The archive shows nothing under this id.",
}

SEEN: Final[Mapping[DisclosureLevel, str]] = {
    DisclosureLevel.PUBLIC: (
        "Everybody may read all of it: the bytes that sites sent, addresses, times, and custody without names."
    ),
    DisclosureLevel.PARTNER: (
        "The partner reads the bytes that sites sent, addresses, times, and custody without names."
    ),
    DisclosureLevel.PROSECUTOR: (
        "The prosecutor reads the bytes that sites sent, also of sources with a label, addresses, times, and "
        "custody; committed values such as who collected stay closed unless they are opened one by one."
    ),
    DisclosureLevel.COURT: (
        "The court, and with it every party, reads the bytes that sites sent, also of sources with a label, "
        "addresses, times, and custody; committed values such as who collected stay closed unless they are opened "
        "one by one."
    ),
}
"""Who will see what, by the recipient's level."""


COPIES: Final = (
    "Something of what was chosen is covered: redacted copies go in place of originals, and what was read "
    "goes with bars; the originals stay here."
)
ORIGINALS: Final = "The originals go along, and everything that is covered in copies of them can be read and seen."
"""What is said of covered things before a package is frozen; after the second, who will see them."""


class ChoiceRefusedError(StorageError):
    """The choice cannot be handed over as it is; the message says why, and that nothing was disclosed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for: records that a search finds, those of a case's requests, and things by their ids.

    ``ids`` are of captures and records, digests of media, or exhibit numbers. ``case`` is the reference of the
    case for which the package is made. ``with_original``: what is covered goes uncovered. ``since`` and ``until``
    are UTC days of the date that the source gives.
    """

    text: str = ""
    kind: str | None = None
    source: str | None = None
    since: date | None = None
    until: date | None = None
    case: str | None = None
    ids: tuple[str, ...] = ()
    context: bool = True
    with_original: bool = False

    @property
    def searches(self) -> bool:
        """Whether it asks for what a search finds."""
        return bool(self.text or self.kind or self.source or self.since or self.until)

    def as_query(self) -> dict[str, Any]:
        """What was asked for, as the frozen selection states it."""
        stated = {
            "text": self.text or None,
            "kind": self.kind,
            "source": self.source,
            "since": None if self.since is None else self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "case": self.case,
            "ids": list(self.ids) or None,
        }
        query = {name: value for name, value in stated.items() if value is not None} | {"context": self.context}
        return query | {"with_original": True} if self.with_original else query


@dataclass(frozen=True, slots=True)
class PreviewedExhibit:
    """A draft that goes along; ``number`` is None until it is given; ``length_bytes`` are those in WARC files."""

    draft: ExhibitDraft
    number: str | None
    length_bytes: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go and what would not. ``refused`` says what of the choice prevents the hand-over altogether.

    ``found`` is how many exhibits the search came to, where more were found than `MOST_EXHIBITS`.
    """

    choice: Choice
    level: DisclosureLevel
    exhibits: tuple[PreviewedExhibit, ...]
    left_out: tuple[LeftOutItem, ...]
    refused: tuple[str, ...]
    found: int
    originals: bool = False
    """Whether something goes uncovered of which there is a redacted copy, since originals were asked for."""

    @property
    def length_bytes(self) -> int:
        """Bytes of all captures, each counted once an exhibit."""
        return sum(each.length_bytes for each in self.exhibits)

    @property
    def captures(self) -> int:
        """How many different captures go along."""
        return len({capture.capture_id for each in self.exhibits for capture in each.draft.captures})

    def require_whole(self) -> None:
        """Raise `ChoiceRefusedError` where there is nothing to hand over, or not all that was named can be."""
        if self.refused:
            raise ChoiceRefusedError(
                f"{' '.join(self.refused)} Choose again without what is named here. {NOTHING_DISCLOSED}"
            )
        if not self.exhibits:
            why = f" {len(self.left_out)} stay out; see --preview." if self.left_out else ""
            raise ChoiceRefusedError(
                f"The choice comes to no exhibit at all: expected at least one.{why} Choose by other "
                f"words, days or ids. {NOTHING_DISCLOSED}"
            )
        if self.found > MOST_EXHIBITS:
            raise ChoiceRefusedError(
                f"The choice comes to {self.found} exhibits: expected at most {MOST_EXHIBITS}. Narrow it by "
                f"source or days, and hand over several packages. {NOTHING_DISCLOSED}"
            )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One thing that the choice comes to; ``by_name``: the person named it."""

    kind: ExhibitKind
    subject_id: str
    by_name: str | None = None


def preview(archive: Archive, choice: Choice, level: DisclosureLevel, *, viewer: Viewer) -> Preview:
    """What the choice comes to; raises `ChoiceRefusedError`."""
    if not (choice.searches or choice.case or choice.ids):
        raise ChoiceRefusedError(
            f"Nothing is chosen: expected words, a source, days, a case or ids. {NOTHING_DISCLOSED}"
        )
    candidates, found = _from_search(archive, choice, viewer)
    with archive.reader.connect() as connection:
        case = _case(connection, choice, viewer)
        candidates += _from_case(connection, choice, viewer)
        refused: list[str] = []
        candidates += _from_ids(connection, choice, viewer, refused)
        once = {each.subject_id: each for each in sorted(candidates, key=lambda each: each.by_name is not None)}
        rules = _Rules(level, None if case is None else case.label, labels_of_cases(connection))
        covering = Covering(archive, connection)
        exhibits: list[PreviewedExhibit] = []
        left_out: dict[LeftOutItem, None] = {}
        wanted = list(once.values())[:MOST_EXHIBITS]
        numbers = {
            each.subject.id: each.number for each in exhibits_of(connection, [each.subject_id for each in wanted])
        }
        for each in wanted:
            draft = _draft(connection, each, viewer, rules, context=choice.context)
            if draft is None:
                out = _why_unseen(connection, each, viewer)
            else:
                goes, outs = _released(
                    connection, draft, rules, viewer, None if choice.with_original else covering
                )
                left_out.update(dict.fromkeys(outs))
                if goes is not None:
                    exhibits.append(PreviewedExhibit(goes[0], numbers.get(each.subject_id), goes[1]))
                    continue
                out = LeftOutItem(each.kind, each.subject_id, outs[0].reason, outs[0].words)
            left_out[out] = None
            if each.by_name is not None:
                refused.append(f"{each.by_name}: {out.words}")
        originals = choice.with_original and any(covering.changes(each.draft) for each in exhibits)
    count = max(found, len(once))
    return Preview(choice, level, tuple(exhibits), tuple(left_out), tuple(refused), count, originals)


def recipients_words(item: LeftOutItem) -> LeftOutItem:
    """The item as the recipient reads it: what is another matter's is not named."""
    unnamed = item.reason in (WhyLeftOut.SEALED_CASE, WhyLeftOut.LABEL)
    return LeftOutItem(item.kind, None if unnamed else item.subject_id, item.reason, item.words)


@dataclass(frozen=True, slots=True)
class _Rules:
    level: DisclosureLevel
    case_label: str | None
    case_labels: frozenset[str]

    def against(self, label: str) -> WhyLeftOut | None:
        """Why something with this label stays out; None where it goes."""
        if label == DEFAULT_LABEL:
            return None
        if label in self.case_labels:
            open_to = label == self.case_label and self.level is not DisclosureLevel.PUBLIC
            return None if open_to else WhyLeftOut.SEALED_CASE
        trusted = self.level in (DisclosureLevel.PROSECUTOR, DisclosureLevel.COURT)
        return None if trusted else WhyLeftOut.LABEL


def _from_search(archive: Archive, choice: Choice, viewer: Viewer) -> tuple[list[_Candidate], int]:
    if not choice.searches:
        return [], 0
    query = SearchQuery(
        text=choice.text,
        kind=() if choice.kind is None else (choice.kind,),
        source=() if choice.source is None else (choice.source,),
        since=choice.since,
        until=choice.until,
        order="oldest",
    )
    answer = search(archive, query, viewer=viewer, limit=MOST_EXHIBITS)
    candidates = []
    for hit in answer.hits:
        if hit.sighting is not None:
            candidates.append(_Candidate(ExhibitKind.RECORD, hit.sighting.record_id))
        elif hit.page is not None:
            candidates.append(_Candidate(ExhibitKind.CAPTURE, hit.page.capture_id))
    return candidates, answer.total


def _case(connection: Connection, choice: Choice, viewer: Viewer) -> Case | None:
    """The case that the choice names, where there is one and it is the viewer's; a reference may be of no case."""
    if choice.case is None:
        return None
    if viewer.every_label:
        return case_by_reference(connection, choice.case)
    return next((each for each in cases_of(connection, viewer.name) if each.reference == choice.case), None)


def _from_case(connection: Connection, choice: Choice, viewer: Viewer) -> list[_Candidate]:
    if choice.case is None or choice.ids or choice.searches:
        return []  # the case then says for whom it is, and the rest what
    requests = requests_of_case(connection, choice.case, viewer=viewer)
    if not requests:
        raise ChoiceRefusedError(
            f"Case {choice.case}: there is no request with this reference that you may see. {NOTHING_DISCLOSED}"
        )
    captured = [
        result.capture_id
        for request_id in requests
        for result in results_of_request(connection, request_id).values()
        if result.capture_id is not None
    ]
    return [_Candidate(ExhibitKind.CAPTURE, each) for each in dict.fromkeys(captured)]


def _from_ids(connection: Connection, choice: Choice, viewer: Viewer, refused: list[str]) -> Iterator[_Candidate]:
    for name in choice.ids:
        kind, subject_id = None, name
        if EXHIBIT_NUMBER.fullmatch(name):
            numbered = exhibit_by_number(connection, name)
            if numbered is not None:
                kind, subject_id = ExhibitKind(numbered.subject.kind), numbered.subject.id
        elif _is_digest(name):
            kind = ExhibitKind.MEDIUM
        elif name.startswith("urn:"):
            kind = ExhibitKind.CAPTURE
        else:
            kind = ExhibitKind.RECORD
        if kind is None:
            refused.append(f"{name}: {WORDS[WhyLeftOut.MISSING]}")
        else:
            yield _Candidate(kind, subject_id, name)


def _is_digest(text: str) -> bool:
    try:
        Digest.parse(text)
    except ValueError:
        return False
    return True


def _draft(
    connection: Connection, candidate: _Candidate, viewer: Viewer, rules: _Rules, *, context: bool
) -> ExhibitDraft | None:
    if candidate.kind is ExhibitKind.MEDIUM:
        return draft_of_medium(connection, Digest.parse(candidate.subject_id), viewer=viewer, context=context)
    if candidate.kind is ExhibitKind.CAPTURE:
        return draft_of_capture(connection, candidate.subject_id, viewer=viewer, context=context)
    return draft_of_record(
        connection,
        candidate.subject_id,
        viewer=viewer,
        context=context,
        stays=lambda capture: rules.against(capture.access_label) is not None,
    )


def _why_unseen(connection: Connection, candidate: _Candidate, viewer: Viewer) -> LeftOutItem:
    """What is known of a thing that is not shown: hidden, or none that this viewer may know of."""
    if candidate.kind is ExhibitKind.CAPTURE:
        hidden = hidden_among(connection, [candidate.subject_id], viewer=viewer)
    else:
        hidden = hidden_captures_of(connection, candidate.subject_id, viewer=viewer)
    if hidden:
        reason = WhyLeftOut(min(hidden.values()))
    else:
        place = hidden_place(connection, candidate.subject_id, viewer=viewer)
        reason = WhyLeftOut.MISSING if place is None else WhyLeftOut(place.label)
    return LeftOutItem(candidate.kind, candidate.subject_id, reason, WORDS[reason])


def _released(
    connection: Connection, draft: ExhibitDraft, rules: _Rules, viewer: Viewer, covering: Covering | None
) -> tuple[tuple[ExhibitDraft, int] | None, list[LeftOutItem]]:
    """The draft with what may go, and the bytes of that; None where its subject may not. And what stays out."""
    known = captures_by_ids(connection, [each.capture_id for each in draft.captures], viewer=viewer)
    goes: list[SelectedCapture] = []
    outs: list[LeftOutItem] = []
    for each in draft.captures:
        reason = _against(known.get(each.capture_id), rules)
        if reason is None:
            goes.append(each)
        else:
            outs.append(LeftOutItem(ExhibitKind.CAPTURE, each.capture_id, reason, WORDS[reason]))
    if draft.captures[0] not in goes:
        outs.sort(key=lambda item: item.subject_id != draft.captures[0].capture_id)
        return None, outs
    for capture_id, label in hidden_captures_of(connection, draft.subject_id, viewer=viewer).items():
        reason = WhyLeftOut(label)
        outs.append(LeftOutItem(ExhibitKind.CAPTURE, capture_id, reason, WORDS[reason]))
    shown = _without_what_stays(connection, draft, goes, known)
    if covering is not None:
        covered = covering.applied(shown, lambda copy: rules.against(copy.access_label) is None)
        outs.extend(
            LeftOutItem(ExhibitKind.CAPTURE, each, WhyLeftOut.REDACTED, WORDS[WhyLeftOut.REDACTED])
            for each in covered.left_out
        )
        if covered.draft is None:
            outs.sort(key=lambda item: item.subject_id != draft.captures[0].capture_id)
            return None, outs
        shown = covered.draft
    packed = captures_by_ids(connection, packed_captures(shown.captures), viewer=viewer)
    return (shown, sum(each.length_bytes for each in packed.values())), outs


def _against(capture: Capture | None, rules: _Rules) -> WhyLeftOut | None:
    return WhyLeftOut.MISSING if capture is None else rules.against(capture.access_label)


def _without_what_stays(
    connection: Connection, draft: ExhibitDraft, goes: list[SelectedCapture], known: Mapping[str, Capture]
) -> ExhibitDraft:
    """The draft less the media and records that only captures which stay out show."""
    if len(goes) == len(draft.captures):
        return draft
    there = {each.capture_id for each in goes}
    records, media = shown_by(connection, there)
    return ExhibitDraft(
        draft.kind,
        draft.subject_id,
        draft.title,
        tuple(each for each in draft.record_ids if each in records),
        tuple(goes),
        tuple(each for each in draft.media if each in media or each == draft.subject_id),
    )


def sentence_against(archive: Archive, selection: FrozenSelection, *, viewer: Viewer) -> str | None:
    """Why a frozen selection may not be handed over as it stands now, whoever wrote the file; None: it may."""
    ids = {each.capture_id for exhibit in selection.exhibits for each in exhibit.captures}
    with archive.reader.connect() as connection:
        case = _case(connection, Choice(case=selection.query.get("case")), viewer)
        rules = _Rules(
            selection.recipient.level, None if case is None else case.label, labels_of_cases(connection)
        )
        known = captures_by_ids(connection, ids, viewer=viewer)
        gone = {*ids - known.keys()}
        hidden = hidden_among(connection, gone, viewer=viewer)
        places = {each: hidden_place(connection, each, viewer=viewer) for each in gone - hidden.keys()}
        hidden = {**hidden, **{each: place.label for each, place in places.items() if place is not None}}
        numbers = {
            each.number: each.subject.id
            for each in exhibits_of(connection, [each.subject_id for each in selection.exhibits])
        }
        covering = covering_of(archive, connection, selection)
        for exhibit in selection.exhibits:
            if numbers.get(exhibit.number) != exhibit.subject_id:
                return f"{exhibit.number}: the archive has not given this number to {exhibit.subject_id}."
            for each in exhibit.captures:
                label = hidden.get(each.capture_id)
                reason = WhyLeftOut(label) if label else _against(known.get(each.capture_id), rules)
                if reason is not None:
                    return f"{exhibit.number}, {each.capture_id}: {WORDS[reason]}"
            if covering is not None and (uncovered := covering.uncovered(exhibit)) is not None:
                return f"{exhibit.number}, {uncovered}: {WORDS[WhyLeftOut.REDACTED]}"
            records, media = shown_by(connection, {each.capture_id for each in exhibit.captures})
            foreign = {*exhibit.record_ids} - records | {*exhibit.media} - media
            if foreign:
                return f"{exhibit.number}: none of its captures shows {min(foreign)}."
    return None
