"""The watch-list as it is collected: the sources of the file, and those that people added beside it.

In: `Settings`, which name the file and the database. Out: `Watchlist`, `UsableWatchlist`. Where no database is
known, as on a machine that only fetches, the file is all there is. Raises
`crawlers.watchlist.loader.InvalidWatchlist`, and the errors of a database that does not answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from crawlers.watchlist.loader import AddedEntry, UsableWatchlist, Watchlist, read_usable, read_watchlist
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings, SettingsError
from storage.ledger.added_sources import AddedSource, added_sources
from storage.migrations import OtherSchemaError


@dataclass(frozen=True, slots=True)
class KnownSources:
    """``added``: how many of the sources people added; ``why_unknown``: why those are not known, else None."""

    watchlist: Watchlist
    added: int
    why_unknown: str | None

    def in_words(self) -> str:
        """How many sources there are, for people."""
        declared = len(self.watchlist.sources) - self.added
        words = f"{declared} source" if declared == 1 else f"{declared} sources"
        if self.why_unknown is not None:
            return f"{words}; which ones people added is not known: {self.why_unknown}"
        return f"{words}, and {self.added} that people added" if self.added else words


def sources_added(settings: Settings) -> tuple[AddedSource, ...]:
    """Every source that people added, the ended ones, too; none where no database is known."""
    if settings.database_reader_url is None:
        return ()
    with opened_archive(settings) as archive, archive.reader.connect() as connection:
        return added_sources(connection)


def added_as_known(settings: Settings) -> tuple[tuple[AddedSource, ...], str | None]:
    """The sources that people added; none, and why they are not known, where the database does not answer or has
    the tables of another version.
    """
    try:
        return sources_added(settings), None
    except (SettingsError, SQLAlchemyError, OtherSchemaError) as problem:
        return (), str(problem).splitlines()[0]


def sources_as_known(settings: Settings) -> KnownSources:
    """As `watchlist_now`; the file's alone, and why, where the database does not answer."""
    added, why_unknown = added_as_known(settings)
    watchlist = read_watchlist(
        settings.watchlist,
        egress=settings.egress_names,
        extensions=settings.extension_folder,
        added=entries_of(added),
    )
    counting = sum(each.is_collected and each.id not in watchlist.set_aside for each in added)
    return KnownSources(watchlist, counting, why_unknown)


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
