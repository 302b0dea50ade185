"""Who is a member of which case, and to whom other labels are granted, as JSON-ready rows.

In: the archive. Out: a row per person and label, or the rows by label. Raises
`storage.ledger.memberships.MembershipError` for what cannot be granted; then nothing was written.
"""

from itertools import groupby
from typing import Any

from crawlers.model.iso_time import time_text
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.ledger.memberships import Membership, MembershipChange, add_member, members_now, remove_member


def member_rows(archive: Archive, *, case: str | None = None) -> list[dict[str, Any]]:
    """Everybody to whom a label is granted now, or the members of one case."""
    with archive.reader.connect() as connection:
        found = members_now(connection)
    return [_row(each) for each in found if case is None or each.case_reference == case]


def members_by_label(archive: Archive) -> list[dict[str, Any]]:
    """The same by label: the case's reference or None, the label, its members."""
    rows = member_rows(archive)
    return [
        {"case_reference": reference, "label": label, "members": list(members)}
        for (reference, label), members in groupby(rows, key=lambda row: (row["case_reference"], row["label"]))
    ]


def change_member(
    archive: Archive, member: str, *, add: bool, actor: Viewer, case: str | None, label: str | None
) -> MembershipChange:
    """Grant the label, or that of the case, to the person, or take it away."""
    return (add_member if add else remove_member)(archive, member, actor=actor.name, case=case, label=label)


def _row(membership: Membership) -> dict[str, Any]:
    return {
        "kind": "member",
        "member": membership.member,
        "case_reference": membership.case_reference,
        "label": membership.label,
        "since": time_text(membership.since),
        "added_by": membership.added_by,
    }
