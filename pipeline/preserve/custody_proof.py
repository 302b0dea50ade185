"""The proof of a capture's entries, as commands and pages give it.

In: `Settings`, an archive, the name of a capture or the key of a WARC file. Out: the JSON keys of kind
``custody_proof``; None where the archive has nothing of this name. Raises `ProofRefusedError` and what reading the
store raises.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.config.settings import Settings
from pipeline.preserve.outlets import configured_outlets
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id
from storage.log.custody_proof import prove_custody
from storage.objects.keys import WARC_PREFIX


def custody_proof(
    settings: Settings, archive: Archive, name: str, *, viewer: Viewer = EVERYONE
) -> dict[str, Any] | None:
    """The proof of the file that holds a capture."""
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, name, viewer=viewer)
    if capture is None and not name.startswith(WARC_PREFIX):
        return None
    witnesses = [each.name for each in configured_outlets(settings, archive) if each.witnesses]
    key = name if capture is None else capture.warc_key
    proof = prove_custody(archive, key, witnesses=witnesses).as_json()
    return {"kind": "custody_proof", "capture_id": None if capture is None else capture.id, **proof}


def describe_proof(row: Mapping[str, Any]) -> str:
    """The proof in a few lines."""
    names = ", ".join(f"{each['event']} ({each['index'] + 1})" for each in row["entries"])
    by = "a witness has confirmed it" if row["witnessed"] else "no witness has confirmed it"
    return (
        f"{row['warc_key']}: {len(row['entries'])} entries are in the log: {names}.\n"
        f"  The checkpoint over {row['size']} entries covers them; {by}.\n"
        f"  {len(row['tokens'])} trusted timestamps, {len(row['receipts'])} receipts of outlets."
    )
