"""Derives what the catalogue says of some files anew, beside the one in use, and names every difference.

In: an archive and keys of deposited files. Out: `CatalogueCheck`. Who owns the database can move every capture by
a year or write other words into a record; hashes of files and the chain of custody stay right all the same. So the
rows are derived from the files once more, by the way of `letapis rebuild`, and compared. The catalogue in use is
read and never changed. One such check, or one rebuild, runs at a time. Raises `RebuildInterruptedError`, and the
errors of `storage.integrity.rebuilt_catalogue` and of `pipeline.process.run`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from pipeline.process.extensions import ExtensionUse
from pipeline.process.run import READ_WITH, process_pending
from storage.archive import Archive
from storage.catalogue.tables import SCHEMA
from storage.errors import StorageError
from storage.findings import Verified
from storage.integrity.catalogue_comparison import FileComparison, compare_catalogues
from storage.integrity.rebuilt_catalogue import (
    NEXT,
    deposits_of,
    files_of_payloads,
    leave_next_catalogue,
    one_at_a_time,
    open_next_catalogue,
    work_in_next_catalogue,
)
from storage.integrity.restore import restore_file
from storage.ledger.custody import append_and_publish

CHECKED: Final = "catalogue_checked"
SUBJECT: Final = "catalogue"
MADE_FOR: Final = "letapis verify --catalogue"
REBUILDS: Final = "letapis rebuild"
NAMED_AT_MOST: Final = 100

OnProgress = Callable[[str], None]
OnEach = Callable[[Verified], None]


class RebuildInterruptedError(StorageError):
    """What an interrupted rebuild has built stands where the check would derive its rows."""

    def __init__(self) -> None:
        super().__init__(
            "A `letapis rebuild` was interrupted, and what it has built would be lost. Nothing was compared and "
            "nothing was changed; run `letapis rebuild` to its end, then check the catalogue."
        )


@dataclass(frozen=True, slots=True)
class CatalogueCheck:
    """The result, file by file; ``not_comparable`` counts rows that other versions of our software have made."""

    files: tuple[FileComparison, ...]

    @property
    def differing(self) -> int:
        """How many files have rows that differ."""
        return sum(bool(each.differences) for each in self.files)

    @property
    def not_comparable(self) -> int:
        """Rows that could not be compared."""
        return sum(each.not_comparable for each in self.files)

    def as_json(self) -> dict[str, Any]:
        """Counts as JSON-ready values."""
        return {
            "kind": "catalogue_check",
            "files": len(self.files),
            "differing": self.differing,
            "rows_compared": sum(each.compared for each in self.files),
            "rows_not_comparable": self.not_comparable,
        }

    def sentences(self) -> tuple[str, ...]:
        """Every difference as a line."""
        return tuple(
            f"{file.key}: {each.what}: expected {each.expected}, found {each.found}"
            for file in self.files
            for each in file.differences
        )

    def sentence(self) -> str:
        """The result in a line or two."""
        counts = self.as_json()
        words = (
            f"The rows of {counts['files']} files were derived anew: {counts['rows_compared']} were compared, and "
            f"{counts['differing']} files have rows that differ."
        )
        if not counts["rows_not_comparable"]:
            return words
        return (
            f"{words} {counts['rows_not_comparable']} rows are not comparable, since another version of a parser "
            "made them. The DAG `process` reads their files again; check them after that."
        )


def check_catalogue(
    archive: Archive,
    keys: Collection[str] | None = None,
    *,
    actor: str,
    extensions: ExtensionUse | None = None,
    on_each: OnEach = lambda _: None,
    on_progress: OnProgress = lambda _: None,
) -> CatalogueCheck:
    """Check the rows of these files, or of all, and record the check in the chain of custody.

    Raises ``LookupError`` for a key under which nothing was deposited.
    """
    with one_at_a_time(archive):
        if (work_in_next_catalogue(archive) or "").startswith(REBUILDS):
            raise RebuildInterruptedError
        try:
            files = _compared(archive, keys, extensions or ExtensionUse(), on_each, on_progress)
        finally:
            leave_next_catalogue(archive)
    check = CatalogueCheck(files)
    wrong = [each.key for each in files if each.differences]
    details = {name: value for name, value in check.as_json().items() if name != "kind"}
    details |= {"subjects": wrong[:NAMED_AT_MOST]}
    append_and_publish(archive, CHECKED, subject_id=SUBJECT, actor=actor, details=details)
    return check


def _compared(
    archive: Archive,
    keys: Collection[str] | None,
    extensions: ExtensionUse,
    on_each: OnEach,
    on_progress: OnProgress,
) -> tuple[FileComparison, ...]:
    there, _ = open_next_catalogue(archive, MADE_FOR)
    deposits = deposits_of(archive, keys)
    unknown = set(keys or ()) - {entry.subject_id for entry in deposits}
    if unknown:
        raise LookupError(
            f"{', '.join(sorted(unknown))}: expected keys of deposited files, found none of that name."
        )
    wanted = [entry.subject_id for entry in deposits]
    besides = deposits_of(archive, files_of_payloads(archive, wanted) - set(wanted))
    needed = sorted((*deposits, *besides), key=lambda entry: entry.seq)
    for number, entry in enumerate(needed, start=1):
        restore_file(there, entry)
        on_progress(f"{entry.subject_id}: indexed, {number} of {len(needed)}")
    process_pending(there, extensions=extensions, on_progress=on_progress)
    found = []
    with archive.writer.connect() as connection:
        for comparison in compare_catalogues(connection, SCHEMA, NEXT, wanted, read_with=READ_WITH):
            found.append(comparison)
            remarks = (
                (f"{comparison.not_comparable} rows are not comparable: other versions made them",)
                if comparison.not_comparable
                else ()
            )
            on_each(Verified(comparison.key, comparison.differences, remarks))
    return tuple(found)
