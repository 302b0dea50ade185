"""What the facts of an exhibit come to, in sentences: custody, clock, checks, what is not proved, completeness.

In: `ExhibitFacts` and texts. Out: sentences and labelled values in the language of the texts. They claim what the
facts say and no more.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from pipeline.handover.report.document import GridTable, LabelledValue, Paragraph
from pipeline.handover.report.facts import ClockStatement, ExhibitFacts, FileCustody, ObservedExchange
from pipeline.handover.report.report_texts import ReportTexts


def moment(at: datetime | str) -> str:
    """``2026-11-20 21:00:00 UTC``, with a fraction of a second where there is one."""
    value = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)
    return value.replace(tzinfo=None).isoformat(" ") + " UTC"


def observation(texts: ReportTexts, seen: ObservedExchange) -> Iterator[LabelledValue]:
    """When and how a capture was made, or a file received."""
    if seen.is_brought:
        yield LabelledValue(texts("received.name"), seen.url, code=True)
        yield LabelledValue(texts("received.at"), moment(seen.captured_at))
        yield LabelledValue(texts("received.media_type"), seen.media_type or texts("report.none"))
        return
    yield LabelledValue(texts("observed.asked"), seen.url, code=True)
    yield LabelledValue(texts("observed.at"), moment(seen.captured_at))
    if seen.first_byte_at and seen.ended_at:
        span = texts("observed.span", first=moment(seen.first_byte_at), last=moment(seen.ended_at))
        yield LabelledValue(texts("observed.bytes_at"), span)
    if seen.failed:
        reason = seen.outcome_reason or texts("report.unknown")
        yield LabelledValue(texts("observed.status"), texts("observed.no_answer", reason=reason))
    elif seen.status is not None:
        yield LabelledValue(texts("observed.status"), str(seen.status))
    if seen.by_browser:
        yield LabelledValue(texts("observed.fidelity"), texts("observed.by_browser"))
    yield LabelledValue(texts("observed.media_type"), seen.media_type or texts("report.none"))
    yield LabelledValue(texts("observed.peer"), seen.peer_address or texts("report.unknown"))
    if seen.encrypted is not None:
        yield LabelledValue(texts("observed.tls"), _encryption(texts, seen))
    yield LabelledValue(texts("observed.outcome"), outcome(texts, seen.outcome, seen.outcome_reason))
    yield LabelledValue(texts("observed.software"), seen.software or texts("report.unknown"))
    yield LabelledValue(texts("observed.source"), seen.source_id)
    yield LabelledValue(texts("observed.crawl"), seen.crawl_id, code=True)


def outcome(texts: ReportTexts, name: str | None, reason: str | None) -> str:
    """What a page turned out to be, with the recorded reason in its own words."""
    label = texts("outcome.not_classified") if name is None else texts.label("outcome", name)
    return f"{label} ({reason})" if reason else label


def _encryption(texts: ReportTexts, seen: ObservedExchange) -> str:
    if seen.tls is None:
        return texts("observed.tls_none")
    protocol, cipher, problem = seen.tls
    if seen.by_browser:
        return texts("observed.tls_by_browser", protocol=protocol, cipher=cipher)
    if problem is None:
        return texts("observed.tls_verified", protocol=protocol, cipher=cipher)
    return texts("observed.tls_problem", protocol=protocol, cipher=cipher, problem=problem)


def clock(texts: ReportTexts, stated: ClockStatement, kept: FileCustody | None) -> Iterator[str]:
    """What the collecting machine's clock said, and which outside time bounds it."""
    if stated.offset_s is not None:
        yield texts("clock.measured", offset=f"{stated.offset_s:+.3f}", source=stated.source)
    elif stated.reason is not None:
        yield texts("clock.not_measured", reason=stated.reason)
    else:
        yield texts("clock.unknown")
    outside = () if kept is None else kept.outside_times
    for authority, at in outside:
        yield texts("clock.bound", authority=authority, time=moment(at))
    if not outside:
        yield texts("clock.no_bound")


def custody(texts: ReportTexts, kept: FileCustody | None, *, is_brought: bool = False) -> Iterator[str]:
    """How the file that holds the record was kept; ``is_brought``: the record is a file that a person brought."""
    if kept is None:
        yield texts("custody.none")
        return
    if kept.received:
        yield texts("custody.received" if is_brought else "custody.received_container")
    elif kept.imported:
        yield texts("custody.imported")
    else:
        yield texts("custody.crawl_signed" if kept.signed else "custody.crawl_unsigned")
    if kept.recovered:
        yield texts("custody.recovered")
    yield texts(
        "custody.deposited",
        file=kept.warc_key,
        length=kept.length_bytes,
        time=moment(kept.deposited_at),
        seq=kept.seq,
    )
    yield texts("custody.read_back")
    if kept.locked_until is None:
        yield texts("custody.locked_unknown")
    else:
        yield texts("custody.locked", time=moment(kept.locked_until))
    if not kept.second_store:
        yield texts("custody.no_second")
    elif kept.copied_at is None:
        yield texts("custody.copy_pending")
    else:
        yield texts("custody.copied", time=moment(kept.copied_at))


def checks(texts: ReportTexts, facts: ExhibitFacts) -> Iterator[str]:
    """What was checked when the facts were gathered."""
    if facts.check is None:
        return
    if facts.check.agrees:
        yield texts("checks.record_agrees")
    elif facts.check.too_large:
        yield texts("checks.record_too_large")
    else:
        yield texts("checks.record_differs", problem=facts.check.problem)


def not_proved(texts: ReportTexts, facts: ExhibitFacts) -> Iterator[str]:
    """What somebody might conclude from the exhibit, and may not."""
    seen, kept = facts.observed, facts.custody
    if seen is not None and seen.is_brought:
        yield texts("not_proved.truth_received")
        yield texts("not_proved.received")
    else:
        yield texts("not_proved.failure" if seen is not None and seen.failed else "not_proved.truth")
        if kept is not None and kept.imported:
            yield texts("not_proved.received" if kept.received else "not_proved.imported")
        yield texts("not_proved.others")
        yield texts("not_proved.before")
    if seen is not None and (seen.encrypted is False or (seen.tls is not None and seen.tls[2] is not None)):
        yield texts("not_proved.unencrypted")
    if facts.reading:
        yield texts("not_proved.reading")
    if facts.picture is not None and facts.picture.screenshot_at is not None:
        yield texts("not_proved.screenshot")
    if kept is None or not kept.outside_times:
        yield texts("not_proved.no_time")


def redacted(texts: ReportTexts, facts: ExhibitFacts) -> Iterator[str]:
    """What is covered, by which copy, and what that cannot show."""
    for each in facts.redactions:
        steps = "; ".join(texts(f"redacted.{kind}", count=count) for kind, count in each.steps.items())
        yield texts(
            "redacted.copy",
            copy=each.copy_id,
            original=each.original_id,
            digest=each.original_digest,
            time=moment(each.made_at),
            tool=each.tool,
            seq=each.seq,
            steps=steps,
        )
    yield texts("redacted.bars")
    yield texts("redacted.original_stays" if facts.packed else "redacted.no_bytes")
    if facts.redactions:
        yield texts("redacted.not_shown")


def completeness_blocks(texts: ReportTexts, facts: ExhibitFacts) -> Iterator[Paragraph | GridTable]:
    """The items of the Berkeley Protocol, each with has, partly or no, and why."""
    row = facts.completeness
    if row is None:
        return
    counts = texts("completeness.summary", has=row["has"], partly=row["partly"], no=row["no"])
    yield Paragraph(f"{texts('completeness.intro')} {counts}")
    yield GridTable(
        tuple(texts(f"completeness.{name}") for name in ("item", "state", "why")),
        tuple(
            (
                texts(f"item.{each['item']}"),
                texts(f"completeness.{each['state']}"),
                texts(f"why.{each['reason']}", **each["values"]),
            )
            for each in row["items"]
        ),
    )
