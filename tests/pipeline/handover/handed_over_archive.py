"""An archive with evidence to hand over, and beside it a case of others that no package may show."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from ulid import ULID

from crawlers.model.capture import Captured, Rendering, RenderingKind
from crawlers.model.exchange import TlsFacts
from crawlers.model.json_form import to_json
from pipeline.crawl.warcinfo import tree_digest
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.handover.selection import (
    CaptureRole,
    DisclosureLevel,
    Exhibit,
    ExhibitKind,
    FrozenSelection,
    FrozenSoftware,
    Recipient,
    SelectedCapture,
)
from pipeline.validation.release_report import keep_report
from pipeline.validation.validation_report import TREE_PROPERTY, ValidationReport, make_validation_report
from processors.digest import sha256
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in, captures_of
from storage.catalogue.tables import sightings
from storage.deposit.deposit import deposit_file
from storage.ledger.crawl_facts import Fact, begin_collection
from storage.log.checkpoints import newest_in_ledger
from storage.log.deliveries import deliver_pending
from storage.log.signing import sign_next_checkpoint
from storage.spool.spool import Spool
from storage.warc.records import DepositedRecord
from tests.access.conftest import picture
from tests.storage.crawled_files import KANAL, NIGHT, exchange, response
from tests.storage.labelled_archive import CASE, OPEN, SECRET, labelled_archive
from tests.storage.log.log_archive import signer_at
from tests.storage.log.test_deliveries import Notebook

PAGE = "https://news.example/article?id=7"
STYLE = "https://news.example/style.css"
PICTURE = "https://news.example/photo.png"
ELSEWHERE = "https://news.example/other-page"
OWN_REASON = "own reason of this request"
OTHERS_REASON = "reason of the others"
OF_OTHERS = (CASE, SECRET, "secret.example", "tajny", OTHERS_REASON, '"ala"', "custodian-of-others")
SOFTWARE = FrozenSoftware("letapis", "0.2.0", None)
FROZEN_AT = datetime(2026, 11, 29, 21, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class HandedOver:
    """The archive, and two exhibits: a page that a browser showed, an article in two versions."""

    archive: Archive
    selection: FrozenSelection
    page: Capture
    repeated: Capture
    article: str


@contextmanager
def handed_over_archive(
    postgres: PostgresServer, template: str, store: ObjectStoreServer, folder: Path, name: str
) -> Iterator[HandedOver]:
    """The archive in a database and a bucket of its own."""
    with labelled_archive(postgres, template, store, folder, name) as labelled:
        archive = labelled.archive
        begin_collection(
            archive,
            crawl_id=str(ULID()),
            source_id="tajny",
            actor="custodian-of-others",
            facts={"reason": Fact(OTHERS_REASON), "case": Fact(CASE)},
        )
        first = browsed(archive, folder / "spool")
        page = next(each for each in first if each.url == PAGE)
        photo = next(each for each in first if each.url == PICTURE)
        repeated = seen_again(archive, folder / "spool", photo)
        sign_next_checkpoint(archive, signer_at(folder / "log.key"), actor="tester")
        delivered = deliver_pending(archive, [Notebook()]).delivered
        with archive.reader.connect() as connection:
            versions = [each.id for each in captures_of(connection, OPEN)]
            (article,) = set(
                connection.scalars(select(sightings.c.record_id).where(sightings.c.capture_id.in_(versions)))
            )
            newest = newest_in_ledger(connection)
        assert newest is not None
        selection = FrozenSelection(
            package_id=str(ULID.from_datetime(FROZEN_AT)),
            frozen_at=FROZEN_AT,
            recipient=Recipient(
                "Prosecutor's Office, Example", DisclosureLevel.PROSECUTOR, "Request 12/2026", "de"
            ),
            query={"ids": [page.id, article]},
            exhibits=(
                exhibit(1, ExhibitKind.CAPTURE, page.id, "=1+1 page", (), {page.id: "subject"}),
                exhibit(2, ExhibitKind.RECORD, article, "Суд", (article,), dict.fromkeys(versions, "subject")),
                exhibit(3, ExhibitKind.CAPTURE, repeated.id, "A photo again", (), {repeated.id: "subject"}),
            ),
            left_out=(),
            checkpoint=newest.checkpoint,
            software=SOFTWARE,
            opened=("clock", "details.facts"),
            tokens=tuple(each.proof_key for each in delivered),
            validation_report=keep_report(archive, sample_report()),
        )
        yield HandedOver(archive, selection, page, repeated, article)


def sample_report() -> ValidationReport:
    """A validation report of a run of one test."""
    stated = f'<property name="{TREE_PROPERTY}" value="{tree_digest()}"/>'
    case = '<testcase classname="tests.storage.warc.test_records" name="test_one"/>'
    run = f"<testsuite><properties>{stated}</properties>{case}</testsuite>".encode()
    return make_validation_report(run, None, at=FROZEN_AT)


def exhibit(
    number: int, kind: ExhibitKind, subject: str, title: str, records: tuple[str, ...], captures: dict[str, str]
) -> Exhibit:
    """An exhibit of the year 2026."""
    selected = tuple(SelectedCapture(each, CaptureRole(role)) for each, role in captures.items())
    return Exhibit(f"LTP-2026-{number:06d}", kind, subject, title, records, selected, ())


def browsed(archive: Archive, spool_dir: Path) -> list[Capture]:
    """A crawl in a browser: a page over TLS, what it asked for, its DOM and a screenshot; and a page besides."""
    tls = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", (b"leaf certificate", b"root certificate"))
    items: list[Captured] = [
        replace(exchange(PAGE, response(b"<img src=photo.png>"), page_id="p1"), tls=tls),
        exchange(STYLE, response(b"p{}", "text/css"), page_id="p1", at=NIGHT + timedelta(seconds=1)),
        exchange(PICTURE, response(picture("PNG", 90), "image/png"), page_id="p1"),
        exchange(ELSEWHERE, response(b"another page of this crawl"), page_id="p2"),
        rendering(RenderingKind.DOM, "text/html", b"<img src=photo.png alt=shown>"),
        rendering(RenderingKind.FULL_PAGE, "image/png", picture("PNG", 30)),
    ]
    return deposited(archive, spool_dir, items)


def rendering(kind: RenderingKind, media_type: str, content: bytes) -> Rendering:
    """What a browser made of the page."""
    return Rendering("p1", PAGE, kind, media_type, content, NIGHT + timedelta(seconds=2), "Chromium 156")


def seen_again(archive: Archive, spool_dir: Path, photo: Capture) -> Capture:
    """A later crawl that found the same picture, and kept only that it was the same."""
    known = DepositedRecord(f"<{photo.record_id}>", photo.url, photo.captured_at)
    again = exchange(PICTURE, response(picture("PNG", 90), "image/png"), at=NIGHT + timedelta(days=3))
    (capture,) = deposited(archive, spool_dir, [again], known=known)
    assert capture.record_type == "revisit"
    return capture


def deposited(
    archive: Archive, spool_dir: Path, items: list[Captured], *, known: DepositedRecord | None = None
) -> list[Capture]:
    """The captures of a crawl whose facts are in custody."""
    crawl_id = str(ULID())
    begin_collection(
        archive,
        crawl_id=crawl_id,
        source_id=KANAL.id,
        actor="collector-1",
        facts={"reason": Fact(OWN_REASON), "case": Fact(None, "none was named")},
    )
    facts = {"software": "letapis/0.2.0", "source": json.dumps(to_json(KANAL), ensure_ascii=False)}
    sealed = sha256(picture("PNG", 90))
    spool = Spool(
        spool_dir,
        crawl_id,
        facts,
        revisits=known is not None,
        known_payloads=lambda digest: known if digest == sealed else None,
    )
    for item in items:
        spool.keep(item)
    (closed,) = spool.close()
    found = deposit_file(archive, closed.path)
    with archive.reader.connect() as connection:
        return list(captures_in(connection, found.key))
