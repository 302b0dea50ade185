"""Facts of invented exhibits, hostile ones among them, and the selection that names them."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from PIL import Image

from pipeline.handover.report.facts import (
    CaptureBeside,
    ClockStatement,
    ExhibitFacts,
    FileCustody,
    NamedText,
    NamedValue,
    ObservedExchange,
    RecordCheck,
    ReportPicture,
)
from pipeline.handover.selection import (
    CaptureRole,
    DisclosureLevel,
    Exhibit,
    ExhibitKind,
    FrozenSelection,
    FrozenSoftware,
    LeftOutItem,
    Recipient,
    SelectedCapture,
    WhyLeftOut,
)
from processors.transparency_log.checkpoint import Checkpoint

AT = datetime(2026, 11, 20, 21, 0, 0, 123456, UTC)
HOSTILE = (
    '#panic("taken") #let x = 1; = Heading\n'
    "<script>alert(1)</script> $x^2$ *bold* _it_ `raw` \\u{41} @ref <label>\n"
    '"]} #link("https://zlo.example")[press] {{ 7 * 7 }} {% raw %} &amp; \u202eabc\x1b[31m 😀 中文'
)
DIGEST = "sha256:" + "0123456789abcdef" * 4


def jpeg(width: int = 320, height: int = 200) -> bytes:
    content = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(content, "JPEG", quality=60)
    return content.getvalue()


def completeness_row() -> dict[str, object]:
    reasons: dict[str, tuple[str, str, dict[str, object]]] = {
        "url": ("has", "url_requested", {}),
        "source_code": ("has", "source_whole", {}),
        "full_page": ("partly", "page_view", {}),
        "embedded_media": ("partly", "media_some", {"count": 3, "fetched": 2}),
        "metadata": ("has", "metadata_exchange", {}),
        "context": ("partly", "context_source", {"source": "kanal"}),
        "collection_data": ("partly", "collection_some", {"count": 9, "known": 8}),
        "hash": ("has", "hash_collected", {}),
    }
    items = [
        {"item": item, "state": state, "reason": reason, "values": values}
        for item, (state, reason, values) in reasons.items()
    ]
    return {"items": items, "has": 4, "partly": 4, "no": 0}


def exhibit(number: int = 1, wording: str = "Сведкі паведамляюць пра затрыманні ў цэнтры горада.") -> ExhibitFacts:
    capture_id = f"urn:uuid:00000000-0000-4000-8000-{number:012d}"
    return ExhibitFacts(
        number=f"LTP-2026-{number:06d}",
        kind=ExhibitKind.RECORD,
        subject_id=f"{number:064x}",
        title=f"Затрыманні на плошчы {number}",
        wording=(NamedText("title", "Затрыманні на плошчы"), NamedText("text", wording)),
        wording_cut=False,
        reading=(NamedValue("kind", "article"), NamedValue("published_at", "2026-11-20T18:00:00Z")),
        parsers=("news-7",),
        picture=ReportPicture(jpeg(), capture_id, AT),
        observed=ObservedExchange(
            capture_id=capture_id,
            url=f"https://vesnik.example/навіны/плошча?нумар={number}&доўгі=" + "a" * 90,
            captured_at=AT,
            record_type="response",
            status=200,
            media_type="text/html",
            peer_address="192.0.2.7:443",
            first_byte_at="2026-11-20T21:00:00.143456Z",
            ended_at="2026-11-20T21:00:00.153456Z",
            encrypted=True,
            tls=("TLSv1.3", "TLS_AES_256_GCM_SHA384", None),
            outcome="content",
            outcome_reason=None,
            source_id="kanal",
            crawl_id="01JD5PZ4T2V8M6Q3R9S7W1X0YA",
            software="letapis/0.2.0",
        ),
        clock=ClockStatement("time.example", -0.0123, None),
        custody=FileCustody(
            warc_key="warc/2026/11/20/kanal/01JD5PZ4T2V8M6Q3R9S7W1X0YA-00000.warc.gz",
            sha256=DIGEST,
            length_bytes=123456,
            deposited_at=AT + timedelta(minutes=5),
            seq=17,
            locked_until=AT + timedelta(days=365),
            second_store=True,
            copied_at=AT + timedelta(minutes=9),
            imported=False,
            received=False,
            signed=True,
            recovered=False,
            outside_times=(("https://tsa.example/", AT + timedelta(minutes=30)),),
        ),
        check=RecordCheck(agrees=True),
        completeness=completeness_row(),
        block_digest=DIGEST,
        payload_digest=DIGEST,
        media=(DIGEST,),
        beside=(
            CaptureBeside(CaptureRole.CONTEXT, capture_id, "https://vesnik.example/", AT, "content", None),
            CaptureBeside(
                CaptureRole.FAILED,
                capture_id,
                "https://няма.example/",
                AT,
                "unreachable",
                "the connection was refused",
            ),
        ),
    )


def bare_exhibit(number: int) -> ExhibitFacts:
    """Of what the archive knows next to nothing."""
    known = exhibit(number)
    return replace(
        known,
        kind=ExhibitKind.MEDIUM,
        wording=(),
        reading=(),
        picture=None,
        observed=None,
        clock=ClockStatement(None, None, None),
        custody=None,
        check=None,
        completeness=None,
        block_digest=None,
        payload_digest=None,
        media=(),
        beside=(),
    )


def selection(language: str = "en", exhibits: tuple[ExhibitFacts, ...] = ()) -> FrozenSelection:
    return FrozenSelection(
        package_id="01JD5PZ4T2V8M6Q3R9S7W1X0YB",
        frozen_at=datetime(2026, 11, 29, 12, 0, tzinfo=UTC),
        recipient=Recipient("Prosecutor's office", DisclosureLevel.PROSECUTOR, "12/2026", language),
        query={"text": "плошча", "since": "2026-11-01"},
        exhibits=tuple(
            Exhibit(
                each.number,
                each.kind,
                each.subject_id,
                each.title,
                (),
                tuple(SelectedCapture(one.capture_id, one.role) for one in each.beside),
                each.media,
            )
            for each in exhibits
        ),
        left_out=(
            LeftOutItem(ExhibitKind.RECORD, None, WhyLeftOut.SEALED_CASE, "sealed"),
            LeftOutItem(
                ExhibitKind.CAPTURE, "urn:uuid:00000000-0000-4000-8000-00000000dead", WhyLeftOut.MISSING, "no"
            ),
        ),
        checkpoint=Checkpoint("log.example/letapis", 42, bytes(range(32))),
        software=FrozenSoftware("letapis", "0.2.0", None),
    )
