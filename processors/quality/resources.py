"""Which of the resources that were recorded with a page a replay has loaded.

In: `Resource`s as the page's own record lists them, and the keys of what the replay was given. Out: a share, 0
to 1, weighted by how much a page without that kind of resource is another page; None where there is nothing to
load. Left out: what was not recorded, what a server refused or sent on elsewhere, and what no replay can ask
for (POST, beacons, WebSockets, event streams).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

WEIGHTS: Final = {
    "document": 4.0,
    "stylesheet": 4.0,
    "script": 2.0,
    "image": 2.0,
    "font": 2.0,
    "media": 2.0,
    "xhr": 1.0,
    "fetch": 1.0,
}
"""By the browser's word for the kind (Playwright's ``resourceType``); frames are documents."""

OTHER_WEIGHT: Final = 0.5

NOT_REPLAYED: Final = frozenset({"ping", "websocket", "eventsource", "preflight", "cspviolationreport", "beacon"})


@dataclass(frozen=True, slots=True)
class Resource:
    """``key`` names its address as `Replayed.loaded` does; ``recorded``: the recorder has it whole, and a replay
    can ask for it."""

    key: str
    method: str
    type: str
    status: int | None
    recorded: bool

    @property
    def counts(self) -> bool:
        """Whether a replay should load it."""
        good = self.status is not None and 200 <= self.status < 300
        return self.recorded and good and self.method == "GET" and self.type not in NOT_REPLAYED


def share_loaded(resources: Sequence[Resource], loaded: Collection[str]) -> float | None:
    """Of the weight of all that count, that of those that were loaded; an address counts once."""
    weights: dict[str, float] = {}
    for each in resources:
        if each.counts:
            weights[each.key] = max(weights.get(each.key, 0.0), WEIGHTS.get(each.type, OTHER_WEIGHT))
    if not weights:
        return None
    return sum(weight for key, weight in weights.items() if key in loaded) / sum(weights.values())
