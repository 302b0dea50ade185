"""The command `explain`: a capture in plain words, as a draft for a witness statement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipeline.commands.arguments import archived_name
from pipeline.commands.new_file import write_new_file
from pipeline.commands.search import archive_for_command
from pipeline.output import Exit, JsonOption, emit, fail

if TYPE_CHECKING:
    from pipeline.handover.report.document import ReportDocument

SUFFIXES: Final = (".pdf", ".html", ".txt")


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(explain)


def explain(
    capture: Annotated[str, typer.Argument(metavar="CAPTURE", help="The id of a capture (`urn:uuid:...`).")],
    language: Annotated[
        str, typer.Option(metavar="XX", help="The language: `be`, `de`, `en`, `lt`, `pl`, `ru` or `uk`.")
    ] = "en",
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it to a file: `.pdf`, `.html` or `.txt`.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Explain a capture in two pages of plain words, as a draft for a witness statement.

    It says what was asked for, when and by which software, what came back, how that was kept and checked, and what
    it does not prove. It names no person. An existing file is not overwritten.
    """
    from datetime import UTC, datetime

    from pipeline.handover.report.as_text import report_text
    from pipeline.handover.report.explain import explanation
    from pipeline.handover.report.gather import facts_of_capture
    from pipeline.handover.report.report_texts import languages, texts_for

    capture = archived_name(capture)
    if language not in languages():
        raise fail(f"--language: expected one of {', '.join(languages())}, found {language!r}.", Exit.WRONG_USE)
    if to is not None and to.suffix not in SUFFIXES:
        raise fail(f"--to {to}: expected a name that ends in {', '.join(SUFFIXES)}.", Exit.WRONG_USE)
    if to is not None and to.exists():
        raise fail(f"{to} exists and was not changed. Name another file.", Exit.WRONG_USE)
    with archive_for_command() as archive:
        facts = facts_of_capture(archive, capture)
    if facts is None:
        raise fail(f"The archive has no capture {capture}. Nothing was written.")
    document = explanation(facts, texts_for(language), written_at=datetime.now(UTC))
    text = report_text(document)
    if to is not None:
        _write(document, text, to)
    row = {
        "kind": "explanation",
        "capture_id": facts.subject_id,
        "language": language,
        "text": text,
        "file": None if to is None else str(to),
    }
    emit([row], as_json=as_json, human=lambda told: told["text"] if to is None else f"Written to {to}.")


def _write(document: ReportDocument, text: str, to: Path) -> None:
    """Write the file whole under its name, or not at all."""
    from pipeline.handover.report.as_html import report_html
    from pipeline.handover.report.as_pdf import report_pdf

    if to.suffix == ".pdf":
        content = report_pdf(document)
    else:
        content = report_html(document) if to.suffix == ".html" else text.encode("utf-8")
    write_new_file(content, to)
