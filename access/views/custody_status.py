"""The custody status of a capture, in sentences and as JSON-ready values: deposit, copies, trusted timestamps.

In: the archive, the name of a capture or the key of a WARC file. Out: a row with `sentences`. They claim what the
custody ledger proves: "preserved" only where every configured store has confirmed the file.
"""

from collections.abc import Iterator
from typing import Any

from access.rendering.formatting import format_time_utc
from access.rendering.stored_sentences import origin_reason
from access.rendering.translations import gettext
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_by_id
from storage.deposit.custody_status import CustodyStatus, custody_status
from storage.deposit.origin import CRAWL, RECEIVED, origin_in_custody
from storage.ledger.received_files import is_received_file


def capture_custody(archive: Archive, name: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """How a capture (its id) or a deposited file (its key) is stored; None where there is none of this name."""
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, name, viewer=viewer)
    key = name if capture is None else capture.warc_key
    row = file_custody(archive, key)
    if row is None or capture is None:
        return row
    about = _about(capture, row["origin"])
    return row | {"capture_id": capture.id, "url": capture.url, "sentences": [about, *row["sentences"]]}


def _about(capture: Capture, origin: str) -> str:
    time = format_time_utc(capture.captured_at)
    if is_received_file(capture.url, capture.id, origin):
        return gettext("Received from a person, sealed at %(time)s: %(url)s", time=time, url=capture.url)
    return gettext("Captured at %(time)s: %(url)s", time=time, url=capture.url)


def file_custody(archive: Archive, key: str) -> dict[str, Any] | None:
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
        "sha256": str(holding.file.sha256),
        "length_bytes": holding.file.length_bytes,
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
            {"authority": each.authority, "since": each.since, "seq": each.entry.seq, "problem": each.problem}
            for each in holding.pending_tokens
        ],
        "sentences": list(_sentences(key, holding)),
    }


def _origin(holding: CustodyStatus) -> dict[str, Any]:
    origin = origin_in_custody(holding.deposited.details)
    return {"origin": origin.kind, "origin_reason": origin.reason, "recovered": origin.recovered}


def _origin_sentences(holding: CustodyStatus) -> Iterator[str]:
    """Whose the bytes are, as far as custody can show it."""
    entry, origin = holding.deposited, origin_in_custody(holding.deposited.details)
    signed = entry.details.get("signature")
    if origin.kind == RECEIVED:
        yield gettext("Received from a person, and brought by %(user)s.", user=entry.actor or gettext("sealed"))
        yield gettext("The archive cannot show that this collector observed anything of it.")
    elif origin.kind != CRAWL:
        yield gettext("Imported by %(user)s at %(time)s.", user=entry.actor, time=format_time_utc(entry.at))
        yield gettext("Times, addresses and content are what the file states.")
        yield gettext("The archive cannot show that this collector observed them.")
        if origin.reason is not None:
            yield origin_reason(origin.reason)
    elif signed is None:
        yield gettext("Deposited as a file of a crawl of this collector.")
        yield gettext("At that time crawls did not sign their files.")
    else:
        seq = signed["collection_started"]
        yield gettext("Signed by the crawl that wrote it, with the key in custody entry %(seq)s.", seq=seq)
        if origin.recovered:
            yield gettext("That crawl ended without a report.")
            yield gettext("The file was recovered from the spool.")


def _copies(holding: CustodyStatus) -> Iterator[dict[str, Any]]:
    second = holding.second_copy
    key, version_id = holding.file.key, holding.file.version_id
    yield {
        "store": "primary",
        "object_version": version_id,
        "confirmed_at": holding.file.named_at,
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
    yield gettext(
        "Stored in the file %(key)s (%(length)s bytes, %(digest)s).",
        key=key,
        length=holding.file.length_bytes,
        digest=holding.file.sha256,
    )
    for purge in holding.file.purges:
        yield gettext(
            "It was written anew at %(time)s without %(count)s of its records, which were purged (custody entry "
            "%(seq)s); before, its digest was %(digest)s.",
            time=format_time_utc(purge.at),
            count=len(purge.details["removed"]),
            seq=purge.seq,
            digest=purge.details["before"]["sha256"],
        )
    yield " ".join(_origin_sentences(holding))
    yield " ".join(
        (
            gettext(
                "Deposited at %(time)s by %(user)s (custody entry %(seq)s).",
                time=format_time_utc(entry.at),
                user=entry.actor,
                seq=entry.seq,
            ),
            gettext(
                "The first store had confirmed it, %(lock)s.", lock=_lock(holding, entry.details["object_version"])
            ),
        )
    )
    if second is None:
        yield gettext("There is no second copy, because no second store is configured.")
    elif second.version_id is None:
        yield gettext("Not yet preserved: the copy to the second store is pending.")
    else:
        yield gettext(
            "Preserved: the second store confirmed its copy at %(time)s. The copy was read back, %(lock)s.",
            time=format_time_utc(second.confirmed_at),
            lock=_lock(holding, second.version_id),
        )
    for token in holding.tokens:
        yield gettext(
            "It existed at %(time)s at the latest, according to %(authority)s "
            "(trusted timestamp of custody entry %(seq)s).",
            time=format_time_utc(token.details["time"]),
            authority=token.details["authority"],
            seq=token.details["seq"],
        )
    for pending in holding.pending_tokens:
        yield gettext(
            "The trusted timestamp of %(authority)s has been pending since %(time)s.",
            authority=pending.authority,
            time=format_time_utc(pending.since),
        )
    if not holding.tokens and not holding.pending_tokens:
        yield gettext("There is no trusted timestamp. No authority has been asked for one since the deposit.")


def _lock(holding: CustodyStatus, version_id: str) -> str:
    """How a copy was locked, as far as custody knows; entries of older versions do not state until when."""
    until = holding.locked_until.get((holding.deposited.subject_id, version_id))
    return (
        gettext("under lock")
        if until is None
        else gettext("under lock until %(time)s", time=format_time_utc(until))
    )
