"""What a night came to: a table of all sources, and one sentence for each that did not come through.

In: the batches that were planned and the results that came back (keys and counts, as `HarvestResult.as_json` gives
them). Out: `Summary`. A source without a result is a failure, whatever became of its task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

COLUMNS: Final = ("pages", "exchanges", "captures", "bytes", "truncated", "refused")


@dataclass(frozen=True, slots=True)
class Summary:
    """``rows`` by source in the order of the plan; ``failures`` maps a source to its sentence."""

    rows: Mapping[str, Mapping[str, Any]]
    failures: Mapping[str, str]

    def table(self) -> str:
        """One line per source, for a log."""
        wide = max((len(source) for source in (*self.rows, *self.failures, "source")), default=6)
        lines = [f"{'source':<{wide}}" + "".join(f"{name:>12}" for name in COLUMNS) + "  files"]
        lines += [
            f"{source:<{wide}}" + "".join(f"{row[name]:>12}" for name in COLUMNS) + f"  {len(row['keys'])}"
            for source, row in self.rows.items()
        ]
        return "\n".join((*lines, *(f"{source}: {sentence}" for source, sentence in self.failures.items())))

    def sentence(self) -> str:
        """The failures, for whoever has to act."""
        count = len(self.failures)
        head = f"{count} of {len({*self.rows, *self.failures})} sources did not come through:"
        return "\n".join((head, *(f"{source}: {sentence}" for source, sentence in self.failures.items())))

    def totals(self) -> dict[str, int]:
        """Counts over all sources."""
        sums = {name: sum(int(row[name]) for row in self.rows.values()) for name in COLUMNS}
        files = sum(len(row["keys"]) for row in self.rows.values())
        return {"sources": len(self.rows), "warc_files": files, "failures": len(self.failures), **sums}


def summary_of(batches: Sequence[Sequence[str]], results: Sequence[Sequence[Mapping[str, Any]] | None]) -> Summary:
    """Put plan and results side by side; a task that failed has left no result."""
    planned = [source_id for batch in batches for source_id in batch]
    found = {str(row["source_id"]): row for batch in results if batch is not None for row in batch}
    failures: dict[str, str] = {}
    for source_id in planned:
        if source_id not in found:
            failures[source_id] = "Its task failed; the log of the task says why. What was seen is in the spool."
        elif found[source_id]["problem"]:
            failures[source_id] = str(found[source_id]["problem"])
    return Summary({source_id: found[source_id] for source_id in planned if source_id in found}, failures)
