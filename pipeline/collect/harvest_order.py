"""In which order sources are harvested, so that those of one host do not take every slot and wait for each other.

In: sources in the order of the watch-list. Out: their ids. Pure. Hosts that many sources share (a messenger's) are
spread evenly over the night; all other sources fill the places between them, in the order of the watch-list.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from crawlers.watchlist.source import Source
from processors.urls import host_of

SHARED_FROM: Final = 8
"""So many sources make a host a shared one."""


def interleave_by_host(sources: Sequence[Source]) -> tuple[str, ...]:
    """The ids, each group of sources spread evenly over the whole."""
    hosts = [host_of(source.seeds[0]) if source.seeds else "" for source in sources]
    shared = {host for host, count in Counter(hosts).items() if count >= SHARED_FROM}
    groups: dict[str, list[str]] = {}
    for source, host in zip(sources, hosts, strict=True):
        groups.setdefault(host if host in shared else "", []).append(source.id)
    placed = [
        ((number + 0.5) / len(ids), order, source_id)
        for order, ids in enumerate(groups.values())
        for number, source_id in enumerate(ids)
    ]
    return tuple(source_id for _, _, source_id in sorted(placed))
