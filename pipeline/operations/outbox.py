"""Messages that have not reached everybody: kept as files in the data folder until they have.

In: a title, a body, and which addresses failed, by a digest of the address, since an address may hold a password.
Out: `UnsentMessage`s, the oldest first. The newest `KEPT` are kept: what they say can be had again of the archive.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from storage.private_folder import closed_folder

KEPT: Final = 14


@dataclass(frozen=True, slots=True)
class UnsentMessage:
    """``failed``: by the digest of an address, why the message has not reached it; ``at`` as ISO 8601."""

    at: str
    title: str
    body: str
    failed: Mapping[str, str]


def name_of(address: str) -> str:
    """What stands for an address in a file."""
    return sha256(address.encode()).hexdigest()[:16]


class Outbox:
    """The folder ``messages`` of a data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "messages"

    def unsent(self) -> tuple[UnsentMessage, ...]:
        """Every kept message, the oldest first; a file that is none is left where it is."""
        found = []
        for path in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else ():
            try:
                row = json.loads(path.read_text("utf-8"))
                found.append(UnsentMessage(row["at"], row["title"], row["body"], dict(row["failed"])))
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return tuple(found)

    def keep(self, message: UnsentMessage) -> None:
        """Keep the message, or let it go where it has failed nowhere; raises ``OSError``."""
        path = self._folder / f"{message.at.replace(':', '')}.json"
        if not message.failed:
            path.unlink(missing_ok=True)
            return
        closed_folder(self._folder)
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(asdict(message), ensure_ascii=False, indent=1), "utf-8")
        beside.replace(path)
        for old in sorted(self._folder.glob("*.json"))[:-KEPT]:
            old.unlink(missing_ok=True)

    def keep_only(self, message: UnsentMessage, failed: Mapping[str, str]) -> None:
        """Keep the message for the addresses that it has not reached even now."""
        self.keep(replace(message, failed=dict(failed)))
