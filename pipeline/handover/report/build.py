"""Puts a report together: a page for each exhibit, an index, what is missing, method and limits.

In: a `FrozenSelection`, the facts of its exhibits, texts. Out: a `ReportDocument`. Nothing is asked of the archive
here, so the same facts give the same document.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pipeline.handover.exhibit_status import SubjectStatus
from pipeline.handover.report import sentences
from pipeline.handover.report.document import (
    Block,
    Bullets,
    Figure,
    GridTable,
    LabelledValue,
    Paragraph,
    Quote,
    ReportDocument,
    ReportSection,
    SideBySide,
    Subsection,
    ValueList,
)
from pipeline.handover.report.facts import CaptureBeside, ExhibitFacts, ObservedExchange
from pipeline.handover.report.field_values import field_label, field_text, term_label, value_text
from pipeline.handover.report.report_texts import ReportTexts
from pipeline.handover.selection import CaptureRole, FrozenSelection, WhyLeftOut
from processors.digest import Digest

READING_CHARACTERS: Final = 600
"""Of one field that we read, on the page of an exhibit; the whole is in the package."""


def report_document(
    selection: FrozenSelection,
    facts: Sequence[ExhibitFacts],
    texts: ReportTexts,
    *,
    validation_report: Digest | None = None,
) -> ReportDocument:
    """The whole report; ``validation_report`` is the digest of the one that goes along."""
    method = tuple(texts(f"method.{name}") for name in ("recorder", "separate", "deposit", "failures", "package"))
    limits = tuple(texts(f"limits.{name}") for name in ("one", "two", "three", "four"))
    validated = (
        texts("validation.none")
        if validation_report is None
        else texts("validation.digest", digest=validation_report)
    )
    return ReportDocument(
        language=texts.language,
        title=texts("report.title"),
        page_word=texts("report.page"),
        dated=selection.frozen_at,
        sections=(
            ReportSection(texts("report.package"), tuple(_cover(selection, texts))),
            ReportSection(texts("report.index"), (_index(facts, texts),)),
            *(_exhibit_section(each, texts) for each in facts),
            ReportSection(texts("section.searched"), tuple(_searched(selection, texts)), new_page=True),
            ReportSection(texts("section.failed"), tuple(_failed(facts, texts))),
            ReportSection(texts("section.left_out"), tuple(_left_out(selection, texts))),
            ReportSection(texts("section.method"), (Bullets(method),)),
            ReportSection(texts("section.limits"), (Bullets(limits),)),
            ReportSection(texts("section.validation"), (Paragraph(validated),)),
        ),
    )


def _cover(selection: FrozenSelection, texts: ReportTexts) -> Iterator[Block]:
    recipient, point = selection.recipient, selection.checkpoint
    state = (
        texts("report.no_checkpoint")
        if point is None
        else texts("report.checkpoint_value", origin=point.origin, size=point.size, root=point.root.hex())
    )
    rows = [
        LabelledValue(texts("report.package"), selection.package_id, code=True),
        LabelledValue(texts("report.frozen_at"), sentences.moment(selection.frozen_at)),
        LabelledValue(texts("report.recipient"), recipient.name),
        LabelledValue(texts("report.level"), texts(f"level.{recipient.level.value}")),
        LabelledValue(texts("report.request"), recipient.request or texts("report.no_request")),
        LabelledValue(texts("report.exhibits"), str(len(selection.exhibits))),
        LabelledValue(texts("report.software"), f"{selection.software.name} {selection.software.version}"),
        LabelledValue(texts("report.checkpoint"), state, code=point is not None),
    ]
    if selection.supplement_of is not None:
        rows.insert(1, LabelledValue(texts("report.supplement"), selection.supplement_of, code=True))
    yield ValueList(tuple(rows))
    yield Paragraph(texts("report.how_to_read"))
    yield Paragraph(texts("report.spelled_out"))


def _index(facts: Sequence[ExhibitFacts], texts: ReportTexts) -> GridTable:
    names = ("number", "what", "address", "observed_at")
    return GridTable(
        tuple(texts(f"report.{name}") for name in names),
        tuple(
            (
                each.number,
                f"{each.title} ({texts(f'kind.{each.kind.value}')})",
                texts("report.unknown") if each.observed is None else each.observed.url,
                texts("report.unknown") if each.observed is None else _when(each.observed, texts),
            )
            for each in facts
        ),
        tuple(each.number for each in facts),
    )


def _when(seen: ObservedExchange, texts: ReportTexts) -> str:
    """When it was observed; of a file that a person brought, when it was received, in these words."""
    time = sentences.moment(seen.captured_at.replace(microsecond=0))
    return texts("report.received_cell", time=time) if seen.is_brought else time


def _exhibit_section(facts: ExhibitFacts, texts: ReportTexts) -> ReportSection:
    return ReportSection(
        title=f"{facts.number}: {facts.title}",
        blocks=tuple(exhibit_blocks(facts, texts)),
        anchor=facts.number,
        new_page=True,
    )


def exhibit_blocks(facts: ExhibitFacts, texts: ReportTexts) -> Iterator[Block]:
    """What the page of an exhibit says."""
    yield SideBySide(
        Subsection(texts("section.wording"), wording_blocks(facts, texts)),
        Subsection(texts("section.reading"), (*_reading(facts, texts), _picture(facts, texts))),
    )
    if facts.statuses:
        yield Subsection(texts("section.verification"), tuple(_verification(facts.statuses, texts)))
    if facts.observed is not None:
        rows = ValueList(tuple(sentences.observation(texts, facts.observed)))
        if facts.observed.is_brought:
            yield Subsection(texts("section.receiving"), (Paragraph(texts("received.note")), rows))
        else:
            yield Subsection(texts("section.observation"), (rows,))
    if facts.is_covered:
        yield _sentences(texts, "redacted", sentences.redacted(texts, facts))
    yield _sentences(texts, "clock", sentences.clock(texts, facts.clock, facts.custody))
    is_brought = facts.observed is not None and facts.observed.is_brought
    yield _sentences(texts, "custody", sentences.custody(texts, facts.custody, is_brought=is_brought))
    checked = (*sentences.checks(texts, facts), texts("checks.verify_yourself"))
    yield Subsection(texts("section.checks"), (Bullets(checked),))
    yield _sentences(texts, "not_proved", sentences.not_proved(texts, facts))
    complete = tuple(sentences.completeness_blocks(texts, facts))
    if complete:
        yield Subsection(texts("section.completeness"), complete)
    yield Subsection(texts("section.digests"), (ValueList(tuple(_digests(facts, texts))),))
    if facts.beside:
        yield Subsection(texts("section.beside"), (_beside(facts.beside, texts),))


def _sentences(texts: ReportTexts, section: str, found: Iterator[str]) -> Subsection:
    return Subsection(texts(f"section.{section}"), (Bullets(tuple(found)),))


def wording_blocks(facts: ExhibitFacts, texts: ReportTexts) -> tuple[Block, ...]:
    """The source's words, field by field."""
    if not facts.wording:
        return (Paragraph(texts("wording.none")),)
    quotes = tuple(Quote(field_label(texts, each.name), each.text) for each in facts.wording)
    return (*quotes, Paragraph(texts("wording.cut"))) if facts.wording_cut else quotes


def _reading(facts: ExhibitFacts, texts: ReportTexts) -> Iterator[Block]:
    if not facts.reading:
        yield Paragraph(texts("wording.no_reading"))
        return
    rows = [
        LabelledValue(field_label(texts, each.name), field_text(texts, each.name, each.value)[:READING_CHARACTERS])
        for each in facts.reading
    ]
    if facts.parsers:
        rows.append(LabelledValue(texts("wording.parsers"), ", ".join(facts.parsers)))
    yield ValueList(tuple(rows))


def _verification(statuses: Sequence[SubjectStatus], texts: ReportTexts) -> Iterator[Block]:
    yield Paragraph(texts("verification.intro"))
    for each in statuses:
        found = (("place", each.place), ("happened", each.happened), ("method", each.method))
        about = texts(f"kind.{each.kind}")
        rows = [
            LabelledValue(texts("verification.about"), about, code=False),
            LabelledValue(texts("verification.status"), texts(f"verification.{each.status}")),
            *(LabelledValue(texts(f"verification.{name}"), value) for name, value in found if value),
        ]
        if each.kind == "medium":
            rows.insert(1, LabelledValue(texts("digests.medium"), each.subject_id, code=True))
        if each.since is not None:
            rows.append(LabelledValue(texts("verification.since"), sentences.moment(each.since)))
        yield ValueList(tuple(rows))
        if each.newest_here is not None:
            yield Paragraph(texts("verification.newest" if each.newest_here else "verification.earlier"))


def _picture(facts: ExhibitFacts, texts: ReportTexts) -> Block:
    if facts.picture is None:
        return Paragraph(texts("picture.none"))
    made_at = facts.picture.screenshot_at
    caption = (
        texts("picture.file") if made_at is None else texts("picture.screenshot", time=sentences.moment(made_at))
    )
    return Figure(facts.picture.jpeg, texts("picture.alt", number=facts.number or facts.title), caption)


def _digests(facts: ExhibitFacts, texts: ReportTexts) -> Iterator[LabelledValue]:
    if facts.observed is not None:
        yield LabelledValue(texts("digests.capture"), facts.observed.capture_id, code=True)
    if facts.block_digest is not None:
        yield LabelledValue(texts("digests.block"), facts.block_digest, code=True)
    if facts.payload_digest is not None:
        yield LabelledValue(texts("digests.payload"), facts.payload_digest, code=True)
    if facts.custody is not None:
        yield LabelledValue(texts("digests.file"), facts.custody.sha256, code=True)
    for digest in facts.media:
        yield LabelledValue(texts("digests.medium"), digest, code=True)
    evidence, records = facts.files
    if facts.packed:
        yield LabelledValue(texts("digests.evidence"), evidence, code=True)
    yield LabelledValue(texts("digests.records"), records, code=True)


def _beside(beside: Sequence[CaptureBeside], texts: ReportTexts) -> GridTable:
    return GridTable(
        (
            texts("beside.role"),
            texts("report.address"),
            texts("report.observed_at"),
            texts("beside.outcome"),
        ),
        tuple(
            (
                texts(f"role.{each.role.value}"),
                each.url,
                sentences.moment(each.captured_at.replace(microsecond=0)),
                sentences.outcome(texts, each.outcome, None),
            )
            for each in beside
        ),
    )


def _searched(selection: FrozenSelection, texts: ReportTexts) -> Iterator[Block]:
    yield Paragraph(texts("searched.intro"))
    yield ValueList(tuple(LabelledValue(*each) for each in _terms(selection.query, texts)))
    missing = tuple(
        each.subject_id
        for each in selection.left_out
        if each.reason == WhyLeftOut.MISSING and each.subject_id is not None
    )
    if missing:
        yield Subsection(texts("searched.missing"), (Bullets(missing),))
    else:
        yield Paragraph(texts("searched.nothing_missing"))


def _terms(query: Mapping[str, object], texts: ReportTexts) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        text = value_text(texts, value)
        if text:
            yield term_label(texts, name), text


def _failed(facts: Sequence[ExhibitFacts], texts: ReportTexts) -> Iterator[Block]:
    failed = [(each.number, one) for each in facts for one in each.beside if one.role == CaptureRole.FAILED]
    if not failed:
        yield Paragraph(texts("failed.none"))
        return
    yield Paragraph(texts("failed.intro"))
    yield GridTable(
        (
            texts("report.number"),
            texts("report.address"),
            texts("report.observed_at"),
            texts("failed.reason"),
        ),
        tuple(
            (
                number,
                one.url,
                sentences.moment(one.captured_at),
                sentences.outcome(texts, one.outcome, one.outcome_reason),
            )
            for number, one in failed
        ),
    )


def _left_out(selection: FrozenSelection, texts: ReportTexts) -> Iterator[Block]:
    counted = Counter(each.reason for each in selection.left_out)
    if not counted:
        yield Paragraph(texts("left_out.none"))
        return
    yield GridTable(
        (texts("left_out.reason"), texts("left_out.count")),
        tuple(
            (texts(f"left_out.{reason.value}"), str(counted[reason])) for reason in WhyLeftOut if counted[reason]
        ),
    )
