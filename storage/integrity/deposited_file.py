"""Reads a deposited file once more, as its deposit did: the same records, in the same place of the archive.

In: a store, what custody says of the file, the version of the object. Out: `FileInspection`,
`ArchiveLocation`. What the deposit found to be faulty is faulty still, and is read around in the same way. Raises
`storage.warc.reader.WarcDamageError` and `storage.errors.UnsupportedFileError` where the bytes are other ones.
"""

from storage.access_labels import STRICTEST_LABEL
from storage.deposit.inspection import FileFaults, FileInspection, inspect_stream
from storage.deposit.origin import file_name_of
from storage.deposit.placement import ArchiveLocation
from storage.deposit.record_reader import open_deposited
from storage.ledger.entry import CustodyEntry
from storage.ledger.file_custody import FileInCustody
from storage.objects.reader import StoreReader


def inspect_deposited(objects: StoreReader, custody: FileInCustody, version_id: str) -> FileInspection:
    """Digests and records of a version of the file."""
    entry = custody.deposited
    has_faults = entry.has_detail("faults")
    with open_deposited(objects, entry.subject_id, version_id, seeks=has_faults) as file:
        return inspect_stream(
            file,
            file_name_of(entry),
            faults=FileFaults.NAMED_WITH_CUT if has_faults else FileFaults.REFUSED,
            most_records=custody.records if entry.has_detail("damage") else None,
        )


def location_of(entry: CustodyEntry) -> ArchiveLocation:
    """Where custody says that the file belongs; the strictest access label where the entry's own is not opened."""
    details = entry.details
    return ArchiveLocation(
        key=entry.subject_id,
        origin=details["origin"],
        source_id=details["source_id"],
        crawl_id=details["crawl_id"],
        serial=details["serial"],
        access_label=details.get("access_label", STRICTEST_LABEL),
    )
