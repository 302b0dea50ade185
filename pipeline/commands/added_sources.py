"""The commands `sources add` and `sources end`: what the page Sources does, for the account that runs them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.search import archive_for_command
from pipeline.output import Exit, JsonOption, emit, fail

if TYPE_CHECKING:
    from access.sources_desk import SourcesDesk
    from storage.access_labels import Viewer
    from storage.archive import Archive

Change = Callable[["SourcesDesk", "Archive", "Viewer"], Mapping[str, Any]]
"""What is done at the desk; returns the row of the source."""


def add(
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="A channel (@name or its address), a site, or a page.")
    ],
    kind: Annotated[str, typer.Option(help="The kind of source, where the address does not say it.")] = "",
    name: Annotated[str, typer.Option(help="The id of the source; made from the address if left out.")] = "",
    engine: Annotated[str, typer.Option(help="http, browser, auto or direct.")] = "",
    publisher: Annotated[str, typer.Option(help="Who publishes there.")] = "",
    settings: Annotated[
        str, typer.Option(metavar="YAML", help="Further fields of the watch-list, such as 'reread_days: 3'.")
    ] = "",
    reason: Annotated[str, typer.Option(help="The reason; it is sealed in custody.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Add a source beside the watch-list's file: every night collects it from now on.

    It is an entry of custody, as one that is added on the page Sources, and may say what such a one may.
    """
    from access.sources_desk import SentSource

    sent = SentSource(
        address=address,
        kind=kind,
        name=name,
        engine=engine,
        publisher=publisher,
        settings=settings,
        reason=reason,
    )
    _done(lambda desk, archive, viewer: desk.add(archive, sent, viewer), as_json=as_json)


def end(
    source_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the source.")],
    reason: Annotated[str, typer.Option(help="The reason; it is sealed in custody.")],
    as_json: JsonOption = False,
) -> None:
    """Collect an added source no more; what was captured stays. One of the watch-list's file ends in that file."""
    _done(lambda desk, archive, viewer: desk.end(archive, source_id, reason, viewer), as_json=as_json)


def describe_added(row: Mapping[str, Any]) -> str:
    """One source of the list in a line."""
    why = f": {row['why']}" if row["why"] else ""
    return f"{row['id']} ({row['source_kind']}): {row['state'].replace('_', ' ')}{why}"


def _done(change: Change, *, as_json: bool) -> None:
    from access.sources_desk import SourceRefusedError
    from pipeline.config.settings import load_settings
    from pipeline.sources.sources_desk import AddingDesk
    from storage.access_labels import Role, Viewer

    with archive_for_command() as archive:
        viewer = Viewer(current_user(), Role.CUSTODIAN, every_label=True)
        try:
            row = change(AddingDesk(load_settings), archive, viewer)
        except SourceRefusedError as refused:
            raise fail(str(refused), Exit.WRONG_USE) from refused
    emit([row], as_json=as_json, human=describe_added)
