"""Resolves revisits: which capture holds the payload, and which media occurred in them.

In: captures of type ``revisit``, which hold the head of a response alone. Out: the capture whose record holds the
payload; rows of occurrences. A payload is found whichever of the two files was read first. Source: WARC 1.1,
section 6.7.
"""

from typing import Final

from sqlalchemy import Connection, func, literal_column, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from processors.surt import surt_key
from storage.access_labels import EVERYONE, Viewer
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import SURT_INDEXED, captures, occurrences

HOLDS_PAYLOAD: Final = ("response", "resource")


def payload_capture(connection: Connection, revisit: Capture, *, viewer: Viewer = EVERYONE) -> Capture | None:
    """The capture that holds the payload: itself, or the one a revisit stands for; None where none can be seen.

    By the record a revisit names, with the same payload; else by the payload's digest; else, for files of tools
    that digest otherwise, by address and time, which then are all that the record says.
    """
    if revisit.record_type != "revisit":
        return revisit
    here = captures_joined(viewer).where(captures.c.record_type.in_(HOLDS_PAYLOAD))
    oldest = (captures.c.captured_at, captures.c.id)
    if revisit.payload_digest is not None and revisit.payload_digest.algorithm == "sha256":
        same = here.where(captures.c.payload_digest == str(revisit.payload_digest))
        named = captures.c.record_id == (revisit.refers_to_id or "")
        row = connection.execute(same.order_by(named.desc(), *oldest).limit(1)).first()
        return None if row is None else capture_of(row)
    if revisit.refers_to_url is None or revisit.refers_to_at is None:
        return None
    key = surt_key(revisit.refers_to_url)
    by_address = here.where(
        func.left(captures.c.surt, literal_column(str(SURT_INDEXED))) == key[:SURT_INDEXED],
        captures.c.surt == key,
        captures.c.captured_at == revisit.refers_to_at,
    )
    row = connection.execute(by_address.order_by(*oldest).limit(1)).first()
    return None if row is None else capture_of(row)


def insert_revisit_occurrences(connection: Connection, warc_key: str) -> int:
    """Write which media occurred in revisits of this file, and in revisits elsewhere of what this file holds.

    Called when all else of the file is read, so that every order of files, also two at once, ends alike. Returns
    how many occurrences are new.
    """
    revisit, target = captures.alias("revisit"), captures.alias("target")
    new = 0
    for read_now in (revisit, target):
        found = (
            select(revisit.c.id, occurrences.c.sha256)
            .ext(distinct_on(revisit.c.id))
            .join(target, target.c.payload_digest == revisit.c.payload_digest)
            .join(occurrences, occurrences.c.capture_id == target.c.id)
            .where(
                read_now.c.warc_key == warc_key,
                revisit.c.record_type == "revisit",
                target.c.record_type.in_(HOLDS_PAYLOAD),
            )
            .order_by(revisit.c.id, (target.c.record_id == revisit.c.refers_to_id).desc(), occurrences.c.sha256)
        )
        insertion = insert(occurrences).from_select(["capture_id", "sha256"], found).on_conflict_do_nothing()
        new += connection.execute(insertion).rowcount
    return new
