"""What the catalogue holds of a source, so that a crawl of it knows where to stop.

In: a reading connection, a source. Out: `KnownContent`. What has been deposited but not yet read is not known: the
crawl then fetches it once more, which costs a capture and loses nothing.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Connection, cast, func, select

from crawlers.model.job import KnownContent
from crawlers.watchlist.source import Source
from storage.catalogue.tables import readings, sightings, versions
from storage.queries.channel_coverage import coverage_of_source


def known_of(connection: Connection, source: Source, *, now: datetime | None = None) -> KnownContent:
    """The newest post, and every address read so far; ``now`` (aware) is when the crawl begins."""
    begins_at = now or datetime.now(UTC)
    newest_post = (
        select(func.max(cast(versions.c.content["post_id"].astext, BigInteger)))
        .join(sightings, sightings.c.version_id == versions.c.id)
        .where(sightings.c.source_id == source.id, versions.c.kind == "telegram_post")
    )
    addresses = (
        select(sightings.c.content["url"].astext)
        .distinct()
        .join(versions, versions.c.id == sightings.c.version_id)
        .where(sightings.c.source_id == source.id, versions.c.kind == "article")
    )
    # pages that were read and are no article: tags, contacts, days of a calendar
    others = select(readings.c.url).where(
        readings.c.source_id == source.id,
        readings.c.kind == "news",
        readings.c.records == 0,
        readings.c.outcome == "content",
    )
    return KnownContent(
        newest_post_id=connection.execute(newest_post).scalar_one_or_none(),
        reread_since=begins_at - timedelta(days=source.reread_days),
        unseen_posts=unseen_posts(connection, source),
        article_urls=frozenset(filter(None, connection.execute(addresses).scalars())),
        other_urls=frozenset(connection.execute(others).scalars()),
    )


def unseen_posts(connection: Connection, source: Source) -> tuple[tuple[int, int], ...]:
    """Ranges between and below what pages of the channel covered, the newest first."""
    if source.kind != "telegram":
        return ()
    channels = coverage_of_source(connection, source.id)
    newest = max(channels, key=lambda channel: max(each.last_seen_at for each in channel.ranges), default=None)
    gaps = [] if newest is None else [gap for gap in newest.gaps if not gap.visited]
    return tuple((gap.first, gap.last) for gap in reversed(gaps))
