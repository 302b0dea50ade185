"""A signed receipt as a document to print, in a language: the same that the signed JSON states.

In: a `SignedReceipt`, texts. Out: a `ReportDocument`. Everything in it comes from the signed statements.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pipeline.handover.receipts.signed_receipt import SignedReceipt
from pipeline.handover.report import sentences
from pipeline.handover.report.document import (
    Block,
    Bullets,
    GridTable,
    LabelledValue,
    Paragraph,
    ReportDocument,
    ReportSection,
    ValueList,
)
from pipeline.handover.report.report_texts import ReportTexts


def request_document(signed: SignedReceipt, texts: ReportTexts) -> ReportDocument:
    """The receipt of a request: address by address."""
    stated = signed.statements
    addresses = [*enumerate(stated["addresses"], 1)]
    pending = tuple(_pending(texts, number, each) for number, row in addresses for each in row["pending"])
    check = ("check_json", "check_key", "check_file", "limits")
    return ReportDocument(
        language=texts.language,
        title=texts("receipt.title_request"),
        page_word=texts("report.page"),
        dated=datetime.fromisoformat(stated["issued_at"]),
        sections=(
            ReportSection(texts("receipt.requested"), (ValueList(tuple(_request(stated, texts))),)),
            *(
                ReportSection(texts("receipt.address", number=number), (ValueList(tuple(_address(row, texts))),))
                for number, row in addresses
            ),
            ReportSection(
                texts("receipt.pending"),
                (Bullets(pending) if pending else Paragraph(texts("receipt.nothing_pending")),),
            ),
            _checking(signed, texts, check),
        ),
    )


def package_document(signed: SignedReceipt, texts: ReportTexts) -> ReportDocument:
    """The receipt of a package, with lines to be signed by hand."""
    stated = signed.statements
    pending: Block = Paragraph(
        texts("receipt.pending_disclosure" if stated["pending"] else "receipt.nothing_pending")
    )
    return ReportDocument(
        language=texts.language,
        title=texts("receipt.title_package"),
        page_word=texts("report.page"),
        dated=datetime.fromisoformat(stated["issued_at"]),
        sections=(
            ReportSection(texts("receipt.package"), (ValueList(tuple(_package(stated, texts))),)),
            ReportSection(texts("report.exhibits"), (_exhibits(stated["exhibits"], texts),)),
            ReportSection(texts("receipt.pending"), (pending,)),
            _checking(signed, texts, ("check_package", "check_json", "check_key", "limits")),
            ReportSection(
                texts("receipt.confirmation"),
                tuple(Paragraph(texts(f"receipt.{each}")) for each in ("confirmed", "given_by", "received_by")),
            ),
        ),
    )


def _package(stated: Any, texts: ReportTexts) -> Iterator[LabelledValue]:
    package, recipient, disclosed = stated["package"], stated["recipient"], stated["disclosed"]
    yield LabelledValue(texts("report.package"), package["id"], code=True)
    yield LabelledValue(texts("receipt.package_digest"), package["digest"], code=True)
    if package["supplement_of"] is not None:
        yield LabelledValue(texts("report.supplement"), package["supplement_of"], code=True)
    yield LabelledValue(texts("report.frozen_at"), sentences.moment(package["frozen_at"]))
    yield LabelledValue(texts("report.recipient"), recipient["name"])
    yield LabelledValue(texts("report.level"), texts(f"level.{recipient['level']}"))
    yield LabelledValue(texts("report.request"), recipient["request"] or texts("report.no_request"))
    at = sentences.moment(disclosed["at"])
    yield LabelledValue(texts("receipt.disclosed"), texts("receipt.entry", time=at, seq=disclosed["custody_seq"]))
    yield LabelledValue(texts("receipt.entry_digest"), disclosed["custody_digest"], code=True)
    yield LabelledValue(texts("receipt.issued_at"), sentences.moment(stated["issued_at"]))
    yield _log_state(stated["checkpoint"], texts)


def _exhibits(exhibits: Any, texts: ReportTexts) -> GridTable:
    return GridTable(
        (texts("report.number"), texts("report.what"), texts("receipt.captures")),
        tuple(
            (
                each["number"],
                f"{each['title'] or texts('receipt.withdrawn')} ({texts('kind.' + each['kind'])})",
                str(each["captures"]),
            )
            for each in exhibits
        ),
    )


def _checking(signed: SignedReceipt, texts: ReportTexts, named: tuple[str, ...]) -> ReportSection:
    """How the receipt is checked."""
    values = {"digest": signed.digest.hex, "key": signed.key_name}
    return ReportSection(
        texts("receipt.check"), (Bullets(tuple(texts(f"receipt.{each}", **values) for each in named)),)
    )


def _log_state(checkpoint: dict[str, Any] | None, texts: ReportTexts) -> LabelledValue:
    """The signed state of the custody log that a receipt names."""
    value = texts("report.no_checkpoint") if checkpoint is None else texts("report.checkpoint_value", **checkpoint)
    return LabelledValue(texts("report.checkpoint"), value, code=checkpoint is not None)


def _request(stated: Any, texts: ReportTexts) -> Iterator[LabelledValue]:
    request = stated["request"]
    yield LabelledValue(texts("receipt.request"), request["id"], code=True)
    if request["requested_by"] is not None:
        yield LabelledValue(texts("receipt.requested_by"), request["requested_by"])
    yield LabelledValue(texts("receipt.requested_at"), sentences.moment(request["requested_at"]))
    if request["profile"] is not None:
        yield LabelledValue(texts("receipt.profile"), request["profile"], code=True)
    yield LabelledValue(texts("receipt.issued_at"), sentences.moment(stated["issued_at"]))
    yield LabelledValue(texts("receipt.addresses"), str(len(stated["addresses"])))
    yield _log_state(stated["checkpoint"], texts)


def _address(row: Any, texts: ReportTexts) -> Iterator[LabelledValue]:
    capture = row["capture"]
    yield LabelledValue(texts("report.address"), row["url"], code=True)
    yield LabelledValue(texts("receipt.result"), texts(f"receipt.{row['state']}", problem=row["problem"]))
    if capture is None:
        return
    if capture["url"] != row["url"]:
        yield LabelledValue(texts("receipt.captured_address"), capture["url"], code=True)
    yield LabelledValue(texts("digests.capture"), capture["id"], code=True)
    yield LabelledValue(texts("observed.at"), sentences.moment(capture["captured_at"]))
    if capture["first_byte_at"] and capture["ended_at"]:
        first, last = sentences.moment(capture["first_byte_at"]), sentences.moment(capture["ended_at"])
        yield LabelledValue(texts("observed.bytes_at"), texts("observed.span", first=first, last=last))
    if capture["status"] is not None:
        yield LabelledValue(texts("observed.status"), str(capture["status"]))
    outcome = sentences.outcome(texts, capture["outcome"], capture["outcome_reason"])
    yield LabelledValue(texts("observed.outcome"), outcome)
    yield LabelledValue(texts("receipt.exchanges"), str(capture["exchanges"]))
    if capture.get("fidelity") == "browser":
        yield LabelledValue(texts("observed.fidelity"), texts("observed.by_browser"))
    if capture["payload_digest"] is not None:
        yield LabelledValue(texts("digests.payload"), capture["payload_digest"], code=True)
    yield LabelledValue(texts("digests.block"), capture["block_digest"], code=True)
    yield LabelledValue(texts("receipt.warc"), capture["warc_key"], code=True)
    kept = capture["kept"]
    if kept is None:
        yield LabelledValue(texts("receipt.deposited"), texts("custody.none"))
        return
    yield LabelledValue(texts("digests.file"), kept["warc_sha256"], code=True)
    at = sentences.moment(kept["deposited_at"])
    yield LabelledValue(texts("receipt.deposited"), texts("receipt.entry", time=at, seq=kept["custody_seq"]))
    yield LabelledValue(texts("receipt.entry_digest"), kept["custody_digest"], code=True)
    for each in kept["existed_by"]:
        bound = texts("clock.bound", authority=each["authority"], time=sentences.moment(each["time"]))
        yield LabelledValue(texts("section.clock"), bound)


def _pending(texts: ReportTexts, number: int, each: Any) -> str:
    since = sentences.moment(each["since"]) if "since" in each else None
    return texts(f"receipt.pending_{each['what']}", number=number, authority=each.get("authority"), time=since)
