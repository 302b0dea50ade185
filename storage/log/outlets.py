"""What takes a checkpoint out of the house, and shows it again: one interface for every outlet.

An outlet is given the bytes of a signed checkpoint and gives back its proof: a cosignature, a time token, a
receipt. `storage.log.deliveries` keeps the pending list, stores the proofs and records attempts; an outlet does
neither. Where an outlet needs more than the checkpoint (a witness wants a consistency proof), its maker hands it
the store, over which it opens a `storage.log.tree_reader.LogTree` of the checkpoint's size.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from storage.errors import StorageError

COSIGNATURE: Final = "cosignature"
"""The ending of what a witness gives back, and of nothing else: so a proof is known as a witness's by its key."""


class OutletError(StorageError):
    """The outlet did not take the checkpoint, or gave back something else than a proof; it stays pending."""

    def __init__(self, outlet: str, doing: str, expected: str, found: str) -> None:
        super().__init__(f"Outlet {outlet}: {doing}: expected {expected}, found {found}. It stays pending.")
        self.outlet = outlet
        self.doing = doing
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class OutletProof:
    """What an outlet gave back, and its ending in the store: ``log/proofs/<size>/<outlet>.<ending>``."""

    content: bytes
    ending: str


class Outlet(Protocol):
    """One place outside. ``name`` stands in keys, settings and reports: letters, digits, ``_``, ``-``."""

    @property
    def name(self) -> str:
        """How the pending list and the proofs call it; it never changes."""

    @property
    def witnesses(self) -> bool:
        """Whether its proof says that somebody else holds the checkpoint to be consistent with those before.

        Its proofs are then stored with the ending ``cosignature``, whatever ending they have.
        """

    def deliver(self, checkpoint: bytes) -> OutletProof:
        """Take the checkpoint out (a signed note) and give back the proof of that.

        Taking out the same checkpoint twice must be safe. Raises `OutletError` and `storage.objects.errors`.
        """

    def newest(self) -> bytes | None:
        """The newest checkpoint that the outlet can show now; None where it has none or cannot show one.

        `letapis verify` holds it against the archive. Raises like ``deliver``.
        """
