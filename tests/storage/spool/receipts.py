"""The receipts that WARC files give while a spool writes them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from storage.warc.records import RecordReceipt, WarcRecord
from storage.warc.writer import OpenWarc


@contextmanager
def observed_receipts() -> Iterator[list[RecordReceipt]]:
    """Every receipt of the files that are written in the block, in the order of writing."""
    receipts: list[RecordReceipt] = []
    append = OpenWarc.append

    def observe(warc: OpenWarc, records: Sequence[WarcRecord]) -> list[RecordReceipt]:
        given = append(warc, records)
        receipts.extend(given)
        return given

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OpenWarc, "append", observe)
        yield receipts
