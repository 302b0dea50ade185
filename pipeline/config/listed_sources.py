"""The watch-list as it is collected: the sources of the file, and those that people added beside it.

In: `Settings`, which name the file and the database. Out: `Watchlist`, `UsableWatchlist`. Where no database is
known, as on a machine that only fetches, the file is all there is. Raises
`crawlers.watchlist.loader.InvalidWatchlist`, and the errors of a database that does not answer.
"""

from collections.abc import Iterable

from crawlers.watchlist.loader import AddedEntry, UsableWatchlist, Watchlist, read_usable, read_watchlist
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from storage.ledger.added_sources import AddedSource, added_sources


def sources_added(settings: Settings) -> tuple[AddedSource, ...]:
    """Every source that people added, the ended ones, too; none where no database is known."""
    if settings.database_reader_url is None:
        return ()
    with opened_archive(settings) as archive, archive.reader.connect() as connection:
        return added_sources(connection)


def watchlist_now(settings: Settings) -> Watchlist:
    """The sources of the file and the added ones; one mistake in either raises `InvalidWatchlist`."""
    return read_watchlist(
        settings.watchlist,
        egress=settings.egress_names,
        extensions=settings.extension_folder,
        added=entries_of(sources_added(settings)),
    )


def usable_now(settings: Settings, added: Iterable[AddedSource] | None = None) -> UsableWatchlist:
    """What can be used of both; ``added`` where it is known already."""
    return read_usable(
        settings.watchlist,
        egress=settings.egress_names,
        extensions=settings.extension_folder,
        added=entries_of(sources_added(settings) if added is None else added),
    )


def entries_of(added: Iterable[AddedSource]) -> tuple[AddedEntry, ...]:
    """Those that are collected, as the reader of the watch-list takes them."""
    return tuple(
        AddedEntry(each.entry, f"{each.id}, added by {each.added_by}") for each in added if each.is_collected
    )
