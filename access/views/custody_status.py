"""How a capture is held, in plain words and as JSON-ready values: deposit, copies, outside time.

In: the archive, the name of a capture or the key of a WARC file. Out: a row with `sentences`. The words claim what
custody says: "preserved" only where every configured store has confirmed the file.
"""

from collections.abc import Iterator
from typing import Any

from access.rendering.formatting import moment
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id
from storage.deposit.custody_status import CustodyStatus, custody_status
from storage.deposit.origin import CRAWL, origin_told


def held(archive: Archive, name: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """How a capture (its id) or a deposited file (its key) is held; None where there is none of this name."""
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, name, viewer=viewer)
    key = name if capture is None else capture.warc_key
    row = held_file(archive, key)
    if row is None or capture is None:
        return row
    about = f"Captured at {moment(capture.captured_at)}: {capture.url}"
    return row | {"capture_id": capture.id, "url": capture.url, "sentences": [about, *row["sentences"]]}


def held_file(archive: Archive, key: str) -> dict[str, Any] | None:
    """The same of a file alone."""
    holding = custody_status(archive, key)
    if holding is None:
        return None
    entry = holding.deposited
    return {
        "kind": "custody",
        "capture_id": None,
        "url": None,
        "warc_key": key,
        "sha256": str(entry.subject_digest),
        "length_bytes": entry.details["length_bytes"],
        "deposited_at": entry.at,
        "deposited_by": entry.actor,
        "custody_seq": entry.seq,
        **_origin(holding),
        "preserved": holding.preserved,
        "copies": list(_copies(holding)),
        "outside_time": [
            {"authority": token.details["authority"], "time": token.details["time"], "seq": token.details["seq"]}
            for token in holding.tokens
        ],
        "outside_time_owed": [
            {"authority": owed.authority, "since": owed.since, "seq": owed.entry.seq, "problem": owed.problem}
            for owed in holding.pending_tokens
        ],
        "sentences": list(_sentences(key, holding)),
    }


def _origin(holding: CustodyStatus) -> dict[str, Any]:
    told = origin_told(holding.deposited.details)
    return {"origin": told.kind, "origin_reason": told.reason, "recovered": told.recovered}


def _of_origin(holding: CustodyStatus) -> str:
    """Whose the bytes are, as far as custody can show it."""
    entry, told = holding.deposited, origin_told(holding.deposited.details)
    if told.kind != CRAWL:
        why = "" if told.reason is None else f": {told.reason}"
        return (
            f"Imported by {entry.actor} at {moment(entry.at)}. Times, addresses and content are what the file "
            f"states. The archive cannot show that this collector observed them{why}."
        )
    signed = entry.details.get("signature")
    if signed is None:
        return "Deposited as a file of a crawl of this collector. At that time crawls did not sign their files."
    seq = signed["collection_started"]
    said = f"Signed by the crawl that wrote it, with the key in custody entry {seq}."
    if told.recovered:
        return f"{said} That crawl ended without a report. The file was recovered from the spool."
    return said


def _copies(holding: CustodyStatus) -> Iterator[dict[str, Any]]:
    entry, second = holding.deposited, holding.second_copy
    key, version_id = entry.subject_id, entry.details["object_version"]
    yield {
        "store": "primary",
        "object_version": version_id,
        "confirmed_at": entry.at,
        "locked_until": holding.locked_until.get((key, version_id)),
        "problem": None,
    }
    if second is not None:
        yield {
            "store": "replica",
            "object_version": second.version_id,
            "confirmed_at": second.confirmed_at,
            "locked_until": holding.locked_until.get((key, second.version_id or "")),
            "problem": second.problem,
        }


def _sentences(key: str, holding: CustodyStatus) -> Iterator[str]:
    entry, second = holding.deposited, holding.second_copy
    yield f"Stored in the file {key} ({entry.details['length_bytes']} bytes, {entry.subject_digest})."
    yield _of_origin(holding)
    yield (
        f"Deposited at {moment(entry.at)} by {entry.actor} (custody entry {entry.seq}). The first store had "
        f"confirmed it, {_lock(holding, entry.details['object_version'])}."
    )
    if second is None:
        yield "There is no second copy, because no second store is configured."
    elif second.version_id is None:
        yield "Not yet preserved: the copy to the second store is pending."
    else:
        yield (
            f"Preserved: the second store confirmed its copy at {moment(second.confirmed_at)}. The copy was "
            f"read back, {_lock(holding, second.version_id)}."
        )
    for token in holding.tokens:
        at, authority = moment(token.details["time"]), token.details["authority"]
        stamped = f"trusted timestamp of custody entry {token.details['seq']}"
        yield f"It existed at {at} at the latest, according to {authority} ({stamped})."
    for owed in holding.pending_tokens:
        yield f"The trusted timestamp of {owed.authority} has been pending since {moment(owed.since)}."
    if not holding.tokens and not holding.pending_tokens:
        yield "There is no trusted timestamp. No authority has been asked for one since the deposit."


def _lock(holding: CustodyStatus, version_id: str) -> str:
    """How a copy was locked, as far as custody tells; entries of older versions do not say until when."""
    until = holding.locked_until.get((holding.deposited.subject_id, version_id))
    return "under lock" if until is None else f"under lock until {moment(until)}"
