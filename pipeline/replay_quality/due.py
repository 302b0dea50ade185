"""Which captures are to be replayed and compared now: all that were made on demand, and a sample of each night.

In: the archive, the size of the sample, the time. Out: records of pages, on demand first. What has a score by the
present method is not due again, also where that says that nothing could be compared; so a run that was ended is
made up for by the next.
"""

from datetime import datetime, timedelta
from typing import Final

from processors.quality.score import METHOD
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.quality.scores import scores_measured, unscored_page_records

ON_DEMAND: Final = "on-demand"
"""The source of pages that people name one by one (`crawlers.watchlist.source.source_for_urls`)."""

DAY: Final = timedelta(hours=24)
"""What is older was due and could not be measured; `letapis quality` does it by name."""

MOST_ON_DEMAND: Final = 20
"""In one run, so that the sample gets its turn."""

SAMPLE_HOUR_UTC: Final = 6
"""From then on the night counts as over, and its sample is drawn."""


def due_pages(archive: Archive, *, sample: int, now: datetime) -> tuple[Capture, ...]:
    """The pages that are due; ``sample`` is how many captures of a night are measured, 0 for none."""
    sampled_from = now.replace(hour=SAMPLE_HOUR_UTC, minute=0, second=0, microsecond=0)
    with archive.reader.connect() as connection:
        requested = unscored_page_records(
            connection, since=now - DAY, method=METHOD, most=MOST_ON_DEMAND, only_source=ON_DEMAND
        )
        left = 0
        if now >= sampled_from:
            left = sample - scores_measured(connection, since=sampled_from, without_source=ON_DEMAND)
        if left <= 0:
            return requested
        drawn = unscored_page_records(
            connection, since=sampled_from - DAY, method=METHOD, most=left, without_source=ON_DEMAND
        )
    return requested + drawn
