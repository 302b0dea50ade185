"""What a harvest leaves in custody: what it set out to collect, and what came of it.

In: the settings, the run as Airflow knows it, the plan, the `Summary`. Out: entries of custody, by which pages and
commands can say of every night that was due whether it ran (`storage.ledger.harvests`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pipeline.collect.harvest_summary import Summary
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from storage.archive import Archive
from storage.ledger.harvests import begin_harvest, end_harvest

LONGEST_SENTENCE: Final = 500
"""Characters of a failure that custody keeps; the whole of it stands in the end of its crawl."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the DAG `harvest`. ``due_at`` is None for one by hand; ``by`` who has started that."""

    run_id: str
    due_at: datetime | None
    by: str | None = None


def begin_night(settings: Settings, run: Run, names: Sequence[str], *, whole: bool) -> None:
    """Enter the plan; ``whole``: nobody has asked for single sources."""
    with opened_archive(settings) as archive:
        begin_harvest(
            archive,
            run.run_id,
            actor=run.by or settings.collector,
            due_at=run.due_at,
            sources=names,
            covers_watchlist=whole,
        )


def end_night(settings: Settings, archive: Archive, run: Run, summary: Summary) -> None:
    """Enter what came of it."""
    failures = {name: _short(sentence) for name, sentence in summary.failures.items()}
    end_harvest(
        archive,
        run.run_id,
        actor=settings.collector,
        failures={} if summary.network else failures,
        network=summary.network,
    )


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= LONGEST_SENTENCE else f"{sentence[: LONGEST_SENTENCE - 4]} ..."
