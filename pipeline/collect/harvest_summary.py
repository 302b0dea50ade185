"""What a night came to: a table of all sources, and one sentence for each that did not come through.

In: the batches that were planned and the results that came back (keys and counts, as `HarvestResult.as_json` gives
them). Out: `Summary`. A source without a result is a failure, whatever became of its task. Where no source of the
night reached any host, that is one sentence about our own network, and none about the sources.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

COLUMNS: Final = ("pages", "exchanges", "captures", "bytes", "truncated", "refused")

AWAY_FROM: Final = 2
"""So many sources have to meet the same: one alone may have a name server that is away."""


@dataclass(frozen=True, slots=True)
class Summary:
    """``rows`` by source in the order of the plan; ``failures`` maps a source to its sentence.

    ``network`` is a sentence about our own network where that is why no source came through, else None.
    """

    rows: Mapping[str, Mapping[str, Any]]
    failures: Mapping[str, str]
    network: str | None = None

    def table(self) -> str:
        """One line per source, for a log."""
        wide = max((len(source) for source in (*self.rows, *self.failures, "source")), default=6)
        lines = [f"{'source':<{wide}}" + "".join(f"{name:>12}" for name in COLUMNS) + "  files"]
        lines += [
            f"{source:<{wide}}" + "".join(f"{row[name]:>12}" for name in COLUMNS) + f"  {len(row['keys'])}"
            for source, row in self.rows.items()
        ]
        return "\n".join((*lines, *self._why()))

    def sentence(self) -> str:
        """The failures, for whoever has to act."""
        count = len(self.failures)
        head = f"{count} of {len({*self.rows, *self.failures})} sources did not come through:"
        return "\n".join((head, *self._why()))

    def totals(self) -> dict[str, int]:
        """Counts over all sources."""
        sums = {name: sum(int(row[name]) for row in self.rows.values()) for name in COLUMNS}
        files = sum(len(row["keys"]) for row in self.rows.values())
        return {"sources": len(self.rows), "warc_files": files, "failures": len(self.failures), **sums}

    def _why(self) -> tuple[str, ...]:
        if self.network is not None:
            return (self.network,)
        alike: dict[str, list[str]] = {}
        for source, sentence in self.failures.items():
            alike.setdefault(sentence, []).append(source)
        return tuple(f"{', '.join(sources)}: {sentence}" for sentence, sources in alike.items())


def summary_of(batches: Sequence[Sequence[str]], results: Sequence[Sequence[Mapping[str, Any]] | None]) -> Summary:
    """Put plan and results side by side; a task that was killed has left no result."""
    planned = [source_id for batch in batches for source_id in batch]
    found = {str(row["source_id"]): row for batch in results if batch is not None for row in batch}
    crawled = {
        source_id: found[source_id] for source_id in planned if source_id in found and _crawled(found[source_id])
    }
    failures: dict[str, str] = {}
    for source_id in planned:
        if source_id not in found:
            failures[source_id] = "Its task ended without a result. What was seen is in the spool, and kept."
        elif found[source_id]["problem"]:
            failures[source_id] = str(found[source_id]["problem"])
    return Summary(crawled, failures, _network(crawled))


def _crawled(row: Mapping[str, Any]) -> bool:
    """An entry with mistakes, and what broke for reasons of ours, has a row without counts."""
    return row.get("crawl_id") is not None


def _network(crawled: Mapping[str, Mapping[str, Any]]) -> str | None:
    """One sentence where every crawl of the night met the same wall before it reached any host."""
    met = [row.get("network") for row in crawled.values()]
    faults = Counter(fault for fault in met if fault)
    if len(met) < AWAY_FROM or None in met or not faults:
        return None
    fault = faults.most_common(1)[0][0]
    return (
        f"Our own network is away: {fault}. No host of any of the {len(met)} sources was reached, so nothing "
        "is known of the sources themselves. Mend the network or its name server, then `letapis harvest`."
    )
