"""Command about how things are held: `custody`."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.arguments import held_name
from pipeline.commands.search import asked_archive
from pipeline.output import JsonOption, emit, fail

if TYPE_CHECKING:
    from storage.archive import Archive


def custody(
    name: Annotated[
        str, typer.Argument(metavar="ID|KEY|URL", help="Of a capture, a WARC file, or a page: each capture of it.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Say what is held, since when, in which stores, and how late it can be by outside time."""
    held_name(name)
    with asked_archive() as archive:
        if not emit(_held(archive, name), as_json=as_json, human=in_words):
            raise fail(f"Nothing of {name} is held here. That says nothing about whether it existed.")


def _held(archive: "Archive", name: str) -> Iterator[Mapping[str, Any]]:
    from access.views.captures import captures_of_page
    from access.views.custody_status import held

    names = (row["id"] for row in captures_of_page(archive, name)) if "://" in name else (name,)
    for each in names:
        if (row := held(archive, each)) is not None:
            yield row


def in_words(row: Mapping[str, Any]) -> str:
    """What is held, a sentence a line, the first of them not indented."""
    first, *rest = row["sentences"]
    return "\n".join([first, *(f"  {sentence}" for sentence in rest)])


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(custody)
