"""The command `receipt`: what the archive states, signed, to whoever requested a capture or received a package.

Whoever runs it has the database's account and sees every request; the page of a request gives its receipt to those
alone who may see it.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.commands.new_file import write_new_file
from pipeline.commands.search import archive_for_command
from pipeline.output import Exit, JsonOption, emit, fail
from storage.access_labels import EVERYONE

if TYPE_CHECKING:
    from storage.archive import Archive

SUFFIXES: Final = (".pdf", ".json", ".txt")


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(receipt)


def receipt(
    request: Annotated[
        str | None, typer.Argument(metavar="[REQUEST]", help="The id of a request to archive.")
    ] = None,
    package: Annotated[
        str | None,
        typer.Option(
            metavar="PACKAGE", help="Instead: the id of a package that was handed over, for its recipient."
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            metavar="XX",
            help="Its language: `be`, `de`, `en`, `lt`, `pl`, `ru` or `uk`; else English, or the recipient's.",
        ),
    ] = None,
    without_name: Annotated[
        bool, typer.Option("--without-name", help="Leave out who requested it, to show the receipt around.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write it to a file: `.pdf` or `.txt` in that language, `.json` signed."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Give a receipt for a request or a package: what the archive states of it, digests, custody, what is pending.

    It is signed with the key of packages. An existing file is not overwritten.
    """
    from pipeline.config.settings import load_settings
    from pipeline.handover.package_key import prepare_package_key
    from pipeline.handover.receipts.documents import package_document, request_document
    from pipeline.handover.receipts.signed_receipt import sign_receipt
    from pipeline.handover.report.as_pdf import report_pdf
    from pipeline.handover.report.as_text import report_text
    from pipeline.handover.report.report_texts import languages, texts_for

    if (request is None) == (package is None):
        raise fail(
            "Expected the id of a request, or --package with that of a package, and not both.", Exit.WRONG_USE
        )
    if language is not None and language not in languages():
        raise fail(f"--language: expected one of {', '.join(languages())}, found {language!r}.", Exit.WRONG_USE)
    if to is not None and to.suffix not in SUFFIXES:
        raise fail(f"--to {to}: expected a name that ends in {', '.join(SUFFIXES)}.", Exit.WRONG_USE)
    if to is not None and os.path.lexists(to):
        raise fail(f"{to} exists and was not changed. Name another file.", Exit.WRONG_USE)
    with archive_for_command() as archive:
        key, _ = prepare_package_key(load_settings().package_key_file)
        if package is not None:
            signed = sign_receipt(_of_package(archive, package), key)
        else:
            signed = sign_receipt(_of_request(archive, str(request), with_name=not without_name), key)
    written_in = language or signed.statements.get("recipient", {}).get("language", "en")
    write = request_document if package is None else package_document
    document = write(signed, texts_for(written_in))
    text = report_text(document)
    if to is not None:
        content = {".pdf": lambda: report_pdf(document), ".json": signed.to_json, ".txt": text.encode}[to.suffix]()
        write_new_file(content, to)
    row = {
        "kind": "receipt",
        "receipt": signed.statements,
        "signature": signed.signature,
        "language": document.language,
        "text": text,
        "file": None if to is None else str(to),
    }
    emit([row], as_json=as_json, human=lambda row: row["text"] if to is None else f"Written to {to}.")


def _of_request(archive: "Archive", request: str, *, with_name: bool) -> dict[str, Any]:
    from pipeline.handover.receipts.request_receipt import request_statements

    stated = request_statements(
        archive, request, viewer=EVERYONE, issued_at=datetime.now(UTC), with_name=with_name
    )
    if stated is None:
        raise fail(
            f"Request {request}: expected the id of a request of this archive, found none. Nothing was written."
        )
    return stated


def _of_package(archive: "Archive", package: str) -> dict[str, Any]:
    from pipeline.handover.receipts.package_receipt import package_statements

    stated = package_statements(archive, package, viewer=EVERYONE, issued_at=datetime.now(UTC))
    if stated is None:
        raise fail(
            f"Package {package}: expected one of the register of disclosures, found none. Nothing was written; "
            "`letapis disclosures` lists them."
        )
    return stated
