"""Purges as JSON-ready rows: what was ordered, what is gone, what is due and why.

In: the archive, whom the answer is for. Out: rows. Guaranteed: somebody who could not have seen any of the files
is not told of the purge; a shell with the database's account sees all.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.integrity import purge
from storage.integrity.purge import Purge
from storage.integrity.purge_scope import PurgeScope
from storage.integrity.withdrawal import NothingOfThisName
from storage.ledger.disclosures import packages_with
from storage.ledger.withdrawals import WithdrawalAct
from storage.queries.hidden_places import is_known_to, keys_known_to


def propose_purge(
    archive: Archive, name: str, *, actor: Viewer, reason: str, basis: str, second: str
) -> tuple[WithdrawalAct, PurgeScope]:
    """Propose to purge what is withdrawn; raises `storage.integrity.withdrawal.WithdrawalError`."""
    with archive.reader.connect() as connection:
        if not is_known_to(connection, name.strip(), viewer=actor):
            raise NothingOfThisName(name)
    return purge.propose_purge(archive, name, actor=actor.name, reason=reason, basis=basis, second=second)


def purges_of(archive: Archive, *, viewer: Viewer = EVERYONE, now: datetime | None = None) -> list[dict[str, Any]]:
    """Every purge that was ordered, the newest first, as far as the viewer may know of it."""
    return purge_rows(archive, purge.purges(archive), viewer=viewer, now=now)


def purge_rows(
    archive: Archive, found: Sequence[Purge], *, viewer: Viewer = EVERYONE, now: datetime | None = None
) -> list[dict[str, Any]]:
    """These purges with the keys of architecture section 7, the newest first."""
    moment = now or datetime.now(UTC)
    rows = []
    with archive.reader.connect() as connection:
        for each in reversed(found):
            if keys_known_to(connection, (*each.files, *each.waiting), viewer=viewer):
                packages = packages_with(connection, (*each.purged, *each.dependents))
                rows.append(_row(each, packages, moment))
    return rows


def _row(each: Purge, packages: Sequence[tuple[str, str]], now: datetime) -> dict[str, Any]:
    order = each.order
    state = "done" if each.is_done else "overdue" if each.is_overdue(now) else "due"
    return {
        "kind": "purge",
        "custody_seq": order.seq,
        "at": time_text(order.at),
        "actor": order.actor,
        "subject_kind": order.subject.kind,
        "subject_id": order.subject.id,
        "reason": order.reason,
        "basis": order.basis,
        "state": state,
        "captures": list(each.purged),
        "dependents": list(each.dependents),
        "files": list(each.files),
        "waiting": list(each.waiting),
        "old_versions": [
            {
                "store": old.store,
                "key": old.key,
                "object_version": old.version_id,
                "purge": old.purge_seq,
                "removed_at": None if old.removed_at is None else time_text(old.removed_at),
                "allowed_at": None if old.allowed_at is None else time_text(old.allowed_at),
                "why": old.why,
            }
            for old in each.old
        ],
        "problems": list(each.problems),
        "packages": [{"package_id": package_id, "recipient": recipient} for package_id, recipient in packages],
    }
