"""Commands that make redacted copies of evidence: `redact`, `redactions`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.arguments import archived_name
from pipeline.commands.current_user import current_user
from pipeline.commands.new_file import write_new_file
from pipeline.commands.search import archive_for_command, print_count
from pipeline.output import Exit, JsonOption, emit, fail

if TYPE_CHECKING:
    from processors.redaction.steps import RedactionSteps


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(redact)
    app.command()(redactions)


def redact(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A capture (picture, PDF, video, sound, screenshot) or a record.")
    ],
    steps: Annotated[
        Path,
        typer.Option(
            "--steps",
            metavar="FILE",
            help='What to cover: JSON {"reason": ..., "steps": [...]} (docs/hand-over.md).',
        ),
    ],
    preview: Annotated[
        Path | None, typer.Option("--preview", metavar="FILE", help="Only write the redacted copy to this file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a redacted copy of a capture or record, and keep it under lock beside the original.

    A package then has the copy in place of the original, unless `export --with-original` says otherwise.
    """
    from pipeline.config.settings import load_settings
    from pipeline.handover.redaction.copies import draft_copy, keep_copy, redaction_row
    from storage.access_labels import Role, Viewer

    name = archived_name(name)
    wanted = _read_steps(steps)
    if preview is not None and os.path.lexists(preview):
        raise fail(f"{preview}: this name is taken; give another. Nothing was written.", Exit.WRONG_USE)
    viewer = Viewer(current_user(), Role.CUSTODIAN, every_label=True)
    with archive_for_command() as archive:
        draft = draft_copy(archive, name, wanted, viewer=viewer)
        if preview is not None:
            write_new_file(draft.content, preview)
            row = {
                "kind": "redaction_draft",
                "original_id": draft.original_id,
                "media_type": draft.media_type,
                "length_bytes": len(draft.content),
                "file": str(preview),
            }
            emit([row], as_json=as_json, human=describe_preview)
            return
        kept = keep_copy(archive, draft, wanted, spool_dir=load_settings().spool_dir, actor=viewer.name)
    emit([redaction_row(kept)], as_json=as_json, human=describe_redaction)


def redactions(
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Only copies of this capture or record.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the redacted copies that were made: of what, what is covered, by whom and why."""
    from pipeline.handover.redaction.copies import redaction_row
    from storage.ledger.redactions import redactions as all_redactions

    with archive_for_command() as archive:
        with archive.reader.connect() as connection:
            found = all_redactions(connection, None if name is None else archived_name(name))
        count = emit(map(redaction_row, found), as_json=as_json, human=describe_redaction)
    print_count(count, "redacted copy", "redacted copies")


def _read_steps(path: Path) -> RedactionSteps:
    from processors.redaction.steps import RedactionStepsError, read_steps

    try:
        return read_steps(path.read_bytes())
    except RedactionStepsError as problem:
        raise fail(f"{path}: {problem}", Exit.WRONG_USE) from problem
    except OSError as problem:
        raise fail(f"{path}: {problem.strerror}. Nothing was covered.", Exit.WRONG_USE) from problem


def describe_preview(row: Mapping[str, Any]) -> str:
    """A redacted copy that is not kept, for a terminal."""
    return (
        f"{row['file']}: {row['media_type']}, {row['length_bytes']:,} bytes. Look at it; nothing was kept. "
        "The same command without --preview keeps it."
    )


def describe_redaction(row: Mapping[str, Any]) -> str:
    """A redacted copy that is kept, for a terminal."""
    steps = "; ".join(_step(each) for each in row["steps"])
    actor, reason = row["actor"] or "somebody (sealed)", row["reason"] or "sealed"
    return (
        f"{row['copy_id']} is a redacted copy ({row['media_type']}) of {row['original_kind']} {row['original_id']}"
        f"\n  {row['original_digest']}\n  by {actor}, {row['at']}, custody entry {row['custody_seq']}: {reason}"
        f"\n  covered: {steps}"
    )


def _step(step: Mapping[str, Any]) -> str:
    because = f" ({step['reason']})" if step.get("reason") else ""
    seconds = "" if step.get("from_s") is None and step.get("to_s") is None else _seconds(step)
    match step["cover"]:
        case "region":
            sides = " ".join(f"{name} {step[name]:g}" for name in ("left", "top", "right", "bottom"))
            return f"region on page {step['page']}, {sides}{seconds}{because}"
        case "sound":
            return f"sound{seconds or ', all of it'}{because}"
        case "field":
            return f"field {step['field']}{because}"
    return f"words{because}"


def _seconds(step: Mapping[str, Any]) -> str:
    begins = "the beginning" if step["from_s"] is None else f"{step['from_s']:g} s"
    ends = "the end" if step["to_s"] is None else f"{step['to_s']:g} s"
    return f", from {begins} to {ends}"
