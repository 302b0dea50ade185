"""A capture explained in two pages of plain words, as a draft for a witness statement.

In: the facts of one capture, texts, the time of writing. Out: a `ReportDocument`. It names no person: whoever
signs writes their own name and what they did themselves.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pipeline.handover.report import sentences
from pipeline.handover.report.document import (
    Block,
    Bullets,
    LabelledValue,
    Paragraph,
    Quote,
    ReportDocument,
    ReportSection,
    ValueList,
)
from pipeline.handover.report.facts import ExhibitFacts, ObservedExchange
from pipeline.handover.report.field_values import field_label
from pipeline.handover.report.report_texts import ReportTexts

SAID_CHARACTERS: Final = 600
"""Of the source's words; the statement is about how they came here, and two pages long."""


def explanation(facts: ExhibitFacts, texts: ReportTexts, *, written_at: datetime) -> ReportDocument:
    """The explanation; ``facts.observed`` is known, since they are those of one capture."""
    seen = facts.observed
    assert seen is not None
    kept = (
        *sentences.custody(texts, facts.custody, is_brought=seen.is_brought),
        *sentences.clock(texts, facts.clock, facts.custody),
    )
    sha = texts("explain.sha", digest=facts.block_digest)
    return ReportDocument(
        language=texts.language,
        title=texts("explain.title"),
        page_word=texts("report.page"),
        dated=written_at.replace(microsecond=0),
        sections=(
            ReportSection(seen.url, tuple(_opening(seen, texts))),
            ReportSection(texts("explain.asked_heading"), (Bullets(tuple(_request(facts, seen, texts))),)),
            ReportSection(texts("explain.came_heading"), tuple(_came(facts, seen, texts))),
            ReportSection(texts("explain.kept_heading"), (Bullets(kept),)),
            ReportSection(texts("explain.checked_heading"), (Bullets((sha, *sentences.checks(texts, facts))),)),
            ReportSection(
                texts("section.not_proved"),
                (Bullets(tuple(sentences.not_proved(texts, facts))), Paragraph(texts("explain.place_date"))),
            ),
        ),
    )


def _opening(seen: ObservedExchange, texts: ReportTexts) -> Iterator[Block]:
    yield Paragraph(texts("explain.draft"))
    yield Paragraph(texts("explain.signer"))
    yield Paragraph(texts("explain.who"))
    yield ValueList((LabelledValue(texts("digests.capture"), seen.capture_id, code=True),))


def _request(facts: ExhibitFacts, seen: ObservedExchange, texts: ReportTexts) -> Iterator[str]:
    imported = facts.custody is not None and facts.custody.imported
    made_here = seen.url.startswith("urn:")
    if facts.custody is not None and facts.custody.received:
        name = "asked_received" if seen.is_brought else "asked_container"
    else:
        name = "asked_imported" if imported else "asked_rendering" if made_here else "asked"
    software = seen.software or texts("report.unknown")
    yield texts(f"explain.{name}", time=sentences.moment(seen.captured_at), software=software, url=seen.url)
    if not imported:
        yield texts("explain.asked_why", source=seen.source_id, crawl=seen.crawl_id)


def _came(facts: ExhibitFacts, seen: ObservedExchange, texts: ReportTexts) -> Iterator[Block]:
    media_type = seen.media_type or texts("report.unknown")
    if seen.failed:
        yield Paragraph(texts("explain.came_nothing", reason=seen.outcome_reason or texts("report.unknown")))
    elif seen.status is None:
        yield Paragraph(texts("explain.came_made", media_type=media_type))
    else:
        outcome = sentences.outcome(texts, seen.outcome, seen.outcome_reason)
        yield Paragraph(texts("explain.came", status=seen.status, media_type=media_type, outcome=outcome))
    if seen.peer_address is not None:
        yield Paragraph(texts("explain.came_peer", peer=seen.peer_address))
    if facts.wording:
        yield Paragraph(texts("explain.said"))
        left = SAID_CHARACTERS
        for each in facts.wording:
            if left > 0:
                yield Quote(
                    field_label(texts, each.name), each.text if len(each.text) <= left else f"{each.text[:left]} …"
                )
                left -= len(each.text)
