"""Which nights were due, and what became of each: told from custody, a night without a harvest included."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from storage.archive import Archive
from storage.ledger.custody import entries
from storage.ledger.harvests import DAY, DueNight, begin_harvest, due_nights, end_harvest, newest_due


def newest() -> datetime:
    """When the newest night was due; asked each time, since a run of the tests may last over the hour."""
    return newest_due(datetime.now(UTC))


def begin(archive: Archive, name: str, due_at: datetime | None, *, whole: bool = True) -> None:
    begin_harvest(
        archive, name, actor="collector-1", due_at=due_at, sources=("sud", "kanal"), covers_watchlist=whole
    )


def end(archive: Archive, name: str, *, network: str | None = None, **failures: str) -> None:
    end_harvest(archive, name, actor="collector-1", failures=failures, network=network)


def nights(archive: Archive, *, since: datetime | None, now: datetime | None = None) -> tuple[DueNight, ...]:
    with archive.reader.connect() as connection:
        return due_nights(connection, now=now or datetime.now(UTC), known_since=since, most=7)


def states(found: tuple[DueNight, ...]) -> list[str]:
    return [night.state.value for night in found]


def test_a_night_without_a_harvest_is_named_however_many_there_are(archive: Archive) -> None:
    later = newest() + timedelta(hours=5)
    assert states(nights(archive, since=newest() - 2 * DAY, now=later)) == ["did not run"] * 3
    assert states(nights(archive, since=newest() + timedelta(hours=1), now=later)) == []
    assert nights(archive, since=None, now=later) == (), "nobody knows since when"


def test_what_became_of_a_night_is_told_from_its_harvest(archive: Archive) -> None:
    begin(archive, "scheduled__1", newest() - DAY)
    end(archive, "scheduled__1", sud="https://sud.example/: blocked: status 403")
    begin(archive, "scheduled__2", newest())
    assert states(nights(archive, since=newest() - 2 * DAY))[:2] == ["at work", "sources failed"]
    assert states(nights(archive, since=None, now=newest() + DAY + timedelta(hours=3)))[:2] == [
        "did not run",
        "began and did not end",
    ]
    end(archive, "scheduled__2")
    found = nights(archive, since=newest() - 2 * DAY)
    assert states(found) == ["came through", "sources failed", "did not run"]
    assert found[1].harvest is not None
    assert found[1].harvest.failures == {"sud": "https://sud.example/: blocked: status 403"}


@pytest.mark.parametrize(("whole", "state"), [(True, "came through"), (False, "did not run")])
def test_a_harvest_by_hand_stands_for_the_night_if_it_was_of_all_sources(
    archive: Archive, whole: bool, state: str
) -> None:
    begin(archive, "manual__1", None, whole=whole)
    end(archive, "manual__1")
    asked_at = newest() + timedelta(hours=23, minutes=59)
    assert states(nights(archive, since=newest(), now=asked_at)) == [state]


def test_a_network_that_was_away_is_no_night_that_came_through(archive: Archive) -> None:
    begin(archive, "scheduled__1", newest())
    end(archive, "scheduled__1", network="Our own network is away: no name resolves.")
    assert states(nights(archive, since=newest())) == ["sources failed"]


def test_the_same_is_entered_once_and_a_new_end_counts(archive: Archive) -> None:
    for _ in range(2):
        begin(archive, "scheduled__1", newest())
        end(archive, "scheduled__1", sud="blocked")
    end(archive, "scheduled__1")
    end(archive, "scheduled__1")

    with archive.reader.connect() as connection:
        events = [entry.event for entry in entries(connection, subject_id="scheduled__1")]
        at_all = connection.scalar(text("SELECT count(*) FROM ledger.custody"))
    assert events == ["harvest_started", "harvest_ended", "harvest_ended"]
    assert at_all == 3
    assert states(nights(archive, since=newest())) == ["came through"]


def test_a_night_is_waited_for_before_it_is_missed(archive: Archive) -> None:
    assert states(nights(archive, since=newest(), now=newest() + timedelta(minutes=5))) == ["due now"]
    assert states(nights(archive, since=newest(), now=newest() + timedelta(minutes=16))) == ["did not run"]
