"""The command `export-index`: the captures as Parquet files for data people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.search import archive_for_command
from pipeline.output import Exit, JsonOption, emit, fail


def export_index(
    folder: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="The folder: empty, or of an earlier export.")
    ] = None,
    to_store: Annotated[
        bool, typer.Option("--to-store", help="Store it in the archive's object store, below index/.")
    ] = False,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="Include what has this access label, too; for custodians."),
    ] = None,
    confidential: Annotated[
        bool, typer.Option("--confidential", help="Include everything, whatever its label; for custodians.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the index of captures as Parquet files in Common Crawl's columnar layout, with access labels.

    Only what every reader may see is written. What has another label is written only where it is named, or with
    --confidential, and custody then records who exported it. Each file takes its place at once, and a manifest
    with digests comes last; to export again replaces what has changed.
    """
    from storage.access_labels import DEFAULT_LABEL
    from storage.capture_index.export import FolderTarget, StoreTarget, export_index
    from storage.capture_index.rows import labels_there
    from storage.ledger.custody import append_and_publish

    if (folder is None) != to_store:
        raise fail("Expected --to FOLDER or --to-store, and not both.", Exit.WRONG_USE)
    if label and confidential:
        raise fail("--confidential includes every label: leave --label out.", Exit.WRONG_USE)
    everybodys = frozenset({DEFAULT_LABEL})
    wanted = None if confidential else everybodys.union(label or ())
    with archive_for_command() as archive:
        with archive.reader.connect() as connection:
            unknown = (wanted or frozenset()) - labels_there(connection)
            if unknown:
                raise fail(f"No capture has the label {min(unknown)}. Nothing was written.", Exit.WRONG_USE)
        if wanted != everybodys:
            append_and_publish(
                archive,
                "exported",
                subject_id="capture-index",
                actor=current_user(),
                details={"labels": None if wanted is None else sorted(wanted), "to_store": to_store},
            )
        target = StoreTarget(archive.objects) if folder is None else FolderTarget(folder.resolve())
        with archive.reader.connect() as connection:
            manifest, place = export_index(connection, target, labels=wanted)
    row = {
        "kind": "capture_index",
        "place": place,
        "labels": None if manifest.labels is None else list(manifest.labels),
        "rows": manifest.rows,
        "files": [
            {"path": each.path, "rows": each.rows, "length_bytes": each.length_bytes, "sha256": str(each.sha256)}
            for each in manifest.files
        ],
    }
    emit([row], as_json=as_json, human=describe_index)


def describe_index(row: Mapping[str, Any]) -> str:
    """What was written, in two lines."""
    labels = "every label" if row["labels"] is None else ", ".join(row["labels"])
    size = sum(each["length_bytes"] for each in row["files"])
    return (
        f"{row['place']}: {row['rows']} captures in {len(row['files'])} files, {size / 10**6:.1f} MB (labels: "
        f"{labels})."
    )


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command("export-index")(export_index)
