"""Who may see what: every question of `access` passes `visible_to` with the access label of what it asks for.

In: a `Viewer` and the column that holds the label. Out: the condition under which they may see the row. The
label `DEFAULT_LABEL` is visible to every reader; any other, that of a case included, to those to whom it is
granted (`storage.ledger.memberships`), whatever their role. The condition asks the ledger in the same statement as
the rows, so that a removal counts at once (docs/decisions/0035-roles.md). What is withdrawn or quarantined has a
label that is granted to nobody, and our own code does not see it either, except where it keeps the archive whole
(docs/decisions/0041-law.md).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Text, column, or_, select, table, true

DEFAULT_LABEL: Final = "default"
"""The label of whatever a source without one brought."""

STRICTEST_LABEL: Final = "sealed"
"""The label of a file whose own label is sealed in its entry, where no key is here to open that."""

WITHDRAWN: Final = "withdrawn"
"""The label of what two people have withdrawn."""

QUARANTINED: Final = "quarantined"
"""The label of what one person has hidden until two have decided."""

HIDDEN_LABELS: Final = (QUARANTINED, WITHDRAWN)
"""Labels that nobody is granted; no source may have one, and no grant of one counts."""

_MEMBERS: Final = table("members", column("member", Text), column("label", Text), schema="ledger")
"""The view of who is a member now; `storage.ledger.tables` has it whole."""


class Role(IntEnum):
    """What a person may do; each role may do what the ones before it may."""

    READER = 1
    COLLECTOR = 2
    CUSTODIAN = 3
    ADMINISTRATOR = 4


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user as the ledger names them, with their role.

    ``every_label``: our own code, and whoever has a shell with the database's passwords. ``hidden_too``: what is
    withdrawn or quarantined as well; only where rows are derived or checked, never for what somebody reads.
    """

    name: str
    role: Role = Role.READER
    every_label: bool = False
    hidden_too: bool = False

    def may(self, role: Role) -> bool:
        """Whether the viewer may do what this role may."""
        return self.role >= role


EVERYONE: Final = Viewer("letapis", Role.ADMINISTRATOR, every_label=True)
"""Our own code, and commands: it sees every label but those that hide."""

UPKEEP: Final = Viewer("letapis", Role.ADMINISTRATOR, every_label=True, hidden_too=True)
"""Our own code where it derives rows or checks them: it sees what is hidden, too."""


def visible_to(viewer: Viewer, label: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition under which the viewer may see a row with this label."""
    if viewer.hidden_too:
        return true()
    if viewer.every_label:
        return label.not_in(HIDDEN_LABELS)
    return or_(label == DEFAULT_LABEL, label.in_(_granted_to(viewer)))


def labels_of(connection: Connection, viewer: Viewer) -> frozenset[str] | None:
    """Every label whose rows the viewer may see at this moment; None: all that do not hide."""
    if viewer.every_label:
        return None
    return frozenset((DEFAULT_LABEL, *connection.scalars(_granted_to(viewer))))


def _granted_to(viewer: Viewer) -> Select[tuple[str]]:
    return select(_MEMBERS.c.label).where(_MEMBERS.c.member == viewer.name, _MEMBERS.c.label.not_in(HIDDEN_LABELS))
