"""What a person says of a file that they bring, checked: from whom, when, from where, under which name it came.

In: `OriginStatement`, as it was written. Out: a `ReceivedStatement`. The wording is kept as it is; what is no
statement is refused. Raises `FileNotReceivedError`.
"""

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import BinaryIO, Final

from processors.digest import Digest
from storage.errors import StorageError
from storage.ledger.received_files import ReceivedStatement

LONGEST: Final[Mapping[str, int]] = {"from_raw": 500, "origin_raw": 2000, "note": 2000, "file_name": 255}
"""Characters of each text of a statement."""
REQUIRED: Final[Mapping[str, str]] = {"from_raw": "from whom it came", "origin_raw": "its origin"}
MEDIA_TYPE: Final = re.compile(r"[a-z0-9][\w.+-]{0,60}/[a-z0-9][\w.+-]{0,60}", re.ASCII)
AHEAD: Final = timedelta(hours=14)
"""How far the earliest time zone is ahead of UTC."""


class FileNotReceivedError(StorageError):
    """The file, or what is stated of it, cannot be taken; the sentence says why."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"{name}: {words}. Nothing of it was kept.")


@dataclass(frozen=True, slots=True)
class BroughtFile:
    """An open file that seeks; ``declared_type`` is what a browser called it, None: its name decides."""

    file: BinaryIO
    name: str
    declared_type: str | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OriginStatement:
    """What the person says, as they wrote it; ``case`` makes it confidential to the members of that case."""

    received_raw: str
    from_raw: str
    origin_raw: str
    note: str | None = None
    case: str | None = None


def statement_of(
    brought: BroughtFile,
    stated: OriginStatement,
    *,
    actor: str,
    sha256: Digest,
    length_bytes: int,
    media_type: str | None,
    access_label: str,
) -> ReceivedStatement:
    """The statement as custody keeps it; ``media_type`` is what the bytes are."""
    name = file_name_of(brought.name)
    return ReceivedStatement(
        actor=actor,
        received_raw=checked_moment(name, stated.received_raw),
        from_raw=_text(name, "from_raw", stated.from_raw),
        origin_raw=_text(name, "origin_raw", stated.origin_raw),
        note=_text(name, "note", stated.note or "") or None,
        file_name=name,
        sha256=sha256,
        length_bytes=length_bytes,
        media_type=media_type,
        declared_type=declared_type(brought.declared_type) or mimetypes.guess_type(name)[0],
        access_label=access_label,
    )


def check_origin_statement(name: str, stated: OriginStatement) -> None:
    """Raise `FileNotReceivedError` where no file could have this statement."""
    checked_moment(name, stated.received_raw)
    for field in ("from_raw", "origin_raw", "note"):
        _text(name, field, getattr(stated, field) or "")


def file_name_of(name: str) -> str:
    """The last part of a path of any system, as text that a database can hold."""
    last = re.split(r"[/\\]", name.encode("utf-8", "replace").decode())[-1].replace("\x00", "").strip()
    return last[-LONGEST["file_name"] :] or "without a name"


def checked_moment(name: str, raw: str) -> str:
    """A day or moment as ISO 8601 has it, as it was written; raises `FileNotReceivedError`."""
    raw = raw.strip()
    try:
        day = date.fromisoformat(raw[:10])
        datetime.fromisoformat(raw)
    except ValueError:
        expected = "a day or time such as 2026-11-23 or 2026-11-23T18:00+03:00"
        raise FileNotReceivedError(
            name, f"when it was received: expected {expected}, found {raw[:40]!r}"
        ) from None
    if day > (datetime.now(UTC) + AHEAD).date():
        raise FileNotReceivedError(name, f"when it was received: expected today or an earlier day, found {raw}")
    return raw


def _text(name: str, field: str, text: str) -> str:
    text = text.strip()
    if field in REQUIRED and not text:
        raise FileNotReceivedError(name, f"expected {REQUIRED[field]} in words, found nothing")
    if len(text) > LONGEST[field]:
        raise FileNotReceivedError(
            name, f"{field.removesuffix('_raw')}: expected at most {LONGEST[field]} characters, found {len(text)}"
        )
    if any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in text):
        raise FileNotReceivedError(name, f"{field.removesuffix('_raw')}: expected text, found a character of none")
    return text


def declared_type(declared: str | None) -> str | None:
    """A media type without its parameters; None for what is no media type."""
    found = (declared or "").partition(";")[0].strip().lower()
    return found if MEDIA_TYPE.fullmatch(found) else None
