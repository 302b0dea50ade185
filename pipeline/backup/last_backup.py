"""When this installation was last backed up, and what has changed since: a note in the data folder, no secrets.

In: contents of a backup, things of the installation as they are now. Out: `Difference`s. The note holds digests,
which stand in the same closed folder as the things themselves.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from pipeline.backup.contents import Contents, KeptThing
from pipeline.backup.gathering import LAST_CHECKPOINT

NOTE: Final = "last-backup.json"
MOVES_BY_ITSELF: Final = frozenset({LAST_CHECKPOINT})
"""What changes with the daily work and does no harm when it is older: the log goes on from the newest there is."""


class Change(StrEnum):
    """How a thing differs from what a backup has."""

    CHANGED = "changed"
    ADDED = "added"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was; ``what`` in words."""

    name: str
    what: str
    change: Change


@dataclass(frozen=True, slots=True)
class LastBackup:
    """When it was made (ISO 8601), into which file, and the digest of each thing by its name."""

    made_at: str
    file: str
    digests: Mapping[str, str]


def differences(digests: Mapping[str, str], now: Iterable[KeptThing]) -> tuple[Difference, ...]:
    """What the installation has that is not in a backup with these digests, or is in it as something else."""
    things = {each.name: each for each in now if each.name not in MOVES_BY_ITSELF}
    found = [
        Difference(name, each.what, Change.CHANGED if name in digests else Change.ADDED)
        for name, each in things.items()
        if digests.get(name) != each.sha256
    ]
    gone = digests.keys() - things.keys() - MOVES_BY_ITSELF
    return (*found, *(Difference(name, name, Change.GONE) for name in sorted(gone)))


def digests_of(contents: Contents) -> dict[str, str]:
    """The digest of each thing by its name."""
    return {each.name: each.sha256 for each in contents.manifest.things}


def note_backup(data: Path, made: LastBackup) -> None:
    """Write the note, whole or not at all; raises ``OSError``."""
    path = data / NOTE
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    content = {"made_at": made.made_at, "file": made.file, "digests": dict(made.digests)}
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
    draft.replace(path)


def last_backup(data: Path) -> LastBackup | None:
    """The note; None where none was made here, or it cannot be read."""
    try:
        row = json.loads((data / NOTE).read_text("utf-8"))
        return LastBackup(
            str(row["made_at"]), str(row["file"]), {str(k): str(v) for k, v in row["digests"].items()}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
