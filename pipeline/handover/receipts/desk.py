"""The desk of a running installation that makes receipts for the pages.

In: what a page asks for, whom the answer is for. Out: `ReceiptFile`s, signed with the key of packages,
which is never made here: a host without it would sign with one that nobody knows. Raises
`storage.errors.StorageError`s where the key or the store is not as it should be.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from access.receipt_desk import ReceiptFile, ReceiptForm, ReceiptLanguage
from pipeline.config.settings import Settings
from pipeline.handover.package_key import read_package_key
from pipeline.handover.receipts.documents import package_document, request_document
from pipeline.handover.receipts.package_receipt import package_statements
from pipeline.handover.receipts.request_receipt import request_statements
from pipeline.handover.receipts.signed_receipt import SignedReceipt, sign_receipt
from pipeline.handover.report.as_pdf import report_pdf
from pipeline.handover.report.document import ReportDocument
from pipeline.handover.report.report_texts import ReportTexts, texts_for
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.ledger.access_log import log_access


class SigningReceiptDesk:
    """Makes receipts under the rights of the person who looks at the page."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings

    def of_request(
        self,
        archive: Archive,
        request_id: str,
        form: ReceiptForm,
        language: ReceiptLanguage,
        *,
        viewer: Viewer,
        with_name: bool,
    ) -> ReceiptFile | None:
        """As `access.receipt_desk.ReceiptDesk` has it."""
        stated = request_statements(
            archive, request_id, viewer=viewer, issued_at=datetime.now(UTC), with_name=with_name
        )
        if stated is None:
            return None
        shown = [each["capture"]["id"] for each in stated["addresses"] if each["capture"] is not None]
        for subject in (stated["request"]["id"], *shown):
            log_access(archive, actor=viewer.name, action="viewed", subject_id=subject)
        key = read_package_key(self._settings().package_key_file)
        signed = sign_receipt(stated, key)
        return _file(f"receipt-{stated['request']['id']}", signed, request_document, form, language)

    def of_package(
        self,
        archive: Archive,
        package_id: str,
        form: ReceiptForm,
        language: ReceiptLanguage | None,
        *,
        viewer: Viewer,
    ) -> ReceiptFile | None:
        """As `access.receipt_desk.ReceiptDesk` has it."""
        stated = package_statements(archive, package_id, viewer=viewer, issued_at=datetime.now(UTC))
        if stated is None:
            return None
        log_access(archive, actor=viewer.name, action="viewed", subject_id=stated["package"]["id"])
        key = read_package_key(self._settings().package_key_file)
        signed = sign_receipt(stated, key)
        written_in = language or stated["recipient"]["language"]
        return _file(f"receipt-{stated['package']['id']}", signed, package_document, form, written_in)


def _file(
    name: str,
    signed: SignedReceipt,
    document: Callable[[SignedReceipt, ReportTexts], ReportDocument],
    form: ReceiptForm,
    language: str,
) -> ReceiptFile:
    if form is ReceiptForm.JSON:
        return ReceiptFile(f"{name}.json", "application/json", signed.to_json())
    return ReceiptFile(f"{name}.pdf", "application/pdf", report_pdf(document(signed, texts_for(str(language)))))
