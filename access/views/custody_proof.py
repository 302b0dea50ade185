"""The proof of a capture's entries of custody: that they are in the log, and no other entry.

In: the archive, the name of a capture or the key of a WARC file. Out: the JSON keys of kind ``custody_proof``
(docs/custody-proof.md); None where the archive has nothing of this name that the viewer may see. Raises
`ProofRefusedError`, `TileMissingError` and the errors of the store.
"""

from collections.abc import Mapping
from typing import Any

from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id
from storage.log.custody_proof import prove_custody
from storage.objects.keys import WARC_PREFIX


def capture_proof(archive: Archive, name: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """The proof of the file that holds a capture (its id), or of a file (its key)."""
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, name, viewer=viewer)
    if capture is None and not name.startswith(WARC_PREFIX):
        return None
    proof = prove_custody(archive, name if capture is None else capture.warc_key).as_json()
    return {"kind": "custody_proof", "capture_id": None if capture is None else capture.id, **proof}


def describe_proof(row: Mapping[str, Any]) -> str:
    """The proof in a few lines, for the command line."""
    names = ", ".join(f"{each['event']} ({each['index'] + 1})" for each in row["entries"])
    by = "a witness has confirmed it" if row["witnessed"] else "no witness has confirmed it"
    return (
        f"{row['warc_key']}: {len(row['entries'])} entries are in the log: {names}.\n"
        f"  The checkpoint over {row['size']} entries covers them; {by}.\n"
        f"  {len(row['tokens'])} trusted timestamps, {len(row['receipts'])} receipts of outlets."
    )
