"""Writes the report of a package into its folder: ``report.pdf`` and ``report.html``, with the same content.

In: the archive, a `FrozenSelection`, the folder of the report, which exists. Out: two files, the same bytes for
the same facts and the same version of this software. Raises `StorageError` of the store, `ReportNotWrittenError`,
and `OSError` of the folder; whoever builds the package writes into a folder without its final name.
"""

from collections.abc import Mapping
from pathlib import Path

from pipeline.handover.redaction.covered_exhibits import CoveredExhibit
from pipeline.handover.report.as_html import report_html
from pipeline.handover.report.as_pdf import report_pdf
from pipeline.handover.report.build import report_document
from pipeline.handover.report.gather import exhibit_facts
from pipeline.handover.report.report_texts import texts_for
from pipeline.handover.selection import FrozenSelection
from processors.digest import Digest
from storage.archive import Archive


def write_report(
    archive: Archive,
    selection: FrozenSelection,
    folder: Path,
    covered: Mapping[str, CoveredExhibit],
    *,
    validation_report: Digest | None = None,
) -> None:
    """Write both files in the recipient's language; ``covered`` has exhibits of which something is, by number."""
    texts = texts_for(selection.recipient.language)
    facts = exhibit_facts(archive, selection, covered)
    document = report_document(selection, facts, texts, validation_report=validation_report)
    (folder / "report.pdf").write_bytes(report_pdf(document))
    (folder / "report.html").write_bytes(report_html(document))
