"""The order of a night: sources of one host spread over it, all others between them."""

from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.watchlist.source import Source
from pipeline.collect.harvest import MOST_TASKS, in_batches
from pipeline.collect.harvest_order import SHARED_FROM, interleave_by_host


def channels(count: int) -> list[Source]:
    return [Source(id=f"tg-{n}", kind="telegram", channel=f"kanal_{n}") for n in range(count)]


def sites(count: int) -> list[Source]:
    return [Source(id=f"site-{n}", kind="news", feeds=(f"https://site-{n}.example/rss",)) for n in range(count)]


def test_a_short_list_stays_in_its_order() -> None:
    listed = [*channels(3), *sites(3)]
    assert interleave_by_host(listed) == tuple(source.id for source in listed)


def test_of_300_channels_and_100_others_every_fourth_is_another() -> None:
    order = interleave_by_host([*channels(300), *sites(100)])
    assert all(sum(name.startswith("site") for name in order[at : at + 8]) in (1, 2, 3) for at in range(0, 400, 8))
    batches = in_batches(order)
    assert (len(batches), max(map(len, batches))) == (200, 2)


@settings(deadline=None)
@given(st.integers(0, 700), st.integers(0, 60))
def test_nothing_is_lost_doubled_or_overtaken_by_its_like(shared: int, alone: int) -> None:
    order = interleave_by_host([*channels(shared), *sites(alone)])
    assert [name for name in order if name.startswith("tg")] == [f"tg-{n}" for n in range(shared)]
    assert [name for name in order if name.startswith("site")] == [f"site-{n}" for n in range(alone)]
    assert len(in_batches(order)) <= MOST_TASKS
    if shared >= SHARED_FROM and alone:
        # after any number of tasks, no more channels have had their turn than their share
        begun = accumulate(name.startswith("tg") for name in order)
        assert all(abs(count - at * shared / (shared + alone)) <= 2 for at, count in enumerate(begun, 1))
