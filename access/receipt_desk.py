"""What pages need in order to give receipts: whoever mounts them brings a desk that signs.

In: the id of a request or package, a form, a language, whom the answer is for. Out: a `ReceiptFile`. The pages
hold no key; the desk of a running installation is `pipeline.handover.receipts.desk`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from storage.access_labels import Viewer
from storage.archive import Archive


class ReceiptForm(StrEnum):
    """How a receipt is written: to be printed, or signed for programs."""

    PDF = "pdf"
    JSON = "json"


class ReceiptLanguage(StrEnum):
    """The languages of printed receipts, by their tags (ISO 639-1)."""

    BE = "be"
    DE = "de"
    EN = "en"
    LT = "lt"
    PL = "pl"
    RU = "ru"
    UK = "uk"


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """A receipt as a file to keep."""

    name: str
    media_type: str
    content: bytes


class ReceiptDesk(Protocol):
    """Makes receipts. Raises `storage.errors.StorageError`s where the key or the store is not as it should be."""

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
        """The receipt of a request; None where the viewer may know of no such request."""

    def of_package(
        self,
        archive: Archive,
        package_id: str,
        form: ReceiptForm,
        language: ReceiptLanguage | None,
        *,
        viewer: Viewer,
    ) -> ReceiptFile | None:
        """The receipt of a package that was handed over, without a language in the recipient's own; None where the
        viewer may know of no such package.
        """
