"""The results of a harvest of the demo, on a terminal of 80 columns: a table, each failure, what changed.

In: the archive, and the point in its custody chain before the harvest. Out: text on stdout, or JSON lines of the
kinds ``harvested``, ``failure`` and ``change``. Reads only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from access.rendering.formatting import format_size, format_time_utc
from access.rendering.labels import change_label, field_label, kind_label
from access.views.changes import changes_of
from pipeline.commands.changes import inline_diff
from pipeline.output import emit, harmless, out
from storage.archive import Archive
from storage.queries.nightly_counts import (
    NightlyFailure,
    SourceCounts,
    captures_since,
    counts_json,
    counts_since,
    failures_since,
)

COLUMNS: Final = ("pages", "records", "media", "new", "duplicates", "failures")

SHOWN: Final = 12
"""So many failures, and changes of one source, are shown; the rest are counted. ``--json`` has all of them."""


@dataclass(frozen=True)
class DemoResult:
    """The results of one harvest, in the order of the watch-list; ``changes`` of each source that has any."""

    figures: tuple[SourceCounts, ...]
    failures: tuple[NightlyFailure, ...]
    changes: Mapping[str, Sequence[Mapping[str, Any]]]
    first: bool
    """Whether there was nothing before to compare with."""


def result_since(archive: Archive, after_seq: int, source_ids: Sequence[str]) -> DemoResult:
    """What was deposited after this point in the custody chain
    (`storage.queries.nightly_counts.newest_deposit`) and read.
    """
    place = {source_id: number for number, source_id in enumerate(source_ids)}
    with archive.reader.connect() as connection:
        figures = counts_since(connection, after_seq)
        failures = failures_since(connection, after_seq)
        captured = captures_since(connection, after_seq)
    ordered = sorted(figures, key=lambda row: place.get(row.source_id, len(place)))
    changed = {
        row.source_id: [
            change for change in changes_of(archive, row.source_id) if change["capture_ids"][-1] in captured
        ]
        for row in ordered
    }
    return DemoResult(
        tuple(ordered),
        tuple(sorted(failures, key=lambda each: place.get(each.source_id, len(place)))),
        {source_id: rows for source_id, rows in changed.items() if rows},
        first=after_seq == 0,
    )


def show(result: DemoResult, *, as_json: bool) -> None:
    """Print it."""
    if as_json:
        emit(_rows(result), as_json=True, human=str)
        return
    out.print(_table(result.figures), soft_wrap=False)
    files = sum(row.warc_files for row in result.figures)
    size = format_size(sum(row.warc_bytes for row in result.figures))
    out.print(f"{files} WARC files, {size}. Duplicates are media that other captures have, too.")
    if not sum(row.new for row in result.figures):
        out.print("Nothing is new: every record and every medium was known before.")
    if result.failures:
        out.print("\nFailures", style="bold")
        out.print(_columns(_failure_lines(result.failures)), soft_wrap=False)
    if result.changes:
        out.print("\nChanges since the previous harvest", style="bold")
        out.print(_columns(_change_lines(result.changes)), soft_wrap=False)
        out.print("`letapis changes SOURCE` lists the captures that show each change.")
    elif result.first:
        out.print("\nThis was the first harvest, so there is nothing to compare it with yet.")


def _rows(result: DemoResult) -> Iterable[Mapping[str, Any]]:
    for row in result.figures:
        yield {"kind": "harvested", **counts_json(row)}
    for failure in result.failures:
        yield {"kind": "failure", **asdict(failure)}
    for source_id, rows in result.changes.items():
        for change in rows:
            yield {**change, "source_id": source_id}


def _table(figures: Sequence[SourceCounts]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("source", overflow="fold")
    for name in COLUMNS:
        table.add_column(name, justify="right", overflow="fold", no_wrap=name != "records")
    for row in figures:
        counts = counts_json(row) | {"records": _records(row)}
        table.add_row(row.source_id, *(str(counts[name]) for name in COLUMNS))
    return table


def _records(counts: SourceCounts) -> str:
    """``14 articles``; of several kinds each, in one cell, which has room for any number of them."""
    return ", ".join(f"{count} {name}" for name, count in counts.records.items() if count) or "0"


def _columns(lines: Iterable[tuple[str, str]]) -> Table:
    """Names on the left; sentences on the right, folded there."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, sentence in lines:
        table.add_row(Text(harmless(name)), Text(harmless(sentence)))
    return table


def _failure_lines(failures: Sequence[NightlyFailure]) -> Iterable[tuple[str, str]]:
    for failure in failures[:SHOWN]:
        outcome = failure.outcome.replace("_", " ")
        reason = f": {failure.reason}" if failure.reason else ", and no reason was given"
        yield f"  {failure.source_id}", f"{outcome}{reason}\n{failure.url}"
    if len(failures) > SHOWN:
        yield "", f"and {len(failures) - SHOWN} more"


def _change_lines(changed: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterable[tuple[str, str]]:
    """Known records come first: that one changed matters more than that one was added."""
    for source_id, rows in changed.items():
        yield source_id, ""
        for row in sorted(rows, key=lambda each: each["change"] == "added")[:SHOWN]:
            yield f"  {change_label(row['change'])}", "\n".join(_sentences(row))
        if len(rows) > SHOWN:
            yield "", f"and {len(rows) - SHOWN} more: letapis changes {source_id}"


def _sentences(row: Mapping[str, Any]) -> Iterable[str]:
    yield f"{kind_label(row['record_kind'])}: {row['heading']}"
    for differing in row["differences"]:
        yield f"{field_label(differing['field'])}: {inline_diff(differing['pieces'])}"
    if row["change"] == "missing":
        yield f"last seen {format_time_utc(row['captures'][0]['captured_at'])}"
        yield f"missing since {format_time_utc(row['captures'][-1]['captured_at'])}"
