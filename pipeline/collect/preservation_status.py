"""Says of deposited files whether they are preserved: confirmed by every store that is configured.

In: an archive, deposits. Out: `Preservation`, by the custody entries; the deposit's own answer is the reason
where a copy is lacking.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.archive import Archive
from storage.deposit.custody_status import custody_status
from storage.deposit.deposit import Deposited


@dataclass(frozen=True, slots=True)
class Preservation:
    """``preserved`` is None where there is nothing to preserve; ``reason`` says why it is what it is."""

    preserved: bool | None
    reason: str


def preservation_of(archive: Archive, deposited: Sequence[Deposited]) -> Preservation:
    """Whether every one of the files is preserved."""
    if not deposited:
        return Preservation(None, "nothing was deposited")
    lacking = [missing for each in deposited if (missing := _lacking(archive, each)) is not None]
    if lacking:
        return Preservation(False, "; ".join(lacking))
    if archive.replica is None:
        return Preservation(True, "confirmed by the one store there is, no second store is configured")
    return Preservation(True, "both stores have confirmed it")


def _lacking(archive: Archive, deposited: Deposited) -> str | None:
    """What the file lacks to be preserved; None if nothing."""
    status = custody_status(archive, deposited.key)
    if status is None:
        return f"custody has no entry for {deposited.key}"
    problem = None if deposited.second_copy is None else deposited.second_copy.problem
    if deposited.already and problem is not None and status.preserved:
        return f"the second store had a copy of {deposited.key}, which could not be read back now: {problem}"
    if status.second_copy is None or status.preserved:
        return None
    return f"the copy of {deposited.key} in the second store is pending: {problem or status.second_copy.problem}"
