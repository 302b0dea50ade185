"""The command that brings the search index up to date: `index`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pipeline.commands.search import archive_for_command
from pipeline.output import JsonOption, emit, err

ANOTHER = "another process of this host, which keeps it up to date"


def index(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the index anew from the database, beside the one in use.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the search index of this host up to date, or make it anew. The API server does so by itself."""
    from storage.search_index.folder import IndexBusyError, request_rebuild
    from storage.search_index.state import index_state
    from storage.search_index.writer import Refreshed, WritableIndex

    with archive_for_command() as archive:
        folder = archive.search_folder
        assert folder is not None  # the settings always name one
        written_by = "this command"
        try:
            with WritableIndex(archive.reader, folder) as writable:
                done = writable.make_anew(_progress) if rebuild else writable.refresh(_progress)
        except IndexBusyError:
            done, written_by = Refreshed(), ANOTHER
            if rebuild:
                request_rebuild(folder)
        with archive.reader.connect() as connection:
            state = index_state(connection, folder)
    row = {
        "kind": "index",
        "folder": str(folder),
        "written": done.subjects,
        "made_anew": done.made_anew,
        "documents": state.documents,
        "behind": state.behind,
        "behind_s": round(state.behind_s, 1),
        "problem": state.problem,
        "written_by": written_by,
        "rebuild_requested": rebuild and not done.made_anew,
    }
    emit([row], as_json=as_json, human=_describe)


def _progress(written: int) -> None:
    if written % 10_000 == 0:
        err.print(f"{written} records and pages written", markup=False)


def _describe(row: Mapping[str, Any]) -> str:
    """The index in a line or two."""
    lines = [f"{row['folder']}: {row['documents']} wordings and pages, {row['behind']} changes behind"]
    if row["made_anew"]:
        lines.append(f"It was made anew from {row['written']} records and pages.")
    elif row["rebuild_requested"]:
        lines.append(f"It will be made anew by {row['written_by']}.")
    elif row["written_by"] == ANOTHER:
        lines.append(f"It is written by {row['written_by']}.")
    else:
        lines.append(f"{row['written']} records and pages that had changed were written.")
    if row["problem"]:
        lines.append(f"It cannot be asked now: {row['problem']}.")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(index)
